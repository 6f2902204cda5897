//! `events`: templates are compiled, and everything that depends on no row is built once, here, so that what is wrong
//! with it is said once, at the text, for unused events too.

use jiff::tz::TimeZone;

use super::super::event::{Builder, Field, Finding, Texts, Warning, Zone};
use super::super::raw::{OneOrMany, Ordered, RawEvent, Text, Wording};
use super::super::template::{self, Template};
use super::super::tree::{Kind, Node};
use super::super::{EventTemplate, EventZone, NameUse};
use super::{CheckedZone, Context, is_name, shared, slug};
use crate::diagnostic::Severity;
use crate::diagnostic::text::manifest as manifest_words;
use crate::diagnostic::text::values as words;

/// Each text with a template is a small program; a hostile manifest would have a hundred thousand of them.
const TEXTS_MAX: usize = 10_000;

/// `timezone` is the manifest's; `Some(Err)` when it was reported as unknown.
pub(super) fn check(
    context: &mut Context<'_>,
    raw: Option<&Ordered<RawEvent>>,
    node: Option<&Node>,
    timezone: Option<&CheckedZone>,
) -> Vec<EventTemplate> {
    let (Some(raw), Some(node)) = (raw, node) else { return Vec::new() };
    let texts: usize = node.entries().iter().map(|entry| scalars(&entry.value)).sum();
    if let Some(first) = node.entries().first().filter(|_| texts > TEXTS_MAX) {
        context.report_at(manifest_words::too_many_texts(TEXTS_MAX), first.key_span);
    }
    let mut events = Vec::with_capacity(raw.0.len());
    for ((id, raw), entry) in raw.0.iter().zip(node.entries()) {
        if !is_name(id) {
            context.report_at(words::name("the event id", id, &slug(id)), entry.key_span);
        }
        let mut event = EventTemplate {
            id: shared(id),
            name: Vec::new(),
            description: Vec::new(),
            date_time: None,
            timezone: EventZone::Faulty,
            location_name: Vec::new(),
            call_link_type: None,
            canceled: None,
            names_in_faulty: Vec::new(),
            place: context.place_of(entry.key_span),
        };
        if let Some(raw) = raw.as_ref().filter(|_| texts <= TEXTS_MAX) {
            fill(context, &mut event, raw, &entry.value, timezone);
            constants(context, &mut event);
        }
        events.push(event);
    }
    events
}

fn fill(
    context: &mut Context<'_>,
    event: &mut EventTemplate,
    raw: &RawEvent,
    node: &Node,
    timezone: Option<&CheckedZone>,
) {
    let faulty = &mut event.names_in_faulty;
    event.name = texts(context, raw.name.as_ref(), node.get("name"), faulty);
    event.description = texts(context, raw.description.as_ref(), node.get("description"), faulty);
    let date_time = raw.date_time.as_ref();
    event.date_time = date_time.and_then(|Text(text)| compile(context, text, node.get("dateTime"), faulty));
    let around = super::zone_around(node, timezone);
    event.timezone = zone(context, raw.timezone.as_ref(), node.get("timezone"), around, faulty);
    if let (Some(raw), Some(node)) = (&raw.location, node.get("location")) {
        event.location_name = texts(context, raw.name.as_ref(), node.get("name"), faulty);
    }
    let call_link_type = raw.call_link_type.as_ref();
    event.call_link_type = call_link_type.and_then(|text| compile(context, &text.0, node.get("callLinkType"), faulty));
    event.canceled = match (&raw.canceled, node.get("canceled")) {
        (Some(text), node) => compile(context, &text.0, node, faulty),
        (None, Some(node)) if matches!(node.kind, Kind::Faulty) => None,
        (None, _) => Some(template::constant("false", event.place.clone())),
    };
}

/// How many texts there are in a value.
fn scalars(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar { .. } => 1,
        Kind::List(items) => items.iter().map(scalars).sum(),
        Kind::Map(entries) => entries.iter().map(|entry| scalars(&entry.value)).sum(),
        Kind::Faulty => 0,
    }
}

/// `None` when the text is faulty; the names in it are added to `faulty` then.
fn compile(context: &mut Context<'_>, text: &str, node: Option<&Node>, faulty: &mut Vec<NameUse>) -> Option<Template> {
    let compiled = template::compile(context.source, node?, text, context.diagnostics);
    compiled.map_err(|names| faulty.extend(names)).ok()
}

