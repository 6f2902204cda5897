//! The manifest's only door: bytes of a file to a checked [`Manifest`].

use std::path::Path;

use jiff::Timestamp;

use super::Manifest;
use crate::diagnostic::Diagnostics;

/// Reads and checks a manifest. Everything that is wrong goes into `diagnostics`; `None` when nothing usable is left.
pub fn load(path: &Path, diagnostics: &mut Diagnostics) -> Option<Manifest> {
    load_at(path, Timestamp::now(), diagnostics)
}

/// [`load`] with the time that "in the past" and "more than a year ahead" are measured from.
pub fn load_at(_path: &Path, _now: Timestamp, _diagnostics: &mut Diagnostics) -> Option<Manifest> {
    todo!()
}
