//! `recall` takes back what still waits in Z-API's queue: ours only, one by one; and `check` tells what is there.

use std::process::Stdio;
use std::time::Duration;

use zapi_batch::sandbox::{Drain, Fault, FaultRule, GroupSpec, Options, Running, When, start};

use crate::support::faults::{answer, fault};
use crate::support::raw_server::{RawServer, Read, Step};
use crate::world::{Ran, World, get, wait_until};

pub(crate) fn slow(options: Options) -> Running {
    start(Options { drain: Drain::Never, ..options }, 0).unwrap()
}

pub(crate) fn queued(server: &Running) -> u64 {
    let answer = get(&server.base_url, "/instances/3C01/token/A20T/queue/count");
    let json: serde_json::Value = serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
    json["count"].as_u64().unwrap()
}

pub(crate) fn count(world: &World, status: &str) -> usize {
    world.results("spring.results.csv").iter().filter(|row| row.get("status") == status).count()
}

pub(crate) fn recall(world: &World, server: &Running, more: &[&str]) -> Ran {
    let mut arguments = vec!["recall", "m.yaml", "--base-url", &server.base_url];
    arguments.extend(more);
    world.run(&arguments)
}

#[test]
fn what_waits_in_mid_run_is_taken_back_and_foreign_messages_stay() {
    let world = World::new();
    world.campaign(90);
    let server = slow(Options { foreign: 35, latency: Duration::from_millis(20), ..Options::default() });
    let arguments = ["apply", "m.yaml", "--base-url", &server.base_url, "--rate", "unlimited", "--concurrency", "2"];
    let child = world.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("half of it was sent", || server.counts().requests >= 45);
    // While an apply holds the ledger nothing is taken back.
    recall(&world, &server, &[]).expect(4).says("process");
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    Ran::of(&child.wait_with_output().unwrap()).expect(130);
    let sent = count(&world, "accepted");
    assert!((45..90).contains(&sent), "{sent}");
    assert_eq!(queued(&server), sent as u64 + 35);

    recall(&world, &server, &["--yes=1"]).expect(2).says("nothing was taken back");
    let refused = recall(&world, &server, &["--yes=1", "--format", "json"]).expect(2).json();
    assert_eq!((&refused["exit"], &refused["instances"]["main"]["ours"]), (&2.into(), &sent.into()));
    assert!(refused["stopped"].as_str().unwrap().contains("nothing was taken back"), "{refused}");
    let json = recall(&world, &server, &["--format", "json", &format!("--yes={sent}")]).expect(0).json();
    assert_eq!(json["taken_back"], sent);
    assert_eq!(json["instances"]["main"]["waiting"], sent + 35);
    assert_eq!((json["gone"].as_u64(), json["left"].as_u64()), (Some(0), Some(0)));
    assert_eq!(queued(&server), 35, "foreign messages are untouched");
    assert_eq!((count(&world, "pending"), count(&world, "accepted")), (90, 0));
    let note: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.path("spring.sent.json")).unwrap()).unwrap();
    assert_eq!(note["counts"]["pending"], 90);

    world.apply(&server.base_url, &[]).expect(0);
    assert_eq!((queued(&server), server.counts().duplicates), (90 + 35, 0));
    recall(&world, &server, &[]).expect(0).says("90 = 90 taken back");
    recall(&world, &server, &[]).expect(0).says("0 of this campaign + 35 of others");
}

#[test]
fn an_edit_of_unknown_fate_that_may_wait_is_named_and_left_where_it_is() {
    let world = World::new();
    world.campaign(2);
    // The first edit is queued, and its answer is lost; it is made again.
    let lost = FaultRule { when: When::Requests(3, 3), fault: Fault::Status(502), is_processed: true };
    let server = slow(Options { faults: vec![lost], ..Options::default() });
    world.apply(&server.base_url, &["--concurrency", "1"]).expect(0);
    world.write("m.yaml", crate::world::MANIFEST.replace("Welcome", "Hello"));
    world.apply(&server.base_url, &["--concurrency", "1"]).expect(0).says("edited    2");
    assert_eq!(queued(&server), 5);
    let ran = recall(&world, &server, &[])
        .expect(1)
        .says("4 of this campaign + 1 that may be of it + 0 of others")
        .says("4 = 4 taken back")
        .says("1 message left in the queue may be of this campaign")
        .says("edit      \"Group 0\"");
    assert!(!ran.stderr.contains("  unknown"), "{}", ran.stderr);
    assert_eq!(queued(&server), 1);
}

