//! Is the ledger where it was, and is that a place on which one can rely?
//!
//! A ledger that is deleted or replaced while a run goes on would make the next run invite everybody again, so path,
//! device and inode of ledger, log and lock are looked at before every commit. Talks to the file system only.

use std::cell::Cell;
use std::fmt;
use std::path::{Path, PathBuf};

use super::LedgerError;
use super::file::{FileId, beside, folder_of};
use super::lock::Lock;

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
                "the ledger is in a folder that {service} synchronises, which can damage it; \
                 a folder outside is safer (--ledger)"
            ),
            Self::UserSpaceFileSystem { kind } => {
                write!(f, "the ledger is on a {kind} file system, whose locks and syncs may not hold (--ledger)")
            }
        }
    }
}

/// What has to stay where it is while a run goes on. Holds the lock.
#[derive(Debug)]
pub(super) struct Guard {
    lock: Lock,
    ledger: PathBuf,
    id: FileId,
    log: PathBuf,
    /// What the log was at the last look, and how long: it never becomes shorter while it is in use.
    log_was: Cell<Option<(FileId, u64)>>,
}

impl Guard {
    /// `id` is the ledger's, taken when it was created or first opened.
    pub(super) fn new(lock: Lock, ledger: PathBuf, id: FileId) -> Self {
        let log = beside(&ledger, "-wal");
        Self { lock, ledger, id, log, log_was: Cell::new(None) }
    }

    /// Three `stat`s, about a microsecond each: cheap beside a commit.
    pub(super) fn check(&self) -> Result<(), LedgerError> {
        for (path, id) in [(&self.ledger, self.id), (&self.lock.path, self.lock.id)] {
            if look(path)?.0 != id {
                return Err(LedgerError::Replaced { path: path.clone() });
            }
        }
        // What was committed is in the log first, and goes with it.
        let found = look(&self.log)?;
        if self.log_was.get().is_some_and(|(id, length)| id != found.0 || length > found.1) {
            return Err(LedgerError::Replaced { path: self.log.clone() });
        }
        self.log_was.set(Some(found));
        Ok(())
    }
}

/// What is at a path now, where a file of the run has to be.
fn look(path: &Path) -> Result<(FileId, u64), LedgerError> {
    match FileId::of_path(path) {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(LedgerError::Replaced { path: path.to_owned() }),
        Err(error) => Err(LedgerError::Io { path: path.to_owned(), error }),
    }
}

/// Refuses network file systems, and says what else is doubtful about the place.
pub(super) fn check_place(ledger: &Path) -> Result<Vec<Warning>, LedgerError> {
    let mut warnings = Vec::new();
    let folder = folder_of(ledger);
    match file_system(folder) {
        FileSystem::Local => {}
        FileSystem::Network(kind) => return Err(LedgerError::NetworkFileSystem { path: ledger.to_owned(), kind }),
        FileSystem::UserSpace(kind) => warnings.push(Warning::UserSpaceFileSystem { kind }),
    }
    warnings.extend(synced_by(folder).map(|service| Warning::SyncedFolder { service }));
    Ok(warnings)
}

/// What a folder lies on, as far as that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
enum FileSystem {
    Local,
    Network(String),
    UserSpace(String),
}

#[cfg(target_os = "linux")]
fn file_system(folder: &Path) -> FileSystem {
    let Ok(found) = rustix::fs::statfs(folder) else { return FileSystem::Local };
    // The magic number has another width and sign on each architecture; 32 bits are what it has.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::unnecessary_cast)]
    classify(found.f_type as u32, || mounted_as(folder))
}

#[cfg(not(target_os = "linux"))]
fn file_system(_folder: &Path) -> FileSystem {
    FileSystem::Local
}

/// By the magic numbers of `statfs(2)`; those in user space share one, so their name has to be asked for.
#[cfg(target_os = "linux")]
fn classify(magic: u32, name: impl FnOnce() -> Option<String>) -> FileSystem {
    let network = match magic {
        0x0000_6969 => "NFS",
        0x0000_517b | 0xff53_4d42 | 0xfe53_4d42 => "SMB",
        0x0000_564c => "NCP",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x00c3_6400 => "Ceph",
        0x0bd0_0bd0 => "Lustre",
        0x4750_4653 => "GPFS",
        0x6573_5546 => return classify_user_space(&name().unwrap_or_else(|| "fuse".into())),
        0x0102_1997 => return FileSystem::UserSpace("9p".into()),
        _ => return FileSystem::Local,
    };
    FileSystem::Network(network.into())
}

#[cfg(target_os = "linux")]
fn classify_user_space(name: &str) -> FileSystem {
    const NETWORK: [&str; 12] = [
        "sshfs",
        "rclone",
        "s3fs",
        "gcsfuse",
        "davfs",
        "curlftpfs",
        "glusterfs",
        "juicefs",
        "goofys",
        "smbnetfs",
        "ceph",
        "onedriver",
    ];
    let short = name.trim_start_matches("fuse.");
    if NETWORK.iter().any(|known| short.contains(known)) {
        FileSystem::Network(short.into())
    } else {
        FileSystem::UserSpace(short.into())
    }
}

/// The type of the mount that a folder is under, from `/proc/self/mountinfo`.
#[cfg(target_os = "linux")]
fn mounted_as(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    mount_type(&std::fs::read_to_string("/proc/self/mountinfo").ok()?, &folder)
}

