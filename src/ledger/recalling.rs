//! Which message is being taken out of Z-API's queue at this moment: beside the ledger, on disk before the request leaves.
//!
//! A recall that is killed between the service's answer and the ledger's commit would else leave a message that counts
//! as accepted and is in nobody's queue. One name in one file is enough, since messages are taken back one by one.
//! Knows no SQL.

use std::collections::HashSet;
use std::path::PathBuf;

use jiff::Timestamp;

use super::file::{Durable, beside, refuse_links, replace};
use super::{Ledger, LedgerError, Queued};

pub(super) const SUFFIX: &str = ".recalling";

/// What a message says whose recall died while its request was under way.
pub const KILLED: &str = "its recall is in doubt: it was killed while it took this back";

impl Ledger {
    /// Before the request that takes a message back. Durable when this returns.
    pub fn begin_recall(&self, queued: &Queued) -> Result<(), LedgerError> {
        let path = self.recalling_path();
        refuse_links(&path)?;
        replace(&path, queued.zaap_id.as_bytes(), Durable::Yes).map_err(|error| LedgerError::Io { path, error })
    }

    /// What came of it is known, and is on record.
    pub fn end_recall(&self) -> Result<(), LedgerError> {
        let path = self.recalling_path();
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(LedgerError::Io { path, error }),
            _ => Ok(()),
        }
    }

    /// The zaap id of the message that a recall was taking back when it was killed.
    pub fn left_recalling(&self) -> Result<Option<String>, LedgerError> {
        let path = self.recalling_path();
        match std::fs::read_to_string(&path) {
            Ok(zaap_id) => Ok(Some(zaap_id)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LedgerError::Io { path, error }),
        }
    }

    /// What a recall was taking back when it was killed is in doubt from now on: an invitation is unknown, an edit is made
    /// again. Nothing where the commit had come first.
    pub fn settle_recalling(&mut self, at: Timestamp) -> Result<Vec<Queued>, LedgerError> {
        let Some(zaap_id) = self.left_recalling()? else { return Ok(Vec::new()) };
        let found = self.queued(&HashSet::from([zaap_id]))?;
        for queued in &found {
            self.doubt(queued, KILLED, at)?;
        }
        self.end_recall()?;
        Ok(found)
    }

    fn recalling_path(&self) -> PathBuf {
        beside(&self.path, SUFFIX)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ledger::Mode;
    use crate::ledger::testing::{Manifest, accepted, at, body, row, send, spool, states};
    use crate::message::State;

    #[test]
    fn what_was_being_taken_back_is_known_after_a_kill() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.ledger.db");
        let open = |path: &Path| Ledger::open(path, "c", Mode::Create).unwrap();
        let mut ledger = open(&path);
        Manifest::default().reconcile(&mut ledger, &spool([row("1-group", &body("Launch", 19))]));
        send(&mut ledger, accepted);
        let mut zaap_ids = std::collections::HashSet::new();
        ledger
            .each_result(|row| {
                zaap_ids.extend(row.zaap_id.map(str::to_owned));
                Ok::<_, LedgerError>(())
            })
            .unwrap();
        let queued = ledger.queued(&zaap_ids).unwrap().remove(0);
        assert_eq!(ledger.left_recalling().unwrap(), None);
        ledger.begin_recall(&queued).unwrap();
        drop(ledger);
        let mut ledger = open(&path);
        assert_eq!(ledger.left_recalling().unwrap().as_ref(), Some(&queued.zaap_id));
        assert_eq!(ledger.settle_recalling(at(9)).unwrap(), [queued]);
        assert_eq!(states(&ledger)[0].1, State::Unknown);
        assert_eq!(ledger.left_recalling().unwrap(), None);
        assert_eq!(ledger.settle_recalling(at(9)).unwrap(), []);
        ledger.end_recall().unwrap();
    }
}
