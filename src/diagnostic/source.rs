//! A text with its line table: turns byte offsets into places with an excerpt.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Place, Span};

/// A whole text kept in memory: the manifest. Rows are streamed and build their places themselves.
#[derive(Debug, Clone)]
pub struct Source {
    pub file: Arc<str>,
    pub text: Arc<str>,
    /// Byte offset at which each line starts.
    line_starts: Arc<[usize]>,
    /// Lines that excerpts show otherwise than they are, by number from 1: they may hold secrets.
    hidden: Arc<BTreeMap<u32, String>>,
}

impl Source {
    pub fn new(file: Arc<str>, text: Arc<str>) -> Self {
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1))
            .collect();
        Self { file, text, line_starts, hidden: Arc::default() }
    }

    /// Shows these lines, by number from 1, in these words wherever an excerpt is made. They are as long as the lines are.
    #[must_use]
    pub fn hiding(self, lines: BTreeMap<u32, String>) -> Self {
        Self { hidden: Arc::new(lines), ..self }
    }

    /// Line and column (both from 1, the column in characters) of a byte offset.
    pub fn position(&self, offset: usize) -> (u32, u32) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1) - 1;
        let column = self.text[self.line_starts[line]..offset].chars().count() + 1;
        (to_u32(line + 1), to_u32(column))
    }

    /// The place of a byte range, with the lines it touches.
    pub fn place(&self, range: std::ops::Range<usize>) -> Place {
        let (line, column) = self.position(range.start);
        let (end_line, end_column) = self.position(range.end.max(range.start));
        self.place_of(Span { line, column, end_line, end_column })
    }

    /// The place of a span that is known already, with the lines it touches.
    pub fn place_of(&self, span: Span) -> Place {
        let excerpt = self.lines(span.line, span.end_line);
        Place { file: Arc::clone(&self.file), span: Some(span), excerpt: Some(excerpt) }
    }

    fn lines(&self, first: u32, last: u32) -> Arc<str> {
        let start = self.line_starts.get(first.saturating_sub(1) as usize).copied().unwrap_or(self.text.len());
        let end = self.line_starts.get(last as usize).copied().unwrap_or(self.text.len());
        let lines = self.text[start..end.max(start)].trim_end_matches(['\n', '\r']);
        if self.hidden.range(first..=last.max(first)).next().is_none() {
            return Arc::from(lines);
        }
        let shown = (first..).zip(lines.split('\n')).map(|(number, line)| self.hidden.get(&number).map_or(line, |h| h));
        Arc::from(shown.collect::<Vec<_>>().join("\n"))
    }
}

fn to_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_start_at_one() {
        let source = Source::new("m.yaml".into(), "a: é\nbc: d\n".into());
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(5), (1, 5));
        assert_eq!(source.position(6), (2, 1));
        let place = source.place(6..8);
        assert_eq!(place.span, Some(Span { line: 2, column: 1, end_line: 2, end_column: 3 }));
        assert_eq!(place.excerpt.as_deref(), Some("bc: d"));
    }
}
