//! A campaign goes out, end to end: every listed recipient gets exactly one invitation, and a second run sends only
//! what is missing.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use zapi_batch::sandbox::Options;

use crate::world::{MANIFEST, Ran, ResultRow, World, groups, log, server, server_with, wait_until};

fn by_status(rows: &[ResultRow]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row.get("status").to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn the_quickstart_invites_everybody_once_and_the_second_run_nobody() {
    let world = World::repository();
    let first = world.run(&["apply", "manifests/quickstart.yaml", "--sandbox", "--format", "json"]).expect(0).json();
    assert_eq!(first["messages"]["accepted"], 12);
    assert_eq!(first["sandbox"]["requests"], 12);
    assert_eq!(first["sandbox"]["duplicates"], 0);
    let rows = world.results("manifests/quickstart.sandbox.results.csv");
    assert_eq!(rows.len(), 12);
    assert!(rows.iter().all(|row| row.get("status") == "accepted" && !row.get("message_id").is_empty()), "{rows:?}");
    let second = world.run(&["apply", "manifests/quickstart.yaml", "--sandbox", "--format", "json"]).expect(0).json();
    assert_eq!(second["requests"], 0);
    assert_eq!(second["sandbox"]["requests"], 0);
    assert_eq!(second["plan"]["keep"], 12);
}

#[test]
fn ten_thousand_generated_rows_make_ten_thousand_requests() {
    let world = World::new();
    world.campaign(10_000);
    let ran =
        world.run(&["apply", "m.yaml", "--sandbox", "--rate", "unlimited", "--concurrency", "64", "--format", "json"]);
    let json = ran.expect(0).json();
    assert_eq!(json["messages"]["accepted"], 10_000);
    assert_eq!(json["sandbox"]["requests"], 10_000);
    assert_eq!(json["sandbox"]["duplicates"], 0);
    assert_eq!(by_status(&world.results("spring.sandbox.results.csv")), BTreeMap::from([("accepted".into(), 10_000)]));
}

#[test]
fn a_dry_run_needs_nothing_and_leaves_nothing() {
    let world = World::new();
    world.campaign(5);
    let before = world.files();
    for arguments in [&["apply", "m.yaml", "--dry-run"][..], &["plan", "m.yaml"], &["validate", "m.yaml"]] {
        let mut command = world.command(arguments);
        for name in ["ZAPI_INSTANCE_ID", "ZAPI_INSTANCE_TOKEN", "ZAPI_CLIENT_TOKEN", "ZAPI_STATE_DIR"] {
            command.env_remove(name);
        }
        // A proxy that nobody listens on: whoever tried to reach anything would fail.
        command.env("ZAPI_PROXY", "http://127.0.0.1:9").env("ZAPI_BASE_URL", "http://127.0.0.1:9");
        Ran::of(&command.output().unwrap()).expect(0);
    }
    assert_eq!(world.files(), before);
}

#[test]
fn an_interrupted_run_is_completed_by_the_next_one() {
    let world = World::new();
    world.campaign(300);
    let server = server_with(Options { latency: Duration::from_millis(20), ..Options::default() });
    let arguments = ["apply", "m.yaml", "--base-url", &server.base_url, "--rate", "unlimited"];
    let child = world.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("half of it was sent", || server.counts().requests >= 150);
    interrupt(child.id());
    let ran = Ran::of(&child.wait_with_output().unwrap()).expect(130);
    ran.says("INTERRUPTED");
    let rows = world.results("spring.results.csv");
    assert_eq!(rows.len(), 300);
    let pending: Vec<&ResultRow> = rows.iter().filter(|row| row.get("status") == "pending").collect();
    assert!(!pending.is_empty() && by_status(&rows)["accepted"] >= 150, "{:?}", by_status(&rows));
    // What was about to go when the signal came is no attempt and no error.
    let attempts: u64 = rows.iter().map(|row| row.get("attempts").parse::<u64>().unwrap()).sum();
    assert_eq!(attempts, server.counts().requests);
    assert!(pending.iter().all(|row| row.get("error").is_empty()));

    // One of the pending groups is taken out, and what the others are told changes.
    let removed = pending.last().unwrap().get("recipient").to_owned();
    let all = groups(300);
    let list: Vec<&str> = all.lines().filter(|line| !line.starts_with(&removed)).collect();
    world.write("list.csv", list.join("\n"));
    let pending: Vec<String> = pending.iter().map(|row| row.get("recipient").to_owned()).collect();
    let reworded: Vec<String> = pending.iter().filter(|recipient| **recipient != removed).cloned().collect();
    world.write("m.yaml", MANIFEST.replace("Welcome, {{ label }}", "Come in, {{ label }}"));

    let before = server.counts().requests;
    let narrowed = world.apply(&server.base_url, &["--dry-run", "--format", "json"]).expect(0).json();
    assert_eq!(narrowed["plan"]["create"], reworded.len());
    world.apply(&server.base_url, &["--format", "json"]);
    let log = log(&server.base_url);
    let creates: Vec<_> = log.iter().filter(|entry| entry["endpoint"] == "send-event").collect();
    assert!(creates.iter().all(|entry| entry["recipient"] != *removed), "a recipient taken out was written to");
    for recipient in &reworded {
        let bodies: Vec<_> = creates.iter().filter(|entry| entry["recipient"] == **recipient).collect();
        assert_eq!(bodies.len(), 1, "{recipient} was written to {} times", bodies.len());
        assert!(bodies[0]["body"].to_string().contains("Come in"), "{:?}", bodies[0]);
    }
    assert_eq!(server.counts().duplicates, 0);
    assert!(server.counts().requests - before >= reworded.len() as u64);
    let rows = world.results("spring.results.csv");
    let gone = rows.iter().find(|row| row.get("recipient") == removed).unwrap();
    assert_eq!(gone.get("status"), "skipped");
}

#[test]
fn without_a_terminal_and_without_yes_nothing_real_is_sent() {
    let world = World::new();
    world.campaign(2);
    world.run(&["apply", "m.yaml"]).expect(2).says("--yes");
    assert_eq!(world.files(), ["list.csv", "m.yaml"]);
    // On loopback nothing real can be reached, so nobody is asked.
    let server = server();
    world.apply(&server.base_url, &[]).expect(0);
    // A number that is given must match everywhere.
    world.write("list.csv", groups(3));
    world.apply(&server.base_url, &["--yes=7"]).expect(2).says("7");
    assert_eq!(server.counts().requests, 2);
    world.apply(&server.base_url, &["--yes=1"]).expect(0);
}

fn interrupt(process: u32) {
    let status = std::process::Command::new("kill").args(["-INT", &process.to_string()]).status().unwrap();
    assert!(status.success());
}
