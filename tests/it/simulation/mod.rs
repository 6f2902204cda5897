//! Deterministic simulation: the engine's state machine and the real ledger under virtual time, with seeded faults,
//! delays, crashes between any two steps, signals and failing disks, and a model of the service as the oracle.
//!
//! `ZAPI_SIMULATION_SEEDS=100000 cargo test --release --test it simulation` runs more of it;
//! `ZAPI_SIMULATION_FIRST=4711 ZAPI_SIMULATION_SEEDS=1` runs the one seed that a failure named.

mod flight;
mod manifest;
mod scenario;
mod server;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flight::{End, Flight, Plan, World};
use manifest::{Manifest, apply_manifest, resolve_unknown};
use scenario::{Scenario, Weather};
use server::Server;
use zapi_batch::engine::{LaneEnd, Patience};
use zapi_batch::ledger::{Batch, Ledger, LedgerError, Narrow};
use zapi_batch::message::State;

const SEEDS: u64 = 300;

#[test]
fn nobody_is_invited_twice_and_nobody_is_lost() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let first = number("ZAPI_SIMULATION_FIRST").unwrap_or(0);
    let end = first + number("ZAPI_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(first);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(|| work(&next, end))).collect();
        for worker in workers {
            if let Err(panic) = worker.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

fn work(next: &AtomicU64, end: u64) {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return;
        }
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| simulate(seed))) {
            next.store(end, Ordering::Relaxed);
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?");
            panic!(
                "seed {seed} fails (run it alone with ZAPI_SIMULATION_FIRST={seed} ZAPI_SIMULATION_SEEDS=1): {text}"
            );
        }
    }
}

fn simulate(seed: u64) {
    let mut scenario = Scenario::new(seed);
    let mut world = World {
        ledger: Ledger::in_memory("simulation").unwrap(),
        server: Server::default(),
        rng: scenario.rng.fork(),
        began: Duration::ZERO,
        epoch: "2026-11-20T11:59:00Z".parse().unwrap(),
        quota: HashMap::new(),
        counted: HashMap::new(),
        rescued: Vec::new(),
    };
    let mut manifest = Manifest::new(&scenario);
    for _ in 0..scenario.applies {
        manifest.edit(&mut world.rng);
        let weather = scenario.weather();
        apply(&mut world, &mut scenario, &manifest, weather);
        world.began += Duration::from_secs(world.rng.u64(0..10_000));
    }
    manifest.settle_down(&mut world.rng);
    let ends = apply(&mut world, &mut scenario, &manifest, Weather::Calm);
    assert!(ends.iter().all(|end| *end == LaneEnd::Done), "in calm weather everything is done: {ends:?}");
    let counts = world.ledger.counts(&Narrow::default()).unwrap();
    assert_eq!((counts.accepted, counts.total()), (manifest.len(), manifest.len()), "{counts:?}");
    for (address, wording) in manifest.wanted() {
        let chat = &world.server.chats[&address];
        assert_eq!((chat.invitations.len(), chat.wording.as_str()), (1, wording.as_str()), "{address}");
    }
    let requests = world.server.requests;
    apply(&mut world, &mut scenario, &manifest, Weather::Calm);
    assert_eq!(world.server.requests, requests, "applied once more there is nothing to do");
}

/// One `apply`: reconcile, run, and if the process died, recover.
fn apply(world: &mut World, scenario: &mut Scenario, manifest: &Manifest, weather: Weather) -> Vec<LaneEnd> {
    if weather == Weather::Calm || world.rng.bool() {
        resolve_unknown(world);
    }
    apply_manifest(world, scenario, manifest);
    let options = scenario.options(weather);
    let is_rough = weather != Weather::Calm;
    let mut sometimes = |percent: u8| is_rough && world.rng.u8(0..100) < percent;
    let (dies, fails, stops, stops_again) = (sometimes(50), sometimes(10), sometimes(30), sometimes(50));
    let rng = &mut world.rng;
    let mut signals = Vec::new();
    if stops {
        // As often in the first moments as in the long run.
        let longest = 1 << rng.u32(10..23);
        let at = Duration::from_micros(rng.u64(0..longest));
        signals.push(at);
        signals.extend(stops_again.then(|| at + Duration::from_micros(rng.u64(0..longest.min(400_000)))));
    }
    let plan = Plan {
        weather,
        dies_after: dies.then(|| rng.u64(0..300)),
        disk_fails_at: fails.then(|| rng.u64(1..30)),
        signals,
    };
    let concurrency = u64::try_from(options.delivery.concurrency).unwrap();
    let (limit, patience) = (options.limit, options.patience);
    let mut flight = Flight::new(world, options, plan);
    let end = flight.run();
    let ends = flight.fleet.lane_ends();
    if let Some(limit) = limit {
        assert!(flight.taken_up.len() as u64 <= limit, "{} of {limit}", flight.taken_up.len());
    }
    if end == End::Over && patience == Patience::Wait {
        assert!(!ends.iter().any(|end| matches!(end, LaneEnd::WouldWait { .. })), "{ends:?}");
    }
    let open = flight.left_open();
    assert!(end == End::Died || flight.has_failed() || open.is_empty(), "a run that ends leaves nothing open");
    let settlements: Vec<_> =
        std::mem::take(&mut world.rescued).into_iter().filter(|kept| open.contains(&kept.attempt)).collect();
    world.forget_uncounted(&settlements);
    world.ledger.commit(&Batch { settlements, intents: Vec::new() }).unwrap();
    let recovered = world.ledger.recover().unwrap();
    assert!(recovered.unknown + recovered.edits <= concurrency, "{recovered:?} of {concurrency}");
    check(world, manifest);
    ends
}

/// Every row is in one state, and what the ledger says is what the server did.
fn check(world: &World, manifest: &Manifest) {
    let mut rows = 0;
    let each = world.ledger.each_result::<LedgerError>(|row| {
        rows += 1;
        let chat = world.server.chats.get(row.recipient);
        let invitations = chat.map_or(&[][..], |chat| &chat.invitations);
        let was_invited = row.message_id.is_some();
        let agrees = match row.status {
            State::Accepted => was_invited && invitations.len() == 1,
            State::Pending | State::Rejected | State::Skipped => invitations.len() == usize::from(was_invited),
            State::Unknown => !was_invited && invitations.len() <= 1,
        };
        assert!(agrees, "{row:?} and the server has {invitations:?}");
        if was_invited {
            assert_eq!(row.message_id, invitations.first().map(String::as_str), "{row:?}");
        }
        Ok(())
    });
    each.unwrap();
    assert_eq!(rows, manifest.known(), "every message that was ever listed has one row");
    assert!(world.server.chats.values().all(|chat| chat.invitations.len() <= 1), "nobody is invited twice");
}
