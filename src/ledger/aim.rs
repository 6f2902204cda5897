//! What a message shall look like after the walk, beside what it looks like: and the writes that lead from one to the
//! other, which for most messages are none.
//!
//! The verb comes from `plan`; here it becomes columns.

use rusqlite::{CachedStatement, Connection, params};

use super::record::Record;
use super::schema::{blocked_number, kind_number, state_number};
use crate::message::{AttemptKind, SkipReason, State};
use crate::plan::{Verb, called_off};

/// What the results say of an invitation that stands although it is not wanted any more.
const LEFT: &str = "left: no longer listed or suppressed; the invitation stands";
/// The same while an edit of unknown fate is out.
const LEFT_IN_DOUBT: &str = "left: no longer listed or suppressed; whether its last edit arrived is not known";

/// How the results say that a row has an error.
pub(super) const INVALID: &str = "invalid: ";

/// Where a message stands in the input now, and how its row shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listing<'a> {
    pub(super) position: i64,
    pub(super) line: i64,
    pub(super) file_id: i64,
    pub(super) list_id: i64,
    pub(super) address: &'a str,
    pub(super) label: &'a str,
    pub(super) columns: &'a str,
}

/// What a row wants to be sent: nothing when it is suppressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Body<'a> {
    pub(super) event: &'a str,
    pub(super) variant: Option<i64>,
    pub(super) instance_id: i64,
}

/// The columns of a message as they shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aim<'a> {
    state: State,
    task: Option<AttemptKind>,
    blocked: Option<i64>,
    called_off: bool,
    pub(super) instance_id: i64,
    variant: Option<i64>,
    http_status: Option<u16>,
    error: String,
    listing: Option<Listing<'a>>,
    /// Where it goes, or went.
    pub(super) address: String,
    pub(super) event: String,
    was: Option<String>,
}

impl<'a> Aim<'a> {
    /// What a verb makes of a message that is known. `body` is given when it is listed, and neither suppressed nor faulty.
    pub(super) fn new(
        record: &Record,
        verb: &Verb,
        listing: Option<Listing<'a>>,
        body: Option<Body<'_>>,
        instance_present: bool,
    ) -> Self {
        let stays = *verb != Verb::Create && record.may_have_been_sent();
        let address = listing.filter(|_| !stays).map_or(&*record.address, |listing| listing.address);
        let mut aim = Self {
            address: address.to_owned(),
            state: record.state,
            task: record.task,
            blocked: None,
            called_off: record.called_off && listing.is_none(),
            instance_id: record.instance_id,
            variant: record.variant,
            http_status: record.http_status,
            error: record.error.clone(),
            listing,
            event: record.event.clone(),
            was: record.was.clone(),
        };
        let moves = record.attempts == 0 || (*verb == Verb::Create && !instance_present);
        if let Some(body) = body.filter(|_| moves) {
            aim.instance_id = body.instance_id;
        }
        // It held the reason, which may not hold any more.
        if record.blocked.is_some() && record.state != State::Unknown {
            aim.error.clear();
        }
        match verb {
            Verb::Create => aim.wait(AttemptKind::Create, body, None),
            Verb::Edit => aim.wait(AttemptKind::Edit, body, record.has()),
            Verb::CallOff => {
                aim.called_off = listing.is_none();
                aim.wait(AttemptKind::Edit, body, record.has());
                if let (None, Some(has)) = (body, record.has()) {
                    aim.word(called_off(has), Some(has));
                }
            }
            Verb::Keep if record.state == State::Unknown => {}
            Verb::Keep => aim.settled(record),
            Verb::Left { in_doubt } => {
                aim.settled(record);
                (if *in_doubt { LEFT_IN_DOUBT } else { LEFT }).clone_into(&mut aim.error);
            }
            Verb::Skip(reason) => aim.skipped(reason, body),
            Verb::Blocked(why) => {
                aim.blocked = Some(blocked_number(*why));
                // What is unknown keeps what is known of that.
                if record.state != State::Unknown {
                    aim.settled(record);
                    why.as_str().clone_into(&mut aim.error);
                }
            }
        }
        aim
    }

    /// Whether an unknown invitation is wanted still, so that `--resend-unknown` would send it again.
    pub(super) fn is_wanted_still(&mut self, is_wanted: bool) {
        self.task = is_wanted.then_some(AttemptKind::Create);
    }

    /// The row that lists it has an error: nothing is done, and the results say why.
    pub(super) fn say_faulty(&mut self, error: &str) {
        if self.state != State::Unknown {
            self.error = reason_text(&SkipReason::Invalid { error: error.to_owned() });
        }
    }

    fn wait(&mut self, task: AttemptKind, body: Option<Body<'_>>, has: Option<&str>) {
        if self.state != State::Pending {
            self.error.clear();
            self.http_status = None;
        }
        self.state = State::Pending;
        self.task = Some(task);
        if let Some(body) = body {
            self.variant = body.variant;
            self.word(body.event.into(), has);
        }
    }

    fn word(&mut self, event: String, has: Option<&str>) {
        self.was = has.filter(|has| *has != event).map(str::to_owned);
        self.event = event;
    }