/// The longest mount point that the folder starts with wins; of two alike the later one, which hides the other.
#[cfg(target_os = "linux")]
fn mount_type(table: &str, folder: &Path) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for line in table.lines() {
        let Some((before, after)) = line.split_once(" - ") else { continue };
        let (Some(point), Some(kind)) = (before.split(' ').nth(4), after.split(' ').next()) else { continue };
        let point = point.replace("\\040", " ");
        if folder.starts_with(&point) && best.is_none_or(|(length, _)| length <= point.len()) {
            best = Some((point.len(), kind));
        }
    }
    best.map(|(_, kind)| kind.to_owned())
}

/// The service that keeps a folder in step with other machines, by the names that it gives to folders.
fn synced_by(folder: &Path) -> Option<&'static str> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let parts = || folder.components().filter_map(|part| part.as_os_str().to_str());
    for part in parts() {
        let service = match part {
            _ if part == "OneDrive" || part.starts_with("OneDrive ") || part.starts_with("OneDrive-") => "OneDrive",
            _ if part == "Dropbox" || part.starts_with("Dropbox ") || part.starts_with("Dropbox-") => "Dropbox",
            "Google Drive" | "GoogleDrive" | "My Drive" | "Meu Drive" => "Google Drive",
            _ if part.starts_with("GoogleDrive-") => "Google Drive",
            "Mobile Documents" | "iCloud Drive" | "iCloudDrive" | "com~apple~CloudDocs" => "iCloud",
            _ => continue,
        };
        return Some(service);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::file::open_private;
    use crate::ledger::{Ledger, Mode};

    #[cfg(target_os = "linux")]
    #[test]
    fn network_file_systems_are_known_by_number_or_name() {
        let network = |kind: &str| FileSystem::Network(kind.into());
        let user = |kind: &str| FileSystem::UserSpace(kind.into());
        for (magic, name, expected) in [
            (0xef53, None, FileSystem::Local),
            (0x0102_1994, None, FileSystem::Local),
            (0x6969, None, network("NFS")),
            (0xff53_4d42, None, network("SMB")),
            (0xfe53_4d42, None, network("SMB")),
            (0x6573_5546, Some("fuse.sshfs"), network("sshfs")),
            (0x6573_5546, Some("fuse.rclone"), network("rclone")),
            (0x6573_5546, Some("fuseblk"), user("fuseblk")),
            (0x6573_5546, None, user("fuse")),
            (0x0102_1997, None, user("9p")),
        ] {
            assert_eq!(classify(magic, || name.map(str::to_owned)), expected, "{magic:#x} {name:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_mount_nearest_to_the_folder_counts() {
        let table = "22 1 8:1 / / rw - ext4 /dev/sda rw\n\
            30 22 0:40 / /home/ana/My\\040Share rw shared:1 - fuse.sshfs host: rw\n\
            31 22 0:41 / /home rw - btrfs /dev/sdb rw\n";
        let of = |path: &str| mount_type(table, Path::new(path));
        assert_eq!(of("/home/ana/My Share/x").as_deref(), Some("fuse.sshfs"));
        assert_eq!(of("/home/ana").as_deref(), Some("btrfs"));
        assert_eq!(of("/srv").as_deref(), Some("ext4"));
    }

    #[test]
    fn folders_that_are_synchronised_are_known_by_name() {
        for (folder, service) in [
            ("/home/ana/OneDrive - Empresa/x", Some("OneDrive")),
            ("/home/ana/Dropbox", Some("Dropbox")),
            ("/Users/ana/Library/CloudStorage/GoogleDrive-ana@x.com/Meu Drive", Some("Google Drive")),
            ("/Users/ana/Library/Mobile Documents/com~apple~CloudDocs", Some("iCloud")),
            ("/home/ana/OneDriver/x", None),
            ("/home/ana/campaigns", None),
        ] {
            assert_eq!(synced_by(Path::new(folder)), service, "{folder}");
        }
    }

    #[test]
    fn a_ledger_or_lock_that_is_replaced_is_noticed() {
        for name in ["c.ledger.db", "c.ledger.db-wal", "c.ledger.db.lock"] {
            let folder = tempfile::tempdir().unwrap();
            let ledger = folder.path().join("c.ledger.db");
            let id = FileId::of_file(&open_private(&ledger).unwrap()).unwrap();
            let log = folder.path().join("c.ledger.db-wal");
            std::fs::write(&log, "log").unwrap();
            let guard = Guard::new(Lock::acquire(&ledger).unwrap(), ledger, id);
            guard.check().unwrap();
            std::fs::write(&log, "longer log").unwrap();
            guard.check().unwrap();
            std::fs::write(folder.path().join("new"), "").unwrap();
            std::fs::rename(folder.path().join("new"), folder.path().join(name)).unwrap();
            assert!(matches!(guard.check(), Err(LedgerError::Replaced { .. })), "{name} replaced");
            std::fs::remove_file(folder.path().join(name)).unwrap();
            assert!(matches!(guard.check(), Err(LedgerError::Replaced { .. })), "{name} gone");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.ledger.db");
        let ledger = Ledger::open(&path, "c", Mode::Create).unwrap();
        ledger.writable().unwrap();
        std::fs::write(beside(&path, "-wal"), "").unwrap();
        assert!(matches!(ledger.writable(), Err(LedgerError::Replaced { .. })), "the log was cut short");
    }
}
