//! Pace, windows, daily limits and the queue, through the real binary: limits hold across campaigns, processes and kills.
//!
//! No test here says how long anything took, but for the ignored ones: they measure the pace on a server's own clock.
//! `cargo test --test it -- --ignored --nocapture measured` prints their figures.

use std::process::Stdio;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use zapi_batch::sandbox::{Drain, Options, Running, start};

use crate::world::{MANIFEST, Ran, World, get, groups, log, server, server_with, wait_until};

fn world(rows: usize, delivery: &str) -> World {
    let world = World::new();
    world.write("list.csv", groups(rows));
    world.write("m.yaml", format!("{MANIFEST}delivery: {{ {delivery} }}\n"));
    world
}

fn json(world: &World, server: &Running, more: &[&str]) -> (i32, serde_json::Value) {
    let mut arguments = vec!["apply", "m.yaml", "--base-url", &server.base_url, "--format", "json"];
    arguments.extend(more);
    let ran = world.run(&arguments);
    (ran.code.unwrap(), ran.json())
}

/// A moment as the manifest writes one.
fn moment(seconds: i64) -> String {
    let at = Timestamp::now().checked_add(seconds.seconds()).unwrap();
    format!("\"{}+00:00\"", at.strftime("%Y-%m-%dT%H:%M:%S"))
}

#[test]
fn what_would_come_too_late_for_its_event_is_said_before_it_is_sent() {
    let world = world(20, "rate: unlimited, dailyLimit: 2");
    let manifest = std::fs::read_to_string(world.path("m.yaml")).unwrap();
    let in_three_days = Timestamp::now().checked_add(72.hours()).unwrap().in_tz("America/Sao_Paulo").unwrap();
    let manifest = manifest.replace("2027-05-14T19:00", &in_three_days.strftime("%Y-%m-%dT%H:%M").to_string());
    world.write("m.yaml", &manifest);
    let server = server();
    let late = "of its 20 messages would come too late";
    world.run(&["plan", "m.yaml"]).expect(0).says("W135").says("`launch` begins on").says(late);
    let dry = world.run(&["apply", "m.yaml", "--dry-run", "--format", "json"]).expect(0).json();
    assert_eq!(dry["diagnostics"][0]["code"], "W135");
    let (code, ran) = json(&world, &server, &["--no-wait"]);
    assert_eq!((code, &ran["diagnostics"][0]["code"]), (5, &"W135".into()));
    let again = world.apply(&server.base_url, &["--no-wait"]).expect(5);
    again.says("W135").says("of its 18 messages would come too late").says("m.yaml:10:15");
    // Two of what is left are in time.
    let two = world.run(&["apply", "m.yaml", "--dry-run", "--limit", "2"]).expect(0);
    assert!(!two.stderr.contains("W135"), "{}", two.stderr);
    world.write("m.yaml", manifest.replace("dailyLimit: 2", "dailyLimit: 200"));
    let soon = world.run(&["plan", "m.yaml"]).expect(0);
    assert!(!soon.stderr.contains("W135"), "{}", soon.stderr);
}

