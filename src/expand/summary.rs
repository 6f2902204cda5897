//! What an expansion comes to as a whole: the counts and dates that the plan shows.

use std::sync::Arc;

use jiff::Timestamp;

use super::lists::Suppressed;
use super::wording::Worded;

/// What came of a manifest and its rows.
#[derive(Debug)]
pub struct Expansion {
    /// Rows that are messages.
    pub messages: u64,
    /// Errors that belong to single rows: `--skip-invalid` goes on without those rows.
    pub row_errors: u64,
    /// The manifest's events that at least one message is for, in its order.
    pub events: Vec<EventSummary>,
    pub(super) suppressed: Suppressed,
}

/// An event as the plan shows it. Texts may differ from row to row; the first is shown, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSummary {
    pub id: Arc<str>,
    /// The name in the first message.
    pub name: String,
    /// Whether other messages have other names.
    pub names_differ: bool,
    /// The earliest and the latest of its messages.
    pub first: When,
    pub last: When,
    pub canceled: bool,
    /// How many messages got which wording, where a text is a list; empty otherwise.
    pub variants: Vec<u64>,
}

/// A date as it goes on the wire, and the moment it stands for where a zone is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// `YYYY-MM-DDTHH:MM:SS.sssZ`, wall-clock digits.
    pub date_time: String,
    /// `UTC-3`, where known.
    pub time_zone: Option<String>,
    /// The zone's name in the manifest, where it has one.
    pub zone_name: Option<String>,
    pub at: Option<Timestamp>,
}

impl EventSummary {
    pub(super) fn new(id: &Arc<str>, worded: &Worded, variants: usize, zone_name: Option<&str>) -> Self {
        let when = When::of(worded, zone_name);
        Self {
            id: Arc::clone(id),
            name: worded.name.clone(),
            names_differ: false,
            first: when.clone(),
            last: when,
            canceled: worded.canceled,
            variants: if variants > 1 { vec![0; variants] } else { Vec::new() },
        }
    }

    pub(super) fn add(&mut self, worded: &Worded, variant: usize, zone_name: Option<&str>) {
        self.names_differ |= self.name != worded.name;
        self.canceled &= worded.canceled;
        if let Some(count) = self.variants.get_mut(variant) {
            *count += 1;
        }
        if self.first.is_later_than(worded) {
            self.first = When::of(worded, zone_name);
        }
        if self.last.is_earlier_than(worded) {
            self.last = When::of(worded, zone_name);
        }
    }
}

impl When {
    fn of(worded: &Worded, zone_name: Option<&str>) -> Self {
        Self {
            date_time: worded.date_time.clone(),
            time_zone: worded.time_zone.clone(),
            zone_name: zone_name.map(str::to_owned),
            at: worded.at,
        }
    }

    /// The wire's shape sorts as text.
    fn is_later_than(&self, worded: &Worded) -> bool {
        self.date_time > worded.date_time
    }

    fn is_earlier_than(&self, worded: &Worded) -> bool {
        self.date_time < worded.date_time
    }
}
