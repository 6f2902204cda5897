//! What a service says of its queue and its groups that is not as it should be: nothing is taken for granted, and nobody is
//! kept for ever.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::process::Stdio;

use rustix::process;

use crate::support::faults::{answer, fault};
use crate::support::raw_server::{RawServer, Read, Step};
use crate::world::{Ran, World, server, wait_until};

/// Answers one request after the other; the last one for ever.
fn says(answers: Vec<(u16, String)>) -> RawServer {
    RawServer::start(move |request| {
        let (status, body) = &answers[request.min(answers.len() - 1)];
        fault("odd", Read::All, vec![Step::Send(answer(*status, "", body)), Step::KeepAlive])
    })
}

fn ok(body: &str) -> (u16, String) {
    (200, body.to_owned())
}

fn recall(world: &World, server: &RawServer) -> Ran {
    world.run(&["recall", "m.yaml", "--base-url", &server.base_url()])
}

fn count(world: &World, status: &str) -> usize {
    world.results("spring.results.csv").iter().filter(|row| row.get("status") == status).count()
}

/// A campaign that was sent to one group, and the id of its message.
fn sent() -> (World, String) {
    let world = World::new();
    world.campaign(1);
    world.apply(&server().base_url, &[]).expect(0);
    let id = world.results("spring.results.csv").remove(0).get("zaap_id").to_owned();
    (world, id)
}

