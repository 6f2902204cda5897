//! `<campaign>.sent.json`: that something was sent, for those who have the repository but not the ledger.
//!
//! Meant to be committed, so no recipients stand in it. Whoever finds it without its ledger must not send: everybody
//! would be invited again. Talks to the file system only.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::file::{Durable, replace};
use super::{Counts, LedgerError};

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The ledger's id.
    pub ledger: String,
    pub counts: SentCounts,
    /// RFC 3339, UTC, whole seconds.
    pub time: String,
}

/// How many messages are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentCounts {
    pub accepted: u64,
    pub rejected: u64,
    pub unknown: u64,
    pub pending: u64,
    pub skipped: u64,
}

impl Sent {
    pub fn new(ledger: &str, counts: &Counts, time: Timestamp) -> Self {
        let Counts { accepted, rejected, unknown, pending, skipped, .. } = *counts;
        Self {
            ledger: ledger.to_owned(),
            counts: SentCounts { accepted, rejected, unknown, pending, skipped },
            time: format!("{time:.0}"),
        }
    }

    /// Durable when this returns: before the first attempt, and at every stop.
    pub fn write(&self, path: &Path) -> Result<(), LedgerError> {
        let io = |error| LedgerError::Io { path: path.to_owned(), error };
        let mut text = serde_json::to_string_pretty(self).map_err(|error| io(error.into()))?;
        text.push('\n');
        replace(path, text.as_bytes(), Durable::Yes).map_err(io)
    }

    /// `None` when there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, LedgerError> {
        let io = |error| LedgerError::Io { path: path.to_owned(), error };
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| LedgerError::SentUnreadable { path: path.to_owned(), why: error.to_string() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io(error)),
        }
    }
}

/// Refuses to go on where the note is present and its ledger is not: `ledger_id` is the id of the ledger at
/// `ledger_path`, `None` when there is none. To be skipped with `--new-ledger`.
pub fn check(sent_path: &Path, ledger_path: &Path, ledger_id: Option<&str>) -> Result<(), LedgerError> {
    match Sent::read(sent_path)? {
        Some(sent) if ledger_id != Some(sent.ledger.as_str()) => {
            Err(LedgerError::SentWithoutLedger { sent: sent_path.to_owned(), ledger: ledger_path.to_owned() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_is_found_again_and_asks_for_its_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spring.sent.json");
        let ledger = folder.path().join("spring.ledger.db");
        check(&path, &ledger, None).unwrap();
        let counts = Counts { accepted: 3, unknown: 1, ..Counts::default() };
        let sent = Sent::new("abc", &counts, "2026-12-04T19:00:00Z".parse().unwrap());
        sent.write(&path).unwrap();
        assert_eq!(Sent::read(&path).unwrap(), Some(sent));
        check(&path, &ledger, Some("abc")).unwrap();
        for id in [None, Some("other")] {
            assert!(matches!(check(&path, &ledger, id), Err(LedgerError::SentWithoutLedger { .. })), "{id:?}");
        }
        std::fs::write(&path, "{").unwrap();
        assert!(matches!(check(&path, &ledger, Some("abc")), Err(LedgerError::SentUnreadable { .. })));
    }
}
