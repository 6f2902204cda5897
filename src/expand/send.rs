//! Expands the sends of a manifest one after the other: recipients, duplicates, suppression, wording, instance.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cells::{Cells, Context};
use super::lists::{self, Audience, ListRow, Suppressed, Walk};
use super::seen::{First, Seen};
use super::summary::{EventSummary, Expansion};
use super::wording::{Worded, Wording};
use super::{Sink, assign};
use crate::diagnostic::text::recipient as text;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity, Span};
use crate::manifest::{EventTemplate, EventZone, ListKind, Manifest, RecipientList, Reported, Send, Values};
use crate::message::{Expanded, Message, MessageKey, RowSource, SkipReason, SkippedRow};
use crate::recipient::{Kind, Recipient};

/// What is carried from send to send.
pub(super) struct Run<'m> {
    manifest: &'m Manifest,
    now: Timestamp,
    instance_names: Vec<&'m str>,
    suppressed: Suppressed,
    /// Per event: who is invited already.
    seen: Vec<Seen>,
    summaries: Vec<Option<EventSummary>>,
    walked: Vec<bool>,
    messages: u64,
    row_errors: u64,
}

/// One send for one list.
struct Stretch<'a, 'm> {
    run: &'a mut Run<'m>,
    send: &'m Send,
    event_index: usize,
    event: &'m EventTemplate,
    list_index: u32,
    list: &'m RecipientList,
    file: Arc<str>,
    wording: &'a mut Wording<'m>,
    sink: &'a mut Sink<'a>,
    /// Persons that are invited, each once.
    persons: u64,
}

impl<'m> Run<'m> {
    pub(super) fn new(manifest: &'m Manifest, now: Timestamp, suppressed: Suppressed) -> Self {
        Self {
            manifest,
            now,
            instance_names: manifest.instances.iter().map(|instance| &*instance.name).collect(),
            suppressed,
            seen: manifest.events.iter().map(|_| Seen::default()).collect(),
            summaries: vec![None; manifest.events.len()],
            walked: vec![false; manifest.lists.len()],
            messages: 0,
            row_errors: 0,
        }
    }

    pub(super) fn send(
        &mut self,
        send: &'m Send,
        reported: Reported,
        diagnostics: &mut Diagnostics,
        sink: &mut Sink<'_>,
    ) -> io::Result<()> {
        let Some(event_index) = send.event else {
            return Ok(());
        };
        let event = &self.manifest.events[event_index];
        let mut wording = Wording::new(event, &send.vars, self.now, reported, diagnostics);
        for &list_index in &send.to {
            let list = &self.manifest.lists[list_index];
            let walk = if std::mem::replace(&mut self.walked[list_index], true) { Walk::Again } else { Walk::First };
            let mut stretch = Stretch {
                file: self.file_of(list),
                run: self,
                send,
                event_index,
                event,
                list_index: u32::try_from(list_index).expect("a manifest of 4 MiB has fewer lists"),
                list,
                wording: &mut wording,
                sink: &mut *sink,
                persons: 0,
            };
            let errors = lists::walk(stretch.run.manifest, list, walk, diagnostics, &mut |row, diagnostics| {
                stretch.row(row, diagnostics)
            })?;
            let persons = stretch.persons;
            self.row_errors += errors;
            if persons > 0 && walk == Walk::First {
                diagnostics.push(text::persons(&list.name, persons).at(list.place.clone()));
            }
        }
        Ok(())
    }

    /// Lists that no send uses and events that no send names are checked all the same.
    pub(super) fn check_unused(&mut self, diagnostics: &mut Diagnostics) {
        for (index, list) in self.manifest.lists.iter().enumerate() {
            if !self.walked[index] {
                let errors = lists::walk(self.manifest, list, Walk::First, diagnostics, &mut |_, _| Ok(()));
                self.row_errors += errors.expect("nothing is written");
            }
        }
        for (index, event) in self.manifest.events.iter().enumerate() {
            if !self.manifest.sends.iter().any(|send| send.event == Some(index)) {
                Wording::new(event, &[], self.now, Reported::default(), diagnostics);
            }
        }
    }

    pub(super) fn finish(self) -> Expansion {
        Expansion {
            messages: self.messages,
            row_errors: self.row_errors,
            events: self.summaries.into_iter().flatten().collect(),
            suppressed: self.suppressed,
        }
    }

    /// The file that a list's rows are said to stand in.
    fn file_of(&self, list: &RecipientList) -> Arc<str> {
        match &list.kind {
            ListKind::Csv(csv) => Arc::clone(&csv.shown),
            ListKind::Inline(_) | ListKind::Faulty => Arc::clone(&self.manifest.source.file),
        }
    }
}

