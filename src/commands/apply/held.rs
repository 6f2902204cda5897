//! A ledger under its lock. One that this run created is taken away again if the run ends before anything was decided.

use std::path::PathBuf;

use crate::ledger::Ledger;

/// Holds the ledger until the engine takes it, and again afterwards.
pub(super) struct Held {
    ledger: Option<Ledger>,
    path: PathBuf,
    /// Created by this run, and nothing is in it yet.
    is_empty: bool,
}

impl Held {
    pub(super) fn new(ledger: Ledger, is_new: bool) -> Self {
        Self { path: ledger.path().to_owned(), ledger: Some(ledger), is_empty: is_new }
    }

    /// `None` only while, or after, the engine has it.
    pub(super) fn ledger(&mut self) -> Option<&mut Ledger> {
        self.ledger.as_mut()
    }

    /// Something was committed: the ledger stays, whatever happens.
    pub(super) fn keep(&mut self) {
        self.is_empty = false;
    }

    pub(super) fn take(&mut self) -> Option<Ledger> {
        self.ledger.take()
    }

    pub(super) fn put_back(&mut self, ledger: Option<Ledger>) {
        self.ledger = ledger;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.ledger.take());
        if self.is_empty {
            // An empty ledger that cannot be removed does no harm.
            let _ = Ledger::remove(&self.path);
        }
    }
}
