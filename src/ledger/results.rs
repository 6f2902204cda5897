//! The rows of the results CSV, read in its order: what is listed as the input has it, then what is no longer listed.
//!
//! Streams; nothing is kept. The CSV itself is written by `report`.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::schema::state_of;
use super::{Ledger, LedgerError, ResultRow};
use crate::message::State;

const MESSAGES: &str = "SELECT event.text, address, label, state, message_id, zaap_id, instance.name, attempts,
    http_status, error, updated_at, file.text, line, revision, edited_at, variant, columns, message.position, message.id
    FROM message JOIN name AS event ON event.id = event_id JOIN name AS file ON file.id = file_id
    JOIN instance ON instance.id = instance_id ";

const ROWS: &str = "SELECT event.text, recipient, label, 4, NULL, NULL, NULL, 0, NULL, reason, updated_at, file.text,
    line, 0, NULL, NULL, columns, skipped_row.position, 0
    FROM skipped_row JOIN name AS event ON event.id = event_id JOIN name AS file ON file.id = file_id
    ORDER BY skipped_row.position";

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
    let mut show = |row: &Row<'_>| match read(row, &open) {
        Ok(row) => visit(&row).map_err(Stop::Visitor),
        Err(error) => Err(Stop::Database(error)),
    };
    let listed = format!("{MESSAGES} WHERE message.position IS NOT NULL ORDER BY message.position");
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
    let gone = format!("{MESSAGES} WHERE message.position IS NULL ORDER BY message.id");
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

fn read<'a>(row: &'a Row<'_>, open: &HashSet<i64>) -> rusqlite::Result<ResultRow<'a>> {
    let id: i64 = row.get(18)?;
    let under_way = open.contains(&id);
    let attempts: u32 = row.get(7)?;
    Ok(ResultRow {
        event: text(row, 0)?.unwrap_or_default(),
        recipient: text(row, 1)?.unwrap_or_default(),
        label: text(row, 2)?.unwrap_or_default(),
        // While a run goes on, nobody knows yet what comes of a create that is under way.
        status: if under_way { State::Unknown } else { state_of(row.get(3)?)? },
        message_id: text(row, 4)?,
        zaap_id: text(row, 5)?,
        instance: text(row, 6)?,
        attempts: attempts + u32::from(under_way),
        http_status: row.get(8)?,
        error: text(row, 9)?.unwrap_or_default(),
        updated_at: time(row.get(10)?),
        file: text(row, 11)?.unwrap_or_default(),
        line: row.get(12)?,
        revision: row.get(13)?,
        edited_at: row.get::<_, Option<i64>>(14)?.map(time),
        variant: row.get(15)?,
        columns: text(row, 16)?.unwrap_or_default(),
    })
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
