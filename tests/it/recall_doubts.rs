//! What a recall may have taken back without anybody knowing: killed, given up, or without an answer.

use std::process::Stdio;
use std::time::Duration;

use rustix::process;
use zapi_batch::sandbox::Options;

use crate::recall::{TAKEN_BACK, answers, count, page, queued, recall, slow};
use crate::support::faults::{answer, fault};
use crate::support::raw_server::{RawServer, Read, Step};
use crate::world::{Ran, World, wait_until};

#[test]
fn a_recall_that_was_killed_says_what_is_in_doubt() {
    let world = World::new();
    world.campaign(3);
    let server = slow(Options::default());
    world.apply(&server.base_url, &[]).expect(0);
    let ids: Vec<String> =
        world.results("spring.results.csv").iter().map(|row| row.get("zaap_id").to_owned()).collect();
    // As a kill leaves it: the first still waits, the second is gone from the queue and its answer was never recorded.
    world.write("spring.ledger.db.recalling", &ids[1]);
    let path = format!("/instances/3C01/token/A20T/queue/{}", ids[1]);
    crate::world::send(&server.base_url, "DELETE", &path, "");
    for command in ["status", "results", "plan"] {
        world.run(&[command, "m.yaml"]).expect(0).says("a recall broke off");
    }
    recall(&world, &server, &[])
        .expect(1)
        .says("doubtful  \"Group 1\"")
        .says("2 taken back")
        .says("1 of those doubtful: an");
    assert_eq!((count(&world, "pending"), count(&world, "unknown")), (2, 1));
    let again = recall(&world, &server, &[]).expect(0);
    assert!(!again.stderr.contains("doubtful  "), "{}", again.stderr);
    let first_id = || world.results("spring.results.csv").remove(0).get("zaap_id").to_owned();
    world.apply(&server.base_url, &[]).expect(1);
    world.write("spring.ledger.db.recalling", first_id());
    recall(&world, &server, &[]).expect(0).says("2 = 2 taken back");
    // A person looks, and nothing is there: it is sent again as well.
    world.run(&["resolve", "m.yaml", "Group 1", "--not-arrived"]).expect(0);
    world.apply(&server.base_url, &[]).expect(0);
    assert_eq!((queued(&server), count(&world, "accepted")), (3, 3));
}

