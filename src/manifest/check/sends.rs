//! `sends` and `test`: who gets what, by names that must exist, and what nobody gets.

use std::collections::{HashMap, HashSet};

use super::super::raw::{RawSend, RawTest, Text};
use super::super::tree::Node;
use super::super::{Send, TestSpec, Var};
use super::{Context, holds_template, variable_name};
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::text::values as words;
use crate::diagnostic::{Diagnostic, Span};

/// The names that exist, faulty ones included. `None` when the whole block is missing or faulty: then nothing can be
/// said about references into it.
pub(super) struct Known<'a> {
    pub(super) instances: Option<Names<'a>>,
    pub(super) events: Option<Names<'a>>,
    pub(super) lists: Option<Names<'a>>,
}

/// Names in the manifest's order.
pub(super) struct Names<'a> {
    all: Vec<&'a str>,
    index: HashMap<&'a str, usize>,
}

impl<'a> Names<'a> {
    pub(super) fn new(all: impl Iterator<Item = &'a str>) -> Self {
        let all: Vec<&str> = all.collect();
        let index = all.iter().enumerate().map(|(index, name)| (*name, index)).collect();
        Self { all, index }
    }
}

type Unknown = fn(&str, Option<&str>, &[&str]) -> Diagnostic;

pub(super) fn check(
    context: &mut Context<'_>,
    raw: Option<&[RawSend]>,
    test: Option<&RawTest>,
    root: &Node,
    known: &Known<'_>,
) -> (Vec<Send>, Option<TestSpec>) {
    let test = test.zip(root.get("test")).map(|(raw, node)| self::test(context, raw, node, known));
    let sends = match (raw, root.get("sends")) {
        (Some(raw), Some(node)) => {
            if node.items().is_empty() && raw.is_empty() {
                return (Vec::new(), test);
            }
            let sends: Vec<Send> =
                raw.iter().zip(node.items()).map(|(raw, node)| send(context, raw, node, known)).collect();
            if !root.cut {
                unused(context, &sends, test.as_ref(), root, known);
            }
            sends
        }
        // Faulty, which has been reported.
        (None, Some(_)) | (Some(_), None) => Vec::new(),
        // They may stand behind the place where YAML gave up.
        (None, None) if root.cut => Vec::new(),
        (None, None) => to_all(context, test.as_ref(), root, known).into_iter().collect(),
    };
    (sends, test)
}

/// Without `sends` the one event goes to every list through every instance. The lists that `test` names are left out,
/// unless there are no others: who tests is not meant to be invited.
fn to_all(context: &mut Context<'_>, test: Option<&TestSpec>, root: &Node, known: &Known<'_>) -> Option<Send> {
    let (events, node) = (known.events.as_ref()?, root.entry("events")?);
    if events.all.len() != 1 {
        if events.all.len() > 1 {
            context.report_at(words::sends_needed(events.all.len()), node.key_span);
        }
        return None;
    }
    let lists = || all(known.lists.as_ref()).into_iter();
    let is_for_tests = |list: &usize| test.is_some_and(|test| test.to.contains(list));
    let real: Vec<usize> = lists().filter(|list| !is_for_tests(list)).collect();
    Some(Send {
        event: Some(0),
        to: if real.is_empty() { lists().collect() } else { real },
        to_places: Vec::new(),
        via: all(known.instances.as_ref()),
        vars: Vec::new(),
        place: context.place_of(node.key_span),
    })
}

fn all(names: Option<&Names<'_>>) -> Vec<usize> {
    (0..names.map_or(0, |names| names.all.len())).collect()
}

