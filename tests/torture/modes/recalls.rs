//! `recall` killed before every single call that changes a file or sends a byte, while the request that it had made may be
//! carried out later: what counts as accepted stands, what counts as taken back does not, and nobody is lost or invited twice.

use crate::oracle::Oracle;
use crate::round::{Round, Verdict, side_by_side};
use crate::shim;
use crate::tally::{counts, results, tally, wording};
use crate::world::{Ended, SECOND_TIME, Settings, World};

const ROWS: u32 = 6;

pub(crate) fn run(round: &Round) -> Vec<Verdict> {
    let (figure, faults) = match deaths(round) {
        Ok(deaths) => killed(&deaths),
        Err(fault) => (String::new(), vec![fault]),
    };
    vec![Verdict {
        promise: "a killed recall claims nothing",
        how: format!("recall of {ROWS} invitations and {ROWS} edits killed at every counted call; recalled, applied"),
        figure,
        faults,
    }]
}

/// At every call, before it and half way; and after each request, whether it is carried out soon or late.
fn deaths(round: &Round) -> Result<Vec<Death>, String> {
    let (calls, requests) = (calls("")?, calls("only=net")?);
    let step = if round.long { 1 } else { calls.div_ceil(round.times(28, 0).max(1)) };
    let mut deaths = Vec::new();
    for (n, at) in (1..=calls).filter(|n| (n + round.seed).is_multiple_of(step)).enumerate() {
        for way in if round.long { 0..4 } else { n % 4..n % 4 + 1 } {
            let orders = format!("kill={at},torn={}", [0, 50][way % 2]);
            deaths.push(Death { orders, is_late: false, recalls_first: way / 2 == 0 });
        }
    }
    for at in 1..=requests {
        for (is_late, recalls_first) in [(false, false), (false, true), (true, false), (true, true)] {
            deaths.push(Death { orders: format!("only=net,kill={at},torn=100"), is_late, recalls_first });
        }
    }
    Ok(deaths)
}

fn killed(deaths: &[Death]) -> (String, Vec<String>) {
    let results = side_by_side(deaths.len() as u64, 4, |n| {
        let death = &deaths[n as usize];
        death.follow().map_err(|fault| format!("{death:?}: {fault}"))
    });
    let died = results.iter().filter(|result| matches!(result, Ok(Some(_)))).count();
    let unknown: u64 = results.iter().filter_map(|result| result.as_ref().ok().copied().flatten()).sum();
    let faults: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    (format!("{died} deaths, {unknown} left unknown, {} faults", faults.len()), faults)
}

fn prepare() -> Result<(World, Oracle), String> {
    let world = World::in_memory(Settings { rows: ROWS, ..Settings::default() });
    let oracle = Oracle::start();
    for time in [world.settings.date_time, SECOND_TIME] {
        world.write_manifest(time);
        let ended = world.run(world.apply(&oracle));
        if ended.code != Some(0) {
            return Err(format!("an undisturbed apply: {}", ended.brief()));
        }
    }
    Ok((world, oracle))
}

fn recall(world: &World, oracle: &Oracle, orders: Option<&str>) -> Ended {
    let command = world.command(&["recall", "m.yaml", "--base-url", &oracle.base_url(), "--yes"]);
    world.run(match orders {
        Some(orders) => shim::with(world, command, orders),
        None => command,
    })
}

/// How many calls an undisturbed run makes, of those that the orders name.
fn calls(orders: &str) -> Result<u64, String> {
    let (world, oracle) = prepare()?;
    let ended = recall(&world, &oracle, Some(orders));
    let (calls, taken) = (shim::counted(&world).calls, oracle.queue().taken());
    if ended.code == Some(0) && calls > 0 && taken == 2 * ROWS as usize {
        Ok(calls)
    } else {
        Err(format!("{calls} calls, {taken} taken back, {}", ended.brief()))
    }
}

#[derive(Debug)]
struct Death {
    orders: String,
    /// The request of the dead one is carried out when the next one has read the queue.
    is_late: bool,
    recalls_first: bool,
}

impl Death {
    /// What followed: how many were left unknown, or nothing when the run was over before.
    fn follow(&self) -> Result<Option<u64>, String> {
        let (world, oracle) = prepare()?;
        oracle.queue().late(self.is_late);
        let ended = recall(&world, &oracle, Some(&self.orders));
        let died = ended.code.is_none();
        if !died && ended.code != Some(0) {
            return Err(format!("neither killed nor done: {}", ended.brief()));
        }
        if !self.is_late {
            oracle.queue().quiet();
        }
        let mut unknown = 0;
        if self.recalls_first {
            let again = recall(&world, &oracle, None);
            if !matches!(again.code, Some(0 | 1)) {
                return Err(format!("recalled again: {}", again.brief()));
            }
            unknown = counts(&world)?.0;
            if counts(&world)?.1 > 0 {
                return Err(format!("{} accepted after all were recalled", counts(&world)?.1));
            }
        }
        world.settle(&oracle, 2)?;
        oracle.queue().quiet();
        let standing = oracle.queue().standing(&oracle.log());
        let found = tally(&world, &standing)?;
        let mut faults = found.faults();
        faults.extend(wording(&standing, &results(&world)?, SECOND_TIME));
        unknown = unknown.max(found.of("unknown"));
        if unknown > 1 || found.of("accepted") + found.of("unknown") < u64::from(ROWS) {
            faults.push(format!("at the end: {:?}", found.states));
        }
        if faults.is_empty() { Ok(died.then_some(unknown)) } else { Err(faults.join("; ")) }
    }
}
