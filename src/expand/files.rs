//! Lists that read the same file: what is wrong with a file is said once, however often it is used.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::manifest::{CsvList, ListKind, Offered, RecipientList};
use crate::rows::{Fingerprint, Rows};

/// Whether a list's rows are walked for the first time: what is wrong with them is said once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    First,
    Again,
}

/// A file as it is read: another delimiter makes other rows of it.
type File = (PathBuf, Option<u8>);

/// Whom the rows of a list name: a file, and its column of the recipient.
type People = (File, Option<String>);

/// The files that were opened.
#[derive(Debug, Default)]
pub(super) struct Files {
    opened: HashSet<File>,
    /// What each file was when it was opened first: what was checked is what is read.
    known: HashMap<PathBuf, Fingerprint>,
}

/// The lists as they were opened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened<'a> {
    pub files: &'a Files,
    /// By list; `None` for one that cannot be read, which was reported.
    pub offered: &'a [Option<Offered>],
}

impl Files {
    /// Opens a list with `open`. Of a file that was opened before only what is wrong with the manifest's words about it
    /// is said.
    pub(super) fn open(
        &mut self,
        csv: &CsvList,
        diagnostics: &mut Diagnostics,
        open: impl FnOnce(Option<Fingerprint>, &mut Diagnostics) -> Option<Rows>,
    ) -> Option<Rows> {
        let known = self.known(csv);
        let is_new = self.opened.insert(file_of(csv));
        let mut found = Diagnostics::new();
        let rows = open(known, if is_new { &mut *diagnostics } else { &mut found });
        let is_of_file = |found: &Diagnostic| found.place.as_ref().is_some_and(|place| place.file == csv.shown);
        diagnostics.extend(found.sorted().into_iter().filter(|found| !is_of_file(found)).cloned());
        if let Some(rows) = &rows {
            self.known.entry(csv.path.clone()).or_insert(rows.fingerprint());
        }
        rows
    }

    /// What a list's file was when it was opened first.
    pub(super) fn known(&self, csv: &CsvList) -> Option<Fingerprint> {
        self.known.get(&csv.path).copied()
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

/// `None` for recipients in the manifest, which are no other list's.
fn people(list: &RecipientList) -> Option<People> {
    let ListKind::Csv(csv) = &list.kind else { return None };
    let phone = csv.columns.iter().find(|named| named.variable == "phone");
    Some((file_of(csv), phone.map(|named| named.column.clone())))
}

/// By list: the first one that names the same people, mostly the list itself.
pub(super) fn same_as(lists: &[RecipientList]) -> Vec<usize> {
    let mut first = HashMap::new();
    let same = |(index, list)| people(list).map_or(index, |people| *first.entry(people).or_insert(index));
    lists.iter().enumerate().map(same).collect()
}

fn file_of(csv: &CsvList) -> File {
    (csv.path.clone(), csv.delimiter)
}
