//! The record of who was invited is not lost by accident: not by an older copy, a file that vanishes, or a wrong path.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use zapi_batch::sandbox::{Fault, FaultRule, Options, When};

use crate::world::{Ran, World, server, server_with, wait_until};

#[test]
fn no_command_makes_an_older_copy_of_the_ledger_look_like_the_newest() {
    let world = World::new();
    world.campaign(6);
    // The third answers nothing, so that there is something to decide.
    let hangs = crate::world::groups(6).lines().nth(3).unwrap().split(',').next().unwrap().to_owned();
    let lost = FaultRule { when: When::Recipient(hangs.clone()), fault: Fault::Status(502), is_processed: true };
    let server = server_with(Options { faults: vec![lost], ..Options::default() });
    world.apply(&server.base_url, &["--limit", "3"]).expect(5);
    let copy = fs::read(world.path("spring.ledger.db")).unwrap();
    world.apply(&server.base_url, &["--limit", "2"]).expect(5);
    let newest = fs::read(world.path("spring.ledger.db")).unwrap();
    let note = fs::read(world.path("spring.sent.json")).unwrap();

    world.write("spring.ledger.db", &copy);
    let requests = server.counts().requests;
    for _ in 0..2 {
        world.apply(&server.base_url, &[]).expect(4).says("older copy");
        world.run(&["plan", "m.yaml"]).expect(0).says("apply refuses to send").says("older copy");
        world.run(&["resolve", "m.yaml", &hangs, "--not-arrived"]).expect(4).says("older copy");
        world.run(&["recall", "m.yaml", "--base-url", &server.base_url]).expect(4).says("older copy");
        for command in [&["status", "m.yaml"][..], &["results", "m.yaml"], &["status", "m.yaml", "--format", "json"]] {
            let ran = world.run(command).expect(0);
            assert!(ran.stderr.starts_with("note: ") && ran.stderr.contains("it is an older copy"), "{}", ran.stderr);
            assert!(!ran.stdout.contains("older copy"), "{}", ran.stdout);
        }
        let check = world.run(&["check", "m.yaml", "--base-url", &server.base_url]);
        check.says("  note      this may not be how far the campaign is").says("it is an older copy");
    }
    assert_eq!(fs::read(world.path("spring.sent.json")).unwrap(), note);
    assert_eq!(server.counts().requests, requests);
    world.write("spring.ledger.db", &newest);
    assert_eq!(world.run(&["status", "m.yaml"]).expect(0).stderr, "");
    world.run(&["resolve", "m.yaml", &hangs, "--arrived"]).expect(0);
    world.apply(&server.base_url, &[]).expect(0);
    assert_eq!(server.counts().duplicates, 0);
}

#[test]
fn who_decides_or_takes_back_is_told_that_the_note_names_another_ledger() {
    let world = World::new();
    world.campaign(3);
    let groups = crate::world::groups(3);
    let lost = groups.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    let fault = FaultRule { when: When::Recipient(lost.clone()), fault: Fault::Status(502), is_processed: true };
    let server = server_with(Options { faults: vec![fault], ..Options::default() });
    world.apply(&server.base_url, &[]).expect(1);
    let note = fs::read_to_string(world.path("spring.sent.json")).unwrap();
    let id = serde_json::from_str::<serde_json::Value>(&note).unwrap()["ledger"].as_str().unwrap().to_owned();
    world.write("spring.sent.json", note.replace(&id, &id.chars().rev().collect::<String>()));
    let told = "note: this may not be how far the campaign is, and apply refuses to send: spring.sent.json";
    world.apply(&server.base_url, &[]).expect(4);
    world.run(&["resolve", "m.yaml", &lost, "--arrived"]).expect(0).says(told);
    world.run(&["recall", "m.yaml", "--base-url", &server.base_url]).expect(0).says(told);
}

