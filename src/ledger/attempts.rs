//! The hot path: intents before requests, outcomes after, and what to make of attempts that never got an outcome.
//!
//! One transaction a batch, cached statements, integer keys, no reading. A statement that fails undoes the batch, so none
//! keeps an undo journal of its own (which would be a third of the work). What an outcome means for its message stands in
//! `settle`. Does not know why an attempt is made; the schema makes sure that no second `create` can be.

use std::path::PathBuf;

use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, params};

use super::schema::{attempt, kind_number, kind_of};
use super::{Batch, Intent, Ledger, LedgerError, Recovered, Settlement, rescue};
use crate::message::AttemptKind;
use crate::outcome::{Outcome, Unknown};

/// What a message says whose run died while its request was under way.
const INTERRUPTED: &str = "the run ended before an answer came";

/// The statements of nearly every message: its intent, and the two of its acceptance.
///
/// The intent leaves its number to the database, which takes the one after the last, as the engine does. A number that is
/// given has to be looked at first, and a statement that may stop there keeps an undo journal: three pages, copied each
/// time.
pub(super) const INTENT: &str =
    "INSERT OR ROLLBACK INTO attempt (message, kind, state, started_at) VALUES (?1, ?2, 0, ?3)";
pub(super) const ACCEPTED_ATTEMPT: &str = "UPDATE OR ROLLBACK attempt SET state = 1, settled_at = ?1, http_status = ?2
    WHERE id = ?3 AND message = ?4 AND kind = 0 AND state = 0";
pub(super) const ACCEPTED_MESSAGE: &str = "UPDATE message SET state = 1, task = NULL, revision = 1,
    attempts = attempts + 1, http_status = ?2, error = '', accepted_at = ?3, updated_at = ?3, message_id = ?4,
    zaap_id = ?5 WHERE id = ?1";

impl Ledger {
    /// The number of the last attempt, 0 when there is none: the next intent takes the one after it.
    pub fn last_attempt(&self) -> Result<i64, LedgerError> {
        let last = self.connection.query_row("SELECT ifnull(max(id), 0) FROM attempt", [], |row| row.get(0));
        last.map_err(|error| self.failed(error))
    }

    /// Makes outcomes and intents durable in one transaction, settlements first. After an error the ledger is broken:
    /// the batch's settlements are in the rescue file as far as that could be written, and nothing is written any more.
    pub fn commit(&mut self, batch: &Batch) -> Result<(), LedgerError> {
        let done = self.writable().and_then(|()| self.transaction(|connection| write(connection, batch)));
        if done.is_err() {
            self.broken = true;
            if !batch.settlements.is_empty() {
                // The first error is the one to report; without the rescue these attempts are unknown, which is safe.
                let _ = self.rescue(&batch.settlements);
            }
        }
        done
    }

    /// After a failed commit: keeps the answers that still come in, in `<ledger>.rescue.jsonl`, synced.
    pub fn rescue(&self, settlements: &[Settlement]) -> Result<PathBuf, LedgerError> {
        if self.guard.is_none() {
            return Err(LedgerError::Broken { path: self.path.clone() });
        }
        rescue::append(&self.path, &self.id, settlements)
    }

    /// Takes in the rescue file and turns open intents into unknown, in one transaction. Done by `open`; the simulation
    /// calls it to restart.
    pub fn recover(&mut self) -> Result<Recovered, LedgerError> {
        self.broken = false;
        let kept = if self.guard.is_some() { rescue::read(&self.path, &self.id)? } else { Vec::new() };
        let mut recovered = Recovered::default();
        self.transaction(|connection| {
            let mut settle = Settle::new(connection)?;
            for settlement in &kept {
                if is_open(connection, settlement)? {
                    settle.write(settlement)?;
                    recovered.rescued += 1;
                }
            }
            for (attempt, message, kind) in open_intents(connection)? {
                let outcome =
                    Outcome::Unknown { http_status: None, error: INTERRUPTED.to_owned(), then: Unknown::Next };
                settle.write(&Settlement { attempt, message, kind, outcome, at: Timestamp::now() })?;
                match kind {
                    AttemptKind::Create => recovered.unknown += 1,
                    AttemptKind::Edit => recovered.edits += 1,
                }
            }
            Ok(())
        })?;
        if self.guard.is_some() {
            rescue::remove(&self.path, &self.id)?;
        }
        Ok(recovered)
    }

