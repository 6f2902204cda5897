//! Quotes: where a quoted text begins and ends, and whether one that goes on over lines is a text or has swallowed rows.
//!
//! A stray quote makes one text of all rows down to the next stray quote. A contact list within a cell looks alike. So
//! both ways of reading it are tried, and where both hold, or neither does, nothing is guessed: it would be a guess that
//! sends. Reads no file and says nothing itself.

use super::records::LineEnd;
use crate::recipient;

/// What rows look like, to recognise one that a quote has swallowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) fields: usize,
    pub(super) phone: usize,
}

impl Shape {
    fn has_fields_of(self, line: &str, delimiter: u8) -> bool {
        line.split(char::from(delimiter)).count() == self.fields
    }

    /// Whether a line looks like a row. Where there is one column only, any line of a text would.
    pub(super) fn is_of(self, line: &str, delimiter: u8) -> bool {
        self.fields > 1 && self.has_fields_of(line, delimiter) && self.names_one(line, delimiter)
    }

    /// The same for a row that may lack fields, or have too many; a number alone is none.
    fn is_nearly_of(self, line: &str, delimiter: u8) -> bool {
        self.fields > 1 && line.split(char::from(delimiter)).nth(1).is_some() && self.names_one(line, delimiter)
    }

    fn names_one(self, line: &str, delimiter: u8) -> bool {
        line.split(char::from(delimiter)).nth(self.phone).is_some_and(recipient::looks_like_one)
    }
}

/// Where in a record's quotes we are. Agrees with the `csv` crate: a quote opens at the start of a field only, and two
/// within a quoted text are one.
pub(super) struct QuoteState {
    delimiter: u8,
    place: QuotePlace,
    /// Where the last quote was opened.
    pub(super) opened: usize,
    /// How many fields there are so far.
    pub(super) fields: usize,
    at: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum QuotePlace {
    FieldStart,
    Unquoted,
    Quoted,
    /// Behind a quote within a quoted text: its end, or the first of two.
    Closing,
}

impl QuoteState {
    pub(super) fn new(delimiter: u8) -> Self {
        Self { delimiter, place: QuotePlace::FieldStart, opened: 0, fields: 1, at: 0 }
    }

    pub(super) fn is_open(&self) -> bool {
        self.place == QuotePlace::Quoted
    }

    /// Reads a record from `from` to the end of what there is; where text follows a closing quote, if it does.
    pub(super) fn read(&mut self, record: &str, from: usize) -> Option<usize> {
        self.at = from;
        for byte in &record.as_bytes()[from..] {
            self.place = match (self.place, *byte) {
                (QuotePlace::FieldStart, b'"') => {
                    self.opened = self.at;
                    QuotePlace::Quoted
                }
                (QuotePlace::Quoted, b'"') => QuotePlace::Closing,
                (QuotePlace::Closing, b'"') | (QuotePlace::Quoted, _) => QuotePlace::Quoted,
                (_, byte) if byte == self.delimiter => {
                    self.fields += 1;
                    QuotePlace::FieldStart
                }
                (QuotePlace::Closing, _) => return Some(self.at),
                (QuotePlace::FieldStart | QuotePlace::Unquoted, _) => QuotePlace::Unquoted,
            };
            self.at += 1;
        }
        None
    }
}

/// A quote that is open where its line ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening {
    pub(super) at: usize,
    /// The end of its line, and how many lines of the record there are up to there.
    pub(super) end: LineEnd,
    pub(super) lines: u32,
}

/// The lines that a quoted text goes over, looked at as rows of their own.
pub(super) struct Swallowed {
    pub(super) opening: Opening,
    /// Where the first of them stands that names a recipient.
    pub(super) row: Option<usize>,
    /// That one of them has not the fields of a row, the line where the quote was opened included.
    is_ragged: bool,
}

/// What the lines behind a quoted text are that ends wrongly, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind {
    /// Rows, or nothing that anybody would take for one.
    Rows,
    /// Some look like rows, and may be the rest of the text.
    Doubtful,
}

