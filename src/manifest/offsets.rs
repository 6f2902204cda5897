//! What the YAML parser counts, in our terms: character indices to byte offsets, its marks to spans. Pure.

use saphyr_parser::{ScalarStyle, Span as Marks};

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

/// Where a quoted text ends, behind its closing quote; `None` for a text without quotes.
pub(super) fn closing_quote(written: &str, style: ScalarStyle) -> Option<usize> {
    let quote = match style {
        ScalarStyle::SingleQuoted => b'\'',
        ScalarStyle::DoubleQuoted => b'"',
        ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => return None,
    };
    let bytes = written.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        let doubled = quote == b'\'' && bytes.get(at + 1) == Some(&quote);
        at += match *byte {
            b'\\' if quote == b'"' => 2,
            byte if byte == quote && !doubled => return Some(at + 1),
            byte if byte == quote => 2,
            _ => 1,
        };
    }
    None
}

/// Line and column behind a text that begins where `span` does.
pub(super) fn end_of(written: &str, span: Span) -> (u32, u32) {
    let last = written.rsplit('\n').next().unwrap_or_default();
    let breaks = to_u32(written.matches('\n').count());
    let before = if breaks == 0 { span.column } else { 1 };
    (span.line + breaks, before + to_u32(last.chars().count()))
}

/// Where a double-quoted text, which begins with its quote, has an escape that there is not, and how long it is.
pub(super) fn wrong_escape(written: &str) -> Option<(usize, usize)> {
    let mut at = 1;
    while let Some(found) = written.get(at..)?.find(['"', '\\']) {
        at += found;
        let escaped = written[at..].strip_prefix('\\')?;
        let letter = escaped.chars().next()?;
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let is_known = "0abt\tnvfre \"/\\N_LPxuU\n\r".contains(letter);
        let hexadecimal = escaped.chars().skip(1).take(digits).take_while(char::is_ascii_hexdigit).count();
        if !is_known || hexadecimal < digits {
            return Some((at, 1 + letter.len_utf8()));
        }
        at += 1 + letter.len_utf8() + digits;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_texts_end_at_their_quotes() {
        for (written, style, end) in [
            ("\"a\"  # \"b\"", ScalarStyle::DoubleQuoted, Some(3)),
            ("\"a\\\"b\\\\\" ", ScalarStyle::DoubleQuoted, Some(8)),
            ("'it''s' # 'x'", ScalarStyle::SingleQuoted, Some(7)),
            ("''  ", ScalarStyle::SingleQuoted, Some(2)),
            ("a 'b'", ScalarStyle::Plain, None),
        ] {
            assert_eq!(closing_quote(written, style), end, "{written}");
        }
        let span = Span::on_line(3, 5, 1);
        assert_eq!(end_of("\"é\"", span), (3, 8));
        assert_eq!(end_of("\"a\n  b\"", span), (4, 5));
    }

    #[test]
    fn escapes_that_there_are_not() {
        for (written, at) in [
            ("\"C:\\Users\"", Some((3, 2))),
            ("\"50\\% off\"", Some((3, 2))),
            ("\"\\u00e9 \\x41 \\n \\\\ \\é\"", Some((19, 3))),
            ("\"\\n\" \\%", None),
            ("\"never closed", None),
        ] {
            assert_eq!(wrong_escape(written), at, "{written}");
        }
    }
}
