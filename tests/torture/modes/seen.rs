//! Whether the shim sees everything: the kernel's own list of calls, by strace, held against the shim's journal.
//!
//! A library that goes around the C library would escape the shim, and with it `points`, `order` and `disk`.

use std::fs;
use std::process::Command;

use crate::oracle::Oracle;
use crate::replay::{Step, read};
use crate::round::{Round, Verdict};
use crate::shim;
use crate::world::{Settings, World};

const CALLS: &str = "trace=write,pwrite64,pwritev,pwritev2,writev,sendto,sendmsg,sendmmsg,sendfile,copy_file_range,\
                     fsync,fdatasync,sync_file_range,msync,fallocate,rename,renameat,renameat2,unlink,unlinkat,link,linkat";

pub(crate) fn run(_: &Round) -> Vec<Verdict> {
    let (figure, faults) = match compare() {
        Ok((figure, faults)) => (figure, faults),
        Err(fault) => (String::new(), vec![fault]),
    };
    let how = "a run of 60 rows under strace, call by call".to_owned();
    vec![Verdict { promise: "the shim sees every call", how, figure, faults }]
}

/// Writes, syncs, renames, removals, requests.
type Counts = [usize; 5];
const NAMES: [&str; 5] = ["writes", "syncs", "renames", "removals", "requests"];

fn compare() -> Result<(String, Vec<String>), String> {
    let world = World::new(Settings { rows: 60, ..Settings::default() });
    let oracle = Oracle::start();
    let (journal, trace) = (world.out("journal"), world.out("trace"));
    let plain = shim::with(&world, world.apply(&oracle), &format!("log={}", journal.display()));
    let mut command = Command::new("strace");
    command.env_clear().current_dir(&world.folder).args(["-f", "-yy", "-s", "64", "-e", CALLS, "-o"]).arg(&trace);
    // The shim is for the binary, not for strace itself.
    for (key, value) in plain.get_envs() {
        if let Some(value) = value {
            command.arg("-E").arg(format!("{}={}", key.to_string_lossy(), value.to_string_lossy()));
        }
    }
    command.env("PATH", "/usr/bin:/bin").arg(plain.get_program()).args(plain.get_args());
    let found = Command::new("strace").arg("-V").output();
    found.map_err(|error| format!("this mode needs strace: {error}"))?;
    let ended = world.run(command);
    if ended.code != Some(0) {
        return Err(format!("under strace: {}", ended.brief()));
    }
    let seen = of_journal(&read(&journal)?);
    let text = fs::read_to_string(&trace).map_err(|error| error.to_string())?;
    let (made, strange) = of_trace(&text, &world.base().display().to_string());
    let mut faults: Vec<String> =
        strange.into_iter().map(|line| format!("a call the shim does not know: {line}")).collect();
    let mut figures = Vec::new();
    for (index, name) in NAMES.iter().enumerate() {
        figures.push(format!("{} of {} {name}", seen[index], made[index]));
        // Small files are put in their places by a library that renames without the C library. Nothing lies between that
        // and the syncs around it, so no moment to die at is missed.
        let is_known = *name == "renames" && seen[index] < made[index];
        if seen[index] != made[index] && !is_known {
            faults.push(format!("{} of {} {name} were seen", seen[index], made[index]));
        }
    }
    Ok((figures.join(", "), faults))
}

fn of_journal(steps: &[Step]) -> Counts {
    let mut counts = Counts::default();
    for step in steps {
        match step {
            Step::Write { .. } => counts[0] += 1,
            Step::Sync { .. } => counts[1] += 1,
            Step::Rename { .. } => counts[2] += 1,
            Step::Unlink { .. } => counts[3] += 1,
            Step::Send { .. } => counts[4] += 1,
            Step::Truncate { .. } => {}
        }
    }
    counts
}

/// The successful calls on the campaign's files and on the network, and those that the shim has no words for.
fn of_trace(text: &str, root: &str) -> (Counts, Vec<String>) {
    let (mut counts, mut strange) = (Counts::default(), Vec::new());
    for line in text.lines() {
        let Some((_, call)) = line.trim_start().split_once(char::is_whitespace) else { continue };
        let name = call.trim_start().split('(').next().unwrap_or_default();
        let is_ours = call.contains(root) && !call.contains("/out/");
        let failed = call.contains(") = -1");
        match name {
            _ if call.contains("<TCP") => counts[4] += usize::from(call.contains("\"POST /instances/")),
            _ if failed || !is_ours => {}
            "write" | "pwrite64" | "writev" => counts[0] += 1,
            "fsync" | "fdatasync" => counts[1] += 1,
            "rename" | "renameat" | "renameat2" => counts[2] += 1,
            "unlink" | "unlinkat" => counts[3] += 1,
            _ => strange.push(call.to_owned()),
        }
    }
    (counts, strange)
}
