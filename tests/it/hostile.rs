//! Files made to hurt: none of them makes the program panic, overflow its stack or take the memory of the machine.
//!
//! Each is refused with a diagnostic. How long the largest of them take is measured by hand, in docs/fuzzing.md.

use crate::volume::validated;
use crate::world::World;

const HEAD: &str = "version: 1\ncampaign: c\ntimezone: UTC\ninstances: { main: { id: \"${A}\", token: \"${B}\", clientToken: \"${C}\" } }\n";
const EVENT: &str = "events: { e: { name: n, dateTime: \"2026-12-04T19:00\" } }\n";
const LIST: &str = "recipients: { a: { list: [\"120363019502650977-group\"] } }\n";
const BYTES: usize = 1024 * 1024;
const KIB_MAX: u64 = 256 * 1024;

fn repeated(before: &str, unit: &str, after: &str) -> String {
    format!("{before}{}{after}", unit.repeat((BYTES - before.len() - after.len()) / unit.len()))
}

fn event_named(text: &str) -> String {
    format!("{HEAD}events:\n  e:\n    dateTime: \"2026-12-04T19:00\"\n    name: \"{text}\"\n{LIST}")
}

#[track_caller]
fn refused(world: &World, what: &str, code: &str) {
    let (exit, said, kib) = validated(world);
    assert_eq!(exit, Some(2), "{what}: {}", said.chars().take(500).collect::<String>());
    assert!(said.contains(&format!("error[{code}]")), "{what}: {}", said.chars().take(500).collect::<String>());
    assert!(kib < KIB_MAX, "{what}: {kib} KiB");
}

#[test]
fn long_lines_and_many_faults() {
    let world = World::new();
    for (what, code, text) in [
        ("anchors on one line", "E009", repeated("x: [", "&a x, ", "]")),
        ("tags on one line", "E010", repeated("x: [", "!t x, ", "]")),
        ("one key again and again", "E011", repeated("{", "a: 1, ", "}")),
        (
            "bad phones on one line",
            "E308",
            repeated(&format!("{HEAD}{EVENT}recipients: {{a: {{list: ["), "\"11 99999-8888\",", "]}}"),
        ),
        ("values without quotes", "E017", repeated(&format!("{HEAD}events:\n"), "  e: {{ a }}\n", "")),
        ("brackets", "E011", "[".repeat(BYTES)),
        ("variables that never close", "E013", repeated("token: ", "${", "")),
        ("more values than there may be", "E011", repeated("x: [", ",1", "]").repeat(3)),
        ("control characters", "E003", "\u{1}".repeat(BYTES)),
    ] {
        world.write("m.yaml", text);
        if code == "E013" {
            let (exit, said, kib) = validated(&world);
            assert!(exit == Some(2) && !said.contains("panicked") && kib < KIB_MAX, "{what}");
            continue;
        }
        refused(&world, what, code);
    }
}

#[test]
fn templates_that_go_deep_or_on_and_on() {
    let world = World::new();
    let many = |unit: &str, count: usize| unit.repeat(count);
    for (what, code, text) in [
        ("a sum", "E113", format!("{{{{ a{} }}}}", many("~a", 25_000))),
        ("comparisons", "E113", format!("{{{{ a{} }}}}", many(" and a", 9_000))),
        ("attributes", "E113", format!("{{{{ a{} }}}}", many(".a", 25_000))),
        ("filters", "E113", format!("{{{{ a{} }}}}", many("|upper", 9_000))),
        ("brackets", "E113", format!("{{{{ {} }}}}", many("(", 30_000))),
        ("negations", "E113", format!("{{{{ {}a }}}}", many("not ", 15_000))),
        ("choices", "E113", format!("{{% if a %}}{}{{% endif %}}", many("{% elif a %}", 5_000))),
        ("nested choices", "E113", many("{% if a %}", 5_000)),
        ("a long comparison within the limit", "E109", format!("{{{{ zzz{} }}}}", many(" and zzz", 120))),
        ("nested choices within the limit", "E101", many("{% if a %}", 190)),
        ("thousands of names", "E109", many("{{ zz }}", 8_000)),
    ] {
        world.write("m.yaml", event_named(&text));
        refused(&world, what, code);
    }
}

#[test]
fn loops_without_end_are_stopped_and_not_all_of_them_tried() {
    let world = World::new();
    let endless = "\"{% for i in range(9999) %}{% for j in range(9999) %}{{ i }}{% endfor %}{% endfor %}\",";
    let names = endless.repeat(2_000);
    let text = format!("{HEAD}events: {{ e: {{ dateTime: \"2026-12-04T19:00\", name: [{names}] }} }}\n{LIST}");
    world.write("m.yaml", text);
    refused(&world, "loops", "E112");
    // Nor for every row of a list.
    world.campaign(1_000);
    let text = std::fs::read_to_string(world.path("m.yaml")).unwrap();
    let loops =
        "{% for i in range(9999) %}{% for j in range(9999) %}{% if label == 'x' %}y{% endif %}{% endfor %}{% endfor %}";
    let at = text.find("name:").unwrap();
    let end = at + text[at..].find('\n').unwrap();
    world.write("m.yaml", format!("{}name: \"{loops}\"{}", &text[..at], &text[end..]));
    refused(&world, "loops over rows", "E112");
}

#[test]
fn files_of_the_system_are_not_shown() {
    let world = World::new();
    for file in ["/proc/self/environ", "/proc/self/status", "/dev/zero"] {
        let said = world.run(&["validate", file]).expect(2).stdout;
        assert!(said.starts_with("error[E001]") && said.contains("not a file") && !said.contains('|'), "{said}");
    }
}

#[test]
fn lists_that_are_all_header_or_all_one_line() {
    let world = World::new();
    world.campaign(1);
    for (what, code, text) in [
        ("blank columns", "E218", format!("phone{}", ",".repeat(900_000))),
        ("one column again and again", "E208", format!("phone,{}x\n1\n", "a,".repeat(4_000))),
        ("a line without an end", "E217", "x".repeat(3 * BYTES)),
        ("quotes without an end", "E213", format!("phone,label\n{}", "1,\"a\n".repeat(50_000))),
        ("quotes", "E213", format!("phone,label\n{}", "\"".repeat(70_001))),
    ] {
        world.write("list.csv", text);
        refused(&world, what, code);
    }
}
