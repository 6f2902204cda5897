//! One writer: a lock file beside the ledger, held for the whole run and never deleted.
//!
//! `<ledger>.holder` names who holds it, for the message that the second one shows and for `status`. It is only ever a
//! hint: the lock decides. Does not look at the ledger itself.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::LedgerError;
use super::file::{Durable, FileId, beside, open_private, replace};

/// Whoever takes the lock signs within microseconds, unless the machine is busy.
const SIGNED_LOOKS: u32 = 50;
const SIGNED_PAUSE: Duration = Duration::from_millis(10);

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub process: u32,
    pub host: String,
    /// RFC 3339, UTC, whole seconds.
    pub start: String,
    /// The kernel's start time of the process, where it can be had: a process id is used again sooner or later.
    #[serde(default)]
    process_start: Option<u64>,
}

impl Holder {
    fn this_process() -> Self {
        let process = std::process::id();
        Self { process, host: host(), start: format!("{:.0}", Timestamp::now()), process_start: process_start(process) }
    }

    /// Whether that process still lives. Of another machine nothing can be known: it is taken at its word.
    fn lives(&self) -> bool {
        if self.host != host() {
            return true;
        }
        let Some(id) = i32::try_from(self.process).ok().and_then(rustix::process::Pid::from_raw) else { return false };
        match rustix::process::test_kill_process(id) {
            Ok(()) | Err(rustix::io::Errno::PERM) => {
                let now = process_start(self.process);
                now.is_none() || self.process_start.is_none() || now == self.process_start
            }
            Err(_) => false,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {}, started {}", self.process, self.host, self.start)
    }
}

/// The lock, held until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    holder: PathBuf,
    pub(super) path: PathBuf,
    pub(super) id: FileId,
}

impl Lock {
    /// Takes the lock of a ledger, or says who has it.
    pub(super) fn acquire(ledger: &Path) -> Result<Self, LedgerError> {
        let path = beside(ledger, ".lock");
        let io = |error| LedgerError::Io { path: path.clone(), error };
        let file = open_private(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LedgerError::Locked { path: ledger.to_owned(), holder: who_has_it(ledger) });
            }
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let id = FileId::of_file(&file).map_err(io)?;
        if FileId::of_path(&path).map_err(io)?.is_none_or(|(found, _)| found != id) {
            return Err(LedgerError::Replaced { path });
        }
        let holder = beside(ledger, ".holder");
        write_holder(&holder).map_err(|error| LedgerError::Io { path: holder.clone(), error })?;
        Ok(Self { file, holder, path, id })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The name goes before the lock, or it would be the next holder's that is removed. Both are mere courtesy:
        // a holder that no longer lives is not believed, and the end of the process ends the lock.
        let _ = std::fs::remove_file(&self.holder);
        let _ = self.file.unlock();
    }
}

/// Who runs with this ledger now, without touching the lock: a look at the lock would be in the way of a start.
pub fn running(ledger: &Path) -> Option<Holder> {
    read_holder(ledger).filter(Holder::lives)
}

fn read_holder(ledger: &Path) -> Option<Holder> {
    serde_json::from_slice(&std::fs::read(beside(ledger, ".holder")).ok()?).ok()
}

/// Who holds the lock that could not be had. One that took it just now may not have signed yet, and what stands there may
/// be the name of one that died: both pass in a moment.
fn who_has_it(ledger: &Path) -> Option<Holder> {
    (0..SIGNED_LOOKS).find_map(|look| {
        if look > 0 {
            std::thread::sleep(SIGNED_PAUSE);
        }
        running(ledger)
    })
}

fn write_holder(path: &Path) -> io::Result<()> {
    let text = serde_json::to_vec(&Holder::this_process())?;
    replace(path, &text, Durable::No)
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Field 22 of `/proc/<id>/stat`: it comes after a name that may hold anything, so it is counted from the last `)`.
fn process_start(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_is_told_who_has_it_and_gets_it_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("c.ledger.db");
        assert_eq!(running(&ledger), None);
        let lock = Lock::acquire(&ledger).unwrap();
        let Err(LedgerError::Locked { holder: Some(holder), .. }) = Lock::acquire(&ledger) else {
            panic!("taken twice")
        };
        assert_eq!((holder.process, holder.host.clone()), (std::process::id(), host()));
        assert_eq!(running(&ledger), Some(holder));
        drop(lock);
        assert_eq!(running(&ledger), None);
        assert!(beside(&ledger, ".lock").exists(), "the lock file is never deleted");
        Lock::acquire(&ledger).unwrap();
    }

    #[test]
    fn a_holder_that_died_is_not_running() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("c.ledger.db");
        let mut holder = Holder { process_start: Some(1), ..Holder::this_process() };
        let write = |holder: &Holder| {
            std::fs::write(beside(&ledger, ".holder"), serde_json::to_vec(holder).unwrap()).unwrap();
        };
        write(&holder);
        if process_start(holder.process).is_some() {
            assert_eq!(running(&ledger), None, "the id was used again");
        }
        holder.host = "elsewhere".into();
        write(&holder);
        assert_eq!(running(&ledger), Some(holder));
    }

    #[test]
    fn a_link_in_the_place_of_the_lock_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("c.ledger.db");
        std::os::unix::fs::symlink(folder.path().join("x"), beside(&ledger, ".lock")).unwrap();
        assert!(matches!(Lock::acquire(&ledger), Err(LedgerError::NotAFile { .. })));
    }
}
