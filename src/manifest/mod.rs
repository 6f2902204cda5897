//! The manifest: text in, a checked [`Manifest`] out.
//!
//! [`load`] is the only door. It reports everything that is wrong with the text at once and leaves faulty parts out of
//! what it returns, so that the rows can be checked in the same run. Nothing here opens a list, knows the ledger or
//! speaks to the network; the environment is not read either, only the names of its variables are kept.
//!
//! Reading order: `load` (bytes to text), `tree` (text to nodes with spans), `shape` (nodes against the JSON Schema of
//! `raw`), `check` (everything that a schema cannot say), `template` and `event` (what is done with it for each row).

mod check;
mod comments;
pub mod event;
mod hidden;
mod load;
mod names;
mod offsets;
mod raw;
mod repair;
mod schema;
mod secret;
mod shape;
mod template;
#[cfg(test)]
mod tests;
mod tree;
pub mod wordings;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::delivery::{Delivery, Limits};
use crate::diagnostic::Place;
use crate::diagnostic::source::Source;

pub use load::{load, load_at, parse};
pub use names::{Names, Offered, check_result_columns};
pub use schema::schema;
pub use secret::{MissingVariable, SecretText};
pub use template::{Missing, NameUse, Nothing, Reason, RenderFault, Template, Values};

/// A manifest that was read. Where it had faults, the faulty parts are missing and the diagnostics say why: it may be
/// used to check rows, but nothing may be sent with it.
#[derive(Debug)]
pub struct Manifest {
    /// The text with its line table.
    pub source: Source,
    /// As given on the command line.
    pub path: PathBuf,
    /// Where lists are looked for: the folder of the manifest.
    pub folder: PathBuf,
    /// Empty when it was faulty.
    pub campaign: String,
    pub timezone: Option<TimeZone>,
    /// In the manifest's order.
    pub instances: Vec<InstanceSpec>,
    pub delivery: Delivery,
    /// In the manifest's order; the faulty ones too, so that indices and unused events can be told.
    pub events: Vec<EventTemplate>,
    pub lists: Vec<RecipientList>,
    /// Resolved: when left out and there is one event, one send to all lists.
    pub sends: Vec<Send>,
    /// Named `suppress[0]`, `suppress[1]` and so on.
    pub suppress: Vec<RecipientList>,
    pub results: ResultsOptions,
    pub test: Option<TestSpec>,
}

/// One instance as the manifest describes it: credentials still hold the names of environment variables.
#[derive(Debug, Clone)]
pub struct InstanceSpec {
    pub name: Arc<str>,
    pub id: SecretText,
    pub token: SecretText,
    pub client_token: Option<SecretText>,
    /// `delivery`'s limits with the instance's own over them.
    pub limits: Limits,
    /// Of the name.
    pub place: Place,
}

/// An event of the manifest. A text that is a list (variants) has several templates.
#[derive(Debug, Clone)]
pub struct EventTemplate {
    pub id: Arc<str>,
    /// Empty when it is missing or faulty, which has been reported.
    pub name: Vec<Template>,
    /// Empty when absent.
    pub description: Vec<Template>,
    /// `None` when it is missing or faulty, which has been reported.
    pub date_time: Option<Template>,
    pub timezone: EventZone,
    /// Empty when absent.
    pub location_name: Vec<Template>,
    pub call_link_type: Option<Template>,
    /// `None` when faulty, which has been reported; the constant `false` when left out.
    pub canceled: Option<Template>,
    /// What texts use that are missing above because something else in them is faulty.
    pub names_in_faulty: Vec<NameUse>,
    /// Of the event id.
    pub place: Place,
}

/// The zone of an event: its own, else the manifest's.
#[derive(Debug, Clone)]
pub enum EventZone {
    /// Neither the event nor the manifest has one.
    None,
    Fixed(TimeZone),
    /// Depends on the row.
    Template(Template),
    /// Faulty, which has been reported: times of this event cannot be checked.
    Faulty,
}

/// Recipients under a name, or under `suppress`.
#[derive(Debug, Clone)]
pub struct RecipientList {
    pub name: Arc<str>,
    pub kind: ListKind,
    /// Of the name.
    pub place: Place,
}

