//! What the ledger tells: counts, the rows that need a person, and when it changed last.
//!
//! Reads only, also while a run goes on: a create that is under way then counts as unknown, since nobody knows yet what
//! comes of it. The results rows are in `results`.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::aim::INVALID;
use super::schema::{blocked_number, state_number, state_of};
use super::work::narrow_sql;
use super::{Counts, Holder, Ledger, LedgerError, NamedRow, Narrow, lock};
use crate::instance::Fingerprint;
use crate::message::{RowSource, State};
use crate::plan::BlockedWhy;
use crate::recipient::Address;

/// Messages with a create under way.
const OPEN: &str = "SELECT message FROM attempt WHERE state = 0 AND kind = 0";

impl Counts {
    fn of_mut(&mut self, state: State) -> &mut u64 {
        match state {
            State::Accepted => &mut self.accepted,
            State::Rejected => &mut self.rejected,
            State::Unknown => &mut self.unknown,
            State::Pending => &mut self.pending,
            State::Skipped => &mut self.skipped,
        }
    }

    fn add(&mut self, state: State, count: u64) {
        *self.of_mut(state) += count;
    }

    fn join(&mut self, more: &Self) {
        let Self { accepted, rejected, unknown, pending, skipped, blocked, invalid } = *more;
        self.accepted += accepted;
        self.rejected += rejected;
        self.unknown += unknown;
        self.pending += pending;
        self.skipped += skipped;
        self.blocked += blocked;
        self.invalid += invalid;
    }

    fn take(&mut self, state: State, count: u64) {
        let total = self.of_mut(state);
        *total = total.saturating_sub(count);
    }
}

impl Ledger {
    /// Messages and skipped rows by state.
    pub fn counts(&self, narrow: &Narrow) -> Result<Counts, LedgerError> {
        self.reading(|connection| {
            let narrow = narrow_sql(connection, narrow)?;
            let mut counts = of_messages(connection, &narrow)?;
            let select = format!("SELECT count(*), ifnull(sum(invalid), 0) FROM skipped_row WHERE 1{narrow}");
            let (skipped, invalid) = connection.query_row(&select, [], |row| Ok((count(row, 0)?, count(row, 1)?)))?;
            counts.add(State::Skipped, skipped);
            counts.invalid += invalid;
            Ok(counts)
        })
    }

    /// How many unknown messages are still wanted: only those can be sent again without a person for each.
    pub fn resendable(&self, narrow: &Narrow) -> Result<u64, LedgerError> {
        self.reading(|connection| {
            let narrow = narrow_sql(connection, narrow)?;
            let select = format!(
                "SELECT count(*) FROM message WHERE position IS NOT NULL
                    AND (state = 3 AND task = 0 OR state <> 3 AND message.id IN ({OPEN})){narrow}"
            );
            connection.query_row(&select, [], |row| count(row, 0))
        })
    }

    /// How many of the rejected messages are edits, whose invitations stand, and how many of those are persons'.
    pub fn rejected_edits(&self, narrow: &Narrow) -> Result<(u64, u64), LedgerError> {
        self.reading(|connection| {
            let narrow = narrow_sql(connection, narrow)?;
            let select = format!("SELECT address FROM message WHERE state = 2 AND revision > 0{narrow}");
            let mut select = connection.prepare(&select)?;
            let mut rows = select.query([])?;
            let (mut edits, mut of_persons) = (0, 0);
            while let Some(row) = rows.next()? {
                edits += 1;
                of_persons += u64::from(!Address::new(row.get::<_, String>(0)?).is_group());
            }
            Ok((edits, of_persons))
        })
    }

    /// How many messages were accepted, edited since or not, and of how many more nobody can know.
    pub fn invited(&self) -> Result<(u64, u64), LedgerError> {
        self.reading(|connection| {
            let select = format!(
                "SELECT count(*) FILTER (WHERE state <> 3 AND revision > 0),
                    count(*) FILTER (WHERE state = 3 OR revision = 0 AND id IN ({OPEN})) FROM message"
            );
            connection.query_row(&select, [], |row| Ok((count(row, 0)?, count(row, 1)?)))
        })
    }

