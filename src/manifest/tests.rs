//! Whole manifests by table: what is said, where, in one run.

use std::path::Path;

use jiff::Timestamp;

use super::{Manifest, parse};
use crate::diagnostic::Diagnostics;
use crate::diagnostic::source::Source;

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn load(text: &str) -> (Option<Manifest>, Vec<String>) {
    let mut diagnostics = Diagnostics::new();
    let source = Source::new("m.yaml".into(), text.into());
    let manifest = parse(Path::new("folder/m.yaml"), &source, now(), &mut diagnostics);
    let lines = diagnostics
        .sorted()
        .into_iter()
        .map(|found| {
            let place = found.place.as_ref().unwrap();
            let at = place.span.map_or("-".to_owned(), |span| format!("{}:{}", span.line, span.column));
            format!("{at} {} {}", found.code.id, found.message)
        })
        .collect();
    (manifest, lines)
}

#[test]
fn the_examples_have_no_fault() {
    for entry in std::fs::read_dir("manifests").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let (manifest, lines) = load(&std::fs::read_to_string(&path).unwrap());
            assert_eq!(lines, [""; 0], "{}", path.display());
            assert!(manifest.is_some_and(|manifest| !manifest.sends.is_empty()));
        }
    }
}

#[test]
fn canceled_may_be_a_bool_a_text_or_a_template() {
    for canceled in ["true", "false", "\"true\"", "\"{{ 'true' }}\""] {
        let (manifest, lines) =
            load(&format!("{HEAD}{}", EVENT.replace(" } }", &format!(", canceled: {canceled} }} }}"))));
        assert_eq!(lines, [""; 0], "{canceled}");
        assert!(manifest.is_some_and(|manifest| manifest.events[0].canceled.is_some()), "{canceled}");
    }
}

/// One manifest with about sixty faults: `tests/manifests/many-faults.expected` has a line for each. Set `BLESS` to
/// write the file anew.
#[test]
fn every_fault_of_a_manifest_is_found_in_one_run() {
    let (manifest, lines) = load(&std::fs::read_to_string("tests/manifests/many-faults.yaml").unwrap());
    assert!(manifest.is_some(), "the rows can still be checked");
    let found = lines.join("\n") + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write("tests/manifests/many-faults.expected", &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string("tests/manifests/many-faults.expected").unwrap());
}

const HEAD: &str = "version: 1\ncampaign: c\ntimezone: UTC\ninstances: { main: { id: \"${A}\", token: \"${B}\", clientToken: \"${C}\" } }\nrecipients: { a: { list: [\"120363019502650977-group\"] } }\n";
const EVENT: &str = "events: { e: { name: n, dateTime: \"2026-12-04T19:00\" } }\n";

#[test]
fn syntax_is_reported_and_the_rest_is_checked_where_that_is_safe() {
    for (rest, expected) in [
        ("events:\n  e:\n    name: Launch: the party\n    dateTme: x\n", &["8:11 E004", "9:5 E012"][..]),
        ("events:\n  e:\n    name: *bold* words\n    dateTme: x\n", &["8:11 E009", "9:5 E012"]),
        ("events:\n  e:\n    name: {{ a }} and {{ b }}\n    dateTme: x\n", &["8:11 E017", "9:5 E012"]),
        ("events:\n  e:\n    name: {% if a %}x{% endif %}\n    dateTme: x\n", &["8:11 E017", "9:5 E012"]),
        ("events:\n\te:\n", &["7:1 E005"]),
        ("events: { e: { name: \"n, dateTime: x } }\n", &["6:22 E004"]),
        ("---\nversion: 1\n", &["1:1 E014", "6:1 E007"]),
        ("events: { e: !!str x }\n", &["6:14 E010"]),
        ("events: \u{1}\n", &["6:9 E003"]),
    ] {
        let (_, lines) = load(&format!("{HEAD}{rest}"));
        let short: Vec<String> =
            lines.iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(short, expected, "{rest}: {lines:?}");
    }
    assert_eq!(load("").1, ["- E006 the manifest is empty"]);
    assert_eq!(load(&format!("{HEAD}{EVENT}")).1, [""; 0]);
}

