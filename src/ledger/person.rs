//! What people decide.
use super::{Ledger, LedgerError, Queued, UnknownMessage, Verdict};
use jiff::Timestamp;
use std::collections::HashSet;

impl Ledger {
    /// The unknown messages that a text names: an address, an identity or a label; of one event when that is given.
    pub fn find_unknown(
        &self,
        _text: &str,
        _identity: Option<&str>,
        _event: Option<&str>,
    ) -> Result<Vec<UnknownMessage>, LedgerError> {
        todo!()
    }
    /// `resolve`: a person's word about an unknown message.
    pub fn resolve(&mut self, _message: i64, _verdict: &Verdict, _at: Timestamp) -> Result<(), LedgerError> {
        todo!()
    }
    /// Which of these zaap ids, as found in Z-API's queue, are accepted attempts of ours.
    pub fn queued(&self, _zaap_ids: &HashSet<String>) -> Result<Vec<Queued>, LedgerError> {
        todo!()
    }
    /// Taken back from Z-API's queue: the message is pending again.
    pub fn recall(&mut self, _queued: &Queued, _at: Timestamp) -> Result<(), LedgerError> {
        todo!()
    }
}
