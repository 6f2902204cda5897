//! The state file: what was accepted, edited and taken back, one JSON line each, written as it happens, so that a later
//! rehearsal still knows it even when this one was killed.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Created {
        instance: String,
        phone: String,
        message_id: String,
        zaap_id: String,
        created_ms: u64,
        /// When it leaves the queue; `None` for never.
        due_ms: Option<u64>,
        event: Box<RawValue>,
    },
    Edited {
        message_id: String,
        event: Box<RawValue>,
        /// The edit as it waits in the queue.
        edit: Waits,
    },
    /// Taken out of the queue before it went out.
    Removed { message_id: String },
}

/// An edit in the queue: it has ids of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Waits {
    pub(super) message_id: String,
    pub(super) zaap_id: String,
    pub(super) created_ms: u64,
    /// When it leaves the queue; `None` for never.
    pub(super) due_ms: Option<u64>,
}

pub(super) struct Journal {
    file: File,
    /// Where the last whole line ends, in bytes.
    end: u64,
}

impl Journal {
    /// Opens or creates the file and hands every line in it to `take`. A line torn by a kill is cut off.
    pub(super) fn open(path: &Path, start_afresh: bool, mut take: impl FnMut(Line)) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(start_afresh);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        let mut reader = BufReader::new(&file);
        let (mut line, mut end) = (Vec::new(), 0);
        while reader.read_until(b'\n', &mut line)? > 0 {
            if line.last() != Some(&b'\n') {
                break;
            }
            let read = serde_json::from_slice(&line).map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidData, "the state file was not written by the sandbox; delete it")
            })?;
            take(read);
            end += line.len() as u64;
            line.clear();
        }
        let mut journal = Self { file, end };
        journal.cut()?;
        Ok(journal)
    }

    /// A line that could not be written whole is cut off again.
    pub(super) fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        match self.file.write_all(&bytes) {
            Ok(()) => self.end += bytes.len() as u64,
            Err(error) => {
                self.cut()?;
                return Err(error);
            }
        }
        Ok(())
    }

    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.end = 0;
        self.cut()
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        self.file.seek(SeekFrom::Start(self.end)).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_and_a_torn_one_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let removed = |id: &str| Line::Removed { message_id: id.to_owned() };
        let mut journal = Journal::open(&path, false, |_| panic!("nothing is there")).unwrap();
        journal.write(&removed("a")).unwrap();
        journal.write(&removed("b")).unwrap();
        drop(journal);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}{{\"removed\":{{\"mess")).unwrap();

        let mut seen = Vec::new();
        let mut journal = Journal::open(&path, false, |line| seen.push(line)).unwrap();
        assert_eq!(seen.len(), 2);
        journal.write(&removed("c")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);

        std::fs::write(&path, "someone's file\n").unwrap();
        assert!(Journal::open(&path, false, |_| ()).is_err());
        assert!(Journal::open(&path, true, |_| panic!("forgotten")).is_ok());
    }
}