#[test]
fn only_an_answer_that_says_so_takes_an_invitation_back() {
    for (status, body, code, state) in [
        (200, r#"{"value":true}"#, 0, "pending"),
        (200, "{}", 0, "pending"),
        (200, r#"{"message":"Client-Token not allowed"}"#, 3, "accepted"),
        (200, r#"{"error":"busy"}"#, 3, "accepted"),
        (404, r#"{"error":"Message not found"}"#, 0, "accepted"),
        (200, "<html>", 3, "unknown"),
        (200, r#"[{"value":true}]"#, 3, "unknown"),
        (200, r#"{"value":false}"#, 3, "unknown"),
        (206, r#"{"value":true}"#, 3, "unknown"),
        (404, "<html>", 3, "unknown"),
    ] {
        let (world, id) = sent();
        let page = ok(&format!(r#"{{"messages":[{{"ZaapId":"{id}"}}],"hasMore":false}}"#));
        let ran = recall(&world, &says(vec![page, (status, body.to_owned())]));
        assert_eq!((ran.code, count(&world, state)), (Some(code), 1), "{status} {body}: {}", ran.stderr);
    }
}

#[test]
fn an_empty_page_is_not_the_end_and_pages_without_an_end_are_not_read_for_ever() {
    let (world, id) = sent();
    let empty = ok(r#"{"messages":[],"pagingState":"a","hasMore":true}"#);
    let page = ok(&format!(r#"{{"messages":[{{"ZaapId":"{id}"}}],"hasMore":false}}"#));
    let gone = (404, r#"{"error":"Message not found"}"#.to_owned());
    recall(&world, &says(vec![empty.clone(), page, gone])).expect(0).says("1 of this campaign + 0 of others");
    let other = ok(r#"{"messages":[],"pagingState":"b","hasMore":true}"#);
    let circle = says(vec![empty.clone(), other, empty]);
    recall(&world, &circle).expect(3).says("the queue of main cannot be read: its pages turn in a circle");
}

#[test]
fn a_queue_that_may_not_be_read_stops_the_lane_at_once_and_is_named() {
    let world = World::new();
    world.campaign(2);
    world.write("m.yaml", format!("{}delivery: {{ maxQueued: 5 }}\n", crate::world::MANIFEST));
    let status = ok(r#"{"connected":true,"smartphoneConnected":true}"#);
    let refuses = says(vec![status, (401, r#"{"error":"Client-Token not allowed"}"#.to_owned())]);
    let ran = world.apply(&refuses.base_url(), &[]).expect(3);
    ran.says("main: Z-API's queue cannot be read: Client-Token not allowed (HTTP 401)").says("set the client token");
    assert_eq!(refuses.whole(), 2);
}

/// One page of chats from this number on.
fn chats(from: u64, count: u64, is_group: bool) -> (u16, String) {
    let mut body = String::from("[");
    for number in from..from + count {
        let comma = if number == from { "" } else { "," };
        let phone = 120_363_050_000_000_000 + number;
        write!(body, r#"{comma}{{"phone":"{phone}-group","name":"G","isGroup":{is_group}}}"#).unwrap();
    }
    ok(&(body + "]"))
}

#[test]
fn check_reads_on_after_a_page_without_groups_and_names_the_one_that_cannot_be_looked_at() {
    let world = World::new();
    world.campaign(3);
    let begin = [
        ok(r#"{"connected":true,"smartphoneConnected":true}"#),
        ok("{}"),
        ok("{}"),
        ok(r#"{"messages":[],"hasMore":false}"#),
        chats(1000, 100, false),
        chats(0, 3, true),
    ];
    let metadata = [
        (404, r#"{"error":"Group not found"}"#.to_owned()),
        ok(r#"{"adminOnlyMessage":true}"#),
        ok(r#"{"adminOnlyMessage":false}"#),
    ];
    let server = says([&begin[..], &metadata].concat());
    let ran = world.run(&["check", "m.yaml", "--format", "json", "--base-url", &server.base_url()]).expect(1);
    let main = &ran.json()["instances"]["main"];
    assert_eq!(main["not_in"].as_array().unwrap().len(), 0, "{main}");
    assert_eq!(main["admin_only"][0]["label"], "Group 1");
    let fault = main["faults"][0].as_str().unwrap();
    assert!(fault.starts_with("\"Group 0\" ") && fault.ends_with("Group not found (HTTP 404)"), "{fault}");
}

#[test]
fn an_array_is_neither_connected_nor_an_empty_queue() {
    let world = World::new();
    world.campaign(1);
    let odd = says(vec![ok("[true,true]")]);
    world.apply(&odd.base_url(), &[]).expect(3).says("cannot be asked for its state");
    let (world, _) = sent();
    recall(&world, &says(vec![ok("[[]]")])).expect(3).says("cannot be read");
}

#[test]
fn groups_are_listed_once_and_safe_to_open() {
    let world = World::new();
    world.campaign(1);
    let odd = ok(r#"[{"phone":"=1+1","name":"a","isGroup":true},{"phone":"1\u001b[2J","name":"b","isGroup":true}]"#);
    let listed = |server: RawServer| world.run(&["groups", "m.yaml", "--base-url", &server.base_url()]).expect(0);
    assert_eq!(listed(says(vec![odd])).stdout, "phone,name\n'=1+1,a\n1[2J,b\n");
    let turns = listed(says(vec![chats(0, 100, true)]));
    assert_eq!((turns.stdout.lines().count(), turns.stderr.as_str()), (101, ""));
    let cut_off = listed(RawServer::start(|request| {
        let (status, body) = chats(request as u64 * 100, 100, true);
        fault("endless", Read::All, vec![Step::Send(answer(status, "", &body)), Step::KeepAlive])
    }));
    cut_off.says("the list is cut off after 100000 groups");
}

#[test]
fn what_the_service_says_of_a_person_is_masked_in_what_ends_a_command() {
    let world = World::new();
    world.campaign(1);
    let server = says(vec![(400, r#"{"error":"number 5511987654321 is bad"}"#.to_owned())]);
    let url = server.base_url();
    for command in [&["apply", "m.yaml", "--base-url", &url][..], &["groups", "m.yaml", "--base-url", &url]] {
        let ran = world.run(command).expect(3);
        assert!(!ran.stderr.contains("5511987654321") && ran.stderr.contains("55119****4321"), "{}", ran.stderr);
        world.run(&[command, &["--show-recipients"]].concat()).expect(3).says("5511987654321");
    }
}

#[test]
fn a_preflight_without_a_secure_connection_does_not_send_anybody_to_their_credentials() {
    let world = World::new();
    world.campaign(1);
    let speaks_plainly = vec![Step::Send(answer(200, "", "{}")), Step::Close];
    let plain = RawServer::always(fault("no TLS", Read::Bytes(1), speaks_plainly));
    let ran = world.apply(&plain.base_url().replace("http://", "https://"), &[]).expect(3);
    assert!(!ran.stderr.contains("client token"), "{}", ran.stderr);
    ran.says("TLS").says("whether the base URL is right");
}

/// Whether a process has a handler of its own for this signal.
fn catches(process: u32, signal: process::Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or_default();
    u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & (1 << (signal.as_raw() - 1)) != 0)
}

#[test]
#[cfg(target_os = "linux")]
fn a_signal_ends_a_command_in_order_while_it_reads() {
    let world = World::new();
    world.campaign(60_000);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", silent.local_addr().unwrap());
    for signal in [process::Signal::INT, process::Signal::TERM] {
        let arguments = ["apply", "m.yaml", "--base-url", &base_url];
        let run = world.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_until("it listens", || catches(run.id(), signal));
        process::kill_process(process::Pid::from_child(&run), signal).unwrap();
        Ran::of(&run.wait_with_output().unwrap()).expect(130).says("interrupted: nothing was sent");
        assert!(!world.path("spring.ledger.db.lock").exists(), "the rows were still being read");
    }
    let (world, _) = sent();
    let arguments = ["recall", "m.yaml", "--base-url", &base_url];
    let run = world.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let asked = silent.accept().unwrap();
    process::kill_process(process::Pid::from_child(&run), process::Signal::INT).unwrap();
    Ran::of(&run.wait_with_output().unwrap()).expect(130).says("interrupted: nothing was taken back");
    drop(asked);
}
