//! `--new-ledger` killed before every single call that changes a file or sends a byte: until the note of what was sent names
//! the new ledger, the old one is the record, found by who reads and put back by who writes.

use std::fs;

use crate::oracle::Oracle;
use crate::round::{Round, Verdict, side_by_side};
use crate::shim;
use crate::tally::{counts, tally};
use crate::world::{Ended, Settings, World};

const ROWS: u32 = 8;

pub(crate) fn run(round: &Round) -> Vec<Verdict> {
    let mut faults = Vec::new();
    let total = calls().unwrap_or_else(|fault| {
        faults.push(fault);
        0
    });
    let last = if total == 0 { 0 } else { total + 4 };
    let step = if round.long { 1 } else { last.div_ceil(round.times(40, 0).max(1)).max(1) };
    let points: Vec<u64> = (1..=last).filter(|n| (n + round.seed).is_multiple_of(step)).collect();
    let tears: u64 = if round.long { 2 } else { 1 };
    let results = side_by_side(points.len() as u64 * tears, 4, |n| {
        let at = points[(n / tears) as usize];
        let torn = if round.long { n % 2 == 1 } else { (at / step).is_multiple_of(2) };
        die_at(at, torn, n % 3 > 0).map_err(|fault| format!("call {at}{}: {fault}", if torn { " (torn)" } else { "" }))
    });
    let of = |before: bool| results.iter().filter(|result| matches!(result, Ok(Some(b)) if *b == before)).count();
    let (before, after) = (of(true), of(false));
    faults.extend(results.into_iter().filter_map(Result::err));
    vec![Verdict {
        promise: "a new ledger loses no record",
        how: format!("--new-ledger killed at every counted call of a run of {ROWS} rows; read, applied again"),
        figure: format!(
            "{} deaths over {total} calls, {before} before the new one counted, {} faults",
            before + after,
            faults.len()
        ),
        faults,
    }]
}

fn prepare() -> Result<(World, Oracle), String> {
    let world = World::in_memory(Settings { rows: ROWS, ..Settings::default() });
    let oracle = Oracle::start();
    let ended = world.run(world.apply(&oracle));
    if ended.code == Some(0) { Ok((world, oracle)) } else { Err(format!("a first apply: {}", ended.brief())) }
}

fn begin_anew(world: &World, oracle: &Oracle, orders: &str) -> Ended {
    let mut command = world.apply(oracle);
    command.arg("--new-ledger");
    world.run(shim::with(world, command, orders))
}

/// How many calls an undisturbed run makes.
fn calls() -> Result<u64, String> {
    let (world, oracle) = prepare()?;
    let ended = begin_anew(&world, &oracle, "");
    let calls = shim::counted(&world).calls;
    if ended.code == Some(0) && calls > 0 { Ok(calls) } else { Err(format!("{calls} calls, {}", ended.brief())) }
}

/// One death and what followed: whether it came before the new ledger counted, nothing when the run was over before.
fn die_at(at: u64, torn: bool, reads_first: bool) -> Result<Option<bool>, String> {
    let (world, oracle) = prepare()?;
    let note = || fs::read(world.folder.join("torture.sent.json")).map_err(|error| format!("no note: {error}"));
    let (old, sent) = (note()?, oracle.arrived());
    let ended = begin_anew(&world, &oracle, &format!("kill={at},torn={}", if torn { 50 } else { 0 }));
    let died = ended.code.is_none();
    if !died && ended.code != Some(0) {
        return Err(format!("neither killed nor done: {}", ended.brief()));
    }
    oracle.quiet();
    let is_before = note()? == old;
    if is_before {
        let all = (0, u64::from(ROWS));
        for is_applied in [false, true] {
            if is_applied {
                world.settle(&oracle, 1)?;
            }
            if (is_applied || reads_first) && counts(&world)? != all {
                return Err(format!("unknown and accepted, applied {is_applied}: {:?}", counts(&world)?));
            }
        }
        if oracle.arrived() != sent {
            return Err("sent again with the old ledger".to_owned());
        }
    } else {
        world.settle(&oracle, 3)?;
        let faults = tally(&world, &oracle.log()[sent..])?.faults();
        if !faults.is_empty() {
            return Err(faults.join("; "));
        }
    }
    Ok(died.then_some(is_before))
}