fn send(context: &mut Context<'_>, raw: &RawSend, node: &Node, known: &Known<'_>) -> Send {
    let event = raw
        .event
        .as_ref()
        .zip(node.get("event"))
        .and_then(|(Text(event), node)| find(context, event, node, known.events.as_ref(), words::unknown_event));
    let to = names(context, raw.to.as_deref(), node.get("to"), known.lists.as_ref(), words::unknown_list);
    let (to, to_places) = to.into_iter().map(|(list, span)| (list, context.place_of(span))).unzip();
    let via = names(context, raw.via.as_deref(), node.get("via"), known.instances.as_ref(), words::unknown_instance);
    let mut vars = Vec::new();
    if let (Some(raw), Some(node)) = (&raw.vars, node.get("vars")) {
        for ((name, value), entry) in raw.0.iter().zip(node.entries()) {
            variable_name(context, entry);
            let value = value.as_ref().map(|Text(value)| value.clone());
            if value.as_deref().is_some_and(holds_template) {
                context.report(words::template_in_data(name), &entry.value);
            }
            vars.push(Var { name: name.clone(), value, place: entry.value.place(context.source) });
        }
    }
    let place = node.get("event").unwrap_or(node).place(context.source);
    // A faulty `via` has been reported; with every instance the rest of the send can still be checked.
    let via = if via.is_empty() { all(known.instances.as_ref()) } else { indices(via) };
    Send { event, to, to_places, via, vars, place }
}

fn test(context: &mut Context<'_>, raw: &RawTest, node: &Node, known: &Known<'_>) -> TestSpec {
    let to = names(context, raw.to.as_deref(), node.get("to"), known.lists.as_ref(), words::unknown_list);
    let prefix = raw.prefix.as_ref().map(|Text(prefix)| prefix.clone()).unwrap_or_default();
    TestSpec { to: indices(to), prefix }
}

fn indices(names: Vec<(usize, Span)>) -> Vec<usize> {
    names.into_iter().map(|(index, _)| index).collect()
}

/// The indices of the names in a list such as `to`, each once, and where they stand.
fn names(
    context: &mut Context<'_>,
    raw: Option<&[Text]>,
    node: Option<&Node>,
    known: Option<&Names<'_>>,
    unknown: Unknown,
) -> Vec<(usize, Span)> {
    let (Some(raw), Some(node)) = (raw, node) else { return Vec::new() };
    let mut seen = HashSet::new();
    let mut indices = Vec::with_capacity(raw.len());
    for (Text(name), node) in raw.iter().zip(node.items()) {
        if seen.insert(name) {
            indices.extend(find(context, name, node, known, unknown).map(|index| (index, node.span)));
        } else {
            context.report(words::named_twice(name), node);
        }
    }
    indices
}

fn find(
    context: &mut Context<'_>,
    name: &str,
    node: &Node,
    known: Option<&Names<'_>>,
    unknown: Unknown,
) -> Option<usize> {
    let known = known?;
    let found = known.index.get(name).copied();
    if found.is_none() {
        let near = if context.may_suggest() { nearest(name, known.all.iter().copied()) } else { None };
        context.report(unknown(name, near, &known.all), node);
    }
    found
}

/// Events and lists that no send names. Nothing is said when a send's own names were faulty: it may have meant them.
fn unused(context: &mut Context<'_>, sends: &[Send], test: Option<&TestSpec>, root: &Node, known: &Known<'_>) {
    let (Some(events), Some(lists)) = (&known.events, &known.lists) else { return };
    let count = |key: &str| -> usize {
        let items = root.get("sends").map(Node::items).unwrap_or_default();
        items.iter().filter_map(|send| send.get(key)).map(|node| node.items().len().max(1)).sum()
    };
    if sends.iter().filter(|send| send.event.is_some()).count() == count("event") {
        let used: HashSet<usize> = sends.iter().filter_map(|send| send.event).collect();
        report_unused(context, &events.all, &used, root.get("events"), words::unused_event);
    }
    if sends.iter().all(|send| !send.to.is_empty()) {
        let used: HashSet<usize> = sends
            .iter()
            .flat_map(|send| send.to.iter().copied())
            .chain(test.into_iter().flat_map(|test| test.to.iter().copied()))
            .collect();
        report_unused(context, &lists.all, &used, root.get("recipients"), words::unused_list);
    }
}

fn report_unused(
    context: &mut Context<'_>,
    names: &[&str],
    used: &HashSet<usize>,
    node: Option<&Node>,
    words: fn(&str) -> Diagnostic,
) {
    let spans: Vec<Span> = node.into_iter().flat_map(Node::entries).map(|entry| entry.key_span).collect();
    for (index, (name, span)) in names.iter().zip(spans).enumerate() {
        if !used.contains(&index) {
            context.report_at(words(name), span);
        }
    }
}
