//! Diagnostics for people: the line with a caret, and what to do (drawn by `annotate-snippets`).

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Style, Summary, closing, cut_lines, masked, one_line};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity, Span};

/// Lines longer than this are cut around the caret here; the library cuts shorter ones to the terminal's width itself.
const LINE_CHARACTERS_MAX: usize = 4000;
/// How much is kept before the caret, and in all.
const BEFORE_CARET_CHARACTERS: usize = 60;
const CUT_CHARACTERS: usize = 200;

pub(super) fn render(diagnostics: &Diagnostics, summary: &Summary, style: Style) -> String {
    let mut out = found(diagnostics, style);
    for line in cut_lines(diagnostics) {
        out.push_str(&line);
        out.push('\n');
    }
    out.push_str(&closing(diagnostics, summary));
    out.push('\n');
    out
}

/// One after the other, a blank line behind each.
pub(super) fn found(diagnostics: &Diagnostics, style: Style) -> String {
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width.max(40));
    let mut out = String::new();
    for diagnostic in diagnostics.sorted() {
        out.push_str(&one(diagnostic, &renderer, style.mask));
        out.push_str("\n\n");
    }
    out
}

fn one(diagnostic: &Diagnostic, renderer: &Renderer, mask: bool) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(one_line(&diagnostic.message, mask)).id(diagnostic.code.id));
    if let Some(place) = &diagnostic.place {
        group = pointed(group, place, None, mask);
    }
    for related in &diagnostic.related {
        group = pointed(group, &related.place, Some(one_line(&related.message, mask)), mask);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(one_line(help, mask)));
    }
    renderer.render(&[group])
}

/// Adds a place: its file, line and column, and the line itself with a caret where there is one.
fn pointed<'a>(group: Group<'a>, place: &'a Place, label: Option<String>, mask: bool) -> Group<'a> {
    let file = one_line(&place.file, false);
    let Some(span) = place.span else { return group.element(Origin::path(file)) };
    let origin = Origin::path(file.clone()).line(span.line as usize).char_column(span.column as usize);
    let Some(excerpt) = place.excerpt.as_deref() else { return group.element(origin) };
    let line = cut(&masked(first_line(excerpt), mask), span);
    let kind = if label.is_some() { AnnotationKind::Context } else { AnnotationKind::Primary };
    let mut annotation = kind.span(line.caret.clone());
    if let Some(label) = label {
        annotation = annotation.label(label);
    }
    let snippet = Snippet::source(line.text).line_start(span.line as usize).annotation(annotation);
    // The library works the column out from the text it is given, which is wrong for a text that was cut.
    if line.is_cut { group.element(origin).element(snippet) } else { group.element(snippet.path(file)) }
}

fn first_line(excerpt: &str) -> &str {
    excerpt.split(['\n', '\r']).next().unwrap_or_default()
}

/// A line that fits, and the bytes of it that are pointed at.
#[derive(Debug, PartialEq, Eq)]
struct CutLine {
    text: String,
    caret: std::ops::Range<usize>,
    is_cut: bool,
}

/// Cuts a line around its caret. What goes over several lines is pointed at up to the end of the first.
fn cut(line: &str, span: Span) -> CutLine {
    let length = line.chars().count();
    let start = (span.column as usize - 1).min(length);
    let end = if span.end_line == span.line { (span.end_column as usize - 1).clamp(start, length) } else { length };
    if length <= LINE_CHARACTERS_MAX {
        return CutLine { text: line.to_owned(), caret: bytes(line, start)..bytes(line, end), is_cut: false };
    }
    let from = start.saturating_sub(BEFORE_CARET_CHARACTERS);
    let to = (from + CUT_CHARACTERS).min(length);
    let mut text = String::new();
    if from > 0 {
        text.push('…');
    }
    let shift = text.len();
    let kept = &line[bytes(line, from)..bytes(line, to)];
    text.push_str(kept);
    let caret = shift + bytes(kept, start - from)..shift + bytes(kept, end.min(to) - from);
    if to < length {
        text.push('…');
    }
    CutLine { text, caret, is_cut: true }
}

/// The byte at which a character starts.
fn bytes(line: &str, character: usize) -> usize {
    line.char_indices().nth(character).map_or(line.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::diagnostic::Diagnostic;

    const PLAIN: Style = Style { colour: false, mask: true, width: 100 };

    #[test]
    fn excerpts_have_carets_and_help() {
        let (diagnostics, summary) = sample::found();
        let expected = r#"error[E308]: `11 9****-8888` lacks its country code
 --> lists/vip.csv:3:5
  |
3 | São,11 9****-8888,x
  |     ^^^^^^^^^^^^^
  |
  = help: for a number in Brazil write 55119****8888

warning[W301]: 55119****7777 is listed already
 --> lists/vip.csv:9:1
  |
9 | 55119****7777
  | ^^^^^^^^^^^^^
  |
 ::: lists/a, b.csv:2:1
  |
2 | 55119****7777
  | ------------- first listed here

error[E308]: 100% wrong: <a> & "b"
--> m.yaml

error[E308]: nowhere

3 errors, 1 warning: 3 files checked
"#;
        assert_eq!(render(&diagnostics, &summary, PLAIN), expected);
    }

    #[test]
    fn tabs_wide_characters_and_long_lines() {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(Diagnostic::new(&sample::ERROR, "tab").at(sample::place("a.csv", 1, 3, 2, "a\tbc\td")));
        diagnostics.push(Diagnostic::new(&sample::ERROR, "wide").at(sample::place("a.csv", 2, 5, 2, "日本,😀é,x")));
        let long = "x".repeat(500) + "é!" + &"y".repeat(500);
        diagnostics.push(Diagnostic::new(&sample::ERROR, "long").at(sample::place("a.csv", 3, 502, 1, &long)));
        diagnostics.push(Diagnostic::new(&sample::ERROR, "end").at(sample::place("a.csv", 4, 4, 0, "abc")));
        let longer = "x".repeat(5000) + "é!" + &"y".repeat(500);
        diagnostics.push(Diagnostic::new(&sample::ERROR, "longer").at(sample::place("a.csv", 5, 5002, 1, &longer)));
        let expected = r"error[E308]: tab
 --> a.csv:1:3
  |
1 | a    bc    d
  |      ^^

error[E308]: wide
 --> a.csv:2:5
  |
2 | 日本,😀é,x
  |        ^^

error[E308]: long
 --> a.csv:3:502
  |
3 | ...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxé!yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy...
  |                                                ^

error[E308]: end
 --> a.csv:4:4
  |
4 | abc
  |    ^

error[E308]: longer
 --> a.csv:5:5002
  |
 ::: 
5 | …xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxé!yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy...
  |                                                              ^

5 errors: 0 files checked
";
        assert_eq!(render(&diagnostics, &Summary::default(), PLAIN), expected);
    }

    #[test]
    fn colours_only_when_asked_for() {
        let (diagnostics, summary) = sample::found();
        assert!(!render(&diagnostics, &summary, PLAIN).contains('\u{1b}'));
        assert!(render(&diagnostics, &summary, Style { colour: true, ..PLAIN }).contains('\u{1b}'));
    }
}
