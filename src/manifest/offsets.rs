//! What the YAML parser counts, in our terms: character indices to byte offsets, its marks to spans. Pure.

use saphyr_parser::Span as Marks;

use crate::diagnostic::Span;
use crate::diagnostic::source::Source;

/// Character indices, which the parser counts in, to byte offsets.
pub(super) struct Offsets {
    /// Empty when every character is one byte.
    bytes: Vec<u32>,
    len: usize,
}

impl Offsets {
    pub(super) fn new(text: &str) -> Self {
        let bytes = if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| to_u32(at)).collect() };
        Self { bytes, len: text.len() }
    }

    pub(super) fn byte(&self, index: usize) -> usize {
        if self.bytes.is_empty() {
            return index.min(self.len);
        }
        self.bytes.get(index).map_or(self.len, |at| *at as usize)
    }
}

pub(super) fn span_of(marks: Marks) -> Span {
    Span {
        line: to_u32(marks.start.line()),
        column: to_u32(marks.start.col()) + 1,
        end_line: to_u32(marks.end.line()),
        end_column: to_u32(marks.end.col()) + 1,
    }
}

/// The part of a span on its first line.
pub(super) fn first_line(span: Span, source: &Source) -> Span {
    if span.end_line == span.line {
        return span;
    }
    Span::on_line(span.line, span.column, source.width(span.line).saturating_sub(span.column - 1))
}

pub(super) fn to_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
