//! Opens a campaign: manifest and rows, checked and expanded once, into the store that everything after works from.

use std::io;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::confirm::{self, Deed};
use super::failure::Failure;
use crate::diagnostic::render::{ListNames, Summary};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity};
use crate::engine::StopSignal;
use crate::expand::Expansion;
use crate::ledger::Spool;
use crate::manifest::{self, ListKind, Manifest, wordings};

/// A manifest and what its rows come to. With errors in `diagnostics` it must not be sent.
pub(super) struct Campaign {
    /// `None` when nothing usable was left of it.
    pub manifest: Option<Manifest>,
    pub expansion: Option<Expansion>,
    pub spool: Spool,
    pub diagnostics: Diagnostics,
}

/// Whether the expanded rows are kept, or only checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Rows,
    Nothing,
}

/// Reads and checks everything there is to check.
pub(super) fn open(
    path: &Path,
    now: Timestamp,
    keep: Keep,
    stop: Option<&mut StopSignal>,
) -> Result<Campaign, Failure> {
    let mut diagnostics = Diagnostics::new();
    let manifest = manifest::load(path, &mut diagnostics);
    let mut campaign = expand(manifest, diagnostics, now, keep, stop)?;
    campaign.check_test(now);
    Ok(campaign)
}

/// Expands a manifest whose own faults are in `diagnostics` already. Long lists take a while: `stop` ends it at any row,
/// where somebody listens to signals.
pub(super) fn expand(
    manifest: Option<Manifest>,
    mut diagnostics: Diagnostics,
    now: Timestamp,
    keep: Keep,
    mut stop: Option<&mut StopSignal>,
) -> Result<Campaign, Failure> {
    let mut is_stopped = false;
    let mut spool = Spool::new();
    let expansion = manifest
        .as_ref()
        .map(|manifest| {
            crate::expand::expand(manifest, now, &mut diagnostics, &mut |row| {
                if stop.as_mut().is_some_and(|stop| stop.has_come()) {
                    is_stopped = true;
                    return Err(io::Error::other("interrupted"));
                }
                match keep {
                    Keep::Rows => spool.push(&row),
                    Keep::Nothing => Ok(()),
                }
            })
        })
        .transpose();
    let expansion = expansion.map_err(|error| {
        if is_stopped {
            confirm::interrupted(Deed::Send)
        } else {
            Failure::refused(format!("the expanded rows cannot be kept: {error}"))
        }
    })?;
    Ok(Campaign { manifest, expansion, spool, diagnostics })
}

impl Campaign {
    /// What `zapi-batch test` would send is checked with the rest, so that nobody meets its mistakes only there. Warnings
    /// are left to it, and so is what was said of the same place already.
    fn check_test(&mut self, now: Timestamp) {
        let Some(manifest) = &self.manifest else { return };
        let Some(test) = &manifest.test else { return };
        let trial = manifest.for_test(test, &wordings::wordings(manifest));
        let mut found = Diagnostics::new();
        if crate::expand::expand(&trial, now, &mut found, &mut |_| Ok(())).is_err() {
            return; // nothing is kept that could fail
        }
        let known: Vec<_> =
            self.diagnostics.sorted().iter().map(|known| (known.code.id, known.place.clone())).collect();
        let is_new = |one: &&Diagnostic| !known.contains(&(one.code.id, one.place.clone()));
        let errors = found.sorted().into_iter().filter(|one| one.severity() == Severity::Error).filter(is_new);
        for error in errors.cloned().collect::<Vec<_>>() {
            // A row of a file can be left out with `--skip-invalid`, as any other.
            let is_of_row = error.place.as_ref().is_some_and(|place| place.file != manifest.source.file);
            if let Some(expansion) = self.expansion.as_mut().filter(|_| is_of_row) {
                expansion.row_errors += 1;
            }
            self.diagnostics.push(error);
        }
    }

    /// Errors that no flag helps against: all, but those of single rows with `--skip-invalid`.
    pub(super) fn fatal_errors(&self, skip_invalid: bool) -> u64 {
        let of_rows = self.expansion.as_ref().map_or(0, |expansion| expansion.row_errors);
        self.diagnostics.errors() - if skip_invalid { of_rows } else { 0 }
    }

    /// For the renderers.
    pub(super) fn summary(&self, path: &Path) -> Summary {
        let sorted = self.diagnostics.sorted();
        let errors = sorted.iter().filter(|found| found.severity() == Severity::Error);
        let unread: Vec<Option<&Place>> = errors.map(|error| error.place.as_ref()).collect();
        let mut files = Vec::new();
        match &self.manifest {
            Some(manifest) => {
                files.push(Arc::clone(&manifest.source.file));
                for list in manifest.lists.iter().chain(&manifest.suppress) {
                    // One that cannot be read is said to be so where the manifest names it.
                    if let ListKind::Csv(csv) = &list.kind
                        && !files.contains(&csv.shown)
                        && !unread.contains(&Some(&csv.place))
                    {
                        files.push(Arc::clone(&csv.shown));
                    }
                }
            }
            None => files.push(path.display().to_string().into()),
        }
        let messages = self.expansion.as_ref().map_or(0, |expansion| expansion.messages);
        Summary { messages, files, lists: ListNames::FromManifest }
    }
}
