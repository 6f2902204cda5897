//! Every faulty manifest and list under `tests/manifests/invalid` is found out: each fault at its exact place, with its
//! words, and nothing that only follows from it.
//!
//! A case is `NAME.yaml`, mostly with a list `NAME.csv`, and `NAME.expected`: one line a diagnostic,
//! `file:line:column code message`, below it its help and its related places. With `UPDATE_EXPECTED=1` the files are written anew, for people to read and commit.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use zapi_batch::diagnostic::Diagnostics;
use zapi_batch::{expand, manifest};

const CASES: &str = "tests/manifests/invalid";
/// The day on which the cases were written: what is past, or far ahead, is measured from here.
const NOW: &str = "2026-11-22T12:00:00Z";

#[test]
fn every_fault_is_found_at_its_place() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let mut wrong = Vec::new();
    let cases = cases();
    assert!(!cases.is_empty());
    for case in cases {
        let found = found(&case);
        let beside = case.with_extension("expected");
        if update {
            fs::write(&beside, &found).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if found != expected || found.is_empty() {
            wrong.push(format!("{}\n  found:\n{found}  expected:\n{expected}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn cases() -> Vec<PathBuf> {
    let files = fs::read_dir(CASES).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    cases.sort();
    cases
}

/// What a run over the manifest and its lists says, a line a diagnostic.
fn found(case: &Path) -> String {
    let now = NOW.parse().unwrap();
    let mut diagnostics = Diagnostics::new();
    if let Some(manifest) = manifest::load_at(case, now, &mut diagnostics) {
        expand::expand(&manifest, now, &mut diagnostics, &mut |_| Ok(())).unwrap();
    }
    let mut lines = String::new();
    for diagnostic in diagnostics.sorted() {
        let place = diagnostic.place.as_ref();
        let file = place.map(|place| place.file.trim_start_matches(CASES).trim_start_matches('/')).unwrap_or_default();
        let at = place.and_then(|place| place.span).map(|span| format!(":{}:{}", span.line, span.column));
        let (code, message) = (diagnostic.code.id, &diagnostic.message);
        writeln!(lines, "{file}{} {code} {message}", at.unwrap_or_default()).unwrap();
        if let Some(help) = &diagnostic.help {
            writeln!(lines, "  help: {help}").unwrap();
        }
        for related in &diagnostic.related {
            let place = &related.place;
            let file = place.file.trim_start_matches(CASES).trim_start_matches('/');
            let at = place.span.map(|span| format!(":{}:{}", span.line, span.column)).unwrap_or_default();
            writeln!(lines, "  {file}{at}: {}", related.message).unwrap();
        }
    }
    lines
}
