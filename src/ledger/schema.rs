//! The tables, as migrations that are only ever appended to, and what they promise by themselves.
//!
//! `user_version` counts the migrations that a file has seen. The promises that SQL keeps, whatever the code above does:
//! an attempt begins as an intent, is settled once, and is never deleted; a message has at most one `create` that is
//! under way, accepted or unknown. Knows nothing of files and locks.

use rusqlite::Connection;

use crate::message::{AttemptKind, State};
use crate::plan::BlockedWhy;

/// `zapi` as a number: tells a ledger from any other database.
pub(super) const APPLICATION_ID: i64 = 0x7a61_7069;

/// What an attempt is, as stored.
pub(super) mod attempt {
    pub(in crate::ledger) const ACCEPTED: i64 = 1;
    pub(in crate::ledger) const REJECTED: i64 = 2;
    pub(in crate::ledger) const UNKNOWN: i64 = 3;
    pub(in crate::ledger) const NOT_SENT: i64 = 4;
    pub(in crate::ledger) const WRITTEN_OFF: i64 = 5;
    pub(in crate::ledger) const RECALLED: i64 = 6;
}

/// Never edited once released; a change is a new one at the end.
const MIGRATIONS: &[&str] = &["
PRAGMA application_id = 2053206121;
CREATE TABLE meta (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    ledger TEXT NOT NULL,
    campaign TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    reconciled_at INTEGER,
    columns TEXT NOT NULL DEFAULT '[]'
) STRICT;

-- Event ids, recipient lists and files: each text once.
CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE instance (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- Its place in the manifest, NULL when it is no longer there.
    position INTEGER
) STRICT;

CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    event_id INTEGER NOT NULL REFERENCES name (id),
    identity TEXT NOT NULL,
    -- 0 pending, 1 accepted, 2 rejected, 3 unknown, 4 skipped
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),
    -- What is to be done, or was last: 0 create, 1 edit. NULL when nothing is.
    task INTEGER CHECK (task BETWEEN 0 AND 1),
    -- Why it must not be done without a person: 0 instance, 1 rewritten, 2 message id.
    blocked INTEGER CHECK (blocked BETWEEN 0 AND 2),
    -- An edit of unknown fate is out.
    doubt INTEGER NOT NULL DEFAULT 0 CHECK (doubt BETWEEN 0 AND 1),
    called_off INTEGER NOT NULL DEFAULT 0 CHECK (called_off BETWEEN 0 AND 1),
    -- 0 nobody was invited, 1 the invitation, and one more for each accepted edit.
    revision INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    instance_id INTEGER NOT NULL REFERENCES instance (id),
    -- The place in the input, NULL when no longer listed.
    position INTEGER,
    line INTEGER NOT NULL,
    file_id INTEGER NOT NULL REFERENCES name (id),
    list_id INTEGER NOT NULL REFERENCES name (id),
    variant INTEGER,
    http_status INTEGER,
    accepted_at INTEGER,
    edited_at INTEGER,
    updated_at INTEGER NOT NULL,
    -- The invitation's, never an edit's.
    message_id TEXT,
    zaap_id TEXT,
    error TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL,
    label TEXT NOT NULL,
    columns TEXT NOT NULL,
    CHECK (revision > 0 OR state <> 1)
) STRICT;
CREATE UNIQUE INDEX message_key ON message (event_id, identity);
CREATE INDEX message_position ON message (position);

-- Apart from `message`, so that an outcome rewrites few bytes.
CREATE TABLE wording (
    message INTEGER PRIMARY KEY REFERENCES message (id),
    -- What is wanted, as it goes on the wire.
    event TEXT NOT NULL,
    -- What the recipient has, where that differs.
    was TEXT
) STRICT;

CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    -- Looked at when the batch is committed: checking at once would make each statement keep an undo journal of its own.
    message INTEGER NOT NULL REFERENCES message (id) DEFERRABLE INITIALLY DEFERRED,
    -- 0 create, 1 edit
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 1),
    -- 0 intent, 1 accepted, 2 rejected, 3 unknown, 4 not sent, 5 written off, 6 recalled
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 6),
    started_at INTEGER NOT NULL,
    settled_at INTEGER,
    http_status INTEGER,
    error TEXT,
    message_id TEXT,
    zaap_id TEXT,
    CHECK ((state = 0) = (settled_at IS NULL))
) STRICT;
-- Nobody is invited twice.
CREATE UNIQUE INDEX attempt_one_create ON attempt (message) WHERE kind = 0 AND state IN (0, 1, 3);
CREATE INDEX attempt_open ON attempt (message) WHERE state = 0;

-- The whole batch is undone, as after any error of the hot path.
CREATE TRIGGER attempt_begins BEFORE INSERT ON attempt WHEN NEW.state <> 0
BEGIN SELECT RAISE(ROLLBACK, 'an attempt begins as an intent'); END;

CREATE TRIGGER attempt_settles BEFORE UPDATE ON attempt
WHEN NEW.id <> OLD.id OR NEW.message <> OLD.message OR NEW.kind <> OLD.kind OR NEW.started_at <> OLD.started_at
    OR NOT (OLD.state = 0 AND NEW.state BETWEEN 1 AND 4
        OR OLD.state = 3 AND NEW.state IN (1, 5) OR OLD.state = 1 AND NEW.state = 6)
BEGIN SELECT RAISE(ROLLBACK, 'an attempt is settled once'); END;

CREATE TRIGGER attempt_stays BEFORE DELETE ON attempt
BEGIN SELECT RAISE(ABORT, 'an attempt stays on record'); END;

CREATE TRIGGER message_stays BEFORE DELETE ON message
BEGIN SELECT RAISE(ABORT, 'a message stays on record'); END;

