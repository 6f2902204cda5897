//! Opening a ledger: the place, the lock, the file, the settings, the migrations, and what an earlier run left behind.
//!
//! The one door to a [`Ledger`]. Whatever is not exactly as it should be is refused here, before anything is sent.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior};

use super::file::{FileId, beside, folder_of, open_private, refuse_links, sync_folder};
use super::guard::{Guard, check_place};
use super::lock::Lock;
use super::whole::{Parts, begin_use, keep_log, missing};
use super::{Ledger, LedgerError, Recovered, recalling, schema};

/// How long a reader's short locks are waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Enough for every statement of the program.
const CACHED_STATEMENTS: usize = 64;

/// The database's files, by what stands behind the ledger's name. Each is played into what stands under that name.
pub(super) const DATABASE: [&str; 4] = ["", JOURNAL, "-wal", "-shm"];
/// All files of a ledger.
pub(super) const RECORD: [&str; 6] = ["", JOURNAL, "-wal", "-shm", ".rescue.jsonl", recalling::SUFFIX];
/// What says who works with it.
const BESIDE: [&str; 2] = [".lock", ".holder"];
/// Only while the database is made; then it has a log.
const JOURNAL: &str = "-journal";

/// What a ledger is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is written and the lock is not touched: dry run, plan, status, results.
    Read,
    /// Must exist: resolve, recall. Takes the lock and recovers.
    Write,
    /// Created if there is none: apply. Takes the lock and recovers.
    Create,
}

impl Ledger {
    /// Opens the ledger of a campaign; with [`Mode::Write`] and [`Mode::Create`] under the lock, which the ledger
    /// holds until it is dropped, and with what an earlier run left behind taken in (see [`Ledger::recovered`]).
    ///
    /// Links in the path's folder are followed, the file itself must be none.
    pub fn open(path: &Path, campaign: &str, mode: Mode) -> Result<Self, LedgerError> {
        let path = resolve(path).map_err(|error| match (error, mode) {
            // What is to be created is not missing; its folder is.
            (LedgerError::Missing { path }, Mode::Create) => io(folder_of(&path), std::io::ErrorKind::NotFound.into()),
            (error, _) => error,
        })?;
        for suffix in RECORD.into_iter().chain(BESIDE) {
            refuse_links(&beside(&path, suffix))?;
        }
        match mode {
            Mode::Read => Self::open_to_read(path, campaign),
            Mode::Write => {
                require(&path)?;
                Self::open_to_write(path, campaign)
            }
            Mode::Create => Self::open_to_write(path, campaign),
        }
    }

    fn open_to_read(path: PathBuf, campaign: &str) -> Result<Self, LedgerError> {
        require(&path)?;
        let before = Parts::of(&path)?;
        // It has one only before it is made: what a kill left there, the next apply takes up.
        if beside(&path, JOURNAL).symlink_metadata().is_ok() {
            return Err(LedgerError::Missing { path });
        }
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        check_kind(&connection, &path)?;
        let version = schema::version(&connection).map_err(|error| failed(&path, error))?;
        if version < schema::READABLE {
            // Another process makes it at this moment.
            return Err(LedgerError::Missing { path });
        }
        connection.pragma_update(None, "query_only", true).map_err(|error| failed(&path, error))?;
        // Read before it is looked again what is there: a run may have begun, or ended, in between.
        let needed = missing(&connection, before).map_err(|error| failed(&path, error))?;
        let lacks = match needed {
            Some(_) => missing(&connection, before.or(Parts::of(&path)?)).map_err(|error| failed(&path, error))?,
            None => None,
        };
        let mut ledger = Self::new(connection, path, campaign, None)?;
        ledger.lacks = lacks;
        Ok(ledger)
    }

    fn open_to_write(path: PathBuf, campaign: &str) -> Result<Self, LedgerError> {
        let warnings = check_place(&path)?;
        let lock = Lock::acquire(&path)?;
        let existed = FileId::of_path(&path).map_err(|error| io(&path, error))?.is_some();
        // The file is made by us, private from the first moment, and closed before SQLite opens it: closing it later
        // would drop the locks that SQLite has on it.
        let id = FileId::of_file(&open_private(&path)?).map_err(|error| io(&path, error))?;
        if !existed {
            sync_folder(folder_of(&path)).map_err(|error| io(&path, error))?;
        }
        let parts = Parts::of(&path)?;
        let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // However this ends before the file can say that it is whole.
        keep_log(&connection, parts.log).map_err(|error| failed(&path, error))?;
        check_kind(&connection, &path)?;
        if let Some(part) = missing(&connection, parts).map_err(|error| failed(&path, error))? {
            return Err(LedgerError::PartMissing { path, part });
        }
        make_durable(&connection, &path)?;
        prepare(&mut connection, campaign).map_err(|error| failed(&path, error))?;
        let guard = Guard::new(lock, path.clone(), id);
        guard.check()?;
        let mut ledger = Self::new(connection, path, campaign, Some(guard))?;
        (ledger.is_new, ledger.warnings) = (!existed, warnings);
        // Only now that it is known to be this campaign's.
        begin_use(&ledger.connection).map_err(|error| ledger.failed(error))?;
        ledger.recovered = ledger.recover()?;
        Ok(ledger)
    }

