//! Whether a ledger's file has all that was written, or needs its log beside it.
//!
//! What is committed stands in the log first and goes into the file now and then, so that the file alone, of a run that was
//! killed or goes on, is some way behind: whoever goes on with it invites again. The file says that it is in use from its
//! opening by who writes until the log has gone into it, and the log is never empty while it says so.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::file::{FileId, beside};
use super::open::io;
use super::recalling::SUFFIX;
use super::{Ledger, LedgerError, schema};

/// What stands beside a ledger's file and belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What was written last.
    Log,
    /// What a recall has in hand, or had when it broke off.
    Recalling,
}

/// Which parts are there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    pub(super) log: bool,
    recalling: bool,
}

impl Parts {
    pub(super) fn of(ledger: &Path) -> Result<Self, LedgerError> {
        let length = |suffix: &str| {
            let path = beside(ledger, suffix);
            let found = FileId::of_path(&path).map_err(|error| io(&path, error))?;
            Ok(found.map(|(_, length)| length))
        };
        Ok(Self { log: length("-wal")?.is_some_and(|length| length > 0), recalling: length(SUFFIX)?.is_some() })
    }

    /// What was there before or is there now.
    pub(super) fn or(self, other: Self) -> Self {
        Self { log: self.log || other.log, recalling: self.recalling || other.recalling }
    }
}

/// What the file says that it needs and is not there. One of an older format does not say so.
pub(super) fn missing(connection: &Connection, there: Parts) -> rusqlite::Result<Option<Part>> {
    if schema::version(connection)? < schema::SAYS_WHAT_IT_NEEDS {
        return Ok(None);
    }
    let select = "SELECT ifnull(max(in_use), 0), ifnull(max(recalling), 0) FROM meta";
    connection.query_row(select, [], |row| {
        Ok(match (row.get(0)?, row.get(1)?) {
            (true, _) if !there.log => Some(Part::Log),
            (_, true) if !there.recalling => Some(Part::Recalling),
            _ => None,
        })
    })
}

/// Once the file with what a recall has in hand is there, and before it goes.
pub(super) fn say_recalling(connection: &Connection, is_recalling: bool) -> rusqlite::Result<()> {
    connection.execute("UPDATE meta SET recalling = ?1", [is_recalling]).map(|_| ())
}

/// Before anything else is written.
pub(super) fn begin_use(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("UPDATE meta SET in_use = 1", []).map(|_| ())
}

/// Puts the log into the file, which then says that it is whole: in this order, since the pages of a log do not go into the
/// file in the order of its commits. Where it fails, the log stays beside the file when the connection is closed.
pub(super) fn put_away(connection: &Connection) {
    let is_whole = fold(connection).is_ok_and(|is_folded| is_folded) && end_use(connection).is_ok();
    // It cannot fail: nothing but a flag of the connection is set.
    let _ = keep_log(connection, !is_whole);
}

/// Whether all of the log is in the file now, and synced there.
pub(super) fn fold(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |row| {
        Ok(row.get::<_, i64>(0)? == 0 && row.get::<_, i64>(1)? == row.get::<_, i64>(2)?)
    })
}

pub(super) fn end_use(connection: &Connection) -> rusqlite::Result<()> {
    if schema::version(connection)? < schema::SAYS_WHAT_IT_NEEDS {
        return Ok(());
    }
    connection.execute("UPDATE meta SET in_use = 0", []).map(|_| ())
}

/// Whether the log stays beside the file when this connection is closed, or goes into it.
pub(super) fn keep_log(connection: &Connection, keep: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep).map(|_| ())
}

impl Ledger {
    /// Refuses a ledger that was read without what it needs beside it.
    pub fn check_whole(&self) -> Result<(), LedgerError> {
        self.lacks.map_or(Ok(()), |part| Err(LedgerError::PartMissing { path: self.path.clone(), part }))
    }
}

