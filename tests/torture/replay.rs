//! The shim's journal, read again: what the files held at any moment, and what of it a power cut would have left.
//!
//! The model of the disk is the harshest that a file system may be: of a file, only what it held at its last sync survives;
//! a new name survives with its file's sync, a rename or removal only with its folder's.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

/// One call, in the order in which they happened. A send stands before its first byte left, a sync after it returned.
#[derive(Debug)]
pub(crate) enum Step {
    Write {
        path: String,
        at: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        path: String,
        length: usize,
    },
    Sync {
        path: String,
    },
    Rename {
        from: String,
        to: String,
    },
    Unlink {
        path: String,
    },
    /// The first bytes of a request for a message left.
    Send {
        recipient: String,
        edit: bool,
    },
}

pub(crate) fn read(journal: &Path) -> Result<Vec<Step>, String> {
    let bytes = fs::read(journal).map_err(|error| format!("no journal: {error}"))?;
    let (mut steps, mut at, mut from) = (Vec::new(), 0, String::new());
    let mut streams: HashMap<usize, (Option<usize>, Vec<u8>)> = HashMap::new();
    while at < bytes.len() {
        let end = at + bytes[at..].iter().position(|byte| *byte == b'\n').ok_or("a torn journal")?;
        let line = String::from_utf8_lossy(&bytes[at..end]).into_owned();
        at = end + 1;
        let mut parts = line.splitn(4, ' ');
        let what = parts.next().unwrap_or_default();
        let mut number = || parts.next().and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
        let (first, second) = (number(), number());
        let path = parts.next().unwrap_or_default().to_owned();
        let mut data = || {
            at += second;
            bytes.get(at - second..at).map(<[u8]>::to_vec).ok_or("a torn journal")
        };
        match what {
            "W" => steps.push(Step::Write { path, at: first, bytes: data()? }),
            "T" => steps.push(Step::Truncate { path, length: first }),
            "S" => steps.push(Step::Sync { path }),
            "U" => steps.push(Step::Unlink { path }),
            "R" => from = path,
            "r" => steps.push(Step::Rename { from: std::mem::take(&mut from), to: path }),
            "N" => sent(&mut steps, streams.entry(first).or_default(), &data()?),
            _ => return Err(format!("a journal line of no known kind: {line}")),
        }
    }
    let unread = steps.iter().any(|step| matches!(step, Step::Send { recipient, .. } if recipient.is_empty()));
    if unread { Err("a request without a recipient in its body".to_owned()) } else { Ok(steps) }
}

/// Bytes of a connection. A request may come in several sends: its step stands where its first byte left.
fn sent(steps: &mut Vec<Step>, stream: &mut (Option<usize>, Vec<u8>), data: &[u8]) {
    if data.starts_with(b"POST /instances/") {
        *stream = (Some(steps.len()), Vec::new());
        steps.push(Step::Send { recipient: String::new(), edit: false });
    }
    stream.1.extend_from_slice(data);
    let text = String::from_utf8_lossy(&stream.1);
    let found = text.split_once(r#""phone":""#).and_then(|(_, rest)| rest.split_once('"'));
    if let (Some(index), Some((phone, _))) = (stream.0, found) {
        let edit = text.split(' ').nth(1).is_some_and(|path| path.ends_with("/send-edit-event"));
        steps[index] = Step::Send { recipient: phone.to_owned(), edit };
    }
}

/// The files as the process saw them, and as a power cut would leave them.
#[derive(Default)]
pub(crate) struct Disk {
    seen: BTreeMap<String, Vec<u8>>,
    safe: BTreeMap<String, Vec<u8>>,
    /// Renames and removals that no sync of their folder has made safe yet.
    moved: Vec<(String, Option<String>)>,
    /// How often what is safe has changed.
    pub(crate) syncs: u64,
}

impl Disk {
    /// Carries out one step. Syncs of paths that hold `ignored` do nothing, as on a disk that lies.
    pub(crate) fn step(&mut self, step: &Step, ignored: Option<&str>) {
        match step {
            Step::Write { path, at, bytes } => {
                let file = self.seen.entry(path.clone()).or_default();
                file.resize(file.len().max(at + bytes.len()), 0);
                file[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Step::Truncate { path, length } => self.seen.entry(path.clone()).or_default().resize(*length, 0),
            Step::Sync { path } if ignored.is_some_and(|text| path.contains(text)) => {}
            Step::Sync { path } => self.sync(path),
            Step::Rename { from, to } => {
                if let Some(bytes) = self.seen.remove(from) {
                    self.seen.insert(to.clone(), bytes);
                }
                self.moved.push((from.clone(), Some(to.clone())));
            }
            Step::Unlink { path } => {
                self.seen.remove(path);
                self.moved.push((path.clone(), None));
            }
            Step::Send { .. } => {}
        }
    }

    fn sync(&mut self, path: &str) {
        self.syncs += 1;
        if let Some(bytes) = self.seen.get(path) {
            self.moved.retain(|(gone, to)| gone != path || to.is_some());
            self.safe.insert(path.to_owned(), bytes.clone());
            return;
        }
        let within = |name: &str| Path::new(name).parent() == Some(Path::new(path));
        let (settled, open): (Vec<_>, Vec<_>) = std::mem::take(&mut self.moved).into_iter().partition(|m| within(&m.0));
        self.moved = open;
        for (from, to) in settled {
            let bytes = self.safe.remove(&from);
            if let (Some(to), Some(bytes)) = (to, bytes) {
                self.safe.insert(to, bytes);
            }
        }
    }

    /// Writes what is safe below `from` into the folder `to`, which holds it from then on.
    pub(crate) fn restore(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        for (path, bytes) in &self.safe {
            let Ok(below) = Path::new(path).strip_prefix(from) else { continue };
            let transient = path.ends_with("-shm") || path.ends_with(" (deleted)");
            if !transient {
                let target = to.join(below);
                fs::create_dir_all(target.parent().unwrap_or(to))?;
                fs::write(target, bytes)?;
            }
        }
        Ok(())
    }
}
