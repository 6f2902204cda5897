//! A ledger under its lock. One that this run created is taken away again if the run ends before anything was decided,
//! and the one that it was to replace goes back.

use std::path::PathBuf;

use crate::ledger::{Aside, Ledger};

/// Holds the ledger until the engine takes it, and again afterwards.
pub(super) struct Held {
    ledger: Option<Ledger>,
    /// Created by this run, and nothing is in it yet.
    is_empty: bool,
    /// What was in its place, with `--new-ledger`.
    aside: Option<Aside>,
}

impl Held {
    pub(super) fn new(ledger: Ledger, aside: Option<Aside>) -> Self {
        Self { is_empty: ledger.is_new(), ledger: Some(ledger), aside }
    }

    /// `None` only while, or after, the engine has it.
    pub(super) fn ledger(&mut self) -> Option<&mut Ledger> {
        self.ledger.as_mut()
    }

    /// Something was committed: the ledger stays, whatever happens. Says where the one is that it replaces.
    pub(super) fn keep(&mut self) -> Option<PathBuf> {
        self.is_empty = false;
        self.aside.take().map(Aside::keep)
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
        if let Some(ledger) = self.ledger.take().filter(|_| self.is_empty) {
            // An empty ledger that cannot be removed does no harm.
            let _ = ledger.discard_if_empty();
        }
    }
}
