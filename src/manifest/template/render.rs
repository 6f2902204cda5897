//! Renders a template for a row.

use std::collections::BTreeMap;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use minijinja::value::{Enumerator, Object};
use minijinja::{Environment, Error, ErrorKind, Value};

use super::{Form, NameUse, Need, OUTPUT_BYTES_MAX, Piece, RenderFault, Template, Values, fault};
use crate::diagnostic::text::template as words;

/// The name of the one template in its environment.
pub(super) const TEMPLATE: &str = "text";

impl Template {
    /// Appends the text for one row to `out`. Nothing is appended when there is a fault; of values that are missing,
    /// everything that is certain to be is told at once.
    pub fn render(&self, values: &dyn Values, out: &mut String) -> Result<(), Vec<RenderFault>> {
        let before = out.len();
        let rendered = match &self.form {
            Form::Constant(text) => {
                out.push_str(text);
                Ok(())
            }
            Form::Pieces(pieces) => self.render_pieces(pieces, values, out),
            Form::Program { environment, whole_row, before, .. } => {
                out.push_str(before);
                self.run(environment, *whole_row, values, out)
            }
        };
        let rendered = match rendered {
            Ok(()) if out.len() - before > OUTPUT_BYTES_MAX => Err(vec![fault::too_long(self)]),
            other => other,
        };
        if rendered.is_err() {
            out.truncate(before);
        }
        rendered
    }

    fn render_pieces(&self, pieces: &[Piece], values: &dyn Values, out: &mut String) -> Result<(), Vec<RenderFault>> {
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Name(index) => match self.value(*index, values) {
                    Some(value) => out.push_str(value),
                    None => return Err(fault::missing(self, values)),
                },
                Piece::NameOr(index, otherwise) => out.push_str(self.value(*index, values).unwrap_or(otherwise)),
            }
        }
        Ok(())
    }

    pub(super) fn value<'v>(&self, index: usize, values: &'v dyn Values) -> Option<&'v str> {
        let used = &self.names[index];
        let value = if used.of_row { values.row(&used.name) } else { values.get(&used.name) };
        value.filter(|value| !value.is_empty())
    }

    /// Whether a value is handed on anywhere in the text though there is none.
    fn may_lack(&self, used: &NameUse) -> bool {
        self.names.iter().any(|other| matches!(other.need, Need::Passed | Need::Guarded) && other.is_of(used))
    }

    fn run(
        &self,
        environment: &Environment<'static>,
        whole_row: bool,
        values: &dyn Values,
        out: &mut String,
    ) -> Result<(), Vec<RenderFault>> {
        let mut context: BTreeMap<&str, Value> = BTreeMap::new();
        let mut row: BTreeMap<&str, Value> = BTreeMap::new();
        for (index, used) in self.names.iter().enumerate() {
            let value = match self.value(index, values) {
                Some(value) => Value::from(value),
                None if self.may_lack(used) || (used.of_row && whole_row) => continue,
                // Of what the engine does with a value that there is not, some passes for an answer.
                None => Value::from(Error::from(ErrorKind::UndefinedError)),
            };
            let into = if used.of_row { &mut row } else { &mut context };
            into.insert(&used.name, value);
        }
        let headers = if whole_row { values.headers() } else { Vec::new() };
        for header in headers {
            if let Some(value) = values.row(header).filter(|value| !value.is_empty()) {
                row.insert(header, Value::from(value));
            }
        }
        if whole_row || self.names.iter().any(|used| used.of_row) {
            let row = row.into_iter().map(|(header, value)| (header.to_owned(), value)).collect();
            context.insert("row", Value::from_object(Row(row)));
        }
        let mut output = Capped { bytes: Vec::new(), full: false };
        let rendered = caught(|| {
            environment
                .get_template(TEMPLATE)
                .and_then(|template| template.render_captured_to(map(context), &mut output).map(|_| ()))
        });
        if output.full {
            return Err(vec![fault::too_long(self)]);
        }
        rendered.map_err(|error| fault::of_engine(self, &error, values))?;
        out.push_str(&String::from_utf8_lossy(&output.bytes));
        Ok(())
    }
}

/// A panic of the engine is the fault of one text for one row: it must not hide what is wrong elsewhere.
fn caught<T>(render: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // What was written until then is thrown away, so nothing half made is seen.
    panic::catch_unwind(AssertUnwindSafe(render))
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::InvalidOperation, words::ENGINE_FAILED)))
}

/// Collecting would make a list of pairs of it.
fn map(values: BTreeMap<&str, Value>) -> Value {
    Value::from_object(values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<_, _>>())
}

/// A row's cells by header. Blanks around a name are no part of it, as they are none under `columns`.
#[derive(Debug)]
struct Row(BTreeMap<String, Value>);

impl Object for Row {
    fn get_value(self: &Arc<Self>, header: &Value) -> Option<Value> {
        self.0.get(header.as_str()?.trim()).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().map(|header| Value::from(header.as_str())).collect())
    }
}

/// Takes what is written until it is too much.
struct Capped {
    bytes: Vec<u8>,
    full: bool,
}

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > OUTPUT_BYTES_MAX {
            self.full = true;
            return Err(io::Error::other("the text is too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_engine_is_a_fault_like_others() {
        let said = caught(|| -> Result<(), Error> { panic!("on purpose") }).unwrap_err();
        assert_eq!(said.detail(), Some(words::ENGINE_FAILED));
        assert_eq!(caught(|| Ok(1)).unwrap(), 1);
    }
}
