//! Before anything is sent the service is looked at; and what talks to it beside `apply`.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process;
use zapi_batch::engine::hangup_is_ignored;
use zapi_batch::sandbox::{GroupSpec, Options};

use crate::world::{MANIFEST, Ran, World, server, server_with, wait_until};

#[test]
fn an_instance_that_is_not_connected_stops_the_run_before_the_first_send() {
    let world = World::new();
    world.campaign(3);
    let server = server_with(Options { disconnect_after: Some(0), ..Options::default() });
    world.apply(&server.base_url, &[]).expect(3).says("not connected").says("scan the QR code");
    assert_eq!(server.counts().requests, 0);
    let json = world.apply(&server.base_url, &["--format", "json"]).expect(3).json();
    assert!(json["stopped"].as_str().unwrap().contains("not connected"), "{json}");
    // Nothing was agreed on, so nothing is recorded.
    assert!(
        !["spring.ledger.db", "spring.sent.json"].iter().any(|name| world.path(name).exists()),
        "{:?}",
        world.files()
    );
    world.apply(&server.base_url, &["--no-preflight"]).expect(0);
    assert_eq!(server.counts().requests, 3);
}

#[test]
fn a_signal_before_the_first_send_ends_it_in_order_and_leaves_nothing() {
    let world = World::new();
    world.campaign(3);
    // Takes the question for the instance's state, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", silent.local_addr().unwrap());
    let hangup = (!hangup_is_ignored()).then_some(process::Signal::HUP);
    for signal in [process::Signal::INT, process::Signal::TERM].into_iter().chain(hangup) {
        let before = world.files();
        let arguments = ["apply", "m.yaml", "--base-url", &base_url, "--yes"];
        let run = world.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let asked = silent.accept().unwrap();
        process::kill_process(process::Pid::from_child(&run), signal).unwrap();
        let ran = Ran::of(&run.wait_with_output().unwrap());
        ran.expect(130).says("interrupted: nothing was sent");
        drop(asked);
        let left: Vec<String> = world.files().into_iter().filter(|name| !before.contains(name)).collect();
        assert!(left.iter().all(|name| name == "spring.ledger.db.lock" || name == ".state"), "{left:?}");
    }
}

#[test]
fn a_hangup_that_was_ignored_at_the_start_stays_ignored() {
    let world = World::new();
    world.campaign(3);
    let server = server_with(Options { latency: Duration::from_millis(200), ..Options::default() });
    let inner = world.command(&["apply", "m.yaml", "--base-url", &server.base_url, "--yes", "--concurrency", "1"]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(inner.get_program()).args(inner.get_args());
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(inner.get_current_dir().unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let run = command.spawn().unwrap();
    wait_until("something was sent", || server.counts().requests > 0);
    process::kill_process(process::Pid::from_child(&run), process::Signal::HUP).unwrap();
    Ran::of(&run.wait_with_output().unwrap()).expect(0);
    assert_eq!(server.counts().requests, 3);
}

#[test]
fn credentials_that_are_missing_refuse_an_apply_and_only_warn_in_a_dry_run() {
    let world = World::new();
    world.campaign(3);
    let server = server();
    let apply = ["apply", "m.yaml", "--base-url", &server.base_url];
    let without = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        Ran::of(&command.env_remove("ZAPI_INSTANCE_TOKEN").output().unwrap())
    };
    without(&apply).expect(2).says("ZAPI_INSTANCE_TOKEN").says("m.yaml:5");
    let dry = without(&["apply", "m.yaml", "--dry-run", "--format", "json"]).expect(0).json();
    assert_eq!(dry["diagnostics"][0]["code"], "W401");
    assert_eq!(dry["plan"]["create"], 3);
    assert_eq!(server.counts().requests, 0);
    world.write(".env", "ZAPI_INSTANCE_TOKEN='A20T'\n");
    without(&apply).expect(0).says(".env");
}

#[test]
fn groups_are_listed_ready_to_be_a_recipient_list() {
    let world = World::new();
    world.campaign(1);
    let group = |id: &str, name: &str| GroupSpec {
        id: id.into(),
        name: name.into(),
        is_admin_only: false,
        is_announcement: false,
    };
    let groups = vec![group("120363050000000001-group", "Mooca, leste"), group("120363050000000002-group", "=1+1")];
    let server = server_with(Options { groups, ..Options::default() });
    let listed = world.run(&["groups", "m.yaml", "--base-url", &server.base_url]).expect(0).stdout;
    assert!(listed.starts_with("phone,name\n"), "{listed}");
    assert!(listed.contains("120363050000000001-group,\"Mooca, leste\"\n"), "{listed}");
    assert!(listed.contains("120363050000000002-group,'=1+1\n"), "a spreadsheet would run this: {listed}");
    world.write("list.csv", listed);
    world.run(&["validate", "m.yaml"]).expect(2).says("label");
    // Read again, the name is what it was.
    world.write("m.yaml", MANIFEST.replace("label", "name"));
    let plan = world.run(&["plan", "m.yaml", "--format", "json"]).expect(0).json();
    assert_eq!(plan["changes"][1]["body"]["event"]["description"], "Welcome, =1+1");
}

#[test]
fn a_ledger_that_is_elsewhere_is_not_taken_for_nothing_sent() {
    let (world, server) = (World::new(), server());
    world.campaign(3);
    world.apply(&server.base_url, &["-v"]).expect(0).says("the ledger is open").says("the results are written");
    std::fs::remove_file(world.path("spring.ledger.db")).unwrap();
    for command in [&["status", "m.yaml"][..], &["results", "m.yaml"]] {
        world.run(command).expect(4).says("spring.sent.json says that this campaign was sent");
    }
    for command in [&["plan", "m.yaml"][..], &["apply", "m.yaml", "--dry-run"]] {
        world.run(command).expect(0).says("spring.sent.json: 3 messages accepted already");
    }
    world.apply(&server.base_url, &[]).expect(4);
    // A file that is empty is made a ledger by the apply that is refused; it is not the one that was lost.
    world.write("spring.ledger.db", "");
    for _ in 0..2 {
        world.run(&["plan", "m.yaml"]).expect(0).says("spring.sent.json: 3 messages accepted already");
        world.apply(&server.base_url, &[]).expect(4);
    }
    world.write("spring.sent.json", "{");
    world.run(&["plan", "m.yaml"]).expect(0).says("apply refuses to send: ");
    assert_eq!(server.counts().requests, 3);
}

#[test]
fn an_apply_that_is_refused_counts_what_the_ledger_has() {
    let world = World::new();
    world.campaign(2);
    world.apply(&server().base_url, &[]).expect(0);
    world.campaign(5);
    let gone = server_with(Options { disconnect_after: Some(0), ..Options::default() });
    let json = world.apply(&gone.base_url, &["--format", "json"]).expect(3).json();
    assert_eq!((&json["messages"]["accepted"], &json["requests"]), (&2.into(), &0.into()), "{json}");
    assert!(json["ledger"].as_str().unwrap().ends_with("spring.ledger.db"), "{json}");
}

#[test]
fn a_rehearsed_check_finds_the_groups_that_a_rehearsal_writes_to() {
    let world = World::new();
    world.campaign(3);
    world.run(&["check", "m.yaml", "--sandbox"]).expect(0).says("3 listed");
}
