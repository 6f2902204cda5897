//! What a person decides about single messages, and what was taken back from Z-API's queue.
//!
//! The two ways in which a settled attempt settles again; the schema allows no other.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::attempts::one;
use super::reading::named_row;
use super::schema::attempt;
use super::{Ledger, LedgerError, Queued, UnknownMessage, Verdict};
use crate::message::AttemptKind;

impl Ledger {
    /// The unknown messages that a text names: an address, an identity or a label; of one event when that is given.
    pub fn find_unknown(
        &self,
        text: &str,
        identity: Option<&str>,
        event: Option<&str>,
    ) -> Result<Vec<UnknownMessage>, LedgerError> {
        self.reading(|connection| {
            let select = "SELECT message.id, message_id IS NOT NULL, event.text, address, label, file.text, line, http_status, error
                FROM message JOIN name AS event ON event.id = event_id JOIN name AS file ON file.id = file_id
                WHERE state = 3 AND (address = ?1 OR label = ?1 OR identity IN (?1, ?2))
                AND (?3 IS NULL OR event.text = ?3) ORDER BY message.id";
            connection
                .prepare(select)?
                .query_map((text, identity, event), |row| {
                    Ok(UnknownMessage { message: row.get(0)?, has_message_id: row.get(1)?, row: named_row(row, 2)? })
                })?
                .collect()
        })
    }

    /// `resolve`: a person's word about an unknown message.
    pub fn resolve(&mut self, message: i64, verdict: &Verdict, at: Timestamp) -> Result<(), LedgerError> {
        self.writable()?;
        self.transaction(|connection| {
            resolve(connection, message, verdict, at.as_millisecond())?;
            decided(connection, at)
        })
    }

    /// Which of these zaap ids, as found in Z-API's queue, are attempts of ours: accepted ones, and invitations whose recall
    /// is in doubt, or was until a person wrote them off. Edits first: an edit is taken back before the invitation that it
    /// edits.
    pub fn queued(&self, zaap_ids: &HashSet<String>) -> Result<Vec<Queued>, LedgerError> {
        self.reading(|connection| {
            let mut found = Vec::new();
            for select in [EDITS, INVITATIONS, WRITTEN_OFF] {
                find(connection, select, zaap_ids, &mut found)?;
            }
            Ok(found)
        })
    }

    /// Whether it was taken back from Z-API's queue nobody can know, and why.
    pub fn doubt(&mut self, queued: &Queued, why: &str, at: Timestamp) -> Result<(), LedgerError> {
        self.writable()?;
        if queued.is_written_off {
            return Ok(());
        }
        self.transaction(|connection| {
            doubt(connection, queued, why, at.as_millisecond())?;
            decided(connection, at)
        })
    }

    /// Taken back from Z-API's queue: the message is pending again, unless it went on without this attempt.
    pub fn recall(&mut self, queued: &Queued, at: Timestamp) -> Result<(), LedgerError> {
        self.writable()?;
        if queued.is_written_off {
            return Ok(());
        }
        self.transaction(|connection| {
            recall(connection, queued, at.as_millisecond())?;
            decided(connection, at)
        })
    }
}

/// The ledger was changed by a person, without an attempt. Always later than before, as with a reconcile.
pub(super) fn decided(connection: &Connection, at: Timestamp) -> rusqlite::Result<()> {
    let update = "UPDATE meta SET reconciled_at = max(ifnull(reconciled_at, 0) + 1, ?1)";
    connection.execute(update, [at.as_millisecond()]).map(|_| ())
}

fn resolve(connection: &Connection, message: i64, verdict: &Verdict, at: i64) -> rusqlite::Result<()> {
    let Verdict::Arrived { message_id } = verdict else { return write_off(connection, message, at) };
    let (attempt, started_at) = unknown_create(connection, message)?;
    let settle = "UPDATE attempt SET state = 1, settled_at = ?2 WHERE id = ?1";
    one(connection.execute(settle, (attempt, at))?)?;
    // What was accepted before its recall was in doubt has its id still.
    let update = "UPDATE message SET state = 1, task = NULL, revision = max(revision, 1),
        message_id = ifnull(?2, message_id), error = '', http_status = NULL, accepted_at = ?3, updated_at = ?4
        WHERE id = ?1 AND state = 3";
    one(connection.execute(update, params![message, message_id, started_at, at])?)
}

