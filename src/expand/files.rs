//! Which files were opened and walked before, under whatever list: what is wrong with a file is said once, however often
//! it is used.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::manifest::{CsvList, ListKind, RecipientList};
use crate::rows::Rows;

/// Whether a list's rows are walked for the first time: what is wrong with them is said once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    First,
    Again,
}

/// A file as it is read: another delimiter makes other rows of it.
type File = (PathBuf, Option<u8>);

#[derive(Debug, Default)]
pub(super) struct Files {
    opened: HashSet<File>,
    /// With the column of the recipient.
    walked: HashSet<(File, Option<String>)>,
}

impl Files {
    /// Opens a list with `open`. Of a file that was opened before only what is wrong with the manifest's words about it
    /// is said.
    pub(super) fn open(
        &mut self,
        csv: &CsvList,
        diagnostics: &mut Diagnostics,
        open: impl FnOnce(&mut Diagnostics) -> Option<Rows>,
    ) -> Option<Rows> {
        if self.opened.insert(file_of(csv)) {
            return open(diagnostics);
        }
        let mut found = Diagnostics::new();
        let rows = open(&mut found);
        let is_of_file = |found: &Diagnostic| found.place.as_ref().is_some_and(|place| place.file == csv.shown);
        diagnostics.extend(found.sorted().into_iter().filter(|found| !is_of_file(found)).cloned());
        rows
    }

    /// Whether the rows of a list that was not walked yet were walked under another one.
    pub(super) fn walk(&mut self, list: &RecipientList) -> Walk {
        let ListKind::Csv(csv) = &list.kind else { return Walk::First };
        let phone = csv.columns.iter().find(|named| named.variable == "phone").map(|named| named.column.clone());
        if self.walked.insert((file_of(csv), phone)) { Walk::First } else { Walk::Again }
    }
}

impl Walk {
    /// Where to say what is wrong with a row.
    pub(super) fn says<'d>(self, said: &'d mut Diagnostics, unsaid: &'d mut Diagnostics) -> &'d mut Diagnostics {
        match self {
            Self::First => said,
            Self::Again => unsaid,
        }
    }
}

fn file_of(csv: &CsvList) -> File {
    (csv.path.clone(), csv.delimiter)
}
