//! A small campaign for the tests of this folder: rows, an instance or two, and what comes of attempts.

use std::ops::ControlFlow;

use jiff::Timestamp;

use super::{
    Batch, Cursor, InstanceRef, Intent, Ledger, Narrow, Plan, PlanContext, ResultRow, Settlement, Spool, Work,
};
use crate::instance::Fingerprint;
use crate::message::{AttemptKind, Expanded, Message, MessageKey, RowSource, SkipReason, SkippedRow, State};
use crate::outcome::{NotSent, Outcome, Unknown};
use crate::plan::Rules;
use crate::recipient::{Address, Identity};

/// The JSON of an event.
pub(super) fn body(name: &str, hour: u32) -> String {
    format!(r#"{{"name":"{name}","dateTime":"2026-12-04T{hour:02}:00:00.000Z","canceled":false}}"#)
}

pub(super) fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_796_000_000_000 + ms).unwrap()
}

/// A row of `lists/vip.csv` for the event `launch`, through the first instance.
pub(super) fn row(identity: &str, event: &str) -> Expanded {
    row_on(identity, event, 2, 0)
}

pub(super) fn row_on(identity: &str, event: &str, line: u32, instance: usize) -> Expanded {
    Expanded::Message(Message {
        key: MessageKey { event: "launch".into(), identity: Identity::new(identity) },
        address: Address::new(identity),
        label: format!("label {identity}"),
        source: RowSource { file: "lists/vip.csv".into(), line },
        list: "vip".into(),
        instance,
        event: event.to_owned(),
        variant: None,
        columns: vec!["Ana".to_owned()],
    })
}

pub(super) fn skipped(identity: &str, reason: SkipReason) -> Expanded {
    Expanded::Skipped(SkippedRow {
        event: "launch".into(),
        identity: Some(Identity::new(identity)),
        recipient: identity.to_owned(),
        label: identity.to_owned(),
        source: RowSource { file: "lists/vip.csv".into(), line: 9 },
        list: "vip".into(),
        reason,
        columns: Vec::new(),
    })
}

pub(super) fn spool(rows: impl IntoIterator<Item = Expanded>) -> Spool {
    let mut spool = Spool::new();
    for row in rows {
        spool.push(&row).unwrap();
    }
    spool
}

/// What the manifest says beside its rows.
pub(super) struct Manifest {
    pub(super) instances: Vec<InstanceRef>,
    pub(super) rules: Rules,
    pub(super) narrow: Narrow,
    pub(super) suppressed: Vec<&'static str>,
    pub(super) now: Timestamp,
}

impl Default for Manifest {
    fn default() -> Self {
        let instances = vec![instance("main", "f-main"), instance("second", "f-second")];
        let (rules, narrow) = (Rules::default(), Narrow::default());
        Self { instances, rules, narrow, suppressed: Vec::new(), now: at(0) }
    }
}

pub(super) fn instance(name: &str, fingerprint: &str) -> InstanceRef {
    InstanceRef { name: name.into(), fingerprint: Some(Fingerprint::from_hex(fingerprint)) }
}

impl Manifest {
    fn with<T>(&self, work: impl FnOnce(&PlanContext<'_>) -> T) -> T {
        work(&PlanContext {
            instances: &self.instances,
            rules: self.rules,
            narrow: &self.narrow,
            suppressed: &|identity| self.suppressed.contains(&identity),
            columns: &["first_name".to_owned()],
            now: self.now,
        })
    }

    /// Plans, reconciles, and sees to it that both say the same.
    pub(super) fn reconcile(&self, ledger: &mut Ledger, spool: &Spool) -> Plan {
        self.with(|context| {
            let planned = ledger.plan(spool, context, &mut |_| ControlFlow::Continue(())).unwrap();
            let plan = ledger
                .begin_reconcile(spool, context, &mut |_| std::ops::ControlFlow::Continue(()))
                .unwrap()
                .commit()
                .unwrap();
            assert_eq!(planned, plan);
            plan
        })
    }

    /// Verb, recipient, body and what was before, of everything that is not simply kept.
    pub(super) fn changes(&self, ledger: &Ledger, spool: &Spool) -> Vec<String> {
        let mut changes = Vec::new();
        self.with(|context| {
            ledger.plan(spool, context, &mut |change| {
                let name = |event: Option<&str>| {
                    event.map_or_else(
                        || "-".to_owned(),
                        |event| serde_json::from_str::<crate::message::Event>(event).unwrap().name,
                    )
                };
                changes.push(format!(
                    "{:?} {} {} {}",
                    change.verb,
                    change.recipient,
                    name(change.body),
                    name(change.before)
                ));
                ControlFlow::Continue(())
            })
        })
        .unwrap();
        changes
    }
}

pub(super) fn accepted(number: i64) -> Outcome {
    Outcome::Accepted { message_id: format!("M{number}"), zaap_id: format!("Z{number}") }
}

pub(super) fn rejected() -> Outcome {
    Outcome::Rejected { http_status: 400, error: "Invalid phone".to_owned() }
}

pub(super) fn not_sent() -> Outcome {
    Outcome::NotSent { http_status: None, error: "connection refused".to_owned(), then: NotSent::Pause }
}

pub(super) fn unknown() -> Outcome {
    Outcome::Unknown { http_status: None, error: "timeout".to_owned(), then: Unknown::Next }
}

/// Everything that waits, of all instances.
pub(super) fn work(ledger: &Ledger) -> Vec<Work> {
    let mut all = Vec::new();
    for instance in ["main", "second", "third"] {
        let mut cursor = Cursor::default();
        loop {
            let part = ledger.work(instance, &mut cursor, 2, &Narrow::default()).unwrap();
            if part.is_empty() {
                break;
            }
            all.extend(part);
        }
    }
    all
}

/// Commits an intent; the attempt's number comes back.
pub(super) fn intend(ledger: &mut Ledger, work: &Work) -> i64 {
    let attempt = ledger.last_attempt().unwrap() + 1;
    let intents = vec![Intent { attempt, message: work.message, kind: work.kind, at: at(attempt) }];
    ledger.commit(&Batch { settlements: Vec::new(), intents }).unwrap();
    attempt
}

pub(super) fn settle(ledger: &mut Ledger, work: &Work, attempt: i64, outcome: Outcome) {
    let Work { message, kind, .. } = *work;
    let settlements = vec![Settlement { attempt, message, kind, outcome, at: at(attempt) }];
    ledger.commit(&Batch { settlements, intents: Vec::new() }).unwrap();
}

/// Attempts everything that waits, once each; returns the kinds and recipients.
pub(super) fn send(ledger: &mut Ledger, outcome: impl Fn(i64) -> Outcome) -> Vec<(AttemptKind, String)> {
    let mut sent = Vec::new();
    for work in work(ledger) {
        let attempt = intend(ledger, &work);
        settle(ledger, &work, attempt, outcome(attempt));
        sent.push((work.kind, work.address.to_string()));
    }
    sent
}

/// Recipient and state of every results row, and what else a test wants of it.
pub(super) fn results<T>(ledger: &Ledger, read: impl Fn(&ResultRow<'_>) -> T) -> Vec<T> {
    let mut rows = Vec::new();
    ledger
        .each_result(|row| {
            rows.push(read(row));
            Ok::<_, super::LedgerError>(())
        })
        .unwrap();
    rows
}

pub(super) fn states(ledger: &Ledger) -> Vec<(String, State)> {
    results(ledger, |row| (row.recipient.to_owned(), row.status))
}
