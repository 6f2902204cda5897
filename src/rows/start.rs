//! Where the records of a file begin, behind a `sep=` line, and what separates their fields: what the manifest says, else
//! that line, else what the header tells.
//!
//! Looks at text only as far as that needs; what the header holds is for others.

use std::fs::File;
use std::io::{self, Seek};
use std::sync::Arc;

use super::records::{FIELD_BYTES_MAX, Records};
use super::{decode, dialect};

type FileRecords = Records<Arc<File>>;

pub(super) enum Start {
    /// The header is the next one.
    Records(Box<FileRecords>, Delimiter),
    Empty,
    Workbook,
    /// A table as a web page, which many sites offer under the name of a spreadsheet.
    WebPage,
}

/// Who says what separates the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiter {
    Manifest,
    SepLine,
    Header,
}

/// `given` is the manifest's delimiter, `wanted` the columns that it names.
pub(super) fn records(file: &Arc<File>, given: Option<u8>, wanted: &[&str]) -> io::Result<Start> {
    let Some((mut records, named)) = rewound(file)? else { return Ok(Start::Workbook) };
    let Some(line) = records.peek()? else { return Ok(Start::Empty) };
    if is_markup(line) {
        return Ok(Start::WebPage);
    }
    let told_by = match (given, named) {
        (Some(_), _) => Delimiter::Manifest,
        (None, Some(_)) => Delimiter::SepLine,
        (None, None) => Delimiter::Header,
    };
    if let Some(delimiter) = given.or(named) {
        records.delimiter = delimiter;
    } else if dialect::is_open(line) {
        let delimiter = dialect::found(&head(&mut records)?, wanted);
        let Some((again, _)) = rewound(file)? else { return Ok(Start::Workbook) };
        records = again;
        records.delimiter = delimiter;
    } else {
        records.delimiter = dialect::found(line, wanted);
    }
    Ok(Start::Records(Box::new(records), told_by))
}

/// A file's records without its `sep=` line, and what that names. `None` for a workbook.
fn rewound(file: &Arc<File>) -> io::Result<Option<(FileRecords, Option<u8>)>> {
    (&**file).rewind()?;
    let decode::Opened::Text(decoder) = decode::open(Arc::clone(file))? else { return Ok(None) };
    let mut records = Records::new(decoder);
    let named = records.peek()?.and_then(dialect::named);
    if named.is_some() {
        records.skip_line()?;
    }
    Ok(Some((records, named)))
}

/// Whether the file's first line is one of a web page.
fn is_markup(line: &str) -> bool {
    let begins = |tag: &str| line.trim_start().get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    ["<!doctype", "<html", "<table", "<?xml"].into_iter().any(begins)
}

/// The header and what follows it, as far as a quoted name with line breaks in it may reach.
fn head(records: &mut FileRecords) -> io::Result<String> {
    let mut head = String::new();
    while head.len() <= FIELD_BYTES_MAX {
        let Some(line) = records.peek()? else { break };
        head.push_str(line);
        head.push('\n');
        records.skip_line()?;
    }
    Ok(head)
}
