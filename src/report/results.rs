//! The results CSV: one row per message and per skipped row, to a file that is replaced as a whole, or to any writer.
//!
//! Rows come from the ledger, in its order. What a spreadsheet would run or a terminal obey is made harmless here.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use crate::ledger::ResultRow;

use crate::diagnostic::render::is_unprintable;

/// The columns that always stand, before `results.columns`.
pub const COLUMNS: [&str; 15] = [
    "event",
    "recipient",
    "label",
    "status",
    "message_id",
    "zaap_id",
    "instance",
    "attempts",
    "http_status",
    "error",
    "updated_at",
    "source",
    "revision",
    "edited_at",
    "variant",
];

/// How every database of the ledger's kind begins.
const DATABASE: &[u8; 15] = b"SQLite format 3";

/// `results` of the manifest.
#[derive(Debug, Clone, Copy)]
pub struct CsvOptions<'a> {
    pub columns: &'a [String],
    pub delimiter: u8,
    /// Older versions of Excel take UTF-8 for what it is only with one.
    pub bom: bool,
}

/// Writes rows to anything.
pub struct CsvWriter<W: Write> {
    csv: csv::Writer<W>,
    columns: usize,
    cell: String,
}

/// Where the results were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// Where they were wanted.
    Replaced(PathBuf),
    /// Beside it, since it could not be replaced (a spreadsheet may have it open); why.
    Beside { path: PathBuf, why: String },
}

impl<W: Write> CsvWriter<W> {
    /// Writes the header.
    pub fn new(mut out: W, options: CsvOptions<'_>) -> io::Result<Self> {
        if options.bom {
            out.write_all("\u{feff}".as_bytes())?;
        }
        let mut csv = csv::WriterBuilder::new().delimiter(options.delimiter).from_writer(out);
        let names = COLUMNS.into_iter().map(Cow::Borrowed).chain(options.columns.iter().map(|name| harmless(name)));
        for name in names {
            csv.write_field(name.as_bytes()).map_err(into_io)?;
        }
        csv.write_record(None::<&[u8]>).map_err(into_io)?;
        Ok(Self { csv, columns: options.columns.len(), cell: String::new() })
    }

    /// Writes one row.
    pub fn row(&mut self, row: &ResultRow<'_>) -> io::Result<()> {
        self.text(row.event)?;
        self.text(row.recipient)?;
        self.text(row.label)?;
        self.text(row.status.as_str())?;
        self.text(row.message_id.unwrap_or_default())?;
        self.text(row.zaap_id.unwrap_or_default())?;
        self.text(row.instance.unwrap_or_default())?;
        self.shown(Some(row.attempts))?;
        self.shown(row.http_status)?;
        self.text(row.error)?;
        self.shown(Some(format_args!("{:.3}", row.updated_at)))?;
        self.source(row.file, row.line)?;
        self.shown(Some(row.revision).filter(|revision| *revision > 0))?;
        self.shown(row.edited_at.map(|at| format!("{at:.3}")))?;
        self.shown(row.variant)?;
        if self.columns > 0 {
            let values: Vec<Cow<'_, str>> = serde_json::from_str(row.columns).unwrap_or_default();
            for index in 0..self.columns {
                self.text(values.get(index).map_or("", |value| value))?;
            }
        }
        self.csv.write_record(None::<&[u8]>).map_err(into_io)
    }

    /// Writes what is still buffered.
    pub fn finish(mut self) -> io::Result<()> {
        self.csv.flush()
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.csv.write_field(harmless(text).as_bytes()).map_err(into_io)
    }

    /// A value of ours, which is harmless by itself.
    fn shown(&mut self, value: Option<impl std::fmt::Display>) -> io::Result<()> {
        self.cell.clear();
        if let Some(value) = value {
            let _ = write!(self.cell, "{value}");
        }
        self.csv.write_field(self.cell.as_bytes()).map_err(into_io)
    }

