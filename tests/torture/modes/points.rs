//! The death of the process before every single call that changes a file or sends a byte, with and without half a write.

use std::time::Duration;

use crate::oracle::{Oracle, Reply};
use crate::round::{Round, Verdict, side_by_side};
use crate::shim;
use crate::tally::{counts, results, tally, wording};
use crate::world::{FIRST_TIME, SECOND_TIME, Settings, World};

const ROWS: u32 = 20;

pub(crate) fn run(round: &Round) -> Vec<Verdict> {
    vec![verdict(round, false), verdict(round, true)]
}

fn verdict(round: &Round, edits: bool) -> Verdict {
    let total = match calls(edits) {
        Ok(total) => total,
        Err(fault) => return report(edits, 0, 0, vec![fault]),
    };
    // A few more than were counted: how the writes are grouped varies from run to run.
    let last = total + total / 8 + 4;
    let step = if round.long { 1 } else { last.div_ceil(round.times(if edits { 14 } else { 28 }, 0).max(1)) };
    let points: Vec<u64> = (1..=last).filter(|n| (n + round.seed).is_multiple_of(step)).collect();
    let tears: u64 = if round.long { 2 } else { 1 };
    let results = side_by_side(points.len() as u64 * tears, 4, |n| {
        let at = points[(n / tears) as usize];
        // The short round tears every other write; the long one dies at each call with and without a tear.
        let torn = if round.long { n % 2 == 1 } else { (at / step).is_multiple_of(2) };
        die_at(at, torn, edits).map_err(|fault| format!("call {at}{}: {fault}", if torn { " (torn)" } else { "" }))
    });
    let died = results.iter().filter(|result| matches!(result, Ok(true))).count();
    report(edits, total, died, results.into_iter().filter_map(Result::err).collect())
}

fn report(edits: bool, total: u64, died: usize, faults: Vec<String>) -> Verdict {
    let run = if edits { "a run of 20 edits" } else { "a run of 20 rows" };
    Verdict {
        promise: if edits { "an interrupted edit is finished" } else { "no byte before its intent, at every call" },
        how: format!("killed at every counted call of {run}, restarted"),
        figure: format!("{died} deaths over {total} calls, {} faults", faults.len()),
        faults,
    }
}

fn prepare(edits: bool) -> Result<(World, Oracle), String> {
    let world = World::in_memory(Settings { rows: ROWS, ..Settings::default() });
    let oracle = Oracle::start();
    oracle.plan(|n| Reply { latency: Duration::from_micros(n % 5 * 700), fault: None });
    if edits {
        let ended = world.run(world.apply(&oracle));
        if ended.code != Some(0) {
            return Err(format!("an undisturbed first apply: {}", ended.brief()));
        }
        world.write_manifest(SECOND_TIME);
    }
    Ok((world, oracle))
}

/// How many calls an undisturbed run makes.
fn calls(edits: bool) -> Result<u64, String> {
    let (world, oracle) = prepare(edits)?;
    let ended = world.run(shim::with(&world, world.apply(&oracle), ""));
    let calls = shim::counted(&world).calls;
    match ended.code {
        Some(0) if calls > 0 => Ok(calls),
        Some(0) => Err("the shim saw no call at all".to_owned()),
        _ => Err(format!("an undisturbed apply: {}", ended.brief())),
    }
}

/// One death and what followed; false when the run was over before that call.
fn die_at(at: u64, torn: bool, edits: bool) -> Result<bool, String> {
    let (world, oracle) = prepare(edits)?;
    let orders = format!("kill={at},torn={}", if torn { 50 } else { 0 });
    let ended = world.run(shim::with(&world, world.apply(&oracle), &orders));
    let died = ended.code.is_none();
    if !died && ended.code != Some(0) {
        return Err(format!("neither killed nor done: {}", ended.brief()));
    }
    oracle.quiet();
    if died && !edits {
        let (unknown, _) = counts(&world)?;
        if unknown > u64::from(world.settings.concurrency) {
            return Err(format!("{unknown} unknown after one death"));
        }
    }
    world.settle(&oracle, 3)?;
    let found = tally(&world, &oracle.log())?;
    let mut faults = found.faults();
    faults.extend(wording(&oracle.log(), &results(&world)?, if edits { SECOND_TIME } else { FIRST_TIME }));
    if edits && found.of("accepted") != u64::from(ROWS) {
        faults.push(format!("after the edits: {:?}", found.states));
    }
    if faults.is_empty() { Ok(died) } else { Err(faults.join("; ")) }
}