#[test]
fn what_stands_before_the_break_is_checked_and_nothing_that_may_stand_behind_it() {
    const DATE: &str = "dateTime: \"2026-12-04T19:00\"";
    for (text, expected) in [
        (
            "version: 1\ncampaign: c\ntimezone: X/Y\nevents:\n  e:\n    dateTime: \"2026-02-30T19:00\"\n    name: \"{{ a | no }}\"\n    callLinkType: vidio\n    description: d\n\tcanceled: true\n".to_owned(),
            &["3:11 E130", "6:15 E132", "7:19 E102", "8:19 E121", "10:1 E005"][..],
        ),
        (format!("{HEAD}events:\n  a: {{ name: n }}\n  b:\n    name: m\n\t{DATE}\n"), &["7:3 E014", "10:1 E005"]),
        (format!("{HEAD}events:\n  e:\n    name: \"n\n    {DATE}\n"), &["8:11 E004"]),
        (
            format!("{HEAD}sends: [{{ event: e, to: [a, b] }}]\nevents:\n  x: {{ name: n, {DATE} }}\n\ty:\n"),
            &["6:29 E032", "9:1 E005"],
        ),
        // Of the zones, the client's token and the recipients nothing is known yet.
        (
            format!("version: 1\nevents:\n  e:\n    {DATE}\n    name: n\ndelivery:\n  notBefore: \"2026-12-04T19:00\"\n  window:\n    from: \"09:00\"\n    to: \"9\"\n    days: mon\n\t\ttimezone: UTC\n"),
            &["10:9 E028", "12:1 E005"],
        ),
        ("instances:\n  main:\n    id: \"${A}\"\n    token: \"${B\"\n    rate: 1/s\n\tclientToken: \"${C}\"\n".to_owned(), &["4:12 E024", "6:1 E005"]),
        ("recipients:\n  a:\n    csv: ../a.csv\n    delimiter: \",\"\n\tcolumns: { a: B }\n".to_owned(), &["3:10 E036", "5:1 E005"]),
        ("recipients:\n  a:\n    list: [{ name: Ana,\nevents: {\n".to_owned(), &["4:1 E004"]),
    ] {
        let (manifest, lines) = load(&text);
        let short: Vec<String> = lines.iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(short, expected, "{text}{lines:#?}");
        assert!(manifest.is_none(), "{text}");
    }
}

#[test]
fn one_slip_in_the_syntax_is_one_fault() {
    for name in ["quickstart", "campaign", "ci"] {
        let whole = std::fs::read_to_string(format!("manifests/{name}.yaml")).unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            for slip in [format!("\t{}", line.trim_start()), format!("{line}\n ]"), format!("{line} \"")] {
                let broken = [&lines[..at], &[slip.as_str()], &lines[at + 1..]].concat().join("\n");
                let (_, said) = load(&broken);
                let syntax = said.iter().filter(|line| line.contains(" E004 ") || line.contains(" E005 ")).count();
                // A quotation mark too many makes an unquoted template of the next one.
                let templates = said.iter().filter(|line| line.contains(" E017 ")).count();
                assert!(syntax == 0 || said.len() == syntax + templates, "{name} {}: {slip:?}: {said:#?}", at + 1);
            }
        }
    }
}

#[test]
fn limits_are_moments_or_faults() {
    for (not_before, expected) in [
        ("2026-12-01T09:00", None),
        ("2026-12-01T09:00Z", Some("a Z at its end")),
        // A blank that nobody sees changes nothing.
        ("2026-12-01T09:00Z ", Some("a Z at its end")),
        (" 2026-12-01T09:00z\t", Some("a Z at its end")),
        // It may be meant as "never", and without a moment it would be "at once".
        ("9999-12-31T23:59-03:00", Some("behind the year 9999")),
    ] {
        let quoted = serde_json::to_string(not_before).unwrap();
        let (_, lines) = load(&format!("{HEAD}{EVENT}delivery: {{ notBefore: {quoted} }}\n"));
        assert_eq!(lines.len(), usize::from(expected.is_some()), "{not_before:?}: {lines:?}");
        assert!(lines.iter().all(|line| line.contains(expected.unwrap_or_default())), "{not_before:?}: {lines:?}");
    }
}

#[test]
fn credentials_stay_out_of_what_is_said_about_them() {
    for written in
        ["{{S3CRET}}", "*S3CRET", "&S3CRET x", "!S3CRET x", "a: S3CRET", "\"S3CRET", "{% S3CRET %}", "@S3CRET"]
    {
        let text = format!("version: 1\ninstances:\n  main:\n    id: \"${{A}}\"\n    token: {written}\n");
        let source = Source::new("m.yaml".into(), text.as_str().into());
        let mut diagnostics = Diagnostics::new();
        parse(Path::new("folder/m.yaml"), &source, now(), &mut diagnostics);
        let said = format!("{:?}", diagnostics.sorted());
        assert!(said.contains("line: 5") && !said.contains("S3CRET"), "{written}: {said}");
    }
}

