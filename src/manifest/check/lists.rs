//! `recipients` and `suppress`: a CSV by a path that cannot leave the folder, or recipients written in the manifest.
//!
//! Opens no file, and does not look at what a phone says: that is the same work for rows of both kinds, in `expand`.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::offsets::first_line;
use super::super::raw::{Ordered, RawEntry, RawList, Text};
use super::super::tree::{Kind, Node};
use super::super::{ColumnName, CsvList, InlineEntry, ListKind, RecipientList};
use super::{Context, folder, holds_template, is_name, shared, slug, variable_name};
use crate::diagnostic::Span;
use crate::diagnostic::text::values as words;

pub(super) fn check(
    context: &mut Context<'_>,
    raw: Option<&Ordered<RawList>>,
    node: Option<&Node>,
) -> Vec<RecipientList> {
    let (Some(raw), Some(node)) = (raw, node) else { return Vec::new() };
    let mut lists = Vec::with_capacity(raw.0.len());
    for ((name, raw), entry) in raw.0.iter().zip(node.entries()) {
        if !is_name(name) && !is_name(&name.replace('_', "-").to_lowercase()) {
            context.report_at(words::name("the list's name", name, &slug(name)), entry.key_span);
        }
        lists.push(list(context, name, raw.as_ref(), &entry.value, entry.key_span));
    }
    lists
}

/// The lists under `suppress` have no names: they are shown as `suppress[0]` and so on.
pub(super) fn check_suppress(
    context: &mut Context<'_>,
    raw: Option<&[RawList]>,
    node: Option<&Node>,
) -> Vec<RecipientList> {
    let (Some(raw), Some(node)) = (raw, node) else { return Vec::new() };
    let lists = raw.iter().zip(node.items()).enumerate();
    lists.map(|(index, (raw, node))| list(context, &format!("suppress[{index}]"), Some(raw), node, node.span)).collect()
}

fn list(context: &mut Context<'_>, name: &str, raw: Option<&RawList>, node: &Node, span: Span) -> RecipientList {
    let place = context.place_of(first_line(span, context.source));
    let made = |kind| RecipientList { name: shared(name), kind, place: place.clone() };
    let Some(raw) = raw else { return made(ListKind::Faulty) };
    match (node.get("csv"), node.get("list")) {
        (None, None) if node.cut => made(ListKind::Faulty),
        (None, None) => {
            context.diagnostics.push(words::list_neither(name).at(place.clone()));
            made(ListKind::Faulty)
        }
        (Some(_), Some(list)) => {
            context.report(words::list_both(name), list);
            made(ListKind::Faulty)
        }
        (Some(node_csv), None) => {
            let columns = columns(context, raw.columns.as_ref(), node.get("columns"));
            let kind = raw.csv.as_ref().and_then(|Text(path)| csv(context, path, node_csv));
            let delimiter = raw.delimiter.as_ref().map(|delimiter| self::delimiter(&delimiter.0));
            made(kind.map_or(ListKind::Faulty, |csv| ListKind::Csv(CsvList { columns, delimiter, ..csv })))
        }
        (None, Some(node_list)) => {
            for key in ["columns", "delimiter"] {
                if let Some(entry) = node.entry(key) {
                    context.report_at(words::csv_option(key), entry.key_span);
                }
            }
            let entries = raw.list.as_deref().map(|raw| inline(context, raw, node_list));
            made(entries.map_or(ListKind::Faulty, ListKind::Inline))
        }
    }
}