    /// The files that a ledger at `path` is made of, or may be: nothing else must be written there.
    pub fn files(path: &Path) -> impl Iterator<Item = PathBuf> {
        RECORD.into_iter().chain(BESIDE).map(|suffix| beside(path, suffix))
    }

    /// An empty ledger in memory: for a plan without a ledger, and for the simulation.
    pub fn in_memory(campaign: &str) -> Result<Self, LedgerError> {
        let path = PathBuf::from(":memory:");
        let open = || {
            let mut connection = Connection::open_in_memory()?;
            prepare(&mut connection, campaign)?;
            Ok(connection)
        };
        let connection = open().map_err(|error| failed(&path, error))?;
        Self::new(connection, path, campaign, None)
    }

    fn new(connection: Connection, path: PathBuf, campaign: &str, guard: Option<Guard>) -> Result<Self, LedgerError> {
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        let found: Option<(String, String)> = connection
            .query_row("SELECT ledger, campaign FROM meta", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .map_err(|error| failed(&path, error))?;
        let Some((id, found)) = found else { return Err(LedgerError::Missing { path }) };
        if found != campaign {
            return Err(LedgerError::OtherCampaign { path, campaign: found });
        }
        let (recovered, warnings) = (Recovered::default(), Vec::new());
        Ok(Self {
            connection,
            path,
            id,
            campaign: found,
            guard,
            is_new: false,
            lacks: None,
            broken: false,
            recovered,
            warnings,
        })
    }
}

/// The path with its folder resolved: the database library is told to follow no link at all.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, LedgerError> {
    let folder = folder_of(path).canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => LedgerError::Missing { path: path.to_owned() },
        _ => io(path, error),
    })?;
    match path.file_name() {
        Some(name) => Ok(folder.join(name)),
        None => Err(LedgerError::NotAFile { path: path.to_owned() }),
    }
}

/// An empty file is what a run leaves that died while it made the ledger: there is nothing in it.
fn require(path: &Path) -> Result<(), LedgerError> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.len() > 0 => Ok(()),
        Ok(_) => Err(LedgerError::Missing { path: path.to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(LedgerError::Missing { path: path.to_owned() })
        }
        Err(error) => Err(io(path, error)),
    }
}

pub(super) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, LedgerError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| failed(path, error))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| failed(path, error))?;
    Ok(connection)
}

/// Ours, or a file in which nothing is yet.
fn check_kind(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let ask = || {
        let kind: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((kind, tables, schema::version(connection)?))
    };
    let (kind, tables, version) = ask().map_err(|error| failed(path, error))?;
    if kind != schema::APPLICATION_ID && tables > 0 {
        let why = "it is a database of another program".to_owned();
        return Err(LedgerError::NotALedger { path: path.to_owned(), why });
    }
    if version > schema::newest() {
        return Err(LedgerError::Newer { path: path.to_owned(), version });
    }
    Ok(())
}

/// Sets write-ahead logging and full syncs, and believes only what is read back.
fn make_durable(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let not = |what: &str| LedgerError::NotDurable { path: path.to_owned(), what: what.to_owned() };
    let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let failed = |error| failed(path, error);
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        return Err(not("write-ahead logging was refused"));
    }
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;").map_err(failed)?;
    if ask("PRAGMA synchronous").map_err(failed)? != 2 {
        return Err(not("full syncs were refused"));
    }
    if ask("PRAGMA foreign_keys").map_err(failed)? != 1 {
        return Err(not("foreign keys were refused"));
    }
    Ok(())
}

/// Tables, and the one row that says whose ledger it is: all of it or nothing.
fn prepare(connection: &mut Connection, campaign: &str) -> rusqlite::Result<()> {
    connection.pragma_update(None, "foreign_keys", true)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    schema::migrate(&transaction)?;
    if transaction.query_row("SELECT count(*) FROM meta", [], |row| row.get::<_, i64>(0))? == 0 {
        let insert = "INSERT INTO meta (only, ledger, campaign, created_at) VALUES (1, ?1, ?2, ?3)";
        let id = format!("{:032x}", fastrand::u128(..));
        transaction.execute(insert, (id, campaign, Timestamp::now().as_millisecond()))?;
    }
    transaction.commit()
}

pub(super) fn io(path: &Path, error: std::io::Error) -> LedgerError {
    LedgerError::Io { path: path.to_owned(), error }
}

