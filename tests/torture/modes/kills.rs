//! SIGKILL at random moments, and another start, until every message has its state.

use std::thread;
use std::time::Duration;

use crate::oracle::{Oracle, Reply};
use crate::round::{Round, Verdict, side_by_side};
use crate::tally::{Tally, counts, tally};
use crate::world::{Settings, World};

const ROWS: u32 = 300;
const CONCURRENCIES: [u32; 4] = [1, 4, 8, 32];
/// Kills in one campaign; what is left of it then goes through undisturbed.
const KILLS_PER_WORLD: u64 = 40;

/// What one campaign went through.
#[derive(Default)]
struct Ordeal {
    kills: u64,
    starts: u64,
    unknowns: u64,
    /// By concurrency: the largest number of messages that a single crash made unknown.
    worst: [u64; CONCURRENCIES.len()],
    sum: Tally,
    faults: Vec<String>,
}

pub(crate) fn run(round: &Round) -> Vec<Verdict> {
    let wanted = round.times(30, 10_000);
    let (mut total, mut first) = (Ordeal::default(), 0);
    while total.kills < wanted && total.faults.is_empty() {
        let worlds = (wanted - total.kills).div_ceil(KILLS_PER_WORLD).clamp(4, 24);
        let kills = (wanted - total.kills).div_ceil(worlds);
        for ordeal in side_by_side(worlds, 3, |n| campaign(round, first + n, kills.min(KILLS_PER_WORLD))) {
            total.add(ordeal);
        }
        first += worlds;
    }
    let how = format!("SIGKILL at random moments, restart until done: {} starts, {} campaigns", total.starts, first);
    let Tally { duplicates, lost, .. } = total.sum;
    let figure = format!("{} kills, {duplicates} duplicates, {lost} rows without a state", total.kills);
    let seen: Vec<String> =
        CONCURRENCIES.iter().zip(total.worst).map(|(cap, worst)| format!("{worst} of {cap}")).collect();
    let above: Vec<String> = CONCURRENCIES
        .iter()
        .zip(total.worst)
        .filter(|(cap, worst)| *worst > u64::from(**cap))
        .map(|(cap, worst)| format!("{worst} unknown after one crash, the cap is {cap}"))
        .collect();
    vec![
        Verdict { promise: "no recipient twice, none lost", how, figure, faults: total.faults },
        Verdict {
            promise: "at most `concurrency` unknowns a crash",
            how: "the same runs, counted after every kill".to_owned(),
            figure: format!("largest {}; {} unknown in all", seen.join(", "), total.unknowns),
            faults: above,
        },
    ]
}

impl Ordeal {
    fn add(&mut self, other: Self) {
        self.kills += other.kills;
        self.starts += other.starts;
        self.unknowns += other.unknowns;
        for (worst, seen) in self.worst.iter_mut().zip(other.worst) {
            *worst = seen.max(*worst);
        }
        self.sum.duplicates += other.sum.duplicates;
        self.sum.lost += other.sum.lost;
        self.faults.extend(other.faults);
    }
}

fn campaign(round: &Round, n: u64, kills: u64) -> Ordeal {
    let mut dice = round.dice(n);
    let which = (n as usize) % CONCURRENCIES.len();
    let instances = 1 + dice.u32(0..3);
    let world =
        World::new(Settings { rows: ROWS, concurrency: CONCURRENCIES[which], instances, ..Settings::default() });
    let oracle = Oracle::start();
    let (slowest, mut answers) = (dice.u64(1..25), round.dice(!n));
    oracle.plan(move |_| Reply { latency: Duration::from_millis(answers.u64(0..slowest)), fault: None });
    let mut ordeal = Ordeal::default();
    if let Err(fault) = torment(&world, &oracle, &mut dice, kills, &mut ordeal, which) {
        ordeal.faults.push(format!("campaign {n}: {fault}"));
    }
    ordeal
}

fn torment(
    world: &World,
    oracle: &Oracle,
    dice: &mut fastrand::Rng,
    kills: u64,
    ordeal: &mut Ordeal,
    which: usize,
) -> Result<(), String> {
    let mut before = 0;
    while ordeal.kills < kills {
        ordeal.starts += 1;
        let seen = oracle.arrived();
        let mut running = world.start(world.apply(oracle));
        if dice.u8(0..4) > 0 {
            while !running.is_over() && oracle.arrived() == seen {
                thread::sleep(Duration::from_micros(200));
            }
            thread::sleep(Duration::from_micros(dice.u64(0..60_000)));
        } else {
            thread::sleep(Duration::from_micros(dice.u64(0..150_000)));
        }
        if running.is_over() {
            let ended = running.wait(Duration::ZERO);
            if !matches!(ended.code, Some(0 | 1)) {
                return Err(ended.brief());
            }
            break;
        }
        running.kill();
        ordeal.kills += 1;
        let (unknown, _) = counts(world)?;
        ordeal.worst[which] = ordeal.worst[which].max(unknown.saturating_sub(before));
        before = unknown.max(before);
    }
    ordeal.starts += 1;
    world.settle(oracle, 3)?;
    let found = tally(world, &oracle.log())?;
    ordeal.unknowns += found.of("unknown");
    ordeal.faults.extend(found.faults());
    if found.of("accepted") + found.of("unknown") != u64::from(ROWS) {
        ordeal.faults.push(format!("not all {ROWS} rows are accepted or unknown: {:?}", found.states));
    }
    ordeal.sum = found;
    Ok(())
}
