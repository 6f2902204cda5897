//! The plan for people: what a run would send and change, event by event, when it would be done, and what to know first.
//!
//! Reads values that were given to it and decides nothing.

mod texts;

use jiff::{Timestamp, Zoned};

use crate::diagnostic::render::Style;
use crate::ledger::{ListPlan, NamedRow, Plan, VerbCounts};

use self::texts::{edit_group, left, preview};
use super::changes::Changes;
use super::paint::{Page, Tone};
use super::{moment_of_event, words};

/// Everything the plan shows.
#[derive(Debug)]
pub struct PlanReport<'a> {
    pub campaign: &'a str,
    pub ledger: LedgerNote,
    pub plan: &'a Plan,
    /// In the manifest's order.
    pub events: Vec<EventLine>,
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
    Found {
        messages: u64,
        last_run: Option<Timestamp>,
    },
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

const BLOCKED_SHOWN: usize = 5;

/// The whole plan as text; ends with a line break.
pub fn render(report: &PlanReport<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    page.head(Tone::Head, "PLAN ", report.campaign, &ledger_note(&report.ledger, &report.now));
    for line in &report.events {
        event(&mut page, report, line);
    }
    for id in gone(report) {
        let painted = page.paint(Tone::Head, id);
        page.line(&format!("{painted}  no longer in the manifest"));
        verbs(&mut page, report, id);
        let changes = report.changes.events.iter().find(|changes| *changes.event == *id && report.previews);
        if let Some(changes) = changes {
            left(&mut page, changes);
        }
    }
    totals(&mut page, report);
    lanes(&mut page, report);
    warnings(&mut page, report);
    page.into_text()
}

/// The line by which a plan says what it knows of the past.
fn ledger_note(note: &LedgerNote, now: &Zoned) -> String {
    match note {
        LedgerNote::Missing => "no ledger: counts assume that nothing was ever sent".to_owned(),
        LedgerNote::New => "no ledger yet: this is the first run".to_owned(),
        LedgerNote::Found { messages, last_run: None } => format!("ledger: {}", words::messages(*messages)),
        LedgerNote::Found { messages, last_run: Some(at) } => {
            format!("ledger: {}, last run {}", words::messages(*messages), words::moment(*at, now))
        }
    }
}

fn lists_of<'a>(plan: &'a Plan, event: &'a str) -> impl Iterator<Item = &'a ListPlan> {
    plan.lists.iter().filter(move |list| *list.event == *event)
}

/// Events that the ledger knows and the manifest has no messages for any more.
fn gone<'a>(report: &'a PlanReport<'_>) -> Vec<&'a str> {
    let mut gone: Vec<&str> = Vec::new();
    for list in &report.plan.lists {
        if !report.events.iter().any(|event| event.id == *list.event) && !gone.contains(&&*list.event) {
            gone.push(&list.event);
        }
    }
    gone
}

fn event(page: &mut Page, report: &PlanReport<'_>, event: &EventLine) {
    let id = page.paint(Tone::Head, &event.id);
    let more = if event.names_differ { " …" } else { "" };
    let canceled = if event.canceled { "   (called off)" } else { "" };
    let name = page.foreign(&event.name, 60);
    page.line(&format!("{id}  \"{name}\"{more}   {}{canceled}", when(event)));
    verbs(page, report, &event.id);
    if event.variants.len() > 1 {
        let split: Vec<String> =
            event.variants.iter().zip(1..).map(|(count, number)| format!("{count} get no. {number}")).collect();
        page.entry(Tone::Quiet, "wordings", &split.join(", "));
    }
    let Some(changes) = report.changes.events.iter().find(|changes| *changes.event == *event.id) else { return };
    for group in changes.groups() {
        edit_group(page, group);
    }
    if report.previews {
        left(page, changes);
        for example in &changes.previews {
            preview(page, example);
        }
    }
}

fn when(event: &EventLine) -> String {
    let full =
        |time: &EventTime| moment_of_event::full(&time.date_time, time.time_zone.as_deref(), time.zone_name.as_deref());
    if event.first == event.last {
        full(&event.first)
    } else {
        format!("{} to {}", full(&event.first), full(&event.last))
    }
}

