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
    troubles_said: usize,
    /// How many errors are about the file rather than a row: its encoding, or where its rows end.
    pub(super) file_errors: u64,
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
        let raw = Raw { range: 0..0, line: 0, fault: None, row_within: None };
        Self {
            file: Arc::clone(file),
            records,
            csv,
            record: StringRecord::new(),
            raw,
            troubles_said: 0,
            file_errors: 0,
        }
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
        if let Some(at) = self.raw.row_within {
            diagnostics.push(text::row_within_text().at(self.raw_row().line(at)));
        }
        self.file_errors += u64::from(self.raw.fault.is_some_and(RawFault::is_of_file));
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
                RawFault::UnclosedQuote { at, .. } => (text::unclosed_quote(), row.character(at)),
                RawFault::Doubtful { at, row: swallowed } => {
                    (text::doubtful_quote(row.line(swallowed)), row.character(at))
                }
                RawFault::AfterQuote { at, .. } => (text::after_quote(), row.character(at)),
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
        let is_blank = self.record.iter().skip(expected).all(|field| field.trim().is_empty());
        Some((text::ragged(fields, expected, is_blank), place))
    }

    /// Says once what the decoder had to assume, at the first row that it touches.
    fn report_trouble(&mut self, diagnostics: &mut Diagnostics) {
        while let Some((trouble, at)) = self.records.trouble_before_end(&self.raw, self.troubles_said) {
            self.troubles_said += 1;
            let found = match trouble.kind {
                TroubleKind::Windows1252 => text::windows_1252(),
                TroubleKind::EncodedTwice => text::encoded_twice(),
                TroubleKind::Invalid => {
                    self.file_errors += 1;
                    text::encoding()
                }
            };
            diagnostics.push(found.at(self.raw_row().character(at)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::decode;

    /// Everything read from `bytes`, a line a row: `line:fields` or `line!`, then the diagnostics as
    /// `line:column code`.
    fn read(bytes: &[u8], delimiter: u8) -> (Vec<String>, Vec<String>) {
        read_for(bytes, delimiter, 0)
    }

    /// The same where the recipient stands in the field `phone`.
    fn read_for(bytes: &[u8], delimiter: u8, phone: usize) -> (Vec<String>, Vec<String>) {
        let decode::Opened::Text(decoder) = decode::open(bytes).unwrap() else { panic!("a workbook") };
        let mut records = Records::new(decoder);
        records.delimiter = delimiter;
        let mut reader = Reader::new(&"a.csv".into(), records);
        let mut diagnostics = Diagnostics::new();
        let mut rows = Vec::new();
        let mut expected = None;
        while let Some(row) = reader.next(expected, &mut diagnostics).unwrap() {
            let fields: Vec<&str> = row.fields.iter().collect();
            let fault = if row.fault.is_some() { "!" } else { "" };
            rows.push(format!("{}{fault}:{}", row.raw.line, fields.join("|")));
            let count = *expected.get_or_insert(fields.len());
            reader.records_mut().shape = Some(super::super::quotes::Shape { fields: count, phone });
        }
        let found = diagnostics.sorted().into_iter().map(|found| {
            let span = found.place.as_ref().and_then(|place| place.span).unwrap();
            format!("{}:{} {}", span.line, span.column, found.code.id)
        });
        (rows, found.collect())
    }

    #[test]
    fn rows_lines_and_faults() {
        let long_field = format!("p,n\n1,{}\n2,b\n", "x".repeat(FIELD_BYTES_MAX + 1));
        let long_text = format!("p,n\n1,\"{}\n2,b\n", "x\n".repeat(FIELD_BYTES_MAX));
        let long_line = format!("p,n\n1,{}\r\n2,b\n", "x".repeat(LINE_BYTES_MAX + 10));
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("p,n\n1,a\n2,b\n", &["1:p|n", "2:1|a", "3:2|b"], &[]),
            ("p,n\r\n1,a\r\n2,b", &["1:p|n", "2:1|a", "3:2|b"], &[]),
            ("p,n\r1,a\r\r2,b\r", &["1:p|n", "2:1|a", "4:2|b"], &[]),
            ("\n\np,n\n\n  \n1,a\n,,,\n2,b\n\n", &["3:p|n", "6:1|a", "8:2|b"], &[]),
            ("p,n\n1,\"a\nb\"\n2,c\n", &["1:p|n", "2:1|a\nb", "4:2|c"], &[]),
            ("p,n\r\n1,\"a\r\n\r\nb\"\r\n2,\"c \"\"d\"\"\"\r\n", &["1:p|n", "2:1|a\r\n\r\nb", "5:2|c \"d\""], &[]),
            ("p,n\n1,a \"quoted\" b\n", &["1:p|n", "2:1|a \"quoted\" b"], &[]),
            ("p,n\n1\n2,b,c\n", &["1:p|n", "2!:1", "3!:2|b|c"], &["2:1 E212", "3:5 E212"]),
            ("p,n\n1,\"a\n2,b\n3,c\n", &["1:p|n", "2!:", "3:2|b", "4:3|c"], &["2:3 E213"]),
            ("p,n\n1,\"a\n2,\"b\"\n3,c\n", &["1:p|n", "2!:", "3:2|b", "4:3|c"], &["2:3 E213"]),
            ("p,n\n1,\"a\" x\n2,b\n", &["1:p|n", "2!:", "3:2|b"], &["2:6 E214"]),
            ("p,n\n1,\"a\nb\",\"c\"d\n2,b\n", &["1:p|n", "2!:", "4:2|b"], &["3:7 E214"]),
            ("p,n\n1,\"a\nb\",\"c\n2,b\n", &["1:p|n", "2!:", "4:2|b"], &["3:4 E213"]),
            ("p,n\n1,a\0b\n2,b\n", &["1:p|n", "2!:", "3:2|b"], &["2:4 E215"]),
            (&long_text, &["1:p|n", "2!:"], &["2:3 E213"]),
            ("\u{feff}p,n\n1,é\n", &["1:p|n", "2:1|é"], &[]),
        ];
        for (text, rows, faults) in cases {
            let (found_rows, found_faults) = read(text.as_bytes(), b',');
            let shown = &text[..text.len().min(80)];
            assert_eq!(&found_rows[..rows.len()], *rows, "{shown:?}");
            assert_eq!(&found_faults[..faults.len()], *faults, "{shown:?}");
            if !std::ptr::eq(*text, long_text.as_str()) {
                assert_eq!((found_rows.len(), found_faults.len()), (rows.len(), faults.len()), "{shown:?}");
            }
        }
        let (rows, faults) = read(long_field.as_bytes(), b',');
        assert_eq!((rows.len(), &faults[..]), (3, &["2:3 E216".to_owned()][..]));
        let (rows, faults) = read(long_line.as_bytes(), b',');
        assert_eq!(
            (&rows[1..], &faults[..]),
            (&["2!:".to_owned(), "3:2|b".to_owned()][..], &["2:1 E217".to_owned()][..])
        );
    }

    #[test]
    fn a_quote_over_rows_is_a_text_or_a_stray_one_or_nobody_knows() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("p,n\n5511999998888,\"a\n5511999998887,b\n5511999998886,\"\n", &["1:p|n", "2!:"], &["2:15 E220"]),
            (
                "p,n\n5511999998888,\"a\n5511999998887,b\"\n5511999998886,c\n",
                &["1:p|n", "2!:", "4:5511999998886|c"],
                &["2:15 E220"],
            ),
            (
                "p,n\n5511999998888,\"a\n5511999998887,b\nfim\"\n5511999998886,c\n",
                &["1:p|n", "2:5511999998888|a\n5511999998887,b\nfim", "5:5511999998886|c"],
                &["3:1 W203"],
            ),
            (
                "p,n\n5511999998888,\"a\n5511999998887,b\n5511999998886,\"c\"\n",
                &["1:p|n", "2!:", "3:5511999998887|b", "4:5511999998886|c"],
                &["2:15 E213"],
            ),
            (
                "p,n\n5511999998888,\"a\n5511999998887,b\n5511999998886,c\n",
                &["1:p|n", "2!:", "3:5511999998887|b", "4:5511999998886|c"],
                &["2:15 E213"],
            ),
            (
                "p,n,m\n5511999998888,\"a,1\n5511999998887,b,2\n5511999998886,c,3\"\n",
                &["1:p|n|m", "2!:", "3:5511999998887|b|2", "4:5511999998886|c|3\""],
                &["2:15 E213"],
            ),
            (
                "p,n,m\n5511999998888,\"a\n5511999998887,b,2\n5511999998886,c\",3\n",
                &["1:p|n|m", "2:5511999998888|a\n5511999998887,b,2\n5511999998886,c|3"],
                &["3:1 W203"],
            ),
            ("p,n,m\n5511999998888,\"a,1\n\n,b,2\n5511999998886,c\",3\n", &["1:p|n|m", "2!:"], &["2:15 E220"]),
            (
                "p,n\n5511999998888,\"a\n5511999998887,b\nc\nfim\",c\n5511999998886,d\n",
                &["1:p|n", "2!:", "6:5511999998886|d"],
                &["2:15 E220"],
            ),
            ("p,n\n5.51199E+12,\"a\n5.51199E+12,b\n5.51199E+12,\"\n", &["1:p|n", "2!:"], &["2:13 E220"]),
            ("p,n\n120363019502650970,\"a\n120363019502650971,b\"\n", &["1:p|n", "2!:"], &["2:20 E220"]),
            (
                "p,n\n5511999998888,\"Rua A, 10\n2026, 01310-100\"\n",
                &["1:p|n", "2:5511999998888|Rua A, 10\n2026, 01310-100"],
                &[],
            ),
            ("p,n\n5511999998888,\"a\n5511999998887\"\n", &["1:p|n", "2:5511999998888|a\n5511999998887"], &[]),
        ];
        for (text, rows, faults) in cases {
            let (found_rows, found_faults) = read(text.as_bytes(), b',');
            assert_eq!(found_rows, *rows, "{text:?}");
            assert_eq!(found_faults, *faults, "{text:?}");
        }
    }

    #[test]
    fn a_text_before_the_recipient_swallows_nobody_but_other_rows() {
        let cases: &[(&str, usize, &[&str])] = &[
            ("n,p\n\"Pinheiros\nSP\",5511999998888\n", 1, &[]),
            ("n,p\n\"Rua A, 10\nCentro\",5511999998888\n", 1, &[]),
            ("n,p\n\"oi\n\",5511999998888\nb,5511999998887\n", 1, &[]),
            ("n,p,m\n\"Rua A, 10, 2\nCentro\",5511999998888,b\n", 1, &[]),
            ("n,p,m\n\"a\nb\",5511999998888,\"c\nd\"\n", 1, &[]),
            // A stray quote, and rows behind it.
            ("n,p\n\"a,5511999998888\nb\",5511999998887\n", 1, &["2:1 E220"]),
            ("n,p\n\"a\nb,5511999998886\nc\",5511999998887\n", 1, &["3:1 W203"]),
            // Rows that lack a field.
            ("p,n,m\n5511999998888,a,\"b\n5511999998887,c\n5511999998886,d\nfim\"\n", 0, &["3:1 W203"]),
            ("i,p,m\n1,5511999998888,\"b\n2,5511999998887\n3,5511999998886\nfim\"\n", 1, &["3:1 W203"]),
        ];
        for (text, phone, faults) in cases {
            assert_eq!(read_for(text.as_bytes(), b',', *phone).1, *faults, "{text:?}");
        }
    }

    #[test]
    fn encodings_are_reported_where_they_show() {
        let (rows, faults) = read(b"p;n\r\n1;a\r\n2;Jo\xE3o\r\n3;S\xE3o\r\n", b';');
        assert_eq!((rows[2].as_str(), &faults[..]), ("3:2|João", &["3:5 W201".to_owned()][..]));
        let (rows, faults) = read(b"p;n\n1;\xC3\xA9\n2;Jo\xE3o\n3;S\xE3o\n", b';');
        assert_eq!((rows[2].as_str(), &faults[..]), ("3:2|Jo\u{FFFD}o", &["3:5 E205".to_owned()][..]));
        let (rows, faults) = read("p;n\n1;João\n2;JoÃ£o\n3;AMANHÃ …\n".as_bytes(), b';');
        assert_eq!((rows[2].as_str(), &faults[..]), ("3:2|JoÃ£o", &["3:5 W205".to_owned()][..]));
        let (_, faults) = read(b"p;n\n1;S\xE3o\n2;b\n3;Jo\xC3\xA3o\n", b';');
        assert_eq!(faults, ["2:4 W201", "4:5 E205"]);
    }

    #[test]
    fn whatever_the_bytes_the_csv_crate_agrees_and_nothing_is_lost() {
        let alphabet = [b'a', b'"', b',', b'\n', b'\r', b'1', 0xC3, 0xA3];
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..random.usize(0..24)).map(|_| alphabet[random.usize(0..alphabet.len())]).collect();
            let (rows, faults) = read(&bytes, b',');
            if !bytes.is_ascii() || faults.iter().any(|fault| !fault.ends_with("E212")) {
                continue;
            }
            let mut plain = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&bytes[..]);
            let expected: Vec<String> = plain
                .records()
                .map(|record| record.unwrap().iter().collect::<Vec<_>>().join("|"))
                .filter(|row| !row.replace('|', "").trim().is_empty())
                .collect();
            let found: Vec<&str> = rows.iter().map(|row| row.split_once(':').unwrap().1).collect();
            assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(&bytes));
        }
    }
}
