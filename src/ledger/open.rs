//! Opening a ledger.
use super::{Ledger, LedgerError, Recovered};
use std::path::Path;

/// What a ledger is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is written and the lock is not touched: dry run, plan, status, results.
    Read,
    /// Must exist: resolve, recall. Takes the lock and recovers.
    Write,
    /// Created if there is none: apply. Takes the lock and recovers.
    Create,
}

impl Ledger {
    /// Opens the ledger of a campaign; with [`Mode::Write`] and [`Mode::Create`] under the lock, which the ledger
    /// holds until it is dropped, and with what an earlier run left behind taken in (see [`Ledger::recovered`]).
    ///
    /// Links in the path's folder are followed, the file itself must be none.
    pub fn open(_path: &Path, _campaign: &str, _mode: Mode) -> Result<Self, LedgerError> {
        todo!()
    }

    /// An empty ledger in memory: for a plan without a ledger, and for the simulation.
    pub fn in_memory(_campaign: &str) -> Result<Self, LedgerError> {
        todo!()
    }

    /// Takes in the rescue file and turns open intents into unknown. Done by `open`; the simulation calls it to restart.
    pub fn recover(&mut self) -> Result<Recovered, LedgerError> {
        todo!()
    }

    /// Removes a ledger and what stands beside it (the lock file stays), under its lock: `--sandbox --new-ledger`.
    pub fn remove(_path: &Path) -> Result<(), LedgerError> {
        todo!()
    }
}
