//! What goes on the wire, to the letter: the reference's own example, every manifest of the repository, and every kind
//! of change.

use serde_json::{Value, json};

use crate::world::{World, get, log, server};

/// The request body of the reference's `send-event` page, with one of the two call types that it names.
const EXAMPLE: &str = r#"{
  "phone": "120363019502650977-group",
  "event": {
    "name": "Event Name",
    "description": "Event Description",
    "dateTime": "2024-04-29T09:30:53.309Z",
    "location": {
      "name": "Location Name"
    },
    "callLinkType": "video",
    "canceled": false
  }
}"#;

const HEAD: &str = r#"version: 1
campaign: wire
instances:
  main: { id: "${ZAPI_INSTANCE_ID}", token: "${ZAPI_INSTANCE_TOKEN}", clientToken: "${ZAPI_CLIENT_TOKEN}" }
"#;

#[test]
fn the_example_of_the_reference_is_reproduced_field_for_field() {
    let (world, server) = (World::new(), server());
    let event = r#"events:
  example:
    name: Event Name
    description: Event Description
    dateTime: "2024-04-29T09:30:53.309Z"
    location: { name: Location Name }
    callLinkType: video
    canceled: false
recipients: { one: { list: ["120363019502650977-group"] } }
"#;
    world.write("m.yaml", format!("{HEAD}{event}"));
    world.apply(&server.base_url, &[]).expect(0);
    let sent = log(&server.base_url);
    assert_eq!(sent.len(), 1);
    assert_eq!((&sent[0]["endpoint"], &sent[0]["instance"]), (&"send-event".into(), &"3C01".into()));
    assert_eq!(sent[0]["body"], serde_json::from_str::<Value>(EXAMPLE).unwrap());
    // In the order of the reference, too, and with nothing between the fields.
    let compact: String = EXAMPLE.lines().map(str::trim_start).collect::<String>().replace("\": ", "\":");
    let raw = get(&server.base_url, "/sandbox/log");
    assert!(raw.contains(&format!("\"body\":{compact}")), "{raw}");
}

#[test]
fn the_bodies_of_every_manifest_are_as_they_were() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/manifests");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().unwrap().strip_suffix(".yaml").map(str::to_owned))
        .collect();
    names.sort();
    assert!(names.len() >= 3, "{names:?}");
    for name in names {
        let (world, server) = (World::repository(), server());
        let manifest = format!("manifests/{name}.yaml");
        let arguments = ["apply", &manifest, "--base-url", &server.base_url, "--rate", "unlimited"];
        let mut command = world.command(&arguments);
        for (variable, value) in variables(&std::fs::read_to_string(world.path(&manifest)).unwrap()) {
            command.env(variable, value);
        }
        crate::world::Ran::of(&command.output().unwrap()).expect(0);
        let mut sent: Vec<Value> = log(&server.base_url)
            .into_iter()
            .map(|entry| json!({ "to": entry["endpoint"], "via": entry["instance"], "body": entry["body"] }))
            .collect();
        sent.sort_by_key(|entry| (entry["body"]["event"]["dateTime"].to_string(), entry["body"].to_string()));
        insta::assert_json_snapshot!(format!("bodies_of_{name}"), sent);
    }
}

/// The environment variables that a manifest names, each with a value of its own.
fn variables(manifest: &str) -> Vec<(&str, String)> {
    let named = manifest.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    named
        .filter(|name| name.starts_with("ZAPI_"))
        .map(|name| (name, name.replace("ZAPI_", "").to_lowercase()))
        .collect()
}

#[test]
fn every_kind_of_change_sends_the_whole_event_again() {
    let (world, server) = (World::new(), server());
    let full = r#"timezone: America/Sao_Paulo
events:
  launch:
    name: Spring launch
    description: Welcome
    dateTime: "2027-05-14T19:00"
    location: { name: HQ }
    callLinkType: video
    canceled: false
recipients: { one: { list: ["120363019502650977-group"] }, two: { list: ["120363019502650978-group"] } }
"#;
    let apply = |event: &str, more: &[&str]| {
        let before = log(&server.base_url).len();
        world.write("m.yaml", format!("{HEAD}{event}"));
        world.apply(&server.base_url, more).expect(0);
        log(&server.base_url).split_off(before)
    };
    let first = apply(full, &[]);
    assert_eq!(first.len(), 2);
    let invited = world.results("wire.results.csv");
    let unlisted = full.replace(", two: { list: [\"120363019502650978-group\"] }", "");
    let changes: &[(&str, String, &[&str])] = &[
        ("name", full.replace("Spring launch", "Summer \"launch\""), &[]),
        ("description", full.replace("Welcome", "Come in"), &[]),
        ("description taken out", full.replace("    description: Welcome\n", ""), &[]),
        ("dateTime", full.replace("T19:00", "T20:30"), &[]),
        ("timezone", full.replace("America/Sao_Paulo", "Asia/Kolkata"), &[]),
        ("timezone taken out", full.replace("timezone: America/Sao_Paulo\n", ""), &[]),
        ("location", full.replace("HQ", "Roof"), &[]),
        ("location taken out", full.replace("    location: { name: HQ }\n", ""), &[]),
        ("callLinkType", full.replace("video", "voice"), &[]),
        ("callLinkType taken out", full.replace("    callLinkType: video\n", ""), &[]),
        ("called off", full.replace("canceled: false", "canceled: true"), &[]),
        ("wanted again", full.to_owned(), &[]),
        ("no longer listed, called off", unlisted, &["--cancel-left=1"]),
        ("listed again", full.to_owned(), &[]),
        (
            "name and date, allowed",
            full.replace("Spring", "Autumn").replace("2027-05", "2027-09"),
            &["--allow-rewrite"],
        ),
    ];
    let mut golden = serde_json::Map::new();
    for (what, manifest, more) in changes {
        let mut sent = apply(manifest, more);
        sent.sort_by_key(|entry| entry["recipient"].to_string());
        assert_eq!(sent.len(), if what.contains("listed") { 1 } else { 2 }, "{what}");
        for entry in &mut sent {
            assert_eq!(entry["endpoint"], "send-edit-event", "{what}");
            let row = invited.iter().find(|row| *row.get("recipient") == entry["recipient"]).unwrap();
            assert_eq!(entry["body"]["eventMessageId"], row.get("message_id"), "{what}");
            entry["body"]["eventMessageId"] = "the invitation's".into();
        }
        golden.insert((*what).to_owned(), sent[0]["body"].clone());
        if !what.contains("listed") {
            for entry in &mut sent {
                entry["body"]["phone"] = Value::Null;
            }
            assert_eq!(sent[0]["body"], sent[1]["body"], "{what}");
        }
    }
    let in_order: Vec<Value> = changes.iter().map(|(what, ..)| json!({ *what: golden[*what] })).collect();
    insta::assert_json_snapshot!("bodies_of_edits", in_order);
}
