//! The promise, tried on random histories: whatever a manifest becomes and wherever a run dies, nobody who may have been
//! invited is invited again, no row is without a state, and in the end everybody has the wording that is wanted.
//!
//! The oracle is a model of what each recipient sees; it knows what no sender can know, such as whether a request whose
//! answer was lost had been processed.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use super::testing::{
    Manifest, accepted, at, body, instance, intend, not_sent, rejected, row_on, settle, skipped, spool,
};
use super::testing::{results, unknown, work};
use super::{Cursor, Ledger, Narrow, Verdict, Work};
use crate::message::{AttemptKind, Expanded, SkipReason, State};
use crate::outcome::Outcome;
use crate::plan::Rules;

const RECIPIENTS: u32 = 5;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    /// The manifest changes and is applied: who is listed and suppressed, which wording, what is allowed.
    Apply { listed: u32, suppressed: u32, hour: u32, canceled: bool, rules: u32, instances: u32, order: u64 },
    /// The n-th waiting message is attempted; the answer comes at once, or later.
    Attempt { which: usize, answer: Answer },
    /// The run dies with whatever is under way. Of each request nobody knows; `processed` says what was so.
    Crash { processed: u32 },
    /// A person decides about the n-th unknown message, knowing what is so.
    Resolve { which: usize },
    /// The n-th recipient's invitation or edit is taken back from the queue; or nobody knows whether it was.
    Recall { which: u32, answer: RecallAnswer },
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Accepted,
    Rejected,
    NotSent,
    Unknown { processed: bool },
    Never,
}

#[derive(Debug, Clone, Copy)]
enum RecallAnswer {
    Back,
    Lost { taken: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let answer = prop_oneof![
        4 => Just(Answer::Accepted),
        1 => Just(Answer::Rejected),
        1 => Just(Answer::NotSent),
        2 => any::<bool>().prop_map(|processed| Answer::Unknown { processed }),
        2 => Just(Answer::Never),
    ];
    let recall_answer =
        prop_oneof![Just(RecallAnswer::Back), any::<bool>().prop_map(|taken| RecallAnswer::Lost { taken }),];
    let all = 1_u32 << RECIPIENTS;
    let apply = (0..all, 0..all, 18..21_u32, prop::bool::weighted(0.2), 0..8_u32, 0..6_u32, any::<u64>());
    prop_oneof![
        3 => apply.prop_map(|(listed, suppressed, hour, canceled, rules, instances, order)| {
            // Most are listed, few suppressed.
            let (listed, suppressed) = (listed | suppressed, suppressed & (suppressed >> 1));
            Step::Apply { listed, suppressed, hour, canceled, rules, instances, order }
        }),
        6 => (0..8_usize, answer).prop_map(|(which, answer)| Step::Attempt { which, answer }),
        1 => any::<u32>().prop_map(|processed| Step::Crash { processed }),
        1 => (0..4_usize).prop_map(|which| Step::Resolve { which }),
        1 => (0..RECIPIENTS, recall_answer).prop_map(|(which, answer)| Step::Recall { which, answer }),
    ]
}

/// What one recipient sees.
#[derive(Debug, Clone, Default)]
struct Seen {
    invitations: u32,
    wording: Option<String>,
    /// What was there before the last edit, for a recall.
    before: Option<String>,
    /// Z-API's id of what was accepted last.
    zaap_id: Option<String>,
    ever_listed: bool,
}

struct World {
    ledger: Ledger,
    seen: BTreeMap<String, Seen>,
    under_way: Vec<(Work, i64)>,
}

fn name(number: u32) -> String {
    format!("{number}-group")
}

impl World {
    fn new() -> Self {
        let seen = (0..RECIPIENTS).map(|number| (name(number), Seen::default())).collect();
        Self { ledger: Ledger::in_memory("c").unwrap(), seen, under_way: Vec::new() }
    }

    fn process(&mut self, work: &Work) {
        let seen = self.seen.get_mut(work.address.as_str()).unwrap();
        match work.kind {
            AttemptKind::Create => {
                seen.invitations += 1;
                assert_eq!(seen.invitations, 1, "{} is invited twice", work.address);
            }
            AttemptKind::Edit => assert_eq!(seen.invitations, 1, "{} has nothing to edit", work.address),
        }
        seen.before = seen.wording.replace(work.event.clone());
    }

    fn crash(&mut self, processed: u32) {
        for (index, (work, _)) in std::mem::take(&mut self.under_way).into_iter().enumerate() {
            if processed >> (index % 32) & 1 == 1 {
                self.process(&work);
            }
        }
        self.ledger.recover().unwrap();
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Apply { listed, suppressed, hour, canceled, rules, instances, order } => {
                // An apply is a new process: what was under way is lost to it.
                self.crash(u32::MAX);
                let manifest = manifest(*rules, *instances);
                let event = body("Launch", *hour).replace("false", if *canceled { "true" } else { "false" });
                self.apply(&manifest, (*listed, *suppressed), &event, *order);
            }
            Step::Attempt { which, answer } => self.attempt(*which, *answer),
            Step::Crash { processed } => self.crash(*processed),
            Step::Resolve { which } => self.resolve(*which),
            Step::Recall { which, answer } => self.recall(*which, *answer),
        }
    }

