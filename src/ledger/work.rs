//! What is to be attempted: pending messages of one instance, in input order, a chunk at a time.
//!
//! Does not know what was taken already; a message with a request under way is never given out.

use rusqlite::{Connection, Row, params};

use super::names::instance_named;
use super::schema::kind_of;
use super::{Cursor, Ledger, LedgerError, Narrow, Work};
use crate::message::AttemptKind;
use crate::recipient::Address;

const SELECT: &str = "SELECT message.id, position, task, message_id, address, label, event
    FROM message JOIN wording ON wording.message = message.id
    WHERE instance_id = ?1 AND state = 0 AND blocked IS NULL
    AND NOT EXISTS (SELECT 1 FROM attempt WHERE attempt.message = message.id AND attempt.state = 0)";

impl Ledger {
    /// The next pending messages of an instance (by its name in the manifest), in input order, at most `limit`; those
    /// that are called off although no longer listed come last. None are left when it comes back empty.
    pub fn work(
        &self,
        instance: &str,
        cursor: &mut Cursor,
        limit: usize,
        narrow: &Narrow,
    ) -> Result<Vec<Work>, LedgerError> {
        self.read_work(instance, cursor, limit, narrow).map_err(|error| self.failed(error))
    }

    fn read_work(
        &self,
        instance: &str,
        cursor: &mut Cursor,
        limit: usize,
        narrow: &Narrow,
    ) -> rusqlite::Result<Vec<Work>> {
        let Some(instance) = instance_named(&self.connection, instance)? else { return Ok(Vec::new()) };
        let narrow = narrow_sql(&self.connection, narrow)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut work = Vec::new();
        loop {
            let (condition, after) = match *cursor {
                Cursor::Start => ("position > ?2", -1),
                Cursor::Listed(position) => ("position > ?2", position),
                Cursor::Unlisted(id) => ("position IS NULL AND message.id > ?2", id),
            };
            let order = if matches!(cursor, Cursor::Unlisted(_)) { "message.id" } else { "position" };
            let select = format!("{SELECT} AND {condition}{narrow} ORDER BY {order} LIMIT ?3");
            let mut select = self.connection.prepare_cached(&select)?;
            let mut rows = select.query(params![instance, after, limit])?;
            while let Some(row) = rows.next()? {
                let (position, next) = read(row)?;
                *cursor = position.map_or(Cursor::Unlisted(next.message), Cursor::Listed);
                work.push(next);
            }
            if !work.is_empty() || matches!(cursor, Cursor::Unlisted(_)) {
                return Ok(work);
            }
            *cursor = Cursor::Unlisted(0);
        }
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<(Option<i64>, Work)> {
    let kind = row.get::<_, Option<i64>>(2)?.map_or(AttemptKind::Create, kind_of);
    let work = Work {
        message: row.get(0)?,
        kind,
        original_id: if kind == AttemptKind::Edit { row.get(3)? } else { None },
        address: Address::new(row.get::<_, String>(4)?),
        label: row.get(5)?,
        event: row.get(6)?,
    };
    Ok((row.get(1)?, work))
}

/// ` AND …` for what a run is restricted to; numbers only, so nothing needs quoting.
pub(super) fn narrow_sql(connection: &Connection, narrow: &Narrow) -> rusqlite::Result<String> {
    let mut sql = String::new();
    for (column, names) in [("event_id", &narrow.events), ("list_id", &narrow.lists)] {
        if names.is_empty() {
            continue;
        }
        let mut numbers = Vec::new();
        let mut select = connection.prepare_cached("SELECT id FROM name WHERE text = ?1")?;
        for name in names {
            for number in select.query_map([&**name], |row| row.get::<_, i64>(0))? {
                numbers.push(number?.to_string());
            }
        }
        sql.extend([" AND ", column, " IN (", &numbers.join(", "), ")"]);
    }
    Ok(sql)
}