#[test]
fn an_apply_after_a_recall_that_was_killed_claims_nothing_that_is_in_doubt() {
    let world = World::new();
    world.campaign(3);
    let server = slow(Options::default());
    world.apply(&server.base_url, &[]).expect(0);
    let first = world.results("spring.results.csv").remove(0);
    world.write("spring.ledger.db.recalling", first.get("zaap_id"));
    let told = world.apply(&server.base_url, &[]).expect(1).says("a recall broke off").says("2 accepted");
    assert!(told.stderr.contains("its recall is in doubt: it broke off while it took this back"), "{}", told.stderr);
    assert_eq!((count(&world, "accepted"), count(&world, "unknown")), (2, 1));
    let again = world.apply(&server.base_url, &[]).expect(1);
    assert!(!again.stderr.contains("a recall broke off"), "{}", again.stderr);
    // It waits still, and is known by its id.
    recall(&world, &server, &[]).expect(0).says("3 = 3 taken back");
    world.apply(&server.base_url, &[]).expect(0);

    // An edit is made again, whatever became of it.
    world.write("m.yaml", crate::world::MANIFEST.replace("Welcome", "Hello"));
    world.apply(&server.base_url, &[]).expect(0).says("edited    3");
    let page = crate::world::send(&server.base_url, "POST", "/instances/3C01/token/A20T/queue", r#"{"pageSize":30}"#);
    let page: serde_json::Value = serde_json::from_str(&page).unwrap();
    let waiting = page["messages"].as_array().unwrap();
    assert_eq!(waiting.len(), 6);
    world.write("spring.ledger.db.recalling", waiting[5]["ZaapId"].as_str().unwrap());
    world.apply(&server.base_url, &[]).expect(0).says("a recall broke off").says("edited    1 message");
    assert_eq!(count(&world, "accepted"), 3);
}

#[test]
fn an_older_copy_of_the_ledger_is_known_by_a_recall_that_was_killed() {
    let world = World::new();
    world.campaign(90);
    let server = slow(Options { latency: Duration::from_millis(10), ..Options::default() });
    world.apply(&server.base_url, &["--concurrency", "32"]).expect(0);
    let ledger = world.path("spring.ledger.db");
    let before = std::fs::read(&ledger).unwrap();
    let mut recall = world
        .command(&["recall", "m.yaml", "--base-url", &server.base_url])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("something was taken back", || queued(&server) < 85);
    recall.kill().unwrap();
    recall.wait().unwrap();
    for suffix in ["-wal", "-shm", ".recalling"] {
        let _ = std::fs::remove_file(world.path(&format!("spring.ledger.db{suffix}")));
    }
    std::fs::write(ledger, before).unwrap();
    world.apply(&server.base_url, &[]).expect(4).says("older copy");
    world.run(&["status", "m.yaml"]).expect(0).says("it is an older copy");
}

/// A queue in which all three wait when it is read; what an earlier recall had asked for is carried out only after that.
fn late(ids: &[&str]) -> RawServer {
    let (waiting, nothing) = (page(ids), page(&[]));
    RawServer::start(move |request| {
        let (status, body) = match request {
            0 => (200, &*waiting),
            1 => (404, r#"{"error":"not found"}"#),
            4 => (200, &*nothing),
            _ => (200, TAKEN_BACK),
        };
        fault("queue", Read::All, vec![Step::Send(answer(status, "", body)), Step::KeepAlive])
    })
}

/// A queue that answers a request to take the first of these back as nobody can read, and in which all wait still.
fn unreadable(ids: &[&str]) -> RawServer {
    answers(vec![page(ids), page(&[]), page(ids)])
}

#[test]
fn what_a_killed_recall_had_in_hand_is_in_doubt_until_it_was_taken_back() {
    let world = World::new();
    world.campaign(3);
    let server = slow(Options::default());
    world.apply(&server.base_url, &[]).expect(0);
    let results = world.results("spring.results.csv");
    let ids: Vec<&str> = results.iter().map(|row| row.get("zaap_id")).collect();
    world.write("spring.ledger.db.recalling", ids[2]);
    let late = late(&ids);
    world
        .run(&["recall", "m.yaml", "--base-url", &late.base_url()])
        .expect(1)
        .says("3 = 2 taken back + 0 gone out before + 1 doubtful + 0 left in the queue")
        .says("doubtful  \"Group 2\"")
        .says("1 of those doubtful: an earlier recall had it in hand when it broke off");
    assert_eq!((count(&world, "pending"), count(&world, "unknown")), (2, 1));
    assert!(!world.path("spring.ledger.db.recalling").exists());
}

#[test]
fn a_recall_without_an_answer_leaves_the_invitation_unknown_and_a_person_decides() {
    let world = World::new();
    world.campaign(3);
    let server = slow(Options::default());
    world.apply(&server.base_url, &[]).expect(0);
    let first = world.results("spring.results.csv").remove(0);
    // The queue as it is, and then an answer from which nobody can tell whether the message was taken out.
    let page = format!(r#"{{"messages":[{{"ZaapId":"{}"}}],"hasMore":false}}"#, first.get("zaap_id"));
    let lost = RawServer::start(move |request| {
        let (status, body) = if request == 0 { (200, &*page) } else { (500, "{}") };
        fault("queue", Read::All, vec![Step::Send(answer(status, "", body)), Step::KeepAlive])
    });
    world
        .run(&["recall", "m.yaml", "--base-url", &lost.base_url()])
        .expect(3)
        .says("doubtful  \"Group 0\"")
        .says("resolve m.yaml RECIPIENT");
    assert_eq!((count(&world, "accepted"), count(&world, "unknown")), (2, 1));
    world.apply(&server.base_url, &[]).expect(1);
    // It is found in the chat: the invitation stands under the id that it had.
    let resolved = world.run(&["resolve", "m.yaml", "Group 0", "--arrived"]).expect(0).says("accepted now");
    assert!(!resolved.stdout.contains("never be edited"), "{}", resolved.stdout);
    world.apply(&server.base_url, &[]).expect(0);
    assert_eq!(world.results("spring.results.csv").remove(0).get("message_id"), first.get("message_id"));
    world.write("m.yaml", crate::world::MANIFEST.replace("Welcome", "Hello"));
    world.apply(&server.base_url, &[]).expect(0).says("edit");
    assert_eq!(server.counts().duplicates, 0);
}

#[test]
fn what_a_lost_answer_leaves_in_the_queue_is_not_in_doubt() {
    let world = World::new();
    world.campaign(2);
    let server = slow(Options::default());
    world.apply(&server.base_url, &[]).expect(0);
    let results = world.results("spring.results.csv");
    let ids: Vec<&str> = results.iter().map(|row| row.get("zaap_id")).collect();
    let ran = world.run(&["recall", "m.yaml", "--base-url", &unreadable(&ids).base_url()]).expect(3);
    ran.says("2 = 0 taken back + 0 gone out before + 0 doubtful + 2 left in the queue")
        .says("1 of those left: asked for")
        .says("next: zapi-batch");
    assert_eq!(count(&world, "accepted"), 2);
    // Where it cannot be seen it may wait still, and the next recall tells.
    let dark = answers(vec![page(&ids), page(&[]), "no queue".to_owned()]);
    let ran = world.run(&["recall", "m.yaml", "--base-url", &dark.base_url()]).expect(3);
    ran.says("taken back, gone out, or still in the queue").says("next: zapi-batch recall");
    assert_eq!(count(&world, "unknown"), 1);
    // Written off too soon, it is ours all the same, and taking it back invites nobody a second time.
    world.run(&["resolve", "m.yaml", "Group 0", "--not-arrived"]).expect(0);
    world.apply(&server.base_url, &[]).expect(0);
    assert_eq!(queued(&server), 3);
    let again = answers(vec![page(&ids[..1]), TAKEN_BACK.to_owned(), page(&[])]);
    let ran = world.run(&["recall", "m.yaml", "--base-url", &again.base_url()]).expect(0);
    ran.says("1 message in Z-API's queue = 1 of this campaign").says("1 = 1 taken back");
    world.run(&["results", "m.yaml"]).expect(0);
    assert_eq!(count(&world, "accepted"), 2, "the second invitation stands");
}

#[test]
fn what_was_given_up_while_it_waited_is_in_doubt_until_it_was_taken_back() {
    let world = World::new();
    world.campaign(3);
    let server = slow(Options::default());
    world.apply(&server.base_url, &[]).expect(0);
    let results = world.results("spring.results.csv");
    let ids: Vec<&str> = results.iter().map(|row| row.get("zaap_id")).collect();
    world.run(&["recall", "m.yaml", "--base-url", &unreadable(&ids).base_url()]).expect(3).says("3 left in the queue");
    world.run(&["status", "m.yaml"]).expect(0).says("a recall broke off").says("3 = 3 accepted");
    let late = late(&ids);
    let ran = world.run(&["recall", "m.yaml", "--base-url", &late.base_url()]).expect(1);
    ran.says("3 = 2 taken back + 0 gone out before + 1 doubtful").says("1 of those doubtful: an earlier recall");
    world.run(&["resolve", "m.yaml", "Group 0", "--arrived"]).expect(0);
    world.apply(&server.base_url, &[]).expect(0);

    // An apply claims nothing of it either.
    let results = world.results("spring.results.csv");
    let ids: Vec<&str> = results.iter().map(|row| row.get("zaap_id")).collect();
    world.run(&["recall", "m.yaml", "--base-url", &unreadable(&ids).base_url()]).expect(3);
    world.apply(&server.base_url, &[]).expect(1).says("a recall broke off").says("2 accepted");
    assert_eq!((count(&world, "accepted"), count(&world, "unknown"), queued(&server)), (2, 1, 5));
    recall(&world, &server, &[]).expect(0).says("3 = 3 taken back");
    assert_eq!(count(&world, "pending"), 3);
}

#[test]
fn a_signal_ends_a_recall_whose_request_gets_no_answer() {
    for second in [None, Some(process::Signal::TERM)] {
        let world = World::new();
        world.campaign(2);
        world.write("m.yaml", format!("{}delivery: {{ timeout: 5s }}\n", crate::world::MANIFEST));
        world.apply(&slow(Options::default()).base_url, &[]).expect(0);
        let results = world.results("spring.results.csv");
        let waiting = page(&[results[0].get("zaap_id"), results[1].get("zaap_id")]);
        let hangs = RawServer::start(move |request| match request {
            0 => fault("queue", Read::All, vec![Step::Send(answer(200, "", &waiting)), Step::KeepAlive]),
            _ => fault("hangs", Read::All, vec![Step::Hang]),
        });
        let recall = world
            .command(&["recall", "m.yaml", "--base-url", &hangs.base_url()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_until("the request is under way", || hangs.seen().len() >= 2);
        let pid = process::Pid::from_child(&recall);
        process::kill_process(pid, process::Signal::TERM).unwrap();
        if let Some(signal) = second {
            process::kill_process(pid, signal).unwrap();
        }
        let ran = Ran::of(&recall.wait_with_output().unwrap()).expect(130).says("2 left in the queue");
        ran.says("stopping: the answer to a request is waited for, 5 seconds at most")
            .says("1 of those left: asked for");
        assert_eq!(hangs.seen().len(), 2, "nothing more is asked for");
        world.run(&["status", "m.yaml"]).expect(0).says("a recall broke off");
    }
}
