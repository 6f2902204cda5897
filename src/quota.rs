//! What each instance has sent today, shared by all campaigns on this machine.
//!
//! A small database in the state directory, counted by instance, day and ledger. A send is reserved before its intent,
//! several at a time, so that most sends cost nothing; what a killed run had reserved and not sent is put right from
//! its own ledger at the next start. So a limit is never exceeded, and hardly anything of it is lost. Does not know what
//! a day is (the caller gives the date) and never waits.

use std::collections::HashMap;
use std::fmt;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Date;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::instance::Fingerprint;

/// The most that is reserved at once.
const GRANT_MAX: u64 = 64;
/// Of what is left of a limit, at most this part is reserved at once: other campaigns want to send, too.
const GRANT_PART: u64 = 8;
/// Without a limit, so many times as much is reserved as was just sent in one go, the first left out: what goes out one
/// by one is paced.
const GRANT_BATCHES: u64 = 128;
/// Another process holds the file for less than a millisecond at a time.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Days after which counts are forgotten.
const KEPT_DAYS: i64 = 60;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS sent (
    instance TEXT NOT NULL,
    day TEXT NOT NULL,
    -- The id of the ledger that sent, or reserved.
    owner TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count >= 0),
    PRIMARY KEY (instance, day, owner)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;";

/// Why the daily counts cannot be used. Where a daily limit is to be kept, that stops the run with exit 4, as an error of
/// the ledger does.
#[derive(Debug)]
pub struct QuotaError {
    pub path: PathBuf,
    pub what: String,
}

impl fmt::Display for QuotaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the daily counts in {} cannot be used: {}", self.path.display(), self.what)
    }
}

impl std::error::Error for QuotaError {}

/// The daily counts, used by one thread at a time; other processes may use the same file.
#[derive(Debug)]
pub struct Quota {
    connection: Connection,
    path: PathBuf,
    owner: String,
    /// Reserved and not taken yet.
    granted: HashMap<(Fingerprint, Date), u64>,
}

impl Quota {
    /// Opens or creates `quota.db` in the state directory. `owner` is the ledger's id: counts are kept per owner.
    pub fn open(state: &Path, owner: &str) -> Result<Self, QuotaError> {
        let path = state.join("quota.db");
        let failed = |what: String| QuotaError { path: path.clone(), what };
        create_private(state, &path).map_err(|error| failed(error.to_string()))?;
        // Links in the folder's path are followed, the file itself must be none.
        let file = state.canonicalize().map_err(|error| failed(error.to_string()))?.join("quota.db");
        let flags =
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let open = || {
            let connection = Connection::open_with_flags(&file, flags)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            Ok(connection)
        };
        let connection = open().map_err(|error: rusqlite::Error| failed(error.to_string()))?;
        Self::new(connection, path, owner)
    }

    /// A copy for a plan: whatever is done to it, the file stays as it is, and where there is none, none is made.
    pub fn copy(state: &Path, owner: &str) -> Result<Self, QuotaError> {
        let path = state.join("quota.db");
        let failed = |what: String| QuotaError { path: path.clone(), what };
        let mut copy = Self::in_memory(owner)?;
        let file = match path.canonicalize() {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(copy),
            Err(error) => return Err(failed(error.to_string())),
        };
        let read = || {
            let flags =
                OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
            let connection = Connection::open_with_flags(&file, flags)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            copy.take_over(&connection)
        };
        read().map_err(|error: rusqlite::Error| failed(error.to_string()))?;
        copy.path = path;
        Ok(copy)
    }

    fn take_over(&self, from: &Connection) -> rusqlite::Result<()> {
        let version: i64 = from.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version == 0 {
            return Ok(());
        }
        let mut select = from.prepare("SELECT instance, day, owner, count FROM sent")?;
        let mut rows = select.query([])?;
        let mut insert = self.connection.prepare("INSERT INTO sent VALUES (?1, ?2, ?3, ?4)")?;
        while let Some(row) = rows.next()? {
            let text = |column| row.get::<_, String>(column);
            insert.execute(params![text(0)?, text(1)?, text(2)?, row.get::<_, i64>(3)?])?;
        }
        Ok(())
    }

