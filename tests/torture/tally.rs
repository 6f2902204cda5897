//! Compares what the program says it did with what the oracle saw.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;

use crate::oracle::Arrival;
use crate::world::{World, recipient};

/// One line of the results CSV.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) recipient: String,
    pub(crate) status: String,
    pub(crate) message_id: String,
}

/// What came out of a campaign. Everything but the counts of states must be 0.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    pub(crate) states: BTreeMap<String, u64>,
    /// Recipients whose invitation was processed more than once.
    pub(crate) duplicates: u64,
    /// Listed rows without exactly one state.
    pub(crate) lost: u64,
    /// Called pending or rejected although an invitation was processed.
    pub(crate) called_not_sent: u64,
    /// Called accepted although no acceptance with that id was sent.
    pub(crate) called_accepted: u64,
}

impl Tally {
    pub(crate) fn of(&self, state: &str) -> u64 {
        self.states.get(state).copied().unwrap_or(0)
    }

    /// What breaks a promise, in words.
    pub(crate) fn faults(&self) -> Vec<String> {
        let counted = [
            (self.duplicates, "recipients invited twice"),
            (self.lost, "rows without exactly one state"),
            (self.called_not_sent, "called not sent, but processed"),
            (self.called_accepted, "called accepted, but not answered so"),
        ];
        counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
    }
}

/// Reads the results file that the last run left.
pub(crate) fn results(world: &World) -> Result<Vec<Row>, String> {
    let path = world.folder.join("torture.results.csv");
    parse(&fs::read(&path).map_err(|error| format!("no results file: {error}"))?)
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<Row>, String> {
    let mut reader = csv::Reader::from_reader(bytes);
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| headers.iter().position(|header| header == name).ok_or(format!("no column {name}"));
    let (to, status, id) = (column("recipient")?, column("status")?, column("message_id")?);
    reader
        .records()
        .map(|record| {
            let record = record.map_err(|error| error.to_string())?;
            let text = |index: usize| record.get(index).unwrap_or_default().to_owned();
            Ok(Row { recipient: text(to), status: text(status), message_id: text(id) })
        })
        .collect()
}

/// Holds the results of a finished campaign against everything that arrived.
pub(crate) fn tally(world: &World, arrivals: &[Arrival]) -> Result<Tally, String> {
    let rows = results(world)?;
    let mut tally = Tally::default();
    let invitations = invitations(arrivals);
    tally.duplicates = duplicates(arrivals);
    let mut stated: HashMap<&str, u32> = HashMap::new();
    for row in &rows {
        *tally.states.entry(row.status.clone()).or_default() += 1;
        *stated.entry(&row.recipient).or_default() += 1;
        let seen = invitations.get(row.recipient.as_str());
        let answered = seen.is_some_and(|seen| seen.iter().any(|a| a.answered.as_ref() == Some(&row.message_id)));
        match row.status.as_str() {
            "accepted" => tally.called_accepted += u64::from(!answered),
            "pending" | "rejected" | "skipped" => tally.called_not_sent += u64::from(seen.is_some()),
            "unknown" => {}
            _ => tally.lost += 1,
        }
    }
    tally.lost += (0..world.settings.rows).filter(|n| stated.get(recipient(*n).as_str()) != Some(&1)).count() as u64;
    Ok(tally)
}

/// The processed invitations of each recipient.
fn invitations(arrivals: &[Arrival]) -> HashMap<&str, Vec<&Arrival>> {
    let mut invitations: HashMap<&str, Vec<&Arrival>> = HashMap::new();
    for arrival in arrivals.iter().filter(|arrival| !arrival.edit && arrival.processed) {
        invitations.entry(&arrival.recipient).or_default().push(arrival);
    }
    invitations
}

/// Recipients whose invitation was processed more than once.
pub(crate) fn duplicates(arrivals: &[Arrival]) -> u64 {
    invitations(arrivals).values().filter(|seen| seen.len() > 1).count() as u64
}

/// The number of messages that `status` calls unknown, and those it calls accepted.
pub(crate) fn counts(world: &World) -> Result<(u64, u64), String> {
    let ended = world.run(world.command(&["status", "m.yaml", "--format", "json"]));
    let read: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_default();
    match (read["messages"]["unknown"].as_u64(), read["messages"]["accepted"].as_u64()) {
        (Some(unknown), Some(accepted)) => Ok((unknown, accepted)),
        _ if !world.ledger().exists() || ended.code == Some(4) => Ok((0, 0)),
        _ => Err(format!("status: {}", ended.brief())),
    }
}

/// Checks that every recipient was invited at most once, edited under the invitation's id, and sees `time` at the end.
pub(crate) fn wording(arrivals: &[Arrival], rows: &[Row], time: &str) -> Vec<String> {
    let (mut last, mut ids, mut twice) = (HashMap::new(), HashMap::new(), HashSet::new());
    let (mut wrong_id, mut wrong_time) = (0_usize, 0_usize);
    for arrival in arrivals.iter().filter(|arrival| arrival.processed) {
        last.insert(arrival.recipient.as_str(), arrival.date_time.as_str());
        if arrival.edit {
            wrong_id += usize::from(arrival.original_id.as_ref() != ids.get(arrival.recipient.as_str()));
        } else if let Some(id) = arrival.answered.clone() {
            twice.extend(ids.insert(arrival.recipient.as_str(), id).map(|_| arrival.recipient.as_str()));
        }
    }
    for row in rows.iter().filter(|row| row.status == "accepted") {
        let seen = last.get(row.recipient.as_str()).copied().unwrap_or_default();
        wrong_time += usize::from(!seen.starts_with(time));
    }
    let counted = [
        (twice.len(), "recipients invited twice"),
        (wrong_id, "edits under another id than the invitation's"),
        (wrong_time, "accepted recipients who do not see the new time"),
    ];
    counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
}
