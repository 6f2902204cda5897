//! Names in templates against the names that a send's lists offer: one error at the template, not one a row.

use std::collections::{HashMap, HashSet};

use super::template::Need;
use super::{Manifest, Send};
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::text::{template as words, values};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Span};

/// What the rows of one list offer to templates.
#[derive(Debug, Clone)]
pub struct Offered {
    /// Variables under `columns`, slugs of headers, keys of inline entries. The send's vars are added by the check.
    pub names: Vec<String>,
    /// The headers as written, for `row["..."]`.
    pub headers: Vec<String>,
}

/// The names that each list and each event's sends offer, and what was said about names that they do not.
#[derive(Debug)]
pub struct Names<'a> {
    manifest: &'a Manifest,
    /// By list; `None` for one that could not be opened.
    offered: &'a [Option<Offered>],
    sets: Vec<Option<Sets<'a>>>,
    /// By event: what any of its sends offers. Put together when it is asked for.
    of_events: HashMap<usize, Sets<'a>>,
    /// By event, place, and the list that lacks the name if others have it.
    said: HashSet<(usize, Option<Span>, Option<usize>)>,
}

/// Names, to be asked often.
#[derive(Debug, Clone, Default)]
struct Sets<'a> {
    names: HashSet<&'a str>,
    headers: HashSet<&'a str>,
}

impl Sets<'_> {
    fn has(&self, name: &str, of_row: bool) -> bool {
        if of_row { self.headers.contains(name) } else { self.names.contains(name) }
    }
}

impl<'a> Names<'a> {
    /// `offered` is by list.
    pub fn new(manifest: &'a Manifest, offered: &'a [Option<Offered>]) -> Self {
        let sets = |offered: &'a Offered| Sets {
            names: offered.names.iter().map(String::as_str).collect(),
            headers: offered.headers.iter().map(String::as_str).collect(),
        };
        Self {
            manifest,
            offered,
            sets: offered.iter().map(|offered| offered.as_ref().map(sets)).collect(),
            of_events: HashMap::new(),
            said: HashSet::new(),
        }
    }

    /// Reports every name that the event's templates cannot do without and that a list of the send does not offer:
    /// neither a column nor a var.
    pub fn check(&mut self, send: &Send, diagnostics: &mut Diagnostics) {
        let manifest = self.manifest;
        let Some(event) = send.event.and_then(|event| manifest.events.get(event)) else { return };
        let vars: HashSet<&str> = send.vars.iter().map(|var| var.name.as_str()).collect();
        for used in event.names().filter(|used| used.need != Need::Guarded) {
            if used.of_row || !vars.contains(used.name.as_str()) {
                diagnostics.extend(self.unknown(send, &used.name, used.of_row, &used.place));
            }
        }
    }

    /// What to say about a name that is used at `place` and that a list of the send does not offer; nothing when it was
    /// said. No var of the send has the name.
    pub fn unknown(&mut self, send: &Send, name: &str, of_row: bool, place: &Place) -> Option<Diagnostic> {
        let lacks = |list: &&usize| self.sets[**list].as_ref().is_some_and(|known| !known.has(name, of_row));
        let (event, list) = (send.event?, *send.to.iter().find(lacks)?);
        // Whom tests go to is written elsewhere than the sends, so that list is always named.
        let is_of_test = self.manifest.test.as_ref().is_some_and(|test| test.to.contains(&list));
        let is_named = is_of_test || self.of_event(event).has(name, of_row);
        if !self.said.insert((event, place.span, is_named.then_some(list))) {
            return None;
        }
        let offered = self.offered[list].as_ref()?;
        let own = if of_row { &offered.headers } else { &offered.names };
        let vars = send.vars.iter().filter(|_| !of_row).map(|var| &var.name);
        let mut listed = HashSet::new();
        let known: Vec<&str> = own.iter().chain(vars).map(String::as_str).filter(|name| listed.insert(*name)).collect();
        let near = nearest(name, known.iter().copied());
        let found = if is_named {
            words::unknown_name_in_list(name, of_row, &self.manifest.lists[list].name, near, &known)
        } else {
            words::unknown_name(name, of_row, near, &known)
        };
        let of_another = self.sends_of(event).flat_map(|send| &send.vars).find(|var| var.name == name && !of_row);
        Some(
            match of_another {
                Some(var) => found.related(var.place.clone(), "set for another send here"),
                None => found,
            }
            .at(place.clone()),
        )
    }

    fn sends_of(&self, event: usize) -> impl Iterator<Item = &'a Send> + use<'a> {
        self.manifest.sends.iter().filter(move |send| send.event == Some(event))
    }

    fn of_event(&mut self, event: usize) -> &Sets<'a> {
        let sends = self.sends_of(event);
        self.of_events.entry(event).or_insert_with(|| {
            let mut all = Sets::default();
            let mut added = HashSet::new();
            for send in sends {
                all.names.extend(send.vars.iter().map(|var| var.name.as_str()));
                let lists = send.to.iter().filter(|list| added.insert(**list));
                for known in lists.filter_map(|list| self.sets[*list].as_ref()) {
                    all.names.extend(&known.names);
                    all.headers.extend(&known.headers);
                }
            }
            all
        })
    }
}

/// Reports the columns that the results should have and no list offers. `offered` is that of all lists.
pub fn check_result_columns(manifest: &Manifest, offered: &[&Offered], diagnostics: &mut Diagnostics) {
    let vars = manifest.sends.iter().flat_map(|send| &send.vars).map(|var| var.name.as_str());
    let mut known: Vec<&str> =
        offered.iter().flat_map(|offered| &offered.names).map(String::as_str).chain(vars).collect();
    known.sort_unstable();
    known.dedup();
    if offered.is_empty() {
        return;
    }
    for column in manifest.results.columns.iter().filter(|column| !known.contains(&column.name.as_str())) {
        let near = nearest(&column.name, known.iter().copied());
        diagnostics.push(values::result_column_unknown(&column.name, near, &known).at(column.place.clone()));
    }
}