    fn source(&mut self, file: &str, line: u32) -> io::Result<()> {
        self.cell.clear();
        let _ = write!(self.cell, "{file}:{line}");
        self.csv.write_field(harmless(&self.cell).as_bytes()).map_err(into_io)
    }
}

/// Replaces the file at `path` by what `fill` writes: a temporary file in the same folder, synced, then renamed; mode
/// 0600. Where it cannot be replaced, `<name>.2.csv` beside it is written instead.
pub fn replace<E: From<io::Error>>(
    path: &Path,
    options: CsvOptions<'_>,
    fill: impl FnOnce(&mut CsvWriter<BufWriter<&File>>) -> Result<(), E>,
) -> Result<Written, E> {
    let path = followed(path);
    let folder = folder_of(&path);
    let temporary = tempfile::Builder::new().prefix(".zapi-batch-results-").tempfile_in(folder)?;
    let mut writer = CsvWriter::new(BufWriter::with_capacity(64 * 1024, temporary.as_file()), options)?;
    fill(&mut writer)?;
    writer.finish()?;
    temporary.as_file().sync_all()?;
    let written = match temporary.persist(&path) {
        Ok(_) => Written::Replaced(path.clone()),
        Err(failed) => {
            let beside = second(&path);
            let why = failed.error.to_string();
            failed.file.persist(&beside).map_err(|error| error.error)?;
            Written::Beside { path: beside, why }
        }
    };
    File::open(folder)?.sync_all()?;
    Ok(written)
}

/// Whether results can be written there, before the first send and not after the last. Leaves nothing behind.
///
/// # Errors
/// What stands in the way, as a sentence without the path.
pub fn check_writable(path: &Path) -> Result<(), String> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err("it is not a plain file".to_owned());
    }
    let path = followed(path);
    let folder = folder_of(&path);
    if !folder.is_dir() {
        return Err(format!("there is no folder {}", folder.display()));
    }
    match tempfile::Builder::new().prefix(".zapi-batch-results-").tempfile_in(folder) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("nothing can be written in {}: {}", folder.display(), error.kind())),
    }
}

/// Refuses to replace what is no results file: anything in `kept`, each with what it is called, and any database.
///
/// # Errors
/// What stands there, as a sentence without the path.
pub fn check_place(path: &Path, kept: &[(PathBuf, &str)]) -> Result<(), String> {
    let place = resolved(path);
    if let Some((_, what)) = kept.iter().find(|(kept, _)| resolved(kept) == place) {
        return Err(format!("that is {what}"));
    }
    let mut start = [0; DATABASE.len()];
    // Whatever else than a file stands there would be waited for.
    let is_file = fs::metadata(&place).is_ok_and(|found| found.is_file());
    let is_database =
        is_file && File::open(&place).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *DATABASE;
    if is_database { Err("a database is there already".to_owned()) } else { Ok(()) }
}

/// Where a path leads, whether or not there is a file yet.
fn resolved(path: &Path) -> PathBuf {
    let path = followed(path);
    match (folder_of(&path).canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

/// Where a link leads, so that the link stays one.
fn followed(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// `launch.results.csv` -> `launch.results.2.csv`.
fn second(path: &Path) -> PathBuf {
    let mut name = path.file_stem().map(OsString::from).unwrap_or_default();
    name.push(".2");
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// A cell that no spreadsheet runs and no terminal obeys: `'` before what begins a formula, and control characters and
/// those that turn the direction of text written as escapes.
pub fn harmless(cell: &str) -> Cow<'_, str> {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    // Nearly every cell is printable ASCII, which can be told without decoding it.
    let is_plain = cell.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !formula && (is_plain || !cell.chars().any(is_unprintable)) {
        return Cow::Borrowed(cell);
    }
    let mut safe = String::with_capacity(cell.len() + 8);
    if formula {
        safe.push('\'');
    }
    for c in cell.chars() {
        match c {
            '\n' | '\r' | '\t' => safe.extend(c.escape_default()),
            _ if is_unprintable(c) => safe.extend(c.escape_unicode()),
            _ => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

fn into_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests;