#[test]
fn recall_says_where_it_did_not_look() {
    let world = World::new();
    world.campaign(2);
    let server = slow(Options::default());
    world.apply(&server.base_url, &[]).expect(0);
    let moved = |name: &str| {
        let mut command = world.command(&["recall", "m.yaml", "--base-url", &server.base_url]);
        Ran::of(&command.env("ZAPI_INSTANCE_ID", name).output().unwrap())
    };
    moved("3C02").expect(0).says("2 invitations went through main, as it was called, which the manifest has no more");
    assert!(!moved("3C01").expect(0).says("2 = 2 taken back").stderr.contains("went through"));
}

#[test]
fn a_person_names_no_id_that_is_another_invitations() {
    let world = World::new();
    world.campaign(2);
    let lost = FaultRule { when: When::Requests(2, 2), fault: Fault::Status(502), is_processed: true };
    let server = slow(Options { faults: vec![lost], ..Options::default() });
    world.apply(&server.base_url, &["--concurrency", "1"]).expect(1);
    let first = world.results("spring.results.csv").remove(0);
    let arrived = |id: &str| world.run(&["resolve", "m.yaml", "Group 1", "--arrived", "--message-id", id]);
    for known in ["message_id", "zaap_id"] {
        arrived(first.get(known)).expect(2).says("that id is known already: it was given to").says("list.csv:2");
    }
    arrived("M 1").expect(2).says("holds no blanks");
    arrived("M1-of-its-own").expect(0).says("accepted now");
}

/// A service whose queue is read and written in this order.
pub(crate) fn answers(bodies: Vec<String>) -> RawServer {
    RawServer::start(move |request| {
        let body = bodies.get(request).map_or("{}", |body| &**body);
        fault("queue", Read::All, vec![Step::Send(answer(200, "", body)), Step::KeepAlive])
    })
}

