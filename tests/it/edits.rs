//! What was sent is changed by changing the manifest: edits with the original ids, calling off, and nobody invited twice.

use std::collections::HashMap;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use zapi_batch::sandbox::{Fault, FaultRule, Options, Running, When};

use crate::world::{MANIFEST, ResultRow, World, events, groups, log, server, server_with};

fn later() -> String {
    MANIFEST.replace("T19:00", "T20:00")
}

/// The newest `count` requests; there are no more than `all`.
#[track_caller]
fn newest(server: &Running, count: usize, all: usize) -> Vec<Value> {
    let log = log(&server.base_url);
    assert_eq!(log.len(), all);
    log[all - count..].to_vec()
}

fn ids(rows: &[ResultRow]) -> HashMap<String, String> {
    rows.iter().map(|row| (row.get("recipient").to_owned(), row.get("message_id").to_owned())).collect()
}

fn attempts(world: &World, kind: u32) -> u32 {
    let ledger = rusqlite::Connection::open(world.path("spring.ledger.db")).unwrap();
    ledger.query_row("SELECT count(*) FROM attempt WHERE kind = ?1 AND state = 1", [kind], |row| row.get(0)).unwrap()
}

#[test]
fn a_new_time_reaches_812_groups_as_edits_of_their_invitations() {
    let (world, server) = (World::new(), server());
    world.campaign(812);
    world.apply(&server.base_url, &["--concurrency", "16"]).expect(0);
    let invited = ids(&world.results("spring.results.csv"));
    let creates = newest(&server, 812, 812);
    let event_of: HashMap<&str, &Value> =
        creates.iter().map(|entry| (entry["recipient"].as_str().unwrap(), &entry["body"]["event"])).collect();

    world.write("m.yaml", later());
    let ran = world.apply(&server.base_url, &["--concurrency", "16", "--format", "json"]).expect(0).json();
    assert_eq!((&ran["plan"]["edit"], &ran["plan"]["create"]), (&812.into(), &0.into()));
    assert_eq!((&ran["requests"], &ran["messages"]["accepted"]), (&812.into(), &812.into()));
    let mut edited = Vec::new();
    for entry in newest(&server, 812, 1624) {
        let recipient = entry["recipient"].as_str().unwrap();
        assert_eq!((&entry["endpoint"], &entry["status"]), (&"send-edit-event".into(), &200.into()), "{entry}");
        let mut event = event_of[recipient].clone();
        event["dateTime"] = "2027-05-14T20:00:00.000Z".into();
        let body = serde_json::json!({"phone": recipient, "eventMessageId": invited[recipient], "event": event});
        assert_eq!(entry["body"], body);
        edited.push(recipient.to_owned());
    }
    edited.sort_unstable();
    edited.dedup();
    assert_eq!(edited.len(), 812);
    let rows = world.results("spring.results.csv");
    assert_eq!(ids(&rows), invited, "the invitation's id stays");
    for row in &rows {
        assert_eq!((row.get("status"), row.get("revision"), row.get("attempts")), ("accepted", "2", "2"));
        assert_eq!(row.get("edited_at"), row.get("updated_at"));
    }
    assert_eq!((attempts(&world, 0), attempts(&world, 1)), (812, 812), "every attempt is on record");

    let again = world.apply(&server.base_url, &["--format", "json"]).expect(0).json();
    assert_eq!((&again["requests"], &again["plan"]["keep"]), (&0.into(), &812.into()));
    assert_eq!((server.counts().requests, server.counts().duplicates), (1624, 0));
    assert_eq!(world.results("spring.results.csv"), rows);
}

