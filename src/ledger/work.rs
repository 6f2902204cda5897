//! What is to be attempted.
use super::{Cursor, Ledger, LedgerError, Narrow, Work};

impl Ledger {
    /// The next pending messages of an instance, in input order, at most `limit`; none left when it comes back empty.
    pub fn work(
        &self,
        _instance: &str,
        _cursor: &mut Cursor,
        _limit: usize,
        _narrow: &Narrow,
    ) -> Result<Vec<Work>, LedgerError> {
        todo!()
    }
}
