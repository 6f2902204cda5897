//! Everything about a manifest that its schema cannot say: ranges, names, references, what belongs together.
//!
//! Walks the decoded manifest beside the tree, which has the places. What is missing or faulty in shape has been
//! reported and is skipped here, and so is what only follows from it: a name whose value was faulty still exists.

mod delivery;
mod events;
mod instances;
mod lists;
mod moment;
mod sends;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::raw::{RawManifest, RawResults, Text};
use super::tree::{Entry, Kind, Node};
use super::{Manifest, ResultColumn, ResultsOptions, event};
use crate::diagnostic::source::Source;
use crate::diagnostic::text::values as words;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Span};

/// What the checks need beside the manifest itself.
pub(super) struct Context<'a> {
    pub(super) path: &'a Path,
    pub(super) source: &'a Source,
    /// What "past" is measured from.
    pub(super) now: Timestamp,
    pub(super) diagnostics: &'a mut Diagnostics,
    /// How often a name was looked for that might have been meant.
    pub(super) suggestions: u32,
}

impl Context<'_> {
    /// Among thousands of names, what was meant is worth searching for a person's slips, not for a file full of them.
    fn may_suggest(&mut self) -> bool {
        const SUGGESTIONS_MAX: u32 = 150;
        self.suggestions += 1;
        self.suggestions <= SUGGESTIONS_MAX
    }

    fn report(&mut self, diagnostic: Diagnostic, node: &Node) {
        let place = node.place(self.source);
        self.diagnostics.push(diagnostic.at(place));
    }

    fn report_at(&mut self, diagnostic: Diagnostic, span: Span) {
        let place = self.source.place_of(span);
        self.diagnostics.push(diagnostic.at(place));
    }

    fn place_of(&self, span: Span) -> Place {
        self.source.place_of(span)
    }
}

/// Checks everything and builds the manifest of what is left.
pub(super) fn check(mut context: Context<'_>, raw: RawManifest, root: &Node) -> Manifest {
    version(&mut context, raw.version, root);
    let campaign = campaign(&mut context, raw.campaign.as_ref(), root);
    variables_outside_instances(&mut context, root);
    let timezone = zone(&mut context, raw.timezone.as_ref(), root.get("timezone"));
    let timezone = timezone.or_else(|| root.cut.then_some(Err(())));
    let manifest_zone = timezone.as_ref().and_then(|zone| zone.as_ref().ok());

    let (delivery, limits) =
        delivery::check(&mut context, raw.delivery.unwrap_or_default(), root.get("delivery"), timezone.as_ref());
    let instances =
        instances::check(&mut context, raw.instances.as_ref(), root.get("instances"), &limits, timezone.as_ref());
    let events = events::check(&mut context, raw.events.as_ref(), root.get("events"), timezone.as_ref());
    let lists = lists::check(&mut context, raw.recipients.as_ref(), root.get("recipients"));
    let suppress = lists::check_suppress(&mut context, raw.suppress.as_deref(), root.get("suppress"));
    let whole = |key: &str| root.get(key).is_some_and(|node| !node.cut);
    let (raw_instances, raw_events) =
        (raw.instances.filter(|_| whole("instances")), raw.events.filter(|_| whole("events")));
    let known = sends::Known {
        instances: raw_instances.map(|_| sends::Names::new(instances.iter().map(|one| &*one.name))),
        events: raw_events.map(|_| sends::Names::new(events.iter().map(|one| &*one.id))),
        lists: raw
            .recipients
            .filter(|_| whole("recipients"))
            .map(|_| sends::Names::new(lists.iter().map(|one| &*one.name))),
    };
    let (sends, test) = sends::check(&mut context, raw.sends.as_deref(), raw.test.as_ref(), root, &known);
    let results = results(&mut context, raw.results.as_ref(), root.get("results"));
    Manifest {
        source: context.source.clone(),
        path: context.path.to_owned(),
        folder: folder(context.path),
        campaign,
        timezone: manifest_zone.cloned(),
        instances,
        delivery,
        events,
        lists,
        sends,
        suppress,
        results,
        test,
    }
}

fn folder(path: &Path) -> std::path::PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => ".".into(),
    }
}

fn version(context: &mut Context<'_>, version: Option<i64>, root: &Node) {
    if let (Some(version), Some(node)) = (version.filter(|version| *version != 1), root.get("version")) {
        context.report(words::version(version), node);
    }
}

fn campaign(context: &mut Context<'_>, campaign: Option<&Text>, root: &Node) -> String {
    let (Some(Text(campaign)), Some(node)) = (campaign, root.get("campaign")) else { return String::new() };
    if !is_name(campaign) {
        context.report(words::name("the campaign's name", campaign, &slug(campaign)), node);
        return String::new();
    }
    campaign.clone()
}