    /// The number of all messages; much cheaper than counting them by state.
    pub fn messages(&self) -> Result<u64, LedgerError> {
        self.reading(|connection| connection.query_row("SELECT count(*) FROM message", [], |row| count(row, 0)))
    }

    /// The same per instance, by the name that the manifest gave it last (rows without an instance left out), in the
    /// manifest's order, then those that are no longer in it. Instances that had one name after another are one.
    pub fn instance_counts(&self) -> Result<Vec<(Arc<str>, Counts)>, LedgerError> {
        self.reading(|connection| {
            let mut select =
                connection.prepare("SELECT id, name FROM instance ORDER BY position IS NULL, position, id")?;
            let mut rows = select.query([])?;
            let mut named: Vec<(Arc<str>, Counts)> = Vec::new();
            while let Some(row) = rows.next()? {
                let (id, name): (i64, String) = (row.get(0)?, row.get(1)?);
                let counts = of_messages(connection, &format!(" AND instance_id = {id}"))?;
                match named.iter_mut().find(|(known, _)| **known == *name) {
                    Some((_, all)) => all.join(&counts),
                    None => named.push((Arc::from(name), counts)),
                }
            }
            Ok(named)
        })
    }

    /// When the ledger last changed; `None` when it never was reconciled.
    pub fn updated_at(&self) -> Result<Option<Timestamp>, LedgerError> {
        self.reading(|connection| {
            // Attempts are numbered as they begin, and none lasts longer than a few hundred others.
            let last = "SELECT max(ifnull(settled_at, started_at)) FROM
                (SELECT settled_at, started_at FROM attempt ORDER BY id DESC LIMIT 1000)";
            let attempted: Option<i64> = connection.query_row(last, [], |row| row.get(0))?;
            let reconciled: Option<i64> =
                connection.query_row("SELECT reconciled_at FROM meta", [], |row| row.get(0))?;
            Ok(attempted.max(reconciled).and_then(|ms| Timestamp::from_millisecond(ms).ok()))
        })
    }

