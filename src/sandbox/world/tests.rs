//! Ids and edits of the stand-in, also across a restart with a state file.

use std::collections::HashSet;
use std::path::Path;

use super::*;

const GROUP: &str = "120363019502650977-group";

fn world(state: &Path, foreign: u32) -> World {
    let options = Options { state: Some(state.to_owned()), drain: Drain::Never, foreign, ..Options::default() };
    World::new(options, 0).unwrap()
}

fn event(name: &str) -> Box<RawValue> {
    RawValue::from_string(format!(r#"{{"name":"{name}","dateTime":"2026-12-04T19:00:00.000Z"}}"#)).unwrap()
}

/// Creates an event, or edits the one with this id.
fn send(world: &mut World, original_id: Option<&str>, name: &str) -> Result<Ids, String> {
    let event = event(name);
    let wanted = Wanted {
        phone: GROUP.to_owned(),
        original_id: original_id.map(str::to_owned),
        event: &event,
        name: name.to_owned(),
        date_time: "2026-12-04T19:00:00.000Z".to_owned(),
    };
    match original_id {
        Some(_) => world.edit("A", &wanted, 0).unwrap(),
        None => world.create("A", &wanted, 0).unwrap(),
    }
}

fn has(world: &World, message_id: &str) -> String {
    let (_, accepted) = world.accepted().find(|(id, _)| *id == message_id).unwrap();
    let event: serde_json::Value = serde_json::from_str(accepted.event().get()).unwrap();
    event["name"].as_str().unwrap().to_owned()
}

#[test]
fn ids_are_never_given_twice_whatever_was_not_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let mut seen = HashSet::new();
    for foreign in [3, 0, 5] {
        let mut world = world(&state, foreign);
        let mut give = |ids: Ids| assert!(seen.insert(ids.message_id.clone()), "{} again", ids.message_id);
        give(send(&mut world, None, "first").unwrap());
        world.instance("A", 0).refuses_when_disconnected = true;
        world.set_connected(None, false, 0);
        assert!(send(&mut world, None, "refused").is_err());
        world.set_connected(None, true, 0);
        let second = send(&mut world, None, "second").unwrap();
        let edit = send(&mut world, Some(&second.message_id), "edited").unwrap();
        assert!(world.take_back("A", &edit.zaap_id, 0).unwrap());
        give(second);
        give(edit);
    }
}

#[test]
fn an_event_is_what_the_edits_that_were_not_taken_back_say() {
    // Which of two edits are taken back, in this order, and what the recipient has after each.
    let cases: [&[(usize, &str)]; 4] =
        [&[(0, "two"), (1, "as created")], &[(1, "one"), (0, "as created")], &[(0, "two")], &[(1, "one")]];
    for case in cases {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state.json");
        let mut first = world(&state, 0);
        let created = send(&mut first, None, "as created").unwrap().message_id;
        let edits = ["one", "two"].map(|name| send(&mut first, Some(&created), name).unwrap().zaap_id);
        for (taken, expected) in case {
            assert!(first.take_back("A", &edits[*taken], 0).unwrap());
            assert_eq!(has(&first, &created), *expected, "{case:?}");
        }
        assert_eq!(has(&world(&state, 0), &created), case.last().unwrap().1, "{case:?} after a restart");
    }
}
