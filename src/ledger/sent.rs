//! `<campaign>.sent.json`: that something was sent, for those who have the repository but not the ledger.
//!
//! Meant to be committed, so no recipients stand in it. Whoever finds it without its ledger must not send: everybody
//! would be invited again, and whoever finds it with an older copy of its ledger some of them.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::file::{Durable, replace};
use super::{Counts, Ledger, LedgerError};

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

/// Refuses to go on where the note is present and its ledger is not, or only an older copy of it. `ledger` is the one at
/// `ledger_path`, `None` when there is none. To be skipped with `--new-ledger`.
pub fn check(sent_path: &Path, ledger_path: &Path, ledger: Option<&Ledger>) -> Result<(), LedgerError> {
    let Some(sent) = Sent::read(sent_path)? else { return Ok(()) };
    let Some(ledger) = ledger.filter(|ledger| ledger.id() == sent.ledger) else {
        return Err(LedgerError::SentWithoutLedger { sent: sent_path.to_owned(), ledger: ledger_path.to_owned() });
    };
    // What was changed since then may be less by right: by a recall or by a person's word.
    let is_unchanged = match (sent.time.parse::<Timestamp>(), ledger.begun_at()?) {
        (Ok(noted_at), Some(begun_at)) => begun_at < noted_at,
        _ => false,
    };
    if !is_unchanged {
        return Ok(());
    }
    let (noted, known) = (sent.counts.accepted + sent.counts.unknown, ledger.sent()?);
    if known < noted {
        return Err(LedgerError::OlderCopy {
            sent: sent_path.to_owned(),
            ledger: ledger_path.to_owned(),
            noted,
            known,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::ledger::Mode;
    use crate::ledger::testing::{Manifest, accepted, body, row, send, spool};

    #[test]
    fn the_note_is_found_again_and_asks_for_its_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let (path, place) = (folder.path().join("spring.sent.json"), folder.path().join("spring.ledger.db"));
        check(&path, &place, None).unwrap();
        let ledger = Ledger::open(&place, "c", Mode::Create).unwrap();
        check(&path, &place, Some(&ledger)).unwrap();
        let counts = Counts::default();
        let sent = Sent::new(ledger.id(), &counts, "2026-12-04T19:00:00Z".parse().unwrap());
        sent.write(&path).unwrap();
        assert_eq!(Sent::read(&path).unwrap(), Some(sent));
        check(&path, &place, Some(&ledger)).unwrap();
        let other = Ledger::in_memory("c").unwrap();
        for ledger in [None, Some(&other)] {
            assert!(matches!(check(&path, &place, ledger), Err(LedgerError::SentWithoutLedger { .. })));
        }
        std::fs::write(&path, "{").unwrap();
        assert!(matches!(check(&path, &place, Some(&ledger)), Err(LedgerError::SentUnreadable { .. })));
    }

    #[test]
    fn an_older_copy_of_the_ledger_is_not_taken_for_the_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let (path, place) = (folder.path().join("spring.sent.json"), folder.path().join("spring.ledger.db"));
        let mut ledger = Ledger::open(&place, "c", Mode::Create).unwrap();
        Manifest::default().reconcile(&mut ledger, &spool([row("1-group", &body("Launch", 19))]));
        send(&mut ledger, accepted);
        let begun = ledger.begun_at().unwrap().unwrap();
        let later = |seconds| begun.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
        for (accepted, unknown, seconds, is_older) in
            [(1, 0, 60, false), (2, 0, 60, true), (1, 1, 60, true), (0, 0, 60, false), (2, 0, -60, false)]
        {
            Sent::new(ledger.id(), &Counts { accepted, unknown, ..Counts::default() }, later(seconds))
                .write(&path)
                .unwrap();
            let refused = matches!(check(&path, &place, Some(&ledger)), Err(LedgerError::OlderCopy { .. }));
            assert_eq!(refused, is_older, "{accepted} {unknown} {seconds}");
        }
    }
}
