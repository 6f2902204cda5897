//! A ledger that stands under another name, because a run with `--new-ledger` was killed between moving it aside and
//! sending anything: who reads it finds it there, and who is to write puts it back.
//!
//! It is known by its id, which the note of what was sent has. Nobody is told to move it back by hand: what the database
//! library left beside the one in its place would be played into it.

use std::path::{Path, PathBuf};

use super::aside::{moved_aside, remove_files, rename};
use super::lock::Lock;
use super::open::{DATABASE, RECORD, resolve};
use super::sent::Sent;
use super::{Ledger, LedgerError, Mode};

/// Where the campaign's ledger is to be read.
pub fn place(ledger: &Path, sent: &Path, campaign: &str) -> PathBuf {
    find(ledger, sent, campaign).unwrap_or_else(|| ledger.to_owned())
}

/// Puts a ledger that was moved aside back into its place, under its lock. Says whether there was one.
pub fn bring_back(ledger: &Path, sent: &Path, campaign: &str) -> Result<bool, LedgerError> {
    if find(ledger, sent, campaign).is_none() {
        return Ok(false);
    }
    let path = resolve(ledger)?;
    let lock = Lock::acquire(&path)?;
    // Somebody else may have been here before the lock was.
    let Some(aside) = find(&path, sent, campaign) else { return Ok(false) };
    // The file itself goes first and comes last: whatever ends this in between, the next one finds none and goes on.
    remove_files(&path, DATABASE)?;
    rename(&aside, &path, RECORD.into_iter().rev())?;
    drop(lock);
    Ok(true)
}

/// The ledger that the note is of, where it was moved aside and nothing was ever sent with what is in its place.
fn find(ledger: &Path, sent: &Path, campaign: &str) -> Option<PathBuf> {
    let noted = Sent::read(sent).ok().flatten()?.ledger;
    match Ledger::open(ledger, campaign, Mode::Read) {
        Ok(there) if there.id() == noted || there.last_attempt().ok()? > 0 => return None,
        Ok(_) | Err(LedgerError::Missing { .. }) => {}
        Err(_) => return None,
    }
    let is_it = |path: &PathBuf| Ledger::open(path, campaign, Mode::Read).is_ok_and(|found| found.id() == noted);
    moved_aside(ledger).into_iter().find(is_it)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::ledger::file::beside;
    use crate::ledger::testing::{Manifest, accepted, body, row, send, spool};

    /// A ledger with one message accepted, and its note.
    fn used(path: &Path, sent: &Path) -> String {
        let mut ledger = Ledger::open(path, "c", Mode::Create).unwrap();
        Manifest::default().reconcile(&mut ledger, &spool([row("1-group", &body("Launch", 19))]));
        send(&mut ledger, accepted);
        Sent::of(&ledger, Timestamp::now()).unwrap().write(sent).unwrap();
        ledger.id().to_owned()
    }

    fn messages(path: &Path) -> u64 {
        Ledger::open(path, "c", Mode::Read).unwrap().messages().unwrap()
    }

    #[test]
    fn what_was_moved_aside_is_found_until_something_was_sent_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let (path, sent) = (folder.path().join("c.ledger.db"), folder.path().join("c.sent.json"));
        let id = used(&path, &sent);
        assert_eq!((place(&path, &sent, "c"), bring_back(&path, &sent, "c").unwrap()), (path.clone(), false));
        for is_created in [false, true] {
            let aside = Ledger::set_aside(&path, Timestamp::now()).unwrap().keep();
            if is_created {
                // As a kill leaves it: with its log.
                std::mem::forget(Ledger::open(&path, "c", Mode::Create).unwrap());
            }
            let aside = aside.canonicalize().unwrap();
            assert_eq!(place(&path, &sent, "c").canonicalize().unwrap(), aside);
            if !is_created {
                assert!(bring_back(&path, &sent, "c").unwrap());
                assert_eq!((messages(&path), Ledger::open(&path, "c", Mode::Read).unwrap().id()), (1, &*id));
            }
        }
    }

    /// What a kill leaves while the first tables are written: to be undone by whoever opens the database, for which it cuts
    /// whatever stands there down to nothing.
    fn begin_to_make(path: &Path) {
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.execute_batch("PRAGMA cache_size = 1; BEGIN; CREATE TABLE t (x)").unwrap();
        let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000)
            INSERT INTO t SELECT hex(randomblob(100)) FROM n";
        connection.execute_batch(fill).unwrap();
        let (begun, journal) = (std::fs::read(path).unwrap(), beside(path, "-journal"));
        let undo = std::fs::read(&journal).unwrap();
        assert!(!begun.is_empty() && undo.iter().take(8).any(|byte| *byte != 0));
        drop(connection);
        std::fs::write(path, begun).unwrap();
        std::fs::write(journal, undo).unwrap();
    }

    #[test]
    fn what_undoes_a_half_made_ledger_is_not_played_into_the_one_that_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let (path, sent) = (folder.path().join("c.ledger.db"), folder.path().join("c.sent.json"));
        let id = used(&path, &sent);
        Ledger::set_aside(&path, Timestamp::now()).unwrap().keep();
        begin_to_make(&path);
        assert!(bring_back(&path, &sent, "c").unwrap());
        for mode in [Mode::Read, Mode::Write, Mode::Read] {
            assert_eq!(Ledger::open(&path, "c", mode).unwrap().id(), id);
            assert_eq!(messages(&path), 1);
        }
        // Nor into the next one where it is set aside itself.
        let aside = Ledger::set_aside(&path, Timestamp::now()).unwrap().keep();
        begin_to_make(&path);
        let half_made = Ledger::set_aside(&path, Timestamp::now()).unwrap().keep();
        std::fs::rename(&aside, &path).unwrap();
        assert_eq!((messages(&path), Ledger::open(&path, "c", Mode::Write).unwrap().id()), (1, &*id));
        assert_ne!(half_made, aside);
    }

    #[test]
    fn another_ledger_that_was_used_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (path, sent) = (folder.path().join("c.ledger.db"), folder.path().join("c.sent.json"));
        used(&path, &sent);
        let note = std::fs::read(&sent).unwrap();
        Ledger::set_aside(&path, Timestamp::now()).unwrap().keep();
        used(&path, &sent);
        assert!(!bring_back(&path, &sent, "c").unwrap(), "the note is of the new one");
        std::fs::write(&sent, note).unwrap();
        assert!(!bring_back(&path, &sent, "c").unwrap(), "something was sent with the new one");
        assert_eq!(messages(&path), 1);
    }
}
