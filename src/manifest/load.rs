//! The manifest's only door: a file's bytes to a checked [`Manifest`].
//!
//! Opens nothing but a regular file of limited size, and turns what Notepad writes into text. What the text says is for
//! `tree`, `comments`, `shape` and `check`, which this calls in turn.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::check::{self, Context};
use super::hidden::hidden_lines;
use super::raw::RawManifest;
use super::{Manifest, comments, schema, shape, tree};
use crate::diagnostic::source::Source;
use crate::diagnostic::text::manifest as words;
use crate::diagnostic::{Diagnostic, Diagnostics, Place};

/// A manifest is written by hand; recipients by the hundred thousand belong into a CSV.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Reads and checks a manifest. Everything that is wrong goes into `diagnostics`; `None` when nothing usable is left.
pub fn load(path: &Path, diagnostics: &mut Diagnostics) -> Option<Manifest> {
    load_at(path, Timestamp::now(), diagnostics)
}

/// [`load`] with the time that "in the past" and "more than a year ahead" are measured from.
pub fn load_at(path: &Path, now: Timestamp, diagnostics: &mut Diagnostics) -> Option<Manifest> {
    let file: Arc<str> = path.to_string_lossy().into();
    let whole = |diagnostic: Diagnostic| diagnostic.at(Place::file(&file));
    let bytes = match read(path) {
        Ok(bytes) => bytes,
        Err(fault) => {
            diagnostics.push(whole(*fault));
            return None;
        }
    };
    match decode(&bytes) {
        Ok(text) => parse(path, &Source::new(Arc::clone(&file), text.into()), now, diagnostics),
        Err(valid) => {
            // The text up to the first bad byte tells where it stands.
            let before: Arc<str> = String::from_utf8_lossy(&bytes[..valid]).into_owned().into();
            let hidden = hidden_lines(&before);
            let source = Source::new(file, before).hiding(hidden);
            diagnostics.push(words::encoding().at(source.place(source.text.len()..source.text.len())));
            None
        }
    }
}

/// A manifest's text to a manifest. `path` is where it is said to stand; nothing is read from there.
pub fn parse(path: &Path, source: &Source, now: Timestamp, diagnostics: &mut Diagnostics) -> Option<Manifest> {
    let source = &source.clone().hiding(hidden_lines(&source.text));
    let before = diagnostics.errors();
    control_characters(source, diagnostics);
    if diagnostics.errors() > before {
        return None;
    }
    let mut root = tree::parse(source, diagnostics)?;
    comments::warn(&root, source, diagnostics);
    let value = shape::walk(&mut root, &schema::value(), source, diagnostics)?;
    let raw: RawManifest = match serde_yaml::from_value(value) {
        Ok(raw) => raw,
        Err(error) => {
            diagnostics.push(words::syntax(&error.to_string()).at(Place::file(&source.file)));
            return None;
        }
    };
    let manifest = check::check(Context { path, source, now, diagnostics, suggestions: 0 }, raw, &root);
    // Where YAML gave up, nobody knows what of the lists stands behind that: their rows are not read.
    (!root.cut).then_some(manifest)
}

fn read(path: &Path) -> Result<Vec<u8>, Box<Diagnostic>> {
    let unreadable = |error: std::io::Error| Box::new(words::unreadable(&error.to_string()));
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    // Before it is opened: opening a FIFO waits for somebody to write into it.
    if metadata.is_dir() {
        return Err(Box::new(words::not_a_file("a folder")));
    }
    if !metadata.is_file() {
        return Err(Box::new(words::not_a_file("a pipe or a device")));
    }
    let mut bytes = Vec::new();
    // The size is measured while reading: files under /proc say that they are empty, and others may grow.
    File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    // Such as those under /proc, whose content (the environment of a CI job, say) is nobody's to see in a report.
    if metadata.len() == 0 && !bytes.is_empty() {
        return Err(Box::new(words::not_a_file("made up by the system")));
    }
    if bytes.len() as u64 > BYTES_MAX {
        return Err(Box::new(words::too_large(BYTES_MAX)));
    }
    Ok(bytes)
}

/// UTF-8 with or without a byte order mark, or UTF-16 as Notepad writes it; where it stops being text otherwise.
fn decode(bytes: &[u8]) -> Result<String, usize> {
    let utf16 = match bytes {
        [0xff, 0xfe, ..] => Some(encoding_rs::UTF_16LE),
        [0xfe, 0xff, ..] => Some(encoding_rs::UTF_16BE),
        // Without a mark, but ASCII in UTF-16 has a zero in every other byte.
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Some(encoding_rs::UTF_16LE),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => Some(encoding_rs::UTF_16BE),
        _ => None,
    };
    if let Some(encoding) = utf16 {
        let (text, _, faulty) = encoding.decode(bytes);
        return if faulty { Err(0) } else { Ok(text.into_owned()) };
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| error.valid_up_to())
}

/// Characters that nobody types and that do not show.
fn control_characters(source: &Source, diagnostics: &mut Diagnostics) {
    /// A binary file is one mistake, not a million.
    const SHOWN_MAX: usize = 20;
    let mut shown = 0;
    for (offset, character) in source.text.char_indices() {
        // It is a line break to YAML and to nobody else; places would be off by a line.
        let lone_return = character == '\r' && source.text.as_bytes().get(offset + 1) != Some(&b'\n');
        let control = character.is_control() && !matches!(character, '\n' | '\r' | '\t');
        if control || lone_return || matches!(character, '\u{feff}' | '\u{2028}' | '\u{2029}') {
            let place = source.place(offset..offset + character.len_utf8());
            diagnostics.push(words::control_character(character).at(place));
            shown += 1;
            if shown == SHOWN_MAX {
                return;
            }
        }
    }
}
