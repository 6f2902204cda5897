//! What `plan`, the dry run and `apply` share: what is selected, which instances, when it would be done, and the report
//! that shows it.

use std::path::Path;
use std::sync::Arc;

use jiff::Zoned;

use super::campaign::Campaign;

use super::failure::{Failure, TYPED};
use super::paths::Purpose;
use crate::cli::{RulesArgs, SelectionArgs};
use crate::delivery::{Limits, Rate};
use crate::diagnostic::suggest::nearest;
use crate::expand::{EventSummary, When};
use crate::ledger::{InstanceRef, LedgerError, Narrow, Plan, PlanContext, Spool, Twin, find_twins};
use crate::manifest::event::{Builder, Texts, Zone};
use crate::manifest::{EventTemplate, EventZone, Manifest, Template};
use crate::plan::Rules;
use crate::report::{Changes, Estimate, EventLine, EventTime, LaneLine, LedgerNote, PlanReport, UnsentEvent, words};

/// `--only` and `--to`.
pub(super) fn narrow(selection: &SelectionArgs) -> Narrow {
    let one = |name: &Option<String>| name.iter().map(|name| Arc::from(name.as_str())).collect();
    Narrow { events: one(&selection.only), lists: one(&selection.to) }
}

/// The names given to `--only` and `--to` exist.
pub(super) fn check_selection(manifest: &Manifest, selection: &SelectionArgs) -> Result<(), Failure> {
    let events: Vec<&str> = manifest.events.iter().map(|event| &*event.id).collect();
    let lists: Vec<&str> = manifest.lists.iter().map(|list| &*list.name).collect();
    check_name("--only", "event", selection.only.as_deref(), &events)?;
    check_name("--to", "recipient list", selection.to.as_deref(), &lists)
}

fn check_name(flag: &str, what: &str, name: Option<&str>, known: &[&str]) -> Result<(), Failure> {
    let Some(name) = name.filter(|name| !known.contains(name)) else { return Ok(()) };
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", known.join(", ")),
    };
    Err(Failure::refused(format!("{flag}: the manifest has no {what} `{name}`")).help(help))
}

/// `--allow-rewrite`, `--cancel-left`, `--resend-unknown`.
pub(super) fn rules(args: &RulesArgs, resend_unknown: bool) -> Rules {
    Rules { allow_rewrite: args.allow_rewrite, cancel_left: args.cancel_left.is_some(), resend_unknown }
}

/// The names of `results.columns`.
pub(super) fn columns(manifest: &Manifest) -> Vec<String> {
    manifest.results.columns.iter().map(|column| column.name.clone()).collect()
}

/// What the ledger's walk has to know.
pub(super) fn context<'a>(
    campaign: &'a Campaign,
    instances: &'a [InstanceRef],
    narrow: &'a Narrow,
    columns: &'a [String],
    suppressed: &'a dyn Fn(&str) -> bool,
    rules: Rules,
    now: jiff::Timestamp,
) -> PlanContext<'a> {
    debug_assert!(campaign.manifest.is_some(), "only a manifest that was read is planned");
    PlanContext { instances, rules, narrow, suppressed, columns, now }
}

/// Numbers that were given must be the plan's, everywhere.
#[allow(clippy::option_option)] // as the command line has it: absent, given, given with a number
pub(super) fn check_numbers(
    plan: &Plan,
    resend_unknown: Option<u64>,
    cancel_left: Option<Option<u64>>,
) -> Result<(), Failure> {
    if let Some(given) = resend_unknown.filter(|given| *given != plan.resend) {
        let message = format!("--resend-unknown={given}, but {} would be sent again", words::messages(plan.resend));
        return Err(Failure::refused(message).help(format!(
            "look at them first: zapi-batch status {TYPED} lists the unknown ones; counted are those still wanted"
        )));
    }
    if plan.invalid > 0 && (cancel_left.is_some() || plan.calls_off_left > 0) {
        let asked = match cancel_left {
            Some(_) => "--cancel-left".to_owned(),
            None => {
                format!("{} still to be called off as no longer listed,", words::are(plan.calls_off_left, "message"))
            }
        };
        let message = format!(
            "{asked} with {}: whom such a row names may only look as if nobody listed them",
            words::count(plan.invalid, "row with errors", "rows with errors")
        );
        return Err(Failure::refused(message).help("correct the rows first; zapi-batch validate shows them"));
    }
    if let Some(given) = cancel_left.flatten().filter(|given| *given != plan.cancelable) {
        let message = format!("--cancel-left={given}, but {} would be called off", words::messages(plan.cancelable));
        return Err(Failure::refused(message).help(format!("zapi-batch plan {TYPED} shows which are left")));
    }
    Ok(())
}

/// A renamed campaign would invite everybody again.
pub(super) fn twins(plan: &Plan, ledger: &Path, spool: &Spool) -> Result<Vec<String>, LedgerError> {
    if plan.selected.create == 0 {
        return Ok(Vec::new());
    }
    let note = |twin: &Twin| {
        let name = twin.path.file_name().map_or_else(String::new, |name| name.display().to_string());
        let at_least = if twin.is_cut { "at least " } else { "" };
        format!(
            "the campaign {} ({name}) has {at_least}{} of these recipients for an event of the same name and date; if this \
             campaign was renamed, they are invited a second time",
            twin.campaign, twin.recipients
        )
    };
    Ok(find_twins(ledger, spool)?.iter().map(note).collect())
}