    /// The recipient has what it shall have, so nothing is waiting.
    fn settled(&mut self, record: &Record) {
        if let Some(has) = record.has() {
            // That of an edit which is not wanted any more.
            if self.state != State::Accepted {
                self.http_status = None;
            }
            self.state = State::Accepted;
            self.error.clear();
            self.task = None;
            if self.was.is_some() {
                self.word(has.to_owned(), None);
            }
        }
    }

    fn skipped(&mut self, reason: &SkipReason, body: Option<Body<'_>>) {
        self.state = State::Skipped;
        self.task = None;
        self.http_status = None;
        self.error = reason_text(reason);
        if let Some(body) = body {
            self.word(body.event.into(), None);
        }
    }

    /// Writes what differs; says whether anything did.
    pub(super) fn write(&self, connection: &Connection, record: &Record, now_ms: i64) -> rusqlite::Result<bool> {
        let worded = self.event != record.event || self.was != record.was;
        // Of what is unknown the task says only whether it is wanted still.
        let tasked = self.task != record.task && self.state != State::Unknown;
        let moved = self.state != record.state || tasked || self.error != record.error;
        let same = !worded
            && !moved
            && self.task == record.task
            && self.blocked == record.blocked
            && self.called_off == record.called_off
            && self.instance_id == record.instance_id
            && self.variant == record.variant
            && self.address == record.address
            && self.listed_alike(record);
        if same {
            return Ok(false);
        }
        let updated_at = if worded || moved { now_ms } else { record.updated_at };
        let write = "UPDATE message SET state = ?2, task = ?3, blocked = ?4, called_off = ?5, instance_id = ?6,
            variant = ?7, http_status = ?8, error = ?9, updated_at = ?10, position = ?11, line = ?12, file_id = ?13,
            list_id = ?14, address = ?15, label = ?16, columns = ?17 WHERE id = ?1";
        let listing = self.listing.as_ref();
        connection.prepare_cached(write)?.execute(params![
            record.id,
            state_number(self.state),
            self.task.map(kind_number),
            self.blocked,
            self.called_off,
            self.instance_id,
            self.variant,
            self.http_status,
            self.error,
            updated_at,
            listing.map(|listing| listing.position),
            listing.map_or(record.line, |listing| listing.line),
            listing.map_or(record.file_id, |listing| listing.file_id),
            listing.map_or(record.list_id, |listing| listing.list_id),
            self.address,
            listing.map_or(&*record.label, |listing| listing.label),
            listing.map_or(&*record.columns, |listing| listing.columns),
        ])?;
        if worded {
            let write = "UPDATE wording SET event = ?2, was = ?3 WHERE message = ?1";
            connection.prepare_cached(write)?.execute(params![record.id, self.event, self.was])?;
        }
        Ok(true)
    }

    fn listed_alike(&self, record: &Record) -> bool {
        match &self.listing {
            None => record.position.is_none(),
            Some(listing) => {
                record.position == Some(listing.position)
                    && record.line == listing.line
                    && record.file_id == listing.file_id
                    && record.list_id == listing.list_id
                    && record.label == listing.label
                    && record.columns == listing.columns
            }
        }
    }
}

/// Writes messages that the ledger has not heard of, which are to be invited, or would be if they were not called off.
///
/// Holds its statements, since finding a cached one takes a fifth of running it, and undoes everything when one fails,
/// so that none keeps an undo journal of its own.
pub(super) struct Insert<'c> {
    message: CachedStatement<'c>,
    wording: CachedStatement<'c>,
}

impl<'c> Insert<'c> {
    pub(super) fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        let message =
            "INSERT OR ROLLBACK INTO message (id, event_id, identity, state, task, instance_id, position, line,
            file_id, list_id, variant, updated_at, error, address, label, columns)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
        let wording = "INSERT OR ROLLBACK INTO wording (message, event) VALUES (?1, ?2)";
        Ok(Self { message: connection.prepare_cached(message)?, wording: connection.prepare_cached(wording)? })
    }

    pub(super) fn write(
        &mut self,
        id: i64,
        (event_id, identity): (i64, &str),
        verb: &Verb,
        (listing, body): (&Listing<'_>, &Body<'_>),
        now_ms: i64,
    ) -> rusqlite::Result<()> {
        let (state, task, error) = match verb {
            Verb::Skip(reason) => (State::Skipped, None, reason_text(reason)),
            _ => (State::Pending, Some(AttemptKind::Create), String::new()),
        };
        self.message.execute(params![
            id,
            event_id,
            identity,
            state_number(state),
            task.map(kind_number),
            body.instance_id,
            listing.position,
            listing.line,
            listing.file_id,
            listing.list_id,
            body.variant,
            now_ms,
            error,
            listing.address,
            listing.label,
            listing.columns,
        ])?;
        self.wording.execute(params![id, body.event])?;
        Ok(())
    }
}

/// The word in the results' `error` column.
pub(super) fn reason_text(reason: &SkipReason) -> String {
    match reason {
        SkipReason::Duplicate { first } => format!("duplicate of {first}"),
        SkipReason::Suppressed => "suppressed".to_owned(),
        SkipReason::Canceled => "canceled: nobody is invited to what is called off".to_owned(),
        SkipReason::Invalid { error } => format!("{INVALID}{error}"),
        SkipReason::NoLongerListed => "no longer listed".to_owned(),
    }
}
