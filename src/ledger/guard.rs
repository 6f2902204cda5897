//! Guard.
use super::file::FileId;
use super::lock::Lock;
use std::fmt;
use std::path::PathBuf;

/// What people should know about the place of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A folder that a program copies elsewhere while we write.
    SyncedFolder { service: &'static str },
    /// A file system in user space: whether its syncs hold, only its author knows.
    UserSpaceFileSystem { kind: String },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SyncedFolder { service } => write!(
                f,
                "the ledger is in a folder that {service} synchronises, which can damage it; a folder outside is safer (--ledger)"
            ),
            Self::UserSpaceFileSystem { kind } => {
                write!(f, "the ledger is on a {kind} file system, whose locks and syncs may not hold (--ledger)")
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct Guard {
    lock: Lock,
    ledger: PathBuf,
    id: FileId,
}
