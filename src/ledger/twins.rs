//! A campaign that was renamed starts with an empty ledger and would invite everybody again: looks for other ledgers in
//! the folder that have invited the same recipients to an event of the same name and date.
//!
//! Only ever a warning, so a ledger that cannot be read is passed over. Reads; never writes.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::file::folder_of;
use super::spool::What;
use super::{LedgerError, Spool, schema};
use crate::message::Event;

/// How many messages are looked up in each ledger: enough to notice, and the same whatever the campaign's size.
const LOOKED_AT: usize = 1000;
/// How many ledgers are looked at.
const LEDGERS: usize = 50;

/// Another ledger in the folder that has invited the same recipients to an event of the same name and date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    pub path: PathBuf,
    pub campaign: String,
    /// The event id there.
    pub event: String,
    /// How many of the first thousand messages are in both.
    pub recipients: u64,
    /// Whether there were more than these thousand.
    pub is_cut: bool,
}

/// Looks for campaigns that were renamed, beside the ledger at `own`. To be asked when there is something to create.
pub fn find(own: &Path, spool: &Spool) -> Result<Vec<Twin>, LedgerError> {
    let others = other_ledgers(own);
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = first_messages(spool).map_err(|error| LedgerError::Io { path: std::env::temp_dir(), error })?;
    Ok(others.into_iter().filter_map(|path| look(path, &wanted).ok().flatten()).collect())
}

/// Beside the own one, and of the same sort: a rehearsal in the sandbox is no twin of a real campaign.
fn other_ledgers(own: &Path) -> Vec<PathBuf> {
    let sandbox = |path: &Path| path.to_string_lossy().ends_with(".sandbox.ledger.db");
    let test = |path: &Path| path.to_string_lossy().ends_with(".test.ledger.db");
    let Ok(entries) = std::fs::read_dir(folder_of(own)) else { return Vec::new() };
    let mut others: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(".ledger.db") && path.file_name() != own.file_name())
        .filter(|path| sandbox(path) == sandbox(own) && test(path) == test(own))
        .filter(|path| super::file::refuse_links(path).is_ok())
        .collect();
    others.sort();
    others.truncate(LEDGERS);
    others
}

/// Identity, name and date of what is wanted.
fn first_messages(spool: &Spool) -> std::io::Result<Vec<(String, Event)>> {
    let mut wanted = Vec::new();
    let mut replay = spool.replay();
    while wanted.len() < LOOKED_AT {
        let Some(stored) = replay.advance()? else { break };
        if let What::Message { identity, body, .. } = stored.what
            && let Ok(event) = serde_json::from_str::<Event>(body)
        {
            wanted.push((identity.to_owned(), event));
        }
    }
    Ok(wanted)
}

fn look(path: PathBuf, wanted: &[(String, Event)]) -> rusqlite::Result<Option<Twin>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags)?;
    let kind: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if kind != schema::APPLICATION_ID || !(schema::READABLE..=schema::newest()).contains(&schema::version(&connection)?)
    {
        return Ok(None);
    }
    let campaign = connection.query_row("SELECT campaign FROM meta", [], |row| row.get(0))?;
    let events: Vec<(i64, String)> = connection
        .prepare("SELECT id, text FROM name WHERE id IN (SELECT DISTINCT event_id FROM message)")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    // Invited, or perhaps so.
    let mut select = connection.prepare(
        "SELECT ifnull(was, event) FROM message JOIN wording ON wording.message = message.id
        WHERE event_id = ?1 AND identity = ?2 AND (revision > 0 OR state = 3)",
    )?;
    let mut best: Option<(&str, u64)> = None;
    for (id, event) in &events {
        let mut recipients = 0;
        for (identity, wanted) in wanted {
            let found: Option<String> = select.query_row((id, identity), |row| row.get(0)).optional()?;
            let found = found.and_then(|found| serde_json::from_str::<Event>(&found).ok());
            let same = |found: Event| found.name == wanted.name && found.date_time == wanted.date_time;
            recipients += u64::from(found.is_some_and(same));
        }
        if recipients > best.map_or(0, |(_, most)| most) {
            best = Some((event, recipients));
        }
    }
    let is_cut = wanted.len() == LOOKED_AT;
    Ok(best.map(|(event, recipients)| Twin { path, campaign, event: event.to_owned(), recipients, is_cut }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::{Manifest, accepted, body, row, send, spool};
    use crate::ledger::{Ledger, Mode};

    #[test]
    fn a_renamed_campaign_is_noticed_and_a_new_event_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let rows = |name: &str| spool((0..20).map(|n| row(&format!("{n}-group"), &body(name, 19))));
        for name in ["old.ledger.db", "old.sandbox.ledger.db"] {
            let mut old = Ledger::open(&at(name), "old", Mode::Create).unwrap();
            Manifest::default().reconcile(&mut old, &rows("Launch"));
            if name == "old.ledger.db" {
                assert_eq!(find(&at("new.ledger.db"), &rows("Launch")).unwrap(), [], "nobody was invited yet");
            }
            send(&mut old, accepted);
        }
        std::fs::write(at("junk.ledger.db"), "junk").unwrap();
        let twins = find(&at("new.ledger.db"), &rows("Launch")).unwrap();
        assert_eq!(twins.len(), 1);
        assert_eq!((&*twins[0].campaign, &*twins[0].event, twins[0].recipients), ("old", "launch", 20));
        assert_eq!(find(&at("new.ledger.db"), &rows("Party")).unwrap(), []);
        assert_eq!(find(&at("old.ledger.db"), &rows("Launch")).unwrap(), []);
    }
}
