//! Carries out what the ledger holds: who may send when, what an outcome means for the next message, when to stop.
//!
//! The decisions are a synchronous state machine without I/O ([`fleet`] over its lanes: input and now in, commands
//! out), so that the same code runs under tokio ([`run()`]) and under the simulation with virtual time. Talks to the
//! ledger (on a thread of its own), the gateway and the quota. Never prints, never reads the manifest, never retries
//! within one attempt.

mod allowance;
pub mod command;
mod dispatch;
#[cfg(test)]
mod drill;
#[cfg(test)]
mod drills;
#[cfg(test)]
mod drills_limits;
pub mod event;
pub mod fleet;
mod gate;
mod lane;
mod ledger_thread;
mod outbox;
pub mod pace;
pub mod retry;
#[cfg(test)]
mod rhythm;
pub mod run;
mod settle;
pub mod stop;
pub mod window;

pub use command::{FleetOptions, LaneSpec, Patience};
pub use event::{Event, LaneEnd, RunEnd, Tally, Why};
pub use run::{Ended, RunOptions, run};
pub use stop::{Audience, Signal, StopSignal, hangup_is_ignored};
