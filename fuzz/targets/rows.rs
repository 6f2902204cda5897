//! Any bytes as a CSV: encoding, delimiter, header, every row, every field with its place and as a recipient.
//!
//! Every row starts after the one before it, and every place lies at or after the start of its row.
#![no_main]

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use zapi_batch::diagnostic::render::{Format, Style, Summary, render};
use zapi_batch::diagnostic::{Diagnostics, Place, Span};
use zapi_batch::rows::{self, ListSpec, WhenEmpty};
use zapi_batch::recipient;

/// A folder in memory where the machine has one; a file, because that is what rows are read from.
static FOLDER: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
    let path = folder.path().canonicalize().expect("its path").join("list.csv");
    (folder, path)
});

fuzz_target!(|bytes: &[u8]| {
    let (folder, path) = &*FOLDER;
    std::fs::File::create(path).and_then(|mut file| file.write_all(bytes)).expect("a file");
    let place = Place { file: "m.yaml".into(), span: Some(Span::on_line(1, 1, 1)), excerpt: None };
    let file: Arc<str> = "list.csv".into();
    let columns = [("first_name".to_owned(), "Nome".to_owned(), place.clone())];
    let spec = ListSpec {
        folder: folder.path(),
        path,
        shown: &file,
        columns: if bytes.len() % 2 == 0 { &columns } else { &[] },
        delimiter: None,
        place: &place,
        when_empty: WhenEmpty::Fault,
    };
    let mut diagnostics = Diagnostics::new();
    let Some(mut rows) = rows::open(&spec, &mut diagnostics) else { return };
    let fields = rows.headers().len();
    let mut before = 0;
    while let Some(row) = rows.next(&mut diagnostics) {
        assert!(row.line > before, "line {} after line {before}", row.line);
        before = row.line;
        if row.fault.is_none() {
            assert!(row.get(fields - 1).is_some() && row.get(fields).is_none());
        }
        for field in 0..fields {
            if let Some(text) = row.get(field) {
                let _ = recipient::parse(text);
                let span = row.place_of(field).span.expect("a place");
                assert!(span.line >= row.line && (span.end_line, span.end_column) >= (span.line, span.column));
            }
        }
        let _ = row.place();
    }
    let summary = Summary { messages: 0, files: vec![file], ..Summary::default() };
    render(&diagnostics, &summary, Format::Human, Style { colour: true, mask: true, width: 80 });
});