#[test]
fn the_schema_accepts_what_is_accepted_and_refuses_what_it_can() {
    let schema: serde_json::Value = serde_json::from_str(&super::schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json = |text: &str| serde_yaml::from_str::<serde_json::Value>(text).unwrap();
    for name in ["quickstart", "campaign", "ci"] {
        let manifest = json(&std::fs::read_to_string(format!("manifests/{name}.yaml")).unwrap());
        assert!(validator.is_valid(&manifest), "{name}: {:?}", validator.iter_errors(&manifest).collect::<Vec<_>>());
    }
    for rest in
        ["events: {}\n", "evens: {}\n", "events: { e: { name: n } }\n", "events: { e: { name: [], dateTime: x } }\n"]
    {
        assert!(!validator.is_valid(&json(&format!("{HEAD}{rest}"))), "{rest}");
    }
    for rest in ["delivery: { concurrency: 0 }\n", "results: { delimiter: x }\n", "sends: [{ event: e, to: [] }]\n"] {
        assert!(!validator.is_valid(&json(&format!("{HEAD}{EVENT}{rest}"))), "{rest}");
    }
}

#[test]
fn the_schema_and_the_program_agree_about_values() {
    let schema: serde_json::Value = serde_json::from_str(&super::schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let event = |key: &str| EVENT.replace(" } }", &format!(", {key} }} }}"));
    let instance = |key: &str| HEAD.replace("\"${C}\" }", &format!("\"${{C}}\", {key} }}"));
    for (keys, valid) in [
        (&["canceled: true", "canceled: \"True\"", "canceled: \" false \"", "canceled: \"{# c #}true\""][..], true),
        (&["canceled: \"TRUE\"", "canceled: \"\"", "canceled: yes please"], false),
        (&["callLinkType: voice", "callLinkType: \" video \"", "callLinkType: \"{# c #}video\""], true),
        (&["callLinkType: Video", "callLinkType: \"\"", "callLinkType: videos"], false),
        (&["description: [a, \"{{ 'b' }}\"]", "location: { name: 7 }"], true),
        (&["description: \"\"", "description: [a, \" \"]", "location: { name: \"\" }", "description: []"], false),
    ] {
        for key in keys {
            agree(&validator, &format!("{HEAD}{}", event(key)), valid);
        }
    }
    for (key, valid) in [
        ("rate: 20/min", true),
        ("rate: unlimited", true),
        ("rate: 1000000/h", true),
        ("rate: 20/foo", false),
        ("rate: 0/s", false),
        ("rate: 020/s", false),
        ("rate: 1000001/h", false),
        ("rate: 20", false),
    ] {
        agree(&validator, &format!("{}{EVENT}", instance(key)), valid);
        agree(&validator, &format!("{HEAD}{EVENT}delivery: {{ {key} }}\n"), valid);
    }
    for (timeout, valid) in
        [("1s", true), ("09s", true), ("120s", true), ("0s", false), ("121s", false), ("30", false), ("1m", false)]
    {
        agree(&validator, &format!("{HEAD}{EVENT}delivery: {{ timeout: {timeout} }}\n"), valid);
    }
    for (from, to) in [("${A}", ""), ("${B}", " "), ("${C}", "")] {
        agree(&validator, &format!("{}{EVENT}", HEAD.replace(from, to)), false);
    }
    for (from, to) in [("name: n", "name: \"\""), ("name: n", "name: [n, \"\"]"), ("2026-12-04T19:00", "")] {
        agree(&validator, &format!("{HEAD}{}", EVENT.replace(from, to)), false);
    }
    for (sends, valid) in [("[{ event: e, to: [a] }]", true), ("[]", false), ("", false)] {
        agree(&validator, &format!("{HEAD}{EVENT}sends: {sends}\n"), valid);
    }
}

/// Holds the program and the schema to the same answer about a manifest.
#[track_caller]
fn agree(validator: &jsonschema::Validator, text: &str, valid: bool) {
    let (_, lines) = load(text);
    let value = serde_yaml::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!((lines.is_empty(), validator.is_valid(&value)), (valid, valid), "{text}{lines:?}");
}
