//! Texts and numbers by table: what is refused where the two meet, and what is let pass.

use super::{Row, compiled_with, rendered};
use crate::diagnostic::Diagnostics;

#[test]
fn texts_are_not_compared_with_numbers() {
    let row = Row::of(&[("n", "120"), ("p", "9.5"), ("s", "1,2")]);
    for (text, at) in [
        ("{% if n > 100 %}a{% endif %}", "100"),
        ("{% if 100 <= n %}a{% endif %}", "100"),
        ("{% if 1 < n < 100 %}a{% endif %}", "1"),
        ("{% if n == 120 %}a{% elif zz %}{% endif %}", "120"),
        ("{% if row['n'] != 120 %}a{% endif %}", "120"),
        ("{% if n | trim > -1 %}a{% endif %}", "-1"),
        ("{% if n | default(0) > 5 %}a{% endif %}", "5"),
        ("{% if p >= 9.5 %}a{% endif %}", "9.5"),
        ("{% set x = n %}{% if x > 5 %}a{% endif %}", "5"),
        ("{% for part in s | split(',') %}{% if part == loop.index %}a{% endif %}{% endfor %}", "loop.index"),
        ("{{ n + 1 }}", "1"),
        ("{{ n in [119, 120] }}", "119"),
        ("{{ n is gt 100 }}", "100"),
        ("{{ n is even }}", "even"),
        ("{{ n == true }}", "true"),
    ] {
        let mut diagnostics = Diagnostics::new();
        let names = compiled_with(text, &mut diagnostics).unwrap_err();
        let found = diagnostics.sorted();
        let span = found[0].place.as_ref().unwrap().span.unwrap();
        let (from, to) = (span.column as usize - 2, span.end_column as usize - 2);
        assert_eq!((found.len(), found[0].code.id, &text[from..to]), (1, "E115", at), "{text}");
        assert!(!names.is_empty(), "{text}");
    }
    for (text, expected) in [
        ("{% if n | int > 100 %}a{% endif %}", "a"),
        ("{% if p | float >= 9.5 %}a{% endif %}", "a"),
        ("{% if n | length == 3 %}a{% endif %}", "a"),
        ("{% if n == '120' %}a{% endif %}", "a"),
        ("{% if n | default(0) | int > 100 %}a{% endif %}", "a"),
        ("{% for part in s | split(',') %}{% if loop.index > 1 %}{{ part }}{% endif %}{% endfor %}", "2"),
        ("{% for part in [1, 2] %}{% if part > 1 %}{{ part }}{% endif %}{% endfor %}", "2"),
        ("{% set x = n | int %}{% if x > 100 %}a{% endif %}", "a"),
        ("{% set x = 5 %}{% if n | int > x %}a{% endif %}", "a"),
        ("{{ n in ['120'] and (n | int) is even and n is string }}", "True"),
    ] {
        assert_eq!(rendered(text, &row).as_deref(), Ok(expected), "{text}");
    }
}
