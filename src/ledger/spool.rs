//! What the manifest expands to, once, in input order: a temporary store that reconcile walks over.
//!
//! What was checked is what is planned, because rows are expanded once and read from here afterwards. Small campaigns
//! stay in memory; larger ones go to an unlinked temporary file, which no crash can leave behind. Knows no SQL.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use serde::{Deserialize, Serialize};

use crate::message::{Expanded, SkipReason};
use crate::recipient::Identity;

/// Written to the file in pieces of this size; a campaign smaller than that never touches the disk.
const TAIL_BYTES: usize = 256 * 1024;

/// One expanded row as read back, borrowed from the replay's buffer. `columns` is a JSON array of texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored<'a> {
    pub what: What<'a>,
    /// The event id.
    pub event: &'a str,
    pub recipient: &'a str,
    pub label: &'a str,
    pub file: &'a str,
    pub line: u32,
    pub list: &'a str,
    pub columns: &'a str,
}

/// What kind of row it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What<'a> {
    Message { identity: &'a str, instance: u32, variant: Option<u32>, body: &'a str },
    Skipped { identity: Option<&'a str>, reason: SkipReason },
}

/// The store.
#[derive(Debug, Default)]
pub struct Spool {
    file: Option<File>,
    /// How much stands in the file; what follows is in `tail`.
    in_file: u64,
    tail: Vec<u8>,
    entries: u64,
    messages: u64,
}

impl Spool {
    pub fn new() -> Self {
        Self::default()
    }

    /// All entries.
    pub fn len(&self) -> u64 {
        self.entries
    }

    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Entries that are messages.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Puts one more at the end.
    pub fn push(&mut self, entry: &Expanded) -> io::Result<()> {
        self.entries += 1;
        match entry {
            Expanded::Message(message) => {
                self.messages += 1;
                self.append(&Stored {
                    what: What::Message {
                        identity: message.key.identity.as_str(),
                        instance: u32::try_from(message.instance).map_err(io::Error::other)?,
                        variant: message.variant,
                        body: &message.event,
                    },
                    event: &message.key.event,
                    recipient: message.address.as_str(),
                    label: &message.label,
                    file: &message.source.file,
                    line: message.source.line,
                    list: &message.list,
                    columns: &columns_json(&message.columns)?,
                })
            }
            Expanded::Skipped(row) => self.append(&Stored {
                what: What::Skipped {
                    identity: row.identity.as_ref().map(Identity::as_str),
                    reason: row.reason.clone(),
                },
                event: &row.event,
                recipient: &row.recipient,
                label: &row.label,
                file: &row.source.file,
                line: row.source.line,
                list: &row.list,
                columns: &columns_json(&row.columns)?,
            }),
        }
    }

    fn append(&mut self, stored: &Stored<'_>) -> io::Result<()> {
        let start = self.tail.len();
        self.tail.extend_from_slice(&[0; 4]);
        let tail = std::mem::take(&mut self.tail);
        self.tail = postcard::to_extend(stored, tail).map_err(io::Error::other)?;
        let length = u32::try_from(self.tail.len() - start - 4).map_err(io::Error::other)?;
        self.tail[start..start + 4].copy_from_slice(&length.to_le_bytes());
        if self.tail.len() < TAIL_BYTES {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.write_all_at(&self.tail, self.in_file)?;
        self.in_file += self.tail.len() as u64;
        self.tail.clear();
        Ok(())
    }

    /// From the start. Several replays may run at once.
    pub fn replay(&self) -> Replay<'_> {
        Replay { spool: self, at: 0, buffer: Vec::new(), used: 0 }
    }
}

fn columns_json(columns: &[String]) -> io::Result<Cow<'static, str>> {
    if columns.is_empty() {
        return Ok(Cow::Borrowed("[]"));
    }
    Ok(Cow::Owned(serde_json::to_string(columns)?))
}

/// Reads the entries in order.
#[derive(Debug)]
pub struct Replay<'a> {
    spool: &'a Spool,
    /// Where in the store the buffer ends.
    at: u64,
    buffer: Vec<u8>,
    /// How much of the buffer has been handed out.
    used: usize,
}

impl Replay<'_> {
    /// The next entry, valid until the one after it is asked for; `None` at the end. (No `Iterator`: it lends.)
    pub fn advance(&mut self) -> io::Result<Option<Stored<'_>>> {
        if !self.fill(4)? {
            return Ok(None);
        }
        let mut length = [0; 4];
        length.copy_from_slice(&self.buffer[self.used..self.used + 4]);
        let length = u32::from_le_bytes(length) as usize;
        if !self.fill(4 + length)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let start = self.used + 4;
        self.used = start + length;
        postcard::from_bytes(&self.buffer[start..self.used]).map(Some).map_err(io::Error::other)
    }

    /// Sees to it that so many bytes are ready; `false` when the store ends before.
    fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        if self.buffer.len() - self.used >= wanted {
            return Ok(true);
        }
        self.buffer.drain(..self.used);
        self.used = 0;
        while self.buffer.len() < wanted {
            let start = self.buffer.len();
            self.buffer.resize(start + wanted.max(TAIL_BYTES / 4), 0);
            let read = self.read_at(start)?;
            self.buffer.truncate(start + read);
            self.at += read as u64;
            if read == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn read_at(&mut self, start: usize) -> io::Result<usize> {
        let into = &mut self.buffer[start..];
        if let Some(in_tail) = self.at.checked_sub(self.spool.in_file) {
            let in_tail = usize::try_from(in_tail).map_err(io::Error::other)?;
            return self.spool.tail.get(in_tail..).unwrap_or_default().read(into);
        }
        // Never past the end of what belongs to the file: the tail follows there.
        let left = usize::try_from(self.spool.in_file - self.at).unwrap_or(usize::MAX);
        let length = into.len().min(left);
        self.spool.file.as_ref().map_or(Ok(0), |file| file.read_at(&mut into[..length], self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::{body, row, skipped};

    #[test]
    fn what_goes_in_comes_out_in_order_from_memory_or_disk() {
        for rows in [0, 1, 3, 5000] {
            let mut spool = Spool::new();
            for n in 0..rows {
                let entry = if n % 3 == 2 {
                    skipped(&n.to_string(), SkipReason::Duplicate { first: "a:1".to_owned() })
                } else {
                    row(&n.to_string(), &body("É", 19))
                };
                spool.push(&entry).unwrap();
            }
            assert_eq!((spool.len(), spool.file.is_some()), (rows, rows == 5000));
            let (mut one, mut two) = (spool.replay(), spool.replay());
            for n in 0..rows {
                let stored = one.advance().unwrap().unwrap();
                assert_eq!((stored.event, stored.recipient, stored.list), ("launch", &*n.to_string(), "vip"));
                match stored.what {
                    What::Message { identity, body: event, .. } => {
                        assert_eq!((identity, event), (&*n.to_string(), &*body("É", 19)));
                    }
                    What::Skipped { reason, .. } => {
                        assert_eq!(reason, SkipReason::Duplicate { first: "a:1".to_owned() });
                    }
                }
            }
            assert_eq!(one.advance().unwrap(), None);
            assert_eq!(two.advance().unwrap().is_some(), rows > 0, "replays do not disturb one another");
        }
    }
}
