//! Bytes to rows: opens a recipient list, finds out its encoding and delimiter, checks its header, and streams its rows
//! with their places.
//!
//! Talks to `diagnostic` only. Knows nothing of messages; whether a field is a recipient is asked once, to tell a header
//! from data. Never holds more than a piece of the file.

mod decode;
mod dialect;
mod file;
mod header;
mod place;
mod quotes;
mod reader;
mod records;
mod row;
mod start;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::text::rows as text;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, suggest};
pub use file::Fingerprint;
use file::Opened;
use header::Header;
use quotes::Shape;
use reader::Reader;
pub use row::Row;
use start::{Delimiter, Start};

/// A recipient list that is a CSV file, as the manifest describes it.
#[derive(Debug, Clone, Copy)]
pub struct ListSpec<'a> {
    /// The manifest's folder; the file may not lie outside of it, symbolic links followed.
    pub folder: &'a Path,
    /// The file itself, absolute.
    pub path: &'a Path,
    /// As people name it, relative to the manifest's folder.
    pub shown: &'a Arc<str>,
    /// Variable, column, and where the manifest says so.
    pub columns: &'a [(String, String, Place)],
    pub delimiter: Option<u8>,
    /// The list in the manifest, for faults of the file as a whole.
    pub place: &'a Place,
    pub when_empty: WhenEmpty,
    /// What the file was when it was opened before: it has to be the same still.
    pub known: Option<Fingerprint>,
}

/// What it means that a list has no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenEmpty {
    /// Nobody would be invited: most likely an export that went wrong.
    Fault,
    /// Nobody has to be kept out yet.
    Fine,
}

/// The rows of one file, streamed.
pub struct Rows {
    file: Arc<str>,
    opened: Opened,
    reader: Reader<Arc<File>>,
    header: Header,
    phone: Option<usize>,
    when_empty: WhenEmpty,
    /// How many rows were given out.
    count: u64,
    /// That there are no rows.
    file_errors: u64,
    broken: Option<Diagnostic>,
}

/// Opens a list, finds out encoding and delimiter, and checks its header. `None` when no row can be read at all; what
/// is wrong was reported.
pub fn open(spec: &ListSpec<'_>, diagnostics: &mut Diagnostics) -> Option<Rows> {
    let refused = match file::open(spec.folder, spec.path) {
        Ok(opened) if spec.known.is_some_and(|known| known != opened.fingerprint) => text::changed(spec.shown),
        Ok(opened) => return read(spec, opened, diagnostics),
        Err(file::Refusal::Outside) => text::outside(spec.shown),
        Err(file::Refusal::NotAFile(what)) => text::not_a_file(spec.shown, what),
        Err(file::Refusal::Io(error)) => text::unreadable(spec.shown, &error),
    };
    diagnostics.push(refused.at(spec.place.clone()));
    None
}

/// Reads an opened list as far as its header.
fn read(spec: &ListSpec<'_>, opened: Opened, diagnostics: &mut Diagnostics) -> Option<Rows> {
    match begin(spec, opened, diagnostics) {
        Ok(rows) => rows,
        Err(error) => {
            diagnostics.push(text::unreadable(spec.shown, &error).at(spec.place.clone()));
            None
        }
    }
}

fn begin(spec: &ListSpec<'_>, opened: Opened, diagnostics: &mut Diagnostics) -> io::Result<Option<Rows>> {
    let wanted: Vec<&str> = spec.columns.iter().map(|(_, column, _)| column.trim()).collect();
    let (records, told_by) = match start::records(&opened.file, spec.delimiter, &wanted)? {
        Start::Records(records, told_by) => (*records, told_by),
        Start::Workbook => {
            diagnostics.push(text::workbook(spec.shown).at(spec.place.clone()));
            return Ok(None);
        }
        Start::WebPage => {
            diagnostics.push(text::web_page(spec.shown).at(spec.place.clone()));
            return Ok(None);
        }
        Start::Empty => {
            diagnostics.push(text::empty_file(spec.shown).at(Place::file(spec.shown)));
            return Ok(None);
        }
    };
    let mut reader = Reader::new(spec.shown, records);
    let header = match reader.next(None, diagnostics)? {
        Some(split) if split.fault.is_none() => {
            let header = match Header::of(split.fields, &split.raw) {
                Ok(header) => header,
                Err(found) => {
                    diagnostics.push(*found);
                    return Ok(None);
                }
            };
            let missed = dialect::missed(&header.names, &wanted).filter(|_| told_by != Delimiter::Header);
            if let Some(separator) = missed {
                let (file, only) = (spec.shown, &header.names[0]);
                diagnostics.push(match told_by {
                    Delimiter::SepLine => text::wrong_sep_line(file, only, separator).at(split.raw.field(0)),
                    _ => text::wrong_delimiter(file, only, separator).at(spec.place.clone()),
                });
                return Ok(None);
            }
            header.report(&split.raw, diagnostics);
            header
        }
        Some(_) => return Ok(None),
        None => {
            diagnostics.push(text::empty_file(spec.shown).at(Place::file(spec.shown)));
            return Ok(None);
        }
    };
    let mut rows = Rows {
        file: Arc::clone(spec.shown),
        opened,
        reader,
        header,
        phone: None,
        when_empty: spec.when_empty,
        count: 0,
        file_errors: 0,
        broken: None,
    };
    rows.resolve(spec, diagnostics);
    Ok(Some(rows))
}

