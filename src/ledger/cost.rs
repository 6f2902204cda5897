//! What the ledger costs, printed on demand: CPU per send for intent and outcome, and a second apply of unchanged rows.
//!
//! `cargo test --release --lib ledger::cost -- --ignored --nocapture`. Prints figures and asserts none.

use std::time::Instant;

use super::testing::{Manifest, accepted, at, body, row_on, spool};
use super::{Batch, Cursor, Intent, Ledger, Mode, Narrow, Settlement, Spool, Work};

const ROWS: u32 = 100_000;

/// Nanoseconds that this thread was on a processor.
fn on_cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

#[allow(clippy::print_stdout)] // figures are what this is for
fn measure<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (wall, cpu) = (Instant::now(), on_cpu_ns());
    let result = work();
    let (cpu, wall) = (on_cpu_ns() - cpu, wall.elapsed());
    #[allow(clippy::cast_precision_loss)]
    let each_us = cpu as f64 / 1000.0 / f64::from(ROWS);
    println!("{what:<28} {each_us:6.2} us CPU a row, {:.2} s in all", wall.as_secs_f64());
    result
}

fn rows() -> Spool {
    let event = body("Spring launch with a name of ordinary length", 19);
    spool((0..ROWS).map(|n| row_on(&format!("120363019502{n:06}-group"), &event, n + 2, 0)))
}

/// As the engine does it: the outcomes of one batch together with the intents of the next.
fn send_all(ledger: &mut Ledger, batch: usize) {
    let (mut cursor, narrow) = (Cursor::default(), Narrow::default());
    let (mut under_way, mut next): (Vec<(i64, Work)>, i64) = (Vec::new(), 1);
    loop {
        let work = ledger.work("main", &mut cursor, batch, &narrow).unwrap();
        let settlements = under_way.drain(..).map(|(attempt, work)| Settlement {
            attempt,
            message: work.message,
            kind: work.kind,
            outcome: accepted(attempt),
            at: at(attempt),
        });
        let settlements: Vec<_> = settlements.collect();
        for work in work {
            under_way.push((next, work));
            next += 1;
        }
        let intents = under_way.iter().map(|(attempt, work)| Intent {
            attempt: *attempt,
            message: work.message,
            kind: work.kind,
            at: at(*attempt),
        });
        let batch = Batch { settlements, intents: intents.collect() };
        if batch.is_empty() {
            break;
        }
        ledger.commit(&batch).unwrap();
    }
}

#[test]
#[ignore = "prints figures; needs a release build to mean anything"]
fn what_the_ledger_costs() {
    for batch in [1, 16, 64, 256] {
        let folder = tempfile::tempdir().unwrap();
        let manifest = Manifest::default();
        let spool = measure("rows into the spool", rows);
        let mut ledger = Ledger::open(&folder.path().join("c.ledger.db"), "c", Mode::Create).unwrap();
        measure("plan and first reconcile", || manifest.reconcile(&mut ledger, &spool));
        measure(&format!("sends in batches of {batch}"), || send_all(&mut ledger, batch));
        measure("plan and second reconcile", || manifest.reconcile(&mut ledger, &spool));
        measure("counts", || ledger.counts(&Narrow::default()).unwrap());
        measure("results", || super::testing::states(&ledger).len());
    }
}
