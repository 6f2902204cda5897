//! The reports for programs: the JSON of apply, plan and status, in the shapes that scripts rely on.
//!
//! Persons' numbers are masked as in the reports for people; the results CSV and the ledger have them whole.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::ledger::{Change, Counts, VerbCounts};
use crate::message::Event;
use crate::plan::Verb;
use crate::recipient::mask_in_text;

use super::plan::{Estimate, EstimatedEnd};
use super::status::{States, StatusReport};
use super::summary::SandboxCounts;

/// What `apply --format json` says, a dry run's too.
#[derive(Debug)]
pub struct ApplyReport<'a> {
    pub campaign: &'a str,
    pub dry_run: bool,
    pub sandbox: Option<SandboxCounts>,
    /// What was planned; `edit` is told with what is called off.
    pub plan: VerbCounts,
    pub messages: Counts,
    pub requests: u64,
    pub duration: Duration,
    /// Paths as text; `None` where nothing was written.
    pub results: Option<String>,
    pub ledger: Option<String>,
    pub exit: u8,
    /// Why the run stopped, when it did.
    pub stopped: Option<String>,
    pub errors: Vec<(String, u64)>,
    /// From the diagnostics' own renderer.
    pub diagnostics: Value,
    /// Hide persons' numbers in what came from outside.
    pub mask: bool,
}

#[derive(Serialize)]
struct Verbs {
    create: u64,
    edit: u64,
    keep: u64,
    skip: u64,
    left: u64,
    blocked: u64,
}

#[derive(Serialize)]
struct ErrorCount {
    error: String,
    count: u64,
}

#[derive(Serialize)]
struct Apply<'a> {
    campaign: &'a str,
    dry_run: bool,
    sandbox: Option<SandboxCounts>,
    plan: Verbs,
    messages: States,
    requests: u64,
    duration_ms: u64,
    results: Option<&'a str>,
    ledger: Option<&'a str>,
    exit: u8,
    stopped: Option<String>,
    errors: Vec<ErrorCount>,
    diagnostics: &'a Value,
}

/// One line that ends with a line break.
pub fn apply(report: &ApplyReport<'_>) -> String {
    let shown = |text: &str| if report.mask { mask_in_text(text).into_owned() } else { text.to_owned() };
    line(&Apply {
        campaign: report.campaign,
        dry_run: report.dry_run,
        sandbox: report.sandbox,
        plan: verbs(&report.plan),
        messages: States::from(&report.messages),
        requests: report.requests,
        duration_ms: u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
        results: report.results.as_deref(),
        ledger: report.ledger.as_deref(),
        exit: report.exit,
        stopped: report.stopped.as_deref().map(shown),
        errors: report.errors.iter().map(|(error, count)| ErrorCount { error: shown(error), count: *count }).collect(),
        diagnostics: &report.diagnostics,
    })
}

#[derive(Serialize)]
struct Status<'a> {
    campaign: &'a str,
    messages: States,
    instances: Instances<'a>,
    running: bool,
    updated_at: Option<String>,
}

struct Instances<'a>(&'a [(String, Counts)]);

impl Serialize for Instances<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, counts)| (name, States::from(counts))))
    }
}

/// One line that ends with a line break.
pub fn status(report: &StatusReport) -> String {
    line(&Status {
        campaign: &report.campaign,
        messages: States::from(&report.counts),
        instances: Instances(&report.instances),
        running: report.running.is_some(),
        updated_at: report.updated_at.map(|at| format!("{at:.3}")),
    })
}

/// `plan --format json`: changes are taken in one by one while the plan is made, and kept in an unlinked temporary file,
/// since the counts that stand before them are only known at the end.
pub struct PlanWriter {
    changes: BufWriter<File>,
    any: bool,
    mask: bool,
}

impl PlanWriter {
    pub fn new(mask: bool) -> io::Result<Self> {
        Ok(Self { changes: BufWriter::new(tempfile::tempfile()?), any: false, mask })
    }