    /// When something was last about to be done with it, decided or attempted; `None` when it never was. Outcomes do not
    /// count, since a run that was killed gets them when it is opened.
    pub fn begun_at(&self) -> Result<Option<Timestamp>, LedgerError> {
        self.reading(|connection| {
            let last = "SELECT max(ifnull((SELECT started_at FROM attempt ORDER BY id DESC LIMIT 1), 0),
                ifnull(reconciled_at, 0)) FROM meta";
            let ms: i64 = connection.query_row(last, [], |row| row.get(0))?;
            Ok(Timestamp::from_millisecond(ms).ok().filter(|_| ms > 0))
        })
    }

    /// Whether anything was sent to a service on this machine; `None` when nothing was sent. Only of a ledger that was opened
    /// to write, since older formats lack it.
    pub fn was_loopback(&self) -> Result<Option<bool>, LedgerError> {
        self.reading(|connection| connection.query_row("SELECT loopback FROM meta", [], |row| row.get(0)))
    }

    /// The names of `results.columns` as of the last apply.
    pub fn columns(&self) -> Result<Vec<String>, LedgerError> {
        let json = self.reading(|connection| {
            connection.query_row("SELECT columns FROM meta", [], |row| row.get::<_, String>(0))
        })?;
        serde_json::from_str(&json)
            .map_err(|error| LedgerError::Inconsistent { path: self.path.clone(), what: error.to_string() })
    }

    /// The first messages in a state, in input order, those no longer listed last.
    pub fn rows_in(&self, state: State, limit: usize, narrow: &Narrow) -> Result<Vec<NamedRow>, LedgerError> {
        let condition = match state {
            State::Unknown => format!("(state = 3 OR message.id IN ({OPEN}))"),
            State::Pending => format!("state = 0 AND message.id NOT IN ({OPEN})"),
            _ => format!("state = {}", state_number(state)),
        };
        self.reading(|connection| {
            let narrow = narrow_sql(connection, narrow)?;
            let select =
                format!("{NAMED} WHERE {condition}{narrow} ORDER BY position IS NULL, position, message.id LIMIT ?1");
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            connection.prepare(&select)?.query_map([limit], |row| named_row(row, 0))?.collect()
        })
    }

    /// The unknown invitations of an instance that no answer gave an id: nothing tells them in Z-API's queue.
    pub fn unknown_through(&self, instance: &Fingerprint) -> Result<Vec<NamedRow>, LedgerError> {
        self.reading(|connection| {
            let select = format!(
                "{NAMED} WHERE (state = 3 OR message.id IN ({OPEN})) AND zaap_id IS NULL
                    AND instance_id = (SELECT id FROM instance WHERE fingerprint = ?1)
                    ORDER BY position IS NULL, position, message.id"
            );
            connection.prepare(&select)?.query_map([instance.as_str()], |row| named_row(row, 0))?.collect()
        })
    }

    /// The messages of an instance that have an edit of unknown fate, one that was made again included: such an edit has no id.
    pub fn doubtful_edits_through(&self, instance: &Fingerprint) -> Result<Vec<NamedRow>, LedgerError> {
        self.reading(|connection| {
            let select = format!(
                "{NAMED} WHERE message.id IN (SELECT message FROM attempt WHERE kind = 1 AND (state = 3 OR state = 0))
                    AND instance_id = (SELECT id FROM instance WHERE fingerprint = ?1)
                    ORDER BY position IS NULL, position, message.id"
            );
            connection.prepare(&select)?.query_map([instance.as_str()], |row| named_row(row, 0))?.collect()
        })
    }

    /// Invitations that were accepted or are unknown and went through an instance that the manifest has no more, by the name
    /// that it had.
    pub fn sent_through_others(&self, present: &[Fingerprint]) -> Result<Vec<(String, u64)>, LedgerError> {
        self.reading(|connection| {
            let select =
                "SELECT instance.name, fingerprint, count(*) FROM message JOIN instance ON instance.id = instance_id
                WHERE state = 3 OR revision > 0 GROUP BY instance.id ORDER BY instance.id";
            let mut select = connection.prepare(select)?;
            let mut rows = select.query([])?;
            let mut others = Vec::new();
            while let Some(row) = rows.next()? {
                let fingerprint: String = row.get(1)?;
                if present.iter().all(|present| present.as_str() != fingerprint) {
                    others.push((row.get(0)?, count(row, 2)?));
                }
            }
            Ok(others)
        })
    }

    /// What stands under an id that an answer gave, a message id or a zaap id, beside this message: its row.
    pub fn holder_of(&self, id: &str, message: i64) -> Result<Option<NamedRow>, LedgerError> {
        self.reading(|connection| {
            let select = format!(
                "{NAMED} WHERE (message.id <> ?2 AND message_id = ?1) OR zaap_id = ?1
                    OR message.id IN (SELECT message FROM attempt WHERE (message <> ?2 AND message_id = ?1) OR zaap_id = ?1)
                    ORDER BY message.id LIMIT 1"
            );
            connection.prepare(&select)?.query_row((id, message), |row| named_row(row, 0)).optional()
        })
    }

    /// Why messages must not be worked on without a person, and how many for each reason.
    pub fn blocked_by(&self, narrow: &Narrow) -> Result<Vec<(BlockedWhy, u64)>, LedgerError> {
        self.reading(|connection| {
            let narrow = narrow_sql(connection, narrow)?;
            let select = format!("SELECT count(*) FROM message WHERE blocked = ?1{narrow}");
            let mut select = connection.prepare(&select)?;
            let mut all = Vec::new();
            for why in BlockedWhy::ALL {
                let number = select.query_row([blocked_number(why)], |row| count(row, 0))?;
                all.extend((number > 0).then_some((why, number)));
            }
            Ok(all)
        })
    }

    /// The commonest errors of rejected, unknown and pending messages, most frequent first.
    pub fn common_errors(&self, limit: usize, narrow: &Narrow) -> Result<Vec<(String, u64)>, LedgerError> {
        self.reading(|connection| {
            let narrow = narrow_sql(connection, narrow)?;
            let select = format!(
                "SELECT error, count(*) FROM message WHERE state IN (0, 2, 3) AND error <> ''{narrow}
                 GROUP BY error ORDER BY count(*) DESC, error LIMIT ?1"
            );
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            connection.prepare(&select)?.query_map([limit], |row| Ok((row.get(0)?, count(row, 1)?)))?.collect()
        })
    }

    /// Accepted, unknown and open attempts of an instance that began in `from..to`: what counts for a day's limit. So does
    /// what was written off, since a person's word about one chat is no proof that Z-API took nothing.
    pub fn sent_between(&self, instance: &Fingerprint, from: Timestamp, to: Timestamp) -> Result<u64, LedgerError> {
        self.reading(|connection| {
            let select = "SELECT count(*) FROM attempt JOIN message ON message.id = attempt.message
                JOIN instance ON instance.id = message.instance_id
                WHERE (attempt.state < 2 OR attempt.state = 3 OR attempt.state = 5) AND started_at >= ?1 AND started_at < ?2 AND fingerprint = ?3";
            let between = params![from.as_millisecond(), to.as_millisecond(), instance.as_str()];
            connection.query_row(select, between, |row| count(row, 0))
        })
    }

    /// Who runs with this ledger now.
    pub fn running(&self) -> Option<Holder> {
        lock::running(&self.path)
    }

    /// One look at the ledger, whatever a run beside it does meanwhile.
    pub(super) fn reading<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, LedgerError> {
        let look = || {
            if !self.connection.is_autocommit() {
                return read(&self.connection);
            }
            let transaction = self.connection.unchecked_transaction()?;
            read(&transaction)
        };
        look().map_err(|error| self.failed(error))
    }
}