impl Drop for Ledger {
    /// The log goes into the file, unless a commit failed or the file is another by now: then it stays where it is.
    fn drop(&mut self) {
        let Some(guard) = &self.guard else { return };
        if self.broken || guard.check().is_err() {
            let _ = keep_log(&self.connection, true);
        } else {
            put_away(&self.connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use jiff::Timestamp;

    use super::*;
    use crate::ledger::testing::{Manifest, accepted, body, row, send, spool};
    use crate::ledger::{Mode, sent};

    fn used(path: &Path) -> Ledger {
        let mut ledger = Ledger::open(path, "c", Mode::Create).unwrap();
        Manifest::default().reconcile(&mut ledger, &spool([row("1-group", &body("Launch", 19))]));
        send(&mut ledger, accepted);
        ledger
    }

    /// A copy, as it would be made while the ledger is in use or after a kill.
    fn copy(path: &Path, name: &str, suffixes: &[&str]) -> PathBuf {
        let to = path.with_file_name(name);
        for suffix in suffixes {
            std::fs::copy(beside(path, suffix), beside(&to, suffix)).unwrap();
        }
        to
    }

    fn check(path: &Path, mode: Mode) -> Result<(), LedgerError> {
        sent::check(&path.with_extension("sent.json"), path, Some(&Ledger::open(path, "c", mode)?))
    }

    #[test]
    fn a_file_that_was_in_use_needs_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.ledger.db");
        let ledger = used(&path);
        ledger.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
        let (bare, with_log) = (copy(&path, "bare", &[""]), copy(&path, "with-log", &["", "-wal"]));
        assert!(check(&path, Mode::Read).is_ok(), "while it is in use");
        drop(ledger);
        let whole = copy(&path, "whole", &[""]);
        for mode in [Mode::Read, Mode::Write, Mode::Read, Mode::Create] {
            assert!(matches!(check(&bare, mode), Err(LedgerError::PartMissing { part: Part::Log, .. })), "{mode:?}");
            for path in [&path, &with_log, &whole] {
                check(path, mode).unwrap();
            }
        }
    }

    #[test]
    fn all_of_the_log_is_in_the_file_before_it_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.ledger.db");
        let ledger = used(&path);
        assert!(fold(&ledger.connection).unwrap());
        let bare = copy(&path, "bare", &[""]);
        let state = "SELECT state FROM message";
        let known = Connection::open(&bare).unwrap().query_row(state, [], |row| row.get::<_, i64>(0));
        assert_eq!(known.unwrap(), 1);
        assert!(
            matches!(check(&bare, Mode::Write), Err(LedgerError::PartMissing { part: Part::Log, .. })),
            "killed before it said so"
        );
        // Somebody who reads an older state keeps the log from going into the file whole.
        let reader = Connection::open_with_flags(&path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        reader.execute_batch(&format!("BEGIN; {state}")).unwrap();
        ledger.connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        begin_use(&ledger.connection).unwrap();
        ledger.connection.execute("UPDATE meta SET reconciled_at = reconciled_at + 1", []).unwrap();
        drop(ledger);
        drop(reader);
        assert!(Parts::of(&path).unwrap().log);
        check(&path, Mode::Write).unwrap();
        check(&copy(&path, "whole", &[""]), Mode::Write).unwrap();
    }

    #[test]
    fn a_ledger_needs_what_a_recall_has_in_hand() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.ledger.db");
        let mut ledger = used(&path);
        ledger.begin_recall(Timestamp::now()).unwrap();
        ledger.keep_recalling(["Z1"]).unwrap();
        drop(ledger);
        let bare = copy(&path, "bare", &[""]);
        for mode in [Mode::Read, Mode::Write] {
            assert!(matches!(check(&bare, mode), Err(LedgerError::PartMissing { part: Part::Recalling, .. })));
            check(&path, mode).unwrap();
        }
        let mut ledger = Ledger::open(&path, "c", Mode::Write).unwrap();
        ledger.settle_recalling(&std::collections::HashSet::new(), Timestamp::now()).unwrap();
        drop(ledger);
        check(&copy(&path, "whole", &[""]), Mode::Write).unwrap();
    }

    #[test]
    fn who_is_refused_takes_no_log_from_a_ledger_that_needs_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.ledger.db");
        let ledger = used(&path);
        let killed = copy(&path, "killed", &["", "-wal"]);
        drop(ledger);
        for mode in [Mode::Read, Mode::Write, Mode::Create] {
            assert!(matches!(Ledger::open(&killed, "other", mode), Err(LedgerError::OtherCampaign { .. })));
            assert!(Parts::of(&killed).unwrap().log, "{mode:?}");
        }
        check(&killed, Mode::Write).unwrap();
    }

    #[test]
    fn a_broken_ledger_keeps_its_log_and_one_that_is_set_aside_needs_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.ledger.db");
        let mut ledger = used(&path);
        let killed = copy(&path, "killed", &["", "-wal"]);
        ledger.broken = true;
        drop(ledger);
        assert!(Parts::of(&path).unwrap().log);
        check(&path, Mode::Write).unwrap();
        assert!(!Parts::of(&path).unwrap().log);
        let aside = Ledger::set_aside(&killed, Timestamp::now()).unwrap().keep();
        assert!(!Parts::of(&aside).unwrap().log);
        check(&aside, Mode::Write).unwrap();
    }
}
