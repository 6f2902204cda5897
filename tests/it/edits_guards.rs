//! What must not happen by a slip of the pen: guards before large changes on a real service, and what a plan says of
//! edits before they are made.

use std::time::Duration;

use serde_json::Value;
use zapi_batch::sandbox::{Fault, FaultRule, Options, When};

use crate::world::{MANIFEST, World, groups, log, server, server_with};

/// A service that is not this machine's, and that nobody can reach: whoever gets past the guards ends with 3.
const REAL: [&str; 4] = ["--base-url", "https://zapi.invalid", "--no-preflight", "--rate"];

fn real(world: &World, more: &[&str]) -> crate::world::Ran {
    let mut arguments = vec!["apply", "m.yaml"];
    arguments.extend(REAL);
    arguments.push("unlimited");
    arguments.extend(more);
    world.run(&arguments)
}

/// The list with this many labels changed, so that so many messages are worded otherwise.
fn relabelled(rows: usize, changed: usize) -> String {
    let relabel = |(number, line): (usize, &str)| {
        let line = if (1..=changed).contains(&number) { line.replace("Group", "Team") } else { line.to_owned() };
        line + "\n"
    };
    groups(rows).lines().enumerate().map(relabel).collect()
}

#[test]
fn a_large_change_on_a_real_service_needs_its_number() {
    let (world, server) = (World::new(), server());
    let manifest = MANIFEST.replacen("events:", "delivery: { retries: 0, timeout: 1s }\nevents:", 1);
    world.write("m.yaml", &manifest);
    world.write("list.csv", groups(40));
    world.apply(&server.base_url, &[]).expect(0);

    // 12 of 40 are 30 %, and no more.
    world.write("list.csv", relabelled(40, 12));
    real(&world, &["--yes"]).expect(3);
    world.write("list.csv", relabelled(40, 13));
    real(&world, &[]).expect(2).says("no terminal");
    real(&world, &["--yes"]).expect(2).says("13 of 40 invitations").says("--yes=13");
    real(&world, &["--yes=12"]).expect(2).says("13 messages would be sent");
    real(&world, &["--yes=13"]).expect(3);
    real(&world, &["--yes", "--limit", "10"]).expect(3);
    // On loopback nothing real can be reached, so no number is needed.
    world.apply(&server.base_url, &[]).expect(0);
    assert_eq!(server.counts().requests, 53);
}

#[test]
fn calling_off_what_is_left_on_a_real_service_needs_its_number() {
    let (world, server) = (World::new(), server());
    let manifest = MANIFEST.replacen("events:", "delivery: { retries: 0, timeout: 1s }\nevents:", 1);
    world.write("m.yaml", &manifest);
    world.write("list.csv", groups(40));
    world.apply(&server.base_url, &[]).expect(0);
    world.write("list.csv", groups(38));
    real(&world, &["--yes", "--cancel-left"]).expect(2).says("--cancel-left=2");
    real(&world, &["--yes=2", "--cancel-left"]).expect(2).says("--cancel-left=2");
    real(&world, &["--yes", "--cancel-left=3"]).expect(2).says("--cancel-left=3, but 2");
    real(&world, &["--yes", "--cancel-left=2"]).expect(3);
    world.apply(&server.base_url, &["--cancel-left"]).expect(0);
    assert_eq!(server.counts().requests, 42);
}

#[test]
fn a_plan_shows_old_beside_new_and_groups_what_is_alike() {
    let (world, server) = (World::new(), server());
    world.campaign(20);
    let placed = MANIFEST.replace("recipients:", "    location: { name: HQ }\n    callLinkType: voice\nrecipients:");
    world.write("m.yaml", &placed);
    world.apply(&server.base_url, &[]).expect(0);

    // Only the text: people's calendars are not touched.
    world.write("m.yaml", placed.replace("Welcome,", "Come in,"));
    let text = world.run(&["plan", "m.yaml"]).expect(0).says("20 messages edited:").says("(each its own)");
    assert!(!text.stdout.contains("calendar"), "{}", text.stdout);

    world.write("list.csv", groups(18));
    world.write(
        "m.yaml",
        placed.replace("T19:00", "T20:00").replace("HQ", "Roof").replace("    callLinkType: voice\n", ""),
    );
    for ran in [world.run(&["plan", "m.yaml"]), world.apply(&server.base_url, &["--dry-run"])] {
        ran.expect(0)
            .says("  edit      18 ")
            .says("  left       2 ")
            .says("    18 messages edited:\n      dateTime     Fri 14 May 2027 19:00 -> Fri 14 May 2027 20:00\n      location     HQ -> Roof\n      callLinkType voice -> (none)\n")
            .says("people keep the answer they gave, and their phone's calendar does not follow");
    }
    let plan = world.run(&["plan", "m.yaml", "--format", "json"]).expect(0).json();
    let changes = plan["changes"].as_array().unwrap();
    let verbs = |verb: &str| changes.iter().filter(|change| change["verb"] == verb).count();
    assert_eq!((changes.len(), verbs("edit"), verbs("left")), (20, 18, 2), "all of them, not an example");
    for change in changes.iter().filter(|change| change["verb"] == "edit") {
        let (before, after): (&Value, &Value) = (&change["before"], &change["body"]["event"]);
        assert_eq!((&before["location"]["name"], &after["location"]["name"]), (&"HQ".into(), &"Roof".into()));
        assert_eq!((&before["callLinkType"], &after["callLinkType"]), (&"voice".into(), &Value::Null));
        assert_eq!(before["description"], after["description"]);
    }
    assert_eq!(server.counts().requests, 20);
    world.apply(&server.base_url, &[]).expect(0).says("edited    18 messages").says("left      2 messages");
}

