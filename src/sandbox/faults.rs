//! Which fault hits a request: decided by the rules, the seed and the request's number alone, so that a run can be had
//! again.

use super::options::{Fault, FaultRule, When};

/// A send or an edit, as the rules see it.
pub(super) struct Request<'a> {
    /// From 1, counted over all instances.
    pub(super) number: u64,
    pub(super) instance: &'a str,
    pub(super) phone: &'a str,
}

/// The first rule that applies.
pub(super) fn choose<'a>(rules: &'a [FaultRule], seed: u64, request: &Request<'_>) -> Option<&'a FaultRule> {
    // One draw for all shares, laid end to end: 2 % and 1 % hit 3 % of the requests, never fewer.
    let mut rest = fastrand::Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ request.number).f64();
    rules.iter().find(|rule| match &rule.when {
        When::Share(share) => {
            let hits = rest < *share;
            rest -= share;
            hits
        }
        When::Recipient(phone) => phone == request.phone,
        When::Requests(first, last) => (*first..=*last).contains(&request.number),
        When::Instance(id) => id == request.instance,
    })
}

/// What the service says with this status when the fault has no words of its own.
pub(super) fn words(status: u16) -> &'static str {
    match status {
        400 => "Bad request",
        401 => "Unauthorized",
        403 => "Client-Token not allowed",
        404 => "Instance not found",
        413 => "Payload too large",
        429 => "Too many requests",
        500..=599 => "Internal server error",
        _ => "Refused by the sandbox",
    }
}

/// The status that a fault is answered with; `None` where nothing is answered.
pub(super) fn status(fault: &Fault) -> Option<u16> {
    match fault {
        Fault::Status(status) | Fault::Says { status, .. } => Some(*status),
        Fault::Hang => None,
        Fault::ErrorIn200 | Fault::Garbage => Some(200),
        Fault::Redirect => Some(307),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(when: When, status: u16) -> FaultRule {
        FaultRule { when, fault: Fault::Status(status), is_processed: false }
    }

    fn chosen(rules: &[FaultRule], seed: u64, number: u64) -> Option<u16> {
        let request = Request { number, instance: "i", phone: "5511999998888" };
        choose(rules, seed, &request).and_then(|rule| status(&rule.fault))
    }

    #[test]
    fn shares_add_up_and_repeat_with_the_seed() {
        let rules = [rule(When::Share(0.02), 500), rule(When::Share(0.01), 429)];
        let run = |seed| (1..=20_000).map(|number| chosen(&rules, seed, number)).collect::<Vec<_>>();
        let count = |run: &[Option<u16>], status| run.iter().filter(|found| **found == Some(status)).count();
        let first = run(1);
        assert_eq!(first, run(1));
        assert_ne!(first, run(2));
        assert!((300..500).contains(&count(&first, 500)), "{}", count(&first, 500));
        assert!((130..270).contains(&count(&first, 429)), "{}", count(&first, 429));
        let always = [rule(When::Share(1.0), 400)];
        assert!((1..1000).all(|number| chosen(&always, 3, number) == Some(400)));
    }

    #[test]
    fn the_first_rule_that_applies_wins() {
        let rules = [
            rule(When::Requests(2, 3), 500),
            rule(When::Recipient("5511999998888".into()), 400),
            rule(When::Instance("i".into()), 401),
        ];
        assert_eq!(chosen(&rules, 1, 2), Some(500));
        assert_eq!(chosen(&rules, 1, 4), Some(400));
        assert_eq!(chosen(&rules[2..], 1, 4), Some(401));
        assert_eq!(chosen(&rules[..1], 1, 4), None);
    }
}
