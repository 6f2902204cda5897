//! Rows of a file whose header is known: splits raw records with the `csv` crate and reports what is wrong with a row as
//! a row. What its fields mean is for others.

use std::io::{self, Read};
use std::sync::Arc;

use csv::StringRecord;

use super::decode::TroubleKind;
use super::place::RawRow;
use super::records::{FIELD_BYTES_MAX, LINE_BYTES_MAX, Raw, RawFault, Records};
use crate::diagnostic::text::rows as text;
use crate::diagnostic::{Diagnostic, Diagnostics, Place};

/// Gives the `csv` crate one record at a time, so that it can neither swallow a file nor lose count of lines.
struct Feed {
    bytes: Vec<u8>,
    given: usize,
}

impl Read for Feed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = out.len().min(self.bytes.len() - self.given);
        out[..count].copy_from_slice(&self.bytes[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

/// Reads rows from `R`.
pub(super) struct Reader<R> {
    file: Arc<str>,
    records: Records<R>,
    csv: csv::Reader<Feed>,
    record: StringRecord,
    raw: Raw,
    trouble_was_said: bool,
}

/// What came of reading a row.
pub(super) struct Split<'a> {
    pub(super) raw: RawRow<'a>,
    pub(super) fields: &'a StringRecord,
    /// Already reported.
    pub(super) fault: Option<String>,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(file: &Arc<str>, records: Records<R>) -> Self {
        let csv = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(records.delimiter)
            .from_reader(Feed { bytes: Vec::new(), given: 0 });
        let raw = Raw { range: 0..0, line: 0, fault: None };
        Self { file: Arc::clone(file), records, csv, record: StringRecord::new(), raw, trouble_was_said: false }
    }

    pub(super) fn records_mut(&mut self) -> &mut Records<R> {
        &mut self.records
    }

    /// Reads the next record that holds anything; `None` at the end. `fields` is what the header has, if that is known.
    pub(super) fn next(
        &mut self,
        fields: Option<usize>,
        diagnostics: &mut Diagnostics,
    ) -> io::Result<Option<Split<'_>>> {
        loop {
            let Some(raw) = self.records.next()? else { return Ok(None) };
            self.raw = raw;
            self.split()?;
            let is_empty = self.raw.fault.is_none() && self.record.iter().all(|field| field.trim().is_empty());
            if !is_empty {
                break;
            }
        }
        self.report_trouble(diagnostics);
        let fault = self.fault(fields).map(|(found, place)| {
            let message = found.message.clone();
            diagnostics.push(found.at(place));
            message
        });
        Ok(Some(Split { raw: self.raw_row(), fields: &self.record, fault }))
    }

    fn raw_row(&self) -> RawRow<'_> {
        RawRow {
            file: &self.file,
            text: self.records.text(&self.raw),
            line: self.raw.line,
            delimiter: self.records.delimiter,
        }
    }

    /// Splits the record that was just cut. One whose quotes are wrong has no fields.
    fn split(&mut self) -> io::Result<()> {
        self.record.clear();
        if self.raw.fault.is_some() {
            return Ok(());
        }
        let feed = self.csv.get_mut();
        feed.bytes.clear();
        feed.given = 0;
        feed.bytes.extend_from_slice(self.records.text(&self.raw).as_bytes());
        feed.bytes.push(b'\n');
        match self.csv.read_record(&mut self.record) {
            Ok(_) => Ok(()),
            Err(error) => Err(io::Error::other(error.to_string())),
        }
    }

    /// What is wrong with the row as a row, and where.
    fn fault(&self, expected: Option<usize>) -> Option<(Diagnostic, Place)> {
        let row = self.raw_row();
        if let Some(fault) = self.raw.fault {
            return Some(match fault {
                RawFault::UnclosedQuote { at } => (text::unclosed_quote(), row.character(at)),
                RawFault::AfterQuote { at } => (text::after_quote(), row.character(at)),
                RawFault::Nul { at } => (text::nul(), row.character(at)),
                RawFault::LongLine => (text::long_line(LINE_BYTES_MAX), row.whole()),
            });
        }
        if row.text.len() > FIELD_BYTES_MAX
            && let Some(index) = self.record.iter().position(|field| field.len() > FIELD_BYTES_MAX)
        {
            return Some((text::long_field(FIELD_BYTES_MAX), row.field(index)));
        }
        let (fields, expected) = (self.record.len(), expected?);
        if fields == expected {
            return None;
        }
        let place = if fields > expected { row.field(expected) } else { row.whole() };
        Some((text::ragged(fields, expected), place))
    }

    /// Says once what the decoder had to assume, at the first row that it touches.
    fn report_trouble(&mut self, diagnostics: &mut Diagnostics) {
        if self.trouble_was_said {
            return;
        }
        let Some((trouble, at)) = self.records.trouble_before_end(&self.raw) else { return };
        self.trouble_was_said = true;
        let found = match trouble.kind {
            TroubleKind::Windows1252 => text::windows_1252(),
            TroubleKind::Invalid => text::encoding(),
        };
        diagnostics.push(found.at(self.raw_row().character(at)));
    }
}
