//! The hot path and what an earlier run left, against a ledger in memory.

use super::*;
use crate::ledger::testing::{
    Manifest, accepted, at, body, intend, not_sent, rejected, results, row, send, settle, spool, states, unknown, work,
};
use crate::ledger::{Mode, Narrow, ResultRow, Work};
use crate::message::State;

fn apply(ledger: &mut Ledger, hour: u32) {
    let rows = spool(["1-group", "2-group", "3-group", "4-group"].map(|id| row(id, &body("Launch", hour))));
    Manifest::default().reconcile(ledger, &rows);
}

fn only_states(ledger: &Ledger) -> Vec<State> {
    states(ledger).into_iter().map(|(_, state)| state).collect()
}

#[test]
fn an_outcome_becomes_a_state() {
    let mut ledger = Ledger::in_memory("c").unwrap();
    apply(&mut ledger, 19);
    let outcomes = [accepted(1), rejected(), not_sent(), unknown()];
    for (work, outcome) in work(&ledger).into_iter().zip(outcomes) {
        let attempt = intend(&mut ledger, &work);
        settle(&mut ledger, &work, attempt, outcome);
    }
    let expected = [State::Accepted, State::Rejected, State::Pending, State::Unknown];
    assert_eq!(only_states(&ledger), expected);
    // What was not sent goes again; its second create is allowed.
    assert_eq!(send(&mut ledger, accepted).len(), 1);
    let counts = ledger.counts(&Narrow::default()).unwrap();
    assert_eq!((counts.accepted, counts.rejected, counts.unknown, counts.pending), (2, 1, 1, 0));
}

#[test]
fn an_edit_that_is_refused_or_doubtful_leaves_the_invitation() {
    let mut ledger = Ledger::in_memory("c").unwrap();
    apply(&mut ledger, 19);
    send(&mut ledger, accepted);
    apply(&mut ledger, 20);
    let outcomes = [accepted(9), rejected(), not_sent(), unknown()];
    for (work, outcome) in work(&ledger).into_iter().zip(outcomes) {
        let attempt = intend(&mut ledger, &work);
        settle(&mut ledger, &work, attempt, outcome);
    }
    let expected = [State::Accepted, State::Rejected, State::Pending, State::Pending];
    assert_eq!(only_states(&ledger), expected);
    apply(&mut ledger, 20);
    assert_eq!(send(&mut ledger, accepted).len(), 3);
    assert_eq!(only_states(&ledger), [State::Accepted; 4]);
}

#[test]
fn an_edit_that_was_refused_and_is_not_wanted_any_more_leaves_no_trace_in_the_row() {
    let mut ledger = Ledger::in_memory("c").unwrap();
    apply(&mut ledger, 19);
    send(&mut ledger, accepted);
    apply(&mut ledger, 20);
    send(&mut ledger, |_| rejected());
    let seen = |ledger: &Ledger| results(ledger, |row| (row.status, row.http_status, row.error.to_owned())).remove(0);
    assert_eq!(seen(&ledger), (State::Rejected, Some(400), "Invalid phone".to_owned()));
    apply(&mut ledger, 19);
    assert_eq!(seen(&ledger), (State::Accepted, None, String::new()));
}

#[test]
fn what_was_held_back_is_as_it_was_and_goes_later() {
    let mut ledger = Ledger::in_memory("c").unwrap();
    apply(&mut ledger, 19);
    let rows = |ledger: &Ledger| {
        let mut rows = Vec::new();
        let row = |row: &ResultRow<'_>| {
            rows.push((row.status, row.attempts, row.error.to_owned(), row.updated_at));
            Ok::<_, LedgerError>(())
        };
        ledger.each_result(row).unwrap();
        rows
    };
    let before = rows(&ledger);
    for work in work(&ledger) {
        let attempt = intend(&mut ledger, &work);
        settle(&mut ledger, &work, attempt, Outcome::HeldBack);
    }
    assert_eq!(rows(&ledger), before);
    assert_eq!(send(&mut ledger, accepted).len(), 4);
    assert!(rows(&ledger).iter().all(|row| (row.0, row.1) == (State::Accepted, 1)));
    apply(&mut ledger, 20);
    for work in work(&ledger) {
        let attempt = intend(&mut ledger, &work);
        settle(&mut ledger, &work, attempt, Outcome::HeldBack);
    }
    assert!(rows(&ledger).iter().all(|row| (row.0, row.1) == (State::Pending, 1)));
    assert_eq!(send(&mut ledger, accepted).len(), 4);
}