/// A path below the manifest's folder. Whether a link leads out of it is seen when the file is opened.
fn csv(context: &mut Context<'_>, path: &str, node: &Node) -> Option<CsvList> {
    if super::find_variable(path).is_some() {
        return None; // reported as a variable outside of `instances`
    }
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    let fault = if path.trim().is_empty() {
        Some(("names no file", "write the path of a CSV, relative to the manifest"))
    } else if path.contains("://") {
        Some(("is an address, not a file", "download the CSV and put it beside the manifest"))
    } else if path.starts_with(['/', '\\', '~']) || drive {
        Some((
            "is an absolute path",
            "put the CSV beside the manifest and name it relative to that, such as lists/vip.csv",
        ))
    } else if leads_out(path) {
        Some(("leads out of the manifest's folder", "put the CSV into the manifest's folder or below"))
    } else if path.split(['/', '\\']).any(|part| part == "..") {
        Some(("has `..` in it, which a path may not have", "write the way from the manifest's folder down to the CSV"))
    } else if path.contains('\\') {
        Some(("has a backslash", "write / between folders, on Windows too"))
    } else if path.contains("{{") || path.contains("{%") {
        Some(("is not rendered: a path cannot be a template", "write the path itself"))
    } else {
        None
    };
    if let Some((reason, help)) = fault {
        context.report(words::csv_path(path, reason, help), node);
        return None;
    }
    let shown: Arc<str> = shared(path.trim_start_matches("./"));
    let path: PathBuf = folder(context.path).join(&*shown);
    Some(CsvList { path, shown, place: node.place(context.source), columns: Vec::new(), delimiter: None })
}

/// Whether a path goes up more often than it went down.
fn leads_out(path: &str) -> bool {
    let mut depth = 0_u32;
    path.split(['/', '\\']).any(|part| {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
        false
    })
}

fn columns(context: &mut Context<'_>, raw: Option<&Ordered<Text>>, node: Option<&Node>) -> Vec<ColumnName> {
    let (Some(raw), Some(node)) = (raw, node) else { return Vec::new() };
    let mut columns = Vec::with_capacity(raw.0.len());
    for ((variable, column), entry) in raw.0.iter().zip(node.entries()) {
        variable_name(context, entry);
        if let Some(Text(column)) = column {
            let place = entry.value.place(context.source);
            columns.push(ColumnName { variable: variable.clone(), column: column.clone(), place });
        }
    }
    columns
}

fn inline(context: &mut Context<'_>, raw: &[RawEntry], node: &Node) -> Vec<InlineEntry> {
    let mut entries = Vec::with_capacity(raw.len());
    // A misspelt name stands in many entries, as a template may; it is one mistake.
    let (mut reported, mut templates) = (HashSet::new(), HashSet::new());
    for (raw, node) in raw.iter().zip(node.items()) {
        let place = node.place(context.source);
        match raw {
            RawEntry::Phone(phone) => {
                if phone.trim().is_empty() {
                    context.report(words::phone_empty(), node);
                    continue;
                }
                let values = vec![("phone".to_owned(), phone.clone())];
                let (places, phone_place, faulty) = (vec![place.clone()], place.clone(), Vec::new());
                entries.push(InlineEntry { values, places, faulty, place, phone_place });
            }
            RawEntry::Values(values) => {
                for entry in node.entries().iter().filter(|entry| reported.insert(entry.key.clone())) {
                    variable_name(context, entry);
                }
                let phone = node.get("phone");
                let Some(phone) = phone.filter(|phone| !matches!(phone.kind, Kind::Faulty)) else { continue };
                let values: Vec<(String, String)> =
                    values.0.iter().map(|(name, value)| (name.clone(), value.clone().unwrap_or_default())).collect();
                if values.iter().any(|(name, value)| name == "phone" && value.trim().is_empty()) {
                    context.report(words::phone_empty(), phone);
                    continue;
                }
                for ((name, value), entry) in values.iter().zip(node.entries()) {
                    if name != "phone" && holds_template(value) && templates.insert(name.clone()) {
                        context.report(words::template_in_data(name), &entry.value);
                    }
                }
                let places = node.entries().iter().map(|entry| entry.value.place(context.source)).collect();
                let faulty = node.entries().iter().filter(|entry| matches!(entry.value.kind, Kind::Faulty));
                let faulty = faulty.map(|entry| entry.key.clone()).collect();
                entries.push(InlineEntry { values, places, faulty, place, phone_place: phone.place(context.source) });
            }
        }
    }
    entries
}

/// The byte that a delimiter of the schema's enum stands for.
pub(super) fn delimiter(text: &str) -> u8 {
    match text {
        "tab" => b'\t',
        other => other.bytes().next().unwrap_or(b','),
    }
}
