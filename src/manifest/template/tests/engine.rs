//! What the template engine is trusted with, and what it is kept from.

use super::{Row, rendered};

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
