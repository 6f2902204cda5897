//! What went wrong while rendering, in words that speak of columns and values rather than of the engine.

use minijinja::{Error, ErrorKind};

use super::{Form, RenderFault, Template, Values};
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::text::template as words;

/// A variable that the row does not have, or has empty.
pub(super) fn undefined(template: &Template, index: usize, values: &dyn Values) -> Box<RenderFault> {
    let used = &template.names[index];
    let known = if used.of_row { values.headers() } else { values.names() };
    let diagnostic = if known.contains(&used.name.as_str()) {
        words::value_missing(&used.name, used.of_row)
    } else {
        let near = nearest(&used.name, known.iter().copied());
        words::unknown_name(&used.name, used.of_row, near, &known)
    };
    Box::new(RenderFault { name: Some(used.name.clone()), diagnostic, place: used.place.clone() })
}

pub(super) fn too_long(template: &Template) -> Box<RenderFault> {
    Box::new(RenderFault { name: None, diagnostic: words::too_long(), place: template.place.clone() })
}

pub(super) fn of_engine(template: &Template, error: &Error, values: &dyn Values) -> Box<RenderFault> {
    if let Some(index) = culprit(template, error, values) {
        return undefined(template, index, values);
    }
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
    Box::new(RenderFault { name: None, diagnostic, place: place.clone() })
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
        .or_else(|| candidates.clone().find(|index| missing(index) && !template.names[*index].guarded))
}
