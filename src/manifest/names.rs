//! Names in templates against the names that a send's lists offer: one error at the template, not one a row.

use std::collections::HashSet;

use super::{Manifest, Send};
use crate::diagnostic::Diagnostics;

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
    _manifest: &Manifest,
    _send: &Send,
    _offered: &[Offered],
    _diagnostics: &mut Diagnostics,
) -> Reported {
    todo!()
}