/// The limits of each instance, with `--rate` over the manifest's. A rehearsal keeps no daily limit.
pub(super) fn limits(manifest: &Manifest, rate: Option<Rate>, purpose: Purpose) -> Vec<Limits> {
    let of = |limits: &Limits| Limits {
        rate: rate.unwrap_or(limits.rate),
        daily_limit: limits.daily_limit.filter(|_| !purpose.is_sandbox()),
        ..limits.clone()
    };
    manifest.instances.iter().map(|instance| of(&instance.limits)).collect()
}

/// What a plan's report is made of, beside the plan itself.
pub(super) struct Shown<'a> {
    pub campaign: &'a Campaign,
    pub manifest: &'a Manifest,
    pub ledger: LedgerNote,
    pub changes: &'a Changes,
    pub limits: &'a [Limits],
    pub estimate: Estimate,
    pub narrowed: String,
    pub to_do: u64,
    pub notes: Vec<String>,
    pub previews: bool,
}

impl<'a> Shown<'a> {
    pub(super) fn report(self, plan: &'a Plan, now: Zoned) -> PlanReport<'a> {
        let used = self.manifest.instances.iter().zip(self.limits).filter(|(instance, _)| {
            plan.instances.iter().any(|planned| planned.name == instance.name && planned.counts.to_do() > 0)
        });
        PlanReport {
            campaign: &self.manifest.campaign,
            ledger: self.ledger,
            plan,
            events: self.campaign.expansion.iter().flat_map(|expansion| &expansion.events).map(event_line).collect(),
            unsent: unsent(self.manifest, self.campaign, &now),
            changes: self.changes,
            lanes: used
                .map(|(instance, limits)| LaneLine {
                    name: instance.name.to_string(),
                    limits: words::limits(limits, &now),
                })
                .collect(),
            estimate: self.estimate,
            narrowed: self.narrowed,
            to_do: self.to_do,
            notes: self.notes,
            previews: self.previews,
            now,
        }
    }
}

/// `--only launch --limit 20`, as it was typed; empty when nothing narrows.
pub(super) fn narrowed(selection: &SelectionArgs, limit: Option<u64>) -> String {
    let only = selection.only.as_ref().map(|event| format!("--only {event}"));
    let to = selection.to.as_ref().map(|list| format!("--to {list}"));
    let limit = limit.map(|limit| format!("--limit {limit}"));
    [only, to, limit].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// How many messages this run attempts: all that are to do, but no more than `--limit`.
pub(super) fn to_do(plan: &Plan, limit: Option<u64>) -> u64 {
    limit.map_or(plan.selected.to_do(), |limit| limit.min(plan.selected.to_do()))
}

fn event_line(event: &EventSummary) -> EventLine {
    EventLine {
        id: event.id.to_string(),
        name: event.name.clone(),
        names_differ: event.names_differ,
        first: event_time(&event.first),
        last: event_time(&event.last),
        canceled: event.canceled,
        variants: event.variants.clone(),
    }
}

/// The manifest's events that no message is for: all their rows are left out, or none is listed.
fn unsent(manifest: &Manifest, campaign: &Campaign, now: &Zoned) -> Vec<UnsentEvent> {
    let is_sent = |event: &EventTemplate| {
        campaign.expansion.iter().flat_map(|expansion| &expansion.events).any(|sent| sent.id == event.id)
    };
    manifest.events.iter().filter(|event| !is_sent(event)).map(|event| unsent_event(event, now.timestamp())).collect()
}

/// Only what depends on no row can be said without one.
fn unsent_event(event: &EventTemplate, now: jiff::Timestamp) -> UnsentEvent {
    let name = event.name.first().and_then(Template::is_constant);
    let (zone, zone_name) = match &event.timezone {
        EventZone::None => (Zone::None, None),
        EventZone::Fixed(zone) => (Zone::Known(zone), zone.iana_name()),
        EventZone::Template(_) | EventZone::Faulty => (Zone::Faulty, None),
    };
    let date_time = event.date_time.as_ref().and_then(Template::is_constant);
    let texts = Texts { name: Some(&event.id), date_time, canceled: Some("false"), ..Texts::default() };
    let built = Builder::new(now).build(&texts, zone).ok();
    UnsentEvent {
        id: event.id.to_string(),
        name: name.map(|name| name.trim_end().to_owned()),
        when: built.map(|built| EventTime {
            date_time: built.event.date_time,
            time_zone: built.event.time_zone,
            zone_name: zone_name.map(str::to_owned),
        }),
    }
}

fn event_time(when: &When) -> EventTime {
    EventTime {
        date_time: when.date_time.clone(),
        time_zone: when.time_zone.clone(),
        zone_name: when.zone_name.clone(),
    }
}
