//! Diagnostics as JSON, one object for a whole run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Summary, masked};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Related};

/// One diagnostic; lines and columns from 1, columns in characters.
#[derive(Debug, Serialize)]
pub struct Entry {
    code: &'static str,
    severity: &'static str,
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
    message: String,
    help: Option<String>,
    related: Vec<RelatedEntry>,
}

#[derive(Debug, Serialize)]
struct RelatedEntry {
    file: String,
    line: Option<u32>,
    column: Option<u32>,
    message: String,
}

#[derive(Debug, Serialize)]
struct Whole {
    diagnostics: Vec<Entry>,
    summary: Counts,
}

#[derive(Debug, Serialize)]
struct Counts {
    errors: u64,
    warnings: u64,
    messages: u64,
    by_code: BTreeMap<&'static str, u64>,
}

/// Every diagnostic that was kept, in reading order.
pub fn entries(diagnostics: &Diagnostics, mask: bool) -> Vec<Entry> {
    diagnostics.sorted().into_iter().map(|diagnostic| entry(diagnostic, mask)).collect()
}

pub(super) fn render(diagnostics: &Diagnostics, summary: &Summary, mask: bool) -> String {
    let counts = Counts {
        errors: diagnostics.errors(),
        warnings: diagnostics.warnings(),
        messages: summary.messages,
        by_code: diagnostics.by_code(),
    };
    let whole = Whole { diagnostics: entries(diagnostics, mask), summary: counts };
    serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n"
}

fn entry(diagnostic: &Diagnostic, mask: bool) -> Entry {
    let place = diagnostic.place.as_ref();
    let span = place.and_then(|place| place.span);
    Entry {
        code: diagnostic.code.id,
        severity: diagnostic.severity().as_str(),
        file: place.map(|place| place.file.to_string()),
        line: span.map(|span| span.line),
        column: span.map(|span| span.column),
        end_line: span.map(|span| span.end_line),
        end_column: span.map(|span| span.end_column),
        message: masked(&diagnostic.message, mask).into_owned(),
        help: diagnostic.help.as_deref().map(|help| masked(help, mask).into_owned()),
        related: diagnostic.related.iter().map(|related| related_entry(related, mask)).collect(),
    }
}

fn related_entry(related: &Related, mask: bool) -> RelatedEntry {
    let Place { file, span, .. } = &related.place;
    RelatedEntry {
        file: file.to_string(),
        line: span.map(|span| span.line),
        column: span.map(|span| span.column),
        message: masked(&related.message, mask).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_shape_stands() {
        let (diagnostics, summary) = sample::found();
        let found: serde_json::Value = serde_json::from_str(&render(&diagnostics, &summary, true)).unwrap();
        let expected = serde_json::json!({
            "diagnostics": [
                {"code": "E308", "severity": "error", "file": "lists/vip.csv", "line": 3, "column": 5, "end_line": 3,
                 "end_column": 18, "message": "`11 9****-8888` lacks its country code",
                 "help": "for a number in Brazil write 55119****8888", "related": []},
                {"code": "W301", "severity": "warning", "file": "lists/vip.csv", "line": 9, "column": 1, "end_line": 9,
                 "end_column": 14, "message": "55119****7777 is listed already", "help": null,
                 "related": [{"file": "lists/a, b.csv", "line": 2, "column": 1, "message": "first listed here"}]},
                {"code": "E308", "severity": "error", "file": "m.yaml", "line": null, "column": null, "end_line": null,
                 "end_column": null, "message": "100% wrong: <a> & \"b\"", "help": null, "related": []},
                {"code": "E308", "severity": "error", "file": null, "line": null, "column": null, "end_line": null,
                 "end_column": null, "message": "nowhere", "help": null, "related": []},
            ],
            "summary": {"errors": 3, "warnings": 1, "messages": 812, "by_code": {"E308": 3, "W301": 1}},
        });
        assert_eq!(found, expected);
        assert!(render(&diagnostics, &summary, false).contains("5511999998888"));
    }
}