    /// Before every write: nothing has failed, and ledger and lock are where they were.
    pub(super) fn writable(&self) -> Result<(), LedgerError> {
        if self.broken {
            return Err(LedgerError::Broken { path: self.path.clone() });
        }
        self.guard.as_ref().map_or(Ok(()), super::guard::Guard::check)
    }

    /// `BEGIN IMMEDIATE`, the work, `COMMIT`; undone when anything fails.
    pub(super) fn transaction<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        let run = || {
            self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
            let result = work(&self.connection)?;
            self.connection.prepare_cached("COMMIT")?.execute([])?;
            Ok(result)
        };
        run().map_err(|error| {
            if !self.connection.is_autocommit() {
                let _ = self.connection.execute_batch("ROLLBACK");
            }
            self.failed(error)
        })
    }
}

fn write(connection: &Connection, batch: &Batch) -> rusqlite::Result<()> {
    if !batch.settlements.is_empty() {
        let mut settle = Settle::new(connection)?;
        for settlement in &batch.settlements {
            settle.write(settlement)?;
        }
    }
    let mut insert = connection.prepare_cached(INTENT)?;
    for Intent { attempt, message, kind, at } in &batch.intents {
        insert.execute(params![message, kind_number(*kind), at.as_millisecond()])?;
        let number = connection.last_insert_rowid();
        if number != *attempt {
            return Err(rusqlite::Error::IntegralValueOutOfRange(0, number));
        }
    }
    Ok(())
}

/// Records what came of attempts, and what that makes of their messages.
///
/// Holds the two statements of an invitation that was accepted, as nearly all are: finding a cached one takes a tenth of
/// running it. They set what is new and nothing else, so that of the indexes only that of open attempts is written.
struct Settle<'c> {
    connection: &'c Connection,
    accepted_attempt: CachedStatement<'c>,
    accepted_message: CachedStatement<'c>,
}

impl<'c> Settle<'c> {
    fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        let accepted_attempt = connection.prepare_cached(ACCEPTED_ATTEMPT)?;
        let accepted_message = connection.prepare_cached(ACCEPTED_MESSAGE)?;
        Ok(Self { connection, accepted_attempt, accepted_message })
    }

    fn write(&mut self, settlement: &Settlement) -> rusqlite::Result<()> {
        let Settlement { attempt, message, kind, outcome, at } = settlement;
        let (connection, status, at) = (self.connection, outcome.http_status(), at.as_millisecond());
        match (outcome, kind) {
            (Outcome::Accepted { message_id, zaap_id }, AttemptKind::Create) => {
                one(self.accepted_attempt.execute(params![at, status, attempt, message])?)?;
                one(self.accepted_message.execute(params![message, status, at, message_id, zaap_id])?)
            }
            (Outcome::Accepted { message_id, zaap_id }, AttemptKind::Edit) => {
                close(connection, settlement, attempt::ACCEPTED, Some((message_id, zaap_id)))?;
                edited(connection, *message, status, at)
            }
            (Outcome::Rejected { error, .. }, _) => {
                close(connection, settlement, attempt::REJECTED, None)?;
                refuse(connection, *message, 2, 0, (status, error, at))
            }
            (Outcome::NotSent { error, .. }, _) => {
                close(connection, settlement, attempt::NOT_SENT, None)?;
                refuse(connection, *message, 0, 0, (status, error, at))
            }
            // No request, so the message is as it was.
            (Outcome::HeldBack, _) => close(connection, settlement, attempt::NOT_SENT, None),
            (Outcome::Unknown { error, .. }, kind) => {
                close(connection, settlement, attempt::UNKNOWN, None)?;
                // An edit replaces, so it is simply made again; until then nobody knows which wording the recipient has.
                let (state, doubt) = if *kind == AttemptKind::Create { (3, 0) } else { (0, 1) };
                refuse(connection, *message, state, doubt, (status, error, at))
            }
        }
    }
}

