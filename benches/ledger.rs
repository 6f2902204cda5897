//! What the ledger costs: intents and outcomes by the size of their batch, and a reconcile by what it finds.
//!
//! On a real file with full syncs, in the folder for temporary files (`TMPDIR`): a batch of one is mostly the disk.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use zapi_batch::instance::Fingerprint;
use zapi_batch::ledger::{
    Batch, Cursor, InstanceRef, Intent, Ledger, Mode, Narrow, PlanContext, Settlement, Spool, Work,
};
use zapi_batch::message::{Expanded, Message, MessageKey, RowSource};
use zapi_batch::outcome::Outcome;
use zapi_batch::plan::Rules;
use zapi_batch::recipient::{Address, Identity};

/// The expanded rows of a campaign.
fn spool(rows: u32) -> Spool {
    let mut spool = Spool::new();
    for number in 0..rows {
        let phone = format!("55119{number:08}");
        let message = Message {
            key: MessageKey { event: "launch".into(), identity: Identity::new(phone.as_str()) },
            address: Address::new(phone.as_str()),
            label: phone.clone(),
            source: RowSource { file: "lists/vip.csv".into(), line: number + 2 },
            list: "vip".into(),
            instance: 0,
            event: format!(
                r#"{{"name":"Spring launch, {number}","description":"Your slot is reserved, see you there.","dateTime":"2099-12-04T19:00:00.000Z","location":{{"name":"Av. Paulista 1000"}},"canceled":false}}"#
            ),
            variant: None,
            columns: Vec::new(),
        };
        spool.push(&Expanded::Message(message)).expect("a temporary store");
    }
    spool
}

fn reconcile(ledger: &mut Ledger, spool: &Spool) {
    let fingerprint = Some(Fingerprint::from_hex("f"));
    let context = PlanContext {
        instances: &[InstanceRef { name: "main".into(), fingerprint }],
        rules: Rules::default(),
        narrow: &Narrow::default(),
        suppressed: &|_| false,
        columns: &[],
        now: Timestamp::now(),
    };
    let open = ledger.begin_reconcile(spool, &context, &mut |_| ControlFlow::Continue(())).expect("a sound ledger");
    open.commit().expect("room on the disk");
}

fn ledger(folder: &Path) -> Ledger {
    let path = folder.join("bench.ledger.db");
    if path.exists() {
        Ledger::remove(&path).expect("nobody else has it");
    }
    Ledger::open(&path, "bench", Mode::Create).expect("a place for a ledger")
}

/// Everything that waits, in chunks as the engine reads it.
fn work(ledger: &Ledger) -> Vec<Work> {
    let (mut cursor, mut all) = (Cursor::default(), Vec::new());
    loop {
        let chunk = ledger.work("main", &mut cursor, 256, &Narrow::default()).expect("a sound ledger");
        if chunk.is_empty() {
            return all;
        }
        all.extend(chunk);
    }
}

/// Sends everything in batches: the outcomes of one together with the intents of the next.
fn send(ledger: &mut Ledger, work: &[Work], size: usize) -> Duration {
    let at = Timestamp::now();
    let mut attempt = ledger.last_attempt().expect("a sound ledger");
    let mut settlements = Vec::new();
    let began = Instant::now();
    for chunk in work.chunks(size) {
        let mut batch = Batch { settlements: std::mem::take(&mut settlements), intents: Vec::with_capacity(size) };
        for work in chunk {
            attempt += 1;
            batch.intents.push(Intent { attempt, message: work.message, kind: work.kind, at });
            let outcome = Outcome::Accepted {
                message_id: format!("D241XXXX{attempt:012}"),
                zaap_id: format!("3999984263738042930CD6EC{attempt:08}"),
            };
            settlements.push(Settlement { attempt, message: work.message, kind: work.kind, outcome, at });
        }
        ledger.commit(&batch).expect("room on the disk");
    }
    ledger.commit(&Batch { settlements, intents: Vec::new() }).expect("room on the disk");
    began.elapsed()
}

fn attempts(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut group = criterion.benchmark_group("intent and outcome");
    group.sample_size(10).measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(500));
    for size in [1_usize, 8, 64, 256] {
        group.throughput(Throughput::Elements(size as u64));
        group.bench_with_input(BenchmarkId::from_parameter(size), &size, |bencher, size| {
            bencher.iter_custom(|batches| {
                let rows = u32::try_from(batches * *size as u64).expect("fewer than four billion");
                let mut ledger = ledger(folder.path());
                reconcile(&mut ledger, &spool(rows));
                let work = work(&ledger);
                send(&mut ledger, &work, *size)
            });
        });
    }
    group.finish();
}

fn reconciles(criterion: &mut Criterion) {
    const ROWS: u32 = 10_000;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spool = spool(ROWS);
    let mut group = criterion.benchmark_group("reconcile");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(ROWS)));
    group.bench_function("all new", |bencher| {
        bencher.iter_custom(|times| {
            let mut took = Duration::ZERO;
            for _ in 0..times {
                let mut ledger = ledger(folder.path());
                let began = Instant::now();
                reconcile(&mut ledger, &spool);
                took += began.elapsed();
            }
            took
        });
    });
    let mut ledger = ledger(folder.path());
    reconcile(&mut ledger, &spool);
    let work = work(&ledger);
    send(&mut ledger, &work, 256);
    group.bench_function("all accepted", |bencher| bencher.iter(|| reconcile(&mut ledger, &spool)));
    group.finish();
}

criterion_group!(benches, attempts, reconciles);
criterion_main!(benches);
