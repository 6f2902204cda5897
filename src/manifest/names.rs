//! Names in templates against the names that a send's lists offer: one error at the template, not one a row.

use std::collections::HashSet;

use super::{Manifest, NameUse, Send};
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::text::{template as words, values};
use crate::diagnostic::{Diagnostic, Diagnostics};

/// What the rows of one list offer to templates.
#[derive(Debug, Clone)]
pub struct Offered {
    /// Index into the manifest's lists.
    pub list: usize,
    /// Variables under `columns`, slugs of headers, keys of inline entries. The send's vars are added by the check.
    pub names: Vec<String>,
    /// The headers as written, for `row["..."]`.
    pub headers: Vec<String>,
}

/// The names that were reported at their templates: a row that lacks them is not reported again.
#[derive(Debug, Default, Clone)]
pub struct Reported {
    names: HashSet<String>,
}

impl Reported {
    /// Whether a fault of rendering follows from what was reported.
    pub fn covers(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

/// Reports every name used by the event's templates that a list of the send does not offer: neither a column nor a var.
/// Lists that could not be opened are simply not among `offered`.
pub fn check_send_names(
    manifest: &Manifest,
    send: &Send,
    offered: &[Offered],
    diagnostics: &mut Diagnostics,
) -> Reported {
    let mut reported = Reported::default();
    let Some(event) = send.event.and_then(|event| manifest.events.get(event)) else { return reported };
    if offered.is_empty() {
        return reported;
    }
    let vars: HashSet<&str> = send.vars.iter().map(|var| var.name.as_str()).collect();
    let known: Vec<(HashSet<&str>, HashSet<&str>)> = offered.iter().map(sets).collect();
    for used in event.names().filter(|used| !used.guarded) {
        let name = used.name.as_str();
        if !used.of_row && vars.contains(name) {
            continue;
        }
        let lacks = |(names, headers): &(HashSet<&str>, HashSet<&str>)| {
            let known = if used.of_row { headers } else { names };
            !known.contains(name)
        };
        let lacking = known.iter().filter(|known| lacks(known)).count();
        let Some(first) = known.iter().position(lacks) else { continue };
        reported.names.insert(used.name.clone());
        let everywhere = lacking == offered.len();
        diagnostics.push(fault(manifest, send, used, &offered[first], everywhere).at(used.place.clone()));
    }
    reported
}

/// Reports the columns that the results should have and no list offers. `offered` is that of all lists and sends.
pub fn check_result_columns(manifest: &Manifest, offered: &[Offered], diagnostics: &mut Diagnostics) {
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

/// Names and headers, to be asked often.
fn sets(offered: &Offered) -> (HashSet<&str>, HashSet<&str>) {
    (offered.names.iter().map(String::as_str).collect(), offered.headers.iter().map(String::as_str).collect())
}

fn known<'a>(offered: &'a Offered, used: &NameUse) -> impl Iterator<Item = &'a str> {
    let names = if used.of_row { &offered.headers } else { &offered.names };
    names.iter().map(String::as_str)
}

fn fault(manifest: &Manifest, send: &Send, used: &NameUse, list: &Offered, everywhere: bool) -> Diagnostic {
    let vars = send.vars.iter().filter(|_| !used.of_row).map(|var| var.name.as_str());
    let mut names: Vec<&str> = known(list, used).chain(vars).collect();
    names.dedup();
    let near = nearest(&used.name, names.iter().copied());
    match manifest.lists.get(list.list).filter(|_| !everywhere) {
        Some(list) => words::unknown_name_in_list(&used.name, used.of_row, &list.name, near, &names),
        None => words::unknown_name(&used.name, used.of_row, near, &names),
    }
}
