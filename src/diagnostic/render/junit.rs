//! Diagnostics as `JUnit` XML: a suite for each file, a failed case for each error, so that every CI can show them.

use std::fmt::Write;
use std::sync::Arc;

use super::{Summary, cut_lines, masked};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};

/// The suite of what has no file, such as a missing environment variable.
const NO_FILE: &str = "zapi-batch";

pub(super) fn render(diagnostics: &Diagnostics, summary: &Summary, mask: bool) -> String {
    let sorted = diagnostics.sorted();
    let mut suites: Vec<(Arc<str>, Vec<&Diagnostic>)> =
        summary.files.iter().map(|file| (Arc::clone(file), Vec::new())).collect();
    for diagnostic in sorted {
        let file = diagnostic.place.as_ref().map_or_else(|| Arc::from(NO_FILE), |place| Arc::clone(&place.file));
        match suites.iter_mut().find(|(name, _)| *name == file) {
            Some((_, found)) => found.push(diagnostic),
            None => suites.push((file, vec![diagnostic])),
        }
    }
    let (mut out, mut tests, mut failures) = (String::new(), 0, 0);
    for (file, found) in &suites {
        let suite = suite(file, found, mask);
        tests += suite.tests;
        failures += suite.failures;
        out.push_str(&suite.xml);
    }
    let cut = cut_lines(diagnostics);
    if !cut.is_empty() {
        // What is only counted has no place; its first hundred have made their suites fail.
        let lines = escaped(&cut.join("\n"));
        tests += 1;
        let _ = writeln!(
            out,
            "  <testsuite name=\"{NO_FILE}: more of the same\" tests=\"1\" failures=\"0\">\n    <testcase classname=\"{NO_FILE}\" name=\"more of the same\">\n      <system-out>{lines}</system-out>\n    </testcase>\n  </testsuite>"
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"zapi-batch\" tests=\"{tests}\" failures=\"{failures}\">\n{out}</testsuites>\n"
    )
}

struct Suite {
    xml: String,
    tests: usize,
    failures: usize,
}

fn suite(file: &str, found: &[&Diagnostic], mask: bool) -> Suite {
    let failures = found.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error).count();
    let mut cases = String::new();
    let mut tests = found.len();
    if failures == 0 {
        tests += 1;
        let _ = writeln!(cases, "    <testcase classname=\"{0}\" name=\"{0} is valid\"/>", escaped(file));
    }
    for diagnostic in found {
        cases.push_str(&case(file, diagnostic, mask));
    }
    let head = format!("  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\">\n", escaped(file));
    Suite { xml: format!("{head}{cases}  </testsuite>\n"), tests, failures }
}

fn case(file: &str, diagnostic: &Diagnostic, mask: bool) -> String {
    let span = diagnostic.place.as_ref().and_then(|place| place.span);
    let at = span.map(|span| format!(":{}:{}", span.line, span.column)).unwrap_or_default();
    let message = escaped(&masked(&diagnostic.message, mask));
    let help = diagnostic.help.as_deref().map(|help| escaped(&masked(help, mask)));
    let code = diagnostic.code.id;
    let body = match diagnostic.severity() {
        Severity::Error => format!(
            "<failure type=\"{code}\" message=\"{message}\">{}{at}: {message}{}</failure>",
            escaped(file),
            help.map(|help| format!("\n{help}")).unwrap_or_default()
        ),
        Severity::Warning => format!("<system-out>warning: {message}</system-out>"),
    };
    let name = escaped(&format!("{code} {}{at}", diagnostic.code.title));
    format!("    <testcase classname=\"{}\" name=\"{name}\">\n      {body}\n    </testcase>\n", escaped(file))
}

/// Text for XML 1.0, which has no place at all for most control characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn every_file_is_a_suite() {
        let (diagnostics, summary) = sample::found();
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="zapi-batch" tests="5" failures="3">
  <testsuite name="m.yaml" tests="1" failures="1">
    <testcase classname="m.yaml" name="E308 number without country code">
      <failure type="E308" message="100% wrong: &lt;a&gt; &amp; &quot;b&quot;">m.yaml: 100% wrong: &lt;a&gt; &amp; &quot;b&quot;</failure>
    </testcase>
  </testsuite>
  <testsuite name="lists/vip.csv" tests="2" failures="1">
    <testcase classname="lists/vip.csv" name="E308 number without country code:3:5">
      <failure type="E308" message="`11 9****-8888` lacks its country code">lists/vip.csv:3:5: `11 9****-8888` lacks its country code
for a number in Brazil write 55119****8888</failure>
    </testcase>
    <testcase classname="lists/vip.csv" name="W301 recipient listed twice:9:1">
      <system-out>warning: 55119****7777 is listed already</system-out>
    </testcase>
  </testsuite>
  <testsuite name="lists/ok.csv" tests="1" failures="0">
    <testcase classname="lists/ok.csv" name="lists/ok.csv is valid"/>
  </testsuite>
  <testsuite name="zapi-batch" tests="1" failures="1">
    <testcase classname="zapi-batch" name="E308 number without country code">
      <failure type="E308" message="nowhere">zapi-batch: nowhere</failure>
    </testcase>
  </testsuite>
</testsuites>
"#;
        assert_eq!(render(&diagnostics, &summary, true), expected);
        assert_eq!(escaped("a\u{1}\u{0}\t"), "a\u{FFFD}\u{FFFD}\u{FFFD}");
    }
}
