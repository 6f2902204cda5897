//! The plan for people: what a run would send and change, event by event, when it would be done, and what to know first.
//!
//! Reads values that were given to it and decides nothing.

mod events;
mod notes;
mod texts;

use jiff::{Timestamp, Zoned};

use crate::diagnostic::render::Style;
use crate::ledger::Plan;

use self::events::events;
use self::notes::notes;
use super::changes::Changes;
use super::paint::{Page, Tone};
use super::words;

/// Everything the plan shows.
#[derive(Debug)]
pub struct PlanReport<'a> {
    pub campaign: &'a str,
    pub ledger: LedgerNote,
    pub plan: &'a Plan,
    /// The events that messages are for, in the manifest's order.
    pub events: Vec<EventLine>,
    /// The manifest's events that no message is for.
    pub unsent: Vec<UnsentEvent>,
    pub changes: &'a Changes,
    /// The instances in use, in the manifest's order.
    pub lanes: Vec<LaneLine>,
    pub estimate: Estimate,
    /// What narrows this run, as it was typed: `--only launch --limit 20`. Empty when nothing does.
    pub narrowed: String,
    /// The number of messages that this run attempts, `--limit` applied.
    pub to_do: u64,
    /// Sentences to know before sending, such as that a wording was never tested.
    pub notes: Vec<String>,
    /// `plan` shows what an invitation looks like; `apply` does not.
    pub previews: bool,
    pub now: Zoned,
}

/// What the messages of an event say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    pub id: String,
    /// The name in the first message.
    pub name: String,
    /// Whether other messages have other names.
    pub names_differ: bool,
    /// The earliest and the latest of its messages.
    pub first: EventTime,
    pub last: EventTime,
    pub canceled: bool,
    /// How many messages got which wording, where a text is a list; empty otherwise.
    pub variants: Vec<u64>,
}

/// An event of the manifest that no message is for, and what the manifest alone says of it: a text that depends on the row
/// says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsentEvent {
    pub id: String,
    pub name: Option<String>,
    pub when: Option<EventTime>,
}

/// A time in the shapes of the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTime {
    /// `YYYY-MM-DDTHH:MM:SS.sssZ`, wall-clock digits.
    pub date_time: String,
    /// `UTC-3`, where known.
    pub time_zone: Option<String>,
    /// The zone's name in the manifest, where it has one.
    pub zone_name: Option<String>,
}

/// What the plan is measured against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerNote {
    /// There is none, in a dry run.
    Missing,
    /// There is none yet: this run begins it.
    New,
    /// `--new-ledger`: this run begins one, without what was recorded before.
    Anew(Past),
    Found {
        messages: u64,
        last_run: Option<Timestamp>,
    },
}

/// What a run with `--new-ledger` does not know of, where anybody may have been invited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    Invited {
        accepted: u64,
        unknown: u64,
    },
    /// There is a record that cannot be read.
    Unreadable,
}

impl Past {
    /// `60 accepted and 2 unknown before`.
    pub fn said(self) -> String {
        match self {
            Self::Invited { accepted, unknown: 0 } => format!("{accepted} accepted before"),
            Self::Invited { accepted, unknown } => format!("{accepted} accepted and {unknown} unknown before"),
            Self::Unreadable => "a record that cannot be read".to_owned(),
        }
    }
}

/// An instance and what limits it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneLine {
    pub name: String,
    /// See [`words::limits`].
    pub limits: String,
}

/// When a run would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// In the order of [`PlanReport::lanes`].
    pub lanes: Vec<LaneEstimate>,
    /// The last of them.
    pub end: EstimatedEnd,
}

/// When one instance would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneEstimate {
    pub name: String,
    pub messages: u64,
    pub end: EstimatedEnd,
}

/// How an estimate ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EstimatedEnd {
    /// There is nothing to send.
    Nothing,
    At(Timestamp),
    /// `notAfter` comes first: so many are left then.
    OutOfTime {
        left: u64,
        not_after: Timestamp,
    },
    /// Not within the year that the estimate looks ahead.
    TooFar {
        left: u64,
    },
}

