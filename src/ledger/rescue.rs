//! When the ledger cannot be written any more: answers that still come in are kept in `<ledger>.rescue.jsonl`, and
//! the next run takes them in.
//!
//! A line that is torn or belongs to another ledger is passed over: its attempt is then unknown, which is always safe.
//! Knows no SQL; `recover` in `attempts` does that part.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::file::{Durable, beside, folder_of, open_private, replace, sync_folder};
use super::{LedgerError, Settlement};
use crate::message::AttemptKind;
use crate::outcome::{NotSent, Outcome, Unknown};

#[derive(Serialize, Deserialize)]
struct Line {
    ledger: String,
    attempt: i64,
    message: i64,
    kind: AttemptKind,
    /// Milliseconds since 1970.
    at: i64,
    outcome: Kept,
}

/// What the ledger keeps of an [`Outcome`]: not what the lane does next.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    Accepted { message_id: String, zaap_id: String },
    Rejected { http_status: u16, error: String },
    NotSent { http_status: Option<u16>, error: String },
    Unknown { http_status: Option<u16>, error: String },
    HeldBack,
}

impl Kept {
    fn of(outcome: &Outcome) -> Self {
        match outcome.clone() {
            Outcome::Accepted { message_id, zaap_id } => Self::Accepted { message_id, zaap_id },
            Outcome::Rejected { http_status, error } => Self::Rejected { http_status, error },
            Outcome::NotSent { http_status, error, .. } => Self::NotSent { http_status, error },
            Outcome::Unknown { http_status, error, .. } => Self::Unknown { http_status, error },
            Outcome::HeldBack => Self::HeldBack,
        }
    }

    fn outcome(self) -> Outcome {
        match self {
            Self::Accepted { message_id, zaap_id } => Outcome::Accepted { message_id, zaap_id },
            Self::Rejected { http_status, error } => Outcome::Rejected { http_status, error },
            Self::NotSent { http_status, error } => Outcome::NotSent { http_status, error, then: NotSent::Pause },
            Self::Unknown { http_status, error } => Outcome::Unknown { http_status, error, then: Unknown::Next },
            Self::HeldBack => Outcome::HeldBack,
        }
    }
}

pub(super) fn path_of(ledger: &Path) -> PathBuf {
    beside(ledger, ".rescue.jsonl")
}

/// Adds settlements at the end, synced when it returns.
pub(super) fn append(ledger: &Path, id: &str, settlements: &[Settlement]) -> Result<PathBuf, LedgerError> {
    let path = path_of(ledger);
    let write = || -> io::Result<()> {
        let mut text = Vec::new();
        for settlement in settlements {
            // The line break comes first, so that a torn line before it stays alone.
            text.push(b'\n');
            let Settlement { attempt, message, kind, outcome, at } = settlement;
            let line = Line {
                ledger: id.to_owned(),
                attempt: *attempt,
                message: *message,
                kind: *kind,
                at: at.as_millisecond(),
                outcome: Kept::of(outcome),
            };
            serde_json::to_writer(&mut text, &line)?;
        }
        text.push(b'\n');
        let mut file = open_private(&path).map_err(io::Error::other)?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(&text)?;
        file.sync_all()?;
        sync_folder(folder_of(&path))
    };
    write().map_err(|error| LedgerError::Io { path: path.clone(), error })?;
    Ok(path)
}

/// What was kept for this ledger; nothing when there is no file.
pub(super) fn read(ledger: &Path, id: &str) -> Result<Vec<Settlement>, LedgerError> {
    let path = path_of(ledger);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut text = Vec::new();
    open_private(&path)?.read_to_end(&mut text).map_err(|error| LedgerError::Io { path, error })?;
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Line>(line).ok());
    Ok(lines
        .filter(|line| line.ledger == id)
        .filter_map(|line| {
            let at = Timestamp::from_millisecond(line.at).ok()?;
            let outcome = line.outcome.outcome();
            Some(Settlement { attempt: line.attempt, message: line.message, kind: line.kind, outcome, at })
        })
        .collect())
}

/// After what it held for the ledger `id` is durable in there. Lines of another, which may come back to its place, stay.
pub(super) fn remove(ledger: &Path, id: &str) -> Result<(), LedgerError> {
    let path = path_of(ledger);
    let io = |error| LedgerError::Io { path: path.clone(), error };
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io(error)),
    };
    let of_others = text
        .split(|byte| *byte == b'\n')
        .filter(|line| serde_json::from_slice::<Line>(line).is_ok_and(|line| line.ledger != id));
    let kept: Vec<u8> = of_others.flat_map(|line| line.iter().copied().chain([b'\n'])).collect();
    if !kept.is_empty() {
        return replace(&path, &kept, Durable::Yes).map_err(io);
    }
    let done = match std::fs::remove_file(&path) {
        Ok(()) => sync_folder(folder_of(&path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    done.map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_torn_or_foreign_lines_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("c.ledger.db");
        assert_eq!(read(&ledger, "id").unwrap(), []);
        let settlement = |attempt, outcome| Settlement {
            attempt,
            message: 7,
            kind: AttemptKind::Create,
            outcome,
            at: Timestamp::from_millisecond(1_000).unwrap(),
        };
        let error = || "é \"x\"".to_owned();
        let all = [
            settlement(1, Outcome::Accepted { message_id: "M".into(), zaap_id: "Z".into() }),
            settlement(2, Outcome::Rejected { http_status: 400, error: error() }),
            settlement(3, Outcome::NotSent { http_status: None, error: error(), then: NotSent::Pause }),
            settlement(4, Outcome::Unknown { http_status: Some(500), error: error(), then: Unknown::Next }),
            settlement(5, Outcome::HeldBack),
        ];
        append(&ledger, "id", &all[..2]).unwrap();
        let mut torn = std::fs::read(path_of(&ledger)).unwrap();
        torn.extend_from_slice(b"{\"ledger\":\"id\",\"att");
        std::fs::write(path_of(&ledger), torn).unwrap();
        append(&ledger, "other", &all[..1]).unwrap();
        append(&ledger, "id", &all[2..]).unwrap();
        assert_eq!(read(&ledger, "id").unwrap(), all);
        remove(&ledger, "id").unwrap();
        assert_eq!(read(&ledger, "id").unwrap(), []);
        assert_eq!(read(&ledger, "other").unwrap(), all[..1]);
        remove(&ledger, "other").unwrap();
        remove(&ledger, "other").unwrap();
        assert!(!path_of(&ledger).exists());
    }
}
