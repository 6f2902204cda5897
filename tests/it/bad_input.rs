//! Bad input is refused with its place and what to do about it, with exit code 2; nothing is sent and nothing is left
//! behind.

use crate::world::{MANIFEST, Ran, World, groups, server};

/// A manifest and a list with one thing wrong, where that is said to be, and a word of the advice.
struct Bad {
    what: &'static str,
    manifest: Option<String>,
    list: Option<String>,
    place: &'static str,
    says: &'static [&'static str],
}

/// All files but the lock: once made it is never taken away, since another run may hold it.
fn files(world: &World) -> Vec<String> {
    world.files().into_iter().filter(|name| !name.ends_with(".ledger.db.lock")).collect()
}

fn bad(what: &'static str, place: &'static str, says: &'static [&'static str]) -> Bad {
    Bad { what, manifest: Some(MANIFEST.to_owned()), list: Some(groups(3)), place, says }
}

fn cases() -> Vec<Bad> {
    let with = |from: &str, to: &str| Some(MANIFEST.replace(from, to));
    let list = |text: &str| Some(text.to_owned());
    vec![
        Bad { manifest: None, ..bad("no manifest", "m.yaml", &["m.yaml", "help"]) },
        Bad { list: None, ..bad("no list", "m.yaml:12:", &["list.csv", "help"]) },
        Bad {
            manifest: with("description:", "descripton:"),
            ..bad("an unknown field", "m.yaml:9:", &["descripton", "description"])
        },
        Bad {
            manifest: with("{{ label }}", "{{ venue }}"),
            ..bad("a name that is neither column nor value", "m.yaml:9:", &["venue", "help"])
        },
        Bad {
            list: list("phone,label\n120363050000000000-group,A\n120363050000000001-group,\n"),
            ..bad("a value that one row lacks", "list.csv:3", &["label", "help"])
        },
        Bad {
            list: list("group,label\n120363050000000000-group,A\n"),
            ..bad("no phone column", "m.yaml:12:", &["phone", "help"])
        },
        Bad { list: list("phone,label\n"), ..bad("a list of no rows", "list.csv", &["help"]) },
        Bad { list: list(""), ..bad("an empty file", "list.csv", &["help"]) },
        Bad {
            manifest: with("{ csv: list.csv }", "{ list: [] }"),
            ..bad("a list of nobody", "m.yaml:12:", &["empty", "help"])
        },
        Bad {
            manifest: with("campaign: spring\n", ""),
            ..bad("a field that is missing", "m.yaml:", &["campaign", "help"])
        },
        Bad { manifest: list("events: [\n"), ..bad("no YAML", "m.yaml:", &["help"]) },
    ]
}

#[test]
fn bad_input_is_refused_with_its_place_and_advice_and_leaves_nothing() {
    let server = server();
    for case in cases() {
        let world = World::new();
        case.manifest.as_ref().map(|text| world.write("m.yaml", text));
        case.list.as_ref().map(|text| world.write("list.csv", text));
        let before = world.files();
        for ran in [
            world.apply(&server.base_url, &[]),
            world.run(&["apply", "m.yaml", "--sandbox"]),
            world.run(&["apply", "m.yaml", "--dry-run"]),
            world.run(&["plan", "m.yaml"]),
        ] {
            let ran = ran.expect(2).says(case.place);
            case.says.iter().fold(ran, |ran, words| ran.says(words));
        }
        assert_eq!(world.files(), before, "{}: something is left behind", case.what);
    }
    assert_eq!(server.counts().requests, 0);
}

#[test]
fn a_list_of_those_to_leave_out_may_be_empty() {
    let world = World::new();
    world.campaign(1);
    world.write("m.yaml", format!("{MANIFEST}suppress:\n  - csv: optout.csv\n"));
    world.write("optout.csv", "phone\n");
    world.run(&["validate", "m.yaml", "--strict"]).expect(0);
}

#[test]
fn bad_input_is_found_all_at_once() {
    let world = World::new();
    world.write("m.yaml", MANIFEST.replace("{{ label }}", "{{ venue }}").replace("description:", "descripton:"));
    world.write("list.csv", "phone,label\n12,A\n5.51199E+12,B\n120363050000000001-group,C\n");
    world.apply("http://127.0.0.1:9", &[]).expect(2).says("m.yaml:9:").says("list.csv:2").says("list.csv:3");
}

#[test]
fn a_missing_credential_stops_a_real_apply_and_is_told_of_in_a_dry_run() {
    let (world, server) = (World::new(), server());
    world.campaign(2);
    let before = world.files();
    let without = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env_remove("ZAPI_INSTANCE_TOKEN");
        Ran::of(&command.output().unwrap())
    };
    for ran in [
        without(&["apply", "m.yaml", "--base-url", &server.base_url]),
        without(&["apply", "m.yaml", "--base-url", "https://zapi.invalid", "--yes"]),
    ] {
        ran.expect(2).says("ZAPI_INSTANCE_TOKEN").says("help");
    }
    without(&["apply", "m.yaml", "--dry-run"]).expect(0).says("ZAPI_INSTANCE_TOKEN");
    without(&["plan", "m.yaml"]).expect(0).says("ZAPI_INSTANCE_TOKEN");
    without(&["validate", "m.yaml"]).expect(0);
    assert_eq!(files(&world), before);
    assert_eq!(server.counts().requests, 0);
}

