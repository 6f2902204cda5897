//! The hot path.
use super::{Batch, Ledger, LedgerError, Settlement};
use std::path::PathBuf;

impl Ledger {
    /// The number of the last attempt, 0 when there is none: the next intent takes the one after it.
    pub fn last_attempt(&self) -> Result<i64, LedgerError> {
        todo!()
    }

    /// Makes outcomes and intents durable in one transaction, settlements first. After an error the ledger is broken:
    /// the batch's settlements are in the rescue file as far as that could be written, and nothing is written any more.
    pub fn commit(&mut self, _batch: &Batch) -> Result<(), LedgerError> {
        todo!()
    }

    /// After a failed commit: keeps the answers that still come in, in `<ledger>.rescue.jsonl`, synced.
    pub fn rescue(&self, _settlements: &[Settlement]) -> Result<PathBuf, LedgerError> {
        todo!()
    }
}
