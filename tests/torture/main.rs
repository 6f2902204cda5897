//! The torture program: runs the real binary against an oracle outside its process, breaks everything that can break, and
//! prints one table of what was promised and what was seen. `docs/reliability.md` says how to read it.
//!
//! `cargo test` runs the short round. `cargo test --release --test torture -- --long [MODE ...]` runs the long one;
//! `--count N` sets how many kills, faults or rounds a mode makes, `--seed N` repeats the choices of an earlier round.
//! A fault of the torture itself (no compiler, no room) falls over loudly, hence the `expect`s.
#![allow(clippy::print_stdout, clippy::cast_possible_truncation, clippy::format_push_string, clippy::format_collect)]

#[cfg(target_os = "linux")]
mod faults;
#[cfg(target_os = "linux")]
mod http;
#[cfg(target_os = "linux")]
mod modes;
#[cfg(target_os = "linux")]
mod oracle;
#[cfg(target_os = "linux")]
mod queue;
#[cfg(target_os = "linux")]
mod replay;
#[cfg(target_os = "linux")]
mod round;
#[cfg(target_os = "linux")]
mod shim;
#[cfg(target_os = "linux")]
mod tally;
#[cfg(target_os = "linux")]
mod world;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    round::run(std::env::args().skip(1).collect())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("The torture program needs Linux; nothing was tested here.");
}