    fn apply(&mut self, manifest: &Manifest, (listed, suppressed): (u32, u32), event: &str, order: u64) {
        let mut numbers: Vec<u32> = (0..RECIPIENTS).filter(|number| listed >> number & 1 == 1).collect();
        fastrand::Rng::with_seed(order).shuffle(&mut numbers);
        let places = manifest.instances.len();
        let rows = numbers.iter().map(|number| -> Expanded {
            self.seen.get_mut(&name(*number)).unwrap().ever_listed |= suppressed >> number & 1 == 0;
            match suppressed >> number & 1 {
                1 => skipped(&name(*number), SkipReason::Suppressed),
                _ => row_on(&name(*number), event, number + 2, *number as usize % places),
            }
        });
        let rows = spool(rows.collect::<Vec<_>>());
        // Written off by a person's word; here the person is right, or the promise would be theirs to keep.
        let resend = manifest.rules.resend_unknown && self.unknown().iter().all(|seen| seen.invitations == 0);
        let mut manifest = Manifest { instances: manifest.instances.clone(), ..Manifest::default() };
        manifest.rules = Rules { resend_unknown: resend, ..manifest.rules };
        manifest.reconcile(&mut self.ledger, &rows);
    }

    fn unknown(&self) -> Vec<Seen> {
        results(&self.ledger, |row| (row.status == State::Unknown).then(|| self.seen[row.recipient].clone()))
            .into_iter()
            .flatten()
            .collect()
    }

    fn attempt(&mut self, which: usize, answer: Answer) {
        let waiting = work(&self.ledger);
        let Some(work) = waiting.get(which % waiting.len().max(1)).cloned() else { return };
        let attempt = intend(&mut self.ledger, &work);
        let outcome: Outcome = match answer {
            Answer::Never => {
                self.under_way.push((work, attempt));
                return;
            }
            Answer::Accepted => {
                self.process(&work);
                self.seen.get_mut(work.address.as_str()).unwrap().zaap_id = Some(format!("Z{attempt}"));
                accepted(attempt)
            }
            Answer::Rejected => rejected(),
            Answer::NotSent => not_sent(),
            Answer::Unknown { processed } => {
                if processed {
                    self.process(&work);
                }
                unknown()
            }
        };
        settle(&mut self.ledger, &work, attempt, outcome);
    }

    fn resolve(&mut self, which: usize) {
        self.crash(0);
        let all: Vec<_> =
            (0..RECIPIENTS).flat_map(|number| self.ledger.find_unknown(&name(number), None, None).unwrap()).collect();
        let Some(found) = all.get(which % all.len().max(1)) else { return };
        let verdict = match self.seen[found.row.address.as_str()].invitations {
            0 => Verdict::NotArrived,
            _ => Verdict::Arrived { message_id: Some("seen".to_owned()) },
        };
        self.ledger.resolve(found.message, &verdict, at(1)).unwrap();
    }

    fn recall(&mut self, which: u32, answer: RecallAnswer) {
        self.crash(0);
        let Some(id) = self.seen[&name(which)].zaap_id.clone() else { return };
        let queued = self.ledger.queued(&HashSet::from([id])).unwrap();
        let Some(queued) = queued.first() else { return };
        match answer {
            RecallAnswer::Back => self.ledger.recall(queued, at(1)).unwrap(),
            RecallAnswer::Lost { .. } => self.ledger.doubt(queued, "lost", at(1)).unwrap(),
        }
        let seen = self.seen.get_mut(&name(which)).unwrap();
        if let RecallAnswer::Lost { taken: false } = answer {
            return;
        }
        seen.zaap_id = None;
        match queued.kind {
            AttemptKind::Create => *seen = Seen { ever_listed: seen.ever_listed, ..Seen::default() },
            AttemptKind::Edit => seen.wording = seen.before.clone(),
        }
    }

    /// Every recipient that was ever wanted has one row, and the counts add up.
    fn check(&self) {
        let rows = results(&self.ledger, |row| row.recipient.to_owned());
        let unique: HashSet<&String> = rows.iter().collect();
        assert_eq!(unique.len(), rows.len(), "{rows:?}");
        for (recipient, seen) in &self.seen {
            assert!(!seen.ever_listed || unique.contains(recipient), "{recipient} is lost");
        }
        let counts = self.ledger.counts(&Narrow::default()).unwrap();
        assert_eq!(counts.total(), rows.len() as u64);
    }

    /// All is well at last: one more apply with everybody listed, and everybody has what is wanted.
    fn converge(&mut self) {
        self.crash(0);
        while !self.unknown().is_empty() {
            self.resolve(0);
        }
        let event = body("Launch", 22);
        let mut manifest = Manifest::default();
        manifest.instances.push(instance("third", "f-other"));
        self.apply(&manifest, ((1 << RECIPIENTS) - 1, 0), &event, 0);
        while !work(&self.ledger).is_empty() {
            self.attempt(0, Answer::Accepted);
        }
        for (recipient, seen) in &self.seen {
            assert_eq!((seen.invitations, seen.wording.as_ref()), (1, Some(&event)), "{recipient}");
        }
        let counts = self.ledger.counts(&Narrow::default()).unwrap();
        assert_eq!((counts.accepted, counts.total()), (u64::from(RECIPIENTS), u64::from(RECIPIENTS)));
        let mut cursor = Cursor::default();
        assert!(self.ledger.work("main", &mut cursor, 10, &Narrow::default()).unwrap().is_empty());
    }
}

fn manifest(rules: u32, instances: u32) -> Manifest {
    let mut manifest = Manifest {
        rules: Rules { allow_rewrite: rules & 1 == 1, cancel_left: rules & 2 == 2, resend_unknown: rules & 4 == 4 },
        ..Manifest::default()
    };
    match instances {
        0 => manifest.instances.reverse(),
        1 => manifest.instances.truncate(1),
        2 => manifest.instances[1] = instance("second", "f-other"),
        _ => {}
    }
    manifest
}

/// Few in an ordinary test run; `PROPTEST_CASES=10000` asks for more.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn no_history_invites_twice_or_loses_anybody(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
            world.check();
        }
        world.converge();
        world.check();
    }
}
