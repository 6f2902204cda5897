//! Rendered texts to an [`Event`]: the words, the date and its zone. Pure.
//!
//! Remembers the last date it read, since most rows of a list share it.

#[cfg(test)]
mod tests;
pub(super) mod time;
mod zone;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::{EventTemplate, EventZone, Template};
use crate::diagnostic::text::event as words;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::message::{CallLinkType, Event, Location};

pub(super) use zone::read_zone;

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
    /// To be said once a template, or once a row when the date depends on the row.
    pub warnings: Warnings,
}

/// Why there is no event. Without faults, all of them were reported before.
#[derive(Debug, Clone, Default)]
pub struct Unbuilt {
    pub faults: Vec<Finding>,
    /// A date may be noteworthy whatever is wrong beside it.
    pub warnings: Warnings,
}

/// No zone, and past or far ahead.
pub type Warnings = [Option<Warning>; 2];

/// What is noteworthy about a date that is sent all the same. Its words are made only where they are shown: in a list of
/// a million rows of last year, a hundred times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    NoZone,
    /// The wall clock.
    Past(DateTime),
    FarAhead(DateTime),
}

impl Warning {
    pub fn code(self) -> &'static Code {
        match self {
            Self::NoZone => &words::NO_ZONE,
            Self::Past(_) => &words::PAST,
            Self::FarAhead(_) => &words::FAR_AHEAD,
        }
    }

    pub fn finding(self) -> Finding {
        let diagnostic = match self {
            Self::NoZone => words::no_zone(),
            Self::Past(local) => words::past(&time::shown(local)),
            Self::FarAhead(local) => words::far_ahead(&time::shown(local)),
        };
        Finding { field: Field::DateTime, diagnostic }
    }
}

/// Builds events for the rows of one send: within it, a zone that is [`Zone::Known`] is always the same.
#[derive(Debug)]
pub struct Builder {
    now: Timestamp,
    /// Texts that `load` has checked already: nothing is said about them again.
    checked: Vec<Field>,
    last: Option<Remembered>,
}

/// The last date that was read. Most rows of a list share it.
#[derive(Debug)]
struct Remembered {
    date_time: String,
    zone: Option<String>,
    when: Result<When, Vec<Finding>>,
}

impl Remembered {
    fn nothing() -> Self {
        Self { date_time: String::new(), zone: None, when: Err(Vec::new()) }
    }

    fn is_of(&self, date_time: &str, zone: Option<&str>) -> bool {
        self.date_time == date_time && self.zone.as_deref() == zone
    }
}

#[derive(Debug, Clone)]
struct When {
    date_time: String,
    time_zone: Option<String>,
    at: Option<Timestamp>,
    warnings: Warnings,
}

impl Builder {
    /// Says everything about every text.
    pub fn new(now: Timestamp) -> Self {
        Self { now, checked: Vec::new(), last: None }
    }

    /// Leaves out what was said when the manifest was loaded: everything about texts that do not depend on the row.
    pub fn for_event(event: &EventTemplate, now: Timestamp) -> Self {
        Self { now, checked: event.checked_fields(), last: None }
    }

