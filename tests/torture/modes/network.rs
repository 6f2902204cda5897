//! A server that is wrong in every way that `faults` knows, at every phase of a request, and a door that shuts at times.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::faults::{FAULTS, STRAY, TWICE};
use crate::oracle::{Oracle, Reply};
use crate::round::{Round, Verdict, side_by_side};
use crate::tally::{Tally, results, tally, wording};
use crate::world::{SECOND_TIME, Settings, World};

const ROWS: u32 = 500;
/// A run stops at five unknowns in a row or a redirect, so one campaign takes many applies.
const RUNS_MAX: u32 = 2_000;
/// How often the edits are tried in bad weather.
const EDITING_RUNS: u64 = 8;

/// What one campaign met and what came of it.
struct Storm {
    played: HashMap<&'static str, u64>,
    runs: u64,
    tally: Tally,
    faults: Vec<String>,
}

pub(crate) fn run(round: &Round) -> Vec<Verdict> {
    let wanted = round.times(160, 5_000);
    let (mut played, mut total, mut runs) = (HashMap::<&str, u64>::new(), Tally::default(), 0);
    let (mut faults, mut campaigns) = (Vec::new(), 0);
    while played.values().sum::<u64>() < wanted && faults.is_empty() {
        let rows = if round.long { ROWS } else { 130 };
        for storm in side_by_side(if round.long { 4 } else { 2 }, 4, |n| campaign(round, campaigns + n, rows)) {
            for (name, count) in storm.played {
                *played.entry(name).or_default() += count;
            }
            total.duplicates += storm.tally.duplicates;
            total.called_not_sent += storm.tally.called_not_sent;
            total.called_accepted += storm.tally.called_accepted;
            runs += storm.runs;
            faults.extend(storm.faults);
        }
        campaigns += 4;
    }
    let unplayed: Vec<&str> = FAULTS.iter().map(|fault| fault.name).filter(|name| !played.contains_key(name)).collect();
    if !unplayed.is_empty() && faults.is_empty() {
        faults.push(format!("never played: {}", unplayed.join(", ")));
    }
    let storms = Verdict {
        promise: "network faults",
        how: format!("{} ways to be wrong, refused connections, {runs} applies", FAULTS.len()),
        figure: format!(
            "{} faults: {} called not sent that were processed, {} called accepted that were not, {} duplicates",
            played.values().sum::<u64>(),
            total.called_not_sent,
            total.called_accepted,
            total.duplicates
        ),
        faults,
    };
    vec![storms, stray(round.times(300, 3_000).min(20_000) as u32)]
}

/// A server that answers every request twice on one connection: does a request take the stray answer for its own?
fn stray(rows: u32) -> Verdict {
    let world = World::new(Settings { rows, concurrency: 4, ..Settings::default() });
    let oracle = Oracle::start();
    oracle.plan(|_| Reply { latency: Duration::ZERO, fault: Some(&TWICE) });
    let mut faults: Vec<String> = world.settle(&oracle, 50).err().into_iter().collect();
    let taken = results(&world).unwrap_or_default().iter().filter(|row| row.message_id.starts_with(STRAY)).count();
    if taken > 0 {
        faults.push(format!("{taken} requests took a stray answer for their own"));
    }
    Verdict {
        promise: "network faults",
        how: "every request answered twice on its connection".to_owned(),
        figure: format!("{} answered twice, {taken} stray answers taken", oracle.arrived()),
        faults,
    }
}

fn campaign(round: &Round, n: u64, rows: u32) -> Storm {
    let mut dice = round.dice(n + 9_000);
    let settings = Settings {
        rows,
        instances: 1 + n as u32 % 3,
        concurrency: [1, 4, 16][(n % 3) as usize],
        timeout_s: 1,
        retries: 3,
        ..Settings::default()
    };
    let world = World::new(settings);
    let oracle = Oracle::start();
    plan(&oracle, &mut dice, n as usize);
    let (over, mut storm) = (Arc::new(AtomicBool::new(false)), None);
    thread::scope(|scope| {
        scope.spawn(|| shut_the_door_at_times(&oracle, &over, round.dice(!n)));
        let mut came = weather(&world, &oracle);
        if n % 2 == 1 && came.faults.is_empty() {
            came.runs += edited(&world, &oracle, &mut came.faults);
            came.played = oracle.played();
        }
        storm = Some(came);
        over.store(true, Ordering::SeqCst);
    });
    let mut storm = storm.expect("the scope has run");
    storm.faults = storm.faults.into_iter().map(|fault| format!("campaign {n}: {fault}")).collect();
    storm
}

