//! The order of sends and syncs, read from a journal of every call, and the disk as power cuts would have left it.
//!
//! What is judged is only what people can see: the files as they were safe on disk when a request left are laid out anew,
//! and `results` must call its recipient unknown or accepted. Nothing here knows the ledger's tables.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::oracle::{Oracle, Reply};
use crate::replay::{Disk, Step, read};
use crate::round::{Round, Verdict, side_by_side};
use crate::shim;
use crate::tally::{parse, results};
use crate::world::{Settings, World};

pub(crate) fn run(round: &Round) -> Vec<Verdict> {
    let cuts = round.times(16, 400);
    match journal(round.times(40, 400).min(1_000) as u32) {
        Ok((world, steps)) => vec![
            order(&world, &steps),
            power(round, &world, &steps, cuts, None),
            power(round, &world, &steps, cuts, Some("-wal")),
        ],
        Err(fault) => vec![Verdict {
            promise: ORDER,
            how: "order of send and sync".to_owned(),
            figure: "no journal".to_owned(),
            faults: vec![fault],
        }],
    }
}

const ORDER: &str = "no byte before its intent is on disk";

/// A whole undisturbed campaign, every call of it on record.
fn journal(rows: u32) -> Result<(World, Vec<Step>), String> {
    let world = World::new(Settings { rows, ..Settings::default() });
    let oracle = Oracle::start();
    oracle.plan(|n| Reply { latency: Duration::from_micros(n % 7 * 500), fault: None });
    let path = world.out("journal");
    let ended = world.run(shim::with(&world, world.apply(&oracle), &format!("log={}", path.display())));
    shim::counted(&world);
    let steps = read(&path);
    let _ = fs::remove_file(&path);
    if ended.code == Some(0) { Ok((world, steps?)) } else { Err(format!("an undisturbed apply: {}", ended.brief())) }
}

/// What `results` says of each recipient about the files that are safe on this disk.
fn stated(disk: &Disk, world: &World) -> Result<HashMap<String, String>, String> {
    let copy = World::in_memory(world.settings.clone());
    disk.restore(&world.folder, &copy.folder).map_err(|error| error.to_string())?;
    if !copy.ledger().exists() {
        return Ok(HashMap::new());
    }
    let ended = copy.run(copy.command(&["results", "m.yaml"]));
    let rows = parse(ended.stdout.as_bytes()).map_err(|fault| format!("{fault}; {}", ended.brief()))?;
    Ok(rows.into_iter().map(|row| (row.recipient, row.status)).collect())
}

fn order(world: &World, steps: &[Step]) -> Verdict {
    let (mut disk, mut faults, mut sends) = (Disk::default(), Vec::new(), 0);
    let mut by_state: BTreeMap<u64, HashMap<String, String>> = BTreeMap::new();
    for step in steps {
        if let Step::Send { recipient, edit: false } = step {
            sends += 1;
            let state = match by_state.entry(disk.syncs) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(new) => new.insert(match stated(&disk, world) {
                    Ok(state) => state,
                    Err(fault) => {
                        faults.push(format!("the ledger as it was on disk when {recipient} was sent to: {fault}"));
                        HashMap::new()
                    }
                }),
            };
            if !matches!(state.get(recipient).map(String::as_str), Some("unknown" | "accepted")) {
                faults.push(format!("{recipient} was sent to while the disk held {:?} of it", state.get(recipient)));
            }
        }
        disk.step(step, None);
    }
    if sends != u64::from(world.settings.rows) {
        faults.push(format!("{sends} sends in the journal, {} rows", world.settings.rows));
    }
    Verdict {
        promise: ORDER,
        how: "the disk's content at every send, as last synced".to_owned(),
        figure: format!("{sends} sends over {} states of the disk, {} too early", by_state.len(), faults.len()),
        faults,
    }
}

/// Cuts the power at random calls: only what was synced survives. Where syncs of `lying` files do nothing, the harness
/// must find duplicates: that shows that it can.
fn power(round: &Round, world: &World, steps: &[Step], cuts: u64, lying: Option<&str>) -> Verdict {
    let sends: Vec<usize> = (0..steps.len()).filter(|at| matches!(steps[*at], Step::Send { .. })).collect();
    let losses = side_by_side(cuts, 4, |n| {
        let mut dice = round.dice(n + 77);
        // Three of four cuts fall where requests leave; the others anywhere, creation of the ledger included.
        let at = if n % 4 == 0 { dice.usize(0..steps.len()) } else { sends[dice.usize(0..sends.len())] + 1 };
        cut(world, &steps[..at], lying).map_err(|fault| format!("cut after call {at}: {fault}"))
    });
    let twice: usize = losses.iter().flatten().sum();
    let failed = losses.iter().filter_map(|loss| loss.clone().err());
    let mut faults: Vec<String> = if lying.is_some() { Vec::new() } else { failed.collect() };
    match lying {
        None if twice > 0 => faults.push(format!("{twice} recipients were invited twice")),
        Some(_) if twice == 0 => faults.push("the test found nothing although the WAL was never synced".to_owned()),
        _ => {}
    }
    let (promise, how) = match lying {
        None => ("power loss (model)", "only synced bytes survive; re-applied"),
        Some(_) => ("the power test can fail", "the same, syncs of the WAL ignored (as with NORMAL)"),
    };
    Verdict { promise, how: how.to_owned(), figure: format!("{cuts} losses, {twice} duplicates"), faults }
}

/// Applies again after a loss; returns how many were invited both before and after it.
fn cut(world: &World, before: &[Step], lying: Option<&str>) -> Result<usize, String> {
    let mut disk = Disk::default();
    let mut invited = HashSet::new();
    for step in before {
        disk.step(step, lying);
        if let Step::Send { recipient, edit: false } = step {
            invited.insert(recipient.as_str());
        }
    }
    let next = World::in_memory(world.settings.clone());
    disk.restore(&world.folder, &next.folder).map_err(|error| error.to_string())?;
    let state = Path::new("state");
    let (from, to) = (world.base().join(state), next.base().join(state));
    disk.restore(&from, &to).map_err(|error| error.to_string())?;
    let oracle = Oracle::start();
    match next.settle(&oracle, 3) {
        Ok(_) => {}
        // The note beside a missing ledger asks for a person; nothing may have been sent before it then.
        Err(_) if !next.ledger().exists() && invited.is_empty() => return Ok(0),
        Err(fault) => return Err(fault),
    }
    let after: HashSet<String> = oracle.log().iter().map(|arrival| arrival.recipient.clone()).collect();
    // Whose intent was on disk although the power went before the request left is unknown: reported, never lost.
    let never = |to: &str| !invited.contains(to) && !after.contains(to);
    let rows = results(&next)?;
    let lost = rows.iter().filter(|row| never(&row.recipient) && row.status != "unknown").count();
    if lost > 0 && lying.is_none() {
        return Err(format!("{lost} recipients were never invited and are not called unknown"));
    }
    Ok(invited.iter().filter(|to| after.contains(**to)).count())
}
