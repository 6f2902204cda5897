//! Rendered texts to an [`Event`]: the words, the date and its zone. Pure.
//!
//! Remembers the last date it read, since most rows of a list share it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::EventTemplate;
use crate::diagnostic::{Diagnostic, Place};
use crate::message::Event;

/// The texts of an event as rendered for one row. What the manifest left out, or what was reported as faulty, is `None`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Texts<'a> {
    pub name: Option<&'a str>,
    pub description: Option<&'a str>,
    pub date_time: Option<&'a str>,
    pub location_name: Option<&'a str>,
    pub call_link_type: Option<&'a str>,
    pub canceled: Option<&'a str>,
}

/// The zone of an event for one row.
#[derive(Debug, Clone, Copy)]
pub enum Zone<'a> {
    /// None is known: the time is sent as written.
    None,
    Known(&'a TimeZone),
    /// Rendered from a template, to be read.
    Text(&'a str),
    /// Was reported as faulty: there is no event, and no new fault.
    Faulty,
}

/// Which text of an event something is wrong with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    Name,
    Description,
    DateTime,
    Timezone,
    LocationName,
    CallLinkType,
    Canceled,
}

/// Something wrong with one text. The diagnostic has no place yet: the row's when the text depends on the row, else
/// the template's.
#[derive(Debug, Clone)]
pub struct Finding {
    pub field: Field,
    pub diagnostic: Diagnostic,
}

/// An event, and when it is.
#[derive(Debug, Clone)]
pub struct Built {
    pub event: Event,
    /// The moment, when a zone or an offset is known.
    pub at: Option<Timestamp>,
    /// Past, far ahead, no zone: to be said once a template, or once a row when the date depends on the row.
    pub warnings: Vec<Finding>,
}

/// Builds events for the rows of one send.
#[derive(Debug)]
pub struct Builder {
    now: Timestamp,
}

impl Builder {
    pub fn new(now: Timestamp) -> Self {
        Self { now }
    }

    /// Every fault of the row's event. An empty list of faults means that one was reported before.
    pub fn build(&mut self, _texts: &Texts<'_>, _zone: Zone<'_>) -> Result<Built, Vec<Finding>> {
        let _ = self.now;
        todo!()
    }
}

impl EventTemplate {
    /// Where the text of a field stands in the manifest; `variant` from 0. The event's place when it has none.
    pub fn place_of(&self, _field: Field, _variant: usize) -> &Place {
        todo!()
    }
}