/// The whole plan as text; ends with a line break.
pub fn render(report: &PlanReport<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    page.head(Tone::Head, "PLAN ", report.campaign, &ledger_note(&report.ledger, &report.now));
    events(&mut page, report);
    totals(&mut page, report);
    lanes(&mut page, report);
    notes(&mut page, report);
    page.into_text()
}

/// The line by which a plan says what it knows of the past.
fn ledger_note(note: &LedgerNote, now: &Zoned) -> String {
    match note {
        LedgerNote::Missing => "no ledger: counts assume that nothing was ever sent".to_owned(),
        LedgerNote::New => "no ledger yet: this is the first run".to_owned(),
        LedgerNote::Anew(past) => format!("new ledger: without {}", past.said()),
        LedgerNote::Found { messages, last_run: None } => format!("ledger: {}", words::messages(*messages)),
        LedgerNote::Found { messages, last_run: Some(at) } => {
            format!("ledger: {}, last run {}", words::messages(*messages), words::moment(*at, now))
        }
    }
}

/// `  811 messages = 6 create + 803 keep + 2 left`, and the rows that are no messages.
fn totals(page: &mut Page, report: &PlanReport<'_>) {
    let plan = report.plan;
    let total = &plan.total;
    let parts = [
        (total.create, "create"),
        (total.edit, "edit"),
        (total.called_off, "call off"),
        (total.keep, "keep"),
        (total.skip, "skip"),
        (total.left, "left"),
        (total.blocked, "blocked"),
    ];
    let sum: Vec<String> =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, verb)| format!("{number} {verb}")).collect();
    let sum = if sum.is_empty() { String::new() } else { format!(" = {}", sum.join(" + ")) };
    let rows_left_out = plan.duplicates + plan.suppressed + plan.invalid > 0;
    let what = if rows_left_out { " and rows left out" } else { "" };
    page.line(&format!("{}{what}{sum}", words::messages(total.total())));
    let faulty = match plan.invalid_kept {
        0 => "with errors".to_owned(),
        kept if kept == plan.invalid => "with errors (what was sent is kept as it is)".to_owned(),
        kept => format!("with errors (of {kept}, what was sent is kept as it is)"),
    };
    let rows = [
        (plan.duplicates, "listed twice (the first row counts)"),
        (plan.suppressed, "on a suppress list"),
        (plan.invalid, &*faulty),
    ];
    let rows: Vec<String> =
        rows.iter().filter(|(number, _)| *number > 0).map(|(number, why)| format!("{number} {why}")).collect();
    if !rows.is_empty() {
        page.line(&format!("rows left out: {}", rows.join(", ")));
    }
    if !report.narrowed.is_empty() {
        page.line(&format!("this run ({}): {} of {}", report.narrowed, report.to_do, total.to_do()));
    }
}

fn lanes(page: &mut Page, report: &PlanReport<'_>) {
    for (lane, estimate) in report.lanes.iter().zip(&report.estimate.lanes) {
        if estimate.end == EstimatedEnd::Nothing {
            continue;
        }
        let share =
            if report.lanes.len() > 1 { format!(", {}", words::messages(estimate.messages)) } else { String::new() };
        page.line(&format!("via {}, {}{share}: {}", lane.name, lane.limits, end(&estimate.end, &report.now)));
    }
    if report.estimate.lanes.iter().filter(|lane| lane.messages > 0).count() > 1 {
        page.line(&format!("all of it: {}", end(&report.estimate.end, &report.now)));
    }
}

/// `done by Thu 14:20`.
pub fn end(end: &EstimatedEnd, now: &Zoned) -> String {
    match end {
        EstimatedEnd::Nothing => "nothing to send".to_owned(),
        EstimatedEnd::At(at) => {
            let same_day = at.to_zoned(now.time_zone().clone()).date() == now.date();
            format!("done {} {}", if same_day { "about" } else { "by" }, words::moment(*at, now))
        }
        EstimatedEnd::OutOfTime { left, not_after } => {
            format!("{left} will be left at {}, when notAfter ends it", words::moment(*not_after, now))
        }
        EstimatedEnd::TooFar { left } => format!("not done within a year, {left} will be left"),
    }
}

#[cfg(test)]
mod tests;
