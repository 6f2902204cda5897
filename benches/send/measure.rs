//! Runs a program to its end and says what that took: time, CPU, and the most memory it ever had.
//!
//! Reads `/proc`, so Linux only. CPU counts in steps of 10 ms, as the kernel tells it; it includes every thread, and
//! children that were waited for.

use std::fs;
use std::io;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

const LOOK_EVERY: Duration = Duration::from_millis(10);
/// What `sysconf(_SC_CLK_TCK)` says on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a program took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    pub(crate) wall: Duration,
    pub(crate) cpu_s: f64,
    pub(crate) peak_mib: f64,
    pub(crate) status: ExitStatus,
}

/// Runs it; its memory is looked at from a second thread while this one waits.
pub(crate) fn run(command: &mut Command) -> io::Result<Took> {
    let started = Instant::now();
    let mut child = command.spawn()?;
    let id = child.id();
    let is_over = AtomicBool::new(false);
    let (wall, cpu_s, peak_kib) = thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut peak_kib = 0;
            while !is_over.load(Ordering::Relaxed) {
                peak_kib = peak_kib.max(peak(id).unwrap_or(0));
                thread::park_timeout(LOOK_EVERY);
            }
            peak_kib
        });
        let pid = Pid::from_raw(i32::try_from(id).unwrap_or(0));
        let waited = pid.map(|pid| waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT));
        let wall = started.elapsed();
        // It has ended and is not buried yet: now its CPU can still be read.
        let cpu_s = cpu(id).unwrap_or(0.0);
        is_over.store(true, Ordering::Relaxed);
        watching.thread().unpark();
        let _ = waited;
        (wall, cpu_s, watching.join().unwrap_or(0))
    });
    let status = child.wait()?;
    #[allow(clippy::cast_precision_loss)] // kibibytes of memory
    Ok(Took { wall, cpu_s, peak_mib: peak_kib as f64 / 1024.0, status })
}

/// CPU seconds of a process and of its children that were waited for.
fn cpu(id: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name may hold anything but ends with the last bracket; user and system time are the 12th to 15th after it.
    let fields = stat.rsplit_once(')')?.1.split_whitespace();
    let ticks: f64 = fields.skip(11).take(4).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    Some(ticks / TICKS_PER_SECOND)
}

/// The most memory that it had so far, in KiB.
fn peak(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