/// The time is changed in the middle of the storm; once it is calm, everybody who is invited sees the new one.
fn edited(world: &World, oracle: &Oracle, faults: &mut Vec<String>) -> u64 {
    world.write_manifest(SECOND_TIME);
    let accepted = results(world).map_or(0, |rows| rows.iter().filter(|row| row.status == "accepted").count());
    for _ in 0..EDITING_RUNS {
        world.run(world.apply(oracle));
    }
    oracle.plan(|_| Reply::default());
    if let Err(fault) = world.settle(oracle, 4) {
        faults.push(format!("edits, once it was calm: {fault}"));
        return EDITING_RUNS;
    }
    let rows = results(world).unwrap_or_default();
    let still = rows.iter().filter(|row| row.status == "accepted").count();
    if still != accepted {
        faults.push(format!("{accepted} were accepted before their edits, {still} afterwards"));
    }
    match tally(world, &oracle.log()) {
        Ok(tally) => faults.extend(tally.faults()),
        Err(fault) => faults.push(fault),
    }
    faults.extend(wording(&oracle.log(), &rows, SECOND_TIME));
    EDITING_RUNS
}

/// Two of five requests meet a fault: the next of the list, so that all of them come to pass. Hanging ones are kept rare in
/// the sense that each comes once a round of the list: every one costs a timeout.
fn plan(oracle: &Oracle, dice: &mut fastrand::Rng, first: usize) {
    let (mut dice, mut next) = (fastrand::Rng::with_seed(dice.u64(..)), first * 29);
    oracle.plan(move |_| {
        let latency = Duration::from_micros(dice.u64(0..4_000));
        if dice.u8(0..5) >= 2 {
            return Reply { latency, fault: None };
        }
        next += 1;
        Reply { latency, fault: Some(&FAULTS[next % FAULTS.len()]) }
    });
}

fn shut_the_door_at_times(oracle: &Oracle, over: &AtomicBool, mut dice: fastrand::Rng) {
    while !over.load(Ordering::SeqCst) {
        thread::sleep(Duration::from_millis(dice.u64(500..2_500)));
        oracle.refuse(true);
        thread::sleep(Duration::from_millis(dice.u64(20..200)));
        oracle.refuse(false);
    }
}

fn weather(world: &World, oracle: &Oracle) -> Storm {
    let mut faults = Vec::new();
    let mut runs = 0;
    loop {
        runs += 1;
        let ended = world.run(world.apply(oracle));
        match ended.code {
            Some(3) if runs < RUNS_MAX => {}
            Some(0) => break,
            // Rejected messages are created again by the next apply; what remains then is unknown for good.
            Some(1) => match tally(world, &oracle.log()) {
                Ok(now) if now.of("rejected") + now.of("pending") > 0 && runs < RUNS_MAX => {}
                _ => break,
            },
            _ => {
                faults.push(ended.brief());
                break;
            }
        }
    }
    let tally = tally(world, &oracle.log()).unwrap_or_else(|fault| {
        faults.push(fault);
        Tally::default()
    });
    faults.extend(tally.faults());
    faults.extend(told_what_is_true(oracle, world));
    let played = oracle.played();
    Storm { played, runs: u64::from(runs), tally, faults }
}

/// An invitation that was answered by a proper acceptance is accepted, whatever happened around it.
fn told_what_is_true(oracle: &Oracle, world: &World) -> Option<String> {
    let rows = results(world).ok()?;
    let of = |name: &str| rows.iter().find(|row| row.recipient == name);
    let log = oracle.log();
    let plain = log.iter().filter(|arrival| arrival.fault.is_none());
    let missed = plain.filter(|arrival| of(&arrival.recipient).is_some_and(|row| row.status != "accepted")).count();
    (missed > 0).then(|| format!("{missed} plain acceptances are not called accepted"))
}
