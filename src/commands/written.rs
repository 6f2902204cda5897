//! Writes the results CSV from the ledger: to its file, or to standard output.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::ledger::Ledger;
use crate::manifest::ResultsOptions;
use crate::report::results::{self, CsvOptions, CsvWriter, Written};

/// How every database of the ledger's kind begins.
const SQLITE: &[u8; 15] = b"SQLite format 3";

/// Where the results are, and what to say of that.
pub(super) struct Results {
    pub path: String,
    pub note: Option<String>,
}

/// Refuses to replace what is no results file: anything that this run reads or keeps, and any ledger.
///
/// # Errors
/// What stands there, as a sentence without the path.
pub(super) fn check_place(path: &Path, kept: &[(PathBuf, &str)]) -> Result<(), String> {
    let place = resolved(path);
    if let Some((_, what)) = kept.iter().find(|(kept, _)| resolved(kept) == place) {
        return Err(format!("that is {what}"));
    }
    let mut start = [0; SQLITE.len()];
    let is_database = File::open(&place).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *SQLITE;
    if is_database { Err("a database is there already".to_owned()) } else { Ok(()) }
}

/// Where a path leads, whether or not there is a file yet.
fn resolved(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    path.canonicalize().unwrap_or_else(|_| match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    })
}

/// Replaces the results file.
pub(super) fn results(ledger: &Ledger, path: &Path, options: &ResultsOptions) -> Result<Results, Failure> {
    let columns = ledger.columns()?;
    let written = results::replace::<Failure>(path, csv_options(&columns, options), |csv| fill(ledger, csv))?;
    Ok(match written {
        Written::Replaced(_) => Results { path: path.display().to_string(), note: None },
        Written::Beside { path: beside, why } => {
            let note = format!("{} could not be replaced ({why}); is it open in a spreadsheet?", path.display());
            Results { path: beside.display().to_string(), note: Some(note) }
        }
    })
}

/// Writes the same to `out`.
pub(super) fn to(out: impl Write, ledger: &Ledger, options: &ResultsOptions) -> Result<(), Failure> {
    let columns = ledger.columns()?;
    let mut csv = CsvWriter::new(out, csv_options(&columns, options))?;
    fill(ledger, &mut csv)?;
    Ok(csv.finish()?)
}

fn fill<W: Write>(ledger: &Ledger, csv: &mut CsvWriter<W>) -> Result<(), Failure> {
    ledger.each_result(|row| csv.row(row).map_err(Failure::from))
}

/// The columns are those of the last apply, so that what is written fits what is recorded.
fn csv_options<'a>(columns: &'a [String], options: &ResultsOptions) -> CsvOptions<'a> {
    CsvOptions { columns, delimiter: options.delimiter, bom: options.bom }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_needed_is_replaced_by_results() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("list.csv"), "phone\n").unwrap();
        std::fs::write(at("other.db"), "SQLite format 3\0 and more").unwrap();
        std::fs::write(at("old.csv"), "anything").unwrap();
        let kept = [(at("list.csv"), "a list of the manifest"), (at("spring.ledger.db-wal"), "the ledger")];
        let check = |name: &str| check_place(&at(name), &kept);
        assert_eq!(check("list.csv"), Err("that is a list of the manifest".to_owned()));
        assert_eq!(check("spring.ledger.db-wal"), Err("that is the ledger".to_owned()));
        assert_eq!(check("other.db"), Err("a database is there already".to_owned()));
        assert_eq!((check("old.csv"), check("new.csv")), (Ok(()), Ok(())));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("list.csv"), at("link.csv")).unwrap();
            assert!(check("link.csv").is_err());
        }
    }
}