#[test]
fn a_results_path_that_cannot_be_written_is_found_before_anything_is_sent() {
    let (world, server) = (World::new(), server());
    world.campaign(2);
    world.write("folder/keep", "");
    let before = world.files();
    for path in ["nowhere/results.csv", "folder", "m.yaml/results.csv"] {
        let ran = world.apply(&server.base_url, &["--results", path]);
        ran.expect(2).says(path).says("help");
        assert_eq!(files(&world), before, "{path}: something is left behind");
    }
    assert_eq!(server.counts().requests, 0);
    world.apply(&server.base_url, &["--results", "folder/results.csv"]).expect(0);
    assert_eq!(world.results("folder/results.csv").len(), 2);
}

#[test]
fn results_never_take_the_place_of_anything_that_is_needed() {
    let (world, server) = (World::new(), server());
    world.campaign(2);
    world.write(".env", "ZAPI_INSTANCE_ID=3C01\n");
    world.apply(&server.base_url, &[]).expect(0);
    let needed = ["m.yaml", "list.csv", ".env", "spring.ledger.db", "spring.ledger.db.lock", "spring.sent.json"];
    let before = needed.map(|name| std::fs::read(world.path(name)).unwrap());
    for name in needed {
        world.apply(&server.base_url, &["--results", name]).expect(2).says("--results");
        world.apply(&server.base_url, &["--results", &format!("./{name}")]).expect(2);
    }
    let rehearsal = ["apply", "m.yaml", "--sandbox", "--results", "spring.results.csv"];
    world.run(&rehearsal).expect(2).says("results of the real campaign");
    assert_eq!(needed.map(|name| std::fs::read(world.path(name)).unwrap()), before);
    assert_eq!(server.counts().requests, 2);
}

#[test]
fn skipping_rows_does_not_help_against_what_no_row_is_to_blame_for() {
    let server = server();
    let lists: [(&str, &[u8]); 9] = [
        ("E205", b"phone,label\n120363050000000000-group,\xC3\xA9\n120363050000000001-group,Jo\xE3o\n"),
        ("E205", b"phone,label\n120363050000000000-group,Jo\xE3o\n120363050000000001-group,Jo\xC3\xA3o\n"),
        ("E219", b"phone,label\n"),
        ("E220", b"phone,label\n120363050000000000-group,\"a\n120363050000000001-group,b\"\n"),
        // The lines behind may be the rest of the quoted text.
        ("E213", b"phone,label\n120363050000000000-group,\"a\n120363050000000001-group,b\n"),
        ("E213", b"phone,label\n120363050000000000-group,\"a\n120363050000000001-group,\"b\"\n"),
        ("E213", b"phone,label\n120363050000000000-group,\"a\nb \"c\" d\n120363050000000001-group,e\nf\"\n"),
        ("E214", b"phone,label\n120363050000000000-group,\"a \"b\" c\n120363050000000001-group,d\nf\"\n"),
        ("E214", b"phone,label\n120363050000000000-group,\"a \"b\"\n120363050000000001-group,d\"\n"),
    ];
    for (code, list) in lists {
        let world = World::new();
        world.write("m.yaml", MANIFEST);
        world.write("list.csv", list);
        world.apply(&server.base_url, &["--skip-invalid"]).expect(2).says(code);
        assert_eq!(server.counts().requests, 0);
    }
}

#[test]
fn skipping_rows_helps_where_a_quote_harms_its_own_row_only() {
    let server = server();
    let lists: [(&str, &[u8]); 5] = [
        ("E213", b"phone,label\n120363050000000000-group,a\n120363050000000001-group,\"b\n"),
        ("E214", b"phone,label\n120363050000000001-group,\"b\" c\n120363050000000000-group,a\n"),
        ("E214", b"phone,label\n120363050000000001-group,\"b \"c\"\"\n120363050000000000-group,\"a\"\n"),
        ("E214", b"phone,label\n120363050000000001-group,\"b \"c\" d\n120363050000000000-group,\"a\"\n"),
        (
            "E215",
            b"phone,label\n120363050000000001-group,\"b\0\n120363050000000002-group,c\nd\"\n120363050000000000-group,a\n",
        ),
    ];
    for (sent, (code, list)) in (1..).zip(lists) {
        let world = World::new();
        world.write("m.yaml", MANIFEST);
        world.write("list.csv", list);
        world.apply(&server.base_url, &["--skip-invalid"]).expect(1).says(code);
        assert_eq!(server.counts().requests, sent, "{code}");
    }
}

#[test]
fn the_advice_for_a_list_without_a_recipient_column_mends_it_when_pasted() {
    let headers = [
        "Celular",
        "Celular \"novo\"",
        "Celular\r\n(com DDD)",
        "Celular\t\\ 'novo' `x` # : {{ a }}",
        "Celular\u{a0}No\u{200b}vo\u{e0001}",
        "Celular com DDD, sem zero e sem traços, de preferência o mesmo que o do WhatsApp",
    ];
    for header in headers {
        let world = World::new();
        world.write("m.yaml", MANIFEST);
        let quoted = header.replace('"', "\"\"");
        world.write("list.csv", format!("label,\"{quoted}\"\nAna,120363050000000000-group\n"));
        let said = world.run(&["validate", "m.yaml", "--format", "json"]).expect(2).json();
        let help = said["diagnostics"][0]["help"].as_str().unwrap().to_owned();
        let (from, until) = (help.find("columns:").unwrap(), help.find(" }`?").unwrap());
        let mended = MANIFEST.replace("csv: list.csv", &format!("csv: list.csv, {} }}", &help[from..until]));
        assert_ne!(mended, MANIFEST);
        world.write("m.yaml", mended);
        world.run(&["validate", "m.yaml"]).expect(0);
    }
}