#[test]
fn a_damaged_ledger_says_what_to_do() {
    let world = World::new();
    world.campaign(3);
    let server = server();
    world.apply(&server.base_url, &[]).expect(0);
    let whole = fs::read(world.path("spring.ledger.db")).unwrap();
    world.write("spring.ledger.db", &whole[..whole.len() / 2]);
    for command in [&["status", "m.yaml"][..], &["plan", "m.yaml"]] {
        world.run(command).expect(4).says("; bring back a copy of it, or start anew with apply --new-ledger");
    }
    world.apply(&server.base_url, &[]).expect(4).says("bring back a copy");
    assert_eq!(server.counts().requests, 3);
    world.write("spring.ledger.db", &whole);
    world.apply(&server.base_url, &[]).expect(0);
    assert_eq!(server.counts().duplicates, 0);
}

#[test]
fn the_results_are_written_although_the_note_of_what_was_sent_cannot_be() {
    let world = World::new();
    world.campaign(12);
    let server = server();
    let run = world
        .command(&["apply", "m.yaml", "--base-url", &server.base_url, "--rate", "10/s"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("something was sent", || server.counts().requests >= 3);
    fs::remove_file(world.path("spring.sent.json")).unwrap();
    world.write("spring.sent.json/in-the-way", "");
    let ran = Ran::of(&run.wait_with_output().unwrap()).expect(4);
    ran.says("note      spring.sent.json").says("results   spring.results.csv");
    assert_eq!(world.results("spring.results.csv").len(), 12);
}

#[test]
fn a_ledger_without_its_log_after_a_kill_is_refused() {
    let world = World::new();
    world.campaign(60);
    let server = server();
    world.apply(&server.base_url, &["--limit", "3"]).expect(5);
    let mut run = world
        .command(&["apply", "m.yaml", "--base-url", &server.base_url, "--rate", "20/s"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("something was sent", || server.counts().requests >= 6);
    run.kill().unwrap();
    run.wait().unwrap();
    fs::remove_file(world.path("spring.ledger.db-wal")).unwrap();
    fs::remove_file(world.path("spring.ledger.db-shm")).unwrap();
    world.apply(&server.base_url, &[]).expect(4).says("-wal");
    assert_eq!(server.counts().duplicates, 0);
}

#[test]
fn a_ledger_that_was_copied_without_its_log_is_refused_whatever_the_log_had_put_into_it() {
    let world = World::new();
    world.campaign(60);
    let server = server();
    let mut run = world
        .command(&["apply", "m.yaml", "--base-url", &server.base_url, "--rate", "20/s"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ledger = world.path("spring.ledger.db");
    for requests in [4, 8] {
        wait_until("something was sent", || server.counts().requests >= requests);
        // As it happens by itself once the log is long.
        let connection = rusqlite::Connection::open(&ledger).unwrap();
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
        world.run(&["status", "m.yaml"]).expect(0).says("running");
    }
    wait_until("something was sent that is in the log alone", || server.counts().requests >= 11);
    run.kill().unwrap();
    run.wait().unwrap();
    let log = fs::read(world.path("spring.ledger.db-wal")).unwrap();
    for name in ["spring.ledger.db-wal", "spring.ledger.db-shm", "spring.sent.json"] {
        fs::remove_file(world.path(name)).unwrap();
    }
    world.apply(&server.base_url, &[]).expect(4).says("spring.ledger.db-wal, which is not beside it");
    world.run(&["plan", "m.yaml"]).expect(0).says("apply refuses to send").says("which is not beside it");
    world.run(&["status", "m.yaml"]).expect(0).says("note: this may not be how far the campaign is");
    world.run(&["recall", "m.yaml", "--base-url", &server.base_url]).expect(4).says("which is not beside it");
    let anew = world.run(&["apply", "m.yaml", "--dry-run", "--new-ledger"]).expect(0);
    assert!(!anew.stderr.contains("accepted before") && !anew.stdout.contains("accepted before"), "{}", anew.stderr);
    fs::write(world.path("spring.ledger.db-wal"), log).unwrap();
    let again = world.apply(&server.base_url, &[]);
    assert!(matches!(again.code, Some(0 | 1)), "{}", again.stderr);
    assert_eq!(server.counts().duplicates, 0);
}

#[test]
fn a_log_that_vanishes_or_is_cut_short_stops_the_run() {
    for is_cut in [false, true] {
        let world = World::new();
        world.campaign(200);
        let server = server_with(Options { latency: Duration::from_millis(5), ..Options::default() });
        let run = world
            .command(&["apply", "m.yaml", "--base-url", &server.base_url, "--rate", "50/s"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_until("something was sent", || server.counts().requests >= 5);
        let log = world.path("spring.ledger.db-wal");
        if is_cut { fs::write(log, "") } else { fs::remove_file(log) }.unwrap();
        Ran::of(&run.wait_with_output().unwrap()).expect(4).says("-wal was deleted, moved or replaced");
        assert!(server.counts().requests < 200);
    }
}

#[test]
fn a_new_ledger_takes_the_place_of_nothing_but_this_campaigns_own() {
    let world = World::new();
    world.campaign(3);
    let server = server();
    world.apply(&server.base_url, &[]).expect(0);
    let kept = ["spring.ledger.db", "m.yaml", "list.csv"].map(|name| (name, fs::read(world.path(name)).unwrap()));
    for (name, _) in &kept {
        world.run(&["apply", "m.yaml", "--sandbox", "--new-ledger", "--ledger", name]).expect(4);
    }
    for name in ["m.yaml", "list.csv"] {
        world.apply(&server.base_url, &["--new-ledger", "--ledger", name]).expect(4);
    }
    for (name, was) in &kept {
        assert_eq!(fs::read(world.path(name)).unwrap(), *was, "{name}");
    }
    assert!(!world.files().concat().contains(".old"), "{:?}", world.files());
    // At its own place a damaged one makes room.
    world.write("spring.ledger.db", "junk");
    world.apply(&server.base_url, &["--new-ledger"]).expect(0);
}

#[test]
fn a_new_ledger_that_was_killed_before_it_was_begun_hides_no_record() {
    let (world, server) = (World::new(), server());
    world.campaign(3);
    world.apply(&server.base_url, &[]).expect(0);
    let (ledger, aside) = (world.path("spring.ledger.db"), world.path("spring.ledger.db.20270101T000000Z.old"));
    let is_kept = || {
        world.run(&["status", "m.yaml"]).expect(0).says("3 = 3 accepted");
        world.run(&["plan", "m.yaml"]).expect(0).says("ledger: 3 messages").says("3 messages = 3 keep");
        world.run(&["results", "m.yaml"]).expect(0);
        world.apply(&server.base_url, &[]).expect(0).says("is back in its place");
        assert!(!world.apply(&server.base_url, &[]).expect(0).stderr.contains("is back"));
        assert!(!world.files().concat().contains(".old"), "{:?}", world.files());
        assert_eq!(server.counts().requests, 3);
    };
    // Before the new one was made, and while it was made.
    for is_begun in [false, true] {
        fs::rename(&ledger, &aside).unwrap();
        if is_begun {
            world.write("spring.ledger.db", "");
        }
        is_kept();
    }
    // While it waits for the service, with what SQLite leaves of the new one.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", silent.local_addr().unwrap());
    let mut command = world.command(&["apply", "m.yaml", "--base-url", &base_url, "--new-ledger"]);
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let asked = silent.accept().unwrap();
    run.kill().unwrap();
    run.wait().unwrap();
    drop(asked);
    assert!(world.files().concat().contains(".old") && world.path("spring.ledger.db-wal").exists());
    is_kept();
}

#[test]
fn what_a_service_on_this_machine_accepted_is_told_from_real_invitations() {
    let world = World::new();
    world.campaign(3);
    let server = server();
    world.apply(&server.base_url, &[]).expect(0);
    let again = world.apply(&server.base_url, &[]).expect(0);
    assert!(!again.stderr.contains("reaches nobody"), "{}", again.stderr);
    world.run(&["apply", "m.yaml", "--yes"]).expect(0).says("really sent to nobody");
}
