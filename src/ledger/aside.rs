//! Ledgers that are taken out of the way: removed, moved aside, or thrown away before anything was in them.
//!
//! No record of what was sent is ever deleted here: what is removed is a rehearsal's, or empty.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::OpenFlags;

use super::file::{beside, folder_of, refuse_links, sync_folder};
use super::lock::Lock;
use super::open::{DATABASE, RECORD, connect, io, resolve};
use super::whole::{Parts, end_use, fold, put_away};
use super::{Ledger, LedgerError};

/// How the name of a ledger ends that was moved aside.
const OLD: &str = ".old";

/// A ledger that was moved out of the way. It goes back when this is dropped, unless it is kept there.
#[derive(Debug)]
pub struct Aside {
    from: PathBuf,
    to: PathBuf,
    is_kept: bool,
}

impl Aside {
    /// Where the ledger is now.
    pub fn path(&self) -> &Path {
        &self.to
    }

    /// Another ledger has taken its place, so it stays there.
    pub fn keep(mut self) -> PathBuf {
        self.is_kept = true;
        self.to.clone()
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if !self.is_kept && self.from.symlink_metadata().is_err() {
            // When it cannot go back, it stays where the run said that it is.
            let _ = rename(&self.to, &self.from, RECORD.into_iter().rev());
        }
    }
}

impl Ledger {
    /// Removes a ledger and what stands beside it (the lock file stays), under its lock: `--sandbox --new-ledger`.
    pub fn remove(path: &Path) -> Result<(), LedgerError> {
        let path = resolve(path)?;
        let lock = Lock::acquire(&path)?;
        for suffix in RECORD {
            refuse_links(&beside(&path, suffix))?;
        }
        remove_files(&path, RECORD)?;
        drop(lock);
        Ok(())
    }

    /// Throws this ledger away, under its lock, if it has never held a message.
    pub fn discard_if_empty(mut self) -> Result<(), LedgerError> {
        let select = "SELECT NOT EXISTS (SELECT 1 FROM message) AND NOT EXISTS (SELECT 1 FROM skipped_row)";
        let is_empty: bool =
            self.connection.query_row(select, [], |row| row.get(0)).map_err(|error| self.failed(error))?;
        if !is_empty {
            return Ok(());
        }
        // Should this end before the files are gone, the log is not missed.
        end_use(&self.connection).map_err(|error| self.failed(error))?;
        let (path, guard) = (self.path.clone(), self.guard.take());
        drop(self);
        // What else stands there is another ledger's.
        remove_files(&path, DATABASE)?;
        drop(guard);
        Ok(())
    }

    /// Moves a ledger out of the way, under its lock: `--new-ledger` deletes no record of what was sent.
    pub fn set_aside(path: &Path, now: Timestamp) -> Result<Aside, LedgerError> {
        let from = resolve(path)?;
        let lock = Lock::acquire(&from)?;
        refuse_links(&from)?;
        let has_log = Parts::of(&from)?.log;
        // What a run that was killed left in the log goes into the file, which is then all there is; else the log is
        // moved, too, as is a file that is no database.
        if let Ok(connection) = connect(&from, OpenFlags::SQLITE_OPEN_READ_WRITE) {
            if has_log {
                put_away(&connection);
            } else {
                // An empty log, as who reads leaves it, is taken away with the connection.
                let _ = fold(&connection);
            }
        }
        let stamp = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let names = std::iter::once(stamp.clone()).chain((2..).map(|number| format!("{stamp}-{number}")));
        let mut places = names.map(|name| beside(&from, &format!(".{name}{OLD}")));
        let is_free = |to: &PathBuf| RECORD.iter().all(|suffix| beside(to, suffix).symlink_metadata().is_err());
        let Some(to) = places.find(is_free) else { return Err(LedgerError::NotAFile { path: from }) };
        // The ledger itself goes last: until then everything that it needs can be missed.
        rename(&from, &to, RECORD.into_iter().rev())?;
        drop(lock);
        Ok(Aside { from, to, is_kept: false })
    }
}

pub(super) fn rename(
    from: &Path,
    to: &Path,
    suffixes: impl IntoIterator<Item = &'static str>,
) -> Result<(), LedgerError> {
    for suffix in suffixes {
        match std::fs::rename(beside(from, suffix), beside(to, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(from, error)),
            _ => {}
        }
    }
    sync_folder(folder_of(to)).map_err(|error| io(to, error))
}

/// The ledgers that were moved aside from there, the last one first.
pub(super) fn moved_aside(path: &Path) -> Vec<PathBuf> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let begin = format!("{name}.");
    let is_old = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(&begin) && name.ends_with(OLD))
    };
    let entries = std::fs::read_dir(folder_of(path)).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_old).collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    found
}

pub(super) fn remove_files(path: &Path, suffixes: impl IntoIterator<Item = &'static str>) -> Result<(), LedgerError> {
    for suffix in suffixes {
        match std::fs::remove_file(beside(path, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(path, error)),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Mode;
    use crate::ledger::testing::{Manifest, body, row, spool};

    fn id(path: &Path) -> String {
        Ledger::open(path, "c", Mode::Read).unwrap().id().to_owned()
    }

    #[test]
    fn a_ledger_that_is_set_aside_comes_back_unless_it_is_kept_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.ledger.db");
        drop(Ledger::open(&path, "c", Mode::Create).unwrap());
        let first = id(&path);
        let aside = Ledger::set_aside(&path, Timestamp::UNIX_EPOCH).unwrap();
        assert!(!path.exists());
        assert_eq!(id(aside.path()), first);
        drop(aside);
        assert_eq!(id(&path), first);
        // As often within a second as one likes, nothing is overwritten.
        for _ in 0..3 {
            Ledger::set_aside(&path, Timestamp::UNIX_EPOCH).unwrap().keep();
            drop(Ledger::open(&path, "c", Mode::Create).unwrap());
        }
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.filter(|name| name.to_string_lossy().ends_with(".old")).count(), 3);
        // What took its place is not overwritten either.
        let aside = Ledger::set_aside(&path, Timestamp::UNIX_EPOCH).unwrap();
        drop(Ledger::open(&path, "c", Mode::Create).unwrap());
        let (new, old, kept) = (id(&path), id(aside.path()), aside.path().to_owned());
        drop(aside);
        assert_eq!((id(&path), id(&kept)), (new, old));
    }

    #[test]
    fn only_an_empty_ledger_is_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.ledger.db");
        let ledger = Ledger::open(&path, "c", Mode::Create).unwrap();
        let rescue = beside(&path, ".rescue.jsonl");
        std::fs::write(&rescue, "of a ledger that is elsewhere at the moment").unwrap();
        ledger.discard_if_empty().unwrap();
        assert!(!path.exists() && rescue.exists());
        std::fs::remove_file(rescue).unwrap();
        let mut ledger = Ledger::open(&path, "c", Mode::Create).unwrap();
        Manifest::default().reconcile(&mut ledger, &spool([row("1-group", &body("Launch", 19))]));
        ledger.discard_if_empty().unwrap();
        assert!(path.exists());
    }
}
