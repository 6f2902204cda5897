//! Everything that can go wrong between us and the service, through the real binary: each failure ends in exactly the
//! states, the exit code and the words that it should.

use std::time::Duration;

use zapi_batch::sandbox::{Fault, FaultRule, Options, RetryAfter, When};

use crate::support::faults::{GOOD, answer, fault};
use crate::support::raw_server::{RawServer, Read, Step};
use crate::world::{MANIFEST, Ran, World, get, groups, server_with};

const ROWS: usize = 12;

/// What a run must come to: exit code, then accepted, rejected, unknown, pending, and what is said.
struct End<'a>(i32, [u64; 4], &'a [&'a str]);

/// One request at a time, and short waits, so that every case ends soon and in the same way.
fn world() -> World {
    let world = World::new();
    world.write("list.csv", groups(ROWS));
    world.write("m.yaml", format!("{MANIFEST}delivery: {{ concurrency: 1, retries: 1, timeout: 1s }}\n"));
    world
}

#[track_caller]
fn check(name: &str, ran: &Ran, End(code, states, words): End<'_>) {
    assert_eq!(ran.code, Some(code), "{name}: {}\n{}", ran.stdout, ran.stderr);
    let json = ran.json();
    let found = ["accepted", "rejected", "unknown", "pending"].map(|state| json["messages"][state].as_u64().unwrap());
    assert_eq!(found, states, "{name}: {json}");
    let said = json.to_string();
    for word in words {
        assert!(said.contains(word), "{name} does not say {word:?}: {said}");
    }
}

fn says(status: u16, error: &str) -> Fault {
    Fault::Says { status, error: error.to_owned() }
}

/// From this request on.
fn from(first: u64, fault: Fault) -> Vec<FaultRule> {
    vec![FaultRule { when: When::Requests(first, u64::MAX), fault, is_processed: false }]
}

/// This request only.
fn at(number: u64, fault: Fault) -> Vec<FaultRule> {
    vec![FaultRule { when: When::Requests(number, number), fault, is_processed: false }]
}

#[test]
fn what_the_service_says_ends_in_the_right_states() {
    let all = ROWS as u64;
    let set_up = |words| End(3, [2, 0, 0, all - 2], words);
    let cases: Vec<(&str, Vec<FaultRule>, End<'_>)> = vec![
        ("401 at the first", from(1, says(401, "Unauthorized")), End(3, [0, 0, 0, all], &["Unauthorized (HTTP 401)"])),
        ("403 client token", from(3, says(403, "Client-Token not allowed")), set_up(&["not allowed (HTTP 403)"])),
        ("400 not configured", from(3, says(400, "your client-token is not configured")), set_up(&["not configured"])),
        ("400 no instance", from(3, says(400, "Instance not found")), set_up(&["Instance not found (HTTP 400)"])),
        ("200 blocked caller", from(3, says(200, "[10.0.0.1] not allowed")), set_up(&["not allowed (HTTP 200)"])),
        ("404", from(3, Fault::Status(404)), set_up(&["(HTTP 404)"])),
        ("405", from(3, Fault::Status(405)), set_up(&["(HTTP 405)"])),
        ("415", from(3, Fault::Status(415)), set_up(&["(HTTP 415)"])),
        ("one refused", at(3, says(400, "Invalid phone")), End(1, [all - 1, 1, 0, 0], &["Invalid phone"])),
        ("one refused in a 200", at(3, Fault::ErrorIn200), End(1, [all - 1, 1, 0, 0], &["refused by the sandbox"])),
        (
            "five refused in a row",
            from(3, says(422, "no such group")),
            End(3, [2, 5, 0, all - 7], &["5 rejected in a row, the last: no such group (HTTP 422)"]),
        ),
        ("one 500", at(3, Fault::Status(500)), End(1, [all - 1, 0, 1, 0], &["Internal server error", "\"exit\":1"])),
        (
            "five 500 in a row",
            from(3, Fault::Status(502)),
            End(3, [2, 0, 5, all - 7], &["5 unknown in a row over all instances"]),
        ),
        ("no JSON in a 200", at(3, Fault::Garbage), End(1, [all - 1, 0, 1, 0], &["\"unknown\":1"])),
        ("no answer", at(3, Fault::Hang), End(1, [all - 1, 0, 1, 0], &["no answer within the timeout"])),
        ("redirect", from(3, Fault::Redirect), End(3, [2, 0, 1, all - 3], &["redirected (HTTP 307)"])),
        ("429 for ever", from(3, Fault::Status(429)), End(3, [2, 0, 0, all - 2], &["after 1 pause", "(HTTP 429)"])),
    ];
    for (name, faults, end) in cases {
        let server = server_with(Options { faults, ..Options::default() });
        let world = world();
        let ran = world.apply(&server.base_url, &["--format", "json"]);
        check(name, &ran, end);
        assert_eq!(server.counts().duplicates, 0, "{name}");
        let rows = world.results("spring.results.csv");
        assert_eq!(rows.len(), ROWS, "{name}: every row has its line");
    }
}

#[test]
fn a_429_pauses_the_lane_for_as_long_as_it_says() {
    for (name, retry_after, at_least) in [
        ("seconds", RetryAfter::Seconds(2), 2000),
        ("a date", RetryAfter::Date(Duration::from_secs(3)), 1900),
        ("none", RetryAfter::Missing, 700),
    ] {
        let server = server_with(Options { faults: at(3, Fault::Status(429)), retry_after, ..Options::default() });
        let ran = world().apply(&server.base_url, &["--format", "json"]);
        check(name, &ran, End(0, [ROWS as u64, 0, 0, 0], &["\"stopped\":null"]));
        let log = crate::world::log(&server.base_url);
        let (refused, again) = (&log[2], &log[3]);
        assert_eq!((&refused["recipient"], &refused["status"]), (&again["recipient"], &429.into()), "{name}");
        let pause = again["at_ms"].as_u64().unwrap() - refused["at_ms"].as_u64().unwrap();
        assert!(pause >= at_least, "{name}: the same message went again after {pause} ms");
        assert_eq!((log.len(), server.counts().duplicates), (ROWS + 1, 0), "{name}");
    }
}

#[test]
fn a_network_that_fails_ends_in_the_right_states() {
    let all = ROWS as u64;
    let status = || {
        fault(
            "status",
            Read::All,
            vec![Step::Send(answer(200, "", r#"{"connected":true,"smartphoneConnected":true}"#)), Step::KeepAlive],
        )
    };
    let unique = |number: usize| {
        let body = GOOD.replace("D241", &format!("D{number:03}")).replace("3999", &format!("Z{number:03}"));
        fault("good", Read::All, vec![Step::Send(answer(200, "", &body)), Step::KeepAlive])
    };
    let resets = RawServer::start(move |number| match number {
        0 => status(),
        1 | 2 => unique(number),
        _ => fault("reset", Read::All, vec![Step::Reset]),
    });
    // After three unknowns in a row the instance is asked how it is; that fails as well and settles nothing.
    let ran = world().apply(&resets.base_url(), &["--format", "json"]);
    check("five resets in a row", &ran, End(3, [2, 0, 5, all - 7], &["5 unknown in a row over all instances"]));

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = world().apply(&format!("http://{closed}"), &["--format", "json", "--no-preflight"]);
    check("nobody listens", &ran, End(3, [0, 0, 0, all], &["no answer after 1 pause"]));
    let spoken = || vec![Step::Send(answer(400, "", "{}")), Step::Close];
    let plain = RawServer::always(fault("no TLS", Read::Bytes(1), spoken()));
    let ran = world().apply(&format!("https://{}", plain.address), &["--format", "json", "--no-preflight"]);
    check("no TLS there", &ran, End(3, [0, 0, 0, all], &["TLS"]));
    assert_eq!(plain.whole(), 0);
}

/// A second instance beside `main`.
fn two_instances() -> World {
    let world = world();
    let text = format!("{MANIFEST}delivery: {{ concurrency: 2, retries: 1, timeout: 1s }}\n");
    let second =
        "  second: { id: \"3C02\", token: \"${ZAPI_INSTANCE_TOKEN}\", clientToken: \"${ZAPI_CLIENT_TOKEN}\" }\n";
    world.write("m.yaml", text.replace("events:\n", &format!("{second}events:\n")));
    world.write("list.csv", groups(40));
    world
}

fn through(world: &World, instance: &str, status: &str) -> u64 {
    let rows = world.results("spring.results.csv");
    rows.iter().filter(|row| row.get("instance") == instance && row.get("status") == status).count() as u64
}

#[test]
fn one_lane_stops_and_the_other_goes_on() {
    let world = two_instances();
    let refused = FaultRule {
        when: When::Instance("3C02".into()),
        fault: says(403, "Client-Token not allowed"),
        is_processed: false,
    };
    let server = server_with(Options { faults: vec![refused], ..Options::default() });
    let ran = world.apply(&server.base_url, &["--format", "json"]);
    let main = through(&world, "main", "accepted");
    assert!((10..40).contains(&main), "{main}");
    check("second refused", &ran, End(3, [main, 0, 0, 40 - main], &["second: Client-Token not allowed (HTTP 403)"]));
    assert_eq!(through(&world, "second", "pending"), 40 - main, "a message never moves to another instance");
}

#[test]
fn an_instance_that_is_disconnected_in_mid_run_waits_while_the_other_goes_on() {
    let world = two_instances();
    let server = server_with(Options { latency: Duration::from_millis(40), ..Options::default() });
    let put =
        |path: &str| crate::world::send(&server.base_url, "PUT", path, r#"{"disableEnqueueWhenDisconnected":true}"#);
    put("/instances/3C02/token/A20T/update-queue-settings");
    let base_url = server.base_url.clone();
    let cut = std::thread::spawn(move || {
        crate::world::wait_until("some were sent", || {
            let log = crate::world::log(&base_url);
            log.iter().filter(|entry| entry["instance"] == "3C02").count() >= 3
        });
        crate::world::send(&base_url, "POST", "/sandbox/disconnect?instance=3C02", "");
    });
    let ran = world.apply(&server.base_url, &["--format", "json", "--no-wait"]);
    cut.join().unwrap();
    let (main, second) = (through(&world, "main", "accepted"), through(&world, "second", "accepted"));
    let rejected = through(&world, "second", "rejected");
    assert!(second >= 3 && (3..5).contains(&rejected), "{second} {rejected}");
    let end =
        End(3, [main + second, rejected, 0, 40 - main - second - rejected], &["second: the phone is not connected"]);
    check("disconnected", &ran, end);
    assert_eq!(through(&world, "main", "pending"), 0, "the other one went on");
    // Back again: everything that is missing goes out, the refused ones too.
    crate::world::send(&server.base_url, "POST", "/sandbox/connect?instance=3C02", "");
    let ran = world.apply(&server.base_url, &["--format", "json"]);
    check("back", &ran, End(0, [40, 0, 0, 0], &["\"stopped\":null"]));
    assert_eq!(server.counts().duplicates, 0);
}

#[test]
fn a_lost_answer_is_never_sent_again_by_itself() {
    let world = world();
    let lost = FaultRule { when: When::Requests(4, 4), fault: Fault::Hang, is_processed: true };
    let server = server_with(Options { faults: vec![lost], ..Options::default() });
    let ran = world.apply(&server.base_url, &["--format", "json"]);
    check("lost", &ran, End(1, [ROWS as u64 - 1, 0, 1, 0], &[]));
    let again = world.apply(&server.base_url, &["--format", "json"]);
    check("again", &again, End(1, [ROWS as u64 - 1, 0, 1, 0], &["\"requests\":0"]));
    assert_eq!(server.counts().duplicates, 0);
    assert!(get(&server.base_url, "/sandbox/counts").contains("12"));
}
