//! A file system that is really full: a tmpfs of every size, enlarged once the run has stopped.

use std::time::Duration;

use super::root::Mount;
use crate::oracle::{Oracle, Reply};
use crate::round::{Round, Verdict, side_by_side};
use crate::tally::tally;
use crate::world::{Settings, World};

const ROWS: u32 = 200;
const LARGEST_KB: u64 = 6_000;

pub(crate) fn run(round: &Round) -> Vec<Verdict> {
    let sizes = round.times(20, 120);
    let results = side_by_side(sizes, 3, |n| {
        // Below this the campaign's own files would not fit.
        let kilobytes = 48 + n * (LARGEST_KB - 48) / sizes.max(1);
        size(kilobytes).map_err(|fault| format!("{kilobytes} KiB: {fault}"))
    });
    let full = results.iter().filter(|result| matches!(result, Ok(true))).count();
    let mut faults: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    if full == 0 {
        faults.push("no size was too small".to_owned());
    }
    vec![Verdict {
        promise: "disk full, I/O error",
        how: format!("a tmpfs swept over {sizes} sizes up to {LARGEST_KB} KiB"),
        figure: format!("{full} runs out of room, {} faults", faults.len()),
        faults,
    }]
}

/// One size; true when the run did not fit.
fn size(kilobytes: u64) -> Result<bool, String> {
    let mount = Mount::tmpfs(kilobytes)?;
    let world = World::at(&mount.at, Settings { rows: ROWS, concurrency: 8, ..Settings::default() });
    let oracle = Oracle::start();
    oracle.plan(|n| Reply { latency: Duration::from_micros(n % 5 * 900), fault: None });
    let ended = world.run(world.apply(&oracle));
    let full = !matches!(ended.code, Some(0));
    if full && ended.code != Some(4) && oracle.arrived() > 0 {
        return Err(format!("{} arrived: {}", oracle.arrived(), ended.brief()));
    }
    mount.resize(LARGEST_KB * 8)?;
    oracle.quiet();
    world.settle(&oracle, 3)?;
    let found = tally(&world, &oracle.log())?;
    let mut faults = found.faults();
    if found.of("unknown") > u64::from(world.settings.concurrency) {
        faults.push(format!("{:?}", found.states));
    }
    if faults.is_empty() { Ok(full) } else { Err(faults.join("; ")) }
}
