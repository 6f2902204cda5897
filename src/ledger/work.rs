//! What is to be attempted: pending messages of one instance, in input order, a chunk at a time.
//!
//! What was tried in vain before comes last, and goes round from run to run: five that are refused again, one after
//! another, stop a lane, and those behind them would never be reached. A message with a request under way is never given
//! out.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::met::Met;
use super::names::instance_named;
use super::schema::{attempt, kind_of};
use super::{Ledger, LedgerError, Narrow, Work};
use crate::message::AttemptKind;
use crate::recipient::Address;

/// Where reading of the work goes on.
#[derive(Debug, Default)]
pub struct Cursor {
    place: Place,
    /// Messages that were given out: what came back from its first try in this run is the engine's.
    given: Met,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// After this place in the input.
    Listed(i64),
    /// Among those no longer listed, after this message.
    Unlisted(i64),
    /// Among those that were tried in vain, after this message: once around from the one at which it began.
    Tried { after: i64, begun: i64, round: Round },
}

#[derive(Debug, Clone, Copy)]
enum Round {
    /// To the end.
    First,
    /// From the start, up to where it began.
    Second,
}

impl Default for Place {
    fn default() -> Self {
        Self::Listed(-1)
    }
}

const SELECT: &str = "SELECT message.id, position, task, message_id, address, label, event
    FROM message JOIN wording ON wording.message = message.id
    WHERE instance_id = ?1 AND state = 0 AND blocked IS NULL
    AND NOT EXISTS (SELECT 1 FROM attempt WHERE attempt.message = message.id AND attempt.state = 0)";

impl Ledger {
    /// The next pending messages of an instance (by its name in the manifest), in input order, at most `limit`; then
    /// those that are called off although no longer listed, then what was tried in vain before. None are left when it
    /// comes back empty.
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
        loop {
            let (condition, after) = match cursor.place {
                Place::Listed(position) => ("position > ?2 AND attempts <= revision".to_owned(), position),
                Place::Unlisted(id) => ("position IS NULL AND message.id > ?2 AND attempts <= revision".to_owned(), id),
                Place::Tried { after, begun, round } => {
                    let last = if matches!(round, Round::First) { i64::MAX } else { begun };
                    (format!("message.id > ?2 AND message.id <= {last} AND attempts > revision"), after)
                }
            };
            let order = if matches!(cursor.place, Place::Listed(_)) { "position" } else { "message.id" };
            let select = format!("{SELECT} AND {condition}{narrow} ORDER BY {order} LIMIT ?3");
            let mut select = self.connection.prepare_cached(&select)?;
            let mut rows = select.query(params![instance, after, limit])?;
            let (mut work, mut is_end) = (Vec::new(), true);
            while let Some(row) = rows.next()? {
                is_end = false;
                let (position, next) = read(row)?;
                cursor.place = match (cursor.place, position) {
                    (Place::Listed(_), Some(position)) => Place::Listed(position),
                    (Place::Listed(_) | Place::Unlisted(_), _) => Place::Unlisted(next.message),
                    (Place::Tried { begun, round, .. }, _) => Place::Tried { after: next.message, begun, round },
                };
                if cursor.given.insert(next.message) {
                    work.push(next);
                }
            }
            match cursor.place {
                _ if !work.is_empty() => return Ok(work),
                _ if !is_end => {}
                Place::Listed(_) => cursor.place = Place::Unlisted(0),
                Place::Unlisted(_) => {
                    let begun = tried_in_vain_last(&self.connection)?;
                    cursor.place = Place::Tried { after: begun, begun, round: Round::First };
                }
                Place::Tried { begun, round: Round::First, .. } => {
                    cursor.place = Place::Tried { after: 0, begun, round: Round::Second };
                }
                Place::Tried { round: Round::Second, .. } => return Ok(work),
            }
        }
    }
}