/// `  create   6    from lists/groups.csv`, one line for each verb that occurs.
fn verbs(page: &mut Page, report: &PlanReport<'_>, event: &str) {
    type Pick = fn(&VerbCounts) -> u64;
    let table: [(&str, Tone, Pick, &str); 7] = [
        ("create", Tone::Good, |counts| counts.create, ""),
        ("edit", Tone::Careful, |counts| counts.edit, "worded otherwise now: replaced where it is"),
        ("call off", Tone::Careful, |counts| counts.called_off, "shown as called off where it is"),
        ("keep", Tone::Quiet, |counts| counts.keep, "nothing to do"),
        ("skip", Tone::Quiet, |counts| counts.skip, "nothing is sent for these"),
        ("left", Tone::Careful, |counts| counts.left, "no longer listed or suppressed; the invitation stands"),
        ("blocked", Tone::Bad, |counts| counts.blocked, "must not be done without a person, see below"),
    ];
    let lists: Vec<&ListPlan> = lists_of(report.plan, event).collect();
    let width = lists.iter().map(|list| list.counts.total()).sum::<u64>().to_string().len();
    for (word, tone, pick, why) in table {
        let number: u64 = lists.iter().map(|list| pick(&list.counts)).sum();
        if number == 0 {
            continue;
        }
        let why = match word {
            "create" => from_lists(&lists),
            "keep" if report.plan.unknown > 0 => "nothing to do, or unknown and left so".to_owned(),
            _ => why.to_owned(),
        };
        page.entry(tone, word, &format!("{number:>width$}    {why}"));
    }
}

/// `from lists/a.csv (4), lists/b.csv (2)`.
fn from_lists(lists: &[&ListPlan]) -> String {
    let some: Vec<(&str, u64)> =
        lists.iter().map(|list| (&*list.file, list.counts.create)).filter(|(_, create)| *create > 0).collect();
    match some.as_slice() {
        [(file, _)] => format!("from {file}"),
        few if few.len() <= 3 => {
            let parts: Vec<String> = few.iter().map(|(file, create)| format!("{file} ({create})")).collect();
            format!("from {}", parts.join(", "))
        }
        many => format!("from {} lists", many.len()),
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
    let rows = [
        (plan.duplicates, "listed twice (the first row counts)"),
        (plan.suppressed, "on a suppress list"),
        (plan.invalid, "with errors"),
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

fn warnings(page: &mut Page, report: &PlanReport<'_>) {
    let plan = report.plan;
    blocked(page, plan);
    if plan.unknown > 0 {
        let rest =
            format!("{} from earlier runs: never sent again by themselves; zapi-batch status tells more", plan.unknown);
        page.entry(Tone::Careful, "unknown", &rest);
    }
    if plan.resend > 0 {
        let rest = format!("{} sent again, as you asked: who has it already gets it twice", plan.resend);
        page.entry(Tone::Careful, "unknown", &rest);
    }
    let mut notes: Vec<String> = Vec::new();
    if plan.cancelable > 0 && plan.total.left > 0 {
        notes.push(format!("--cancel-left={} would call off what is no longer listed", plan.cancelable));
    }
    for renamed in report.changes.renamed() {
        notes.push(format!(
            "{} says what {} said: if only the id was changed, {} sent a second time",
            renamed.to,
            renamed.from,
            if renamed.messages == 1 {
                "1 message is".to_owned()
            } else {
                format!("{} messages are", renamed.messages)
            }
        ));
    }
    if ["dateTime", "location", "timeZone"].iter().any(|field| plan.changed_fields.get(field).is_some_and(|n| *n > 0)) {
        notes.push(
            "date or place changes: people keep the answer they gave, and their phone's calendar does not follow"
                .into(),
        );
    }
    if plan.person_edits > 0 {
        let edits = words::count(plan.person_edits, "edit goes to a person", "edits go to persons");
        notes.push(format!("{edits}: Z-API edits events in groups only, and refuses them"));
    }
    if plan.late_edits > 0 {
        notes.push(format!(
            "{} to be edited after more than 7 days: WhatsApp may refuse that",
            if plan.late_edits == 1 { "1 message is".to_owned() } else { format!("{} messages are", plan.late_edits) }
        ));
    }
    if !plan.unchecked_instances.is_empty() {
        notes.push(format!(
            "without credentials, whether {} changed was not checked",
            plan.unchecked_instances.join(", ")
        ));
    }
    notes.extend(report.notes.iter().cloned());
    for note in notes {
        page.entry(Tone::Careful, "note", &note);
    }
}

fn blocked(page: &mut Page, plan: &Plan) {
    for row in plan.blocked.iter().take(BLOCKED_SHOWN) {
        let told = named_row(page, row);
        page.entry(Tone::Bad, "blocked", &told);
    }
    let shown = plan.blocked.len().min(BLOCKED_SHOWN) as u64;
    if plan.total.blocked > shown {
        page.entry(Tone::Bad, "blocked", &format!("and {} more", plan.total.blocked - shown));
    }
}

/// `"Mooca 2"   lists/groups.csv:118   why`.
pub(super) fn named_row(page: &Page, row: &NamedRow) -> String {
    let said = |status: &u16| !row.error.starts_with(&status.to_string());
    let status = row.http_status.filter(said).map(|status| format!("{status} ")).unwrap_or_default();
    let label = page.foreign(&row.label, 40);
    format!("{label:?}   {}   {status}{}", row.source, page.foreign(&row.error, 120))
}

#[cfg(test)]
mod tests;