    /// The event, or everything that is wrong with it.
    pub fn build(&mut self, texts: &Texts<'_>, zone: Zone<'_>) -> Result<Built, Unbuilt> {
        let mut faults = Vec::new();
        let name = texts.name.map(final_newline_cut);
        let description = texts.description.map(final_newline_cut);
        let location = texts.location_name.map(final_newline_cut);
        for (field, text) in [(Field::Name, name), (Field::Description, description), (Field::LocationName, location)] {
            if text.is_some_and(|text| text.trim().is_empty()) {
                faults.push(Finding { field, diagnostic: words::text_empty(field.name()) });
            }
        }
        let call_link_type = texts.call_link_type.map(read_call_link_type).transpose();
        let canceled = texts.canceled.map(read_canceled).transpose();
        let mut note = |field: Field, fault: Diagnostic| faults.push(Finding { field, diagnostic: fault });
        let call_link_type = call_link_type.map_err(|fault| note(Field::CallLinkType, *fault)).ok().flatten();
        let canceled = canceled.map_err(|fault| note(Field::Canceled, *fault)).ok().flatten();
        let when = match texts.date_time.map(|date_time| self.when(date_time, zone)) {
            Some(Ok(when)) => Some(when.clone()),
            Some(Err(found)) => {
                faults.extend(found.iter().cloned());
                None
            }
            // A zone is right or wrong without a date, too.
            None => {
                faults.extend(zone_fault(zone));
                None
            }
        };
        let was_checked = self.checked.contains(&Field::DateTime);
        let warnings = when.as_ref().filter(|_| !was_checked).map(|when| when.warnings).unwrap_or_default();
        if let (Some(name), Some(canceled), Some(when), true) = (name, canceled, when, faults.is_empty()) {
            let event = Event {
                name: name.to_owned(),
                description: description.map(str::to_owned),
                date_time: when.date_time,
                time_zone: when.time_zone,
                location: location.map(|name| Location { name: name.to_owned() }),
                call_link_type,
                canceled,
            };
            return Ok(Built { event, at: when.at, warnings });
        }
        faults.retain(|fault| !self.checked.contains(&fault.field));
        Err(Unbuilt { faults, warnings })
    }

    fn when(&mut self, date_time: &str, zone: Zone<'_>) -> Result<&When, &[Finding]> {
        let zone_text = match zone {
            Zone::Text(text) => Some(text),
            Zone::None | Zone::Known(_) | Zone::Faulty => None,
        };
        let last = match self.last.take() {
            Some(last) if last.is_of(date_time, zone_text) => last,
            // Its texts are used again, so that a row allocates little.
            old => {
                let mut read = old.unwrap_or_else(Remembered::nothing);
                read.date_time.clear();
                read.date_time.push_str(date_time);
                read.zone = zone_text.map(str::to_owned);
                read.when = when(date_time, zone, self.now);
                read
            }
        };
        self.last.insert(last).when.as_ref().map_err(Vec::as_slice)
    }
}

/// What is wrong with a zone for which there is no date.
fn zone_fault(zone: Zone<'_>) -> Option<Finding> {
    match zone {
        Zone::Text(text) if !text.trim().is_empty() => {
            let fault = read_zone(text).err()?;
            Some(Finding { field: Field::Timezone, diagnostic: *fault })
        }
        Zone::Text(_) | Zone::None | Zone::Known(_) | Zone::Faulty => None,
    }
}

/// Reads a date in its zone and says what is noteworthy about it.
fn when(date_time: &str, zone: Zone<'_>, now: Timestamp) -> Result<When, Vec<Finding>> {
    let mut faults = Vec::new();
    let found = |field: Field, fault: Box<Diagnostic>| Finding { field, diagnostic: *fault };
    let read;
    let (zone, usable) = match zone {
        Zone::None => (None, true),
        Zone::Known(zone) => (Some(zone), true),
        Zone::Faulty => (None, false),
        Zone::Text(text) if text.trim().is_empty() => (None, true),
        Zone::Text(text) => match read_zone(text) {
            Ok(zone) => {
                read = zone;
                (Some(&read), true)
            }
            Err(fault) => {
                faults.push(found(Field::Timezone, fault));
                (None, false)
            }
        },
    };
    let written = match time::read(date_time) {
        Ok(written) => written,
        Err(fault) => {
            faults.push(found(Field::DateTime, fault));
            return Err(faults);
        }
    };
    if !usable {
        return Err(faults);
    }
    let resolved = time::resolve(&written, zone).map_err(|fault| vec![found(Field::DateTime, fault)])?;
    Ok(When {
        date_time: time::wire_date(resolved.local),
        time_zone: resolved.offset.map(time::wire_zone),
        at: resolved.at,
        warnings: warnings(&resolved, now),
    })
}

