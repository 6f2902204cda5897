//! Templates by table, and pieces held to what minijinja makes of the same text.

mod engine;
mod kinds;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::tree;
use super::{Form, NameUse, Need, Reason, RenderFault, Template, Values, compile, locate};
use crate::diagnostic::Diagnostics;
use crate::diagnostic::source::Source;

#[derive(Debug, Default)]
struct Row(BTreeMap<String, String>);

impl Row {
    fn of(values: &[(&str, &str)]) -> Self {
        Self(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }
}

impl Values for Row {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
    fn row(&self, header: &str) -> Option<&str> {
        self.get(header)
    }
    fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
    fn headers(&self) -> Vec<&str> {
        self.names()
    }
}

/// Compiles a text as a double-quoted scalar of a manifest.
fn compiled(text: &str) -> Result<Template, Vec<String>> {
    let mut diagnostics = Diagnostics::new();
    let template = compiled_with(text, &mut diagnostics);
    let said: Vec<String> =
        diagnostics.sorted().iter().map(|found| format!("{} {}", found.code.id, found.message)).collect();
    match template {
        Ok(template) if said.is_empty() => Ok(template),
        _ => Err(said),
    }
}

fn compiled_with(text: &str, diagnostics: &mut Diagnostics) -> Result<Template, Vec<NameUse>> {
    let quoted = serde_json::to_string(text).unwrap();
    let source = Source::new("m.yaml".into(), quoted.into());
    let node = tree::parse(&source, diagnostics).unwrap();
    compile(&source, &node, text, diagnostics)
}

fn rendered(text: &str, row: &Row) -> Result<String, String> {
    let template = compiled(text).map_err(|said| said.join("; "))?;
    let mut out = String::new();
    template.render(row, &mut out).map_err(|faults| messages(&faults).join("; "))?;
    Ok(out)
}

fn messages(faults: &[RenderFault]) -> Vec<String> {
    faults.iter().map(|fault| fault.clone().diagnostic().message).collect()
}

#[test]
fn what_templates_come_to() {
    let row =
        Row::of(&[("name", "Ana"), ("price", "10,00"), ("Nome do grupo", "Mooca"), ("empty", ""), ("html", "<b>&")]);
    for (text, expected) in [
        ("Hello {{ name }}!", "Hello Ana!"),
        ("R${{ price }}", "R$10,00"),
        ("{{ row['Nome do grupo'] }}", "Mooca"),
        ("{{ row['Nome do grupo '] }}{{ row[' name'] | upper }}", "MoocaANA"),
        ("{% set header = 'name ' %}{{ row[header] }}{{ 'name ' in row }}", "AnaTrue"),
        ("{{ empty | default('x') }}{{ name | default('y') }}", "xAna"),
        ("{{ name | upper }}", "ANA"),
        ("{% if empty is defined %}a{% else %}b{% endif %}", "b"),
        ("{% for n in [name, 'Bia'] %}{{ n }}{% if not loop.last %}, {% endif %}{% endfor %}", "Ana, Bia"),
        ("{% set greeting = 'Hi ' ~ name %}{{ greeting }}", "Hi Ana"),
        ("{{ html }}", "<b>&"),
        ("{{ html | lower }}", "<b>&"),
        ("{% raw %}{{ name }}{% endraw %}", "{{ name }}"),
        ("{% for key in row %}{{ key }};{% endfor %}", "Nome do grupo;html;name;price;"),
        ("{{ '{{ name }}' }}", "{{ name }}"),
        ("a }{ b", "a }{ b"),
        ("{{ {'a': 1}.a }}", "1"),
        ("{# a comment #}x", "x"),
        ("{{ name }}\n", "Ana\n"),
        ("{{ name | upper }}\n\n", "ANA\n\n"),
        ("{{ name -}}\n", "Ana"),
        ("{{ 'a\nb' | indent(2, true) }}", "  a\n  b"),
        ("{{ 'a\nb' | indent(width=2) }}", "a\n  b"),
        ("{% for c in 'ab' | list %}{{ c }}{{ loop.last }}{% endfor %}", "aFalsebTrue"),
        ("{% for c in name if c != 'n' %}{{ loop.length }}{% endfor %}", "22"),
        ("{% for c in name %}{{ loop.index }}{% endfor %}", "123"),
    ] {
        assert_eq!(rendered(text, &row).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_said_about_templates() {
    let row = Row::of(&[("first_name", "Ana"), ("empty", "")]);
    for (text, expected) in [
        ("{{ empty }}", "the value `empty` is empty for this recipient"),
        ("{{ empty | upper }}", "the value `empty` is empty for this recipient"),
        ("{% if empty %}a{% endif %}", "the value `empty` is empty for this recipient"),
        ("{{ row['Nome'] }}", "the column `Nome` is empty for this recipient"),
        ("{{ first_name | uper }}", "E102 there is no filter `uper`"),
        ("{% if false %}{{ first_name | uper }}{% endif %}", "E102 there is no filter `uper`"),
        ("{{ first_name is defind }}", "E103 there is no test `is defind`"),
        ("{{ now() }}", "E104 there is no function `now`"),
        ("{{ upper(first_name) }}", "E104 there is no function `upper`"),
        ("{% include 'x' %}", "E105 `include` cannot be used in the text of an event"),
        ("{% macro m() %}{% endmacro %}", "E105 `macro` cannot be used in the text of an event"),
        ("{{ first_name * 3 }}", "E105 only numbers can be multiplied, and every value is text"),
        (
            "{% for c in first_name %}{{ loop.last }}{% endfor %}",
            "E105 `loop.last` is not known in a loop over the letters of a text",
        ),
        ("{{ first_name | indent('x') }}", "the template cannot be rendered: indent: cannot convert string to usize"),
        ("{{ first_name.upper() }}", "E106 values have no method `upper`"),
        ("{{ Primeiro-Nome }}", "E107 `Primeiro-Nome` is read as a subtraction"),
        ("Hi { { first_name }}", "E108 `{ {` would be sent as it stands"),
        ("Hi first_name }}", "E108 `}}` closes what nothing opens"),
        ("Hi {first_name}", "W101 `{first_name}` would be sent as it stands"),
        (
            "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
            "E112 the template takes too many steps",
        ),
        (
            "{{ first_name | parse_date('DD/MM/YYYY') }}",
            "the template cannot be rendered: `Ana` is not a date written as DD/MM/YYYY",
        ),
    ] {
        assert_eq!(rendered(text, &row).unwrap_err(), expected, "{text}");
    }
    for text in ["{{ first_name", "{{ }}", "{% if a %}", "{{ a b }}", "{% endif %}", "{{ 'a }}"] {
        assert!(rendered(text, &row).unwrap_err().starts_with("E101"), "{text}");
    }
    let long = Row::of(&[("first_name", &"x".repeat(40_000))]);
    assert_eq!(rendered("{{ first_name }}{{ first_name }}", &long).unwrap_err(), "the text is longer than 64 KiB");
    assert_eq!(
        rendered("{{ first_name }}{{ first_name | lower }}", &long).unwrap_err(),
        "the text is longer than 64 KiB"
    );
}

#[test]
fn every_value_that_is_missing_for_sure_is_named_at_once() {
    let row = Row::of(&[("a", ""), ("b", ""), ("c", ""), ("there", "yes"), ("no date", "foo"), ("Nome", "")]);
    let cases: &[(&str, &[&str])] = &[
        ("{{ a }} {{ there }} {{ b }}{{ a }}", &["a", "b"]),
        ("{{ a }}{{ b | default('x') }}{{ row['Nome'] }}", &["a", "Nome"]),
        ("{{ a | upper }} {{ b | trim | title }} {{ c }}", &["a", "b", "c"]),
        ("{% if there == 'no' %}{{ a }}{% endif %}{{ b }}{{ c }}", &["b", "c"]),
        ("{% if there %}{{ a }}{{ c }}{% endif %}{{ b }}", &["a", "b"]),
        ("{% if a %}{% endif %}{% if b %}{% elif c %}{% endif %}", &["a", "b"]),
        ("{{ a or b }}{{ b if there else c }}{{ c }}", &["a", "c"]),
        ("{% if a is defined %}{{ a }}{% endif %}{{ b }}", &["b"]),
        ("{% for x in [1, 2] %}{{ x }}{{ a }}{% endfor %}{{ b }}", &["a", "b"]),
        ("{{ zz }}{{ a }}", &["other", "a"]),
        ("{{ a == 'x' }}{{ b }}", &["a", "b"]),
    ];
    for (text, expected) in cases {
        let faults = compiled(text).unwrap().render(&row, &mut String::new()).unwrap_err();
        let names = faults.iter().map(|fault| match &fault.reason {
            Reason::Missing(missing) if missing.offered => &*missing.name,
            Reason::Missing(_) | Reason::Other(_) => "other",
        });
        assert_eq!(names.collect::<Vec<_>>(), *expected, "{text}");
    }
    let both = "{{ row['no date'] | parse_date('DD/MM/YYYY') }} {{ a }}";
    assert_eq!(
        rendered(both, &row).unwrap_err(),
        "the template cannot be rendered: `foo` is not a date written as DD/MM/YYYY; \
         the value `a` is empty for this recipient"
    );
}

#[test]
fn a_value_that_is_not_there_has_no_answers() {
    let row = Row::of(&[("a", "Ana"), ("k", ""), ("Nome", "")]);
    for text in [
        "{{ k is in 'vip,gold' }}",
        "{{ k is eq 'a' }}",
        "{{ a is eq k }}",
        "{{ row['Nome'] is eq 'a' }}",
        "{{ k | int is even }}",
        "{{ k is none }}",
        "{{ k is string }}",
        "{{ k | join }}",
        "{{ [a] | join(k) }}",
        "{{ [a, k] | select | join }}",
        "{{ [a, k] | join }}",
        "{{ a | replace(k, 'b') }}",
        "{{ a | split(k) | first }}",
        "x{{ [k] }}",
        "x{{ {'a': k} }}",
        "{{ [a, k] | first }}",
        // Elsewhere the text does without it.
        "{{ k | default('') }}{{ k is eq 'a' }}",
        "{{ k | default('') }}{{ [a] | join(k) }}",
        "{{ k | default('') }}{{ [a, [k]] }}",
        "{{ k | default('') }}{{ {'a': k} }}",
    ] {
        let said = rendered(text, &row).unwrap_err();
        assert!(said.ends_with("is empty for this recipient"), "{text}: {said}");
    }
    for (text, expected) in [
        ("{{ k is defined }}{{ k is undefined }}", "FalseTrue"),
        ("{{ a | default(k) }}{{ k | default(a) }}", "AnaAna"),
        ("{{ row['Nome'] | default(k) | default('x') }}", "x"),
        ("{{ (k if a else a) | default('x') }}", "x"),
        ("{{ k if a is eq 'Bia' else a }}", "Ana"),
        ("{% if k is defined and k is eq 'a' %}a{% else %}b{% endif %}", "b"),
        ("{% set z = k %}{{ z | default('x') }}", "x"),
        ("{% with z = k %}{{ z | default('x') }}{% endwith %}", "x"),
        ("{{ [a, k] | select('defined') | join }}", "Ana"),
        ("{% for x in [k, a] if x is defined %}{{ x }}{% endfor %}", "Ana"),
        ("{% for key in row %}{{ key }};{% endfor %}{{ row['Nome'] is defined }}", "a;False"),
        (
            "{{ a is in ['Ana'] }}{{ a is ne 'b' }}{{ a is startingwith 'A' }}{{ ['Ana'] | select('==', a) | join }}",
            "TrueTrueTrueAna",
        ),
    ] {
        assert_eq!(rendered(text, &row).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn a_filter_that_needs_its_value_fails_without_it() {
    for filter in super::expression::NEEDING {
        let arguments = match *filter {
            "replace" => "('a', 'b')",
            "parse_date" => "('DD/MM/YYYY')",
            "indent" => "(2)",
            _ => "",
        };
        let text = format!("{{{{ empty | {filter}{arguments} }}}}");
        let said = rendered(&text, &Row::of(&[("empty", "")])).unwrap_err();
        assert_eq!(said, "the value `empty` is empty for this recipient", "{text}");
    }
}

#[test]
fn constants_are_rendered_once_and_plain_names_need_no_engine() {
    assert_eq!(compiled("plain").unwrap().is_constant(), Some("plain"));
    assert_eq!(compiled("{{ 'a' | upper }}").unwrap().is_constant(), Some("A"));
    assert!(matches!(compiled("a {{ b }} {{ row.c }} {{ d | default('x') }}").unwrap().form, Form::Pieces(_)));
    let names = compiled("{{ b }}{{ a | default('x') }}{% if c is defined %}{{ c }}{% endif %}").unwrap();
    let names: Vec<(&str, bool)> =
        names.names().iter().map(|used| (used.name.as_str(), used.need == Need::Guarded)).collect();
    assert_eq!(names, [("b", false), ("a", true), ("c", true), ("c", true)]);
}

#[test]
fn the_names_of_a_faulty_text_are_kept_but_those_within_the_fault() {
    for (text, names) in [
        ("{{ a | no }} {{ b }} {{ row['C d'] }}", &["a", "b", "C d"][..]),
        ("{{ Primeiro-Nome }} {{ b }}", &["b"]),
        ("{{ a }} {{ (b * 2) * c }} {{ d }}", &["a", "d"]),
        ("{{ a }} {{ b", &[]),
    ] {
        let used = compiled_with(text, &mut Diagnostics::new()).unwrap_err();
        assert_eq!(used.iter().map(|used| used.name.as_str()).collect::<Vec<_>>(), names, "{text}");
    }
}

#[test]
fn positions_within_scalars() {
    for (yaml, at) in [
        ("k: abc {{ x | no }}\n", (1, 15)),
        ("k: \"a\\n\\u00e9 {{ x | no }}\"\n", (1, 22)),
        ("k: 'it''s {{ x | no }}'\n", (1, 18)),
        ("k: |\n  one\n    two {{ x | no }}\n", (3, 16)),
        ("k: >-\n  one\n  two {{ x | no }}\n", (3, 14)),
        ("k: \"one\n  two {{ x | no }}\"\n", (2, 14)),
        ("k: one\n  two\n\n  three {{ x | no }}\n", (4, 16)),
        ("k: \"one\\\n  \\ two {{ x | no }}\"\n", (2, 16)),
        ("k: \"one \\\n  \\\r\n  two {{ x | no }}\"\n", (3, 14)),
        ("k: \"one\\\n\n  two {{ x | no }}\"\n", (3, 14)),
        ("k: >-\n  one\u{a0}\n  two {{ x | no }}\n", (3, 14)),
        ("k: one\u{a0}\n  \u{a0}two {{ x | no }}\n", (2, 15)),
    ] {
        let source = Source::new("m.yaml".into(), yaml.into());
        let mut diagnostics = Diagnostics::new();
        let root = tree::parse(&source, &mut diagnostics).unwrap();
        let node = root.get("k").unwrap();
        let tree::Kind::Scalar { text, .. } = &node.kind else { panic!("{yaml}") };
        let start = text.rfind("no").unwrap();
        let span = locate(&source, node, text, start..start + 2);
        assert_eq!((span.line, span.column), at, "{yaml}");
        assert_eq!((span.end_line, span.end_column), (at.0, at.1 + 2), "{yaml}");
    }
}

proptest! {
    #[test]
    fn pieces_render_as_minijinja_does(
        parts in proptest::collection::vec((r"[a-z<&}\n{$ é-]{0,5}", 0_usize..6), 0..6),
        values in proptest::collection::vec(r"[a-z<&{} \n]{0,4}", 3),
    ) {
        const USES: [&str; 6] = ["{{ a }}", "{{b}}", "{{ row['a'] }}", "{{ row.c }}", "{{ c | default('x') }}", ""];
        let text: String = parts.iter().flat_map(|(text, using)| [text.as_str(), USES[*using]]).collect();
        let row = Row::of(&[("a", &values[0]), ("b", &values[1]), ("c", &values[2])]);
        let Ok(template) = compiled(&text) else { return Ok(()) };
        if !matches!(template.form, Form::Pieces(_)) {
            return Ok(());
        }
        let mut fast = String::new();
        let fast = template.render(&row, &mut fast).map(|()| fast).map_err(|faults| messages(&faults));
        let program = super::compile::program_of(&text).unwrap();
        let slow = Template { form: program, ..template };
        let mut out = String::new();
        let slow = slow.render(&row, &mut out).map(|()| out).map_err(|faults| messages(&faults));
        prop_assert_eq!(fast, slow, "{}", text);
    }
}
