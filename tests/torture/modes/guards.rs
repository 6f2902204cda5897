//! The ledger or its log is deleted, replaced or moved away under a run, or is not there at the next one: nothing more is
//! sent, and nobody is invited again.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::oracle::{Oracle, Reply};
use crate::round::{Round, Verdict, side_by_side};
use crate::tally::duplicates;
use crate::world::{Settings, World};

const ROWS: u32 = 300;
const LIMIT: Duration = Duration::from_secs(30);

/// What is done to the files of a campaign that runs, and whether the ledger is missing afterwards.
struct Harm {
    name: &'static str,
    is_missing: bool,
    does: fn(&Path) -> std::io::Result<()>,
}

const HARMS: [Harm; 9] = [
    Harm { name: "ledger deleted", is_missing: true, does: |ledger| fs::remove_file(ledger) },
    Harm { name: "ledger moved away", is_missing: true, does: |ledger| fs::rename(ledger, with(ledger, ".old")) },
    Harm {
        name: "ledger replaced by a copy",
        is_missing: false,
        does: |ledger| {
            fs::copy(ledger, with(ledger, ".copy"))?;
            fs::rename(with(ledger, ".copy"), ledger)
        },
    },
    Harm {
        name: "ledger replaced by a link",
        is_missing: false,
        does: |ledger| {
            fs::rename(ledger, with(ledger, ".old"))?;
            std::os::unix::fs::symlink(with(ledger, ".old"), ledger)
        },
    },
    Harm { name: "lock deleted", is_missing: false, does: |ledger| fs::remove_file(with(ledger, ".lock")) },
    Harm { name: "log deleted", is_missing: false, does: |ledger| fs::remove_file(with(ledger, "-wal")) },
    Harm {
        name: "log replaced by a copy",
        is_missing: false,
        does: |ledger| {
            fs::copy(with(ledger, "-wal"), with(ledger, ".copy"))?;
            fs::rename(with(ledger, ".copy"), with(ledger, "-wal"))
        },
    },
    Harm {
        name: "log cut short",
        is_missing: false,
        does: |ledger| fs::OpenOptions::new().write(true).open(with(ledger, "-wal"))?.set_len(0),
    },
    Harm {
        name: "all of it deleted",
        is_missing: true,
        does: |ledger| {
            [".lock", "-wal", "-shm", ""].iter().try_for_each(|suffix| fs::remove_file(with(ledger, suffix)))
        },
    },
];

fn with(ledger: &Path, suffix: &str) -> std::path::PathBuf {
    format!("{}{suffix}", ledger.display()).into()
}

pub(crate) fn run(round: &Round) -> Vec<Verdict> {
    let cases = round.times(HARMS.len() as u64, 10 * HARMS.len() as u64);
    let results = side_by_side(cases, 3, |n| {
        let harm = &HARMS[n as usize % HARMS.len()];
        suffer(harm, round.dice(n + 6_000)).map_err(|fault| format!("{}: {fault}", harm.name))
    });
    let most = results.iter().flatten().max().copied().unwrap_or(0);
    let faults: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    vec![Verdict {
        promise: "a ledger that is gone stops the run",
        how: "deleted, moved, replaced or linked while sending, or its log; then applied again".to_owned(),
        figure: format!("{cases} times, at most {most} requests afterwards, {} faults", faults.len()),
        faults,
    }]
}

/// How many requests arrived after the harm was done.
fn suffer(harm: &Harm, mut dice: fastrand::Rng) -> Result<usize, String> {
    let world = World::new(Settings { rows: ROWS, ..Settings::default() });
    let oracle = Oracle::start();
    oracle.plan(|n| Reply { latency: Duration::from_millis(8 + n % 5), fault: None });
    let running = world.start(world.apply(&oracle));
    oracle.more_than(dice.usize(2..80), LIMIT);
    (harm.does)(&world.ledger()).map_err(|error| format!("the harm could not be done: {error}"))?;
    let at_harm = oracle.arrived();
    let ended = running.wait(LIMIT);
    oracle.quiet();
    let afterwards = oracle.arrived() - at_harm;
    // Those in flight, those whose intent was on disk, and those of a commit that was under way.
    let allowed = 3 * world.settings.concurrency as usize;
    if ended.code != Some(4) || afterwards > allowed {
        return Err(format!("{afterwards} requests afterwards, {}", ended.brief()));
    }
    let before = oracle.arrived();
    let again = world.run(world.apply(&oracle));
    if harm.is_missing && (again.code != Some(4) || oracle.arrived() != before) {
        return Err(format!("without its ledger {} were sent: {}", oracle.arrived() - before, again.brief()));
    }
    match duplicates(&oracle.log()) {
        0 => Ok(afterwards),
        twice => Err(format!("{twice} recipients invited twice when applied again: {}", again.brief())),
    }
}
