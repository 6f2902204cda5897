//! Braces that were meant as a template and would be sent as they stand: `{ {`, `} }`, a `}}` that nothing opens, and
//! `{name}` as other programs write it.
//!
//! Looks only at what the template language takes for plain text, so that no brace of an expression is meant.

use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::text::template as words;

/// As they are written, and as they should be.
const PARTED: [(&str, &str); 4] = [("{ {", "{{"), ("} }", "}}"), ("{ %", "{%"), ("% }", "%}")];

type Stray = (Range<usize>, Diagnostic);

/// Every stray brace in the plain stretches of a text; in those of `{% raw %}` braces are what is meant.
pub(super) fn stray(text: &str, plain: &[Range<usize>]) -> Vec<Stray> {
    let mut search = Search { text, wrongly_opened: 0, open: 0, found: Vec::new() };
    for stretch in plain.iter().filter(|stretch| !is_raw(&text[..stretch.start])) {
        search.stretch(stretch);
    }
    search.found
}

/// What is wrong with the braces of a text that cannot be read, where that is the likely reason.
pub(super) fn parted(text: &str) -> Option<Stray> {
    PARTED.into_iter().find_map(|(wrong, right)| {
        let at = text.find(wrong)?;
        // `{{ {"a": {} } }}` is a map within an expression.
        let closes = wrong == "} }" && text[..at].contains("{{") && text[at..].contains("}}");
        let opens = wrong == "{ {" && text[..=at].rfind("{{") > text[..at].rfind("}}");
        (!closes && !opens).then(|| (at..at + wrong.len(), words::stray_braces(wrong, right)))
    })
}

struct Search<'a> {
    text: &'a str,
    /// `{ {` that wait for the end which was written as it should be.
    wrongly_opened: usize,
    /// Single braces that wait for theirs: `{"a": {{ a }}}` has as many of each.
    open: usize,
    found: Vec<Stray>,
}

impl Search<'_> {
    fn stretch(&mut self, stretch: &Range<usize>) {
        let mut at = stretch.start;
        while let Some(next) = self.text[at..stretch.end].find(['{', '}', '%']) {
            at += next;
            at += self.brace(at, stretch);
        }
    }

    /// Looks at what begins at `at`, and returns how many bytes of the stretch that is.
    fn brace(&mut self, at: usize, stretch: &Range<usize>) -> usize {
        let rest = &self.text[at..stretch.end];
        if let Some((wrong, right)) = PARTED.into_iter().find(|(wrong, _)| rest.starts_with(wrong)) {
            let opens = wrong.starts_with('{');
            self.wrongly_opened = if opens { self.wrongly_opened + 1 } else { self.wrongly_opened.saturating_sub(1) };
            return self.report(at, wrong.len(), words::stray_braces(wrong, right));
        }
        if rest.starts_with("}}") || rest.starts_with("%}") {
            if self.wrongly_opened == 0 {
                return self.report(at, 2, words::never_opened(&rest[..2]));
            }
            self.wrongly_opened -= 1;
            return 2;
        }
        if let Some((name, length)) = single(rest) {
            // `${CITY}` is reported as what it is.
            if !self.text[..at].ends_with('$') {
                self.report(at, length, words::single_braces(name));
            }
            return length;
        }
        let (before, after) = (self.text[..at].trim_end(), self.text[at + 1..].trim_start());
        match rest.as_bytes()[0] {
            b'{' if after.starts_with("{{") || after.starts_with("{%") => {
                return self.report(at, 1, words::stray_brace("{"));
            }
            b'{' => self.open += 1,
            b'}' if self.open > 0 => self.open -= 1,
            b'}' if before.ends_with("}}") || before.ends_with("%}") => {
                return self.report(at, 1, words::stray_brace("}"));
            }
            _ => {}
        }
        1
    }

    fn report(&mut self, at: usize, length: usize, diagnostic: Diagnostic) -> usize {
        self.found.push((at..at + length, diagnostic));
        length
    }
}

/// The name in `{name}` at the start of a text, and how long that is with its braces.
fn single(text: &str) -> Option<(&str, usize)> {
    let inside = text.strip_prefix('{')?;
    let start = inside.trim_start();
    let length = start.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let after = start[length..].trim_start().strip_prefix('}')?;
    let is_name = start.as_bytes().first().is_some_and(|first| length > 0 && !first.is_ascii_digit());
    // `{name} }` and `{name}}` are more likely the end of a template.
    let doubled = after.starts_with('}') || after.starts_with(" }");
    (is_name && !doubled).then(|| (&start[..length], text.len() - after.len()))
}

/// Whether a text ends with `{% raw %}`, with or without the marks that cut blanks.
fn is_raw(before: &str) -> bool {
    let inside = || {
        let tag = before.trim_end().strip_suffix("%}")?;
        let word = tag.strip_suffix(['-', '+']).unwrap_or(tag).trim_end().strip_suffix("raw")?.trim_end();
        word.strip_suffix(['-', '+']).unwrap_or(word).strip_suffix("{%")
    };
    inside().is_some()
}

#[cfg(test)]
mod tests {
    use minijinja::machinery::parse;

    use super::super::walk;
    use super::*;

    /// What is reported of a text that can be read.
    fn said(text: &str) -> Vec<&str> {
        let root = parse(text, "", minijinja::syntax::SyntaxConfig::default()).unwrap();
        let found = stray(text, &walk::walk(text, &root).plain);
        found.into_iter().map(|(range, _)| &text[range]).collect()
    }

    #[test]
    fn every_stray_brace_is_found_and_none_of_an_expression() {
        for (text, expected) in [
            ("Olá {nome}, {{ n }}", &["{nome}"][..]),
            ("{{ n }} }}", &["}}"]),
            ("{{ n }}}", &["}"]),
            ("{{ n }} }", &["}"]),
            ("{{ n }} %}", &["%}"]),
            ("{ {{ n }} }", &["{", "}"]),
            ("{ { n }} and { n } } {{ n }}", &["{ {", "} }"]),
            ("{ % if n % } {% if n %}{ b } } {c}{% endif %}", &["{ %", "% }", "} }", "{c}"]),
            (
                "{% for a in n %}{x}{% else %}{ y }{% endfor %}{% with a = n %}{z}{% endwith %}",
                &["{x}", "{ y }", "{z}"],
            ),
            ("{{ {\"a\": 1}.a }}{{ {'a': {} }.a }}{{ '} }' }}", &[]),
            ("{\"a\": {{ n }}}", &[]),
            ("{% raw %}{x} }} {{% endraw %}{%- raw -%} {x} {%- endraw -%} {y}", &["{y}"]),
            ("{# {x} #}${CITY} R${{ n }} {0} {} a }{ b 100% {a b}", &[]),
            ("{{ n }} :}", &[]),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }

    #[test]
    fn a_text_that_cannot_be_read_may_have_its_braces_parted() {
        let at = |text: &str| parted(text).map(|(range, _)| range);
        assert_eq!(at("{{ n } }"), Some(5..8));
        assert_eq!(at("{% if n % }x"), Some(8..11));
        assert_eq!(at("{{ {'a': {} } }} {{ n"), None);
        assert_eq!(at("{{ n"), None);
    }
}
