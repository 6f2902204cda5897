//! The shell around the state machine: carries its commands out under tokio and brings it what happens.
//!
//! One foreground loop over signals, answers, the ledger's thread and the clock. Decides nothing.

use super::command::FleetOptions;
use super::event::{Event, LaneEnd, RunEnd, Tally};
use super::stop::StopSignal;
use crate::gateway::Gateway;
use crate::ledger::{Ledger, Narrow};
use crate::quota::Quota;

/// What a run is given.
#[derive(Debug)]
pub struct RunOptions {
    pub fleet: FleetOptions,
    /// `--only` and `--to`.
    pub narrow: Narrow,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// For results and summary; gone only when it still hung when a second signal ended the run.
    pub ledger: Option<Ledger>,
    pub run: RunEnd,
    /// One for each of [`FleetOptions::lanes`].
    pub lanes: Vec<LaneEnd>,
    pub tally: Tally,
}

/// Attempts everything that is pending and selected, and comes back when every lane has ended or the run was stopped.
///
/// Preflight is the caller's; so is everything that people see: `events` is told what happens. Without `quota` nothing
/// is counted and no daily limit holds (the sandbox). Has to run on a current-thread runtime with time and IO enabled.
pub async fn run(
    _options: RunOptions,
    _ledger: Ledger,
    _gateway: &Gateway,
    _quota: Option<Quota>,
    _stop: StopSignal,
    _events: tokio::sync::mpsc::Sender<Event>,
) -> Ended {
    todo!()
}
