//! `test` sends the campaign's wordings to one's own people, as often as one likes, and never touches the real record.

use zapi_batch::sandbox::Running;

use crate::support::faults::{answer, fault};
use crate::support::raw_server::{RawServer, Read, Step};
use crate::world::{World, groups, log, server};

const MANIFEST: &str = r#"version: 1
campaign: spring
timezone: America/Sao_Paulo
instances:
  main: { id: "${ZAPI_INSTANCE_ID}", token: "${ZAPI_INSTANCE_TOKEN}", clientToken: "${ZAPI_CLIENT_TOKEN}" }
delivery: { rate: unlimited, dailyLimit: 200 }
events:
  launch:
    name: ["Launch in {{ place }}", "Come to {{ place }}", "See you in {{ place }}"]
    dateTime: "2027-05-14T19:00"
  dinner: { name: "Dinner", dateTime: "2027-05-14T21:00" }
recipients:
  groups: { csv: list.csv }
  team: { list: ["120363059999999991-group", "120363059999999992-group"] }
sends:
  - { event: launch, to: [groups], vars: { place: Mooca } }
  - { event: dinner, to: [groups] }
test: { to: [team], prefix: "[TEST] " }
"#;

fn world() -> (World, Running) {
    let world = World::new();
    world.write("m.yaml", MANIFEST);
    world.write("list.csv", groups(9));
    (world, server())
}

fn test(world: &World, server: &Running, more: &[&str]) -> crate::world::Ran {
    let mut arguments = vec!["test", "m.yaml", "--base-url", &server.base_url];
    arguments.extend(more);
    world.run(&arguments)
}

#[test]
fn every_wording_goes_to_the_test_list_alone_as_often_as_wanted() {
    let (world, server) = world();
    for run in 1..=2 {
        test(&world, &server, &["--format", "json"]).expect(0);
        let log = log(&server.base_url);
        assert_eq!(log.len(), run * 8, "three wordings and one, to two people of the team");
        assert!(log.iter().all(|entry| entry["recipient"].as_str().unwrap().starts_with("12036305999999999")));
        let names: Vec<String> =
            log.iter().map(|entry| entry["body"]["event"]["name"].as_str().unwrap().to_owned()).collect();
        for name in ["Launch in Mooca", "Come to Mooca", "See you in Mooca", "Dinner"] {
            let wanted = format!("[TEST] {name}");
            assert_eq!(names.iter().filter(|name| **name == wanted).count(), run * 2, "{wanted}: {names:?}");
        }
    }
    let ours = |name: &str| world.files().iter().any(|file| file == name);
    assert!(ours("spring.test.ledger.db") && ours("spring.test.results.csv") && ours("spring.test.json"));
    assert!(!ours("spring.ledger.db") && !ours("spring.sent.json") && !ours("spring.test.sent.json"));
    // What was sent as a test counts for the day.
    let plan = world.run(&["apply", "m.yaml", "--base-url", &server.base_url, "--format", "json"]).expect(0).json();
    assert_eq!(plan["plan"]["create"], 18, "the test is no part of the campaign");
    assert_eq!(quota(&world), 16 + 18);
}

