//! Which message is being taken out of Z-API's queue at this moment: beside the ledger, on disk before the request leaves.
//!
//! A recall that is killed between the service's answer and the ledger's commit would else leave a message that counts
//! as accepted and is in nobody's queue. One name in one file is enough, since messages are taken back one by one.
//! Knows no SQL.

use std::path::PathBuf;

use super::file::{Durable, beside, refuse_links, replace};
use super::{Ledger, LedgerError, Queued};

pub(super) const SUFFIX: &str = ".recalling";

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

    fn recalling_path(&self) -> PathBuf {
        beside(&self.path, SUFFIX)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ledger::Mode;
    use crate::ledger::testing::{Manifest, accepted, body, row, send, spool};

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
        let ledger = open(&path);
        assert_eq!(ledger.left_recalling().unwrap(), Some(queued.zaap_id));
        ledger.end_recall().unwrap();
        ledger.end_recall().unwrap();
        assert_eq!(ledger.left_recalling().unwrap(), None);
    }
}
