//! Walks over one recipient list, in a CSV or in the manifest alike: each row with its recipient checked.

use std::io;

use super::cells::{self, Cells, Lookup};
use super::files::{Files, Walk};
use super::seen::{First, Seen};
use crate::diagnostic::text::recipient as text;
use crate::diagnostic::text::rows::UNNAMED;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::manifest::{CsvList, ListKind, Manifest, Offered, RecipientList};
use crate::recipient::{self, Identity, Recipient};
use crate::rows::{self, ListSpec, Rows, WhenEmpty};

/// One row of a list.
pub(super) struct ListRow<'a> {
    pub cells: Cells<'a>,
    pub audience: Audience,
}

/// Whom a row names.
pub(super) enum Audience {
    Recipient(Recipient),
    /// Nobody that can be written to: what is wrong with its recipient, which has been reported.
    Nobody {
        error: String,
    },
    /// The row is broken, which has been reported: none of its fields is to be relied on.
    Broken {
        error: String,
    },
}

/// Called for each row; what it returns as an error ends the walk.
pub(super) type OnRow<'a> = dyn FnMut(ListRow<'_>, &mut Diagnostics) -> io::Result<()> + 'a;

/// What templates may use of a list; `None` when it cannot be read, which is reported.
pub(super) fn offered(
    manifest: &Manifest,
    list: &RecipientList,
    files: &mut Files,
    diagnostics: &mut Diagnostics,
) -> Option<Offered> {
    match &list.kind {
        ListKind::Csv(csv) => {
            let rows = files.open(csv, diagnostics, |diagnostics| open(manifest, list, csv, diagnostics))?;
            Some(cells::offered_by(&rows))
        }
        ListKind::Inline(entries) => Some(cells::offered_by_entries(entries)),
        ListKind::Faulty => None,
    }
}

/// Walks over a list and reports what is wrong with its rows. What is wrong with the list as a whole was reported by
/// [`offered`]. Returns how many of the errors are single rows'.
pub(super) fn walk(
    manifest: &Manifest,
    list: &RecipientList,
    walk: Walk,
    diagnostics: &mut Diagnostics,
    on_row: &mut OnRow<'_>,
) -> io::Result<u64> {
    let mut unsaid = Diagnostics::new();
    let before = diagnostics.errors();
    let mut of_file = 0;
    match &list.kind {
        ListKind::Csv(csv) => {
            let Some(mut rows) = open(manifest, list, csv, &mut unsaid) else { return Ok(0) };
            let lookup = Lookup::of(&rows);
            let said_at_opening = rows.file_errors();
            // Said once, at the list: its rows name nobody, which is no fault of theirs.
            let names_somebody = rows.phone().is_some();
            while let Some(row) = rows.next(walk.says(diagnostics, &mut unsaid)) {
                let fault = row.fault.clone();
                let cells = Cells::Csv { row: &row, lookup: &lookup };
                let audience = match fault {
                    Some(error) => Audience::Broken { error },
                    None if !names_somebody => Audience::Nobody { error: UNNAMED.to_owned() },
                    None => audience(&cells, walk.says(diagnostics, &mut unsaid)),
                };
                on_row(ListRow { cells, audience }, diagnostics)?;
            }
            if walk == Walk::First {
                of_file = rows.file_errors() - said_at_opening;
            }
        }
        ListKind::Inline(entries) => {
            let offered = cells::offered_by_entries(entries);
            for (number, entry) in (0..).zip(entries) {
                let cells = Cells::Entry { entry, number, offered: &offered };
                let audience = audience(&cells, walk.says(diagnostics, &mut unsaid));
                on_row(ListRow { cells, audience }, diagnostics)?;
            }
        }
        ListKind::Faulty => {}
    }
    Ok(diagnostics.errors() - before - of_file)
}

fn open(manifest: &Manifest, list: &RecipientList, csv: &CsvList, diagnostics: &mut Diagnostics) -> Option<Rows> {
    let columns: Vec<_> =
        csv.columns.iter().map(|named| (named.variable.clone(), named.column.clone(), named.place.clone())).collect();
    // An opt-out list begins without anybody in it.
    let is_suppress = manifest.suppress.iter().any(|suppress| std::ptr::eq(suppress, list));
    let spec = ListSpec {
        folder: &manifest.folder,
        path: &csv.path,
        shown: &csv.shown,
        columns: &columns,
        delimiter: csv.delimiter,
        place: &csv.place,
        when_empty: if is_suppress { WhenEmpty::Fine } else { WhenEmpty::Fault },
    };
    rows::open(&spec, diagnostics)
}

/// Reads the recipient of a row and reports what is wrong with it, or worth a warning.
fn audience(cells: &Cells<'_>, diagnostics: &mut Diagnostics) -> Audience {
    let written = cells.phone();
    match recipient::parse(written) {
        Ok(parsed) => {
            if let Some(note) = &parsed.note {
                cells.report(text::note(note), diagnostics, || cells.phone_place());
            }
            Audience::Recipient(parsed.recipient)
        }
        Err(fault) => {
            let diagnostic: Diagnostic = text::fault(&fault, written);
            let error = diagnostic.message.clone();
            cells.report(diagnostic, diagnostics, || cells.phone_place());
            Audience::Nobody { error }
        }
    }
}

/// Who must never be written to.
#[derive(Debug, Default)]
pub(super) struct Suppressed(Seen);

impl Suppressed {
    /// Reads every suppress list. A row that cannot be read is an error: it may be somebody who must not be written to.
    pub(super) fn read(manifest: &Manifest, files: &mut Files, diagnostics: &mut Diagnostics) -> Self {
        let mut seen = Seen::default();
        for list in &manifest.suppress {
            if let ListKind::Csv(csv) = &list.kind {
                files.open(csv, diagnostics, |diagnostics| open(manifest, list, csv, diagnostics));
            }
            walk(manifest, list, Walk::First, diagnostics, &mut |row, _| {
                if let Audience::Recipient(recipient) = row.audience {
                    seen.meet(&recipient.identity, First { list: 0, row: row.cells.number() });
                }
                Ok(())
            })
            .expect("nothing is written");
        }
        Self(seen)
    }

    pub(super) fn contains(&self, identity: &Identity) -> bool {
        self.0.contains(identity)
    }
}
