//! `<campaign>.test.json`: which wordings and times `zapi-batch test` has sent, so that an apply can say what nobody has
//! ever looked at.
//!
//! Holds no recipients, so that it may be committed beside the manifest. Only ever a note: nothing depends on it.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::apply::quoted;
use super::failure::Failure;
use super::paths::{Paths, Purpose};
use crate::exit::Exit;
use crate::expand::EventSummary;
use crate::ledger::{Narrow, Plan};
use crate::manifest::Manifest;
use crate::manifest::wordings::{self, Wording};
use crate::report::words;

/// The newest wordings that are remembered.
const KEPT: usize = 500;

/// A wording that was sent to the test list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tested {
    /// As the test called it: `launch`, or `launch.2` where there are several wordings.
    event: String,
    /// As the first recipient got it.
    name: String,
    date_time: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    time_zone: Option<String>,
    /// See [`Wording::digest`].
    wording: String,
    /// RFC 3339, UTC, whole seconds.
    at: String,
}

/// The file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Record {
    tested: Vec<Tested>,
}

impl Tested {
    pub(super) fn new(wording: &Wording, summary: &EventSummary, at: Timestamp) -> Self {
        Self {
            event: summary.id.to_string(),
            name: summary.name.clone(),
            date_time: summary.first.date_time.clone(),
            time_zone: summary.first.time_zone.clone(),
            wording: wording.digest.clone(),
            at: format!("{at:.0}"),
        }
    }
}

impl fmt::Display for Tested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `YYYY-MM-DDTHH:MM:SS.sssZ`: people think in minutes.
        let when = self.date_time.get(..16).unwrap_or(&self.date_time);
        let zone = self.time_zone.as_ref().map(|zone| format!(" {zone}")).unwrap_or_default();
        write!(f, "tested: {} as \"{}\", {}{zone}", self.event, words::one_line(&self.name, 70), when.replace('T', " "))
    }
}

/// Adds what was tested to the record.
pub(super) fn keep(path: &Path, seen: &[Tested]) -> Result<(), Failure> {
    if seen.is_empty() {
        return Ok(());
    }
    // A record that cannot be read is worth no more than none.
    let mut record = read(path).unwrap_or_default();
    record.tested.retain(|known| !seen.iter().any(|tested| tested.wording == known.wording));
    record.tested.extend_from_slice(seen);
    let surplus = record.tested.len().saturating_sub(KEPT);
    record.tested.drain(..surplus);
    let mut text = serde_json::to_string_pretty(&record).map_err(std::io::Error::from)?;
    text.push('\n');
    replace(path, text.as_bytes())
        .map_err(|error| Failure::new(Exit::Ledger, format!("{} cannot be written: {error}", path.display())))
}

/// As a whole or not at all; whether it survives a power cut does not matter.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

fn read(path: &Path) -> Result<Record, String> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Record::default()),
        Err(error) => Err(error.to_string()),
    }
}

/// What a plan is about to create in wordings that were never tested; only where the manifest says how to test.
pub(super) fn notes(manifest: &Manifest, plan: &Plan, narrow: &Narrow, paths: &Paths, purpose: Purpose) -> Vec<String> {
    let path = &paths.tested;
    if manifest.test.is_none() {
        return Vec::new();
    }
    let record = match read(path) {
        Ok(record) => record,
        Err(why) => return vec![format!("what was tested cannot be read from {}: {why}", path.display())],
    };
    let mut notes = Vec::new();
    for (index, event) in manifest.events.iter().enumerate() {
        let wanted = wanted(manifest, index, plan, narrow);
        let never = wanted.iter().filter(|digest| !record.tested.iter().any(|known| known.wording == **digest)).count();
        if never == 0 {
            continue;
        }
        let which = match wanted.len() {
            all if all == never => format!("{} was never tested as it is worded now", event.id),
            all => format!("{never} of {all} wordings of {} {} never tested", event.id, was(never)),
        };
        let path = quoted(&manifest.path.display().to_string());
        let sandbox = if purpose.is_sandbox() { " --sandbox" } else { "" };
        notes.push(format!("{which}: zapi-batch test {path}{sandbox} sends it to the test list"));
    }
    notes
}

/// The wordings in which an event is about to be created for somebody.
fn wanted(manifest: &Manifest, event: usize, plan: &Plan, narrow: &Narrow) -> BTreeSet<String> {
    let id = &manifest.events[event].id;
    let creates = |list: &str| {
        narrow.selects(id, list)
            && plan.lists.iter().any(|found| found.event == *id && *found.list == *list && found.counts.create > 0)
    };
    let sends = manifest.sends.iter().enumerate().filter(|(_, send)| send.event == Some(event));
    sends
        .filter(|(_, send)| send.to.iter().any(|list| creates(&manifest.lists[*list].name)))
        .flat_map(|(index, send)| wordings::of_send(manifest, index, send))
        .map(|wording| wording.digest)
        .collect()
}

fn was(count: usize) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(wording: &str) -> Tested {
        Tested {
            event: "launch.2".into(),
            name: "[TEST] Launch".into(),
            date_time: "2027-05-14T19:00:00.000Z".into(),
            time_zone: Some("UTC-3".into()),
            wording: wording.into(),
            at: "2026-11-22T12:00:00Z".into(),
        }
    }

    #[test]
    fn the_record_keeps_each_wording_once_and_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spring.test.json");
        keep(&path, &[]).unwrap();
        assert!(!path.exists(), "nothing was tested");
        keep(&path, &[tested("a"), tested("b")]).unwrap();
        let again = Tested { at: "2026-11-23T12:00:00Z".into(), ..tested("a") };
        keep(&path, std::slice::from_ref(&again)).unwrap();
        assert_eq!(read(&path).unwrap().tested, [tested("b"), again]);
        let many: Vec<Tested> = (0..KEPT).map(|number| tested(&number.to_string())).collect();
        keep(&path, &many).unwrap();
        assert_eq!(read(&path).unwrap().tested, many);
        std::fs::write(&path, "junk").unwrap();
        assert!(read(&path).is_err());
        keep(&path, &[tested("a")]).unwrap();
        assert_eq!(read(&path).unwrap().tested.len(), 1);
    }

    #[test]
    fn what_was_tested_is_said_in_one_line() {
        assert_eq!(tested("a").to_string(), "tested: launch.2 as \"[TEST] Launch\", 2027-05-14 19:00 UTC-3");
    }
}