/// What a quote tells of the lines before it, whatever they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// A field begins: those lines were none of a quoted text.
    Opens,
    /// A field ends that did not begin in its line.
    Closes,
}

/// How a record whose quotes all close is to be read.
pub(super) enum Reading {
    /// The quoted text is one, even where the line at `row` looks like a row.
    Text { row: Option<usize> },
    /// The quote is a stray one: its lines are rows.
    Rows,
    /// Both hold, or neither does.
    Either { row: usize },
}

impl Swallowed {
    pub(super) fn new(opening: Opening) -> Self {
        Self { opening, row: None, is_ragged: false }
    }

    /// Takes the line where the quote was opened: the fields up to the quote, and the line from there.
    pub(super) fn opening_line(&mut self, fields: usize, rest: &str, delimiter: u8, shape: Option<Shape>) {
        let fields = fields - 1 + rest.split(char::from(delimiter)).count();
        self.is_ragged = shape.is_some_and(|shape| shape.fields != fields);
    }

    /// Takes a line, which begins at `at`. One in which the record's own recipient stands, outside of the text, names
    /// nobody whom the text has swallowed.
    pub(super) fn line(&mut self, at: usize, line: &str, has_own: bool, delimiter: u8, shape: Option<Shape>) {
        let Some(shape) = shape.filter(|shape| shape.fields > 1) else { return };
        // Between rows nobody minds a blank line.
        self.is_ragged |= !shape.has_fields_of(line, delimiter) && !line.trim().is_empty();
        if self.row.is_none() && !has_own && shape.is_nearly_of(line, delimiter) {
            self.row = Some(at);
        }
    }

    /// Decides, for a record of so many fields.
    pub(super) fn reading(&self, fields: usize, shape: Option<Shape>) -> Reading {
        let Some(row) = self.row else { return Reading::Text { row: None } };
        let is_text = shape.is_some_and(|shape| shape.fields == fields);
        match (is_text, !self.is_ragged) {
            (true, false) => Reading::Text { row: Some(row) },
            (false, true) => Reading::Rows,
            (true, true) | (false, false) => Reading::Either { row },
        }
    }
}

/// Whether a quoted text that holds further quotes ends in the line where it begins.
pub(super) fn closes_itself(text: &str) -> bool {
    text.trim_end().ends_with('"') && text.matches('"').count().is_multiple_of(2)
}

/// What the first quote of a line tells that is not in the middle of a text.
pub(super) fn first_sign(line: &str, delimiter: u8) -> Option<Sign> {
    let bytes = line.as_bytes();
    let is_end = |at: usize| bytes.get(at).is_none_or(|byte| *byte == delimiter);
    bytes.iter().enumerate().filter(|(_, byte)| **byte == b'"').find_map(|(at, _)| {
        let is_start = at == 0 || bytes[at - 1] == delimiter;
        match (is_start, is_end(at + 1)) {
            (_, true) => Some(Sign::Closes),
            (true, false) => Some(Sign::Opens),
            (false, false) => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_tells_what_the_lines_before_it_are() {
        let cases = [
            ("a,b", None),
            ("a,b \"c\" d", None),
            ("a,\"b\"", Some(Sign::Opens)),
            ("\"a,b", Some(Sign::Opens)),
            ("a,\"\",b", Some(Sign::Opens)),
            ("a \"b\" c,\"d", Some(Sign::Opens)),
            ("a,b\"", Some(Sign::Closes)),
            ("a\",b", Some(Sign::Closes)),
            ("\"", Some(Sign::Closes)),
            ("\",\"b\"", Some(Sign::Closes)),
        ];
        for (line, expected) in cases {
            assert_eq!(first_sign(line, b','), expected, "{line}");
        }
        for (text, expected) in [("\"Bar \"Zé\"\"", true), ("\"12\" LP", false), ("\"say \"hi\"", false)] {
            assert_eq!(closes_itself(text), expected, "{text}");
        }
    }
}
