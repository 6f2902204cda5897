//! The engine under tokio: the real ledger on disk, the real gateway, the sandbox on a loopback port.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::mpsc;
use zapi_batch::delivery::{Delivery, Limits, Rate};
use zapi_batch::engine::{
    Audience, Ended, Event, FleetOptions, LaneEnd, LaneSpec, Patience, RunEnd, RunOptions, Signal, StopSignal, Why, run,
};
use zapi_batch::gateway::{BaseUrl, Gateway};
use zapi_batch::instance::{Credentials, Instance};
use zapi_batch::ledger::{InstanceRef, Ledger, Mode, Narrow, PlanContext, Spool};
use zapi_batch::message::{Expanded, Message, MessageKey, RowSource};
use zapi_batch::plan::Rules;
use zapi_batch::quota::Quota;
use zapi_batch::recipient::{Address, Identity};
use zapi_batch::sandbox;

const EVENT: &str = r#"{"name":"Launch","dateTime":"2026-12-04T19:00:00.000Z","canceled":false}"#;

fn instance() -> Instance {
    let secret = |text: &str| SecretString::from(text);
    let credentials = Credentials { id: secret("3C01"), token: secret("T0K3N"), client_token: Some(secret("F00")) };
    Instance { name: "main".into(), credentials }
}

fn message(n: u64) -> Message {
    let address = format!("{}-group", 120_363_000_000_000_000 + n);
    Message {
        key: MessageKey { event: "launch".into(), identity: Identity::new(address.clone()) },
        label: format!("Group {n}"),
        address: Address::new(address),
        source: RowSource { file: "groups.csv".into(), line: u32::try_from(n).unwrap() + 2 },
        list: "groups".into(),
        instance: 0,
        event: EVENT.to_owned(),
        variant: None,
        columns: Vec::new(),
    }
}

fn ledger(folder: &Path, messages: u64) -> Ledger {
    let mut ledger = Ledger::open(&folder.join("engine.ledger.db"), "engine", Mode::Create).unwrap();
    let mut spool = Spool::new();
    for n in 0..messages {
        spool.push(&Expanded::Message(message(n))).unwrap();
    }
    let instances = [InstanceRef { name: "main".into(), fingerprint: Some(instance().fingerprint()) }];
    let context = PlanContext {
        instances: &instances,
        rules: Rules::default(),
        narrow: &Narrow::default(),
        suppressed: &|_| false,
        columns: &[],
        now: jiff::Timestamp::now(),
    };
    ledger.begin_reconcile(&spool, &context, &mut |_| ControlFlow::Continue(())).unwrap().commit().unwrap();
    ledger
}

fn options(concurrency: usize, limits: Limits) -> RunOptions {
    let lane = LaneSpec { name: "main".into(), limits, gateway: 0, fingerprint: instance().fingerprint() };
    let fleet = FleetOptions {
        delivery: Delivery { concurrency, ..Delivery::default() },
        lanes: vec![lane],
        limit: None,
        patience: Patience::Wait,
        audience: Audience::Terminal,
        seed: 1,
    };
    RunOptions { fleet, narrow: Narrow::default() }
}

fn unlimited() -> Limits {
    Limits { rate: Rate::Unlimited, ..Limits::default() }
}

/// Runs the engine to its end, giving signals when so many outcomes were told.
fn go(
    options: RunOptions,
    ledger: Ledger,
    server: &sandbox::Running,
    quota: Option<Quota>,
    mut stop_at: Vec<u64>,
) -> (Ended, Vec<Event>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let base = BaseUrl::parse(&server.base_url).unwrap();
        let gateway = Gateway::new(&base, &[instance()], Duration::from_secs(30), None).unwrap();
        let (tell, mut told) = mpsc::channel(16);
        let (signals, stop) = StopSignal::channel();
        let listen = async {
            let mut events = Vec::new();
            while let Some(event) = told.recv().await {
                if let Event::Settled { tally, .. } = &event
                    && stop_at.first().is_some_and(|at| tally.through() >= *at)
                {
                    stop_at.remove(0);
                    signals.send(Signal::Interrupt).unwrap();
                }
                events.push(event);
            }
            events
        };
        tokio::join!(run(options, ledger, &gateway, quota, stop, tell), listen)
    })
}

fn accepted(ledger: &Ledger) -> u64 {
    ledger.counts(&Narrow::default()).unwrap().accepted
}

#[test]
fn a_campaign_goes_out_once_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = sandbox::start(sandbox::Options::default(), 0).unwrap();
    let (ended, events) = go(options(64, unlimited()), ledger(folder.path(), 3000), &server, None, Vec::new());
    assert!(matches!(ended.run, RunEnd::Finished), "{:?}", ended.run);
    assert_eq!((ended.lanes, ended.tally.accepted), (vec![LaneEnd::Done], 3000));
    assert_eq!(accepted(&ended.ledger.unwrap()), 3000);
    assert_eq!((server.counts().requests, server.counts().duplicates), (3000, 0));
    let last = events.iter().rev().find_map(|event| match event {
        Event::Settled { tally, .. } => Some(*tally),
        _ => None,
    });
    assert_eq!(last, Some(ended.tally), "the last that is told is the whole");
}

#[test]
fn an_interrupted_campaign_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let server =
        sandbox::start(sandbox::Options { latency: Duration::from_millis(5), ..Default::default() }, 0).unwrap();
    let (ended, events) = go(options(8, unlimited()), ledger(folder.path(), 400), &server, None, vec![100]);
    assert!(matches!(ended.run, RunEnd::Interrupted { left_open: 0 }), "{:?}", ended.run);
    assert!(events.iter().any(|event| matches!(event, Event::Draining { .. })));
    let ledger = ended.ledger.unwrap();
    let first = accepted(&ledger);
    assert!((100..400).contains(&first), "{first}");
    let (ended, _) = go(options(8, unlimited()), ledger, &server, None, Vec::new());
    assert_eq!(accepted(&ended.ledger.unwrap()), 400);
    assert_eq!((server.counts().requests, server.counts().duplicates), (400, 0));
}

#[test]
fn a_daily_limit_is_shared_by_runs() {
    let folder = tempfile::tempdir().unwrap();
    let server = sandbox::start(sandbox::Options::default(), 0).unwrap();
    let mut sent = 0;
    for owner in ["one", "two"] {
        let quota = Quota::open(&folder.path().join("state"), owner).unwrap();
        let home = folder.path().join(owner);
        std::fs::create_dir(&home).unwrap();
        let mut limited = options(4, Limits { daily_limit: Some(30), ..unlimited() });
        limited.fleet.patience = Patience::End;
        let (ended, _) = go(limited, ledger(&home, 20), &server, Some(quota), Vec::new());
        sent += ended.tally.accepted;
        let has_more = matches!(ended.lanes[..], [LaneEnd::WouldWait { why: Why::DailyLimit { limit: 30 }, .. }]);
        assert_eq!(has_more, owner == "two", "{:?}", ended.lanes);
    }
    assert_eq!(sent, 30);
}
