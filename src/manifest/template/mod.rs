//! Templates: compiled once, rendered for each row.
//!
//! A text without templates is a constant; text with plain `{{ name }}` in between is a list of pieces that renders
//! without the template engine; everything else goes through minijinja. A test holds pieces and minijinja to the same
//! result. Values are data: never rendered again, never escaped. Nothing here reads rows or knows what an event is.

mod braces;
mod compile;
mod expression;
mod fault;
mod kind;
mod language;
mod parse_date;
mod position;
mod render;
#[cfg(test)]
mod tests;
mod walk;

use std::sync::Arc;

use minijinja::Environment;

use crate::diagnostic::{Diagnostic, Place};

pub(super) use compile::{compile, constant};
pub(super) use language::RESERVED;
use position::Positions;
pub(super) use position::locate;

/// A rendered text is never longer than this.
pub(super) const OUTPUT_BYTES_MAX: usize = 64 * 1024;
/// The engine follows an expression with a call for each of its parts, and a stack ends; nobody writes one this long.
const EXPRESSION_BYTES_MAX: usize = 1000;
/// The same for `{% elif %}` and its like.
const STATEMENTS_MAX: usize = 200;

/// A text of the manifest that may depend on the row.
#[derive(Debug, Clone)]
pub struct Template {
    form: Form,
    /// As it stands in the manifest.
    written: Arc<str>,
    names: Arc<[NameUse]>,
    place: Place,
}

#[derive(Debug, Clone)]
enum Form {
    Constant(Arc<str>),
    Pieces(Arc<[Piece]>),
    /// The environment holds the one template.
    Program {
        environment: Arc<Environment<'static>>,
        whole_row: bool,
        spans: Arc<[(usize, usize)]>,
        /// Plain text to begin with.
        before: Arc<str>,
    },
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(Box<str>),
    /// Index into the template's names.
    Name(usize),
    /// `{{ name | default("...") }}`
    NameOr(usize, Box<str>),
}

/// What a row offers to a template. Everything is text, and an empty text counts as undefined.
pub trait Values {
    /// A variable: given under `columns`, a column's slug, or a var of the send. `None` when undefined or empty.
    fn get(&self, name: &str) -> Option<&str>;
    /// A column by its header as written, for `row["Nome do grupo"]`. `None` when there is none or the cell is empty.
    fn row(&self, header: &str) -> Option<&str>;
    /// Every variable that there is, empty ones included, for "did you mean".
    fn names(&self) -> Vec<&str>;
    /// Every header, for templates that walk over `row`.
    fn headers(&self) -> Vec<&str>;
}

/// What texts see that need no value.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Values for Nothing {
    fn get(&self, _: &str) -> Option<&str> {
        None
    }
    fn row(&self, _: &str) -> Option<&str> {
        None
    }
    fn names(&self) -> Vec<&str> {
        Vec::new()
    }
    fn headers(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// Where a template uses a variable.
#[derive(Debug, Clone)]
pub struct NameUse {
    /// A variable, or a header when `of_row`.
    pub name: String,
    /// `row["..."]` rather than a variable.
    pub of_row: bool,
    pub need: Need,
    pub place: Place,
}

/// What happens where there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing can be rendered without it, whichever way the template takes.
    Certain,
    /// It is an error to come to it without a value.
    Asked,
    /// It is handed on, to what may say what happens then: `{% set x = name %}`.
    Passed,
    /// The template says itself what happens: `default(...)`, `is defined`.
    Guarded,
}

/// Why a template cannot be rendered for a row.
#[derive(Debug, Clone)]
pub struct RenderFault {
    pub reason: Reason,
    /// In the template.
    pub place: Place,
}

/// What is wrong, without a place: the caller adds the row's.
#[derive(Debug, Clone)]
pub enum Reason {
    /// Its words are made only where they are shown: a row may lack many values, and a list may have many such rows.
    Missing(Missing),
    Other(Diagnostic),
}

/// A variable that a row does not have, or has empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// A variable, or a header when `of_row`.
    pub name: String,
    pub of_row: bool,
    /// Other rows of its list have it.
    pub offered: bool,
}

impl NameUse {
    /// Whether both ask for the same value.
    fn is_of(&self, other: &Self) -> bool {
        (self.of_row, &self.name) == (other.of_row, &other.name)
    }
}

impl Template {
    /// The text, when it depends on nothing.
    pub fn is_constant(&self) -> Option<&str> {
        match &self.form {
            Form::Constant(text) => Some(text),
            Form::Pieces(_) | Form::Program { .. } => None,
        }
    }

    /// The variables it uses, in order of appearance.
    pub fn names(&self) -> &[NameUse] {
        &self.names
    }

    /// Whether it depends on the row: a template may walk over `row` without naming a column.
    pub fn depends_on_row(&self) -> bool {
        !matches!(self.form, Form::Constant(_))
    }

    /// The text as it stands in the manifest, templates and all.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The same template with a plain text before what it renders to.
    #[must_use]
    pub fn prefixed(&self, prefix: &str) -> Self {
        let form = match &self.form {
            Form::Constant(text) => Form::Constant(format!("{prefix}{text}").into()),
            Form::Pieces(pieces) => {
                Form::Pieces([Piece::Text(prefix.into())].into_iter().chain(pieces.iter().cloned()).collect())
            }
            Form::Program { environment, whole_row, spans, .. } => Form::Program {
                environment: Arc::clone(environment),
                whole_row: *whole_row,
                spans: Arc::clone(spans),
                before: prefix.into(),
            },
        };
        Self { form, ..self.clone() }
    }

    /// Of the whole text in the manifest.
    pub fn place(&self) -> &Place {
        &self.place
    }
}
