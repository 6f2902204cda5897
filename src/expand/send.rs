//! Expands the sends of a manifest one after the other: recipients, duplicates, suppression, wording, instance.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cells::{Cells, Context};
use super::files::{self, Opened, Walk};
use super::lists::{self, Audience, ListRow, Suppressed};
use super::seen::{First, Seen};
use super::summary::{EventSummary, Expansion};
use super::wording::{Found, Worded, Wording};
use super::{Sink, assign};
use crate::diagnostic::text::event::invited_too_late;
use crate::diagnostic::text::recipient as text;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Span};
use crate::manifest::event::Field;
use crate::manifest::{EventTemplate, EventZone, ListKind, Manifest, Names, RecipientList, Send, Values};
use crate::message::{Expanded, Message, MessageKey, RowSource, SkipReason, SkippedRow};
use crate::recipient::{Kind, Recipient};

/// What is carried from send to send.
pub(super) struct Run<'m> {
    manifest: &'m Manifest,
    now: Timestamp,
    instance_names: Vec<&'m str>,
    suppressed: Suppressed,
    names: Names<'m>,
    opened: Opened<'m>,
    /// Per event: who is invited already.
    seen: Vec<Seen>,
    summaries: Vec<Option<EventSummary>>,
    /// By list: whether it was walked under its own name, and whether its rows were under any.
    walked: Vec<bool>,
    rows_walked: Vec<bool>,
    /// Which lists each event goes to, with the first of the same people, and where that is said.
    sent: HashMap<(usize, usize), Place>,
    /// By list: the first one that names the same people.
    same_as: Vec<usize>,
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
    /// What a row led to and that is the template's.
    of_template: Vec<Diagnostic>,
    /// Where names are used that the list does not offer.
    unknown: HashSet<Option<Span>>,
}

impl<'m> Run<'m> {
    pub(super) fn new(
        manifest: &'m Manifest,
        now: Timestamp,
        suppressed: Suppressed,
        names: Names<'m>,
        opened: Opened<'m>,
    ) -> Self {
        Self {
            manifest,
            now,
            instance_names: manifest.instances.iter().map(|instance| &*instance.name).collect(),
            suppressed,
            names,
            opened,
            seen: manifest.events.iter().map(|_| Seen::default()).collect(),
            summaries: vec![None; manifest.events.len()],
            walked: vec![false; manifest.lists.len()],
            rows_walked: vec![false; manifest.lists.len()],
            sent: HashMap::new(),
            same_as: files::same_as(&manifest.lists),
            messages: 0,
            row_errors: 0,
        }
    }