#[derive(Debug, Clone)]
pub enum ListKind {
    Csv(CsvList),
    Inline(Vec<InlineEntry>),
    /// Faulty, which has been reported.
    Faulty,
}

/// A CSV named by the manifest. That it exists and lies within the folder once links are followed is for `rows` to see.
#[derive(Debug, Clone)]
pub struct CsvList {
    /// The manifest's folder joined with what is written.
    pub path: PathBuf,
    /// As written, such as `lists/vip.csv`.
    pub shown: Arc<str>,
    /// Of the `csv:` value.
    pub place: Place,
    pub columns: Vec<ColumnName>,
    pub delimiter: Option<u8>,
}

/// `variable: column` under `columns`.
#[derive(Debug, Clone)]
pub struct ColumnName {
    pub variable: String,
    pub column: String,
    /// Of the column's name.
    pub place: Place,
}

/// A recipient written in the manifest.
#[derive(Debug, Clone)]
pub struct InlineEntry {
    /// `phone` and the others, in the order in which they are written.
    pub values: Vec<(String, String)>,
    /// Of each of the values.
    pub places: Vec<Place>,
    /// The names of those values that are faulty, which has been reported.
    pub faulty: Vec<String>,
    pub place: Place,
    /// Of the phone; of the entry when it has none.
    pub phone_place: Place,
}

/// An event for lists. Indices are into the manifest's `events`, `lists` and `instances`.
#[derive(Debug, Clone)]
pub struct Send {
    /// `None` when it names no event that exists, which has been reported.
    pub event: Option<usize>,
    pub to: Vec<usize>,
    /// Of each name under `to`; empty when the manifest has no `sends`.
    pub to_places: Vec<Place>,
    pub via: Vec<usize>,
    pub vars: Vec<Var>,
    pub place: Place,
}

/// A value for all recipients of a send: data, never rendered.
#[derive(Debug, Clone)]
pub struct Var {
    pub name: String,
    /// `None` when it is faulty, which has been reported.
    pub value: Option<String>,
    pub place: Place,
}

/// How the results CSV is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultsOptions {
    pub columns: Vec<ResultColumn>,
    pub delimiter: u8,
    pub bom: bool,
}

/// A variable that the results show as a column of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultColumn {
    pub name: String,
    pub place: Place,
}

/// Where and how `zapi-batch test` sends.
#[derive(Debug, Clone)]
pub struct TestSpec {
    /// Indices into the manifest's `lists`.
    pub to: Vec<usize>,
    /// Put before the name of each event; may be empty.
    pub prefix: String,
}

impl Default for ResultsOptions {
    fn default() -> Self {
        Self { columns: Vec::new(), delimiter: b',', bom: false }
    }
}

impl EventTemplate {
    /// How many wordings the event has: the longest of its texts that are lists; 1 without any.
    pub fn variants(&self) -> usize {
        [&self.name, &self.description, &self.location_name].into_iter().map(Vec::len).max().unwrap_or(1).max(1)
    }

    /// How many wordings a text has that may be a list of them; 1 at most of the others.
    pub fn wordings_of(&self, field: event::Field) -> usize {
        match field {
            event::Field::Name => self.name.len(),
            event::Field::Description => self.description.len(),
            event::Field::LocationName => self.location_name.len(),
            event::Field::DateTime | event::Field::Timezone | event::Field::CallLinkType | event::Field::Canceled => 1,
        }
    }

    /// Every use of a value in the event's texts, those of faulty texts last.
    pub fn names(&self) -> impl Iterator<Item = &NameUse> {
        self.templates().flat_map(Template::names).chain(&self.names_in_faulty)
    }

    /// Every template of the event.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let zone = match &self.timezone {
            EventZone::Template(template) => Some(template),
            EventZone::None | EventZone::Fixed(_) | EventZone::Faulty => None,
        };
        self.name
            .iter()
            .chain(&self.description)
            .chain(&self.date_time)
            .chain(zone)
            .chain(&self.location_name)
            .chain(&self.call_link_type)
            .chain(&self.canceled)
    }
}
