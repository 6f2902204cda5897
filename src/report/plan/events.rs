//! The plan, event by event: what it is called, when it is, and what happens to its messages.

use crate::ledger::{ListPlan, Plan, VerbCounts};
use crate::report::changes::EventChanges;
use crate::report::moment_of_event;
use crate::report::paint::{Page, Tone};
use crate::report::words;

use super::texts::{edit_group, left, preview};
use super::{EventLine, EventTime, PlanReport};

/// Every event: those that messages are for, in the manifest's order, then the others.
pub(super) fn events(page: &mut Page, report: &PlanReport<'_>) {
    for event in &report.events {
        let more = if event.names_differ { " …" } else { "" };
        let canceled = if event.canceled { "   (called off)" } else { "" };
        let name = page.foreign(&event.name, 60);
        head(page, &event.id, &format!("\"{name}\"{more}   {}{canceled}", when(event)));
        body(page, report, &event.id, &event.variants);
    }
    for id in others(report) {
        let rest = other(page, report, id);
        head(page, id, &rest);
        body(page, report, id, &[]);
    }
}

/// What the ledger, or a row, knows of an event that no message is for: its id is no longer in the manifest, or it is and
/// nobody is to be invited to it.
fn others<'a>(report: &'a PlanReport<'_>) -> Vec<&'a str> {
    let mut others: Vec<&str> = Vec::new();
    for list in &report.plan.lists {
        if !report.events.iter().any(|event| event.id == *list.event) && !others.contains(&&*list.event) {
            others.push(&list.event);
        }
    }
    others
}

fn head(page: &mut Page, id: &str, rest: &str) {
    let id = page.paint(Tone::Head, id);
    page.line(&format!("{id}  {rest}"));
}

/// An event that no message is for: what it is called and when it is, as far as that is known, and why it is shown.
fn other(page: &Page, report: &PlanReport<'_>, id: &str) -> String {
    let unsent = report.unsent.iter().find(|event| event.id == id);
    let stands = report.changes.events.iter().find(|changes| *changes.event == *id).and_then(EventChanges::stands);
    let name = unsent.and_then(|event| event.name.as_deref()).or(stands.map(|(name, _)| name));
    let when = match unsent.and_then(|event| event.when.as_ref()) {
        Some(when) => Some(full(when)),
        None => stands.map(|(_, date_time)| moment_of_event::short(date_time)),
    };
    let name = name.map(|name| format!("\"{}\"", page.foreign(name, 60)));
    let why = if unsent.is_some() { "nobody is to be invited" } else { "no longer in the manifest" };
    [name, when, Some(why.to_owned())].into_iter().flatten().collect::<Vec<_>>().join("   ")
}

fn body(page: &mut Page, report: &PlanReport<'_>, id: &str, variants: &[u64]) {
    verbs(page, report, id);
    if variants.len() > 1 {
        let split: Vec<String> =
            variants.iter().zip(1..).map(|(count, number)| format!("{count} get no. {number}")).collect();
        page.entry(Tone::Quiet, "wordings", &split.join(", "));
    }
    let Some(changes) = report.changes.events.iter().find(|changes| *changes.event == *id) else { return };
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
    if event.first == event.last {
        full(&event.first)
    } else {
        format!("{} to {}", full(&event.first), full(&event.last))
    }
}

fn full(time: &EventTime) -> String {
    moment_of_event::full(&time.date_time, time.time_zone.as_deref(), time.zone_name.as_deref())
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
        ("left", Tone::Careful, |counts| counts.left, ""),
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
            "left" => words::left(number, lists.iter().map(|list| list.counts.left_in_doubt).sum()),
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

fn lists_of<'a>(plan: &'a Plan, event: &'a str) -> impl Iterator<Item = &'a ListPlan> {
    plan.lists.iter().filter(move |list| *list.event == *event)
}