/// `ZAPI_EDIT_KILLS=50 cargo test --test it killed_again -- --nocapture` kills more often.
#[test]
#[allow(clippy::print_stderr, reason = "the figure that the long run is made for")]
fn edits_that_are_killed_again_and_again_reach_everybody_once_invited() {
    let kills = std::env::var("ZAPI_EDIT_KILLS").map_or(10, |kills| kills.parse().unwrap());
    let (world, server) =
        (World::new(), server_with(Options { latency: Duration::from_millis(4), ..Options::default() }));
    world.campaign(812);
    world.apply(&server.base_url, &["--concurrency", "32"]).expect(0);
    world.write("m.yaml", later());
    let mut rng = fastrand::Rng::with_seed(6);
    let arguments = ["apply", "m.yaml", "--base-url", &server.base_url, "--rate", "unlimited"];
    for kill in 0..kills {
        let before = server.counts().requests;
        let most = before + rng.u64(1..=700 / kills);
        let mut child = world.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while server.counts().requests < most {
            assert_eq!(child.try_wait().unwrap(), None, "kill {kill}: it was to be killed in the middle");
            std::thread::sleep(Duration::from_micros(300));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let last = world.apply(&server.base_url, &["--format", "json"]).expect(0).json();
    assert_eq!(last["messages"]["accepted"], 812);
    assert!(last["requests"].as_u64().unwrap() > 0, "there was something left for the last one");
    let events = events(&server.base_url);
    assert_eq!(events.len(), 812);
    assert!(events.iter().all(|(_, _, event)| event["dateTime"] == "2027-05-14T20:00:00.000Z"));
    let log = log(&server.base_url);
    let creates = log.iter().filter(|entry| entry["endpoint"] == "send-event").count();
    assert_eq!((creates, server.counts().duplicates), (812, 0));
    assert!(log.iter().all(|entry| entry["status"] == 200), "an edit with a wrong id");
    let requests = server.counts().requests;
    world.apply(&server.base_url, &[]).expect(0);
    assert_eq!(server.counts().requests, requests);
    eprintln!("{kills} kills, {} edits for 812 groups", log.len() - creates);
}

#[test]
fn what_is_no_longer_listed_stands_until_a_person_calls_it_off() {
    let (world, server) = (World::new(), server());
    world.campaign(14);
    world.apply(&server.base_url, &[]).expect(0);
    let invited = ids(&world.results("spring.results.csv"));
    let gone = ["120363050000000012-group", "120363050000000013-group"];
    world.write("list.csv", groups(12));

    let ran = world.apply(&server.base_url, &["--format", "json"]).expect(0).json();
    assert_eq!((&ran["plan"]["left"], &ran["requests"]), (&2.into(), &0.into()));
    let rows = world.results("spring.results.csv");
    for row in &rows[12..] {
        assert!(gone.contains(&row.get("recipient")) && row.get("status") == "accepted", "{row:?}");
        assert!(row.get("error").starts_with("left:"), "{row:?}");
    }
    world.run(&["plan", "m.yaml"]).expect(0).says("left: \"Group 12\"   list.csv:14").says("--cancel-left=2");
    world.apply(&server.base_url, &["--cancel-left=3"]).expect(2).says("--cancel-left=3, but 2 messages");
    world.run(&["plan", "m.yaml", "--cancel-left=3"]).expect(2).says("--cancel-left=3, but 2 messages");
    assert_eq!(server.counts().requests, 14);

    let ran = world.apply(&server.base_url, &["--cancel-left=2", "--format", "json"]).expect(0).json();
    assert_eq!((&ran["plan"]["edit"], &ran["requests"]), (&2.into(), &2.into()));
    for entry in newest(&server, 2, 16) {
        let recipient = entry["recipient"].as_str().unwrap();
        assert!(gone.contains(&recipient) && entry["endpoint"] == "send-edit-event", "{entry}");
        let event = serde_json::json!({
            "name": "Spring launch", "description": format!("Welcome, Group {}", &recipient[16..18]),
            "dateTime": "2027-05-14T19:00:00.000Z", "timeZone": "UTC-3", "canceled": true,
        });
        assert_eq!(
            (&entry["body"]["event"], &entry["body"]["eventMessageId"]),
            (&event, &invited[recipient].clone().into())
        );
    }
    let rows = world.results("spring.results.csv");
    assert!(rows[12..].iter().all(|row| row.get("revision") == "2" && row.get("error").is_empty()), "{rows:?}");
    // It is done, and not done again.
    world.apply(&server.base_url, &[]).expect(0);
    world.apply(&server.base_url, &["--cancel-left"]).expect(0);
    assert_eq!(server.counts().requests, 16);

    // Called off and listed again: edited back, never invited anew.
    world.write("list.csv", groups(14));
    world.apply(&server.base_url, &[]).expect(0);
    for entry in newest(&server, 2, 18) {
        assert_eq!(
            (&entry["endpoint"], &entry["body"]["event"]["canceled"]),
            (&"send-edit-event".into(), &false.into())
        );
        assert_eq!(entry["body"]["eventMessageId"], invited[entry["recipient"].as_str().unwrap()]);
    }
    assert_eq!(ids(&world.results("spring.results.csv")), invited);
}

#[test]
fn only_what_a_run_selects_is_called_off() {
    let (world, server) = (World::new(), server());
    let manifest = |rows: &str| {
        let lists = "recipients:\n  one: { csv: one.csv }\n  two: { csv: two.csv }\n";
        world.write("one.csv", groups(4).lines().take(rows.len()).collect::<Vec<_>>().join("\n") + "\n");
        let other = groups(9).lines().skip(5).take(rows.len() - 1).collect::<Vec<_>>().join("\n");
        world.write("two.csv", format!("phone,label\n{other}\n"));
        let at = MANIFEST.find("recipients:").unwrap();
        world.write("m.yaml", format!("{}{lists}", &MANIFEST[..at]));
    };
    manifest("12345");
    world.apply(&server.base_url, &[]).expect(0);
    manifest("123");
    world.apply(&server.base_url, &["--to", "one", "--cancel-left=4"]).expect(2).says("2 messages would be called off");
    world.apply(&server.base_url, &["--to", "one", "--cancel-left=2"]).expect(0);
    assert_eq!(server.counts().requests, 10);
    let ran = world.apply(&server.base_url, &["--format", "json"]).expect(0).json();
    assert_eq!((&ran["plan"]["left"], &ran["requests"]), (&2.into(), &0.into()), "the other list was not meant");
}

#[test]
fn canceled_calls_off_what_was_accepted_and_invites_nobody() {
    let (world, server) = (World::new(), server());
    world.campaign(3);
    world.apply(&server.base_url, &[]).expect(0);
    world.write("m.yaml", MANIFEST.replace("recipients:", "    canceled: true\nrecipients:"));
    world.write("list.csv", groups(5));
    let ran = world.apply(&server.base_url, &["--format", "json"]).expect(0).json();
    assert_eq!((&ran["plan"]["edit"], &ran["plan"]["skip"], &ran["plan"]["create"]), (&3.into(), &2.into(), &0.into()));
    for entry in newest(&server, 3, 6) {
        assert_eq!(
            (&entry["endpoint"], &entry["body"]["event"]["canceled"]),
            (&"send-edit-event".into(), &true.into())
        );
        assert!(entry["body"]["event"]["description"].is_string(), "the whole event goes out again: {entry}");
    }
    world.write("m.yaml", MANIFEST);
    let ran = world.apply(&server.base_url, &["--format", "json"]).expect(0).json();
    assert_eq!((&ran["plan"]["edit"], &ran["plan"]["create"]), (&3.into(), &2.into()));
    assert_eq!(server.counts().duplicates, 0);
}

#[test]
fn a_copied_manifest_with_a_new_name_and_date_is_blocked() {
    let (world, server) = (World::new(), server());
    world.campaign(12);
    world.apply(&server.base_url, &[]).expect(0);
    let copy = MANIFEST.replace("Spring launch", "Summer party").replace("2027-05-14", "2027-08-20");
    world.write("m.yaml", &copy);
    let ran = world.apply(&server.base_url, &["--format", "json"]).expect(1).json();
    assert_eq!((&ran["plan"]["blocked"], &ran["requests"]), (&12.into(), &0.into()));
    world.run(&["plan", "m.yaml"]).expect(1).says("a new event? give it a new id");
    world.apply(&server.base_url, &[]).expect(1).says("blocked   12 messages: name and date both differ");
    assert_eq!(server.counts().requests, 12);
    let rows = world.results("spring.results.csv");
    assert!(rows.iter().all(|row| row.get("status") == "accepted" && row.get("error").contains("name and date")));

    let ran = world.apply(&server.base_url, &["--allow-rewrite", "--format", "json"]).expect(0).json();
    assert_eq!((&ran["plan"]["edit"], &ran["requests"]), (&12.into(), &12.into()));
    assert!(world.results("spring.results.csv").iter().all(|row| row.get("error").is_empty()));
    // Under an id of its own it is what it looks like: a new event.
    let new = MANIFEST.replace("launch:", "summer:");
    world.write("m.yaml", new);
    let renamed = "summer says what launch said: if only the id was changed, 12 messages are sent a second time";
    world.run(&["plan", "m.yaml"]).expect(0).says("create    12").says("left      12");
    world.write("m.yaml", copy.replace("launch:", "summer:"));
    world.run(&["plan", "m.yaml"]).expect(0).says(renamed);
}

#[test]
fn edits_go_through_the_instance_that_invited_or_nowhere() {
    let (world, server) = (World::new(), server());
    let two = |text: &str| {
        let second = "  second: { id: \"${SECOND_ID}\", token: \"${SECOND_TOKEN}\" }\nevents:";
        text.replacen("events:", second, 1)
    };
    world.write(".env", "SECOND_ID=3C02\nSECOND_TOKEN=B20T\n");
    world.campaign(40);
    world.write("m.yaml", two(MANIFEST));
    world.apply(&server.base_url, &[]).expect(0);
    let instance_of: HashMap<String, String> = log(&server.base_url)
        .iter()
        .map(|entry| (entry["recipient"].to_string(), entry["instance"].to_string()))
        .collect();
    let second = instance_of.values().filter(|instance| instance.contains("3C02")).count();
    assert!((5..=35).contains(&second), "{second} of 40 through the second instance");

    world.write("m.yaml", two(&later()));
    world.apply(&server.base_url, &[]).expect(0);
    for entry in newest(&server, 40, 80) {
        assert_eq!(instance_of[&entry["recipient"].to_string()], entry["instance"].to_string());
    }
    // Without the second instance its messages cannot be edited; the others are.
    world.write("m.yaml", later().replace("T20:00", "T21:00"));
    let ran = world.apply(&server.base_url, &["--format", "json"]).expect(1).json();
    assert_eq!((&ran["plan"]["blocked"], &ran["plan"]["edit"]), (&second.into(), &(40 - second).into()));
    assert_eq!(server.counts().requests, 120 - second as u64);
    let rows = world.results("spring.results.csv");
    let blocked = rows.iter().filter(|row| row.get("error").contains("instance")).count();
    assert_eq!(blocked, second);
}

#[test]
fn a_doubtful_edit_is_repeated_and_what_stays_doubtful_is_left_to_the_next_run() {
    let world = World::new();
    world.campaign(6);
    let patient = |text: &str| text.replacen("events:", "delivery: { retries: 2 }\nevents:", 1);
    let state = Some(world.path("server.jsonl"));
    let unlucky = "120363050000000003-group";
    let clear = Options { state: state.clone(), ..Options::default() };
    let stormy = Options {
        faults: vec![FaultRule {
            when: When::Recipient(unlucky.to_owned()),
            fault: Fault::Status(502),
            is_processed: true,
        }],
        ..clear.clone()
    };
    world.write("m.yaml", patient(MANIFEST));
    let calm = server_with(clear.clone());
    world.apply(&calm.base_url, &[]).expect(0);
    drop(calm);

    world.write("m.yaml", patient(&later()));
    let storm = server_with(stormy);
    world.apply(&storm.base_url, &[]).expect(5).says("some edits are still to be made");
    let tried = log(&storm.base_url).iter().filter(|entry| entry["recipient"] == unlucky).count();
    assert_eq!((storm.counts().requests, tried), (8, 3), "once, and repeated twice");
    let rows = world.results("spring.results.csv");
    let row = rows.iter().find(|row| row.get("recipient") == unlucky).unwrap();
    assert_eq!((row.get("status"), row.get("revision"), row.get("attempts")), ("pending", "1", "4"));
    drop(storm);

    // Even where the old time is wanted again: nobody knows which one the recipient has.
    world.write("m.yaml", patient(MANIFEST));
    let calm = server_with(clear);
    let ran = world.apply(&calm.base_url, &["--format", "json"]).expect(0).json();
    assert_eq!((&ran["plan"]["edit"], &ran["requests"]), (&6.into(), &6.into()));
    assert!(events(&calm.base_url).iter().all(|(_, _, event)| event["dateTime"] == "2027-05-14T19:00:00.000Z"));
}

#[test]
fn edits_count_for_the_day_and_for_the_limit_of_a_run() {
    let (world, server) = (World::new(), server());
    world.campaign(8);
    world.apply(&server.base_url, &[]).expect(0);
    world.write("m.yaml", later());
    world.apply(&server.base_url, &["--limit", "3", "--dry-run"]).expect(0).says("this run (--limit 3): 3 of 8");
    world.apply(&server.base_url, &["--limit", "3", "--yes=8"]).expect(2).says("3 messages would be sent");
    world.apply(&server.base_url, &["--limit", "3", "--yes=3"]).expect(5);
    assert_eq!(server.counts().requests, 11);
    world.write("m.yaml", later().replacen("events:", "delivery: { dailyLimit: 13 }\nevents:", 1));
    world.apply(&server.base_url, &["--no-wait"]).expect(5);
    assert_eq!(server.counts().requests, 13, "8 invitations and 5 edits are all that may be sent today");
    world.write("m.yaml", later());
    world.apply(&server.base_url, &[]).expect(0);
    assert_eq!(server.counts().requests, 16);
}

#[test]
fn a_rehearsal_keeps_its_events_and_refuses_to_edit_a_persons() {
    let world = World::repository();
    let rehearse = |code| {
        let arguments = ["apply", "manifests/quickstart.yaml", "--sandbox", "--rate", "unlimited", "--format", "json"];
        world.run(&arguments).expect(code).json()
    };
    rehearse(0);
    let text = std::fs::read_to_string(world.path("manifests/quickstart.yaml")).unwrap();
    world.write("manifests/quickstart.yaml", text.replace("Bring a friend.", "Bring two friends."));
    let ran = rehearse(1);
    assert_eq!((&ran["plan"]["edit"], &ran["plan"]["create"]), (&12.into(), &0.into()));
    assert_eq!((&ran["messages"]["accepted"], &ran["messages"]["rejected"]), (&11.into(), &1.into()));
    let rows = world.results("manifests/quickstart.sandbox.results.csv");
    let refused: Vec<&ResultRow> = rows.iter().filter(|row| row.get("status") == "rejected").collect();
    assert!(refused.len() == 1 && refused[0].get("label") == "Ana", "{refused:?}");
    assert!(refused[0].get("error").contains("not from a group") && refused[0].get("revision") == "1", "{refused:?}");
}