/// One page of a queue.
pub(crate) fn page(zaap_ids: &[&str]) -> String {
    let messages: Vec<String> = zaap_ids.iter().map(|id| format!(r#"{{"ZaapId":"{id}"}}"#)).collect();
    format!(r#"{{"messages":[{}],"hasMore":false}}"#, messages.join(","))
}

pub(crate) const TAKEN_BACK: &str = r#"{"value":true}"#;

#[test]
fn what_was_not_seen_while_the_queue_moved_is_taken_back_too() {
    let world = World::new();
    world.campaign(3);
    world.apply(&slow(Options::default()).base_url, &[]).expect(0);
    let results = world.results("spring.results.csv");
    let ids: Vec<&str> = results.iter().map(|row| row.get("zaap_id")).collect();
    let back = || TAKEN_BACK.to_owned();
    // The second stands on two pages; the third had moved up before its page was read.
    let moving =
        answers(vec![page(&[ids[0], ids[1], ids[1]]), back(), back(), page(&[ids[2], "Z9"]), back(), page(&["Z9"])]);
    let ran = world.run(&["recall", "m.yaml", "--base-url", &moving.base_url()]).expect(0);
    ran.says("2 messages in Z-API's queue = 2 of this campaign + 0 of others").says("3 = 3 taken back");
    assert_eq!(count(&world, "pending"), 3);
    // And where nobody can look again, nothing is claimed.
    world.apply(&slow(Options::default()).base_url, &[]).expect(0);
    let results = world.results("spring.results.csv");
    let blind = answers(vec![page(&[results[0].get("zaap_id")]), back(), "no queue".to_owned()]);
    world
        .run(&["recall", "m.yaml", "--base-url", &blind.base_url()])
        .expect(0)
        .says("whether more of this campaign waits there was not seen");
}

#[test]
fn what_may_be_an_unknown_invitation_is_named_and_left_where_it_is() {
    let world = World::new();
    world.campaign(4);
    // The answers to the second and the third were lost; only the second was queued.
    let lost =
        |number, is_processed| FaultRule { when: When::Requests(number, number), fault: Fault::Hang, is_processed };
    let server = slow(Options { foreign: 5, faults: vec![lost(2, true), lost(3, false)], ..Options::default() });
    let manifest = crate::world::MANIFEST.replace("events:", "delivery: { timeout: 1s, concurrency: 1 }\nevents:");
    world.write("m.yaml", manifest);
    world.apply(&server.base_url, &[]).expect(1);
    assert_eq!((queued(&server), count(&world, "unknown")), (8, 2));
    let check = ["check", "m.yaml", "--base-url", &server.base_url];
    world.run(&check).says("8 messages waiting, 2 of this campaign").says("1 of the others may be of this campaign");
    let json = world.run(&[&check[..], &["--format", "json"]].concat()).json();
    assert_eq!((&json["instances"]["main"]["ours"], &json["instances"]["main"]["maybe_ours"]), (&2.into(), &1.into()));

    let first = recall(&world, &server, &[]).expect(1);
    let first = first.says("8 messages in Z-API's queue = 2 of this campaign + 1 that may be of it + 5 of others");
    let first = first.says("2 = 2 taken back").says("unknown   \"Group 1\"").says("resolve m.yaml RECIPIENT");
    assert!(!first.stderr.contains("Group 2"), "nothing waits for it: {}", first.stderr);
    assert_eq!((queued(&server), count(&world, "unknown")), (6, 2), "it may be another program's");
    let json = recall(&world, &server, &["--yes", "--format", "json"]).expect(1).json();
    assert_eq!((&json["taken_back"], &json["unknown"][0]["label"]), (&0.into(), &"Group 1".into()));
    assert_eq!(json["instances"]["main"]["maybe_ours"], 1);
}

#[test]
fn an_edit_is_taken_back_before_its_invitation() {
    let world = World::new();
    world.campaign(4);
    let server = slow(Options::default());
    world.apply(&server.base_url, &[]).expect(0);
    world.write("m.yaml", crate::world::MANIFEST.replace("Welcome", "Hello"));
    world.apply(&server.base_url, &[]).expect(0);
    assert_eq!(queued(&server), 8);
    recall(&world, &server, &[]).expect(0).says("8 = 8 taken back");
    assert_eq!((queued(&server), count(&world, "pending")), (0, 4));
    world.apply(&server.base_url, &[]).expect(0);
    assert_eq!((queued(&server), count(&world, "accepted"), server.counts().duplicates), (4, 4, 0));
}

#[test]
fn recall_needs_a_ledger_and_a_yes() {
    let world = World::new();
    world.campaign(2);
    world.run(&["recall", "m.yaml"]).expect(2).says("no terminal").says("nothing was taken back");
    world.run(&["recall", "m.yaml", "--yes"]).expect(4).says("nothing was applied yet");
    world.run(&["apply", "m.yaml", "--sandbox", "--rate", "unlimited"]).expect(0);
    // The rehearsal's queue goes out by itself, as the real one does.
    world.run(&["recall", "m.yaml", "--sandbox"]).expect(0).says("taken back");
}

fn group(id: &str, is_admin_only: bool, is_announcement: bool) -> GroupSpec {
    GroupSpec { id: id.into(), name: format!("Group {id}"), is_admin_only, is_announcement }
}

#[test]
fn check_tells_how_an_instance_is_and_where_it_cannot_write() {
    let world = World::new();
    world.campaign(4);
    let id = |number: u64| format!("{}-group", 120_363_050_000_000_000_u64 + number);
    let groups = vec![group(&id(0), false, false), group(&id(1), true, false), group(&id(2), true, true)];
    let server = slow(Options { is_trial: true, foreign: 3, groups, ..Options::default() });
    world.apply(&server.base_url, &[]).expect(0);
    let check = ["check", "m.yaml", "--base-url", &server.base_url];
    let human = world.run(&check).expect(1);
    let human =
        human.says("sends as 55119****0000").says("7 messages waiting, 4 of this campaign").says("visible mark");
    human.says("webhooks  none set").says("not in    \"Group 3\"").says("community \"Group 2\"").says("list.csv:5");
    let json = world.run(&[&check[..], &["--format", "json"]].concat()).expect(1).json();
    let main = &json["instances"]["main"];
    assert_eq!(
        (&main["connected"], &main["trial"], &main["queued"], &main["ours"]),
        (&true.into(), &true.into(), &7.into(), &4.into())
    );
    assert_eq!(main["not_in"][0]["recipient"], id(3));
    assert_eq!(main["admin_only"].as_array().unwrap().len(), 2);
    assert_eq!(main["announcement"][0]["recipient"], id(2));
    assert_eq!(server.counts().requests, 4, "nothing was sent");

    let well = slow(Options::default());
    world.write("list.csv", "phone,label\n120363019502650001-group,One\n");
    world.run(&["check", "m.yaml", "--base-url", &well.base_url]).expect(0).says("0 of this campaign");
    let down = slow(Options { disconnect_after: Some(0), ..Options::default() });
    world.run(&["check", "m.yaml", "--base-url", &down.base_url]).expect(3).says("not connected");
    world.run(&["check", "m.yaml", "--sandbox"]).expect(0).says("connected");
}