    /// In memory: for the simulation, and where a copy begins.
    pub fn in_memory(owner: &str) -> Result<Self, QuotaError> {
        let path = PathBuf::from(":memory:");
        match Connection::open_in_memory() {
            Ok(connection) => Self::new(connection, path, owner),
            Err(error) => Err(QuotaError { path, what: error.to_string() }),
        }
    }

    fn new(connection: Connection, path: PathBuf, owner: &str) -> Result<Self, QuotaError> {
        let quota = Self { connection, path, owner: owner.to_owned(), granted: HashMap::new() };
        quota.prepare().map_err(|error| quota.failed(&error))?;
        Ok(quota)
    }

    fn prepare(&self) -> rusqlite::Result<()> {
        // FULL, or a power cut would forget what was sent today. No WAL, which would not work on a home folder that several
        // machines share; emptying the journal is cheaper than removing it and making it anew.
        self.connection.execute_batch("PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL")?;
        let version: i64 = self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version == 0 {
            self.transaction(|connection| connection.execute_batch(SCHEMA))?;
        }
        Ok(())
    }

    /// At the start, under the ledger's lock: what this campaign's ledger says it has sent on that day
    /// (`Ledger::sent_between`) replaces what a run that died may have left reserved.
    pub fn correct(&mut self, instance: &Fingerprint, day: Date, sent: u64) -> Result<(), QuotaError> {
        self.granted.remove(&(instance.clone(), day));
        let old = day.saturating_sub(jiff::Span::new().days(KEPT_DAYS)).to_string();
        let key = (instance.as_str(), day.to_string(), self.owner.as_str());
        let done = self.transaction(|connection| {
            let stands: Option<i64> = connection
                .query_row(
                    "SELECT count FROM sent WHERE instance = ?1 AND day = ?2 AND owner = ?3",
                    params![key.0, key.1, key.2],
                    |row| row.get(0),
                )
                .optional()?;
            if stands.unwrap_or(0) == signed(sent) {
                return Ok(());
            }
            connection.execute("DELETE FROM sent WHERE day < ?1", [&old])?;
            let write = "INSERT INTO sent VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET count = ?4";
            connection.execute(write, params![key.0, key.1, key.2, signed(sent)])?;
            Ok(())
        });
        done.map_err(|error| self.failed(&error))
    }

    /// Before an intent: one send on that day, `false` when the limit is reached. Durable when it returns; mostly free,
    /// because several are reserved at a time.
    pub fn take(&mut self, instance: &Fingerprint, day: Date, limit: u32) -> Result<bool, QuotaError> {
        let key = (instance.clone(), day);
        if let Some(left) = self.granted.get_mut(&key).filter(|left| **left > 0) {
            *left -= 1;
            return Ok(true);
        }
        let granted = self.reserve(instance, day, limit).map_err(|error| self.failed(&error))?;
        if granted == 0 {
            return Ok(false);
        }
        self.granted.insert(key, granted - 1);
        Ok(true)
    }

    /// Counts sends of a campaign without a limit, for the sake of others that have one. The faster it sends, and the more
    /// it has sent, the more is reserved at once, so that counting never holds it up; one that sends one by one never has
    /// much more counted than it sent, since that is taken from others.
    pub fn count(&mut self, instance: &Fingerprint, day: Date, sends: u32) -> Result<(), QuotaError> {
        let sends = u64::from(sends);
        let key = (instance.clone(), day);
        let left = self.granted.get(&key).copied().unwrap_or(0);
        let mut reserved = 0;
        if sends > left {
            let day = day.to_string();
            let done = self.transaction(|connection| {
                let part = self.own(connection, instance, &day)? / GRANT_PART;
                let reserved = (sends - left).max(part.min(GRANT_MAX)).max((sends - 1) * GRANT_BATCHES);
                self.add(connection, instance, &day, reserved)?;
                Ok(reserved)
            });
            reserved = done.map_err(|error| self.failed(&error))?;
        }
        self.granted.insert(key, left + reserved - sends);
        Ok(())
    }

