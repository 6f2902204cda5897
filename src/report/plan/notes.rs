//! What to know before sending: what is blocked or unknown, and the sentences of the plan.

use crate::report::named::named_rows;
use crate::report::paint::{Page, Tone};
use crate::report::words;

use super::{LedgerNote, PlanReport};

const BLOCKED_SHOWN: usize = 5;

/// Ends the plan.
pub(super) fn notes(page: &mut Page, report: &PlanReport<'_>) {
    let plan = report.plan;
    blocked(page, report);
    if plan.unknown > 0 {
        let rest =
            format!("{} from earlier runs: never sent again by themselves, until a person decides", plan.unknown);
        page.entry(Tone::Careful, "unknown", &rest);
    }
    if plan.resend > 0 {
        let rest = format!("{} sent again, as you asked: who has it already gets it twice", plan.resend);
        page.entry(Tone::Careful, "unknown", &rest);
    }
    let mut notes: Vec<String> = Vec::new();
    if let LedgerNote::Anew(past) = report.ledger {
        notes.push(format!(
            "--new-ledger sets aside {}: whoever was invited already and is listed may be invited again",
            past.said()
        ));
    }
    // With rows that have errors it would be refused.
    if plan.cancelable > plan.calls_off_left && plan.invalid == 0 {
        notes.push(format!("--cancel-left={} would call off what is no longer listed", plan.cancelable));
    }
    for renamed in report.changes.renamed() {
        notes.push(format!(
            "{} says what {} said: if only the id was changed, {} sent a second time",
            renamed.to,
            renamed.from,
            words::are(renamed.messages, "message")
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
            words::are(plan.late_edits, "message")
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

fn blocked(page: &mut Page, report: &PlanReport<'_>) {
    let plan = report.plan;
    let rows = &plan.blocked[..plan.blocked.len().min(BLOCKED_SHOWN)];
    for row in named_rows(page, rows, report.events.len() + report.unsent.len()) {
        page.entry(Tone::Bad, "blocked", &row);
    }
    let shown = rows.len() as u64;
    if plan.total.blocked > shown {
        page.entry(Tone::Bad, "blocked", &format!("and {} more", plan.total.blocked - shown));
    }
}
