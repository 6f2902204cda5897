//! What people are told is true, complete, and names what to type next.

use std::process::Stdio;
use std::time::Duration;

use zapi_batch::sandbox::{Fault, FaultRule, Options, When};

use crate::world::{MANIFEST, Ran, World, server, server_with, wait_until};

#[test]
fn an_event_of_the_manifest_is_never_said_to_be_gone() {
    let (world, server) = (World::new(), server());
    world.campaign(2);
    let suppressed = format!("{MANIFEST}suppress: [{{ csv: list.csv }}]\n");
    let title =
        "launch  \"Spring launch\"   Fri 14 May 2027 19:00 America/Sao_Paulo (22:00 UTC)   nobody is to be invited";
    world.write("m.yaml", &suppressed);
    let before = world.run(&["plan", "m.yaml"]).expect(0).says(title).says("skip      2");
    assert!(!before.stdout.contains("no longer in the manifest"), "{}", before.stdout);
    world.write("m.yaml", MANIFEST);
    world.apply(&server.base_url, &[]).expect(0);
    world.write("m.yaml", &suppressed);
    world.apply(&server.base_url, &[]).expect(0).says(title).says("left      2");
    world.write("m.yaml", MANIFEST.replace("launch:", "dinner:").replace("Spring launch", "Dinner"));
    world
        .run(&["plan", "m.yaml"])
        .expect(0)
        .says("launch  \"Spring launch\"   Fri 14 May 2027 19:00   no longer in the manifest");
}

/// One fault that is answered to the requests with these numbers, from 1.
fn fails(first: u64, last: u64, status: u16) -> Options {
    let rule = FaultRule { when: When::Requests(first, last), fault: Fault::Status(status), is_processed: false };
    Options { faults: vec![rule], ..Options::default() }
}

#[test]
fn unknown_rows_name_their_event_and_their_address() {
    let world = World::new();
    world.campaign(2);
    let dinner = "  dinner: { name: Dinner, dateTime: \"2027-05-14T21:00\" }\nrecipients:";
    let sends = "sends: [{ event: launch, to: [groups] }, { event: dinner, to: [groups] }]\n";
    world.write("m.yaml", MANIFEST.replace("recipients:", dinner) + sends);
    let server = server_with(fails(1, 4, 500));
    let address = "120363050000000001-group";
    for told in [world.apply(&server.base_url, &[]).expect(1), world.run(&["status", "m.yaml"]).expect(0)] {
        for event in ["launch", "dinner"] {
            let row = told.stdout.clone() + &told.stderr;
            assert!(row.contains(&format!("unknown   {event} \"Group 1\"   {address}   list.csv:3   500 ")), "{row}");
        }
    }
    world.run(&["resolve", "m.yaml", address, "--event", "dinner", "--arrived"]).expect(0);
}

#[test]
fn one_edit_that_is_still_to_be_made_says_why() {
    let world = World::new();
    world.campaign(2);
    let server = server_with(fails(3, 3, 500));
    world.apply(&server.base_url, &[]).expect(0);
    world.write("m.yaml", MANIFEST.replace("Welcome", "Hello") + "delivery: { retries: 0 }\n");
    let told = world.apply(&server.base_url, &[]).expect(5).says("some edits are still to be made");
    assert_eq!(told.stderr.matches("error     1 x Internal server error").count(), 1, "{}", told.stderr);
}

#[test]
fn an_instance_whose_id_changed_is_one_in_the_status() {
    let (world, server) = (World::new(), server());
    world.campaign(2);
    let apply = ["apply", "m.yaml", "--base-url", &server.base_url, "--rate", "unlimited"];
    world.run(&apply).expect(0);
    world.campaign(3);
    Ran::of(&world.command(&apply).env("ZAPI_INSTANCE_ID", "3C02").output().unwrap()).expect(0);
    let json = world.run(&["status", "m.yaml", "--format", "json"]).expect(0);
    assert_eq!(json.stdout.matches("\"main\"").count(), 1, "{}", json.stdout);
    assert_eq!(json.json()["instances"]["main"]["accepted"], 3);
    let human = world.run(&["status", "m.yaml"]).expect(0);
    assert!(!human.stdout.contains("via main"), "there is only one: {}", human.stdout);
}