#[test]
fn edits_after_a_week_are_planned_with_a_warning() {
    let (world, server) = (World::new(), server());
    world.campaign(3);
    world.apply(&server.base_url, &[]).expect(0);
    let ledger = rusqlite::Connection::open(world.path("spring.ledger.db")).unwrap();
    let age = |rows: u32, days: i64| {
        let update = "UPDATE message SET accepted_at = accepted_at - ?2 WHERE id <= ?1";
        ledger.execute(update, (rows, days * 24 * 3_600_000)).unwrap();
    };
    world.write("m.yaml", MANIFEST.replace("T19:00", "T20:00"));
    age(3, 6);
    let week = world.run(&["plan", "m.yaml"]).expect(0);
    assert!(!week.stdout.contains("7 days"), "{}", week.stdout);
    age(2, 2);
    drop(ledger);
    world
        .run(&["plan", "m.yaml"])
        .expect(0)
        .says("2 messages are to be edited after more than 7 days: WhatsApp may refuse");
    world.apply(&server.base_url, &[]).expect(0).says("WhatsApp may refuse");
    assert_eq!(log(&server.base_url).iter().filter(|entry| entry["endpoint"] == "send-edit-event").count(), 3);
}

#[test]
fn a_row_with_errors_is_not_a_row_that_is_gone() {
    let (world, server) = (World::new(), server());
    world.campaign(3);
    world.apply(&server.base_url, &["--limit", "2"]).expect(5);
    // Of one that was accepted and of one that waits the label is missing now.
    let blank = groups(3).replace("-group,Group 1", "-group,").replace("-group,Group 2", "-group,");
    world.write("list.csv", blank);
    let planned = world.apply(&server.base_url, &["--skip-invalid", "--dry-run", "--format", "json"]).expect(1).json();
    assert_eq!(
        (&planned["plan"]["keep"], &planned["plan"]["skip"], &planned["plan"]["left"]),
        (&2.into(), &1.into(), &0.into())
    );
    world.apply(&server.base_url, &["--skip-invalid", "--cancel-left"]).expect(2).says("2 rows with errors");
    world.apply(&server.base_url, &["--skip-invalid"]).expect(1);
    let rows = world.results("spring.results.csv");
    let seen: Vec<(&str, bool)> =
        rows.iter().map(|row| (row.get("status"), row.get("error").starts_with("invalid: "))).collect();
    assert_eq!(seen, [("accepted", false), ("accepted", true), ("skipped", true)]);
    world.write("list.csv", groups(3));
    world.apply(&server.base_url, &[]).expect(0);
    assert_eq!((server.counts().requests, server.counts().duplicates), (3, 0));
}

#[test]
fn a_call_off_that_waits_is_not_made_while_rows_have_errors() {
    let (world, server) = (World::new(), server());
    world.campaign(4);
    world.apply(&server.base_url, &[]).expect(0);
    world.write("list.csv", groups(2));
    world.apply(&server.base_url, &["--cancel-left=2", "--limit", "1"]).expect(5);
    assert_eq!(server.counts().requests, 5);
    // Both are listed again, one of them mistyped.
    world.write("list.csv", groups(4).replace("0002-group", "0002-groupx").replace("0003-group", "0003-groupx"));
    for command in [&["--skip-invalid"][..], &["--skip-invalid", "--dry-run"]] {
        let refused = "1 message is still to be called off as no longer listed, with 2 rows with errors";
        world.apply(&server.base_url, command).expect(2).says(refused);
    }
    assert_eq!(server.counts().requests, 5);
    world.write("list.csv", groups(2));
    world.run(&["plan", "m.yaml"]).expect(0).says("call off  1");
    world.apply(&server.base_url, &[]).expect(0);
    assert_eq!(server.counts().requests, 6);
}

#[test]
fn only_the_unknown_ones_that_are_selected_are_sent_again() {
    let (world, server) = (World::new(), server());
    world.campaign(2);
    let other = "  other: { name: Other, dateTime: \"2027-05-20T19:00\" }
recipients:";
    let sends = "sends: [{ event: launch, to: [groups] }, { event: other, to: [groups] }]
";
    let two = MANIFEST.replace("recipients:", other) + sends;
    world.write("m.yaml", &two);
    let lost = server_with(Options { latency: Duration::from_secs(30), ..Options::default() });
    let manifest = two.replacen("events:", "delivery: { retries: 0, timeout: 1s, concurrency: 4 }\nevents:", 1);
    world.write("m.yaml", &manifest);
    world.apply(&lost.base_url, &[]).expect(1);
    let ran = world.apply(&server.base_url, &["--only", "other"]).expect(1);
    assert!(ran.stderr.contains("--only other") && ran.stderr.contains(" --resend-unknown=2\n"), "{}", ran.stderr);
    world
        .apply(&server.base_url, &["--only", "other", "--resend-unknown=4"])
        .expect(2)
        .says("2 messages would be sent again");
    world.apply(&server.base_url, &["--only", "other", "--resend-unknown=2"]).expect(0);
    assert_eq!(server.counts().requests, 2);
    world.apply(&server.base_url, &[]).expect(1);
    assert_eq!(server.counts().requests, 2, "the others stay until a person decides");
}