fn warnings(resolved: &time::Resolved, now: Timestamp) -> Warnings {
    // Without a zone the moment is known to within a day, and that is enough to be sure of these.
    let latest = resolved.at.or_else(|| Offset::constant(-14).to_timestamp(resolved.local).ok());
    let earliest = resolved.at.or_else(|| Offset::constant(14).to_timestamp(resolved.local).ok());
    let year_ahead = now.saturating_add(SignedDuration::from_hours(366 * 24)).unwrap_or(Timestamp::MAX);
    let distance = if latest.is_some_and(|at| at < now) {
        Some(Warning::Past(resolved.local))
    } else {
        // What is too late for a moment is far ahead too.
        earliest.is_none_or(|at| at > year_ahead).then_some(Warning::FarAhead(resolved.local))
    };
    [resolved.offset.is_none().then_some(Warning::NoZone), distance]
}

/// YAML's block texts end with a newline that nobody means.
fn final_newline_cut(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

fn read_call_link_type(text: &str) -> Result<CallLinkType, Box<Diagnostic>> {
    match text.trim() {
        "voice" => Ok(CallLinkType::Voice),
        "video" => Ok(CallLinkType::Video),
        other => Err(Box::new(words::call_link_type(other))),
    }
}

fn read_canceled(text: &str) -> Result<bool, Box<Diagnostic>> {
    match text.trim() {
        // Templates write what they worked out with a capital letter.
        "true" | "True" => Ok(true),
        "false" | "False" => Ok(false),
        other => Err(Box::new(words::canceled(other))),
    }
}

impl Field {
    /// Whether the text may be a list of wordings.
    pub(super) fn may_vary(self) -> bool {
        matches!(self, Self::Name | Self::Description | Self::LocationName)
    }

    /// As people should read it.
    fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Description => "description",
            Self::DateTime => "dateTime",
            Self::Timezone => "timezone",
            Self::LocationName => "location's name",
            Self::CallLinkType => "callLinkType",
            Self::Canceled => "canceled",
        }
    }
}

impl EventTemplate {
    /// Where the text of a field stands in the manifest; `variant` from 0, counted round. The event's place when it has
    /// none.
    pub fn place_of(&self, field: Field, variant: usize) -> &Place {
        self.template(field, variant).map_or(&self.place, Template::place)
    }

    /// The template of a field; where a text is a list of wordings, the one that `variant` chooses, counted round.
    pub fn template(&self, field: Field, variant: usize) -> Option<&Template> {
        let chosen = |texts: &'_ [Template]| (!texts.is_empty()).then(|| variant % texts.len());
        match field {
            Field::Name => chosen(&self.name).map(|index| &self.name[index]),
            Field::Description => chosen(&self.description).map(|index| &self.description[index]),
            Field::LocationName => chosen(&self.location_name).map(|index| &self.location_name[index]),
            Field::DateTime => self.date_time.as_ref(),
            Field::CallLinkType => self.call_link_type.as_ref(),
            Field::Canceled => self.canceled.as_ref(),
            Field::Timezone => match &self.timezone {
                EventZone::Template(template) => Some(template),
                EventZone::None | EventZone::Fixed(_) | EventZone::Faulty => None,
            },
        }
    }

    /// The fields that were checked when the manifest was loaded, because no row can change them.
    fn checked_fields(&self) -> Vec<Field> {
        let constant = |texts: &[Template]| texts.iter().all(|text| !text.depends_on_row());
        let one = |text: &Option<Template>| text.as_ref().is_none_or(|text| !text.depends_on_row());
        let zone = !matches!(self.timezone, EventZone::Template(_));
        [
            (Field::Name, constant(&self.name)),
            (Field::Description, constant(&self.description)),
            (Field::LocationName, constant(&self.location_name)),
            (Field::DateTime, one(&self.date_time) && zone),
            (Field::Timezone, zone),
            (Field::CallLinkType, one(&self.call_link_type)),
            (Field::Canceled, one(&self.canceled)),
        ]
        .into_iter()
        .filter_map(|(field, checked)| checked.then_some(field))
        .collect()
    }
}
