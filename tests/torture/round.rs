//! A round: which modes run, how hard, and the table that comes of it.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::modes::MODES;

/// How hard a round is.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    pub(crate) long: bool,
    pub(crate) seed: u64,
    count: Option<u64>,
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) promise: &'static str,
    pub(crate) how: String,
    pub(crate) figure: String,
    /// Empty when the promise held.
    pub(crate) faults: Vec<String>,
}

/// A mode of the torture.
pub(crate) struct Mode {
    pub(crate) name: &'static str,
    /// Whether the short round has it; the others need root or much time.
    pub(crate) short: bool,
    pub(crate) run: fn(&Round) -> Vec<Verdict>,
}

impl Round {
    /// How often something is done: `--count`, or what suits the round.
    pub(crate) fn times(&self, short: u64, long: u64) -> u64 {
        self.count.unwrap_or(if self.long { long } else { short })
    }

    /// A generator that gives the same numbers for the same round and salt.
    pub(crate) fn dice(&self, salt: u64) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(salt))
    }
}

/// Does `work` for each of `0..count`, a few at a time, and returns what came of each, in order.
pub(crate) fn side_by_side<T: Send>(count: u64, workers: u64, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..workers.min(count) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::SeqCst) as u64;
                    if n >= count {
                        return;
                    }
                    let result = work(n);
                    done.lock().expect("a worker that panics ends the round").push((n, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("a worker that panics ends the round");
    done.sort_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, result)| result).collect()
}

pub(crate) fn run(args: Vec<String>) -> ExitCode {
    let Ok((round, names)) = read(args) else { return ExitCode::from(2) };
    let chosen: Vec<&Mode> = MODES
        .iter()
        .filter(|mode| if names.is_empty() { round.long || mode.short } else { names.iter().any(|n| n == mode.name) })
        .collect();
    println!("{} round, seed {}", if round.long { "long" } else { "short" }, round.seed);
    let mut verdicts = Vec::new();
    for mode in chosen {
        let started = Instant::now();
        let found = (mode.run)(&round);
        println!("{:<10} {:>6.1} s", mode.name, started.elapsed().as_secs_f64());
        verdicts.extend(found);
    }
    table(&verdicts);
    crate::shim::clean();
    let failed = verdicts.iter().filter(|verdict| !verdict.faults.is_empty()).count();
    println!("\n{} passed, {failed} failed", verdicts.len() - failed);
    if failed > 0 {
        println!("repeat with: cargo test --test torture -- --seed {}", round.seed);
    }
    ExitCode::from(u8::from(failed > 0))
}

/// Reads the arguments; those that `cargo test` passes to every target are understood as far as they matter here.
fn read(args: Vec<String>) -> Result<(Round, Vec<String>), ()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_secs());
    let (mut round, mut names) = (Round { long: false, seed: now, count: None }, Vec::new());
    let mut filters = Vec::new();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--long" => round.long = true,
            "--seed" => round.seed = number(&arg, args.next())?,
            "--count" => round.count = Some(number(&arg, args.next())?),
            "--test-threads" | "--format" | "--color" => drop(args.next()),
            other if other.starts_with('-') => {}
            other if MODES.iter().any(|mode| mode.name == other) => names.push(arg),
            _ => filters.push(arg),
        }
    }
    if filters.is_empty() {
        return Ok((round, names));
    }
    if round.long {
        let known: Vec<&str> = MODES.iter().map(|mode| mode.name).collect();
        println!("no mode is called {}; there are: {}", filters.join(", "), known.join(", "));
        return Err(());
    }
    names.extend(filters);
    Ok((round, names))
}

fn number(of: &str, given: Option<String>) -> Result<u64, ()> {
    given.and_then(|text| text.parse().ok()).ok_or_else(|| println!("{of} needs a number"))
}

fn table(verdicts: &[Verdict]) {
    let width =
        |of: fn(&Verdict) -> &str| verdicts.iter().map(|verdict| of(verdict).chars().count()).max().unwrap_or(0);
    let (promise, how, figure) = (width(|v| v.promise), width(|v| &v.how), width(|v| &v.figure));
    println!("\n| {:promise$} | {:how$} | {:figure$} | verdict |", "promise", "how", "figure");
    println!("| {:-<promise$} | {:-<how$} | {:-<figure$} | ------- |", "", "", "");
    for verdict in verdicts {
        let word = if verdict.faults.is_empty() { "held" } else { "BROKEN" };
        println!("| {:promise$} | {:how$} | {:figure$} | {word:7} |", verdict.promise, verdict.how, verdict.figure);
    }
    for verdict in verdicts.iter().filter(|verdict| !verdict.faults.is_empty()) {
        println!("\n{} ({}):", verdict.promise, verdict.how);
        for fault in verdict.faults.iter().take(20) {
            println!("  - {fault}");
        }
        if verdict.faults.len() > 20 {
            println!("  - and {} more", verdict.faults.len() - 20);
        }
    }
}