#[test]
fn a_daily_limit_is_kept_over_campaigns_processes_and_a_kill() {
    let world = world(60, "rate: unlimited, concurrency: 4, dailyLimit: 50");
    let other = std::fs::read_to_string(world.path("m.yaml")).unwrap();
    world.write("o.yaml", other.replace("campaign: spring", "campaign: autumn").replace("Spring", "Autumn"));
    let server = server_with(Options { latency: Duration::from_millis(15), ..Options::default() });
    let first = ["apply", "m.yaml", "--base-url", &server.base_url, "--no-wait"];
    let mut child = world.command(&first).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("some were sent", || server.counts().requests >= 11);
    child.kill().unwrap();
    child.wait().unwrap();
    let killed_at = server.counts().requests;
    assert!(killed_at < 50, "{killed_at}");

    // The other campaign gets what is left of the day, but for what the killed run had reserved.
    let second = ["apply", "o.yaml", "--base-url", &server.base_url, "--no-wait", "--format", "json"];
    let ran = world.run(&second).expect(5).json();
    assert!(ran["stopped"].as_str().unwrap().contains("daily limit of 50 reached, on at"), "{ran}");
    assert!(server.counts().requests <= 50 && server.counts().requests > killed_at);

    // What was reserved and not sent is put right by the first one's own ledger, and then the day is used up exactly.
    let ran = world.run(&first).expect(5);
    ran.says("MORE TO DO").says("daily limit of 50 reached, on at");
    let of = |file: &str| world.results(file);
    let sent = |file: &str| of(file).iter().filter(|row| ["accepted", "unknown"].contains(&row.get("status"))).count();
    let total = sent("spring.results.csv") + sent("autumn.results.csv");
    assert_eq!(total, 50, "accepted and unknown of both");
    assert!(server.counts().requests <= 50, "{}", server.counts().requests);
    let before = server.counts().requests;
    for command in [&first[..], &second] {
        world.run(command).expect(5);
    }
    assert_eq!(server.counts().requests, before, "a limit that was reached stays so");
}

