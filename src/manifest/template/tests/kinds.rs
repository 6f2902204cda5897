//! Texts and numbers by table: what is refused where the two meet, and what is let pass.

use super::{Row, compiled_with, rendered};
use crate::diagnostic::Diagnostics;

fn row() -> Row {
    Row::of(&[("n", "120"), ("p", "9.5"), ("s", "1,2"), ("empty", "")])
}

#[test]
fn texts_are_not_compared_with_numbers() {
    for (text, at) in [
        ("{% if n > 100 %}a{% endif %}", "100"),
        ("{% if 100 <= n %}a{% endif %}", "100"),
        ("{% if 1 < n < 100 %}a{% endif %}", "1"),
        ("{% if n == 120 %}a{% elif zz %}{% endif %}", "120"),
        ("{% if row['n'] != 120 %}a{% endif %}", "120"),
        ("{% if n | trim > -1 %}a{% endif %}", "-1"),
        ("{% if n | default(0) > 5 %}a{% endif %}", "5"),
        ("{% if n | default('') == 5 %}a{% endif %}", "5"),
        ("{% if n | default(0) is even %}a{% endif %}", "even"),
        ("{% if p >= 9.5 %}a{% endif %}", "9.5"),
        ("{% set x = n %}{% if x > 5 %}a{% endif %}", "5"),
        ("{% for part in s | split(',') %}{% if part == loop.index %}a{% endif %}{% endfor %}", "loop.index"),
        ("{% for i in range(3) %}{% if n == i %}a{% endif %}{% endfor %}", "i"),
        ("{% set x = n | int %}{% if n == x + 1 %}a{% endif %}", "x + 1"),
        ("{{ s | split(',') | first > 5 }}", "5"),
        ("{{ (s | split(','))[0] == 5 }}", "5"),
        ("{% set parts = s | split(',') %}{{ parts[0] < 5 }}", "5"),
        ("{{ s | split(',') | map('trim') | list | last > 5 }}", "5"),
        ("{{ s | split(',') | max > 5 }}", "5"),
        ("{{ n[0] == 1 }}", "1"),
        ("{{ n[:2] == 12 }}", "12"),
        ("{{ n + 1 }}", "1"),
        ("{{ n in [119, 120] }}", "119"),
        ("{{ n in (119, 120) }}", "119"),
        ("{{ n is in [119, 120] }}", "119"),
        ("{{ n in range(119, 130) }}", "range(119, 130)"),
        ("{{ n not in s | split(',') | map('int') }}", "map('int')"),
        ("{{ 2 in s | split(',') }}", "split(',')"),
        ("{{ [n, 3] | max }}", "3"),
        ("{{ (3, n) | sort }}", "3"),
        ("{{ n is gt 100 }}", "100"),
        ("{{ n is even }}", "even"),
        ("{{ n == true }}", "true"),
        ("{{ n in [true] }}", "true"),
        ("{{ -n }}", "-"),
        ("{{ n | round }}", "round"),
        ("{{ s | split(',') | sum }}", "sum"),
        ("{% for i in range(n) %}{% endfor %}", "range"),
    ] {
        let mut diagnostics = Diagnostics::new();
        let names = compiled_with(text, &mut diagnostics).expect_err(text);
        let found = diagnostics.sorted();
        let span = found[0].place.as_ref().unwrap().span.unwrap();
        let (from, to) = (span.column as usize - 2, span.end_column as usize - 2);
        assert_eq!((found.len(), found[0].code.id, &text[from..to]), (1, "E115", at), "{text}");
        assert!(!names.is_empty(), "{text}");
    }
}

#[test]
fn what_may_be_right_is_let_pass() {
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
        ("{{ empty | default(0) == 0 }}{{ n | default(false) == false }}", "TrueFalse"),
        ("{% set x = empty | default(0) %}{{ x == 0 }}", "True"),
        ("{{ empty | default(0) in [0, 1] }}{{ empty | default(none) == 1 }}", "TrueFalse"),
        ("{{ n | int('') == '' }}{{ s | int(default='?') == '?' }}", "FalseTrue"),
        ("{{ 20 in n }}{{ 2 in [1, '2'] }}{{ '2' in s | split(',') }}", "TrueFalseTrue"),
        ("{% set n2 = n | int %}{{ n2 * 2 }}{{ (n2 + 1) * 2 - n2 // 7 }}", "240225"),
        ("{% set n2 = n | int %}{% set m = n2 %}{{ m * loop_of | default(2) | int }}", "240"),
        ("{% for i in range(3) %}{{ i * 2 }}{% endfor %}", "024"),
        ("{{ s | split(',') | map('int') | sum * 2 }}{{ (s | split(',') | map('int') | max) > 1 }}", "6True"),
        (
            "{{ [n | int, 3] | max > 5 }}{{ range(n | int) | length }}{{ -(n | int) }}{{ n | float | round }}",
            "True120-120120.0",
        ),
        ("{% for key in row %}{{ row[key] == n }}{% endfor %}", "TrueFalseFalse"),
        ("{% for a, b in [(1, n)] %}{{ a == 1 }}{{ b == n }}{% endfor %}{{ {'a': 1}['a'] == 1 }}", "TrueTrueTrue"),
    ] {
        assert_eq!(rendered(text, &row()).as_deref(), Ok(expected), "{text}");
    }
    // A text, or a list, repeated is not a product.
    for text in ["{{ n * 2 }}", "{{ 2 * [n] }}", "{% set x = 1 %}{% if p %}{% set x = n %}{% endif %}{{ x * 3 }}"] {
        assert!(rendered(text, &row()).unwrap_err().starts_with("E105 only numbers can be multiplied"), "{text}");
    }
}

#[test]
fn what_to_write_instead_is_the_whole_value() {
    for (text, expected) in [
        ("{{ n | trim | default(0) | replace('a', 'b') > 5 }}", "n | trim | default(0) | replace('a', 'b') | int"),
        ("{{ n | default(0) | trim > 5.5 }}", "n | default(0) | trim | float"),
        ("{{ (n ~ p) | trim == 5 }}", "(n ~ p) | trim | int"),
        ("{{ ((n)) | trim == 5 }}", "((n)) | trim | int"),
        ("{{ n ~ p == 5 }}", "(n ~ p) | int"),
        ("{{ (n if p else s) > 5 }}", "(n if p else s) | int"),
        ("{{ (s | split(','))[0] | trim > 5 }}", "(s | split(','))[0] | trim | int"),
        ("{{ row['n'][1:] > 5 }}", "row['n'][1:] | int"),
        ("{{ 5 in s | trim | split(',') }}", "s | trim | split(',') | map(\"int\")"),
        ("{{ n | trim is even }}", "n | trim | int"),
        ("{{ n | trim | round }}", "n | trim | float"),
        ("{{ n | replace('(', '') > 5 }}", "n | replace('(', '') | int"),
        ("{{ n | replace(')', '') > 5 }}", "n | replace(')', '') | int"),
    ] {
        let mut diagnostics = Diagnostics::new();
        compiled_with(text, &mut diagnostics).expect_err(text);
        let help = diagnostics.sorted()[0].help.clone().unwrap();
        assert_eq!(help.rsplit_once("first: ").unwrap().1, expected, "{text}");
    }
}