impl Rows {
    /// Finds the columns that the manifest names, and the phone.
    fn resolve(&mut self, spec: &ListSpec<'_>, diagnostics: &mut Diagnostics) {
        let mut phone_is_faulty = false;
        let known: HashMap<String, usize> =
            self.header.names.iter().enumerate().rev().map(|(index, name)| (name.clone(), index)).collect();
        let mut missing = 0;
        for (variable, column, place) in spec.columns {
            if let Some(index) = known.get(column.trim()) {
                self.header.variables.push((variable.clone(), *index));
                continue;
            }
            self.header.lacking.push(variable.clone());
            phone_is_faulty |= variable == "phone";
            missing += 1;
            // A person's slips are searched for, not a file full of them.
            let names = self.header.names.iter().filter(|_| missing <= 100);
            let nearest = suggest::nearest(column, names.map(String::as_str));
            let found = text::no_column(column, spec.shown, &self.header.listed(), nearest);
            diagnostics.push(found.at(place.clone()));
        }
        self.phone = if phone_is_faulty { None } else { self.header.index_of("phone") };
        if self.phone.is_none() && !phone_is_faulty {
            let (listed, likely) = (self.header.listed(), self.header.likely_phone());
            let found = text::no_phone(spec.shown, &listed, likely, spec.columns.len());
            diagnostics.push(found.at(spec.place.clone()));
        }
        let fields = self.header.names.len();
        self.reader.records_mut().shape = self.phone.map(|phone| Shape { fields, phone });
    }

    /// The header, as written (trimmed).
    pub fn headers(&self) -> &[String] {
        &self.header.names
    }

    /// The names a row offers to templates: the variables of `columns`, then the slug of every header. Variables whose
    /// column there is not are names as well, of which no more is to be said.
    pub fn names(&self) -> Vec<String> {
        let variables = self.header.variables.iter().map(|(variable, _)| variable);
        let slugs = self.header.slugs.iter().filter(|slug| !slug.is_empty());
        let mut known = HashSet::new();
        let names = variables.chain(&self.header.lacking).chain(slugs).filter(|name| known.insert(name.as_str()));
        names.cloned().collect()
    }