/// SQL counts are signed; ours are not.
fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::unsigned_abs)
}

/// Columns that [`named_row`] reads.
const NAMED: &str = "SELECT event.text, address, label, file.text, line, http_status, error
    FROM message JOIN name AS event ON event.id = event_id JOIN name AS file ON file.id = file_id";

/// Reads a [`NamedRow`] whose columns begin at `first`.
pub(super) fn named_row(row: &Row<'_>, first: usize) -> rusqlite::Result<NamedRow> {
    Ok(NamedRow {
        event: row.get(first)?,
        address: Address::new(row.get::<_, String>(first + 1)?),
        label: row.get(first + 2)?,
        source: RowSource { file: Arc::from(row.get::<_, String>(first + 3)?), line: row.get(first + 4)? },
        http_status: row.get(first + 5)?,
        error: row.get(first + 6)?,
    })
}

/// Counts of messages, with creates that are under way as unknown. `condition` is SQL and begins with ` AND`.
///
/// Added up in one pass, since grouping would sort them all first.
fn of_messages(connection: &Connection, condition: &str) -> rusqlite::Result<Counts> {
    let of_state = |state| format!("count(*) FILTER (WHERE state = {})", state_number(state));
    let columns = State::ALL.map(of_state).join(", ");
    // Messages whose row has an error now; the service's own words never stand beside these two states.
    // Most have no words at all, which is cheaper to see than that they do not match.
    let invalid = format!("count(*) FILTER (WHERE error <> '' AND state IN (1, 4) AND error GLOB '{INVALID}*')");
    let select = format!("SELECT {columns}, count(blocked), {invalid} FROM message WHERE 1{condition}");
    let mut counts = connection.query_row(&select, [], |row| {
        let (blocked, invalid) = (count(row, State::ALL.len())?, count(row, State::ALL.len() + 1)?);
        let mut counts = Counts { blocked, invalid, ..Counts::default() };
        for (column, state) in State::ALL.into_iter().enumerate() {
            counts.add(state, count(row, column)?);
        }
        Ok(counts)
    })?;
    let open = format!("SELECT state FROM message WHERE id IN ({OPEN}){condition}");
    let mut select = connection.prepare(&open)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        counts.take(state_of(row.get(0)?)?, 1);
        counts.add(State::Unknown, 1);
    }
    Ok(counts)
}