/// The message of the last attempt that was refused or of unknown fate, 0 when there is none.
fn tried_in_vain_last(connection: &Connection) -> rusqlite::Result<i64> {
    let select = "SELECT message FROM attempt WHERE state = ?1 OR state = ?2 ORDER BY id DESC LIMIT 1";
    let found = connection.query_row(select, [attempt::REJECTED, attempt::UNKNOWN], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(0))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::{Manifest, accepted, body, intend, not_sent, rejected, row, settle, spool, work};

    #[test]
    fn those_who_are_refused_each_time_keep_nobody_from_their_turn() {
        let (mut ledger, manifest) = (Ledger::in_memory("c").unwrap(), Manifest::default());
        let apply = |ledger: &mut Ledger, last: i64, hour, refused: &[i64]| {
            let rows = spool((1..=last).map(|number| row(&format!("{number}-group"), &body("Launch", hour))));
            manifest.reconcile(ledger, &rows);
            let work = work(ledger);
            for next in work.iter().filter(|next| refused.contains(&next.message)).take(5) {
                let attempt = intend(ledger, next);
                settle(ledger, next, attempt, rejected());
            }
            for next in work.iter().filter(|_| refused.is_empty()) {
                let attempt = intend(ledger, next);
                settle(ledger, next, attempt, accepted(attempt));
            }
            work.iter().map(|work| (work.message, work.kind)).collect::<Vec<_>>()
        };
        let all = |kind| move |message| (message, kind);
        let (create, edit) = (all(AttemptKind::Create), all(AttemptKind::Edit));
        apply(&mut ledger, 7, 19, &[]);
        let refused = [1, 2, 3, 4, 5, 6];
        assert_eq!(apply(&mut ledger, 7, 20, &refused), (1..=7).map(edit).collect::<Vec<_>>());
        // Who was not tried comes first, who is new as well; then it goes on behind the last one that was refused.
        let rest: Vec<_> = [6, 7].map(edit).into_iter().chain([8, 9].map(create)).collect();
        let tried = |order: [i64; 5]| rest.iter().copied().chain(order.map(edit)).collect::<Vec<_>>();
        assert_eq!(apply(&mut ledger, 9, 20, &refused[..5]), tried([1, 2, 3, 4, 5]));
        assert_eq!(apply(&mut ledger, 9, 20, &refused[..2]), tried([1, 2, 3, 4, 5]));
        assert_eq!(apply(&mut ledger, 9, 20, &refused[..3]), tried([3, 4, 5, 1, 2]));
        assert_eq!(apply(&mut ledger, 9, 20, &[]), tried([3, 4, 5, 1, 2]));
        assert!(apply(&mut ledger, 9, 20, &[]).is_empty());
    }

    #[test]
    fn what_was_tried_in_vain_goes_after_what_was_not_tried_yet() {
        let (mut ledger, manifest) = (Ledger::in_memory("c").unwrap(), Manifest::default());
        let rows = || spool((1..=6).map(|number| row(&format!("{number}-group"), &body("Launch", 19))));
        manifest.reconcile(&mut ledger, &rows());
        for next in work(&ledger).iter().take(3) {
            let attempt = intend(&mut ledger, next);
            settle(&mut ledger, next, attempt, if attempt == 2 { accepted(2) } else { rejected() });
        }
        assert_eq!(manifest.reconcile(&mut ledger, &rows()).total.create, 5);
        let order = |work: Vec<Work>| work.iter().map(|work| work.message).collect::<Vec<_>>();
        assert_eq!(order(work(&ledger)), [4, 5, 6, 1, 3]);
        // What comes back from its first try in this run is not given out again.
        let mut cursor = Cursor::default();
        let mut given = Vec::new();
        loop {
            let part = ledger.work("main", &mut cursor, 2, &Narrow::default()).unwrap();
            let Some(next) = part.first() else { break };
            let attempt = intend(&mut ledger, next);
            settle(&mut ledger, next, attempt, not_sent());
            given.extend(order(part));
        }
        assert_eq!(given, [4, 5, 6, 1, 3]);
    }
}