#[test]
fn a_second_create_is_an_error_that_ends_everything() {
    for outcome in [None, Some(accepted(1)), Some(unknown())] {
        let mut ledger = Ledger::in_memory("c").unwrap();
        apply(&mut ledger, 19);
        let work = work(&ledger).remove(0);
        let attempt = intend(&mut ledger, &work);
        if let Some(outcome) = outcome {
            settle(&mut ledger, &work, attempt, outcome);
        }
        let again = Intent { attempt: attempt + 1, message: work.message, kind: work.kind, at: at(1) };
        let batch = Batch { settlements: Vec::new(), intents: vec![again] };
        assert!(matches!(ledger.commit(&batch), Err(LedgerError::Database { .. })));
        assert!(matches!(ledger.commit(&Batch::default()), Err(LedgerError::Broken { .. })));
        assert_eq!(ledger.last_attempt().unwrap(), attempt);
    }
}

#[test]
fn an_attempt_that_is_not_the_next_is_an_error_and_not_kept() {
    for number in [0, 2, 7] {
        let mut ledger = Ledger::in_memory("c").unwrap();
        apply(&mut ledger, 19);
        let Work { message, kind, .. } = work(&ledger).remove(0);
        let intents = vec![Intent { attempt: number, message, kind, at: at(1) }];
        let done = ledger.commit(&Batch { settlements: Vec::new(), intents });
        assert!(matches!(done, Err(LedgerError::Database { .. })), "{number}");
        assert_eq!(ledger.last_attempt().unwrap(), 0);
    }
}

#[test]
fn a_batch_is_kept_whole_or_not_at_all() {
    let mut ledger = Ledger::in_memory("c").unwrap();
    apply(&mut ledger, 19);
    let work = work(&ledger);
    let attempt = intend(&mut ledger, &work[0]);
    let settlement =
        Settlement { attempt, message: work[0].message, kind: work[0].kind, outcome: accepted(1), at: at(1) };
    let twice = Batch { settlements: vec![settlement.clone(), settlement], intents: Vec::new() };
    assert!(ledger.commit(&twice).is_err());
    assert_eq!(states(&ledger)[0].1, State::Unknown, "still under way");
}

#[test]
fn what_was_under_way_when_a_run_died_is_unknown() {
    let mut ledger = Ledger::in_memory("c").unwrap();
    apply(&mut ledger, 19);
    let all = work(&ledger);
    intend(&mut ledger, &all[0]);
    assert_eq!(work(&ledger).len(), 3, "what is under way is not given out");
    let recovered = ledger.recover().unwrap();
    assert_eq!((recovered.unknown, recovered.edits, recovered.rescued), (1, 0, 0));
    assert_eq!(only_states(&ledger)[0], State::Unknown);
    send(&mut ledger, accepted);
    apply(&mut ledger, 20);
    let all = work(&ledger);
    assert_eq!(all.len(), 3, "the unknown one is left alone");
    intend(&mut ledger, &all[0]);
    assert_eq!(ledger.recover().unwrap().edits, 1);
    assert_eq!(work(&ledger).len(), 3, "an edit is simply made again");
}

#[test]
fn answers_that_could_not_be_written_are_taken_in_by_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.ledger.db");
    let mut ledger = Ledger::open(&path, "c", Mode::Create).unwrap();
    apply(&mut ledger, 19);
    let all = work(&ledger);
    let attempts: Vec<i64> = all.iter().map(|work| intend(&mut ledger, work)).collect();
    let settlement = |index: usize, outcome| Settlement {
        attempt: attempts[index],
        message: all[index].message,
        kind: all[index].kind,
        outcome,
        at: at(1),
    };
    // The disk is full from here on.
    ledger.connection.execute_batch("PRAGMA max_page_count = 1; CREATE TEMP TRIGGER full BEFORE UPDATE ON main.attempt BEGIN SELECT RAISE(FAIL, 'full'); END;").unwrap();
    let batch = Batch { settlements: vec![settlement(0, accepted(1))], intents: Vec::new() };
    assert!(ledger.commit(&batch).is_err());
    ledger.rescue(&[settlement(1, rejected())]).unwrap();
    drop(ledger);
    let ledger = Ledger::open(&path, "c", Mode::Write).unwrap();
    let recovered = ledger.recovered();
    assert_eq!((recovered.rescued, recovered.unknown), (2, 2));
    assert_eq!(only_states(&ledger), [State::Accepted, State::Rejected, State::Unknown, State::Unknown]);
    assert!(!rescue::path_of(&ledger.path).exists());
    drop(ledger);
    let again = Ledger::open(&path, "c", Mode::Write).unwrap().recovered();
    assert_eq!(again, Recovered::default());
}

#[test]
fn a_ledger_that_was_replaced_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.ledger.db");
    let mut ledger = Ledger::open(&path, "c", Mode::Create).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(ledger.commit(&Batch::default()), Err(LedgerError::Replaced { .. })));
}
