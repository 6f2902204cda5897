//! Manifest and rows to a stream of messages: every row of every list of every send comes to exactly one
//! [`Expanded`], in input order, or to diagnostics.
//!
//! Lists are opened here and streamed, so memory stays flat but for the identities met. No network, no ledger, no
//! decision about what is sent: a message is what the manifest wants, whatever was done before.

mod assign;
mod cells;
mod files;
mod lists;
mod seen;
mod send;
mod spreadsheet;
mod summary;
mod wording;

use std::io;

use jiff::Timestamp;

use crate::diagnostic::Diagnostics;
use crate::manifest::{Manifest, Names, Offered, check_result_columns};
use crate::message::Expanded;
use crate::recipient::Identity;

use files::{Files, Opened};
use lists::Suppressed;
pub use summary::{EventSummary, Expansion, When};

/// Receives what each row comes to, in input order. An error stops the expansion and is handed on.
pub type Sink<'a> = dyn FnMut(Expanded) -> io::Result<()> + 'a;

/// Expands a manifest: reports everything that is wrong with its lists and rows to `diagnostics`, and gives what each
/// row comes to to `sink`.
///
/// `now` decides what is past. Rows with errors come out as skipped, with their first error; whether that is allowed is
/// the caller's decision ([`Expansion::row_errors`] tells how many errors are theirs).
///
/// # Errors
/// Only what `sink` returns.
pub fn expand(
    manifest: &Manifest,
    now: Timestamp,
    diagnostics: &mut Diagnostics,
    sink: &mut Sink<'_>,
) -> io::Result<Expansion> {
    let mut files = Files::default();
    let suppressed = Suppressed::read(manifest, &mut files, diagnostics);
    let offered: Vec<Option<Offered>> =
        manifest.lists.iter().map(|list| lists::offered(manifest, list, &mut files, diagnostics)).collect();
    // A list that could not be read may have the column.
    if let Some(offered) = offered.iter().map(Option::as_ref).collect::<Option<Vec<&Offered>>>() {
        check_result_columns(manifest, &offered, diagnostics);
    }
    let names = Names::new(manifest, &offered);
    let mut run = send::Run::new(manifest, now, suppressed, names, Opened { files: &files, offered: &offered });
    for send in &manifest.sends {
        run.send(send, diagnostics, sink)?;
    }
    run.check_unused(diagnostics);
    run.check_dates(diagnostics);
    Ok(run.finish())
}

impl Expansion {
    /// Whether an identity is on a suppress list; asked for messages that no row names any more.
    pub fn is_suppressed(&self, identity: &str) -> bool {
        self.suppressed.contains(&Identity::new(identity))
    }
}
