//! Several people who start the same campaign at once, one of them asleep in the middle: never two senders.
//!
//! Each start has an instance token of its own, so the oracle sees who sent what.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use rustix::process::Signal;

use crate::oracle::{Oracle, Reply};
use crate::round::{Round, Verdict, side_by_side};
use crate::tally::tally;
use crate::world::{Ended, Running, Settings, World};

const ROWS: u32 = 30;
const LIMIT: Duration = Duration::from_mins(1);

pub(crate) fn run(round: &Round) -> Vec<Verdict> {
    let rounds = round.times(8, 300);
    let results = side_by_side(rounds, 2, |n| {
        let mut dice = round.dice(n + 3_000);
        let others = dice.u32(1..8);
        let result = if n % 2 == 0 { at_once(others + 1) } else { one_asleep(others) };
        result.map_err(|fault| format!("round {n}, {} starts: {fault}", others + 1))
    });
    let slowest = results.iter().flatten().max().copied().unwrap_or_default();
    let faults: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    vec![Verdict {
        promise: "two operators, one sender",
        how: "2 to 8 starts at once; every other round the holder frozen with SIGSTOP".to_owned(),
        figure: format!(
            "{rounds} rounds, {} with two senders or worse; turned away in {slowest} ms at most",
            faults.len()
        ),
        faults,
    }]
}

fn prepare() -> (World, Oracle) {
    let world = World::new(Settings { rows: ROWS, concurrency: 2, ..Settings::default() });
    let oracle = Oracle::start();
    // Slow enough that every start meets the others.
    oracle.plan(|_| Reply { latency: Duration::from_millis(60), fault: None });
    (world, oracle)
}

fn operator(world: &World, oracle: &Oracle, n: u32) -> Running {
    let mut command = world.apply(oracle);
    command.env("T_TOKEN", format!("OPERATOR{n}"));
    world.start(command)
}

fn at_once(starts: u32) -> Result<u128, String> {
    let (world, oracle) = prepare();
    let running: Vec<Running> = (0..starts).map(|n| operator(&world, &oracle, n)).collect();
    let pids: Vec<u32> = running.iter().map(Running::pid).collect();
    let ended: Vec<Ended> = running.into_iter().map(|running| running.wait(LIMIT)).collect();
    let done: Vec<u32> = pids.iter().zip(&ended).filter(|(_, e)| e.code == Some(0)).map(|(pid, _)| *pid).collect();
    let [holder] = done[..] else {
        return Err(format!(
            "{} of {starts} sent: {}",
            done.len(),
            ended.iter().map(Ended::brief).collect::<Vec<_>>().join(" | ")
        ));
    };
    let slowest = turned_away(ended.iter().filter(|ended| ended.code != Some(0)), holder)?;
    verify(&world, &oracle)?;
    Ok(slowest)
}

fn one_asleep(others: u32) -> Result<u128, String> {
    let (world, oracle) = prepare();
    let holder = operator(&world, &oracle, 0);
    if !oracle.more_than(3, LIMIT) {
        return Err(format!("nothing was sent: {}", holder.kill().brief()));
    }
    holder.signal(Signal::STOP);
    oracle.quiet();
    let asleep = oracle.arrived();
    let running: Vec<Running> = (1..=others).map(|n| operator(&world, &oracle, n)).collect();
    let ended: Vec<Ended> = running.into_iter().map(|running| running.wait(LIMIT)).collect();
    let slowest = turned_away(ended.iter(), holder.pid());
    if oracle.arrived() != asleep {
        return Err("somebody sent while the holder slept".to_owned());
    }
    holder.signal(Signal::CONT);
    let slowest = slowest?;
    let ended = holder.wait(LIMIT);
    if !matches!(ended.code, Some(0 | 1)) {
        return Err(format!("the holder, awake again: {}", ended.brief()));
    }
    verify(&world, &oracle)?;
    Ok(slowest)
}

/// All of these were turned away at once, with exit 4 and words that name the holder's process, host and start.
fn turned_away<'a>(ended: impl Iterator<Item = &'a Ended>, holder: u32) -> Result<u128, String> {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let mut slowest = 0;
    for one in ended {
        let named = one.stderr.contains(&holder.to_string()) && one.stderr.contains(&host);
        let since = one.stderr.contains("20") && one.stderr.contains(':');
        if one.code != Some(4) || !named || !since {
            return Err(format!("turned away without process {holder}, host {host} and start: {}", one.brief()));
        }
        slowest = slowest.max(one.took.as_millis());
    }
    Ok(slowest)
}

fn verify(world: &World, oracle: &Oracle) -> Result<(), String> {
    let log = oracle.log();
    let senders: HashSet<&str> = log.iter().map(|arrival| arrival.token.as_str()).collect();
    let mut per_recipient: HashMap<&str, u32> = HashMap::new();
    for arrival in log.iter() {
        *per_recipient.entry(&arrival.recipient).or_default() += 1;
    }
    let found = tally(world, &log)?;
    let mut faults = found.faults();
    if senders.len() != 1 || per_recipient.len() != ROWS as usize {
        faults.push(format!("{} senders, {} of {ROWS} recipients", senders.len(), per_recipient.len()));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}
