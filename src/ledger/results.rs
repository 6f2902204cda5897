//! The rows of the results CSV, read in its order: what is listed as the input has it, then what is no longer listed.
//!
//! Streams; nothing is kept. The CSV itself is written by `report`.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::schema::state_of;
use super::{Ledger, LedgerError, ResultRow};
use crate::message::State;

/// What [`read`] expects, up to the condition. Names and instances are numbers here: joined, each row would look up three.
const MESSAGES: &str =
    "SELECT event_id, address, label, state, message_id, zaap_id, instance_id, attempts, http_status,
    error, updated_at, file_id, line, revision, edited_at, variant, columns, position, id FROM message ";

/// The same of rows that are no message.
const ROWS: &str = "SELECT event_id, recipient, label, 4, NULL, NULL, NULL, 0, NULL, reason, updated_at, file_id, line,
    0, NULL, NULL, columns, position, 0 FROM skipped_row ORDER BY position";

/// What all rows are read with.
struct Shared {
    names: HashMap<i64, String>,
    instances: HashMap<i64, String>,
    /// Messages with a create under way.
    open: HashSet<i64>,
}

/// A visitor's own error, or the database's.
enum Stop<E> {
    Visitor(E),
    Database(rusqlite::Error),
}

impl<E> From<rusqlite::Error> for Stop<E> {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl Ledger {
    /// Every row of the results, in the order of the CSV. `E` is the visitor's own error.
    pub fn each_result<E: From<LedgerError>>(
        &self,
        mut visit: impl FnMut(&ResultRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let transaction = self.connection.unchecked_transaction().map_err(|error| E::from(self.failed(error)))?;
        each(&transaction, &mut visit).map_err(|stop| match stop {
            Stop::Visitor(error) => error,
            Stop::Database(error) => self.failed(error).into(),
        })
    }
}

fn each<E>(connection: &Connection, visit: &mut impl FnMut(&ResultRow<'_>) -> Result<(), E>) -> Result<(), Stop<E>> {
    let open: HashSet<i64> = connection
        .prepare("SELECT message FROM attempt WHERE state = 0 AND kind = 0")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let shared = Shared {
        names: texts(connection, "SELECT id, text FROM name")?,
        instances: texts(connection, "SELECT id, name FROM instance")?,
        open,
    };
    let mut show = |row: &Row<'_>| match read(row, &shared) {
        Ok(row) => visit(&row).map_err(Stop::Visitor),
        Err(error) => Err(Stop::Database(error)),
    };
    let listed = format!("{MESSAGES} WHERE position IS NOT NULL ORDER BY position");
    let (mut listed, mut rows) = (connection.prepare(&listed)?, connection.prepare(ROWS)?);
    let (mut listed, mut rows) = (listed.query([])?, rows.query([])?);
    let (mut message, mut row) = (listed.next()?, rows.next()?);
    loop {
        let row_is_next = match (message, row) {
            (None, None) => break,
            (Some(message), Some(row)) => position(row)? < position(message)?,
            (message, None) => message.is_none(),
            (None, Some(_)) => true,
        };
        if row_is_next {
            row.map_or(Ok(()), &mut show)?;
            row = rows.next()?;
        } else {
            message.map_or(Ok(()), &mut show)?;
            message = listed.next()?;
        }
    }
    let gone = format!("{MESSAGES} WHERE position IS NULL ORDER BY id");
    let mut gone = connection.prepare(&gone)?;
    let mut gone = gone.query([])?;
    while let Some(row) = gone.next()? {
        show(row)?;
    }
    Ok(())
}

fn position(row: &Row<'_>) -> rusqlite::Result<i64> {
    row.get(17)
}

fn read<'a>(row: &'a Row<'_>, shared: &'a Shared) -> rusqlite::Result<ResultRow<'a>> {
    let under_way = !shared.open.is_empty() && shared.open.contains(&row.get(18)?);
    let attempts: u32 = row.get(7)?;
    Ok(ResultRow {
        event: named(&shared.names, row, 0)?.unwrap_or_default(),
        recipient: text(row, 1)?.unwrap_or_default(),
        label: text(row, 2)?.unwrap_or_default(),
        // While a run goes on, nobody knows yet what comes of a create that is under way.
        status: if under_way { State::Unknown } else { state_of(row.get(3)?)? },
        message_id: text(row, 4)?,
        zaap_id: text(row, 5)?,
        instance: named(&shared.instances, row, 6)?,
        attempts: attempts + u32::from(under_way),
        http_status: row.get(8)?,
        error: text(row, 9)?.unwrap_or_default(),
        updated_at: time(row.get(10)?),
        file: named(&shared.names, row, 11)?.unwrap_or_default(),
        line: row.get(12)?,
        revision: row.get(13)?,
        edited_at: row.get::<_, Option<i64>>(14)?.map(time),
        variant: row.get(15)?,
        columns: text(row, 16)?.unwrap_or_default(),
    })
}

fn texts(connection: &Connection, select: &str) -> rusqlite::Result<HashMap<i64, String>> {
    connection.prepare(select)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn named<'a>(texts: &'a HashMap<i64, String>, row: &Row<'_>, column: usize) -> rusqlite::Result<Option<&'a str>> {
    Ok(row.get::<_, Option<i64>>(column)?.and_then(|id| texts.get(&id)).map(String::as_str))
}

fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<Option<&'a str>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        value => Ok(Some(value.as_str()?)),
    }
}
