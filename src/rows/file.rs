//! Opens a list's file, and nothing that is not one: no FIFO that would block, no device, no `/proc`, nothing outside of
//! the manifest's folder, symbolic links followed. Says why in a value; never echoes content. Knows a file again.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};

/// Why a file is not opened.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It leads out of the manifest's folder.
    Outside,
    /// What it is instead of a plain file.
    NotAFile(&'static str),
    Io(io::Error),
}

/// What a file is known again by: another one, or one that was written to, differs in some of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    device: u64,
    inode: u64,
    length: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
}

impl Fingerprint {
    fn of(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
            length: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
        }
    }
}

/// A file that was opened, and what it was then.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: Arc<File>,
    pub(super) fingerprint: Fingerprint,
    path: PathBuf,
}

impl Opened {
    /// Whether it is what it was, and its path still leads to it.
    pub(super) fn is_unchanged(&self) -> bool {
        let is_the_same =
            |found: io::Result<Metadata>| found.is_ok_and(|found| Fingerprint::of(&found) == self.fingerprint);
        is_the_same(self.file.metadata()) && is_the_same(self.path.metadata())
    }
}

/// The magic numbers of file systems whose files are not files: `/proc` and `/sys`.
const KERNEL_FILE_SYSTEMS: [u64; 2] = [0x9fa0, 0x6265_6572];

/// Opens `path`, which has to lie in `folder`.
pub(super) fn open(folder: &Path, path: &Path) -> Result<Opened, Refusal> {
    let folder = folder.canonicalize().map_err(Refusal::Io)?;
    let resolved = path.canonicalize().map_err(Refusal::Io)?;
    if !resolved.starts_with(&folder) {
        return Err(Refusal::Outside);
    }
    // Without NONBLOCK a FIFO would wait for a writer; NOFOLLOW since the path was resolved just now.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file =
        File::from(rustix::fs::open(&resolved, flags, Mode::empty()).map_err(|error| Refusal::Io(error.into()))?);
    let found = file.metadata().map_err(Refusal::Io)?;
    match kind(&file, &found).map_err(Refusal::Io)? {
        None => Ok(Opened { file: Arc::new(file), fingerprint: Fingerprint::of(&found), path: path.to_owned() }),
        Some(other) => Err(Refusal::NotAFile(other)),
    }
}

/// What the opened file is, unless it is a plain file.
fn kind(file: &File, found: &Metadata) -> io::Result<Option<&'static str>> {
    use std::os::unix::fs::FileTypeExt;
    let kind = found.file_type();
    let other = if kind.is_dir() {
        Some("a directory")
    } else if kind.is_fifo() {
        Some("a FIFO")
    } else if kind.is_char_device() || kind.is_block_device() {
        Some("a device")
    } else if kind.is_socket() {
        Some("a socket")
    } else if is_of_the_kernel(file)? {
        Some("a file that the system makes up")
    } else {
        None
    };
    Ok(other)
}

fn is_of_the_kernel(file: &File) -> io::Result<bool> {
    let kind = rustix::fs::fstatfs(file)?.f_type;
    Ok(KERNEL_FILE_SYSTEMS.iter().any(|magic| u64::try_from(kind).is_ok_and(|kind| kind == *magic)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_plain_files_in_the_folder_are_opened() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("campaign");
        std::fs::create_dir_all(folder.join("lists")).unwrap();
        std::fs::write(folder.join("lists/vip.csv"), "phone\n").unwrap();
        std::fs::write(root.path().join("secret.csv"), "phone\n").unwrap();
        symlink(root.path().join("secret.csv"), folder.join("out.csv")).unwrap();
        symlink("lists/vip.csv", folder.join("in.csv")).unwrap();
        symlink("/dev/zero", folder.join("zero.csv")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            folder.join("fifo.csv"),
            rustix::fs::FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        )
        .unwrap();
        let opened = |name: &str| match open(&folder, &folder.join(name)) {
            Ok(_) => "opened".to_owned(),
            Err(Refusal::Outside) => "outside".to_owned(),
            Err(Refusal::NotAFile(what)) => what.to_owned(),
            Err(Refusal::Io(error)) => format!("{:?}", error.kind()),
        };
        for (name, expected) in [
            ("lists/vip.csv", "opened"),
            ("in.csv", "opened"),
            ("out.csv", "outside"),
            ("../secret.csv", "outside"),
            ("zero.csv", "outside"),
            ("fifo.csv", "a FIFO"),
            ("lists", "a directory"),
            ("none.csv", "NotFound"),
        ] {
            assert_eq!(opened(name), expected, "{name}");
        }
        let made_up = open(Path::new("/proc"), Path::new("/proc/version"));
        assert!(matches!(made_up, Err(Refusal::NotAFile(_))), "{made_up:?}");
        let device = open(Path::new("/dev"), Path::new("/dev/null"));
        assert!(matches!(device, Err(Refusal::NotAFile("a device"))), "{device:?}");
    }
}
