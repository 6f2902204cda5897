//! The time was wrong: every recipient must end with the new one, however often the edit is killed, and nobody is invited
//! a second time.

use std::thread;
use std::time::Duration;

use crate::oracle::{Oracle, Reply};
use crate::round::{Round, Verdict};
use crate::tally::{results, tally, wording};
use crate::world::{SECOND_TIME, Settings, World};

pub(crate) fn run(round: &Round) -> Vec<Verdict> {
    let kills = round.times(6, 50);
    let rows = if round.long { 812 } else { 120 };
    let (figure, faults) = match edited(round, rows, kills) {
        Ok(figure) => (figure, Vec::new()),
        Err(fault) => (String::new(), vec![fault]),
    };
    vec![Verdict {
        promise: "an edit reaches everybody, nobody twice",
        how: format!("{rows} accepted, the time changed, killed in the middle"),
        figure,
        faults,
    }]
}

fn edited(round: &Round, rows: u32, wanted: u64) -> Result<String, String> {
    let mut dice = round.dice(5_000);
    let world = World::new(Settings { rows, concurrency: 4, ..Settings::default() });
    let oracle = Oracle::start();
    world.settle(&oracle, 1)?;
    let invited = oracle.arrived();
    world.write_manifest(SECOND_TIME);
    let mut answers = round.dice(5_001);
    oracle.plan(move |_| Reply { latency: Duration::from_millis(answers.u64(2..12)), fault: None });
    let mut kills = 0;
    while kills < wanted {
        let before = oracle.arrived();
        let mut running = world.start(world.apply(&oracle));
        while !running.is_over() && oracle.arrived() == before {
            thread::sleep(Duration::from_micros(300));
        }
        // Short enough that something is left to be edited for every kill that is wanted.
        thread::sleep(Duration::from_micros(dice.u64(0..u64::from(rows) * 1_000 / wanted.max(1))));
        if running.is_over() {
            break;
        }
        running.kill();
        kills += 1;
    }
    oracle.quiet();
    world.settle(&oracle, 3)?;
    let sent = oracle.arrived();
    let again = world.run(world.apply(&oracle));
    let found = tally(&world, &oracle.log())?;
    let mut faults = found.faults();
    faults.extend(wording(&oracle.log(), &results(&world)?, SECOND_TIME));
    if again.code != Some(0) || oracle.arrived() != sent {
        faults.push(format!("one more apply sent {}: {}", oracle.arrived() - sent, again.brief()));
    }
    if found.of("accepted") != u64::from(rows) || kills == 0 {
        faults.push(format!("{kills} kills, {:?}", found.states));
    }
    let edits = oracle.log().iter().filter(|arrival| arrival.edit).count();
    let figure = format!("{kills} kills, {edits} edits, {} invitations for {rows} groups", sent - edits);
    if faults.is_empty() && invited == rows as usize {
        Ok(figure)
    } else {
        Err(format!("{figure}: {}", faults.join("; ")))
    }
}
