//! Choices that must come out alike every time, on every machine: which instance sends, which wording is used.

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Rendezvous hash: of `via` (indices into `names`) the one with the highest hash for this identity. Taking an
/// instance away moves only what it had; the names are hashed because a dry run may not know the ids.
///
/// `via` must not be empty.
pub(super) fn instance(identity: &str, via: &[usize], names: &[&str]) -> usize {
    match via {
        [only] => *only,
        _ => *via.iter().max_by_key(|index| score(names[**index], identity)).expect("a send has an instance"),
    }
}

/// Which of `count` wordings a recipient gets, from 0: a stable hash of the message's key.
pub(super) fn variant(campaign: &str, event: &str, identity: &str, count: usize) -> usize {
    let mut hasher = Xxh3::new();
    for part in [campaign, event, identity] {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    let count = u64::try_from(count).expect("a list of wordings fits memory");
    usize::try_from(hasher.digest() % count).expect("less than the count")
}

fn score(name: &str, identity: &str) -> u64 {
    let mut hasher = Xxh3::with_seed(xxh3_64(name.as_bytes()));
    hasher.update(identity.as_bytes());
    hasher.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identities() -> impl Iterator<Item = String> {
        (0..3000).map(|number| format!("5511{:09}", number * 7919))
    }

    #[test]
    fn every_instance_gets_its_share_and_losing_one_moves_only_what_it_had() {
        let names = ["main", "second", "third"];
        let mut counts = [0; 3];
        for identity in identities() {
            let chosen = instance(&identity, &[0, 1, 2], &names);
            counts[chosen] += 1;
            if chosen != 2 {
                assert_eq!(instance(&identity, &[0, 1], &names), chosen);
            }
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn choices_never_change_from_one_version_to_the_next() {
        assert_eq!(instance("5511999998888", &[0, 1], &["main", "second"]), 1);
        assert_eq!(variant("spring", "launch", "5511999998888", 3), 0);
    }
}