#[test]
fn the_command_to_type_next_has_everything_that_was_given() {
    let world = World::new();
    world.campaign(2);
    world.write("m.yaml", format!("{MANIFEST}delivery: {{ retries: 0, rate: unlimited }}\n"));
    let through = |proxy: &str| {
        let apply = ["apply", "m.yaml", "--base-url", "http://127.0.0.1:9", "--proxy", proxy, "--no-preflight"];
        world.run(&apply).expect(3)
    };
    through("http://127.0.0.1:9").says("apply m.yaml --base-url http://127.0.0.1:9 --proxy http://127.0.0.1:9 --no-p");
    for proxy in ["http://me:S3CR3T@127.0.0.1:9", "me:S3C@R3T@127.0.0.1:9", "https://me:S3CR3T@127.0.0.1:9"] {
        let told = through(proxy).says("://***@127.0.0.1:9' --no-preflight");
        assert!(!told.stderr.contains("S3C"), "{}", told.stderr);
    }
}

#[test]
fn other_commands_are_named_with_the_flags_that_find_the_same_ledger() {
    let world = World::new();
    world.campaign(2);
    world.run(&["apply", "m.yaml", "--sandbox", "--ledger", "sub.db", "--rate", "unlimited"]).expect(0);
    let resolve = ["resolve", "m.yaml", "5511999998888", "--arrived", "--ledger", "sub.db", "--sandbox"];
    world.run(&resolve).expect(2).says("zapi-batch status m.yaml --ledger sub.db --sandbox lists");
    world.run(&["recall", "m.yaml"]).expect(2).says("zapi-batch check m.yaml says how many of this campaign wait");
    world.run(&["init", "my folder"]).expect(0).says("zapi-batch apply 'my folder/campaign.yaml' --sandbox");
}

#[test]
fn a_plan_counts_what_was_sent_today_and_leaves_no_file() {
    let (world, server) = (World::new(), server());
    world.campaign(6);
    let limited = format!("{MANIFEST}delivery: {{ rate: unlimited, dailyLimit: 10 }}\n");
    world.write("m.yaml", &limited);
    world.run(&["plan", "m.yaml"]).expect(0);
    assert_eq!(world.files(), ["list.csv", "m.yaml"]);
    world.apply(&server.base_url, &[]).expect(0);
    world.campaign(12);
    world.write("m.yaml", &limited);
    world.write("other.yaml", limited.replace("spring", "summer"));
    // Four may go out today; the rest goes when the day of the manifest's zone is over.
    let is_tomorrow = |arguments: &[&str]| {
        let mut plan = world.run(&[&["plan"], arguments, &["--format", "json"]].concat()).expect(0).json();
        plan["estimate"]["done_at"].take().as_str().unwrap().ends_with("T03:00:00Z")
    };
    assert!(is_tomorrow(&["m.yaml"]) && is_tomorrow(&["other.yaml"]));
    let counts = std::fs::read(world.path(".state/quota.db")).unwrap();
    world.run(&["apply", "m.yaml", "--dry-run"]).expect(0).says("at most 10 a day: done ");
    assert_eq!(std::fs::read(world.path(".state/quota.db")).unwrap(), counts);
    std::fs::remove_dir_all(world.path(".state")).unwrap();
    assert!(is_tomorrow(&["m.yaml"]), "its own ledger knows what it has sent");
    assert!(!world.path(".state").exists());
    world.write("other.yaml", limited.replace("spring", "summer").replace("10 }", "12 }"));
    assert!(!is_tomorrow(&["other.yaml"]), "nobody else knows");
}

#[test]
fn a_plan_says_when_it_cannot_count_what_was_sent_today() {
    let world = World::new();
    world.campaign(3);
    let without = |note: bool| {
        let plan = Ran::of(&world.command(&["plan", "m.yaml"]).env_remove("ZAPI_INSTANCE_ID").output().unwrap());
        let said = plan.expect(0).stdout;
        assert_eq!(said.matches("what was sent today is not counted").count(), usize::from(note), "{said}");
    };
    without(false);
    world.write("m.yaml", format!("{MANIFEST}delivery: {{ dailyLimit: 10 }}\n"));
    without(true);
    // A rehearsal keeps no daily limit, so it neither counts nor waits for one.
    let rehearsed = world.run(&["plan", "m.yaml", "--sandbox"]).expect(0).stdout;
    assert!(!rehearsed.contains("a day") && !rehearsed.contains("not counted"), "{rehearsed}");
    world.write(".state/quota.db", "no database".repeat(1000));
    world.run(&["plan", "m.yaml"]).expect(0).says("what was sent today is not counted: the daily counts in ");
}

