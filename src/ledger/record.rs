//! A message as the tables have it, read in the order of the input where that has not changed.
//!
//! A second apply reads everything there is, so this reads in chunks, by row number, and asks the key's index only for
//! rows that are not where they were. Writes nothing.

use std::collections::{HashSet, VecDeque};

use rusqlite::{Connection, OptionalExtension, Row};

use super::schema::{kind_of, state_of};
use crate::message::{AttemptKind, State};
use crate::plan::Known;

/// How many rows are read at once.
const CHUNK: i64 = 256;
/// A row that is found so far ahead is jumped to: what lies between was taken out of the input.
const JUMP: i64 = 4096;
/// So many rows in a row that were elsewhere: the input was sorted anew, and reading goes on where the last one was.
const MISSES: u32 = 64;

/// A message with its wording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) id: i64,
    pub(super) event_id: i64,
    pub(super) identity: String,
    pub(super) state: State,
    pub(super) task: Option<AttemptKind>,
    pub(super) blocked: Option<i64>,
    pub(super) doubt: bool,
    pub(super) called_off: bool,
    pub(super) revision: i64,
    pub(super) attempts: i64,
    pub(super) instance_id: i64,
    pub(super) position: Option<i64>,
    pub(super) line: i64,
    pub(super) file_id: i64,
    pub(super) list_id: i64,
    pub(super) variant: Option<i64>,
    pub(super) http_status: Option<u16>,
    pub(super) accepted_at: Option<i64>,
    pub(super) updated_at: i64,
    pub(super) message_id_known: bool,
    pub(super) error: String,
    pub(super) address: String,
    pub(super) label: String,
    pub(super) columns: String,
    pub(super) event: String,
    pub(super) was: Option<String>,
}

/// What [`Record::read`] expects, up to the condition.
const SELECT: &str = "SELECT id, event_id, identity, state, task, blocked, doubt, called_off, revision, attempts,
    instance_id, position, line, file_id, list_id, variant, http_status, accepted_at, updated_at,
    message_id IS NOT NULL, error, address, label, columns, event, was
    FROM message JOIN wording ON wording.message = message.id WHERE ";

impl Record {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            event_id: row.get(1)?,
            identity: row.get(2)?,
            state: state_of(row.get(3)?)?,
            task: row.get::<_, Option<i64>>(4)?.map(kind_of),
            blocked: row.get(5)?,
            doubt: row.get(6)?,
            called_off: row.get(7)?,
            revision: row.get(8)?,
            attempts: row.get(9)?,
            instance_id: row.get(10)?,
            position: row.get(11)?,
            line: row.get(12)?,
            file_id: row.get(13)?,
            list_id: row.get(14)?,
            variant: row.get(15)?,
            http_status: row.get(16)?,
            accepted_at: row.get(17)?,
            updated_at: row.get(18)?,
            message_id_known: row.get(19)?,
            error: row.get(20)?,
            address: row.get(21)?,
            label: row.get(22)?,
            columns: row.get(23)?,
            event: row.get(24)?,
            was: row.get(25)?,
        })
    }

    /// What the recipient has, `None` when nobody was invited, or nobody can know.
    pub(super) fn has(&self) -> Option<&str> {
        (self.revision > 0 && self.state != State::Unknown).then(|| self.was.as_deref().unwrap_or(&self.event))
    }

    /// Whether something was sent, or may have been: edits have to go where it went, however the number is written now.
    pub(super) fn may_have_been_sent(&self) -> bool {
        self.has().is_some() || self.state == State::Unknown
    }

    pub(super) fn known(&self, instance_present: bool) -> Known<'_> {
        Known {
            state: self.state,
            has: self.has(),
            doubt: self.doubt,
            planned: &self.event,
            task: self.task,
            message_id_known: self.message_id_known,
            instance_present,
            called_off: self.called_off,
        }
    }
}

/// Finds records by key, fastest in the order in which they were first written.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    connection: &'a Connection,
    ahead: VecDeque<Record>,
    /// The last record that was read ahead.
    read: i64,
    /// The last record that was there when the walk began.
    last: i64,
    misses: u32,
    /// Messages with a request under way, seen while another process runs: nobody knows yet what comes of them.
    open: HashSet<i64>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(connection: &'a Connection) -> rusqlite::Result<Self> {
        let last = connection.query_row("SELECT ifnull(max(id), 0) FROM message", [], |row| row.get(0))?;
        let open = super::attempts::open_intents(connection)?.into_iter().map(|(_, message, _)| message).collect();
        Ok(Self { connection, ahead: VecDeque::new(), read: 0, last, misses: 0, open })
    }

    /// The last record that was there when the walk began: they are numbered from 1 without a gap.
    pub(super) fn last(&self) -> i64 {
        self.last
    }

    pub(super) fn find(&mut self, event_id: i64, identity: &str) -> rusqlite::Result<Option<Record>> {
        if self.last == 0 {
            return Ok(None);
        }
        self.fill()?;
        if self.ahead.front().is_some_and(|next| next.event_id == event_id && next.identity == identity) {
            self.misses = 0;
            return Ok(self.ahead.pop_front());
        }
        let key = (event_id, identity);
        let select = format!("{SELECT}event_id = ?1 AND identity = ?2");
        let found = self.connection.prepare_cached(&select)?.query_row(key, Record::read).optional()?;
        if let Some(found) = &found {
            self.go_on_after(found.id);
        }
        Ok(found.map(|record| self.mark_open(record)))
    }

    pub(super) fn get(&self, id: i64) -> rusqlite::Result<Record> {
        let select = format!("{SELECT}id = ?1");
        let record = self.connection.prepare_cached(&select)?.query_row([id], Record::read)?;
        Ok(self.mark_open(record))
    }

    fn go_on_after(&mut self, id: i64) {
        self.misses += 1;
        let next = self.ahead.front().map_or(self.read + 1, |next| next.id);
        if (next..next + JUMP).contains(&id) || self.misses >= MISSES {
            self.misses = 0;
            while self.ahead.front().is_some_and(|next| next.id <= id) {
                self.ahead.pop_front();
            }
            // Going back, what was read ahead is of no use, and may have been changed since.
            if self.ahead.front().is_none_or(|next| next.id != id + 1) {
                self.ahead.clear();
                self.read = id;
            }
        }
    }

    fn fill(&mut self) -> rusqlite::Result<()> {
        if !self.ahead.is_empty() || self.read >= self.last {
            return Ok(());
        }
        let select = format!("{SELECT}id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3");
        let mut select = self.connection.prepare_cached(&select)?;
        let mut rows = select.query((self.read, self.last, CHUNK))?;
        while let Some(row) = rows.next()? {
            let record = self.mark_open(Record::read(row)?);
            self.read = record.id;
            self.ahead.push_back(record);
        }
        if self.ahead.is_empty() {
            self.read = self.last;
        }
        Ok(())
    }

    fn mark_open(&self, mut record: Record) -> Record {
        if self.open.contains(&record.id) {
            record.attempts += 1;
            match record.task {
                Some(AttemptKind::Edit) => record.doubt = true,
                Some(AttemptKind::Create) | None => record.state = State::Unknown,
            }
        }
        record
    }
}
