//! What to write where a template calls a method, as other languages have them: values have none.

use std::ops::Range;

use minijinja::machinery::ast::{Call, CallType};

use super::super::expression::is_row;
use super::super::kind::written;
use super::super::language::FILTERS;
use super::Walker;
use super::size::value_of;

/// Methods of texts and lists as other languages call them, and the filters that do the same.
const METHODS: &[(&str, &str)] = &[
    ("lstrip", "trim"),
    ("rstrip", "trim"),
    ("splitlines", "lines"),
    ("strip", "trim"),
    ("toLowerCase", "lower"),
    ("toString", "string"),
    ("toUpperCase", "upper"),
];

impl Walker<'_> {
    /// The same without a method, where there is such a thing.
    pub(super) fn instead(&self, call: &Call<'_>, span: &Range<usize>) -> Option<String> {
        let CallType::Method(of, name) = call.identify_call() else { return None };
        let value = written(self.text, of)?;
        let arguments: Vec<_> = call.args.iter().map(|arg| written(self.text, value_of(arg))).collect::<Option<_>>()?;
        let filter = METHODS.iter().find(|(method, _)| *method == name).map(|(_, filter)| *filter);
        let instead = match (filter.or_else(|| FILTERS.iter().copied().find(|filter| *filter == name)), &*arguments) {
            (Some("join"), [list]) => format!("{list} | join({value})"),
            (Some(filter), []) => format!("{value} | {filter}"),
            (Some(filter), arguments) => format!("{value} | {filter}({})", arguments.join(", ")),
            (None, [key]) if name == "get" && is_row(of) => format!("row[{key}]"),
            (None, [key, otherwise]) if name == "get" && is_row(of) => format!("row[{key}] | default({otherwise})"),
            (None, [part]) => match name {
                "startswith" | "startsWith" => format!("{value} is startingwith({part})"),
                "endswith" | "endsWith" => format!("{value} is endingwith({part})"),
                "contains" | "includes" => format!("{part} in {value}"),
                _ => return None,
            },
            _ => return None,
        };
        // What follows would be taken for a part of the filter.
        let goes_on = self.text.get(span.end..)?.trim_start().starts_with(['[', '.']);
        Some(if goes_on { format!("({instead})") } else { instead })
    }
}
