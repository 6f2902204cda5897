//! Rows of the input that are no message, and rows with an error that may stand for a message that the ledger knows.
//!
//! The first are written as they come. The second wait until the input has ended: a later row without an error counts in
//! their stead, and only where there is none does the message stay as it is for their sake.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::aim::{self, Listing};
use super::met::Met;
use super::tally::ListKey;
use crate::message::SkipReason;

/// Writes the rows that are no message, those only that changed.
pub(super) struct SkippedRows<'a> {
    connection: &'a Connection,
    now_ms: i64,
    /// By place.
    written: Met,
}

impl<'a> SkippedRows<'a> {
    pub(super) fn new(connection: &'a Connection, now_ms: i64) -> Self {
        Self { connection, now_ms, written: Met::default() }
    }

    /// Whether anything changed.
    pub(super) fn write(&mut self, key: ListKey, listing: &Listing<'_>, reason: &SkipReason) -> rusqlite::Result<bool> {
        self.written.insert(listing.position);
        let invalid = matches!(reason, SkipReason::Invalid { .. });
        // The condition keeps rows that did not change unwritten.
        let write = "INSERT INTO skipped_row VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            ON CONFLICT (position) DO UPDATE SET event_id = ?2, list_id = ?3, file_id = ?4, line = ?5, invalid = ?6,
                recipient = ?7, label = ?8, reason = ?9, columns = ?10, updated_at = ?11
            WHERE (event_id, list_id, file_id, line, invalid, recipient, label, reason, columns)
                <> (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let changed = self.connection.prepare_cached(write)?.execute(params![
            listing.position,
            key.0,
            key.1,
            key.2,
            listing.line,
            invalid,
            listing.address,
            listing.label,
            aim::reason_text(reason),
            listing.columns,
            self.now_ms,
        ])?;
        Ok(changed > 0)
    }

    /// Takes out the rows of an earlier walk that are none any more; says whether there were any.
    pub(super) fn drop_old(&self) -> rusqlite::Result<bool> {
        let mut select = self.connection.prepare("SELECT position FROM skipped_row")?;
        let old: Vec<i64> = select
            .query_map([], |row| row.get(0))?
            .filter(|position| position.as_ref().map_or(true, |position| !self.written.contains(*position)))
            .collect::<rusqlite::Result<_>>()?;
        for position in &old {
            self.connection.execute("DELETE FROM skipped_row WHERE position = ?1", [position])?;
        }
        Ok(!old.is_empty())
    }
}

/// A row with an error.
#[derive(Debug)]
pub(super) struct FaultyRow {
    pub(super) key: ListKey,
    pub(super) error: String,
    position: i64,
    line: i64,
    address: String,
    label: String,
    columns: String,
}

impl FaultyRow {
    pub(super) fn listing(&self) -> Listing<'_> {
        Listing {
            position: self.position,
            line: self.line,
            file_id: self.key.2,
            list_id: self.key.1,
            address: &self.address,
            label: &self.label,
            columns: &self.columns,
        }
    }
}

/// The first row with an error for each message, by the message's number, until another row names it.
#[derive(Debug, Default)]
pub(super) struct FaultyRows(BTreeMap<i64, FaultyRow>);

impl FaultyRows {
    /// `false` when a row waits for that message already.
    pub(super) fn wait(&mut self, message: i64, key: ListKey, listing: &Listing<'_>, error: &str) -> bool {
        if self.0.contains_key(&message) {
            return false;
        }
        let row = FaultyRow {
            key,
            error: error.to_owned(),
            position: listing.position,
            line: listing.line,
            address: listing.address.to_owned(),
            label: listing.label.to_owned(),
            columns: listing.columns.to_owned(),
        };
        self.0.insert(message, row);
        true
    }

    /// Another row counts for that message.
    pub(super) fn take(&mut self, message: i64) -> Option<FaultyRow> {
        if self.0.is_empty() { None } else { self.0.remove(&message) }
    }

    /// Those in whose stead no other row counted.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = (i64, FaultyRow)> + use<> {
        std::mem::take(&mut self.0).into_iter()
    }
}
