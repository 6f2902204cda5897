//! A server that answers so many requests and then never again: an outage may cost a handful of unknowns, not a campaign.

use std::time::Duration;

use crate::faults::named;
use crate::oracle::{Oracle, Reply};
use crate::round::{Round, Verdict};
use crate::tally::{results, tally};
use crate::world::{Settings, World};

/// After how many answers the silence begins, requests in flight, lanes.
const CASES: [(u64, u32, u32); 7] =
    [(0, 4, 1), (37, 4, 1), (500, 1, 1), (200, 32, 1), (61, 16, 4), (3, 8, 8), (1_000, 256, 2)];

pub(crate) fn run(round: &Round) -> Vec<Verdict> {
    let (rows, cases) = if round.long { (10_000, &CASES[..]) } else { (2_000, &CASES[1..5]) };
    let (mut faults, mut worst) = (Vec::new(), Vec::new());
    for (index, (answers, concurrency, instances)) in cases.iter().copied().enumerate() {
        let settings = Settings { rows, instances, concurrency, timeout_s: 1, ..Settings::default() };
        let silence = ["silence after the request", "reset after the request", "silence in the body of the answer"];
        match outage(settings, answers, silence[index % silence.len()]) {
            Ok(unknown) => worst.push(format!("{unknown} of {}", concurrency + 5)),
            Err(fault) => {
                faults.push(format!("{answers} answers, concurrency {concurrency}, {instances} lanes: {fault}"));
            }
        }
    }
    vec![Verdict {
        promise: "an outage costs `concurrency` + 5 at most",
        how: format!("the server answers k of {rows}, then is silent or resets; then recovers"),
        figure: format!("unknown, of what is allowed: {}", worst.join(", ")),
        faults,
    }]
}

fn outage(settings: Settings, answers: u64, silence: &str) -> Result<u64, String> {
    let world = World::new(settings);
    let oracle = Oracle::start();
    let fault = named(silence);
    oracle.plan(move |n| Reply { latency: Duration::ZERO, fault: (n >= answers).then_some(fault) });
    let ended = world.run(world.apply(&oracle));
    if ended.code != Some(3) {
        return Err(ended.brief());
    }
    let unknown = results(&world)?.iter().filter(|row| row.status == "unknown").count() as u64;
    let allowed = u64::from(world.settings.concurrency) + 5;
    if unknown > allowed {
        return Err(format!("{unknown} unknown, allowed are {allowed}"));
    }
    oracle.plan(|_| Reply::default());
    world.settle(&oracle, 2)?;
    let found = tally(&world, &oracle.log())?;
    let mut faults = found.faults();
    if found.of("unknown") != unknown {
        faults.push(format!("{unknown} unknown became {:?}", found.states));
    }
    if faults.is_empty() { Ok(unknown) } else { Err(faults.join("; ")) }
}
