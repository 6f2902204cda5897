//! Writes the results CSV from the ledger: to its file, or to standard output.

use std::io::Write;
use std::path::Path;

use super::failure::Failure;
use crate::ledger::Ledger;
use crate::manifest::ResultsOptions;
use crate::report::results::{self, CsvOptions, CsvWriter, Written};

/// Where the results are, and what to say of that.
pub(super) struct Results {
    pub path: String,
    pub note: Option<String>,
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
