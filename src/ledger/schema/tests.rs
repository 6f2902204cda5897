//! What the tables promise by themselves, against a database in memory.

use rusqlite::params_from_iter;

use super::*;
use crate::ledger::attempts;

fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.pragma_update(None, "foreign_keys", true).unwrap();
    migrate(&connection).unwrap();
    connection.execute_batch(ONE_MESSAGE).unwrap();
    connection
}

const ONE_MESSAGE: &str = "INSERT INTO name VALUES (1, 'launch');
    INSERT INTO instance VALUES (1, 'f', 'main', 0);
    INSERT INTO message (id, event_id, identity, state, task, instance_id, position, line, file_id, list_id,
        updated_at, address, label, columns) VALUES (1, 1, '1-group', 0, 0, 1, 0, 2, 1, 1, 0, '', '', '[]');";

#[test]
fn migrations_run_once() {
    let connection = database();
    assert_eq!(version(&connection).unwrap(), newest());
    migrate(&connection).unwrap();
}

#[test]
fn a_ledger_of_the_first_format_keeps_its_attempts_and_what_they_forbid() {
    let insert = "INSERT INTO attempt (message, kind, state, started_at) VALUES (1, 0, 0, 0)";
    for state in 0..=5 {
        let connection = Connection::open_in_memory().unwrap();
        make_first_format(&connection);
        connection.execute_batch(ONE_MESSAGE).unwrap();
        connection.execute(insert, []).unwrap();
        for step in if state == 5 { vec![3, 5] } else { vec![state; usize::from(state > 0)] } {
            connection.execute("UPDATE attempt SET state = ?, settled_at = 1", [step]).unwrap();
        }
        migrate(&connection).unwrap();
        assert_eq!(version(&connection).unwrap(), newest());
        let kept: i64 = connection.query_row("SELECT state FROM attempt", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, state);
        assert_eq!(connection.execute(insert, []).is_ok(), ![0, 1, 3].contains(&state), "{state}");
    }
}

#[test]
fn nothing_on_the_hot_path_builds_a_temporary_table_or_is_given_a_number() {
    let connection = database();
    for sql in [attempts::INTENT, attempts::ACCEPTED_ATTEMPT, attempts::ACCEPTED_MESSAGE] {
        let mut explain = connection.prepare(&format!("EXPLAIN {sql}")).unwrap();
        let steps: Vec<String> = explain
            .query_map(params_from_iter(std::iter::repeat_n(1, explain.parameter_count())), |row| row.get("opcode"))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        assert!(steps.iter().any(|step| step.starts_with("Insert")), "{steps:?}");
        assert!(!steps.iter().any(|step| step.starts_with("OpenEphemeral") || step == "OpenAutoindex"), "{sql}");
        // See `INTENT`.
        assert_eq!(sql == attempts::INTENT, steps.iter().any(|step| step == "NewRowid"), "{sql}");
    }
}

#[test]
fn an_attempt_is_an_intent_first_and_is_settled_once() {
    // From and to: whether the second step is allowed, for a create.
    let allowed = |from: i64, to: i64| {
        matches!((from, to), (0, 1..=4) | (attempt::UNKNOWN, 1 | 5 | 6) | (attempt::ACCEPTED, 3 | 6))
    };
    for from in 0..=6 {
        let connection = database();
        let insert = "INSERT INTO attempt (id, message, kind, state, started_at, settled_at) VALUES (1, 1, 0, ?, 0, ?)";
        let settled = (from > 0).then_some(1);
        assert_eq!(connection.execute(insert, (from, settled)).is_ok(), from == 0, "insert {from}");
        for to in 0..=6 {
            let connection = database();
            connection.execute(insert, (0, None::<i64>)).unwrap();
            let update = "UPDATE attempt SET state = ?1, void = ?1 = 2 OR ?1 > 3, settled_at = 1";
            let way: &[i64] = match from {
                0 => &[],
                5 => &[3, 5],
                6 => &[1, 6],
                _ => &[from],
            };
            for step in way {
                connection.execute(update, [step]).unwrap();
            }
            let settled = (to > 0).then_some(1);
            let done = connection
                .execute("UPDATE attempt SET state = ?1, void = ?1 = 2 OR ?1 > 3, settled_at = ?2", (to, settled));
            assert_eq!(done.is_ok(), allowed(from, to), "{from} -> {to}");
        }
    }
    let connection = database();
    connection.execute("INSERT INTO attempt (message, kind, state, started_at) VALUES (1, 0, 0, 0)", []).unwrap();
    assert!(connection.execute("DELETE FROM attempt", []).is_err());
    assert!(connection.execute("UPDATE attempt SET message = 2, state = 1, settled_at = 1", []).is_err());
    for (state, void) in [(0, 1), (1, 1), (2, 0), (3, 1), (4, 0)] {
        let connection = database();
        let insert = "INSERT INTO attempt (message, kind, state, void, started_at) VALUES (1, 0, 0, 0, 0)";
        connection.execute(insert, []).unwrap();
        let settled = (state > 0).then_some(1);
        let update = "UPDATE attempt SET state = ?1, void = ?2, settled_at = ?3";
        assert!(connection.execute(update, (state, void, settled)).is_err(), "{state} {void}");
    }
}

#[test]
fn one_create_at_a_time_and_none_after_an_accepted_or_unknown_one() {
    let insert = "INSERT INTO attempt (message, kind, state, started_at) VALUES (1, ?, 0, 0)";
    for (way, again) in [
        (&[][..], false),
        (&[1], false),
        (&[2], true),
        (&[3], false),
        (&[4], true),
        (&[3, 5], true),
        (&[1, 6], true),
        (&[1, 3], false),
        (&[1, 3, 1], false),
        (&[1, 3, 5], true),
        (&[1, 3, 6], true),
    ] {
        let connection = database();
        connection.execute(insert, [0]).unwrap();
        for step in way {
            connection
                .execute("UPDATE attempt SET state = ?1, void = ?1 = 2 OR ?1 > 3, settled_at = 1", [step])
                .unwrap();
        }
        assert_eq!(connection.execute(insert, [0]).is_ok(), again, "{way:?}");
        assert!(connection.execute(insert, [1]).is_ok(), "an edit may be repeated, {way:?}");
    }
}

#[test]
fn an_attempt_without_a_message_is_refused() {
    let insert = "INSERT INTO attempt (message, kind, state, started_at) VALUES (9, 0, 0, 0)";
    assert!(database().execute(insert, []).is_err());
}
