//! Files of ours beside the ledger: opened without following links, private, replaced as a whole.
//!
//! Talks to the file system only. Knows nothing of what stands in the files.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::LedgerError;

/// Device and inode: what a path has to lead to for as long as a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub(super) fn of_file(file: &File) -> io::Result<Self> {
        Ok(Self::of(&file.metadata()?))
    }

    fn of(found: &Metadata) -> Self {
        Self { device: found.dev(), inode: found.ino() }
    }

    /// What is at a path, and how long it is in bytes; `None` when nothing is there.
    pub(super) fn of_path(path: &Path) -> io::Result<Option<(Self, u64)>> {
        match found(path) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Asks for nothing that changes while a file is written. Once its times are asked for, Linux (6.13 and later) gives the
/// next write a time of its own, and every sync of a log that is looked at before each commit has an inode to write too.
#[cfg(target_os = "linux")]
fn found(path: &Path) -> io::Result<(FileId, u64)> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, makedev, statx};
    use rustix::io::Errno;
    match statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::INO | StatxFlags::SIZE) {
        Ok(found) => {
            let device = makedev(found.stx_dev_major, found.stx_dev_minor);
            Ok((FileId { device, inode: found.stx_ino }, found.stx_size))
        }
        // Kernels and sandboxes of old do not know the call.
        Err(Errno::NOSYS | Errno::PERM) => found_with_times(path),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
use found_with_times as found;

fn found_with_times(path: &Path) -> io::Result<(FileId, u64)> {
    let found = std::fs::symlink_metadata(path)?;
    Ok((FileId::of(&found), found.len()))
}

/// Whether a small file has to survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durable {
    Yes,
    No,
}

/// `<ledger><suffix>`: the files that stand beside a ledger.
pub(super) fn beside(ledger: &Path, suffix: &str) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The folder that a file stands in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Opens a file of ours for writing, creating it 0600, and refuses links and whatever is no plain file. A file that
/// others may read is made private.
pub(super) fn open_private(path: &Path) -> Result<File, LedgerError> {
    refuse_links(path)?;
    let io = |error| LedgerError::Io { path: path.to_owned(), error };
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(no_follow())
        .open(path)
        .map_err(io)?;
    let found = file.metadata().map_err(io)?;
    if !found.file_type().is_file() {
        return Err(LedgerError::NotAFile { path: path.to_owned() });
    }
    if found.permissions().mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(io)?;
    }
    Ok(file)
}

/// Refuses a path at which there is a link, a folder, a pipe or a device.
pub(super) fn refuse_links(path: &Path) -> Result<(), LedgerError> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_file() => Err(LedgerError::NotAFile { path: path.to_owned() }),
        _ => Ok(()),
    }
}

fn no_follow() -> i32 {
    use rustix::fs::OFlags;
    i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits()).unwrap_or(0)
}

/// Writes beside the target, 0600, and renames over it; a link at the target is replaced, not followed.
pub(super) fn replace(path: &Path, bytes: &[u8], durable: Durable) -> io::Result<()> {
    let folder = folder_of(path);
    let mut file = tempfile::Builder::new().prefix(".zapi-batch-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    if durable == Durable::Yes {
        file.as_file().sync_all()?;
    }
    file.persist(path).map_err(|error| error.error)?;
    if durable == Durable::Yes {
        sync_folder(folder)?;
    }
    Ok(())
}

/// Makes creations, renames and removals in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_folders_and_pipes_are_refused_and_files_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("target"), "x").unwrap();
        std::os::unix::fs::symlink(at("target"), at("link")).unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        for name in ["link", "dangling", "folder"] {
            assert!(matches!(open_private(&at(name)), Err(LedgerError::NotAFile { .. })), "{name}");
        }
        assert!(!at("nowhere").exists());
        open_private(&at("new")).unwrap();
        std::fs::set_permissions(at("target"), std::fs::Permissions::from_mode(0o644)).unwrap();
        open_private(&at("target")).unwrap();
        for name in ["new", "target"] {
            assert_eq!(std::fs::metadata(at(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_replaced_file_is_whole_private_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        for text in ["first", "second"] {
            replace(&path, text.as_bytes(), Durable::Yes).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