fn texts(
    context: &mut Context<'_>,
    raw: Option<&OneOrMany<Wording>>,
    node: Option<&Node>,
    faulty: &mut Vec<NameUse>,
) -> Vec<Template> {
    match (raw, node) {
        (Some(OneOrMany::One(Wording(text))), node) => compile(context, text, node, faulty).into_iter().collect(),
        (Some(OneOrMany::Many(many)), Some(node)) => {
            let many = many.iter().zip(node.items());
            many.filter_map(|(Wording(text), node)| compile(context, text, Some(node), faulty)).collect()
        }
        (Some(OneOrMany::Many(_)) | None, _) => Vec::new(),
    }
}

fn zone(
    context: &mut Context<'_>,
    raw: Option<&Text>,
    node: Option<&Node>,
    manifest: Option<&CheckedZone>,
    faulty: &mut Vec<NameUse>,
) -> EventZone {
    let fixed =
        |zone: &Result<TimeZone, ()>| zone.as_ref().map_or(EventZone::Faulty, |zone| EventZone::Fixed(zone.clone()));
    match (raw, node) {
        (Some(Text(text)), Some(node)) if text.contains("{{") || text.contains("{%") => {
            let compiled = compile(context, text, Some(node), faulty);
            match compiled.as_ref().map(Template::is_constant) {
                Some(Some(constant)) => {
                    fixed(&super::zone(context, Some(&Text(constant.to_owned())), Some(node)).unwrap_or(Err(())))
                }
                Some(None) => compiled.map_or(EventZone::Faulty, EventZone::Template),
                None => EventZone::Faulty,
            }
        }
        (Some(text), Some(node)) => fixed(&super::zone(context, Some(text), Some(node)).unwrap_or(Err(()))),
        (None, Some(node)) if matches!(node.kind, Kind::Faulty) => EventZone::Faulty,
        (_, _) => manifest.map_or(EventZone::None, fixed),
    }
}

/// Builds the event from the texts that are constant, reports what is wrong with them and takes the faulty ones out.
fn constants(context: &mut Context<'_>, event: &mut EventTemplate) {
    let mut builder = Builder::new(context.now);
    let zone = match &event.timezone {
        EventZone::None => Zone::None,
        EventZone::Fixed(zone) => Zone::Known(zone),
        // With a zone that only the rows know, the date is theirs to check.
        EventZone::Template(_) | EventZone::Faulty => Zone::Faulty,
    };
    let mut found = Vec::new();
    for variant in 0..event.variants() {
        let constant = |field: Field| {
            event
                .template(field, variant)
                .filter(|_| variant < event.wordings_of(field))
                .and_then(Template::is_constant)
        };
        // What is missing or depends on the row is stood in for, so that the warnings of a good date are heard.
        let texts = Texts {
            name: constant(Field::Name).or(Some("-")),
            description: constant(Field::Description),
            date_time: constant(Field::DateTime),
            location_name: constant(Field::LocationName),
            call_link_type: constant(Field::CallLinkType),
            canceled: constant(Field::Canceled).or(Some("false")),
        };
        let findings: Vec<Finding> = match builder.build(&texts, zone) {
            Ok(built) => built.warnings.into_iter().flatten().map(Warning::finding).collect(),
            Err(unbuilt) => {
                let warnings = unbuilt.warnings.into_iter().flatten().map(Warning::finding);
                unbuilt.faults.into_iter().chain(warnings).collect()
            }
        };
        let new = findings.into_iter().filter(|finding| variant == 0 || finding.field.may_vary());
        found.extend(new.map(|finding| (variant, finding)));
    }
    for (variant, finding) in &found {
        // Reported as a variable outside of `instances`.
        let is_variable = |text: &Template| super::find_variable(text.written()).is_some();
        if event.template(finding.field, *variant).is_some_and(is_variable) {
            continue;
        }
        let place = event.place_of(finding.field, *variant).clone();
        context.diagnostics.push(finding.diagnostic.clone().at(place));
    }
    let faulty = |field: Field| {
        found.iter().any(|(_, finding)| finding.field == field && finding.diagnostic.severity() == Severity::Error)
    };
    let mut gone = Vec::new();
    for (field, texts) in [
        (Field::Name, &mut event.name),
        (Field::Description, &mut event.description),
        (Field::LocationName, &mut event.location_name),
    ] {
        gone.extend(texts.extract_if(.., |_| faulty(field)));
    }
    for (field, text) in [
        (Field::DateTime, &mut event.date_time),
        (Field::CallLinkType, &mut event.call_link_type),
        (Field::Canceled, &mut event.canceled),
    ] {
        gone.extend(text.take_if(|_| faulty(field)));
    }
    event.names_in_faulty.extend(gone.iter().flat_map(Template::names).cloned());
}
