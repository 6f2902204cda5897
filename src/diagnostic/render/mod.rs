//! Turns diagnostics into text: one file a format.
//!
//! Persons' numbers are masked here and nowhere else, when [`Style::mask`] says so.

use std::sync::Arc;

use super::Diagnostics;

/// The formats of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Human,
    Json,
    Github,
    Sarif,
    Junit,
}

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub colour: bool,
    /// Hide persons' numbers.
    pub mask: bool,
    /// Columns of the terminal.
    pub width: usize,
}

/// What was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    pub messages: u64,
    /// Every file that was checked, also those without a fault.
    pub files: Vec<Arc<str>>,
}

/// Renders everything that was found. Ends with a line break.
pub fn render(diagnostics: &Diagnostics, summary: &Summary, format: Format, style: Style) -> String {
    todo!("{diagnostics:?} {summary:?} {format:?} {style:?}")
}

/// The `diagnostics` array of every JSON that has one.
pub fn json_array(diagnostics: &Diagnostics, mask: bool) -> serde_json::Value {
    todo!("{diagnostics:?} {mask}")
}