#[test]
fn two_runs_at_the_same_time_share_a_limit() {
    let world = world(60, "rate: unlimited, concurrency: 8, dailyLimit: 70");
    let other = std::fs::read_to_string(world.path("m.yaml")).unwrap();
    world.write("o.yaml", other.replace("campaign: spring", "campaign: autumn").replace("Spring", "Autumn"));
    let server = server_with(Options { latency: Duration::from_millis(3), ..Options::default() });
    let children: Vec<_> = ["m.yaml", "o.yaml"]
        .iter()
        .map(|manifest| {
            let arguments = ["apply", manifest, "--base-url", &server.base_url, "--no-wait"];
            world.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    let codes: Vec<_> = children.into_iter().map(|mut child| child.wait().unwrap().code()).collect();
    assert!(codes.contains(&Some(5)), "{codes:?}");
    assert!(server.counts().requests <= 70, "{}", server.counts().requests);
    // One of them may have found the rest reserved by the other: the next call uses it.
    world.run(&["apply", "m.yaml", "--base-url", &server.base_url, "--no-wait"]);
    world.run(&["apply", "o.yaml", "--base-url", &server.base_url, "--no-wait"]);
    assert_eq!(server.counts().requests, 70);
}

#[test]
fn each_instance_has_its_own_limits() {
    let world = world(40, "rate: unlimited, dailyLimit: 100");
    let manifest = std::fs::read_to_string(world.path("m.yaml")).unwrap();
    let second = "  second: { id: \"3C02\", token: \"${ZAPI_INSTANCE_TOKEN}\", clientToken: \"${ZAPI_CLIENT_TOKEN}\", dailyLimit: 3 }\n";
    world.write("m.yaml", manifest.replace("events:\n", &format!("{second}events:\n")));
    let server = server();
    let (code, ran) = json(&world, &server, &["--no-wait"]);
    assert_eq!(code, 5, "{ran}");
    assert!(ran["stopped"].as_str().unwrap().starts_with("second: daily limit of 3 reached"), "{ran}");
    let sent = log(&server.base_url);
    assert_eq!(sent.iter().filter(|entry| entry["instance"] == "3C02").count(), 3);
    let status = world.run(&["status", "m.yaml", "--format", "json"]).expect(0).json();
    assert_eq!(status["instances"]["main"]["pending"], 0);
}

#[test]
fn windows_and_bounds_are_kept_and_no_wait_ends_with_5() {
    let server = server();
    let tomorrow = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).tomorrow().unwrap().strftime("%a").to_string();
    let closed = format!("days: {}, from: \"09:00\", to: \"18:30\", timezone: UTC", tomorrow.to_lowercase());
    let cases = [
        (format!("window: {{ {closed} }}"), 5, "window opens"),
        (format!("notBefore: {}", moment(7200)), 5, "not before"),
        (format!("notAfter: {}", moment(-60)), 3, "notAfter"),
        // Nothing can be sent before it is over.
        (format!("window: {{ {closed} }}, notAfter: {}", moment(60)), 3, "notAfter"),
    ];
    for (delivery, code, words) in cases {
        let world = world(3, &format!("rate: unlimited, {delivery}"));
        let (found, ran) = json(&world, &server, &["--no-wait"]);
        assert_eq!(found, code, "{delivery}: {ran}");
        assert!(ran["stopped"].as_str().unwrap().contains(words), "{delivery}: {ran}");
        assert_eq!(ran["messages"]["pending"], 3, "{delivery}: {ran}");
    }
    // Several windows: one that is open is enough.
    let always = "window: [{ from: \"00:00\", to: \"12:00\", timezone: UTC }, { from: \"12:00\", to: \"00:00\", timezone: UTC }]";
    let (code, ran) = json(&world(3, &format!("rate: unlimited, {always}")), &server, &["--no-wait"]);
    assert_eq!(code, 0, "{ran}");
    assert_eq!(server.counts().requests, 3);
    for (delivery, words) in [
        ("window: { from: \"09:00\", to: \"09:00\" }", "window"),
        ("window: { from: \"09:00\", to: \"10:00\", timezone: Mars/Base }", "Mars/Base"),
        ("window: { days: funday, from: \"09:00\", to: \"10:00\" }", "funday"),
        ("notBefore: \"2027-01-01T09:00:00Z\"", "2027-01-01T09:00:00+00:00 for UTC"),
        ("dailyLimit: 0", "dailyLimit"),
        ("maxQueued: 0", "maxQueued"),
    ] {
        let (code, ran) = json(&world(3, delivery), &server, &["--no-wait"]);
        assert_eq!(code, 2, "{delivery}: an error, never \"send now\"");
        assert!(ran["diagnostics"].to_string().contains(words), "{delivery}: {ran}");
    }
    assert_eq!(server.counts().requests, 3);
}

#[test]
fn apply_waits_by_default_and_says_for_what() {
    let world = world(3, &format!("rate: unlimited, notBefore: {}", moment(9)));
    let server = server();
    let ran = world.run(&["apply", "m.yaml", "--base-url", &server.base_url]).expect(0);
    ran.says("waiting: not before").says("0 of 3");
    assert_eq!(server.counts().requests, 3);
}

#[test]
fn the_estimate_stands_in_the_plan_and_before_asking() {
    let world = world(
        41,
        "rate: 20/min, dailyLimit: 20, window: { from: \"00:00\", to: \"00:00\", days: mon-sun, timezone: UTC }",
    );
    // A window from midnight to midnight is the whole day or nothing: it is refused as empty.
    assert_eq!(world.run(&["plan", "m.yaml"]).code, Some(2));
    let manifest = std::fs::read_to_string(world.path("m.yaml")).unwrap();
    world.write("m.yaml", manifest.replace("from: \"00:00\"", "from: \"00:01\""));
    let plan = world.run(&["plan", "m.yaml"]).expect(0);
    plan.says("via main, 20/min, every day 00:01-00:00").says("at most 20 a day").says("done by");
    let plan = world.run(&["plan", "m.yaml", "--format", "json"]).expect(0).json();
    let done: Timestamp = plan["estimate"]["done_at"].as_str().unwrap().parse().unwrap();
    let days =
        done.to_zoned(jiff::tz::TimeZone::UTC).date() - Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    assert_eq!(days.get_days(), 2, "20 today, 20 tomorrow, and one: {done}");
    world.run(&["apply", "m.yaml"]).expect(2).says("no terminal");
    world.run(&["apply", "m.yaml", "--dry-run"]).expect(0).says("done by");
}

#[test]
fn the_queue_never_holds_more_than_max_queued() {
    let world = world(30, "rate: unlimited, concurrency: 8, maxQueued: 20");
    let server = start(Options { drain: Drain::Every(Duration::from_millis(400)), ..Options::default() }, 0).unwrap();
    let arguments = ["apply", "m.yaml", "--base-url", &server.base_url];
    let child = world.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut most = 0;
    wait_until("all were sent", || {
        let answer = get(&server.base_url, "/instances/3C01/token/A20T/queue/count");
        let count: serde_json::Value = serde_json::from_str(&answer).unwrap();
        most = most.max(count["count"].as_u64().unwrap());
        server.counts().requests == 30
    });
    let ran = Ran::of(&child.wait_with_output().unwrap()).expect(0);
    assert_eq!(most, 20, "it was filled, and never more");
    ran.says("waiting: 20 wait in Z-API's queue, 20 may");
}

/// When requests arrived, in milliseconds of the server's clock, by instance.
fn arrivals(server: &Running, instance: &str) -> Vec<u64> {
    let log = log(&server.base_url);
    let of_instance = log.iter().filter(|entry| entry["instance"] == instance);
    of_instance.map(|entry| entry["at_ms"].as_u64().unwrap()).collect()
}

/// The most in any second, wherever it begins; the mean gap; the shortest and the longest gap.
#[allow(clippy::cast_precision_loss, reason = "a few seconds in milliseconds")]
fn figures(arrivals: &[u64]) -> (usize, f64, u64, u64) {
    let busiest = arrivals.iter().map(|from| arrivals.iter().filter(|at| (*from..from + 1000).contains(at)).count());
    let gaps: Vec<u64> = arrivals.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mean = gaps.iter().sum::<u64>() as f64 / gaps.len() as f64;
    (busiest.max().unwrap(), mean, *gaps.iter().min().unwrap(), *gaps.iter().max().unwrap())
}

#[test]
#[ignore = "measures on the real clock, which a busy machine may spoil"]
#[allow(clippy::print_stdout, reason = "the figures are what it is for")]
fn measured_on_a_servers_clock_the_pace_is_exact() {
    let slow = || server_with(Options { latency: Duration::from_millis(150), ..Options::default() });
    let one = world(400, "rate: 20/s, jitter: 0, concurrency: 64");
    let server = slow();
    one.run(&["apply", "m.yaml", "--base-url", &server.base_url]).expect(0);
    let (busiest, mean, least, most) = figures(&arrivals(&server, "3C01"));
    println!(
        "20/s, jitter 0, 64 slots, 400 messages: at most {busiest} a second, mean gap {mean:.2} ms ({least} to {most})"
    );
    assert!(busiest <= 21 && (mean - 50.0).abs() <= 1.0, "{busiest} {mean}");

    let two = world(200, "rate: 600/min, jitter: 0.3, concurrency: 64");
    let server = slow();
    two.run(&["apply", "m.yaml", "--base-url", &server.base_url]).expect(0);
    let arrived = arrivals(&server, "3C01");
    let (_, mean, least, most) = figures(&arrived);
    // The band, and the tenth of a period that a send may be late before the next one counts from it.
    let outside = arrived.windows(2).filter(|pair| !(60..=140).contains(&(pair[1] - pair[0]))).count();
    println!(
        "600/min, jitter 0.3, 200 messages: mean gap {mean:.2} ms, from {least} to {most}, {outside} outside 60 to 140"
    );
    assert_eq!(outside, 0, "{least} {most}");

    let both = world(300, "rate: 20/s, jitter: 0, concurrency: 64");
    let manifest = std::fs::read_to_string(both.path("m.yaml")).unwrap();
    let second = "  second: { id: \"3C02\", token: \"${ZAPI_INSTANCE_TOKEN}\", clientToken: \"${ZAPI_CLIENT_TOKEN}\", rate: 8/s }\n";
    both.write("m.yaml", manifest.replace("events:\n", &format!("{second}events:\n")));
    let server = slow();
    both.run(&["apply", "m.yaml", "--base-url", &server.base_url]).expect(0);
    for (instance, period) in [("3C01", 50.0), ("3C02", 125.0)] {
        let (busiest, mean, least, most) = figures(&arrivals(&server, instance));
        println!(
            "{instance} of two, one each {period} ms: at most {busiest} a second, mean gap {mean:.2} ms ({least} to {most})"
        );
        assert!((mean - period).abs() <= period * 0.02, "{instance}: {mean}");
    }
}
