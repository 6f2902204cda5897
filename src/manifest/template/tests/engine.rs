//! What the template engine is trusted with, and what it is kept from.

use super::{Row, compiled, compiled_with, rendered};
use crate::diagnostic::Diagnostics;

#[test]
fn slices_go_backwards_too() {
    let row = Row::of(&[("n", "Anabela")]);
    for (text, expected) in [
        ("{{ n[::-1] }}", "alebanA"),
        ("{{ n[4:1:-1] }}", "eba"),
        ("{{ n[-1:2:-2] }}", "ae"),
        ("{{ n[9:1][::-1] }}{{ ''[::-1] }}{{ n[1:4:-1] }}", ""),
        ("{{ [][::-1] | length }}{{ [1, 2, 3][::-1] | join }}{{ [1, 2, 3][2:0:-1] | join }}", "032132"),
        ("{{ [1, 2, 3][:-9:-1] | join }}{{ n[1:3] }}{{ n[-3:] }}", "321naela"),
    ] {
        assert_eq!(rendered(text, &row).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_would_divide_by_nothing_is_refused() {
    let row = Row::of(&[("n", "Ana")]);
    for (text, expected) in [
        ("{% for i in [1, 2] %}{{ loop.cycle() }}{% endfor %}", "E105 `loop.cycle` needs what it goes through in turn"),
        ("{% for i in [1] %}{{ loop.cycle(*[]) }}{% endfor %}", "E105 `loop.cycle` needs what it goes through in turn"),
        ("{{ 4 is divisibleby(0) }}", "E111 the template cannot be rendered"),
    ] {
        let said = rendered(text, &row).unwrap_err();
        assert!(said.starts_with(expected), "{text}: {said}");
    }
    let cycle = "{% for i in [1, 2, 3] %}{{ loop.cycle('a', n) }}{% endfor %}";
    assert_eq!(rendered(cycle, &row).as_deref(), Ok("aAnaa"));
}

#[test]
fn what_doubles_again_and_again_is_refused() {
    let row = Row::of(&[("n", "Ana"), ("s", "a,b")]);
    for doubled in ["a ~ a", "a + a", "[a, a]", "(a, a)", "{1: a, 2: a}", "a | chain(a)", "a | zip(a)", "[a, a] | join"]
    {
        for begun in ["n", "n | list", "[n]"] {
            let sets = format!("{{% set b = {doubled} %}}{{% set a = b %}}").repeat(9);
            let text = format!("{{% set a = {begun} %}}{sets}{{{{ a | length }}}}");
            let said = rendered(&text, &row).unwrap_err();
            assert!(said.starts_with("E105 this is put together of more than 100 parts"), "{text}: {said}");
        }
    }
    let loops =
        format!("{}{}", "{% for a in [[n, n]] %}".repeat(9).replacen("[[n, n]]", "n", 1), "{% endfor %}".repeat(9));
    assert_eq!(rendered(&loops, &row).as_deref(), Ok(""));
    let loops = format!("{{% for a in [n] %}}{}{}", "{% for a in [a ~ a] %}".repeat(9), "{% endfor %}".repeat(10));
    assert!(rendered(&loops, &row).unwrap_err().starts_with("E105 this is put together"), "{loops}");
    for (text, expected) in [
        (
            "{% set full = n ~ ' ' ~ n %}{% set hello = 'Oi ' ~ full %}{{ hello ~ '!' }}{{ full + '?' }}",
            "Oi Ana Ana!Ana Ana?",
        ),
        ("{% for i in range(2) %}{{ i + 1 }}{% endfor %}", "12"),
        (
            "{% for p in s | split(',') %}{{ p ~ ';' }}{% endfor %}{% for p in [n] %}{{ 'a' ~ p }}{% endfor %}",
            "a;b;aAna",
        ),
        ("{% set a = 1 %}{% set b = a + 1 %}{{ b + a }}", "3"),
    ] {
        assert_eq!(rendered(text, &row).as_deref(), Ok(expected), "{text}");
    }
    let many = format!("{{% set l = [{}] %}}{{{{ l[0] }}}}{}", "1,".repeat(400), "{{ n ~ n }}".repeat(100));
    assert_eq!(rendered(&many, &row).unwrap(), format!("1{}", "AnaAna".repeat(100)));
}

#[test]
fn a_method_is_told_as_what_does_the_same() {
    for (text, expected) in [
        ("{{ n.split(\" \")[0] }}", "(n | split(\" \"))"),
        ("{{ n.split(' ') | first }}", "n | split(' ')"),
        ("{{ n.strip() }}", "n | trim"),
        ("{{ row['N m'].upper() }}", "row['N m'] | upper"),
        ("{{ (n ~ s).replace('a', s) }}", "(n ~ s) | replace('a', s)"),
        ("{{ ', '.join(s | split(',')) }}", "s | split(',') | join(', ')"),
        ("{{ n | trim if n.startswith('A') else s }}", "n is startingwith('A')"),
        ("{{ row.get('N m', 'x') }}", "row['N m'] | default('x')"),
        ("{{ n.includes('A') }}", "'A' in n"),
        ("{{ n.trim().title() }}", "(n | trim)"),
    ] {
        let mut diagnostics = Diagnostics::new();
        compiled_with(text, &mut diagnostics).expect_err(text);
        let found = diagnostics.sorted();
        let help = format!("write it as: {expected}");
        assert!(found.iter().any(|fault| fault.help.as_deref() == Some(&*help)), "{text}: {found:?}");
    }
}

#[test]
fn a_number_may_have_blanks_around_it() {
    let row = Row::of(&[("n", " 5 "), ("p", "\u{a0}9.5"), ("c", "10,00"), ("x", " abc")]);
    for (text, expected) in [
        ("{{ n | int }}{{ n | int(0) }}{{ n | int(default=0) }}{{ n | float }}", "5555.0"),
        ("{{ p | float(0) }}{{ p | int(0) }}{{ x | float(7) }}{{ x | int(default='-') }}", "9.597-"),
        ("{{ '0x1f ' | int(base=16) }}{{ 4.7 | int }}{{ [n, '6'] | map('int') | sum }}", "31411"),
    ] {
        assert_eq!(rendered(text, &row).as_deref(), Ok(expected), "{text}");
    }
    for (text, expected) in [
        ("{{ c | float }}", "the template cannot be rendered: `10,00` is not a number"),
        ("{{ x | int }}", "the template cannot be rendered: `abc` is not a number"),
        ("{{ n | int(no=1) }}", "the template cannot be rendered: unknown keyword argument 'no'"),
        ("{{ nothing | int(0) }}", "the value `nothing` is empty for this recipient"),
    ] {
        assert_eq!(rendered(text, &row).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn what_the_engine_says_comes_with_a_way_out() {
    let row = Row::of(&[("n", "Ana"), ("k", "5"), ("s", "a,b")]);
    for text in [
        "{{ n | int }}",
        "{{ n | float }}",
        "{{ n | parse_date('DD/MM/YYYY') }}",
        "{{ n | upper('x') }}",
        "{{ n | replace('x') }}",
        "{{ n | default(value=1) }}",
        "{{ n | sort(no=1) }}",
        "{{ n | groupby }}",
        "{{ n | items }}",
        "{{ n | dictsort }}",
        "{{ n | map }}",
        "{{ n | map('no') }}",
        "{{ n | select('no') }}",
        "{{ n[9] }}",
        "{{ n.no }}",
        "{{ n | attr('no') }}",
        "{{ (k | int) / 0 }}",
        "{{ (k | int) ** 999 }}",
        "{{ [n] + 'x' }}",
        "{{ n % s }}",
        "{{ k | int | first }}",
        "{{ k | int | length }}",
        "{{ k | int | reverse }}",
        "{{ k | int | sort }}",
        "{{ k | int | join }}",
        "{{ k | int | split(',') }}",
        "{{ (k | int)[1:] }}",
        "{% for x in k | int %}{% endfor %}",
        "{% for a, b in s | split(',') %}{% endfor %}",
        "{% for x in n %}{{ loop.no() }}{% endfor %}",
        "{{ n[k:] }}",
        "{{ n[::0] }}",
        "{{ n | indent('x') }}",
        "{{ n | indent(2, 3) }}",
        "{{ n | zip(5) }}",
        "{{ n in (k | int) }}",
        "{{ {'a': n} | round }}",
        "{{ {'a': n} | abs }}",
        "{{ [k | int, [n]] | sum }}",
        "{{ k | int | round(method='x') }}",
        "{{ range(100001) | join(n) }}",
        "{{ n | lower | replace('', 'x' ~ ['x', 'x'] | join(n)) | replace('', range(90000) | join) }}",
        "{{ dict(n) }}",
    ] {
        let faults = compiled(text).unwrap().render(&row, &mut String::new()).unwrap_err();
        let fault = faults[0].clone().diagnostic();
        assert_eq!(fault.code.id, "E111", "{text}");
        assert!(fault.help.is_some(), "{text}: {}", fault.message);
    }
}