/// A zone of the manifest: `Some(Err(()))` when it was reported as unknown, or may stand where YAML had given up.
type CheckedZone = Result<TimeZone, ()>;

/// The zone for what may have one of its own: that of what is around it, unless its own may stand behind its end.
fn zone_around<'a>(node: &Node, around: Option<&'a CheckedZone>) -> Option<&'a CheckedZone> {
    if node.cut { Some(&Err(())) } else { around }
}

fn zone(context: &mut Context<'_>, text: Option<&Text>, node: Option<&Node>) -> Option<CheckedZone> {
    let (Some(Text(text)), Some(node)) = (text, node) else {
        return node.filter(|node| matches!(node.kind, Kind::Faulty)).map(|_| Err(()));
    };
    if find_variable(text).is_some() {
        return Some(Err(())); // reported as a variable outside of `instances`
    }
    Some(event::read_zone(text).map_err(|fault| context.report(*fault, node)))
}

/// `[a-z0-9-]{1,64}`
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A name as near as possible to `text`, to be suggested.
fn slug(text: &str) -> String {
    plain_letters(text, '-')
}

/// Small letters without accents and digits; everything else becomes one `between`.
pub(super) fn plain_letters(text: &str, between: char) -> String {
    let mut slug = String::new();
    for character in text.chars().flat_map(char::to_lowercase).take(64) {
        let plain = match character {
            'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            other => other,
        };
        if plain.is_ascii_alphanumeric() {
            slug.push(plain);
        } else if !slug.is_empty() && !slug.ends_with(between) {
            slug.push(between);
        }
    }
    slug.trim_end_matches(between).to_owned()
}

/// Whether a value was meant as a template.
fn holds_template(value: &str) -> bool {
    value.contains("{{") || value.contains("{%")
}

/// Reports the name of a variable that templates could not use.
fn variable_name(context: &mut Context<'_>, entry: &Entry) {
    let name = entry.key.as_str();
    let mut bytes = name.bytes();
    let usable = bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !usable {
        context.report_at(words::variable_name(name, &plain_letters(name, '_')), entry.key_span);
    } else if super::template::RESERVED.contains(&name) {
        context.report_at(words::variable_reserved(name), entry.key_span);
    }
}

/// `${NAME}` works under `instances` only. `R${{ price }}` is an amount of money and a template.
fn variables_outside_instances(context: &mut Context<'_>, root: &Node) {
    let mut nodes: Vec<&Node> =
        root.entries().iter().filter(|entry| entry.key != "instances").map(|entry| &entry.value).collect();
    while let Some(node) = nodes.pop() {
        match &node.kind {
            Kind::Scalar { text, .. } => {
                if let Some(variable) = find_variable(text) {
                    let range = super::template::locate(context.source, node, text, variable.clone());
                    context.report_at(words::variable_outside(&text[variable]), range);
                }
            }
            Kind::List(items) => nodes.extend(items),
            Kind::Map(entries) => nodes.extend(entries.iter().map(|entry| &entry.value)),
            Kind::Faulty => {}
        }
    }
}

fn find_variable(text: &str) -> Option<std::ops::Range<usize>> {
    text.match_indices("${").find_map(|(start, _)| {
        let name = text[start + 2..].bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let end = start + 2 + name;
        (name > 0 && text[end..].starts_with('}')).then_some(start..end + 1)
    })
}

/// The columns that every results CSV has.
pub(crate) const RESULT_COLUMNS: [&str; 15] = [
    "event",
    "recipient",
    "label",
    "status",
    "message_id",
    "zaap_id",
    "instance",
    "attempts",
    "http_status",
    "error",
    "updated_at",
    "source",
    "revision",
    "edited_at",
    "variant",
];

fn results(context: &mut Context<'_>, raw: Option<&RawResults>, node: Option<&Node>) -> ResultsOptions {
    let mut options = ResultsOptions::default();
    let (Some(raw), Some(node)) = (raw, node) else { return options };
    options.bom = raw.bom.unwrap_or(false);
    options.delimiter = raw.delimiter.as_ref().map_or(b',', |delimiter| lists::delimiter(&delimiter.0));
    let mut seen = HashSet::new();
    let columns = raw.columns.iter().flatten();
    for (Text(name), node) in columns.zip(node.get("columns").map(Node::items).unwrap_or_default()) {
        if RESULT_COLUMNS.contains(&name.as_str()) {
            context.report(words::result_column(name, "there is one of that name already"), node);
        } else if !seen.insert(name) {
            context.report(words::named_twice(name), node);
        } else {
            options.columns.push(ResultColumn { name: name.clone(), place: node.place(context.source) });
        }
    }
    options
}

/// Names as shared text, so that messages can point at them.
fn shared(name: &str) -> Arc<str> {
    Arc::from(name)
}