#[test]
fn a_sandbox_that_cannot_start_says_what_is_in_its_way() {
    let (world, server) = (World::new(), server());
    world.write("state", "no journal\n");
    let bad = world.run(&["sandbox", "--port", "0", "--state", "state"]).expect(2);
    let bad = bad.says("the sandbox cannot be started: state: the state file was not written by the sandbox");
    assert!(!bad.stderr.contains("port"), "{}", bad.stderr);
    let port = server.base_url.rsplit_once(':').unwrap().1;
    world.run(&["sandbox", "--port", port]).expect(2).says(&format!("port {port}"));
}

#[test]
fn a_manifest_without_its_campaign_is_refused_for_that() {
    let world = World::new();
    world.campaign(1);
    for (campaign, why) in [
        ("", "the manifest has no `campaign`"),
        ("campaign: [a]", "`campaign` must be text, and this is a list"),
        ("campaign: Foo Bar", "the campaign's name `Foo Bar` may have only"),
        ("campaign: &a spring", "its campaign has no name that can be used"),
    ] {
        let text = MANIFEST.replace("campaign: spring", campaign).replace("version: 1", "bogus: 1\nversion: 1");
        world.write("m.yaml", text);
        world.run(&["status", "m.yaml"]).expect(2).says(&format!("m.yaml cannot be read: {why}"));
    }
    world.write("m.yaml", "a: [");
    world.run(&["status", "m.yaml"]).expect(2).says("m.yaml cannot be read: this is not valid YAML");
}

#[test]
fn a_ledger_that_is_for_something_else_is_called_by_its_name() {
    let (world, server) = (World::new(), server());
    world.campaign(1);
    world.apply(&server.base_url, &[]).expect(0);
    world.run(&["apply", "m.yaml", "--sandbox"]).expect(0);
    for command in ["apply", "plan", "status"] {
        let real = [command, "m.yaml", "--sandbox", "--ledger", "spring.ledger.db"];
        world.run(&real).expect(4).says("is the real ledger of this campaign, not the ledger of rehearsals");
    }
    world.run(&["status", "m.yaml", "--ledger", "spring.sandbox.ledger.db"]).expect(4).says("not the real ledger");
    world.write("m.yaml", MANIFEST.replace("spring", "summer"));
    world
        .run(&["status", "m.yaml", "--ledger", "spring.ledger.db"])
        .expect(4)
        .says("belongs to the campaign \"spring\"");
}

#[test]
fn hints_can_be_typed_as_they_are_printed() {
    let (world, server) = (World::new(), server_with(fails(1, 1, 500)));
    world.campaign(3);
    world
        .run(&["status", "m.yaml", "--ledger", "my own.db"])
        .expect(4)
        .says("zapi-batch apply m.yaml --ledger 'my own.db'");
    world.apply(&server.base_url, &["--ledger", "own.db"]).expect(1);
    let status = "zapi-batch status m.yaml --ledger own.db lists";
    let resend = ["--ledger", "own.db", "--resend-unknown=2"];
    world.apply(&server.base_url, &resend).expect(2).says(status);
    let json =
        world.apply(&server.base_url, &[&resend[..], &["--format", "json"]].concat()).expect(2).says(status).json();
    assert_eq!(json["exit"], 2);
    let dry = ["apply", "m.yaml", "--ledger", "own.db", "--dry-run", "--format", "json"];
    let json = world.run(&[&dry[..], &["--yes=7"]].concat()).expect(2).json();
    assert!(json["dry_run"] == true && json["exit"] == 2 && json["stopped"].is_string(), "{json}");
    let json = world.run(&[&dry[..], &["--new-ledger", "--yes=3"]].concat()).expect(0).json();
    assert_eq!((&json["plan"]["create"], &json["plan"]["keep"]), (&3.into(), &0.into()));
}

