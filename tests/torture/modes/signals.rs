//! INT; TERM; INT, then TERM, then KILL: what was in flight gets its answer, or is unknown; nobody is invited twice.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use zapi_batch::engine::hangup_is_ignored;

use crate::oracle::{Oracle, Reply};
use crate::round::{Round, Verdict, side_by_side};
use crate::tally::{counts, tally};
use crate::world::{Settings, World};

const ROWS: u32 = 80;
const LIMIT: Duration = Duration::from_secs(30);
const PATTERNS: [&[Signal]; 5] = [
    &[Signal::INT],
    &[Signal::TERM],
    &[Signal::HUP],
    &[Signal::INT, Signal::TERM],
    &[Signal::INT, Signal::TERM, Signal::KILL],
];

/// What one round came to: unknown afterwards, and whether the signal came in time.
struct Stop {
    unknown: u64,
    in_time: bool,
}

pub(crate) fn run(round: &Round) -> Vec<Verdict> {
    let rounds = round.times(15, 200);
    let results = side_by_side(rounds, 2, |n| {
        // Under `nohup` a hangup means nothing, on purpose.
        let pattern = match PATTERNS[n as usize % PATTERNS.len()] {
            [Signal::HUP] if hangup_is_ignored() => &[Signal::TERM],
            pattern => pattern,
        };
        stop(round.dice(n + 4_000), pattern).map_err(|fault| format!("round {n}, {pattern:?}: {fault}"))
    });
    let in_time = results.iter().flatten().filter(|stop| stop.in_time).count();
    let most = results.iter().flatten().map(|stop| stop.unknown).max().unwrap_or(0);
    let faults: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    vec![Verdict {
        promise: "signals",
        how: "INT; TERM; HUP; INT, TERM; INT, TERM, KILL; then applied again".to_owned(),
        figure: format!("{rounds} rounds, {in_time} while sending, at most {most} unknown, {} faults", faults.len()),
        faults,
    }]
}

fn stop(mut dice: fastrand::Rng, pattern: &[Signal]) -> Result<Stop, String> {
    let world = World::new(Settings { rows: ROWS, ..Settings::default() });
    let oracle = Oracle::start();
    let mut answers = fastrand::Rng::with_seed(dice.u64(..));
    oracle.plan(move |_| Reply { latency: Duration::from_millis(answers.u64(5..60)), fault: None });
    let running = world.start(world.apply(&oracle));
    oracle.more_than(0, LIMIT);
    thread::sleep(Duration::from_millis(dice.u64(0..250)));
    for (index, signal) in pattern.iter().enumerate() {
        if index > 0 {
            thread::sleep(Duration::from_millis(dice.u64(0..15)));
        }
        running.signal(*signal);
    }
    let ended = running.wait(LIMIT);
    oracle.quiet();
    let in_time = oracle.arrived() < ROWS as usize;
    match ended.code {
        Some(130) => {}
        Some(0) if !in_time => {}
        None if pattern.contains(&Signal::KILL) => {}
        code => return Err(format!("{code:?}: {}", ended.brief())),
    }
    let (unknown, accepted) = counts(&world)?;
    if pattern.len() == 1 && (unknown > 0 || accepted != oracle.arrived() as u64) {
        return Err(format!(
            "{} arrived, {accepted} accepted, {unknown} unknown: answers were not waited for",
            oracle.arrived()
        ));
    }
    if unknown > u64::from(world.settings.concurrency) {
        return Err(format!("{unknown} unknown"));
    }
    world.settle(&oracle, 2)?;
    let found = tally(&world, &oracle.log())?;
    let mut faults = found.faults();
    if found.of("accepted") + found.of("unknown") != u64::from(ROWS) || found.of("unknown") != unknown {
        faults.push(format!("{unknown} unknown became {:?}", found.states));
    }
    if faults.is_empty() { Ok(Stop { unknown, in_time }) } else { Err(faults.join("; ")) }
}
