//! Opens a campaign: manifest and rows, checked and expanded once, into the store that everything after works from.

use std::io;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::confirm::{self, Deed};
use super::failure::Failure;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::render::{ListNames, Summary};
use crate::engine::StopSignal;
use crate::expand::Expansion;
use crate::ledger::Spool;
use crate::manifest::{self, ListKind, Manifest};

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
    expand(manifest, diagnostics, now, keep, stop)
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
    /// Errors that no flag helps against: all, but those of single rows with `--skip-invalid`.
    pub(super) fn fatal_errors(&self, skip_invalid: bool) -> u64 {
        let of_rows = self.expansion.as_ref().map_or(0, |expansion| expansion.row_errors);
        self.diagnostics.errors() - if skip_invalid { of_rows } else { 0 }
    }

    /// For the renderers.
    pub(super) fn summary(&self, path: &Path) -> Summary {
        let mut files = Vec::new();
        match &self.manifest {
            Some(manifest) => {
                files.push(Arc::clone(&manifest.source.file));
                for list in manifest.lists.iter().chain(&manifest.suppress) {
                    if let ListKind::Csv(csv) = &list.kind
                        && !files.contains(&csv.shown)
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
