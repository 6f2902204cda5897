//! Turns diagnostics into text: one file a format.
//!
//! Persons' numbers are masked here and nowhere else, when [`Style::mask`] says so; whoever builds a diagnostic writes
//! them whole. Nothing here prints.

mod github;
mod human;
mod json;
mod junit;
mod sarif;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use super::Diagnostics;
use crate::recipient;

pub use json::{Entry, entries};

/// The formats of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// With an excerpt and a caret.
    Human,
    Json,
    /// Annotations of a GitHub workflow.
    Github,
    /// SARIF 2.1.0.
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
    /// Every file that was checked, also those without a fault: each manifest, followed by its lists.
    pub files: Vec<Arc<str>>,
    pub lists: ListNames,
}

/// From where the names of lists count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListNames {
    /// From their manifest's folder, as they are written there.
    #[default]
    FromManifest,
    /// From the current folder, since several manifests may have lists of one name.
    FromHere,
}

/// Renders everything that was found. Ends with a line break.
pub fn render(diagnostics: &Diagnostics, summary: &Summary, format: Format, style: Style) -> String {
    match format {
        Format::Human => human::render(diagnostics, summary, style),
        Format::Json => json::render(diagnostics, summary, style.mask),
        Format::Github => github::render(diagnostics, summary, style.mask),
        Format::Sarif => sarif::render(diagnostics, summary, style.mask),
        Format::Junit => junit::render(diagnostics, summary, style.mask),
    }
}

/// For people, without the line that ends it: what is found once the rest was said.
pub fn without_summary(diagnostics: &Diagnostics, style: Style) -> String {
    human::found(diagnostics, style)
}

/// The `diagnostics` array of every JSON that has one.
pub fn json_array<'a>(all: impl IntoIterator<Item = &'a Diagnostics>, mask: bool) -> serde_json::Value {
    let entries: Vec<Entry> = all.into_iter().flat_map(|diagnostics| entries(diagnostics, mask)).collect();
    serde_json::to_value(entries).unwrap_or_default()
}

fn masked(text: &str, mask: bool) -> Cow<'_, str> {
    if mask { recipient::mask_in_text(text) } else { Cow::Borrowed(text) }
}

/// A text as one line that no terminal obeys: control characters and those that turn the reading direction are written
/// out.
fn one_line(text: &str, mask: bool) -> String {
    let mut line = String::with_capacity(text.len());
    for c in masked(text, mask).chars() {
        match c {
            '\n' | '\t' => line.push(' '),
            '\r' => {}
            c if is_unprintable(c) => line.extend(c.escape_unicode()),
            c => line.push(c),
        }
    }
    line
}

/// Control characters, and those that change the direction of text.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// A file as it can be opened from here, for services that show the source: lists are named relative to their
/// manifest's folder.
fn from_here(file: &str, summary: &Summary) -> String {
    if summary.lists == ListNames::FromHere {
        return file.to_owned();
    }
    match summary.files.split_first() {
        Some((manifest, lists)) if &**manifest != file && lists.iter().any(|list| &**list == file) => {
            let folder = Path::new(&**manifest).parent().unwrap_or(Path::new(""));
            folder.join(file).to_string_lossy().into_owned()
        }
        _ => file.to_owned(),
    }
}

/// `1 error`, `2 errors`.
fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// What is said at the end, for people.
fn closing(diagnostics: &Diagnostics, summary: &Summary) -> String {
    let files = counted(summary.files.len() as u64, "file");
    let messages = counted(summary.messages, "message");
    let found = match (diagnostics.errors(), diagnostics.warnings()) {
        (0, 0) => return format!("valid: {messages}, {files} checked"),
        (0, warnings) => return format!("valid, with {}: {messages}, {files} checked", counted(warnings, "warning")),
        (errors, 0) => counted(errors, "error"),
        (errors, warnings) => format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")),
    };
    format!("{found}: {files} checked")
}

/// The kinds of which only the first were kept, a line each.
fn cut_lines(diagnostics: &Diagnostics) -> Vec<String> {
    let line = |cut: super::CodeCount| {
        let file = cut.file.as_deref().map(|file| format!(" in {file}")).unwrap_or_default();
        format!("{}{file}: {} in all, the first {} are shown", cut.code, cut.total, cut.kept)
    };
    diagnostics.cut().into_iter().map(line).collect()
}

/// What the tests of all formats render.
#[cfg(test)]
mod sample {
    use super::*;
    use crate::diagnostic::{Code, Diagnostic, Place, Span};

    pub(super) static ERROR: Code = Code { id: "E308", title: "number without country code" };
    pub(super) static WARNING: Code = Code { id: "W301", title: "recipient listed twice" };

    pub(super) fn place(file: &str, line: u32, column: u32, width: u32, excerpt: &str) -> Place {
        let span = Some(Span::on_line(line, column, width));
        Place { file: file.into(), span, excerpt: Some(excerpt.into()) }
    }

    pub(super) fn found() -> (Diagnostics, Summary) {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(
            Diagnostic::new(&ERROR, "`11 99999-8888` lacks its country code")
                .at(place("lists/vip.csv", 3, 5, 13, "São,11 99999-8888,x"))
                .help("for a number in Brazil write 5511999998888"),
        );
        diagnostics.push(
            Diagnostic::new(&WARNING, "5511999997777 is listed already")
                .at(place("lists/vip.csv", 9, 1, 13, "5511999997777"))
                .related(place("lists/a, b.csv", 2, 1, 13, "5511999997777"), "first listed here"),
        );
        diagnostics.push(Diagnostic::new(&ERROR, "100% wrong: <a> & \"b\"").at(Place::file(&"m.yaml".into())));
        diagnostics.push(Diagnostic::new(&ERROR, "nowhere"));
        let files = ["m.yaml", "lists/vip.csv", "lists/ok.csv"].map(Arc::from).to_vec();
        (diagnostics, Summary { messages: 812, files, lists: ListNames::FromManifest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_counts() {
        let (diagnostics, summary) = sample::found();
        assert_eq!(closing(&diagnostics, &summary), "3 errors, 1 warning: 3 files checked");
        let one = Summary { messages: 1, files: vec!["m.yaml".into()], ..Summary::default() };
        assert_eq!(closing(&Diagnostics::new(), &one), "valid: 1 message, 1 file checked");
    }

    #[test]
    fn lists_are_named_from_here() {
        let files = ["teams/b.conf", "lists/y.csv"].map(Arc::from).to_vec();
        let summary = Summary { files, ..Summary::default() };
        for (file, expected) in
            [("teams/b.conf", "teams/b.conf"), ("lists/y.csv", "teams/lists/y.csv"), ("other.csv", "other.csv")]
        {
            assert_eq!(from_here(file, &summary), expected);
        }
    }

    #[test]
    fn lines_are_harmless() {
        assert_eq!(one_line("a\n\u{1b}[31m\u{202e}5511999998888", true), "a \\u{1b}[31m\\u{202e}55119****8888");
    }
}
