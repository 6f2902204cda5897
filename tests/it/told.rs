//! What people are told is true, complete, and names what to type next.

use zapi_batch::sandbox::{Fault, FaultRule, Options, When};

use crate::world::{MANIFEST, Ran, World, server, server_with};

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
    world.run(&["recall", "m.yaml"]).expect(2).says("zapi-batch check says how many of this campaign wait");
    world.run(&["init", "my folder"]).expect(0).says("zapi-batch apply 'my folder/campaign.yaml' --sandbox");
}
