//! A full disk and I/O errors at the n-th call that changes a file, and the apply that follows once there is room again.

use std::fs;
use std::time::Duration;

use crate::oracle::{Oracle, Reply};
use crate::round::{Round, Verdict, side_by_side};
use crate::shim;
use crate::tally::tally;
use crate::world::{Settings, World};

const ROWS: u32 = 20;
const ENOSPC: u32 = 28;
const EIO: u32 = 5;

/// How a disk misbehaves from the n-th call on.
struct Trouble {
    name: &'static str,
    orders: &'static str,
    errno: u32,
    /// The rescue file can be written, so no answer may be lost.
    rescue: bool,
}

const TROUBLES: [Trouble; 5] = [
    Trouble { name: "full for good", orders: "sticky=1", errno: ENOSPC, rescue: false },
    Trouble { name: "full but for the rescue file", orders: "sticky=1,spare=rescue", errno: ENOSPC, rescue: true },
    Trouble { name: "full, after half a write", orders: "short=1,sticky=1,spare=rescue", errno: ENOSPC, rescue: true },
    Trouble { name: "one I/O error", orders: "sticky=0", errno: EIO, rescue: true },
    Trouble { name: "I/O errors for good", orders: "sticky=1", errno: EIO, rescue: false },
];

/// What one failing call led to.
#[derive(Default)]
struct Fate {
    struck: bool,
    stopped: bool,
    rescued: bool,
    unknown: u64,
}

pub(crate) fn run(round: &Round) -> Vec<Verdict> {
    let total = match calls() {
        Ok(total) => total,
        Err(fault) => return vec![report(0, &[], vec![fault])],
    };
    let last = total + total / 8 + 4;
    let each = if round.long { last } else { round.times(9, 0).max(1) };
    let cases = each * TROUBLES.len() as u64;
    let results = side_by_side(cases, 4, |n| {
        let trouble = &TROUBLES[(n % TROUBLES.len() as u64) as usize];
        let at = if round.long { n / TROUBLES.len() as u64 + 1 } else { round.dice(n).u64(1..=last) };
        fail_at(at, trouble).map_err(|fault| format!("{} at call {at}: {fault}", trouble.name))
    });
    let (fates, faults): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    let fates: Vec<Fate> = fates.into_iter().filter_map(Result::ok).collect();
    vec![report(total, &fates, faults.into_iter().filter_map(Result::err).collect())]
}

fn report(total: u64, fates: &[Fate], faults: Vec<String>) -> Verdict {
    let count = |of: fn(&Fate) -> bool| fates.iter().filter(|fate| of(fate)).count();
    Verdict {
        promise: "disk full, I/O error",
        how: format!("ENOSPC and EIO at the n-th of {total} file calls, then applied again"),
        figure: format!(
            "{} failures: {} exits 4, {} rescue files, {} unknown, {} faults",
            count(|fate| fate.struck) + faults.len(),
            count(|fate| fate.stopped),
            count(|fate| fate.rescued),
            fates.iter().map(|fate| fate.unknown).sum::<u64>(),
            faults.len()
        ),
        faults,
    }
}

fn prepare() -> (World, Oracle) {
    let world = World::in_memory(Settings { rows: ROWS, ..Settings::default() });
    let oracle = Oracle::start();
    oracle.plan(|n| Reply { latency: Duration::from_micros(n % 5 * 900), fault: None });
    (world, oracle)
}

fn calls() -> Result<u64, String> {
    let (world, oracle) = prepare();
    let ended = world.run(shim::with(&world, world.apply(&oracle), "only=file"));
    let calls = shim::counted(&world).calls;
    if ended.code == Some(0) && calls > 0 { Ok(calls) } else { Err(format!("{calls} calls; {}", ended.brief())) }
}

fn fail_at(at: u64, trouble: &Trouble) -> Result<Fate, String> {
    let (world, oracle) = prepare();
    let orders = format!("only=file,fail={at},errno={},{}", trouble.errno, trouble.orders);
    let ended = world.run(shim::with(&world, world.apply(&oracle), &orders));
    let Some(path) = shim::counted(&world).failed else {
        return if ended.code == Some(0) { Ok(Fate::default()) } else { Err(ended.brief()) };
    };
    let shown = path.rsplit('/').next().unwrap_or_default().to_owned();
    let of_ledger = shown.starts_with("torture.ledger.db") && !shown.contains(".holder") && !shown.contains(".rescue");
    oracle.quiet();
    let arrived = oracle.arrived();
    match ended.code {
        Some(4) => {}
        // After the last message, or in a file without which the promise stands, a run may end as if nothing had been.
        Some(0 | 1) if arrived == ROWS as usize => {}
        Some(2 | 1) if arrived == 0 => {}
        code => return Err(format!("{shown} failed, {arrived} arrived, exit {code:?}: {}", ended.brief())),
    }
    if of_ledger && arrived < ROWS as usize && ended.code != Some(4) {
        return Err(format!("the ledger failed in {shown}: {}", ended.brief()));
    }
    let rescue = world.folder.join("torture.ledger.db.rescue.jsonl");
    let rescued = fs::metadata(&rescue).is_ok_and(|about| about.len() > 0);
    world.settle(&oracle, 3).map_err(|fault| format!("after {shown} had failed: {fault}"))?;
    if rescue.exists() {
        return Err(format!("after {shown} had failed: the rescue file was not taken in"));
    }
    let found = tally(&world, &oracle.log())?;
    let (mut faults, unknown) = (found.faults(), found.of("unknown"));
    if found.of("accepted") + unknown != u64::from(ROWS) || unknown > u64::from(world.settings.concurrency) {
        faults.push(format!("{:?}", found.states));
    }
    if trouble.rescue && unknown > 0 {
        faults.push(format!("{unknown} answers were lost although the rescue file could be written"));
    }
    let fate = Fate { struck: true, stopped: ended.code == Some(4), rescued, unknown };
    if faults.is_empty() { Ok(fate) } else { Err(format!("after {shown} had failed: {}", faults.join("; "))) }
}