/// A person says that an unknown invitation did not arrive, or shall be sent again: what was tried is written off.
pub(super) fn write_off(connection: &Connection, message: i64, at: i64) -> rusqlite::Result<()> {
    let (attempt, _) = unknown_create(connection, message)?;
    take_out(connection, (attempt, message), attempt::WRITTEN_OFF, at)
}

/// The attempt that nobody knows the fate of, and when it was begun.
fn unknown_create(connection: &Connection, message: i64) -> rusqlite::Result<(i64, i64)> {
    let select = "SELECT id, started_at FROM attempt WHERE message = ?1 AND kind = 0 AND void = 0 AND state = 3";
    connection.prepare_cached(select)?.query_row([message], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Nobody was invited by this attempt: the message is to be sent again. Its ids move to the attempt, which stays on record.
fn take_out(connection: &Connection, (attempt, message): (i64, i64), state: i64, at: i64) -> rusqlite::Result<()> {
    let settle = "UPDATE attempt SET state = ?3, void = 1, settled_at = ?4,
        (message_id, zaap_id) = (SELECT message_id, zaap_id FROM message WHERE id = ?2) WHERE id = ?1 AND message = ?2";
    one(connection.prepare_cached(settle)?.execute((attempt, message, state, at))?)?;
    let update = "UPDATE message SET state = 0, task = 0, revision = 0, doubt = 0, called_off = 0, message_id = NULL,
        zaap_id = NULL, accepted_at = NULL, edited_at = NULL, http_status = NULL, error = '', updated_at = ?2
        WHERE id = ?1";
    one(connection.prepare_cached(update)?.execute((message, at))?)?;
    let reword = "UPDATE wording SET was = NULL, before = NULL WHERE message = ?1";
    connection.prepare_cached(reword)?.execute([message]).map(|_| ())
}

fn recall(connection: &Connection, queued: &Queued, at: i64) -> rusqlite::Result<()> {
    if queued.kind == AttemptKind::Create {
        return take_out(connection, (queued.attempt, queued.message), attempt::RECALLED, at);
    }
    let settle = "UPDATE attempt SET state = 6, void = 1, settled_at = ?2 WHERE id = ?1 AND message = ?3";
    one(connection.execute(settle, (queued.attempt, at, queued.message))?)?;
    // Behind a later edit nobody knows what the recipient has: it is edited in any case.
    let later = "SELECT 1 FROM attempt WHERE message = ?1 AND kind = 1 AND state = 1 AND id > ?2";
    let is_last = !connection.prepare(later)?.exists((queued.message, queued.attempt))?;
    let select = "SELECT json_extract(before, '$[#-1]') FROM wording WHERE message = ?1";
    let before: Option<String> = connection.query_row(select, [queued.message], |row| row.get(0))?;
    let before = before.filter(|_| is_last);
    edit_again(connection, queued.message, before.is_none(), at)?;
    let update = "UPDATE message SET edited_at = iif(revision > 2, edited_at, NULL), revision = max(revision - 1, 1)
        WHERE id = ?1 AND revision > 0";
    connection.execute(update, [queued.message])?;
    let reword =
        "UPDATE wording SET was = ifnull(?2, was), before = iif(?2 IS NULL, NULL, json_remove(before, '$[#-1]'))
        WHERE message = ?1";
    connection.execute(reword, (queued.message, before)).map(|_| ())
}

/// The answer to taking it back was lost: an invitation is unknown from now on, an edit is made again in any case.
fn doubt(connection: &Connection, queued: &Queued, why: &str, at: i64) -> rusqlite::Result<()> {
    if queued.kind == AttemptKind::Edit {
        return edit_again(connection, queued.message, true, at);
    }
    let settle =
        "UPDATE attempt SET state = 3, settled_at = ?2, error = ?4 WHERE id = ?1 AND message = ?3 AND state = 1";
    if connection.execute(settle, params![queued.attempt, at, queued.message, why])? == 0 {
        return Ok(()); // it is unknown already
    }
    // Its ids stay: it may still be found in the queue, or in the chat.
    let update =
        "UPDATE message SET state = 3, task = 0, error = ?2, http_status = NULL, updated_at = ?3 WHERE id = ?1";
    one(connection.execute(update, params![queued.message, why, at])?)
}

/// An edit waits again, unless whether there is an invitation at all is unknown. Calling it off was asked for by a person,
/// who takes it back.
fn edit_again(connection: &Connection, message: i64, is_in_doubt: bool, at: i64) -> rusqlite::Result<()> {
    let update = "UPDATE message SET state = iif(state = 3, 3, 0), task = 1, doubt = max(doubt, ?2), called_off = 0,
        updated_at = ?3 WHERE id = ?1 AND revision > 0";
    connection.execute(update, (message, is_in_doubt, at)).map(|_| ())
}

/// An invitation's id stands in its message, an edit's and that of what was written off in the attempt. One pass over all
/// is cheap beside asking Z-API, and needs no index that every send would have to keep up.
const INVITATIONS: &str = "SELECT id, zaap_id, NULL, 0, 0 FROM message WHERE zaap_id IS NOT NULL";
const EDITS: &str = "SELECT message, zaap_id, id, 1, 0 FROM attempt WHERE kind = 1 AND state = 1 ORDER BY id DESC";
const WRITTEN_OFF: &str =
    "SELECT message, zaap_id, id, 0, 1 FROM attempt WHERE kind = 0 AND state = 5 AND zaap_id IS NOT NULL";

fn find(
    connection: &Connection,
    select: &str,
    zaap_ids: &HashSet<String>,
    found: &mut Vec<Queued>,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare(select)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let Some(zaap_id) = row.get_ref(1)?.as_str_or_null()?.filter(|id| zaap_ids.contains(*id)) else { continue };
        let (message, attempt): (i64, Option<i64>) = (row.get(0)?, row.get(2)?);
        let attempt = match attempt {
            Some(attempt) => Some(attempt),
            None => standing_create(connection, message)?,
        };
        let Some(attempt) = attempt else { continue };
        let kind = if row.get(3)? { AttemptKind::Edit } else { AttemptKind::Create };
        let (zaap_id, is_written_off) = (zaap_id.to_owned(), row.get(4)?);
        found.push(Queued { attempt, message, kind, zaap_id, is_written_off, row: row_of(connection, message)? });
    }
    Ok(())
}

fn standing_create(connection: &Connection, message: i64) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT id FROM attempt WHERE message = ?1 AND kind = 0 AND void = 0 AND (state = 1 OR state = 3)",
        )?
        .query_row([message], |row| row.get(0))
        .optional()
}