/// Settles an attempt. An invitation's ids stand in its message; an edit's own are of use to nobody but a recall.
fn close(
    connection: &Connection,
    settlement: &Settlement,
    state: i64,
    ids: Option<(&String, &String)>,
) -> rusqlite::Result<()> {
    let Settlement { attempt, message, kind, outcome, at } = settlement;
    let update =
        "UPDATE OR ROLLBACK attempt SET state = ?1, void = ?1 = 2 OR ?1 > 3, settled_at = ?2, http_status = ?3,
        error = ?4, message_id = ?5, zaap_id = ?6 WHERE id = ?7 AND message = ?8 AND kind = ?9 AND state = 0";
    let error = (!outcome.error().is_empty()).then_some(outcome.error());
    one(connection.prepare_cached(update)?.execute(params![
        state,
        at.as_millisecond(),
        outcome.http_status(),
        error,
        ids.map(|ids| ids.0),
        ids.map(|ids| ids.1),
        attempt,
        message,
        kind_number(*kind)
    ])?)
}

fn edited(connection: &Connection, message: i64, status: Option<u16>, at: i64) -> rusqlite::Result<()> {
    // After an edit of unknown fate nobody knows what was there before this one.
    let reword = "UPDATE wording SET was = NULL, before = iif((SELECT doubt FROM message WHERE id = ?1), NULL,
        json_insert(ifnull(before, '[]'), '$[#]', ifnull(was, event))) WHERE message = ?1";
    connection.prepare_cached(reword)?.execute([message])?;
    let update = "UPDATE message SET state = 1, task = NULL, doubt = 0, revision = revision + 1,
        attempts = attempts + 1, http_status = ?2, error = '', edited_at = ?3, updated_at = ?3 WHERE id = ?1";
    one(connection.prepare_cached(update)?.execute(params![message, status, at])?)
}

/// Anything but accepted: the new state, whether an edit is in doubt, and HTTP status, error and time.
fn refuse(
    connection: &Connection,
    message: i64,
    state: i64,
    doubt: i64,
    (status, error, at): (Option<u16>, &str, i64),
) -> rusqlite::Result<()> {
    let update = "UPDATE message SET state = ?2, doubt = max(doubt, ?3), attempts = attempts + 1, http_status = ?4,
        error = ?5, updated_at = ?6 WHERE id = ?1";
    one(connection.prepare_cached(update)?.execute(params![message, state, doubt, status, error, at])?)
}

/// A write that must have found its one row.
pub(super) fn one(changed: usize) -> rusqlite::Result<()> {
    if changed == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(changed)) }
}

fn is_open(connection: &Connection, settlement: &Settlement) -> rusqlite::Result<bool> {
    let select = "SELECT 1 FROM attempt WHERE id = ?1 AND message = ?2 AND kind = ?3 AND state = 0";
    let key = params![settlement.attempt, settlement.message, kind_number(settlement.kind)];
    connection.prepare_cached(select)?.exists(key)
}

/// Attempts without an outcome: number, message, kind. Never more than were in flight.
pub(super) fn open_intents(connection: &Connection) -> rusqlite::Result<Vec<(i64, i64, AttemptKind)>> {
    connection
        .prepare_cached("SELECT id, message, kind FROM attempt WHERE state = 0 ORDER BY id")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, kind_of(row.get(2)?))))?
        .collect()
}

#[cfg(test)]
mod tests;