    /// Takes in one change.
    pub fn change(&mut self, change: &Change<'_>) -> io::Result<()> {
        if self.any {
            self.changes.write_all(b",\n")?;
        }
        self.any = true;
        let shown = |text: &str| if self.mask { mask_in_text(text).into_owned() } else { text.to_owned() };
        let event = |json: &str| serde_json::from_str(json).ok().map(|event| self.masked(event));
        let body = change.body.and_then(event).map(|event| Body { phone: shown(change.recipient), event });
        let value = ChangeJson {
            verb: verb(change.verb),
            event: change.event,
            recipient: shown(change.recipient),
            label: shown(change.label),
            source: format!("{}:{}", change.file, change.line),
            instance: change.instance,
            body,
            before: change.before.and_then(event),
        };
        serde_json::to_writer(&mut self.changes, &value).map_err(io::Error::from)
    }

    /// Writes the whole.
    pub fn finish(
        self,
        counts: &VerbCounts,
        estimate: &Estimate,
        diagnostics: &Value,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let mut changes = self.changes.into_inner().map_err(io::IntoInnerError::into_error)?;
        changes.rewind()?;
        write!(out, "{{\"plan\":{},\"changes\":[", to_text(&verbs(counts)))?;
        if self.any {
            out.write_all(b"\n")?;
            io::copy(&mut changes, out)?;
            out.write_all(b"\n")?;
        }
        writeln!(out, "],\"estimate\":{},\"diagnostics\":{diagnostics}}}", self::estimate(estimate))?;
        out.flush()
    }

    /// People write numbers into texts, too.
    fn masked(&self, mut event: Event) -> Event {
        if self.mask {
            let texts =
                [Some(&mut event.name), event.description.as_mut(), event.location.as_mut().map(|at| &mut at.name)];
            for text in texts.into_iter().flatten() {
                *text = mask_in_text(text).into_owned();
            }
        }
        event
    }
}

/// What goes on the wire for an invitation.
#[derive(Serialize)]
struct Body {
    phone: String,
    event: Event,
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    verb: &'static str,
    event: &'a str,
    recipient: String,
    label: String,
    source: String,
    instance: &'a str,
    body: Option<Body>,
    before: Option<Event>,
}

fn verb(verb: &Verb) -> &'static str {
    match verb {
        Verb::Create => "create",
        Verb::Edit | Verb::CallOff => "edit",
        Verb::Keep => "keep",
        Verb::Skip(_) => "skip",
        Verb::Left { .. } => "left",
        Verb::Blocked(_) => "blocked",
    }
}

fn verbs(counts: &VerbCounts) -> Verbs {
    let VerbCounts { create, edit, called_off, keep, skip, left, blocked, .. } = *counts;
    Verbs { create, edit: edit + called_off, keep, skip, left, blocked }
}

/// `{"done_at": …, "left": 0, "instances": {"main": {"messages": 6, "done_at": …}}}`.
fn estimate(estimate: &Estimate) -> Value {
    let lanes: Map<String, Value> = estimate
        .lanes
        .iter()
        .map(|lane| {
            let (done_at, left) = ending(&lane.end);
            (lane.name.clone(), json!({"messages": lane.messages, "done_at": done_at, "left": left}))
        })
        .collect();
    let (done_at, left) = ending(&estimate.end);
    json!({"done_at": done_at, "left": left, "instances": lanes})
}

fn ending(end: &EstimatedEnd) -> (Option<String>, u64) {
    match end {
        EstimatedEnd::Nothing => (None, 0),
        EstimatedEnd::At(at) => (Some(format!("{at:.0}")), 0),
        EstimatedEnd::OutOfTime { left, .. } | EstimatedEnd::TooFar { left } => (None, *left),
    }
}

fn line(value: &impl Serialize) -> String {
    to_text(value) + "\n"
}

/// Our own shapes hold nothing that JSON cannot.
fn to_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
