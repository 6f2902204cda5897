//! Power loss on a real file system: an ext4 image on a loop device, copied under load, mounted again and applied again.
//!
//! What a process wrote and never synced is in the page cache above the image and not in the image, so a copy of the image
//! is what a power cut leaves: the synced bytes, and whatever the kernel happened to write back. The process is frozen for
//! the copy, and a copy during which the image changed is made again. The test shows that it can fail with syncs of the WAL
//! turned into nothing, which is what `synchronous=NORMAL` makes of them between checkpoints.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;

use super::root::{Mount, system};
use crate::oracle::{Oracle, Reply};
use crate::round::{Round, Verdict};
use crate::shim;
use crate::tally::{results, tally};
use crate::world::{Settings, World};

const ROWS: u32 = 400;
const IMAGE_BYTES: u64 = 24 << 20;

pub(crate) fn run(round: &Round) -> Vec<Verdict> {
    let losses = round.times(6, 30);
    vec![verdict(round, losses, false), verdict(round, losses.div_ceil(5), true)]
}

fn verdict(round: &Round, losses: u64, lying: bool) -> Verdict {
    let (mut twice, mut copied, mut faults) = (0, 0, Vec::new());
    for n in 0..losses {
        match loss(&mut round.dice(n + 500), lying) {
            Ok(count) => {
                twice += count;
                copied += 1;
            }
            // A ledger that cannot be used any more is what the lie leads to as well.
            Err(_) if lying => copied += 1,
            Err(fault) => faults.push(format!("loss {n}: {fault}")),
        }
    }
    match lying {
        false if twice > 0 => faults.push(format!("{twice} recipients were invited twice")),
        true if twice == 0 => faults.push("the test found nothing although the WAL was never synced".to_owned()),
        _ => {}
    }
    Verdict {
        promise: if lying { "the power test can fail" } else { "power loss" },
        how: if lying { "the same, syncs of the WAL do nothing" } else { "image of a loop-mounted ext4 under load" }
            .to_owned(),
        figure: format!("{copied} losses, {twice} duplicates"),
        faults,
    }
}

/// One loss; returns how many were invited both before and after it.
fn loss(dice: &mut fastrand::Rng, lying: bool) -> Result<usize, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (image, copy) = (folder.path().join("image"), folder.path().join("copy"));
    let file = fs::File::create(&image).and_then(|file| file.set_len(IMAGE_BYTES));
    file.map_err(|error| error.to_string())?;
    system("mkfs.ext4", &["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", &image.display().to_string()])?;
    let oracle = Oracle::start();
    let mut answers = fastrand::Rng::with_seed(dice.u64(..));
    oracle.plan(move |_| Reply { latency: Duration::from_micros(answers.u64(0..8_000)), fault: None });
    let settings = Settings { rows: ROWS, concurrency: 4, ..Settings::default() };
    let before: HashSet<String>;
    {
        let mount = Mount::image(&image)?;
        let world = World::at(&mount.at, settings.clone());
        if lying {
            // A ledger that is on disk before the lie begins.
            let mut first = world.apply(&oracle);
            first.args(["--limit", "1"]);
            world.run(first);
        }
        system("sync", &["-f", &mount.at.display().to_string()])?;
        let command = world.apply(&oracle);
        let orders = if lying { "nosync=-wal" } else { "" };
        let mut running = world.start(shim::with(&world, command, orders));
        let enough = dice.usize(1..ROWS as usize * 3 / 4);
        while !running.is_over() && oracle.arrived() < enough {
            thread::sleep(Duration::from_millis(1));
        }
        running.signal(Signal::STOP);
        thread::sleep(Duration::from_millis(20));
        oracle.quiet();
        snapshot(&image, &copy)?;
        before = oracle.log().iter().map(|arrival| arrival.recipient.clone()).collect();
        running.kill();
        shim::counted(&world);
    }
    oracle.quiet();
    let known = oracle.arrived();
    if known > before.len() {
        return Err("requests arrived while the process was frozen".to_owned());
    }
    let mount = Mount::image(&copy)?;
    let world = World::at(&mount.at, settings);
    if lying {
        // It tells that the ledger is older than what was sent, so that nothing would be sent at all.
        let _ = fs::remove_file(world.folder.join("torture.sent.json"));
    }
    world.settle(&oracle, 3)?;
    let found = tally(&world, &oracle.log())?;
    if !lying && (found.lost > 0 || found.called_not_sent > 0 || found.called_accepted > 0) {
        return Err(found.faults().join("; "));
    }
    let unknown = results(&world)?.iter().filter(|row| row.status == "unknown").count();
    if !lying && unknown > world.settings.concurrency as usize {
        return Err(format!("{unknown} unknown after one loss"));
    }
    Ok(oracle.log().iter().skip(known).filter(|arrival| before.contains(&arrival.recipient)).count())
}

/// Copies the image as it is at one moment.
fn snapshot(image: &Path, copy: &Path) -> Result<(), String> {
    let touched = |path: &Path| fs::metadata(path).and_then(|about| about.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    for _ in 0..20 {
        let before = touched(image);
        fs::copy(image, copy).map_err(|error| error.to_string())?;
        if touched(image) == before {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Err("the image never stood still".to_owned())
}