impl Stretch<'_, '_> {
    fn row(&mut self, ListRow { cells, audience }: ListRow<'_>, diagnostics: &mut Diagnostics) -> io::Result<()> {
        let recipient = match audience {
            Audience::Recipient(recipient) => recipient,
            Audience::Faulty { error } => return self.skip(&cells, None, SkipReason::Invalid { error }),
        };
        if self.run.suppressed.contains(&recipient.identity) {
            return self.skip(&cells, Some(recipient), SkipReason::Suppressed);
        }
        let here = First { list: self.list_index, row: cells.number() };
        if let Some(first) = self.run.seen[self.event_index].meet(&recipient.identity, here) {
            let place = self.place_of_first(first);
            let reason = SkipReason::Duplicate { first: shown(&place) };
            let duplicate = text::duplicate(recipient.address.as_str(), &self.event.id, place);
            cells.report(duplicate, diagnostics, || cells.phone_place());
            return self.skip(&cells, Some(recipient), reason);
        }
        self.word(&cells, recipient, diagnostics)
    }

    /// Renders the event for a row that counts, and hands the message on.
    fn word(&mut self, cells: &Cells<'_>, recipient: Recipient, diagnostics: &mut Diagnostics) -> io::Result<()> {
        let variants = self.event.variants();
        let identity = recipient.identity.as_str();
        let variant = match variants {
            1 => 0,
            count => assign::variant(&self.run.manifest.campaign, &self.event.id, identity, count),
        };
        let mut found: Vec<Diagnostic> = Vec::new();
        let Some(worded) = self.wording.render(cells, variant, diagnostics, &mut found) else {
            let error = found.iter().find(|diagnostic| diagnostic.severity() == Severity::Error);
            let error = error.map_or("the event has errors", |diagnostic| &diagnostic.message).to_owned();
            diagnostics.extend(found);
            self.run.seen[self.event_index].forget(&recipient.identity);
            return self.skip(cells, Some(recipient), SkipReason::Invalid { error });
        };
        diagnostics.extend(found);
        self.summarize(&worded, variant);
        self.persons += u64::from(recipient.kind != Kind::Group);
        if self.send.via.is_empty() {
            return Ok(()); // every instance it names was reported as unknown
        }
        self.run.messages += 1;
        let message = Message {
            instance: assign::instance(identity, &self.send.via, &self.run.instance_names),
            label: self.label(cells, recipient.address.as_str()),
            key: MessageKey { event: Arc::clone(&self.event.id), identity: recipient.identity },
            address: recipient.address,
            source: self.source(cells),
            list: Arc::clone(&self.list.name),
            event: worded.json,
            variant: (variants > 1).then(|| u32::try_from(variant + 1).expect("few wordings")),
            columns: self.columns(cells),
        };
        (self.sink)(Expanded::Message(message))
    }

    fn skip(&mut self, cells: &Cells<'_>, recipient: Option<Recipient>, reason: SkipReason) -> io::Result<()> {
        let written =
            recipient.as_ref().map_or_else(|| cells.phone(), |recipient| recipient.address.as_str()).to_owned();
        let skipped = SkippedRow {
            event: Arc::clone(&self.event.id),
            identity: recipient.map(|recipient| recipient.identity),
            label: self.label(cells, &written),
            recipient: written,
            source: self.source(cells),
            list: Arc::clone(&self.list.name),
            reason,
            columns: self.columns(cells),
        };
        (self.sink)(Expanded::Skipped(skipped))
    }

    fn label(&self, cells: &Cells<'_>, address: &str) -> String {
        Context { cells, vars: &self.send.vars }.get("label").unwrap_or(address).to_owned()
    }

    fn columns(&self, cells: &Cells<'_>) -> Vec<String> {
        let context = Context { cells, vars: &self.send.vars };
        let columns = &self.run.manifest.results.columns;
        columns.iter().map(|column| context.get(&column.name).unwrap_or_default().to_owned()).collect()
    }

    fn source(&self, cells: &Cells<'_>) -> RowSource {
        RowSource { file: Arc::clone(&self.file), line: cells.line() }
    }

    fn place_of_first(&self, first: First) -> Place {
        let list = &self.run.manifest.lists[first.list as usize];
        match &list.kind {
            ListKind::Inline(entries) => entries[first.row as usize].phone_place.clone(),
            ListKind::Csv(_) | ListKind::Faulty => {
                let span = Some(Span::on_line(first.row, 1, 0));
                Place { file: self.run.file_of(list), span, excerpt: None }
            }
        }
    }

    fn summarize(&mut self, worded: &Worded, variant: usize) {
        let zone = match &self.event.timezone {
            EventZone::Fixed(zone) => TimeZone::iana_name(zone),
            EventZone::None | EventZone::Template(_) | EventZone::Faulty => None,
        };
        let summary = self.run.summaries[self.event_index]
            .get_or_insert_with(|| EventSummary::new(&self.event.id, worded, self.event.variants(), zone));
        summary.add(worded, variant, zone);
    }
}

/// `lists/vip.csv:17`
fn shown(place: &Place) -> String {
    format!("{}:{}", place.file, place.span.map_or(1, |span| span.line))
}

#[cfg(test)]
mod tests {
    #[test]
    fn first_rows_are_named_with_file_and_line() {
        let place =
            super::Place { file: "lists/vip.csv".into(), span: Some(super::Span::on_line(17, 1, 3)), excerpt: None };
        assert_eq!(super::shown(&place), "lists/vip.csv:17");
    }
}