-- Rows of the input that are no message; written anew by each reconcile.
CREATE TABLE skipped_row (
    position INTEGER PRIMARY KEY,
    event_id INTEGER NOT NULL REFERENCES name (id),
    list_id INTEGER NOT NULL REFERENCES name (id),
    file_id INTEGER NOT NULL REFERENCES name (id),
    line INTEGER NOT NULL,
    invalid INTEGER NOT NULL CHECK (invalid BETWEEN 0 AND 1),
    recipient TEXT NOT NULL,
    label TEXT NOT NULL,
    reason TEXT NOT NULL,
    columns TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
", "
-- Whether nothing came of it: rejected, not sent, written off, recalled. A column of its own, so that settling an accepted
-- attempt leaves the index below alone, and its condition needs no list, for which every statement would build a
-- temporary table.
DROP TRIGGER attempt_begins;
DROP TRIGGER attempt_settles;
DROP INDEX attempt_one_create;
ALTER TABLE attempt ADD COLUMN void INTEGER NOT NULL DEFAULT 0 CHECK (void BETWEEN 0 AND 1);
UPDATE attempt SET void = 1 WHERE state = 2 OR state > 3;
-- Nobody is invited twice.
CREATE UNIQUE INDEX attempt_one_create ON attempt (message) WHERE kind = 0 AND void = 0;

-- Afterwards rather than before, so that the row need not be looked for again.
CREATE TRIGGER attempt_begins AFTER INSERT ON attempt WHEN NEW.state <> 0 OR NEW.void <> 0
BEGIN SELECT RAISE(ROLLBACK, 'an attempt begins as an intent'); END;

CREATE TRIGGER attempt_settles AFTER UPDATE ON attempt
WHEN NEW.id <> OLD.id OR NEW.message <> OLD.message OR NEW.kind <> OLD.kind OR NEW.started_at <> OLD.started_at
    OR NEW.void <> (NEW.state = 2 OR NEW.state > 3)
    OR NOT (OLD.state = 0 AND NEW.state BETWEEN 1 AND 4
        OR OLD.state = 3 AND (NEW.state = 1 OR NEW.state = 5) OR OLD.state = 1 AND NEW.state = 6)
BEGIN SELECT RAISE(ROLLBACK, 'an attempt is settled once'); END;
", "
-- What the recipient had before the last accepted edit, for when that is taken back from the queue. NULL when that is not
-- known.
ALTER TABLE wording ADD COLUMN before TEXT;
", "
-- An invitation may become unknown when it is taken back and the answer to that is lost, and be taken back after all.
DROP TRIGGER attempt_settles;
CREATE TRIGGER attempt_settles AFTER UPDATE ON attempt
WHEN NEW.id <> OLD.id OR NEW.message <> OLD.message OR NEW.kind <> OLD.kind OR NEW.started_at <> OLD.started_at
    OR NEW.void <> (NEW.state = 2 OR NEW.state > 3)
    OR NOT (OLD.state = 0 AND NEW.state BETWEEN 1 AND 4
        OR OLD.state = 3 AND (NEW.state = 1 OR NEW.state = 5 OR NEW.state = 6)
        OR OLD.state = 1 AND (NEW.state = 6 OR NEW.state = 3 AND NEW.kind = 0))
BEGIN SELECT RAISE(ROLLBACK, 'an attempt is settled once'); END;
-- One wording for each accepted edit by now, as a JSON array, so that several edits can be taken back.
UPDATE wording SET before = json_array(before) WHERE before IS NOT NULL;
-- Whether anything was sent to a service on this machine; NULL before the first send.
ALTER TABLE meta ADD COLUMN loopback INTEGER CHECK (loopback BETWEEN 0 AND 1);
", "
-- From its opening by who writes until the log has been put into the file: what was written last may stand in the log alone.
ALTER TABLE meta ADD COLUMN in_use INTEGER NOT NULL DEFAULT 0 CHECK (in_use BETWEEN 0 AND 1);
-- What a recall has in hand, or had when it broke off, stands in a file beside this one.
ALTER TABLE meta ADD COLUMN recalling INTEGER NOT NULL DEFAULT 0 CHECK (recalling BETWEEN 0 AND 1);
"];

/// The oldest version that can be read as it is: nothing that reads names what came later.
pub(super) const READABLE: i64 = 1;

/// The first version that says what it needs beside it.
pub(super) const SAYS_WHAT_IT_NEEDS: i64 = 5;

/// The version that this program writes.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Runs the migrations that the file has not seen. To be called within a transaction, so that none is half done.
pub(super) fn migrate(connection: &Connection) -> rusqlite::Result<()> {
    let seen = usize::try_from(version(connection)?).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(seen) {
        connection.execute_batch(migration)?;
    }
    if seen < MIGRATIONS.len() {
        connection.pragma_update(None, "user_version", newest())?;
    }
    Ok(())
}

/// A database as the first version of this program left it.
#[cfg(test)]
pub(super) fn make_first_format(connection: &Connection) {
    connection.execute_batch(MIGRATIONS[0]).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
}

pub(super) fn state_number(state: State) -> i64 {
    match state {
        State::Pending => 0,
        State::Accepted => 1,
        State::Rejected => 2,
        State::Unknown => 3,
        State::Skipped => 4,
    }
}

pub(super) fn state_of(number: i64) -> rusqlite::Result<State> {
    State::ALL
        .into_iter()
        .find(|state| state_number(*state) == number)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(0, number))
}

pub(super) fn kind_number(kind: AttemptKind) -> i64 {
    match kind {
        AttemptKind::Create => 0,
        AttemptKind::Edit => 1,
    }
}

pub(super) fn kind_of(number: i64) -> AttemptKind {
    if number == 0 { AttemptKind::Create } else { AttemptKind::Edit }
}

pub(super) fn blocked_number(why: BlockedWhy) -> i64 {
    match why {
        BlockedWhy::InstanceChanged => 0,
        BlockedWhy::Rewritten => 1,
        BlockedWhy::MessageIdUnknown => 2,
    }
}

#[cfg(test)]
mod tests;
