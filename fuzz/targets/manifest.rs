//! Any bytes as a manifest: through its only door, its inline recipients expanded, and what was found in every format.
//!
//! Lists in files are not reached from here: the manifest is said to stand in a folder that does not exist.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use zapi_batch::diagnostic::Diagnostics;
use zapi_batch::diagnostic::render::{Format, Style, Summary, render};
use zapi_batch::diagnostic::source::Source;
use zapi_batch::{expand, manifest};

fuzz_target!(|bytes: &[u8]| {
    let now = "2026-11-22T12:00:00Z".parse().expect("a moment");
    let mut diagnostics = Diagnostics::new();
    if let Ok(text) = std::str::from_utf8(bytes) {
        let source = Source::new("/nowhere/m.yaml".into(), text.into());
        if let Some(manifest) = manifest::parse(Path::new("/nowhere/m.yaml"), &source, now, &mut diagnostics) {
            expand::expand(&manifest, now, &mut diagnostics, &mut |_| Ok(())).expect("nothing is written");
        }
    }
    let summary = Summary { messages: 0, files: vec!["/nowhere/m.yaml".into()], ..Summary::default() };
    for format in [Format::Human, Format::Json, Format::Github, Format::Sarif, Format::Junit] {
        let text = render(&diagnostics, &summary, format, Style { colour: false, mask: true, width: 100 });
        if matches!(format, Format::Json | Format::Sarif) {
            serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
        }
    }
});