#[test]
fn a_new_ledger_takes_the_old_ones_place_only_once_the_answer_is_yes() {
    let (world, server) = (World::new(), server());
    world.campaign(3);
    world.apply(&server.base_url, &[]).expect(0);
    let before = world.files();
    world.apply(&server.base_url, &["--new-ledger", "--yes=99"]).expect(2);
    let closed = world.write("list.csv", "");
    world.apply(&server.base_url, &["--new-ledger"]).expect(2);
    std::fs::write(closed, groups(3)).unwrap();
    assert_eq!(world.files(), before);
    world.apply(&server.base_url, &[]).expect(0);
    assert_eq!(server.counts().requests, 3, "nobody was invited again");
    let again =
        "--new-ledger sets aside 3 accepted before: whoever was invited already and is listed may be invited again";
    world
        .run(&["apply", "m.yaml", "--dry-run", "--new-ledger"])
        .expect(0)
        .says(again)
        .says("without 3 accepted before");
    for _ in 0..2 {
        let ran = world.apply(&server.base_url, &["--new-ledger"]).expect(0).says("kept as").says(again);
        assert!(!ran.stderr.contains("first run"), "{}", ran.stderr);
    }
    assert_eq!(server.counts().requests, 9);
    assert_eq!(world.files().iter().filter(|name| name.contains("Z.old") || name.contains("Z-2.old")).count(), 2);
}

#[test]
fn a_new_ledger_in_place_of_an_older_copy_counts_what_the_note_knows() {
    let (world, server) = (World::new(), server());
    world.campaign(5);
    world.apply(&server.base_url, &["--limit", "2"]).expect(5);
    let copy = std::fs::read(world.path("spring.ledger.db")).unwrap();
    world.apply(&server.base_url, &[]).expect(0);
    std::fs::write(world.path("spring.ledger.db"), copy).unwrap();
    world.apply(&server.base_url, &[]).expect(4);
    world.run(&["apply", "m.yaml", "--dry-run", "--new-ledger"]).expect(0).says("--new-ledger sets aside 5 accepted");
}

#[test]
fn what_is_blocked_keeps_the_status_that_the_invitation_has() {
    let world = World::new();
    world.campaign(2);
    let refused = FaultRule { when: When::Requests(3, 4), fault: Fault::Status(400), is_processed: false };
    let server = server_with(Options { faults: vec![refused], ..Options::default() });
    world.apply(&server.base_url, &[]).expect(0);
    world.write("m.yaml", MANIFEST.replace("T19:00", "T20:00"));
    world.apply(&server.base_url, &[]).expect(1);
    world.write("m.yaml", MANIFEST.replace("T19:00", "T21:00").replace("Spring launch", "Autumn fair"));
    let json = world.apply(&server.base_url, &["--format", "json"]).expect(1).json();
    assert_eq!((&json["plan"]["blocked"], &json["messages"]["accepted"]), (&2.into(), &2.into()));
    for row in world.results("spring.results.csv") {
        assert_eq!((row.get("status"), row.get("http_status")), ("accepted", ""));
        assert!(row.get("error").starts_with("name and date both differ"), "{}", row.get("error"));
    }
}

#[test]
fn a_corrected_number_is_used_as_long_as_nothing_was_sent_to_the_old_one() {
    let world = World::new();
    let (old, new) = ("551180001000", "5511980001000");
    world.campaign(0);
    let list = |number: &str| world.write("list.csv", format!("phone,label\n{number},Ana\n"));
    list(old);
    let refused = FaultRule { when: When::Requests(1, 1), fault: Fault::Status(400), is_processed: false };
    let server = server_with(Options { faults: vec![refused], ..Options::default() });
    world.apply(&server.base_url, &[]).expect(1);
    list(new);
    let planned = world.run(&["plan", "m.yaml", "--show-recipients"]).expect(0);
    assert!(planned.stdout.contains(new) && !planned.stdout.contains(old), "{}", planned.stdout);
    world.apply(&server.base_url, &[]).expect(0);
    assert_eq!(world.results("spring.results.csv")[0].get("recipient"), new);
    // Now the invitation is there, and edits have to go where it is.
    list(old);
    world.write("m.yaml", MANIFEST.replace("T19:00", "T20:00"));
    world.apply(&server.base_url, &[]);
    let log = log(&server.base_url);
    let recipients: Vec<&str> = log.iter().map(|entry| entry["recipient"].as_str().unwrap()).collect();
    assert_eq!(recipients, [old, new, new]);
}
