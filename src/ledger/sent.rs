//! `<campaign>.sent.json`: that something was sent, for those who have the repository but not the ledger.
//!
//! Meant to be committed, so no recipients stand in it. Whoever finds it without its ledger must not send: everybody
//! would be invited again, and whoever finds it with an older copy of its ledger some of them.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::file::{Durable, replace};
use super::{Counts, Ledger, LedgerError, Narrow};

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The ledger's id.
    pub ledger: String,
    pub counts: SentCounts,
    /// [`Ledger::begun_at`] at that time, RFC 3339 with milliseconds: a ledger that says less is an older copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<String>,
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
    /// What there is to note of a ledger now.
    pub fn of(ledger: &Ledger, now: Timestamp) -> Result<Self, LedgerError> {
        let Counts { accepted, rejected, unknown, pending, skipped, .. } = ledger.counts(&Narrow::default())?;
        Ok(Self {
            ledger: ledger.id().to_owned(),
            counts: SentCounts { accepted, rejected, unknown, pending, skipped },
            used: ledger.begun_at()?.map(|used| format!("{used:.3}")),
            time: format!("{now:.0}"),
        })
    }

    /// Whether this ledger is older than the one that was noted, of which it is a copy.
    fn is_newer_than(&self, ledger: &Ledger) -> Result<bool, LedgerError> {
        let noted = self.used.as_ref().and_then(|used| used.parse::<Timestamp>().ok());
        Ok(self.ledger == ledger.id() && noted.is_some() && ledger.begun_at()? < noted)
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

/// Whether the note is this ledger's, or there is none.
pub fn is_of(sent_path: &Path, ledger: &Ledger) -> Result<bool, LedgerError> {
    Ok(Sent::read(sent_path)?.is_none_or(|sent| sent.ledger == ledger.id()))
}

/// Refuses to go on with a ledger that lacks its log, and where the note is present and its ledger is not, or only an older
/// copy of it. `ledger` is the one at
/// `ledger_path`, `None` when there is none. To be skipped with `--new-ledger`.
pub fn check(sent_path: &Path, ledger_path: &Path, ledger: Option<&Ledger>) -> Result<(), LedgerError> {
    if let Some(ledger) = ledger {
        ledger.check_whole()?;
    }
    let Some(sent) = Sent::read(sent_path)? else { return Ok(()) };
    let Some(ledger) = ledger.filter(|ledger| ledger.id() == sent.ledger) else {
        return Err(LedgerError::SentWithoutLedger { sent: sent_path.to_owned(), ledger: ledger_path.to_owned() });
    };
    if sent.is_newer_than(ledger)? {
        return Err(LedgerError::OlderCopy {
            sent: sent_path.to_owned(),
            ledger: ledger_path.to_owned(),
            noted: sent.used.unwrap_or_default(),
            known: ledger.begun_at()?.map_or_else(|| "never".to_owned(), |used| format!("{used:.3}")),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::ledger::testing::{Manifest, accepted, at, body, row, send, spool, work};
    use crate::ledger::{Batch, Intent, Mode};

    #[test]
    fn the_note_is_found_again_and_asks_for_its_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let (path, place) = (folder.path().join("spring.sent.json"), folder.path().join("spring.ledger.db"));
        check(&path, &place, None).unwrap();
        let ledger = Ledger::open(&place, "c", Mode::Create).unwrap();
        check(&path, &place, Some(&ledger)).unwrap();
        let sent = Sent::of(&ledger, "2026-12-04T19:00:00Z".parse().unwrap()).unwrap();
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
        let (note, place) = (folder.path().join("spring.sent.json"), folder.path().join("spring.ledger.db"));
        let copy = folder.path().join("copy.db");
        let is_refused = |path: &Path| {
            let ledger = Ledger::open(path, "c", Mode::Read).unwrap();
            matches!(check(&note, path, Some(&ledger)), Err(LedgerError::OlderCopy { .. }))
        };
        let mut ledger = Ledger::open(&place, "c", Mode::Create).unwrap();
        let rows = |id| spool([row("1-group", &body("Launch", 19)), row(id, &body("Launch", 19))]);
        for (later, id) in [(1, "2-group"), (2, "3-group")] {
            drop(ledger);
            std::fs::copy(&place, &copy).unwrap();
            ledger = Ledger::open(&place, "c", Mode::Create).unwrap();
            let manifest = Manifest { now: at(later * 1000), ..Manifest::default() };
            manifest.reconcile(&mut ledger, &rows(id));
            // As soon as something is about to be sent, and when it was.
            Sent::of(&ledger, Timestamp::now()).unwrap().write(&note).unwrap();
            assert!(is_refused(&copy) && !is_refused(&place), "{later}");
            send(&mut ledger, accepted);
            Sent::of(&ledger, Timestamp::now()).unwrap().write(&note).unwrap();
            assert!(is_refused(&copy) && !is_refused(&place), "{later}");
        }
        // A clock that stood ahead and was set right: the copy is of between.
        for (now, id) in [(90_000_000, "4-group"), (3000, "5-group")] {
            drop(ledger);
            std::fs::copy(&place, &copy).unwrap();
            ledger = Ledger::open(&place, "c", Mode::Create).unwrap();
            Manifest { now: at(now), ..Manifest::default() }.reconcile(&mut ledger, &rows(id));
            Sent::of(&ledger, Timestamp::now()).unwrap().write(&note).unwrap();
            assert!(is_refused(&copy) && !is_refused(&place), "{now}");
            send(&mut ledger, accepted);
        }
        // A clock that was set back, and a kill: the note is of before that.
        for (id, now, begun) in [("6-group", 8000, 9000), ("7-group", -5000, -4000)] {
            let manifest = Manifest { now: at(now), ..Manifest::default() };
            manifest.reconcile(&mut ledger, &rows(id));
            let next = work(&ledger).remove(0);
            let attempt = ledger.last_attempt().unwrap() + 1;
            let intent = Intent { attempt, message: next.message, kind: next.kind, at: at(begun) };
            ledger.commit(&Batch { settlements: Vec::new(), intents: vec![intent] }).unwrap();
            if now > 0 {
                Sent::of(&ledger, Timestamp::now()).unwrap().write(&note).unwrap();
            }
            assert!(!is_refused(&place), "{id}");
        }
    }
}
