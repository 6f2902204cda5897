//! Where in the manifest a byte of a scalar's text stands: quotes, escapes, indentation and folded lines lie between.

use std::ops::Range;

use saphyr_parser::ScalarStyle;

use super::super::offsets::first_line;
use super::super::tree::{Kind, Node};
use crate::diagnostic::Span;
use crate::diagnostic::source::Source;

/// The span of a range of a scalar's text. `text` is the scalar's; offsets are bytes.
pub(in crate::manifest) fn locate(source: &Source, node: &Node, text: &str, range: Range<usize>) -> Span {
    Positions::of(source, node, text).span(source, node, range)
}

/// Where every byte of a scalar's text stands: worked out once, because a text may use thousands of names.
pub(in crate::manifest) struct Positions {
    /// Offsets into the source by offsets into the text; `None` within characters.
    written: Vec<Option<u32>>,
    /// Where the text ends; `None` when the two could not be brought together.
    finish: Option<u32>,
}

impl Positions {
    pub(in crate::manifest) fn of(source: &Source, node: &Node, text: &str) -> Self {
        let mut written = vec![None; text.len() + 1];
        let Kind::Scalar { style, .. } = &node.kind else { return Self { written, finish: None } };
        let raw = &source.text[node.bytes.0 as usize..(node.bytes.1 as usize).max(node.bytes.0 as usize)];
        let offset = |at: usize| u32::try_from(at).ok().map(|at| node.bytes.0 + at);
        let finish = align(raw, text, *style, |value_at, raw_at| written[value_at] = offset(raw_at));
        Self { written, finish: finish.and_then(offset) }
    }

    pub(in crate::manifest) fn span(&self, source: &Source, node: &Node, range: Range<usize>) -> Span {
        let Some(finish) = self.finish else { return first_line(node.span, source) };
        let at = |offset: usize| self.written.get(offset).copied().flatten().unwrap_or(finish) as usize;
        let start = at(range.start);
        source.place(start..at(range.end).max(start)).span.unwrap_or(node.span)
    }
}

/// Walks the written form and the text side by side and tells for each character of the text where it is written.
/// Returns where the text ends in the written form; `None` when the two cannot be brought together.
fn align(raw: &str, text: &str, style: ScalarStyle, mut found: impl FnMut(usize, usize)) -> Option<usize> {
    let mut at = match style {
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => raw.starts_with(['"', '\'']).then_some(1)?,
        // The content begins below the header, where there is one in what the parser calls the scalar.
        ScalarStyle::Literal | ScalarStyle::Folded if raw.starts_with(['|', '>']) => raw.find('\n')? + 1,
        ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => 0,
    };
    let mut characters = text.char_indices().peekable();
    while let Some((value_at, character)) = characters.next() {
        if style == ScalarStyle::DoubleQuoted {
            at += escaped_breaks(&raw[at..]);
        }
        let rest = &raw[at..];
        if rest.starts_with(character) && !is_blank(character) {
            if character == '\\' && style == ScalarStyle::DoubleQuoted {
                // An escaped backslash; anything else with a backslash is not the character itself.
                found(value_at, at);
                at += 2.min(rest.len());
                continue;
            }
            found(value_at, at);
            at += character.len_utf8();
            if character == '\'' && style == ScalarStyle::SingleQuoted {
                at += 1;
            }
            continue;
        }
        if style == ScalarStyle::DoubleQuoted && rest.starts_with('\\') {
            found(value_at, at);
            at += escape_length(rest);
            continue;
        }
        if is_blank(character) {
            found(value_at, at);
            let same_line = rest.chars().next().is_some_and(|c| c == character && c != '\n');
            if same_line && characters.peek().is_some_and(|(_, next)| is_blank(*next)) {
                at += character.len_utf8();
            } else if rest.starts_with(is_blank) {
                // The last blank of a run: everything up to the next word, be it indentation or a folded line.
                let more = characters.peek().is_some_and(|(_, next)| is_blank(*next));
                at += if more { rest.find('\n').map_or(1, |newline| newline + 1) } else { blanks(rest) };
            }
            continue;
        }
        // Indentation or trailing blanks stand between.
        let next = at + blanks(rest);
        if next == at || !raw[next..].starts_with(character) {
            return None;
        }
        found(value_at, next);
        at = next + character.len_utf8();
    }
    found(text.len(), at);
    Some(at.min(raw.len()))
}

/// What YAML folds and cuts; a no-break space is a character like any other to it.
fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches(is_blank).len()
}

/// The bytes of the line breaks with a backslash before them that a text begins with: they and the indentation behind
/// them are no part of what is said.
fn escaped_breaks(text: &str) -> usize {
    let mut rest = text;
    while let Some(line) = rest.strip_prefix("\\\n").or_else(|| rest.strip_prefix("\\\r\n")) {
        rest = line.trim_start_matches([' ', '\t']);
    }
    text.len() - rest.len()
}

/// The bytes of the escape sequence that `text` begins with.
fn escape_length(text: &str) -> usize {
    let digits = match text.as_bytes().get(1) {
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        _ => 0,
    };
    let character = text[1..].chars().next().map_or(0, char::len_utf8);
    (1 + character + digits).min(text.len())
}