fn quota(world: &World) -> i64 {
    let counts = rusqlite::Connection::open(world.path(".state/quota.db")).unwrap();
    counts.query_row("SELECT sum(count) FROM sent", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_plan_mentions_what_was_never_tested() {
    let (world, server) = world();
    let plan = |words: &str| world.run(&["plan", "m.yaml"]).expect(0).says(words);
    plan("launch was never tested as it is worded now: zapi-batch test m.yaml");
    plan("dinner was never tested");
    test(&world, &server, &["--only", "launch"]).expect(0).says("tested: launch.1 as \"[TEST] Launch in Mooca\"");
    let after = plan("dinner was never tested");
    assert!(!after.stdout.contains("launch was never tested"), "{}", after.stdout);
    // Another list or another prefix is no other wording; another text, time or var is.
    world.write("list.csv", groups(12));
    world.write("m.yaml", MANIFEST.replace("[TEST] ", "TEST: "));
    assert!(!plan("dinner").stdout.contains("launch was never"));
    world.write("m.yaml", MANIFEST.replace("Come to", "Join us in"));
    plan("1 of 3 wordings of launch was never tested");
    for (from, to) in [("T19:00", "T20:00"), ("place: Mooca", "place: Lapa"), ("Sao_Paulo", "Manaus")] {
        world.write("m.yaml", MANIFEST.replace(from, to));
        plan("launch was never tested");
    }
    world.write("m.yaml", MANIFEST);
    let apply = ["apply", "m.yaml", "--base-url", &server.base_url];
    world.run(&apply).expect(0).says("note").says("dinner was never tested");
    // What stands already is not about to be created.
    let again = world.run(&apply).expect(0);
    assert!(!again.stderr.contains("never tested"), "{}", again.stderr);
}

#[test]
fn what_the_test_list_lacks_is_found_before_anything_is_sent() {
    let (world, server) = world();
    let manifest = MANIFEST.replace("name: \"Dinner\"", "name: \"Dinner with {{ label }}\"");
    world.write("m.yaml", &manifest);
    let named = "`label` is neither a var nor a column of the list `team`";
    let base = ["--base-url", &*server.base_url];
    for command in [&["validate", "m.yaml"][..], &["plan", "m.yaml"], &["test", "m.yaml"], &["apply", "m.yaml"]] {
        let online = matches!(command[0], "test" | "apply");
        let ran = world.run(&[command, if online { &base[..] } else { &[] }].concat()).expect(2);
        let ran = ran.says("E109").says(named);
        assert_eq!(format!("{}{}", ran.stdout, ran.stderr).matches("E109").count(), 1, "{}{}", ran.stdout, ran.stderr);
    }
    // What is wrong for everybody is said once, and what only a row of the test lacks with its line.
    world.write("m.yaml", manifest.replace("label", "nobody"));
    let ran =
        world.run(&["validate", "m.yaml"]).expect(2).says("1 error").says("`nobody` is neither a column nor a var");
    assert!(!ran.stdout.contains("team"), "{}", ran.stdout);
    let team = manifest.replace(
        "team: { list: [\"120363059999999991-group\", \"120363059999999992-group\"] }",
        "team: { csv: team.csv }",
    );
    world.write("m.yaml", team);
    world.write("team.csv", "phone,label\n120363059999999991-group,Ana\n120363059999999992-group,\n");
    world.run(&["validate", "m.yaml"]).expect(2).says("E110").says("team.csv:3").says("1 error");
    world.run(&["apply", "m.yaml", "--dry-run", "--skip-invalid"]).expect(0);
    assert_eq!(server.counts().requests, 0);
}

#[test]
fn a_test_needs_a_test_section_and_says_what_to_add() {
    let (world, server) = world();
    world.write("m.yaml", MANIFEST.lines().filter(|line| !line.starts_with("test:")).collect::<Vec<_>>().join("\n"));
    test(&world, &server, &[]).expect(2).says("test: { to: [team]");
    let plan = world.run(&["plan", "m.yaml"]).expect(0);
    assert!(!plan.stdout.contains("never tested"), "only where the manifest says how to test");
    world.write("m.yaml", MANIFEST);
    test(&world, &server, &["--only", "lunch"]).expect(2).says("no event `lunch`");
    test(&world, &server, &["--yes=3"]).expect(2).says("8 messages");
    let refuses = Step::Send(answer(403, "", r#"{"error":"Client-Token not allowed"}"#));
    let refuses = RawServer::always(fault("refused", Read::All, vec![refuses, Step::Close]));
    let typed = ["m.yaml", "--only", "dinner", "--base-url", &refuses.base_url(), "--no-preflight"];
    world.run(&[&["test"], &typed[..]].concat()).expect(3).says(&format!("zapi-batch test {}", typed.join(" ")));
    assert_eq!(server.counts().requests, 0);
    world.run(&["test", "m.yaml"]).expect(2).says("no terminal");
    world.run(&["test", "m.yaml", "--sandbox"]).expect(0).says("spring (test)");
    world.run(&["test", "m.yaml", "--sandbox"]).expect(0).says("0 duplicates");
    let files = world.files();
    assert!(files.iter().any(|file| file == "spring.test.sandbox.ledger.db"), "{files:?}");
    assert!(!files.iter().any(|file| file == "spring.test.json"), "a rehearsed test has shown nobody anything");
}

#[test]
fn without_sends_the_test_list_is_not_invited() {
    let (world, server) = world();
    let lines = MANIFEST
        .lines()
        .filter(|line| !["sends:", "  - {", "  dinner:", "    name: ["].iter().any(|start| line.starts_with(start)));
    let one = lines.collect::<Vec<_>>().join("\n").replace("  launch:\n", "  launch:\n    name: Launch\n");
    world.write("m.yaml", &one);
    let plan = world.run(&["plan", "m.yaml", "--format", "json"]).expect(0).json();
    assert_eq!(plan["plan"]["create"], 9);
    test(&world, &server, &[]).expect(0).says("2 = 2 accepted");
    // Where there is no other list, the test's is meant.
    world.write("m.yaml", one.replace("to: [team]", "to: [team, groups]"));
    assert_eq!(world.run(&["plan", "m.yaml", "--format", "json"]).expect(0).json()["plan"]["create"], 11);
}

#[test]
fn each_recipient_gets_one_wording_and_the_split_is_shown() {
    let (world, server) = world();
    world.write("list.csv", groups(90));
    let plan = world.run(&["plan", "m.yaml"]).expect(0);
    plan.says("wording");
    world.run(&["apply", "m.yaml", "--base-url", &server.base_url, "--only", "launch"]).expect(0);
    let variants = |world: &World| -> Vec<(String, String)> {
        let rows = world.results("spring.results.csv");
        let of_launch = rows.iter().filter(|row| row.get("event") == "launch");
        of_launch.map(|row| (row.get("recipient").to_owned(), row.get("variant").to_owned())).collect()
    };
    let first = variants(&world);
    for variant in ["1", "2", "3"] {
        let share = first.iter().filter(|(_, of)| of == variant).count();
        assert!((15..=45).contains(&share), "{variant}: {share} of 90");
    }
    for entry in log(&server.base_url) {
        let (_, variant) = first.iter().find(|(recipient, _)| entry["recipient"] == **recipient).unwrap();
        let name = ["Launch in Mooca", "Come to Mooca", "See you in Mooca"][variant.parse::<usize>().unwrap() - 1];
        assert_eq!(entry["body"]["event"]["name"], name);
    }
    // Stable: another order of the list, and nobody is edited.
    let mut rows: Vec<String> = groups(90).lines().skip(1).map(str::to_owned).collect();
    rows.reverse();
    world.write("list.csv", format!("phone,label\n{}\n", rows.join("\n")));
    let plan = world.run(&["plan", "m.yaml", "--format", "json", "--only", "launch"]).expect(0).json();
    assert_eq!((&plan["plan"]["edit"], &plan["plan"]["keep"]), (&0.into(), &90.into()));
}

#[test]
fn a_real_row_with_a_fault_does_not_keep_one_from_testing() {
    let (world, server) = world();
    world.write("list.csv", format!("{}not-a-phone,x\n", groups(3)));
    test(&world, &server, &[]).expect(0);
    world.run(&["apply", "m.yaml", "--base-url", &server.base_url]).expect(2);
}

#[test]
fn a_test_that_stops_does_not_promise_to_go_on_where_it_ended() {
    let (world, _) = world();
    let stops = RawServer::start(|request| {
        let status = if request == 0 { 200 } else { 401 };
        fault("stops", Read::All, vec![Step::Send(answer(status, "", r#"{"connected":true}"#)), Step::KeepAlive])
    });
    let ran = world.run(&["test", "m.yaml", "--base-url", &stops.base_url()]).expect(3);
    assert!(!ran.stderr.contains("is not sent again"), "{}", ran.stderr);
    ran.says("sends to the whole test list again");
}
