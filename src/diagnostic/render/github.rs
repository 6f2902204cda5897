//! Diagnostics as annotations of a GitHub workflow: `::error file=...,line=...::message`.

use std::fmt::Write;

use super::{Summary, closing, cut_lines, from_here, masked};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};

pub(super) fn render(diagnostics: &Diagnostics, summary: &Summary, mask: bool) -> String {
    let mut lines: Vec<String> =
        diagnostics.sorted().into_iter().map(|found| annotation(found, summary, mask)).collect();
    lines.extend(cut_lines(diagnostics).iter().map(|line| format!("::notice::{}", data(line))));
    lines.push(closing(diagnostics, summary));
    lines.join("\n") + "\n"
}

fn annotation(diagnostic: &Diagnostic, summary: &Summary, mask: bool) -> String {
    let kind = match diagnostic.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut properties = Vec::new();
    if let Some(place) = &diagnostic.place {
        properties.push(format!("file={}", property(&from_here(&place.file, summary))));
        if let Some(span) = place.span {
            properties.push(format!("line={}", span.line));
            properties.push(format!("endLine={}", span.end_line));
            // Columns are taken only for what stands on one line; theirs end with the last character.
            if span.line == span.end_line {
                properties.push(format!("col={}", span.column));
                properties.push(format!("endColumn={}", span.end_column.saturating_sub(1).max(span.column)));
            }
        }
    }
    properties.push(format!("title={}", property(&format!("{} {}", diagnostic.code.id, diagnostic.code.title))));
    let mut text = masked(&diagnostic.message, mask).into_owned();
    if let Some(help) = &diagnostic.help {
        text.push('\n');
        text.push_str(&masked(help, mask));
    }
    for related in &diagnostic.related {
        let line = related.place.span.map(|span| format!(":{}", span.line)).unwrap_or_default();
        let _ = write!(text, "\n{}{line}: {}", related.place.file, masked(&related.message, mask));
    }
    format!("::{kind} {}::{}", properties.join(","), data(&text))
}

/// A text after the second `::`: a line break would end it, and begin whatever the input says.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::diagnostic::Place;

    #[test]
    fn annotations_are_escaped() {
        let (mut diagnostics, summary) = sample::found();
        let hostile = Diagnostic::new(&sample::ERROR, "x\n::stop-commands::y").at(Place::file(&"a,b:c%.csv".into()));
        diagnostics.push(hostile);
        let expected = "\
::error file=lists/vip.csv,line=3,endLine=3,col=5,endColumn=17,title=E308 number without country code::`11 9****-8888` lacks its country code%0Afor a number in Brazil write 55119****8888
::warning file=lists/vip.csv,line=9,endLine=9,col=1,endColumn=13,title=W301 recipient listed twice::55119****7777 is listed already%0Alists/a, b.csv:2: first listed here
::error file=m.yaml,title=E308 number without country code::100%25 wrong: <a> & \"b\"
::error file=a%2Cb%3Ac%25.csv,title=E308 number without country code::x%0A::stop-commands::y
::error title=E308 number without country code::nowhere
4 errors, 1 warning: 3 files checked
";
        assert_eq!(render(&diagnostics, &summary, true), expected);
    }
}
