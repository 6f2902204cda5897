//! Which messages a recall has in hand: it asked for them to be taken out of Z-API's queue, and nobody knows what came of it.
//! Beside the ledger, on disk before each request leaves.
//!
//! A recall that is killed between the service's answer and the ledger's commit, or a request that is carried out long
//! after it was given up, would else leave a message that counts as accepted and is in nobody's queue. Messages are taken
//! back one by one, so that there are few names in the file, one a line. Knows no SQL.

use std::collections::HashSet;
use std::path::PathBuf;

use jiff::Timestamp;

use super::file::{Durable, beside, refuse_links, replace};
use super::person::decided;
use super::whole::say_recalling;
use super::{Ledger, LedgerError, Queued};

pub(super) const SUFFIX: &str = ".recalling";

/// What a message says that a recall had in hand at its end, and that is seen no more.
pub const BROKEN_OFF: &str = "its recall is in doubt: it broke off while it took this back";

impl Ledger {
    /// Before anything is taken back: however this ends, the ledger needs what is in hand beside it, and the note of what was
    /// sent tells it from an older copy.
    pub fn begin_recall(&mut self, at: Timestamp) -> Result<(), LedgerError> {
        self.writable()?;
        let left = self.left_recalling()?;
        self.keep_recalling(left.iter().map(String::as_str))?;
        self.transaction(|connection| {
            say_recalling(connection, true)?;
            decided(connection, at)
        })
    }

    /// Before each request that takes a message back, and where it breaks off: all zaap ids that are in doubt should no more
    /// be heard. Durable when this returns.
    pub fn keep_recalling<'a>(&self, zaap_ids: impl IntoIterator<Item = &'a str>) -> Result<(), LedgerError> {
        let path = self.recalling_path();
        refuse_links(&path)?;
        let lines: String = zaap_ids.into_iter().flat_map(|zaap_id| [zaap_id, "\n"]).collect();
        replace(&path, lines.as_bytes(), Durable::Yes).map_err(|error| LedgerError::Io { path, error })
    }

    /// What came of each is on record: nothing is needed beside the ledger any more.
    pub fn end_recalling(&self) -> Result<(), LedgerError> {
        say_recalling(&self.connection, false).map_err(|error| self.failed(error))?;
        let path = self.recalling_path();
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(LedgerError::Io { path, error }),
            _ => Ok(()),
        }
    }

    /// The zaap ids of what a recall had in hand when it ended.
    pub fn left_recalling(&self) -> Result<Vec<String>, LedgerError> {
        let path = self.recalling_path();
        match std::fs::read_to_string(&path) {
            Ok(lines) => Ok(lines.lines().map(str::to_owned).collect()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(LedgerError::Io { path, error }),
        }
    }

    /// What a recall had in hand when it ended is in doubt from now on, but for what is seen to wait: an invitation is
    /// unknown, an edit is made again. Nothing where the commit had come first.
    pub fn settle_recalling(&mut self, waiting: &HashSet<&str>, at: Timestamp) -> Result<Vec<Queued>, LedgerError> {
        let left = self.left_recalling()?;
        let (waits, gone): (Vec<_>, Vec<_>) = left.into_iter().partition(|zaap_id| waiting.contains(zaap_id.as_str()));
        let found = self.queued(&gone.into_iter().collect())?;
        for queued in &found {
            self.doubt(queued, BROKEN_OFF, at)?;
        }
        if !waits.is_empty() {
            self.keep_recalling(waits.iter().map(String::as_str))?;
        } else if self.recalling_path().symlink_metadata().is_ok() {
            self.end_recalling()?;
        }
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
    fn what_was_being_taken_back_is_known_when_it_broke_off() {
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
        assert!(ledger.left_recalling().unwrap().is_empty());
        let ids = [&*queued.zaap_id, "another's"];
        ledger.keep_recalling(ids).unwrap();
        drop(ledger);
        let mut ledger = open(&path);
        assert_eq!(ledger.left_recalling().unwrap(), ids);
        assert_eq!(ledger.settle_recalling(&HashSet::from([ids[0]]), at(9)).unwrap(), []);
        assert_eq!(
            (ledger.left_recalling().unwrap(), states(&ledger)[0].1),
            (vec![ids[0].to_owned()], State::Accepted)
        );
        assert_eq!(ledger.settle_recalling(&HashSet::new(), at(9)).unwrap(), [queued]);
        assert_eq!((ledger.left_recalling().unwrap(), states(&ledger)[0].1), (vec![], State::Unknown));
        assert_eq!(ledger.settle_recalling(&HashSet::new(), at(9)).unwrap(), []);
        ledger.end_recalling().unwrap();
    }
}
