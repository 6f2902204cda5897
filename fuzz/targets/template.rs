//! Any text as an event's text: compiled at its place in a manifest, and rendered for a row whose values are hostile.
//!
//! What is rendered is never longer than 64 KiB.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use zapi_batch::diagnostic::Diagnostics;
use zapi_batch::diagnostic::source::Source;
use zapi_batch::manifest::{self, Values};

/// Names that a template can use, some of them empty, some like templates themselves.
const VALUES: [(&str, &str); 6] = [
    ("phone", "120363019502650977-group"),
    ("name", "{{ phone }} <b>&\u{202e}"),
    ("price", "1.234,50"),
    ("date", "04/12/2026 19:00"),
    ("count", "99999999999999999999"),
    ("empty", ""),
];

struct Row;

impl Values for Row {
    fn get(&self, name: &str) -> Option<&str> {
        VALUES.iter().find(|(known, _)| *known == name).map(|(_, value)| *value).filter(|value| !value.is_empty())
    }
    fn row(&self, header: &str) -> Option<&str> {
        self.get(header)
    }
    fn names(&self) -> Vec<&str> {
        VALUES.iter().map(|(name, _)| *name).collect()
    }
    fn headers(&self) -> Vec<&str> {
        self.names()
    }
}

fuzz_target!(|text: &str| {
    // A JSON text is a YAML text in double quotes.
    let Ok(quoted) = serde_json::to_string(text) else { return };
    let manifest = format!("version: 1\ncampaign: c\nevents:\n  e:\n    name: {quoted}\n    dateTime: {quoted}\n");
    let source = Source::new("/nowhere/m.yaml".into(), manifest.into());
    let now = "2026-11-22T12:00:00Z".parse().expect("a moment");
    let mut diagnostics = Diagnostics::new();
    let Some(manifest) = manifest::parse(Path::new("/nowhere/m.yaml"), &source, now, &mut diagnostics) else { return };
    let mut out = String::new();
    for template in manifest.events.iter().flat_map(|event| event.templates()) {
        out.clear();
        if template.render(&Row, &mut out).is_err() {
            assert!(out.is_empty(), "half a text was left");
        }
        assert!(out.len() <= 64 * 1024, "{} bytes", out.len());
    }
});
