//! Bytes to rows.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Diagnostics, Place};

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
}

/// The rows of one file, streamed.
pub struct Rows {
    headers: Vec<String>,
}

/// One row.
pub struct Row<'a> {
    /// The line on which the row starts, from 1.
    pub line: u32,
    /// What is wrong with the row as a row, already reported: such a row has to be counted, and its fields are not to
    /// be relied on.
    pub fault: Option<String>,
    rows: &'a Rows,
}

/// Opens a list, finds out encoding and delimiter, and checks its header. `None` when no row can be read at all; what
/// is wrong was reported.
pub fn open(spec: &ListSpec<'_>, diagnostics: &mut Diagnostics) -> Option<Rows> {
    todo!("{spec:?} {diagnostics:?}")
}

impl Rows {
    /// The header, as written (trimmed).
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// The names a row offers to templates: the variables of `columns`, then the slug of every header.
    pub fn names(&self) -> Vec<String> {
        todo!()
    }

    /// The field of a variable: one of `columns`, else a slug.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        todo!("{name}")
    }

    /// The field of `row["..."]`: a header exactly as written.
    pub fn index_of_header(&self, header: &str) -> Option<usize> {
        todo!("{header}")
    }

    /// The field with the recipient. `None` when there is no such column, which was reported by [`open`].
    pub fn phone(&self) -> Option<usize> {
        todo!()
    }

    /// The next row; rows with faults are reported and returned, blank lines are neither.
    pub fn next(&mut self, diagnostics: &mut Diagnostics) -> Option<Row<'_>> {
        todo!("{diagnostics:?}")
    }
}

impl Row<'_> {
    /// A field by its index; `None` when the row is too short.
    pub fn get(&self, index: usize) -> Option<&str> {
        todo!("{index} {:?}", self.rows.headers)
    }

    /// Where a field stands, with the row's text.
    pub fn place_of(&self, index: usize) -> Place {
        todo!("{index}")
    }

    /// The row as a whole.
    pub fn place(&self) -> Place {
        todo!()
    }
}