#[test]
fn bash_completes_the_flags_of_a_command() {
    let world = World::new();
    world.write("completions.bash", world.run(&["completions", "bash"]).expect(0).stdout);
    let completed = |typed: &str| {
        let script = format!(
            "source completions.bash; COMP_WORDS=({typed}); COMP_CWORD=2; _zapi__batch zapi-batch \"${{COMP_WORDS[2]}}\" \
             \"${{COMP_WORDS[1]}}\"; echo \"${{COMPREPLY[*]}}\""
        );
        let mut bash = std::process::Command::new("bash");
        let ran = bash.args(["-c", &script]).current_dir(world.path(".")).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    };
    assert_eq!(completed("zapi-batch apply --sand"), "--sandbox\n");
    assert_eq!(completed("zapi-batch resolve --not"), "--not-arrived\n");
}

#[test]
fn a_plan_beside_a_run_says_so() {
    let world = World::new();
    world.campaign(1);
    let silent = server_with(Options { latency: Duration::from_secs(30), ..Options::default() });
    let arguments = ["apply", "m.yaml", "--base-url", &silent.base_url];
    let mut run = world.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("it is sent", || silent.counts().requests == 1);
    let planned = world.run(&["plan", "m.yaml"]).expect(0);
    let holder = format!("the ledger is in use by process {} on ", run.id());
    planned.says(&holder).says("requests in flight count as unknown until they are answered");
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(!world.run(&["plan", "m.yaml"]).expect(0).stdout.contains("in use by"));
}

#[test]
fn what_was_not_selected_decides_no_exit_code() {
    let world = World::new();
    world.campaign(2);
    let events = MANIFEST
        .replace("recipients:", "  dinner: { name: \"{{ name }}\", dateTime: \"2027-05-14T21:00\" }\nrecipients:");
    let sends = "  faulty: { list: [{ phone: 120363050000000009-group, name: \"\" }] }\nsends: [{ event: launch, to: [groups] }, { event: dinner, to: [faulty] }]\n";
    world.write("m.yaml", events + sends);
    let selected = ["--skip-invalid", "--only", "launch"];
    world.run(&[&["apply", "m.yaml", "--dry-run"], &selected[..]].concat()).expect(0);
    world.run(&["apply", "m.yaml", "--dry-run", "--skip-invalid"]).expect(1);
    world.apply(&server().base_url, &selected).expect(0);
}

#[test]
fn a_dry_run_without_credentials_takes_no_renamed_instance_for_another() {
    let world = World::new();
    world.campaign(2);
    let server = server();
    world.apply(&server.base_url, &[]).expect(0);
    world.write("m.yaml", crate::world::MANIFEST.replace("main:", "shop:").replace("T19:00", "T20:00"));
    let plan = || Ran::of(&world.command(&["plan", "m.yaml"]).env_remove("ZAPI_INSTANCE_ID").output().unwrap());
    plan().expect(0).says("2 messages = 2 edit").says("whether shop changed was not checked");
    world.run(&["plan", "m.yaml"]).expect(0).says("2 messages = 2 edit");
    // Of two new names nobody can tell which one it is.
    let two = crate::world::MANIFEST.replace("main:", "shop:").replace("T19:00", "T20:00");
    let second = "  team: { id: \"${TEAM}\", token: \"${TEAM}\", clientToken: \"${TEAM}\" }\nevents:";
    world.write("m.yaml", two.replace("events:", second));
    plan().expect(1).says("blocked");
}

#[test]
fn a_log_is_written_into_nothing_but_a_log() {
    let world = World::new();
    world.campaign(2);
    let server = server();
    let list = std::fs::read(world.path("list.csv")).unwrap();
    for taken in ["m.yaml", "list.csv"] {
        let ran = world.apply(&server.base_url, &["-v", "--log-file", taken]).expect(2);
        ran.says(&format!("the log cannot be written to {taken}: something else is there"));
    }
    assert_eq!(std::fs::read(world.path("list.csv")).unwrap(), list);
    let mut length = 0;
    for _ in 0..2 {
        world.apply(&server.base_url, &["-v", "--log-file", "run.log"]).expect(0);
        let log = std::fs::read(world.path("run.log")).unwrap();
        assert!(log.len() > length);
        length = log.len();
    }
}
