//! Everything that makes a ledger unusable. All of it stops the run with exit 4.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::lock::Holder;
use super::whole::Part;

/// The way out where the record is lost.
const START_ANEW: &str = "start anew with apply --new-ledger (everybody listed is then invited again)";

/// Why the ledger cannot be used (any more).
#[derive(Debug)]
pub enum LedgerError {
    /// There is none at this path.
    Missing { path: PathBuf },
    /// Another process runs this campaign.
    Locked { path: PathBuf, holder: Option<Holder> },
    /// The file is a link, a folder, a device: what was opened is not what would be written.
    NotAFile { path: PathBuf },
    /// The ledger or its lock was deleted, replaced or moved while the run went on.
    Replaced { path: PathBuf },
    /// On a file system on which locks and syncs cannot be trusted.
    NetworkFileSystem { path: PathBuf, kind: String },
    /// It is a database, but not a ledger; or it is damaged.
    NotALedger { path: PathBuf, why: String },
    /// Written by a newer version of this program.
    Newer { path: PathBuf, version: i64 },
    /// It belongs to another campaign.
    OtherCampaign { path: PathBuf, campaign: String },
    /// `<campaign>.sent.json` says that something was sent, and the ledger that knows what is not here.
    SentWithoutLedger { sent: PathBuf, ledger: PathBuf },
    /// `<campaign>.sent.json` says of this very ledger that it was used later than it knows: both times.
    OlderCopy { sent: PathBuf, ledger: PathBuf, noted: String, known: String },
    /// What was written last, or what a recall had in hand, stands beside the ledger's file, and is not there.
    PartMissing { path: PathBuf, part: Part },
    /// `<campaign>.sent.json` is there and says nothing: it is damaged, or two versions of it were merged.
    SentUnreadable { path: PathBuf, why: String },
    /// Write-ahead logging or full syncs cannot be had here.
    NotDurable { path: PathBuf, what: String },
    /// The database refused: full, unreadable, an I/O error, or a promise of the schema would have been broken.
    Database { path: PathBuf, error: rusqlite::Error },
    /// A file beside the ledger could not be read or written.
    Io { path: PathBuf, error: io::Error },
    /// An earlier error; nothing is written after it.
    Broken { path: PathBuf },
    /// What the ledger holds contradicts itself or the caller.
    Inconsistent { path: PathBuf, what: String },
}

impl LedgerError {
    pub fn path(&self) -> &Path {
        match self {
            Self::Missing { path }
            | Self::Locked { path, .. }
            | Self::NotAFile { path }
            | Self::PartMissing { path, .. }
            | Self::Replaced { path }
            | Self::NetworkFileSystem { path, .. }
            | Self::NotALedger { path, .. }
            | Self::Newer { path, .. }
            | Self::OtherCampaign { path, .. }
            | Self::SentWithoutLedger { ledger: path, .. }
            | Self::OlderCopy { ledger: path, .. }
            | Self::SentUnreadable { path, .. }
            | Self::NotDurable { path, .. }
            | Self::Database { path, .. }
            | Self::Io { path, .. }
            | Self::Broken { path }
            | Self::Inconsistent { path, .. } => path,
        }
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path().display();
        match self {
            Self::Missing { .. } => write!(f, "there is no ledger at {path}"),
            Self::Locked { holder: Some(holder), .. } => write!(f, "the ledger {path} is in use by {holder}"),
            Self::Locked { holder: None, .. } => write!(f, "the ledger {path} is in use by another process"),
            Self::NotAFile { .. } => write!(f, "{path} is not a plain file (links are not followed)"),
            Self::Replaced { .. } => write!(f, "{path} was deleted, moved or replaced while the run was going on"),
            Self::NetworkFileSystem { kind, .. } => write!(
                f,
                "{path} is on a network file system ({kind}), where neither locks nor syncs can be trusted; \
                 give a path on a local disk with --ledger"
            ),
            Self::NotALedger { why, .. } => write!(f, "{path} is not a ledger of zapi-batch: {why}"),
            Self::Newer { version, .. } => {
                write!(f, "the ledger {path} was written by a newer zapi-batch (format {version}); update the program")
            }
            Self::OtherCampaign { campaign, .. } => {
                write!(f, "the ledger {path} belongs to the campaign {campaign:?}, not to this one")
            }
            Self::SentWithoutLedger { sent, .. } => write!(
                f,
                "{} says that this campaign was sent, but its ledger is not at {path}; bring the ledger, name it with --ledger, or {START_ANEW}",
                sent.display()
            ),
            Self::OlderCopy { sent, noted, known, .. } => write!(
                f,
                "{} says that this ledger was used last at {noted}, and {path} says {known}: it is an older copy, or was \
                 copied without its -wal file; bring the newest, or delete the note if this is it",
                sent.display()
            ),
            Self::PartMissing { part: Part::Recalling, .. } => write!(
                f,
                "a recall of {path} broke off, and what it had in hand stands in {path}.recalling, which is not beside it: \
                 bring all from where the recall was (docs/reliability.md says what else it may be)"
            ),
            Self::PartMissing { part: Part::Log, .. } => write!(
                f,
                "{path} was copied while a run used it, or its run was killed, and what was sent last stands in {path}-wal, \
                 which is not beside it: bring both from where the run was (docs/reliability.md says what else it may be)"
            ),
            Self::SentUnreadable { why, .. } => write!(
                f,
                "{path} says which ledger this campaign was sent with, and cannot be read ({why}); bring back its last \
                 version, or delete it if the ledger is here"
            ),
            Self::NotDurable { what, .. } => write!(f, "the ledger {path} cannot be written durably: {what}"),
            Self::Database { error, .. } => {
                write!(f, "the ledger {path} failed: {error}")?;
                match error.sqlite_error_code() {
                    // Not the ledger's fault: even to be read, it needs to write beside itself.
                    Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
                        write!(f, "; its folder has to be writable, or copy it to one that is")
                    }
                    Some(ErrorCode::DatabaseCorrupt) => {
                        write!(f, "; bring back a copy of it, or {START_ANEW}")
                    }
                    _ => Ok(()),
                }
            }
            Self::Io { error, .. } => write!(f, "{path}: {error}"),
            Self::Broken { .. } => write!(f, "the ledger {path} failed before; nothing more is written"),
            Self::Inconsistent { what, .. } => write!(f, "the ledger {path} contradicts itself: {what}"),
        }
    }
}

impl std::error::Error for LedgerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Database { error, .. } => Some(error),
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}
