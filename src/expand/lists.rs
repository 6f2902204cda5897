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
use crate::rows::{self, Fingerprint, ListSpec, Rows, WhenEmpty};

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
            let rows =
                files.open(csv, diagnostics, |known, diagnostics| open(manifest, list, csv, known, diagnostics))?;
            Some(cells::offered_by(&rows))
        }
        ListKind::Inline(entries) => Some(cells::offered_by_entries(entries)),
        ListKind::Faulty => None,
    }
}

/// Walks over a list that [`offered`] could read, and reports what is wrong with its rows. What is wrong with the list as
/// a whole was reported there, but for what happened to its file since: a list of which rows are missing would pass for
/// one that names fewer people. Returns how many of the errors are single rows'.
pub(super) fn walk(
    manifest: &Manifest,
    list: &RecipientList,
    files: &Files,
    walk: Walk,
    diagnostics: &mut Diagnostics,
    on_row: &mut OnRow<'_>,
) -> io::Result<u64> {
    let mut unsaid = Diagnostics::new();
    let before = diagnostics.errors();
    let mut of_file = 0;
    match &list.kind {
        ListKind::Csv(csv) => {
            let Some(mut rows) = open(manifest, list, csv, files.known(csv), &mut unsaid) else {
                diagnostics.extend(unsaid.sorted().into_iter().cloned());
                return Ok(0);
            };
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
            if let Some(broken) = rows.broken() {
                of_file += 1;
                diagnostics.push(broken);
            }
        }
        ListKind::Inline(entries) => {
            let offered = cells::offered_by_entries(entries);
            for (number, entry) in (0..).zip(entries) {
                let values = cells::values_of(entry);
                let cells = Cells::Entry { entry, values: &values, number, offered: &offered };
                let audience = audience(&cells, walk.says(diagnostics, &mut unsaid));
                on_row(ListRow { cells, audience }, diagnostics)?;
            }
        }
        ListKind::Faulty => {}
    }
    Ok(diagnostics.errors() - before - of_file)
}

fn open(
    manifest: &Manifest,
    list: &RecipientList,
    csv: &CsvList,
    known: Option<Fingerprint>,
    diagnostics: &mut Diagnostics,
) -> Option<Rows> {
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
        known,
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
            if offered(manifest, list, files, diagnostics).is_none() {
                continue;
            }
            walk(manifest, list, files, Walk::First, diagnostics, &mut |row, _| {
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::expand::expand;
    use crate::manifest;

    const MANIFEST: &str = r#"
version: 1
campaign: spring
timezone: America/Sao_Paulo
instances: { main: { id: "${ID}", token: "${TOKEN}", clientToken: "${CLIENT}" } }
events: { launch: { name: Launch, dateTime: "2099-12-04T19:00" } }
recipients: { staff: { csv: a.csv }, vip: { csv: b.csv } }
suppress: [ { csv: out.csv } ]
"#;
    const GROUPS: &str = "phone\n120363019502650970-group\n120363019502650971-group\n";

    /// A campaign's folder, and the manifest in it.
    fn campaign() -> (tempfile::TempDir, Manifest) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.yaml");
        std::fs::write(&path, MANIFEST).unwrap();
        for name in ["a.csv", "b.csv", "out.csv"] {
            std::fs::write(folder.path().join(name), GROUPS).unwrap();
        }
        let manifest = manifest::load(&path, &mut Diagnostics::new()).unwrap();
        (folder, manifest)
    }

    type Deed = fn(&Path);

    /// What may happen to a file between two looks at it.
    const DEEDS: [(&str, Deed); 5] = [
        ("vanishes", |path| std::fs::remove_file(path).unwrap()),
        ("grows shorter", |path| std::fs::write(path, "phone\n120363019502650970-group\n").unwrap()),
        ("loses its header", |path| std::fs::write(path, "").unwrap()),
        ("grows longer", |path| std::fs::write(path, format!("{GROUPS}120363019502650972-group\n")).unwrap()),
        ("is replaced by another", |path| {
            let other = path.with_extension("new");
            std::fs::write(&other, GROUPS).unwrap();
            std::fs::rename(&other, path).unwrap();
        }),
    ];

    fn codes(diagnostics: &Diagnostics) -> Vec<&'static str> {
        diagnostics.sorted().iter().map(|found| found.code.id).collect()
    }

    #[test]
    fn a_list_that_changes_after_its_header_was_read_is_an_error_of_the_file() {
        for (what, deed) in DEEDS {
            for walk in [Walk::First, Walk::Again] {
                let (folder, manifest) = campaign();
                let (list, mut files, mut diagnostics) = (&manifest.lists[1], Files::default(), Diagnostics::new());
                assert!(offered(&manifest, list, &mut files, &mut diagnostics).is_some());
                deed(&folder.path().join("b.csv"));
                let errors = super::walk(&manifest, list, &files, walk, &mut diagnostics, &mut |_, _| Ok(())).unwrap();
                assert_eq!((codes(&diagnostics), errors), (vec!["E201"], 0), "{what}, {walk:?}");
            }
        }
    }

    #[test]
    fn a_list_that_changes_while_its_rows_are_read_is_an_error_of_the_file() {
        for (what, deed) in DEEDS {
            let (folder, manifest) = campaign();
            let (list, mut files, mut diagnostics) = (&manifest.lists[1], Files::default(), Diagnostics::new());
            offered(&manifest, list, &mut files, &mut diagnostics);
            let mut rows = 0;
            let errors = super::walk(&manifest, list, &files, Walk::Again, &mut diagnostics, &mut |_, _| {
                rows += 1;
                if rows == 1 {
                    deed(&folder.path().join("b.csv"));
                }
                Ok(())
            });
            assert_eq!((codes(&diagnostics), errors.unwrap()), (vec!["E201"], 0), "{what}");
        }
    }

    #[test]
    fn nothing_steps_over_a_list_that_changed() {
        let (folder, manifest) = campaign();
        let mut diagnostics = Diagnostics::new();
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        let mut rows = 0;
        // Both headers were looked at before the first row of the first list.
        let expansion = expand(&manifest, now, &mut diagnostics, &mut |_| {
            rows += 1;
            if rows == 1 {
                std::fs::remove_file(folder.path().join("b.csv")).unwrap();
            }
            Ok(())
        });
        assert_eq!((codes(&diagnostics), expansion.unwrap().row_errors), (vec!["E201"], 0));
    }

    #[test]
    fn a_suppress_list_that_changes_while_it_is_read_is_an_error_too() {
        let (folder, manifest) = campaign();
        let (list, mut files, mut diagnostics) = (&manifest.suppress[0], Files::default(), Diagnostics::new());
        offered(&manifest, list, &mut files, &mut diagnostics);
        std::fs::write(folder.path().join("out.csv"), "phone\n").unwrap();
        Suppressed::read(&manifest, &mut files, &mut diagnostics);
        assert_eq!((codes(&diagnostics), diagnostics.errors()), (vec!["E201"], 1));
    }
}