/// A file that is no database, or a damaged one, is told apart from one that fails.
fn failed(path: &Path, error: rusqlite::Error) -> LedgerError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => LedgerError::NotALedger { path, why: "it is no SQLite database".to_owned() },
        _ => LedgerError::Database { path, error },
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::instance::Fingerprint;
    use crate::ledger::Narrow;

    #[test]
    fn a_ledger_is_private_durable_and_keeps_its_id() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.ledger.db");
        let ledger = Ledger::open(&path, "c", Mode::Create).unwrap();
        let id = ledger.id().to_owned();
        assert_eq!(id.len(), 32);
        for (pragma, value) in [("synchronous", 2), ("foreign_keys", 1)] {
            let read: i64 = ledger.connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap();
            assert_eq!(read, value, "{pragma}");
        }
        for suffix in ["", "-wal", "-shm", ".lock", ".holder"] {
            let mode = std::fs::metadata(beside(&ledger.path, suffix)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{suffix}");
        }
        assert!(matches!(Ledger::open(&path, "c", Mode::Write), Err(LedgerError::Locked { .. })));
        assert_eq!(Ledger::open(&path, "c", Mode::Read).unwrap().id(), id);
        drop(ledger);
        assert_eq!(Ledger::open(&path, "c", Mode::Write).unwrap().id(), id);
        Ledger::remove(&path).unwrap();
        assert_ne!(Ledger::open(&path, "c", Mode::Create).unwrap().id(), id);
    }

    #[test]
    fn what_is_no_ledger_of_this_campaign_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for mode in [Mode::Read, Mode::Write] {
            assert!(matches!(Ledger::open(&at("none"), "c", mode), Err(LedgerError::Missing { .. })));
            assert!(!at("none").exists() && !at("none.lock").exists());
        }
        assert!(matches!(Ledger::open(&at("no/folder"), "c", Mode::Create), Err(LedgerError::Io { .. })));
        assert!(matches!(Ledger::open(&at("no/folder"), "c", Mode::Read), Err(LedgerError::Missing { .. })));
        std::fs::write(at("text"), "x".repeat(5000)).unwrap();
        Connection::open(at("foreign")).unwrap().execute_batch("CREATE TABLE x (y)").unwrap();
        drop(Ledger::open(&at("newer"), "c", Mode::Create).unwrap());
        Connection::open(at("newer")).unwrap().pragma_update(None, "user_version", 99).unwrap();
        drop(Ledger::open(&at("other"), "other", Mode::Create).unwrap());
        std::os::unix::fs::symlink(at("other"), at("link")).unwrap();
        for mode in [Mode::Read, Mode::Write, Mode::Create] {
            let open = |name: &str| Ledger::open(&at(name), "c", mode).unwrap_err();
            assert!(matches!(open("text"), LedgerError::NotALedger { .. }));
            assert!(matches!(open("foreign"), LedgerError::NotALedger { .. }));
            assert!(matches!(open("newer"), LedgerError::Newer { version: 99, .. }));
            assert!(matches!(open("other"), LedgerError::OtherCampaign { campaign, .. } if campaign == "other"));
            assert!(matches!(open("link"), LedgerError::NotAFile { .. }));
        }
    }

    #[test]
    fn the_first_format_is_read_as_it_is_and_brought_up_to_date_by_the_next_writer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.ledger.db");
        let first = Connection::open(&path).unwrap();
        schema::make_first_format(&first);
        first.execute_batch("INSERT INTO meta (only, ledger, campaign, created_at) VALUES (1, 'id', 'c', 0)").unwrap();
        drop(first);
        let version = |ledger: &Ledger| schema::version(&ledger.connection).unwrap();
        let reader = Ledger::open(&path, "c", Mode::Read).unwrap();
        assert_eq!(version(&reader), 1);
        let (day, fingerprint) = (Timestamp::UNIX_EPOCH, Fingerprint::from_hex("f".to_owned()));
        assert_eq!(reader.sent_between(&fingerprint, day, Timestamp::MAX).unwrap(), 0);
        assert_eq!(reader.counts(&Narrow::default()).unwrap().total(), 0);
        assert!(reader.instance_counts().unwrap().is_empty() && reader.updated_at().unwrap().is_none());
        assert!(reader.each_result::<LedgerError>(|_| Ok(())).is_ok());
        drop(reader);
        let writer = Ledger::open(&path, "c", Mode::Write).unwrap();
        assert_eq!((version(&writer), writer.id()), (schema::newest(), "id"));
    }

    #[test]
    fn reading_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.ledger.db");
        drop(Ledger::open(&path, "c", Mode::Create).unwrap());
        let reader = Ledger::open(&path, "c", Mode::Read).unwrap();
        assert!(reader.connection.execute("UPDATE meta SET campaign = 'x'", []).is_err());
    }
}
