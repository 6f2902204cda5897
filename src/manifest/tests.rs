//! Whole manifests by table: what is said, where, in one run.

use std::path::Path;

use jiff::Timestamp;

use super::{Manifest, parse};
use crate::diagnostic::Diagnostics;
use crate::diagnostic::source::Source;

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn load(text: &str) -> (Option<Manifest>, Vec<String>) {
    let mut diagnostics = Diagnostics::new();
    let source = Source::new("m.yaml".into(), text.into());
    let manifest = parse(Path::new("folder/m.yaml"), &source, now(), &mut diagnostics);
    let lines = diagnostics
        .sorted()
        .into_iter()
        .map(|found| {
            let place = found.place.as_ref().unwrap();
            let at = place.span.map_or("-".to_owned(), |span| format!("{}:{}", span.line, span.column));
            format!("{at} {} {}", found.code.id, found.message)
        })
        .collect();
    (manifest, lines)
}

#[test]
fn the_examples_have_no_fault() {
    for entry in std::fs::read_dir("manifests").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let (manifest, lines) = load(&std::fs::read_to_string(&path).unwrap());
            assert_eq!(lines, [""; 0], "{}", path.display());
            assert!(manifest.is_some_and(|manifest| !manifest.sends.is_empty()));
        }
    }
}
