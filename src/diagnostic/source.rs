//! A text with its line table: turns byte offsets into places with an excerpt.
//!
//! A hostile text may be one line of 4 MiB with half a million faults in it, so nothing here costs more for each place
//! than the way from the place before: columns are counted on from there, and places on one line share its excerpt.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Place, Span};

/// How much of a line is shown; what stands behind it has a place and no excerpt.
const EXCERPT_BYTES_MAX: usize = 8 * 1024;

/// A whole text kept in memory: the manifest. Rows are streamed and build their places themselves.
#[derive(Debug, Clone)]
pub struct Source {
    pub file: Arc<str>,
    pub text: Arc<str>,
    /// Byte offset at which each line starts.
    line_starts: Arc<[usize]>,
    /// Lines that excerpts show otherwise than they are, by number from 1: they may hold secrets.
    hidden: Arc<BTreeMap<u32, String>>,
    /// What was asked last, since the next question is mostly about the same line.
    last: Arc<Mutex<Last>>,
}

#[derive(Debug, Default)]
struct Last {
    /// A byte offset and its line (from 0) and column (from 1).
    offset: usize,
    line: usize,
    column: usize,
    /// First and last line (from 1) of an excerpt.
    lines: (u32, u32),
    excerpt: Option<Arc<str>>,
    /// Characters of the excerpt's first line.
    width: usize,
}

impl Source {
    pub fn new(file: Arc<str>, text: Arc<str>) -> Self {
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1))
            .collect();
        Self { file, text, line_starts, hidden: Arc::default(), last: Arc::default() }
    }

    /// Shows these lines, by number from 1, in these words wherever an excerpt is made. They are as long as the lines are.
    #[must_use]
    pub fn hiding(self, lines: BTreeMap<u32, String>) -> Self {
        Self { hidden: Arc::new(lines), last: Arc::default(), ..self }
    }

    /// Line and column (both from 1, the column in characters) of a byte offset.
    pub fn position(&self, offset: usize) -> (u32, u32) {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1) - 1;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, before) = if last.column > 0 && last.line == line && last.offset <= offset {
            (last.offset, last.column)
        } else {
            (self.line_starts[line], 1)
        };
        let column = before + self.text[from..offset].chars().count();
        (last.offset, last.line, last.column) = (offset, line, column);
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
        // A column is at least a byte, so this shows nothing that would lie behind the excerpt.
        let in_sight = (span.column as usize) <= EXCERPT_BYTES_MAX;
        let excerpt = if in_sight { self.lines(span) } else { None };
        Place { file: Arc::clone(&self.file), span: Some(span), excerpt }
    }

    /// What stands in a range of one line, for a message: as excerpts show it.
    pub fn quoted(&self, range: std::ops::Range<usize>) -> Cow<'_, str> {
        let (line, column) = self.position(range.start);
        let written = &self.text[range];
        self.hidden.get(&line).map_or(Cow::Borrowed(written), |hidden| {
            hidden.chars().skip(column as usize - 1).take(written.chars().count()).collect()
        })
    }

    /// How many characters a line (from 1) has.
    pub fn width(&self, line: u32) -> u32 {
        to_u32(self.text[self.range(line, line)].chars().count())
    }

    /// The text of the span's lines, as far as it is shown; `None` when the span begins behind that.
    fn lines(&self, span: Span) -> Option<Arc<str>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.lines != (span.line, span.end_line) {
            last.lines = (span.line, span.end_line);
            let shown = self.shown(span.line, span.end_line);
            last.width = shown.split('\n').next().unwrap_or_default().chars().count();
            last.excerpt = Some(shown);
        }
        let excerpt = last.excerpt.clone()?;
        // Only a line that was cut can be too short for its own column.
        let cut = excerpt.len() + 4 > EXCERPT_BYTES_MAX;
        (!cut || last.width + 1 >= span.column as usize).then_some(excerpt)
    }

    /// Lines (from 1, both inclusive) as they are shown, cut where that gets long.
    fn shown(&self, first: u32, last: u32) -> Arc<str> {
        let range = self.range(first, last);
        let end = self.text.floor_char_boundary(range.end.min(range.start + EXCERPT_BYTES_MAX));
        let lines = &self.text[range.start..end];
        if self.hidden.range(first..=last.max(first)).next().is_none() {
            return Arc::from(lines);
        }
        let mut shown = String::with_capacity(lines.len());
        for (number, line) in (first..).zip(lines.split('\n')) {
            shown.push_str(if number == first { "" } else { "\n" });
            let hidden = self.hidden.get(&number).map_or(line, String::as_str);
            // A line that was cut is cut after as many characters, since its hidden form is as long.
            let end = hidden.char_indices().nth(line.chars().count()).map_or(hidden.len(), |(at, _)| at);
            shown.push_str(&hidden[..end]);
        }
        shown.into()
    }

    /// The bytes of lines (from 1, both inclusive), without the last one's break.
    fn range(&self, first: u32, last: u32) -> std::ops::Range<usize> {
        let start = self.line_starts.get(first.saturating_sub(1) as usize).copied().unwrap_or(self.text.len());
        let end = self.line_starts.get(last as usize).copied().unwrap_or(self.text.len()).max(start);
        start..start + self.text[start..end].trim_end_matches(['\n', '\r']).len()
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

    #[test]
    fn a_long_line_is_shown_as_far_as_its_beginning() {
        let text = "é".repeat(1_000_000) + "\nnext";
        let source = Source::new("m.yaml".into(), text.into());
        let (near, far) = (source.place(20..22), source.place(1_000_000..1_000_002));
        assert_eq!((near.span, far.span), (Some(Span::on_line(1, 11, 1)), Some(Span::on_line(1, 500_001, 1))));
        assert_eq!(near.excerpt.as_ref().map(|shown| shown.len()), Some(EXCERPT_BYTES_MAX));
        assert_eq!((far.excerpt, source.width(1)), (None, 1_000_000));
        // In the gap between bytes and characters, where the column alone does not tell.
        assert_eq!(source.place(10_000..10_002).excerpt, None);
        assert!(Arc::ptr_eq(&near.excerpt.unwrap(), &source.place(40..42).excerpt.unwrap()));
        assert_eq!(source.position(2_000_003), (2, 3));
        assert_eq!(source.position(2_000_001), (2, 1));
    }
}