fn row_of(connection: &Connection, message: i64) -> rusqlite::Result<super::NamedRow> {
    connection
        .prepare_cached(
            "SELECT event.text, address, label, file.text, line, http_status, error
            FROM message JOIN name AS event ON event.id = event_id JOIN name AS file ON file.id = file_id
            WHERE message.id = ?1",
        )?
        .query_row([message], |row| named_row(row, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::Fingerprint;
    use crate::ledger::Narrow;
    use crate::ledger::testing::{
        Manifest, accepted, at, body, results, row, send, skipped, spool, states, unknown, work,
    };
    use crate::message::{SkipReason, State};
    use crate::plan::{BlockedWhy, Rules};

    fn sent(outcome: fn(i64) -> crate::outcome::Outcome) -> Ledger {
        let mut ledger = Ledger::in_memory("c").unwrap();
        apply(&mut ledger, 19);
        send(&mut ledger, outcome);
        ledger
    }

    fn apply(ledger: &mut Ledger, hour: u32) -> crate::ledger::Plan {
        let rows = spool(["1-group", "2-group"].map(|id| row(id, &body("Launch", hour))));
        Manifest::default().reconcile(ledger, &rows)
    }

    #[test]
    fn an_unknown_message_is_found_by_what_people_call_it() {
        let ledger = sent(|_| unknown());
        for (text, identity, event, found) in [
            ("1-group", None, None, 1),
            ("label 2-group", None, None, 1),
            ("+1 group", Some("1-group"), None, 1),
            ("1-group", None, Some("launch"), 1),
            ("1-group", None, Some("other"), 0),
            ("3-group", None, None, 0),
        ] {
            assert_eq!(
                ledger.find_unknown(text, identity, event).unwrap().len(),
                found,
                "{text} {identity:?} {event:?}"
            );
        }
        assert!(sent(accepted).find_unknown("1-group", None, None).unwrap().is_empty());
    }

    #[test]
    fn arrived_is_accepted_and_can_be_edited_if_its_id_is_known() {
        for (message_id, edits, blocked) in
            [(Some("M9".to_owned()), 1, None), (None, 0, Some(BlockedWhy::MessageIdUnknown))]
        {
            let mut ledger = sent(|_| unknown());
            let found = ledger.find_unknown("1-group", None, None).unwrap().remove(0);
            ledger.resolve(found.message, &Verdict::Arrived { message_id: message_id.clone() }, at(5)).unwrap();
            let first = results(&ledger, |row| (row.status, row.message_id.map(str::to_owned), row.revision)).remove(0);
            assert_eq!(first, (State::Accepted, message_id, 1));
            assert!(ledger.resolve(found.message, &Verdict::NotArrived, at(6)).is_err(), "only once");
            let plan = apply(&mut ledger, 20);
            assert_eq!((plan.total.edit, plan.blocked_by.keys().next().copied()), (edits, blocked));
        }
    }

    #[test]
    fn not_arrived_is_pending_and_created_again() {
        let mut ledger = sent(|_| unknown());
        let found = ledger.find_unknown("1-group", None, None).unwrap().remove(0);
        ledger.resolve(found.message, &Verdict::NotArrived, at(5)).unwrap();
        assert_eq!(states(&ledger)[0].1, State::Pending);
        assert_eq!(apply(&mut ledger, 20).total.create, 1);
        assert_eq!(send(&mut ledger, accepted).len(), 1);
        // A word about one chat is no proof that Z-API took nothing: for the day's limit there were three.
        let today = ledger.sent_between(&Fingerprint::from_hex("f-main"), at(0), at(100)).unwrap();
        assert_eq!(today, 3);
    }

    #[test]
    fn what_was_taken_back_is_sent_again() {
        let mut ledger = sent(accepted);
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<HashSet<_>>();
        assert_eq!(ledger.queued(&ids(&["foreign"])).unwrap(), []);
        let queued = ledger.queued(&ids(&["Z1", "foreign"])).unwrap();
        assert_eq!((queued.len(), queued[0].kind, &*queued[0].row.label), (1, AttemptKind::Create, "label 1-group"));
        ledger.recall(&queued[0], at(5)).unwrap();
        assert!(ledger.recall(&queued[0], at(6)).is_err(), "only once");
        let first = results(&ledger, |row| (row.status, row.message_id.map(str::to_owned), row.revision)).remove(0);
        assert_eq!(first, (State::Pending, None, 0));
        assert_eq!(send(&mut ledger, |n| accepted(n + 10)), [(AttemptKind::Create, "1-group".to_owned())]);

        assert_eq!(apply(&mut ledger, 20).total.edit, 2);
        send(&mut ledger, |n| accepted(n + 20));
        let edits: Vec<Queued> = ledger.queued(&ids(&["Z24", "Z25"])).unwrap();
        assert_eq!(edits.iter().map(|edit| edit.kind).collect::<Vec<_>>(), [AttemptKind::Edit; 2]);
        ledger.recall(&edits[0], at(7)).unwrap();
        let edited = results(&ledger, |row| (row.revision, row.edited_at.is_some())).remove(0);
        assert_eq!(edited, (1, false));
        // The recipient has what was there before, so only what differs from that is an edit.
        assert_eq!(apply(&mut ledger, 20).total.edit, 1);
        assert_eq!(work(&ledger)[0].kind, AttemptKind::Edit);
        assert_eq!(apply(&mut ledger, 19).total.edit, 1, "the other one's edit was not taken back");
        assert_eq!(apply(&mut ledger, 20).total.edit, 1);
        assert_eq!(send(&mut ledger, accepted).len(), 1);
        assert_eq!(apply(&mut ledger, 20).total.keep, 2);
    }

    #[test]
    fn several_edits_that_are_taken_back_leave_what_was_there_before_the_first() {
        let mut ledger = sent(accepted);
        for (hour, first) in [(20, 20), (21, 30)] {
            apply(&mut ledger, hour);
            send(&mut ledger, |n| accepted(n + first));
        }
        let edits = ledger.queued(&HashSet::from(["Z23".to_owned(), "Z35".to_owned()])).unwrap();
        assert_eq!(edits.len(), 2);
        for edit in &edits {
            ledger.recall(edit, at(7)).unwrap();
        }
        let changes = |ledger: &Ledger, hour| {
            let rows = spool(["1-group", "2-group"].map(|id| row(id, &body(&format!("at {hour}"), hour))));
            let manifest = Manifest { rules: Rules { allow_rewrite: true, ..Rules::default() }, ..Manifest::default() };
            manifest.changes(ledger, &rows)
        };
        assert_eq!(changes(&ledger, 22), ["Edit 1-group at 22 Launch", "Edit 2-group at 22 Launch"]);
        assert_eq!(apply(&mut ledger, 19).total.keep, 1, "one has it, the other one's edits stand");
    }

    #[test]
    fn an_edit_that_is_taken_back_after_one_of_unknown_fate_is_made_again_in_any_case() {
        let mut ledger = sent(accepted);
        apply(&mut ledger, 20);
        send(&mut ledger, |_| unknown());
        apply(&mut ledger, 20);
        send(&mut ledger, |n| accepted(n + 20));
        let edits = ledger.queued(&HashSet::from(["Z25".to_owned(), "Z26".to_owned()])).unwrap();
        assert_eq!(edits.iter().map(|edit| edit.kind).collect::<Vec<_>>(), [AttemptKind::Edit; 2]);
        for edit in &edits {
            ledger.recall(edit, at(7)).unwrap();
        }
        assert_eq!(apply(&mut ledger, 19).total.edit, 2);
    }

    #[test]
    fn what_can_be_sent_again_is_what_the_plan_would_send_again() {
        let (mut ledger, mut manifest) = (Ledger::in_memory("c").unwrap(), Manifest::default());
        manifest.reconcile(&mut ledger, &spool((1..=4).map(|n| row(&format!("{n}-group"), &body("Launch", 19)))));
        send(&mut ledger, |_| unknown());
        assert_eq!(ledger.resendable(&Narrow::default()).unwrap(), 4);
        let elsewhere = Narrow { events: vec!["reminder".into()], lists: Vec::new() };
        assert_eq!(ledger.resendable(&elsewhere).unwrap(), 0, "what is not selected is not sent again");
        let fewer = || spool((1..=3).map(|n| row(&format!("{n}-group"), &body("Launch", 19))));
        let plan = manifest.reconcile(&mut ledger, &fewer());
        assert_eq!((plan.unknown, ledger.resendable(&Narrow::default()).unwrap()), (4, 3));
        let rows = || {
            let called_off = body("Launch", 19).replace("false", "true");
            spool([
                row("1-group", &body("Launch", 19)),
                skipped("2-group", SkipReason::Suppressed),
                row("3-group", &called_off),
            ])
        };
        manifest.reconcile(&mut ledger, &rows());
        assert_eq!(
            ledger.resendable(&Narrow::default()).unwrap(),
            1,
            "neither who must not be written to nor what is called off"
        );
        manifest.rules = Rules { resend_unknown: true, ..Rules::default() };
        assert_eq!(manifest.reconcile(&mut ledger, &rows()).resend, 1);
        assert_eq!(ledger.resendable(&Narrow::default()).unwrap(), 0);
    }
}
