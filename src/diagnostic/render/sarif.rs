//! Diagnostics as SARIF 2.1.0, the format of code scanning services.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Summary, cut_lines, from_here, masked};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Place};

pub(super) fn render(diagnostics: &Diagnostics, summary: &Summary, mask: bool) -> String {
    let sorted = diagnostics.sorted();
    let mut rules: Vec<&Code> = Vec::new();
    for diagnostic in &sorted {
        if !rules.iter().any(|rule| rule.id == diagnostic.code.id) {
            rules.push(diagnostic.code);
        }
    }
    rules.sort_by_key(|rule| rule.id);
    let results: Vec<Value> = sorted.iter().map(|diagnostic| result(diagnostic, &rules, summary, mask)).collect();
    // What is only counted has no place that a result could point at.
    let notes: Vec<Value> =
        cut_lines(diagnostics).iter().map(|line| json!({"level": "note", "message": {"text": line}})).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "zapi-batch",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| self::rule(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": notes}],
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.id,
        "shortDescription": {"text": code.title},
        "defaultConfiguration": {"level": code.severity().as_str()},
    })
}

fn result(diagnostic: &Diagnostic, rules: &[&Code], summary: &Summary, mask: bool) -> Value {
    let mut text = masked(&diagnostic.message, mask).into_owned();
    if let Some(help) = &diagnostic.help {
        text.push_str(". Help: ");
        text.push_str(&masked(help, mask));
    }
    let related: Vec<Value> = diagnostic
        .related
        .iter()
        .enumerate()
        .map(|(index, related)| {
            let mut location = location(&related.place, summary);
            location["id"] = json!(index + 1);
            location["message"] = json!({"text": masked(&related.message, mask)});
            location
        })
        .collect();
    let mut result = json!({
        "ruleId": diagnostic.code.id,
        "ruleIndex": rules.iter().position(|rule| rule.id == diagnostic.code.id),
        "level": diagnostic.severity().as_str(),
        "message": {"text": text},
        "locations": diagnostic.place.iter().map(|place| location(place, summary)).collect::<Vec<_>>(),
    });
    if !related.is_empty() {
        result["relatedLocations"] = json!(related);
    }
    result
}

fn location(place: &Place, summary: &Summary) -> Value {
    let mut physical = json!({"artifactLocation": {"uri": uri(&from_here(&place.file, summary))}});
    if let Some(span) = place.span {
        physical["region"] = json!({
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        });
    }
    json!({"physicalLocation": physical})
}

/// A path as a relative URI reference.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            b'\\' => uri.push('/'),
            other => {
                let _ = write!(uri, "%{other:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_log_has_rules_results_and_places() {
        let (diagnostics, summary) = sample::found();
        let log: Value = serde_json::from_str(&render(&diagnostics, &summary, true)).unwrap();
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "E308");
        assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 2);
        assert_eq!(
            run["results"][1],
            json!({
                "ruleId": "W301",
                "ruleIndex": 1,
                "level": "warning",
                "message": {"text": "55119****7777 is listed already"},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": "lists/vip.csv"},
                    "region": {"startLine": 9, "startColumn": 1, "endLine": 9, "endColumn": 14},
                }}],
                "relatedLocations": [{
                    "id": 1,
                    "message": {"text": "first listed here"},
                    "physicalLocation": {
                        "artifactLocation": {"uri": "lists/a%2C%20b.csv"},
                        "region": {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 14},
                    },
                }],
            })
        );
        assert_eq!(run["results"][3]["locations"], json!([]));
    }
}
