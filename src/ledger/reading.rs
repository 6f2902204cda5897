//! Reading.
use super::{Counts, Ledger, LedgerError, NamedRow, Narrow, ResultRow};
use crate::instance::Fingerprint;
use crate::message::State;
use jiff::Timestamp;
use std::sync::Arc;

impl Ledger {
    /// Messages and skipped rows by state.
    pub fn counts(&self, _narrow: &Narrow) -> Result<Counts, LedgerError> {
        todo!()
    }
    /// The same per instance, by the name that the manifest gave it last (rows without an instance left out).
    pub fn instance_counts(&self) -> Result<Vec<(Arc<str>, Counts)>, LedgerError> {
        todo!()
    }
    /// When the ledger last changed; `None` when it never was reconciled.
    pub fn updated_at(&self) -> Result<Option<Timestamp>, LedgerError> {
        todo!()
    }
    /// The names of `results.columns` as of the last apply.
    pub fn columns(&self) -> Result<Vec<String>, LedgerError> {
        todo!()
    }
    /// The first rows in a state, in input order, for the summary.
    pub fn rows_in(&self, _state: State, _limit: usize, _narrow: &Narrow) -> Result<Vec<NamedRow>, LedgerError> {
        todo!()
    }
    /// The commonest errors of rejected, unknown and pending messages, most frequent first.
    pub fn common_errors(&self, _limit: usize, _narrow: &Narrow) -> Result<Vec<(String, u64)>, LedgerError> {
        todo!()
    }
    /// Every row of the results, in the order of the CSV. `E` is the visitor's own error.
    pub fn each_result<E: From<LedgerError>>(
        &self,
        _visit: impl FnMut(&ResultRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        todo!()
    }
    /// By which the quota knows an instance; `None` for a name that the ledger does not know.
    pub fn fingerprint(&self, _instance: &str) -> Result<Option<Fingerprint>, LedgerError> {
        todo!()
    }
    /// Accepted, unknown and open attempts of an instance that were started in `from..to`: what counts for a day's limit.
    pub fn sent_between(&self, _instance: &Fingerprint, _from: Timestamp, _to: Timestamp) -> Result<u64, LedgerError> {
        todo!()
    }
    /// Who runs with this ledger now.
    pub fn running(&self) -> Option<super::Holder> {
        super::lock::running(&self.path)
    }
}