    pub(super) fn send(
        &mut self,
        send: &'m Send,
        diagnostics: &mut Diagnostics,
        sink: &mut Sink<'_>,
    ) -> io::Result<()> {
        self.names.check(send, diagnostics);
        let Some(event_index) = send.event else {
            return Ok(());
        };
        let event = &self.manifest.events[event_index];
        let mut wording = Wording::new(event, &send.vars, self.now, diagnostics);
        for (index, &list_index) in send.to.iter().enumerate() {
            let list = &self.manifest.lists[list_index];
            let is_new = !std::mem::replace(&mut self.walked[list_index], true);
            let place = send.to_places.get(index).unwrap_or(&list.place);
            let repeated = self.repeated(event_index, list_index, place, diagnostics);
            if self.opened.offered[list_index].is_none() {
                continue;
            }
            let walk = self.walk(list_index);
            let files = self.opened.files;
            let mut unsaid = Diagnostics::new();
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
                of_template: Vec::new(),
                unknown: HashSet::new(),
            };
            let errors = lists::walk(stretch.run.manifest, list, files, walk, diagnostics, &mut |row, diagnostics| {
                // Its rows count the first time, and what is wrong with them was said then.
                stretch.row(row, repeated.says(diagnostics, &mut unsaid))
            })?;
            let (persons, of_template) = (stretch.persons, stretch.of_template);
            self.row_errors += errors;
            diagnostics.extend(of_template);
            if persons > 0 && is_new {
                diagnostics.push(text::persons(&list.name, persons).at(list.place.clone()));
            }
        }
        Ok(())
    }

    fn walk(&mut self, list: usize) -> Walk {
        if std::mem::replace(&mut self.rows_walked[self.same_as[list]], true) { Walk::Again } else { Walk::First }
    }

    /// Whether an event goes to people whom it goes to already, which is said once rather than for each row.
    fn repeated(&mut self, event: usize, list: usize, place: &Place, diagnostics: &mut Diagnostics) -> Walk {
        match self.sent.entry((event, self.same_as[list])) {
            Entry::Vacant(entry) => {
                entry.insert(place.clone());
                Walk::First
            }
            Entry::Occupied(entry) => {
                let (event, lists) = (&self.manifest.events[event].id, &self.manifest.lists);
                let found = text::duplicate_list(&lists[list].name, event, entry.get().clone());
                diagnostics.push(found.at(place.clone()));
                Walk::Again
            }
        }
    }

    /// Lists that no send uses and events that no send names are checked all the same.
    pub(super) fn check_unused(&mut self, diagnostics: &mut Diagnostics) {
        for (index, list) in self.manifest.lists.iter().enumerate() {
            if !self.walked[index] && self.opened.offered[index].is_some() {
                let walk = self.walk(index);
                let files = self.opened.files;
                let errors = lists::walk(self.manifest, list, files, walk, diagnostics, &mut |_, _| Ok(()));
                self.row_errors += errors.expect("nothing is written");
            }
        }
        for (index, event) in self.manifest.events.iter().enumerate() {
            if !self.manifest.sends.iter().any(|send| send.event == Some(index)) {
                Wording::new(event, &[], self.now, diagnostics);
            }
        }
    }

    /// Events of which even the last is over before an instance may send the first invitation.
    pub(super) fn check_dates(&self, diagnostics: &mut Diagnostics) {
        for (index, summary) in self.summaries.iter().enumerate() {
            let Some(summary) = summary.as_ref().filter(|summary| !summary.canceled) else { continue };
            let sends = self.manifest.sends.iter().filter(|send| send.event == Some(index));
            let via: BTreeSet<usize> = sends.flat_map(|send| send.via.iter().copied()).collect();
            let is_late = |instance: &usize| {
                let not_before = self.manifest.instances[*instance].limits.not_before;
                not_before.zip(summary.last.at).is_some_and(|(not_before, at)| not_before >= at)
            };
            let late: Vec<&str> = via.iter().filter(|one| is_late(one)).map(|one| self.instance_names[*one]).collect();
            if !late.is_empty() {
                let place = self.manifest.events[index].place_of(Field::DateTime, 0).clone();
                diagnostics.push(invited_too_late(&late).at(place));
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
            Audience::Nobody { error } => {
                let found = self.wording.check(&cells, diagnostics);
                self.tell(found, diagnostics);
                return self.skip(&cells, None, SkipReason::Invalid { error });
            }
            Audience::Broken { error } => return self.skip(&cells, None, SkipReason::Invalid { error }),
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
        let mut found = Found::default();
        let Some(worded) = self.wording.render(cells, variant, diagnostics, &mut found) else {
            let error = found.error().unwrap_or("the event has errors").to_owned();
            self.tell(found, diagnostics);
            self.run.seen[self.event_index].forget(&recipient.identity);
            return self.skip(cells, Some(recipient), SkipReason::Invalid { error });
        };
        self.tell(found, diagnostics);
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

    /// Says what was found about a row. A name that its list does not offer is the template's fault, and said once.
    fn tell(&mut self, found: Found, diagnostics: &mut Diagnostics) {
        diagnostics.extend(found.said);
        for (missing, place) in found.unknown {
            if !self.unknown.insert(place.span) {
                continue;
            }
            self.of_template.extend(self.run.names.unknown(self.send, &missing.name, missing.of_row, &place));
        }
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
        Context::new(cells, &self.wording.vars()).get("label").unwrap_or(address).to_owned()
    }

    fn columns(&self, cells: &Cells<'_>) -> Vec<String> {
        let vars = self.wording.vars();
        let context = Context::new(cells, &vars);
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