    /// The field of a variable: one of `columns`, else a slug.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.header.index_of(name)
    }

    /// The field of `row["..."]`: a header exactly as written.
    pub fn index_of_header(&self, header: &str) -> Option<usize> {
        self.header.named(header)
    }

    /// The field with the recipient. `None` when there is no such column, which was reported by [`open`].
    pub fn phone(&self) -> Option<usize> {
        self.phone
    }

    /// The next row; rows with faults are reported and returned, blank lines are neither.
    pub fn next(&mut self, diagnostics: &mut Diagnostics) -> Option<Row<'_>> {
        let fields = self.header.names.len();
        match self.reader.next(Some(fields), diagnostics) {
            Ok(Some(split)) => {
                self.count += 1;
                Some(Row::new(split))
            }
            Ok(None) => {
                if !self.opened.is_unchanged() {
                    self.broken = Some(text::changed(&self.file));
                } else if self.count == 0 && self.when_empty == WhenEmpty::Fault {
                    self.file_errors += 1;
                    diagnostics.push(text::no_rows(&self.file).at(Place::file(&self.file)));
                }
                None
            }
            Err(error) => {
                self.broken = Some(text::unreadable(&self.file, &error));
                None
            }
        }
    }

    /// Why the rows given out are not all of the file, or not of one file: an error, not yet reported, of every walk that
    /// it happens to.
    pub fn broken(&mut self) -> Option<Diagnostic> {
        self.broken.take().map(|found| found.at(Place::file(&self.file)))
    }

    /// What the file was when it was opened.
    pub fn fingerprint(&self) -> Fingerprint {
        self.opened.fingerprint
    }

    /// How many errors [`Rows::next`] reported that are the file's and no row's: taking rows out does not help against
    /// them.
    pub fn file_errors(&self) -> u64 {
        self.file_errors + self.reader.file_errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;

    /// Opens `bytes` as a list with these `columns`: fields per row and the diagnostics as `file:line:column code`.
    fn listed(bytes: &[u8], columns: &[(&str, &str)]) -> (Option<Rows>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, bytes).unwrap();
        let at = |line| Place { file: "m.yaml".into(), span: Some(Span::on_line(line, 5, 3)), excerpt: None };
        let columns: Vec<_> =
            (2..).zip(columns).map(|(line, (name, column))| ((*name).into(), (*column).into(), at(line))).collect();
        let spec = ListSpec {
            when_empty: WhenEmpty::Fault,
            folder: folder.path(),
            path: &path,
            shown: &"a.csv".into(),
            columns: &columns,
            delimiter: None,
            place: &at(1),
            known: None,
        };
        let mut diagnostics = Diagnostics::new();
        let mut rows = open(&spec, &mut diagnostics);
        while rows.as_mut().is_some_and(|rows| rows.next(&mut diagnostics).is_some()) {}
        let found = diagnostics.sorted().into_iter().map(|found| {
            let place = found.place.as_ref().unwrap();
            let at = place.span.map(|span| format!(":{}:{}", span.line, span.column)).unwrap_or_default();
            format!("{}{at} {}", place.file, found.code.id)
        });
        (rows, found.collect())
    }

    /// A file's bytes, `columns`, and what is found.
    type Case<'a> = (&'a [u8], &'a [(&'a str, &'a str)], &'a [&'a str]);

    #[test]
    fn headers_and_files() {
        let columns: &[(&str, &str)] = &[("phone", "Celular"), ("first_name", "Nome")];
        let utf16: Vec<u8> =
            "\u{feff}phone\tnome\r\n5511999998888\tAna\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let cases: &[Case] = &[
            (b"phone,name\n5511999998888,Ana\n", &[], &[]),
            (b"sep=;\r\nPhone;name\r\n5511999998888;Ana\r\n", &[], &[]),
            (b"\"sep=\t\"\r\nPhone\tname\r\n5511999998888\tAna\r\n", &[], &[]),
            (b"sep=;\r\nCelular,Nome\r\n5511999998888,Ana\r\n", columns, &["a.csv:2:1 E211"]),
            (b"sep=;\r\n\"Celular, com DDD\"\r\n1\r\n", &[("phone", "Celular, com DDD")], &[]),
            (&utf16, &[], &[]),
            (b"Celular|Nome\n1|2\n", columns, &[]),
            (b"Id,\"Nome; a; b; c\r\n\r\nd; \"\"e\"\"\",phone\r\n1,Ana,2\r\n", &[], &[]),
            (b"", &[], &["a.csv E206"]),
            (b"\n\n  \n", &[], &["a.csv E206"]),
            (b"\xEF\xBB\xBF", &[], &["a.csv E206"]),
            (b"sep=;\n", &[], &["a.csv E206"]),
            (b"PK\x03\x04workbook", &[], &["m.yaml:1:5 E204"]),
            (b"\xef\xbb\xbf <Table border=1><tr><td>phone</td></tr></table>", &[], &["m.yaml:1:5 E204"]),
            (b"phone,name\n", &[], &["a.csv E219"]),
            (b"5511999998888,Ana\n5511999998887,Bia\n", &[], &["a.csv:1:1 E207"]),
            (b"Ana;5.51199E+12\n", &[], &["a.csv:1:5 E207"]),
            (b"phone,name,name\n1,a,b\n", &[], &["a.csv:1:12 E208"]),
            (b"phone,Nome,NOME\n1,a,b\n", &[], &["a.csv:1:12 E209"]),
            (b"phone,,x\n1,a,b\n", &[], &["a.csv:1:7 W202"]),
            (b"celular,Nome\n1,a\n", columns, &["m.yaml:2:5 E210"]),
            (b"Celular,Name\n1,a\n", columns, &["m.yaml:3:5 E210"]),
            (b"numero,Nome\n1,a\n", &[], &["m.yaml:1:5 E211"]),
            (b"phone,\"name\n1,a\n", &[], &["a.csv:1:7 E213"]),
        ];
        for (bytes, columns, expected) in cases {
            assert_eq!(listed(bytes, columns).1, *expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn columns_have_names() {
        let (rows, faults) = listed(
            "Celular;Nome do grupo;Endereço\n1;a;b\n".as_bytes(),
            &[("phone", "Celular"), ("label", "Nome do grupo")],
        );
        let rows = rows.unwrap();
        assert!(faults.is_empty());
        assert_eq!(rows.names(), ["phone", "label", "celular", "nome_do_grupo", "endereco"]);
        assert_eq!(rows.headers(), ["Celular", "Nome do grupo", "Endereço"]);
        assert_eq!((rows.phone(), rows.index_of("label"), rows.index_of("endereco")), (Some(0), Some(1), Some(2)));
        assert_eq!((rows.index_of_header("Endereço"), rows.index_of_header("endereco")), (Some(2), None));
    }
}
