//! What went wrong while rendering, in words that speak of columns and values rather than of the engine.

use minijinja::{Error, ErrorKind};

use super::{Form, Missing, NameUse, Need, Reason, RenderFault, Template, Values};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::text::template as words;

/// A row that lacks more than this in one text is a row with nothing in it.
const MISSING_MAX: usize = 10;

/// What has to be there and is not, each once, in order of appearance.
pub(super) fn missing(template: &Template, values: &dyn Values) -> Vec<RenderFault> {
    let mut told: Vec<&NameUse> = Vec::new();
    for (index, used) in template.names.iter().enumerate().filter(|(_, used)| used.need == Need::Certain) {
        if told.len() < MISSING_MAX
            && template.value(index, values).is_none()
            && !told.iter().any(|other| other.is_of(used))
        {
            told.push(used);
        }
    }
    undefined(&told, values)
}

/// Variables that the row does not have, or has empty.
fn undefined(used: &[&NameUse], values: &dyn Values) -> Vec<RenderFault> {
    let (names, headers) = (values.names(), values.headers());
    let fault = |used: &&NameUse| {
        let known = if used.of_row { &headers } else { &names };
        let offered = known.contains(&used.name.as_str());
        let missing = Missing { name: used.name.clone(), of_row: used.of_row, offered };
        RenderFault { reason: Reason::Missing(missing), place: used.place.clone() }
    };
    used.iter().map(fault).collect()
}

pub(super) fn too_long(template: &Template) -> RenderFault {
    RenderFault { reason: Reason::Other(words::too_long()), place: template.place.clone() }
}

/// What the engine complains about, and what it would complain about next for sure.
pub(super) fn of_engine(template: &Template, error: &Error, values: &dyn Values) -> Vec<RenderFault> {
    let mut faults = missing(template, values);
    match culprit(template, error, values).map(|index| &template.names[index]) {
        Some(used) if faults.iter().any(|fault| fault.is_of(used)) => {}
        Some(used) => drop(faults.splice(..0, undefined(&[used], values))),
        None => faults.insert(0, other(template, error)),
    }
    faults
}

fn other(template: &Template, error: &Error) -> RenderFault {
    let diagnostic = match error.kind() {
        ErrorKind::OutOfFuel => words::out_of_fuel(),
        _ => words::cannot_render(&error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)),
    };
    let place = match (error.range(), &template.form) {
        (Some(range), Form::Program { spans, .. }) => spans
            .iter()
            .position(|(start, _)| range.contains(start))
            .map_or(&template.place, |index| &template.names[index].place),
        _ => &template.place,
    };
    RenderFault { reason: Reason::Other(diagnostic), place: place.clone() }
}

/// The variable whose absence the engine complains about: one within the expression at which it stopped, else the first
/// that is missing at all.
fn culprit(template: &Template, error: &Error, values: &dyn Values) -> Option<usize> {
    if error.kind() != ErrorKind::UndefinedError {
        return None;
    }
    let Form::Program { spans, .. } = &template.form else { return None };
    let missing = |index: &usize| template.value(*index, values).is_none();
    let range = error.range().unwrap_or_default();
    let inside = |index: &usize| range.start <= spans[*index].0 && spans[*index].1 <= range.end;
    let candidates = 0..template.names.len();
    candidates
        .clone()
        .find(|index| missing(index) && inside(index))
        .or_else(|| candidates.clone().find(|index| missing(index) && template.names[*index].need != Need::Guarded))
}

impl RenderFault {
    pub fn diagnostic(self) -> Diagnostic {
        match self.reason {
            Reason::Missing(missing) => missing.diagnostic(),
            Reason::Other(diagnostic) => diagnostic,
        }
    }

    fn is_of(&self, used: &NameUse) -> bool {
        matches!(&self.reason, Reason::Missing(missing) if missing.name == used.name && missing.of_row == used.of_row)
    }
}

impl Missing {
    pub fn diagnostic(&self) -> Diagnostic {
        words::value_missing(&self.name, self.of_row)
    }
}
