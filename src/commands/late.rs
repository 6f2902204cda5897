//! Whether what a plan sends arrives before its event begins: W135, by the same estimate that says when a run is done.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::campaign::Campaign;
use super::estimate::{self, Lane};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::text::event::sent_too_late;
use crate::expand::EventSummary;
use crate::ledger::{Narrow, Plan};
use crate::manifest::Manifest;
use crate::manifest::event::Field;

/// One warning for each event that begins before the last of its messages is sent. `limit` is `--limit`.
pub(super) fn find(
    (campaign, manifest): (&Campaign, &Manifest),
    plan: &Plan,
    narrow: &Narrow,
    lanes: &[Lane<'_>],
    limit: Option<u64>,
    now: Timestamp,
) -> Vec<Diagnostic> {
    let events = campaign.expansion.iter().flat_map(|expansion| &expansion.events);
    let limit = limit.unwrap_or(u64::MAX);
    // An event that is over already, or called off, is no news by its date.
    let coming = events.filter(|event| !event.canceled).filter_map(|event| Some((event, event.last.at?)));
    let warning = |(event, begins): (&EventSummary, Timestamp)| {
        let Stretch { own, up_to } = Stretch::of(&event.id, plan, narrow);
        let own = own.saturating_sub(up_to.saturating_sub(limit));
        let (late, ends) = estimate::late(lanes, up_to.min(limit), begins, now);
        let late = late.min(own);
        let template = manifest.events.iter().find(|template| template.id == event.id).filter(|_| late > 0)?;
        let ends = ends.map(|ends| shown(ends, event));
        let found = sent_too_late(&event.id, &shown(begins, event), ends.as_deref(), late, own);
        Some(found.at(template.place_of(Field::DateTime, 0).clone()))
    };
    coming.filter(|(_, begins)| *begins > now).filter_map(warning).collect()
}

/// An event's messages in the order of sending, which is the input's.
#[derive(Debug, Default)]
struct Stretch {
    /// Its creates and edits in this run.
    own: u64,
    /// All that is sent before the last of them, and that.
    up_to: u64,
}

impl Stretch {
    fn of(event: &str, plan: &Plan, narrow: &Narrow) -> Self {
        let (mut stretch, mut sent) = (Self::default(), 0);
        for list in plan.lists.iter().filter(|list| narrow.selects(&list.event, &list.list)) {
            sent += list.counts.to_do();
            let own = list.counts.create + list.counts.edit;
            if *list.event == *event && own > 0 {
                stretch = Self { own: stretch.own + own, up_to: sent };
            }
        }
        stretch
    }
}

/// `Fri 4 Dec 2026 19:00 (America/Sao_Paulo)`: where the event's zone has a name in that, else here.
fn shown(at: Timestamp, event: &EventSummary) -> String {
    let named = event.last.zone_name.as_deref().and_then(|name| TimeZone::get(name).ok());
    let at = at.to_zoned(named.unwrap_or_else(TimeZone::system));
    let zone = at.time_zone().iana_name().map(|name| format!(" ({name})")).unwrap_or_default();
    format!("{}{zone}", at.strftime("%a %-d %b %Y %H:%M"))
}
