//! Places within a row: worked out from its raw text, and only when something is to be said about it.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Place, Span};

/// How much of a row is kept with a diagnostic.
const EXCERPT_BYTES_MAX: usize = 8 * 1024;

/// A row's text and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawRow<'a> {
    pub(super) file: &'a Arc<str>,
    pub(super) text: &'a str,
    /// The line on which it starts.
    pub(super) line: u32,
    pub(super) delimiter: u8,
}

impl RawRow<'_> {
    /// The row as a whole.
    pub(super) fn whole(&self) -> Place {
        self.place(0..self.text.len())
    }

    /// Its first line, for what is only counted.
    pub(super) fn beginning(&self) -> Place {
        Place { file: Arc::clone(self.file), span: Some(Span::on_line(self.line, 1, 0)), excerpt: None }
    }

    /// A field, by its index; the row's end when it has no such field.
    pub(super) fn field(&self, index: usize) -> Place {
        self.place(self.field_range(index).unwrap_or(self.text.len()..self.text.len()))
    }

    /// One character.
    pub(super) fn character(&self, at: usize) -> Place {
        let at = self.text.floor_char_boundary(at);
        let width = self.text[at..].chars().next().map_or(0, char::len_utf8);
        self.place(at..at + width)
    }

    /// The rest of a line.
    pub(super) fn line(&self, at: usize) -> Place {
        let end = self.text[at..].find(['\n', '\r']).map_or(self.text.len(), |end| at + end);
        self.place(at..end)
    }

    fn place(&self, range: Range<usize>) -> Place {
        let (line, column, first) = self.position(range.start);
        let (end_line, end_column, _) = self.position(range.end);
        let last = self.text[range.end..].find(['\n', '\r']).map_or(self.text.len(), |at| range.end + at);
        let last = self.text.floor_char_boundary(last.min(first + EXCERPT_BYTES_MAX));
        let excerpt = (range.start <= last).then(|| Arc::from(&self.text[first..last]));
        // A text cut short has no lines for the rest of the span.
        let (end_line, end_column) =
            if range.end <= last || excerpt.is_none() { (end_line, end_column) } else { (line, column + 1) };
        let span = Span { line, column, end_line, end_column };
        Place { file: Arc::clone(self.file), span: Some(span), excerpt }
    }

    /// Line, column in characters, and the byte at which that line starts.
    fn position(&self, offset: usize) -> (u32, u32, usize) {
        let before = &self.text[..offset];
        let mut start = 0;
        let mut line = self.line;
        for (at, byte) in before.bytes().enumerate() {
            let is_break = byte == b'\n' || (byte == b'\r' && self.text.as_bytes().get(at + 1) != Some(&b'\n'));
            if is_break {
                start = at + 1;
                line = line.saturating_add(1);
            }
        }
        let column = before.get(start..).map_or(0, |text| text.chars().count());
        (line, u32::try_from(column + 1).unwrap_or(u32::MAX), start)
    }

    /// The bytes of a field, quotes included.
    fn field_range(&self, index: usize) -> Option<Range<usize>> {
        let mut start = 0;
        let mut field = 0;
        let mut is_quoted = false;
        for (at, byte) in self.text.bytes().enumerate() {
            match byte {
                b'"' if at == start || is_quoted => is_quoted = !is_quoted,
                // The second of two quotes within a quoted text.
                b'"' if self.text.as_bytes()[at - 1] == b'"' && self.text.as_bytes()[start] == b'"' => is_quoted = true,
                _ if byte == self.delimiter && !is_quoted => {
                    if field == index {
                        return Some(start..at);
                    }
                    field += 1;
                    start = at + 1;
                }
                _ => {}
            }
        }
        (field == index).then_some(start..self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text, field, line and column of its start and end, excerpt.
    type Case = (&'static str, usize, (u32, u32, u32, u32), &'static str);

    #[test]
    fn places_count_lines_and_characters() {
        let file: Arc<str> = "lists/vip.csv".into();
        let row = |text| RawRow { file: &file, text, line: 7, delimiter: b';' };
        let cases: &[Case] = &[
            ("a;bc;d", 0, (7, 1, 7, 2), "a;bc;d"),
            ("a;bc;d", 1, (7, 3, 7, 5), "a;bc;d"),
            ("ação;é;x", 1, (7, 6, 7, 7), "ação;é;x"),
            ("\"a;b\";c", 1, (7, 7, 7, 8), "\"a;b\";c"),
            ("\"a\"\";b\";c", 1, (7, 9, 7, 10), "\"a\"\";b\";c"),
            ("\"a\nb\";c", 1, (8, 4, 8, 5), "b\";c"),
            ("\"a\r\nb\";c", 0, (7, 1, 8, 3), "\"a\r\nb\";c"),
            ("\"a\rb\";c", 1, (8, 4, 8, 5), "b\";c"),
            ("a;b", 5, (7, 4, 7, 4), "a;b"),
        ];
        for (text, index, (line, column, end_line, end_column), excerpt) in cases {
            let place = row(text).field(*index);
            let span = Span { line: *line, column: *column, end_line: *end_line, end_column: *end_column };
            assert_eq!((place.span, place.excerpt.as_deref()), (Some(span), Some(*excerpt)), "{text:?} {index}");
        }
        let long = "x".repeat(100_000) + ";y";
        assert!(row(&long).field(1).excerpt.is_none());
        assert!(row(&long).whole().excerpt.is_some_and(|excerpt| excerpt.len() == EXCERPT_BYTES_MAX));
    }
}