    fn reserve(&self, instance: &Fingerprint, day: Date, limit: u32) -> rusqlite::Result<u64> {
        let day = day.to_string();
        self.transaction(|connection| {
            let left = u64::from(limit).saturating_sub(sum(connection, instance, &day)?);
            let wanted = (left / GRANT_PART).clamp(1, GRANT_MAX).min(left);
            if wanted > 0 {
                self.add(connection, instance, &day, wanted)?;
            }
            Ok(wanted)
        })
    }

    /// What this campaign has sent or reserved on that day.
    fn own(&self, connection: &Connection, instance: &Fingerprint, day: &str) -> rusqlite::Result<u64> {
        let select = "SELECT count FROM sent WHERE instance = ?1 AND day = ?2 AND owner = ?3";
        let key = params![instance.as_str(), day, self.owner];
        let own: Option<i64> = connection.prepare_cached(select)?.query_row(key, |row| row.get(0)).optional()?;
        Ok(own.unwrap_or(0).unsigned_abs())
    }

    fn add(&self, connection: &Connection, instance: &Fingerprint, day: &str, sends: u64) -> rusqlite::Result<usize> {
        let write = "INSERT INTO sent VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET count = count + ?4";
        connection.prepare_cached(write)?.execute(params![instance.as_str(), day, self.owner, signed(sends)])
    }

    /// After `not sent` or `rejected`: that one did not count.
    pub fn put_back(&mut self, instance: &Fingerprint, day: Date) {
        *self.granted.entry((instance.clone(), day)).or_default() += 1;
    }

    /// At the end of a run: gives back what was reserved and not used. Also tried on drop.
    pub fn release(&mut self) -> Result<(), QuotaError> {
        let granted: Vec<_> = self.granted.drain().filter(|(_, left)| *left > 0).collect();
        if granted.is_empty() {
            return Ok(());
        }
        let done = self.transaction(|connection| {
            let update = "UPDATE sent SET count = max(count - ?4, 0) WHERE instance = ?1 AND day = ?2 AND owner = ?3";
            for ((instance, day), left) in &granted {
                connection.execute(update, params![instance.as_str(), day.to_string(), self.owner, signed(*left)])?;
            }
            Ok(())
        });
        done.map_err(|error| self.failed(&error))
    }

    /// What all campaigns together have sent or reserved on that day.
    pub fn used(&self, instance: &Fingerprint, day: Date) -> Result<u64, QuotaError> {
        sum(&self.connection, instance, &day.to_string()).map_err(|error| self.failed(&error))
    }

    fn transaction<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let done = work(&self.connection)
            .and_then(|result| self.connection.prepare_cached("COMMIT")?.execute([]).map(|_| result));
        if done.is_err() && !self.connection.is_autocommit() {
            // The first error is the one to report.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        done
    }

    fn failed(&self, error: &rusqlite::Error) -> QuotaError {
        QuotaError { path: self.path.clone(), what: error.to_string() }
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // What stays reserved is put right by `correct` at the next start.
        let _ = self.release();
    }
}

/// `ZAPI_STATE_DIR`, else `$XDG_STATE_HOME/zapi-batch`, else `~/.local/state/zapi-batch`; `None` without a home.
pub fn state_directory(lookup: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| lookup(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("ZAPI_STATE_DIR")
        .or_else(|| set("XDG_STATE_HOME").map(|folder| folder.join("zapi-batch")))
        .or_else(|| set("HOME").map(|home| home.join(".local/state/zapi-batch")))
}

fn sum(connection: &Connection, instance: &Fingerprint, day: &str) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT ifnull(sum(count), 0) FROM sent WHERE instance = ?1 AND day = ?2")?
        .query_row((instance.as_str(), day), |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The folder 0700 and the file 0600, from the first moment. An existing folder is left as it is.
fn create_private(folder: &Path, file: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
