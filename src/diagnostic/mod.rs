//! What is wrong with an input, where, and what to do about it.
//!
//! A [`Diagnostic`] is data: modules that read manifests, rows and templates build them, [`Diagnostics`] collects them
//! all, and a renderer shows them at the end. Nothing here prints, and nothing here decides whether a run goes on.

mod collect;
pub mod render;
pub mod source;
pub mod suggest;
pub mod text;

use std::sync::Arc;

pub use collect::{CodeCount, Diagnostics};

/// How bad it is. An error stops everything before anything is sent; a warning does not (unless `--strict`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Error,
    Warning,
}

impl Severity {
    /// The word used in every output format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A stable diagnostic code, documented in `docs/diagnostics.md`: `E…` for errors, `W…` for warnings. Never reused.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Code {
    /// Such as `E012`.
    pub id: &'static str,
    /// A few words, for lists of rules (SARIF, the documentation).
    pub title: &'static str,
}

impl Code {
    /// Follows from the first letter of the id.
    pub fn severity(&self) -> Severity {
        if self.id.starts_with('E') { Severity::Error } else { Severity::Warning }
    }
}

/// A stretch of text. Lines and columns count from 1, columns in characters; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
}

impl Span {
    /// A span of `width` characters on one line.
    pub fn on_line(line: u32, column: u32, width: u32) -> Self {
        Self { line, column, end_line: line, end_column: column + width }
    }
}

/// Where something is: a file as people name it, and a stretch of it when one can be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The manifest as it was given on the command line, or a list relative to the manifest's folder.
    pub file: Arc<str>,
    pub span: Option<Span>,
    /// The text of the lines that the span touches, for the human renderer. Rows are not kept in memory, so each
    /// diagnostic carries its own lines.
    pub excerpt: Option<Arc<str>>,
}

impl Place {
    /// The file as a whole.
    pub fn file(file: &Arc<str>) -> Self {
        Self { file: Arc::clone(file), span: None, excerpt: None }
    }
}

/// A second place that helps to understand the first, such as "first set here".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    pub place: Place,
    pub message: String,
}

/// One fault or warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: &'static Code,
    /// `None` only for what has no file, such as a missing environment variable.
    pub place: Option<Place>,
    /// One sentence that says what is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    pub related: Vec<Related>,
    /// A warning that counts as an error, because `--strict` was given.
    strict: bool,
}

impl Diagnostic {
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self { code, place: None, message: message.into(), help: None, related: Vec::new(), strict: false }
    }

    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn related(mut self, place: Place, message: impl Into<String>) -> Self {
        self.related.push(Related { place, message: message.into() });
        self
    }

    pub fn severity(&self) -> Severity {
        if self.strict { Severity::Error } else { self.code.severity() }
    }
}
