//! Every sentence of "what a second apply does", as a table.

use super::*;

const EVENT: &str = r#"{"name":"Launch","dateTime":"2026-12-04T19:00:00.000Z","canceled":false}"#;
/// The same in another spelling.
const RESPELT: &str = r#"{"canceled":false, "dateTime":"2026-12-04T19:00:00.000Z","name":"Launch"}"#;
const LATER: &str = r#"{"name":"Launch","dateTime":"2026-12-04T20:00:00.000Z","canceled":false}"#;
const RENAMED: &str = r#"{"name":"Party","dateTime":"2026-12-04T19:00:00.000Z","canceled":false}"#;
const REWRITTEN: &str = r#"{"name":"Party","dateTime":"2027-01-04T19:00:00.000Z","canceled":false}"#;
const OFF: &str = r#"{"name":"Launch","dateTime":"2026-12-04T19:00:00.000Z","canceled":true}"#;

const NONE: Rules = Rules { allow_rewrite: false, cancel_left: false, resend_unknown: false };

const FAULTY: Wanted<'static> = Wanted::Faulty { error: "no name" };

fn listed(event: &str) -> Wanted<'_> {
    Wanted::Listed { event }
}

/// Pending and never tried.
fn pending() -> Known<'static> {
    Known {
        state: State::Pending,
        has: None,
        doubt: false,
        planned: EVENT,
        task: Some(AttemptKind::Create),
        message_id_known: false,
        instance_present: true,
        called_off: false,
    }
}

fn accepted() -> Known<'static> {
    let has = Some(EVENT);
    Known { state: State::Accepted, has, task: None, message_id_known: true, ..pending() }
}

/// An edit to a later hour waits.
fn editing() -> Known<'static> {
    Known { state: State::Pending, planned: LATER, task: Some(AttemptKind::Edit), ..accepted() }
}

fn rejected() -> Known<'static> {
    Known { state: State::Rejected, ..pending() }
}

fn unknown() -> Known<'static> {
    Known { state: State::Unknown, ..pending() }
}

fn skipped() -> Known<'static> {
    Known { state: State::Skipped, task: None, ..pending() }
}

fn left(in_doubt: bool) -> Verb {
    Verb::Left { in_doubt }
}

fn check(cases: &[(&str, Wanted<'_>, Option<Known<'_>>, Verb)]) {
    for (sentence, wanted, known, verb) in cases {
        assert_eq!(decide(*wanted, known.as_ref(), NONE), *verb, "{sentence}");
    }
}

#[test]
fn what_a_second_apply_does_with_what_was_not_sent() {
    let gone = |known: Known<'static>| Some(Known { instance_present: false, ..known });
    let canceled = || Verb::Skip(SkipReason::Canceled);
    let suppressed = || Verb::Skip(SkipReason::Suppressed);
    let no_longer = || Verb::Skip(SkipReason::NoLongerListed);
    let invalid = || Verb::Skip(SkipReason::Invalid { error: "no name".to_owned() });
    check(&[
        ("listed and new", listed(EVENT), None, Verb::Create),
        ("canceled never invites", listed(OFF), None, canceled()),
        ("canceled never invites what was pending", listed(OFF), Some(pending()), canceled()),
        ("canceled never invites what was rejected", listed(OFF), Some(rejected()), canceled()),
        ("suppressed and new", Wanted::Suppressed, None, suppressed()),
        ("pending goes on", listed(EVENT), Some(pending()), Verb::Create),
        ("pending and reworded", listed(REWRITTEN), Some(pending()), Verb::Create),
        ("pending and no longer listed", Wanted::Unlisted, Some(pending()), no_longer()),
        ("pending and suppressed", Wanted::Suppressed, Some(pending()), suppressed()),
        ("rejected before", listed(EVENT), Some(rejected()), Verb::Create),
        ("rejected and reworded", listed(REWRITTEN), Some(rejected()), Verb::Create),
        ("rejected and no longer listed", Wanted::Unlisted, Some(rejected()), no_longer()),
        ("rejected and suppressed", Wanted::Suppressed, Some(rejected()), suppressed()),
        ("skipped and wanted again", listed(EVENT), Some(skipped()), Verb::Create),
        ("skipped and still not wanted", Wanted::Unlisted, Some(skipped()), no_longer()),
        ("skipped since called off", listed(OFF), Some(skipped()), canceled()),
        ("not sent, and its instance gone: it moves to another", listed(EVENT), gone(pending()), Verb::Create),
        ("faulty and new", FAULTY, None, invalid()),
        ("pending and faulty", FAULTY, Some(pending()), invalid()),
        ("rejected and faulty", FAULTY, Some(rejected()), invalid()),
        ("rejected, and its instance gone", listed(EVENT), gone(rejected()), Verb::Create),
        ("gone, and no longer listed", Wanted::Unlisted, gone(rejected()), no_longer()),
    ]);
}

#[test]
fn what_a_second_apply_does_with_what_was_sent() {
    let gone = |known: Known<'static>| Some(Known { instance_present: false, ..known });
    let nameless = |known: Known<'static>| Some(Known { message_id_known: false, ..known });
    let off = || Known { has: Some(OFF), planned: OFF, ..accepted() };
    let doubt = |known: Known<'static>| Some(Known { doubt: true, ..known });
    let refused = Known { state: State::Rejected, ..editing() };
    check(&[
        ("accepted and worded alike", listed(EVENT), Some(accepted()), Verb::Keep),
        ("alike in another spelling", listed(RESPELT), Some(accepted()), Verb::Keep),
        ("accepted and worded otherwise", listed(LATER), Some(accepted()), Verb::Edit),
        ("renamed only", listed(RENAMED), Some(accepted()), Verb::Edit),
        ("called off", listed(OFF), Some(accepted()), Verb::CallOff),
        ("already called off", listed(OFF), Some(off()), Verb::Keep),
        ("called off and wanted again", listed(EVENT), Some(off()), Verb::Edit),
        ("accepted and no longer listed", Wanted::Unlisted, Some(accepted()), left(false)),
        ("accepted and suppressed", Wanted::Suppressed, Some(accepted()), left(false)),
        ("called off and no longer listed", Wanted::Unlisted, Some(off()), Verb::Keep),
        ("called off and suppressed", Wanted::Suppressed, Some(off()), Verb::Keep),
        ("perhaps called off, and suppressed", Wanted::Suppressed, doubt(off()), left(true)),
        ("an edit goes on", listed(LATER), Some(editing()), Verb::Edit),
        ("an edit is taken back before it was sent", listed(EVENT), Some(editing()), Verb::Keep),
        ("taken back, and nobody knows", listed(EVENT), doubt(editing()), Verb::Edit),
        ("an edit waits, and no longer listed", Wanted::Unlisted, Some(editing()), left(false)),
        ("an edit waits, and suppressed", Wanted::Suppressed, Some(editing()), left(false)),
        ("an edit was rejected", listed(LATER), Some(refused), Verb::Edit),
        ("name and date both differ", listed(REWRITTEN), Some(accepted()), Verb::Blocked(BlockedWhy::Rewritten)),
        ("instance gone, edited", listed(LATER), gone(accepted()), Verb::Blocked(BlockedWhy::InstanceChanged)),
        ("instance gone, worded alike", listed(EVENT), gone(accepted()), Verb::Keep),
        ("instance gone, no longer listed", Wanted::Unlisted, gone(accepted()), left(false)),
        ("accepted and faulty", FAULTY, Some(accepted()), Verb::Keep),
        ("an edit waits, and faulty", FAULTY, Some(editing()), Verb::Keep),
        ("message id unknown", listed(LATER), nameless(accepted()), Verb::Blocked(BlockedWhy::MessageIdUnknown)),
        (
            "message id unknown, called off",
            listed(OFF),
            nameless(accepted()),
            Verb::Blocked(BlockedWhy::MessageIdUnknown),
        ),
        ("message id unknown, worded alike", listed(EVENT), nameless(accepted()), Verb::Keep),
    ]);
}

#[test]
fn unknown_is_kept_whatever_is_wanted() {
    for wanted in [listed(EVENT), listed(REWRITTEN), listed(OFF), Wanted::Suppressed, FAULTY, Wanted::Unlisted] {
        for instance_present in [true, false] {
            let known = Known { instance_present, ..unknown() };
            assert_eq!(decide(wanted, Some(&known), NONE), Verb::Keep, "{wanted:?}");
        }
    }
}

#[test]
fn what_a_person_allows() {
    let rewrite = Rules { allow_rewrite: true, ..NONE };
    assert_eq!(decide(listed(REWRITTEN), Some(&accepted()), rewrite), Verb::Edit);
    let interrupted = Known { planned: REWRITTEN, ..editing() };
    assert_eq!(decide(listed(REWRITTEN), Some(&interrupted), NONE), Verb::Edit, "it was allowed before");
    assert_eq!(decide(listed(REWRITTEN), Some(&editing()), NONE), Verb::Blocked(BlockedWhy::Rewritten));

    let cancel = Rules { cancel_left: true, ..NONE };
    for (wanted, known, verb) in [
        (Wanted::Unlisted, accepted(), Verb::CallOff),
        (Wanted::Unlisted, editing(), Verb::CallOff),
        (Wanted::Suppressed, accepted(), left(false)),
        (FAULTY, accepted(), Verb::Keep),
        (Wanted::Unlisted, Known { has: Some(OFF), ..accepted() }, Verb::Keep),
        (Wanted::Unlisted, pending(), Verb::Skip(SkipReason::NoLongerListed)),
        (Wanted::Unlisted, unknown(), Verb::Keep),
        (listed(EVENT), accepted(), Verb::Keep),
    ] {
        assert_eq!(decide(wanted, Some(&known), cancel), verb, "{wanted:?} {known:?}");
    }
    let asked = Known { called_off: true, ..editing() };
    assert_eq!(decide(Wanted::Unlisted, Some(&asked), NONE), Verb::CallOff, "it was asked for before");

    let resend = Rules { resend_unknown: true, ..NONE };
    for (wanted, verb) in [
        (listed(EVENT), Verb::Create),
        (listed(REWRITTEN), Verb::Create),
        (listed(OFF), Verb::Keep),
        (Wanted::Suppressed, Verb::Keep),
        (Wanted::Unlisted, Verb::Keep),
    ] {
        assert_eq!(decide(wanted, Some(&unknown()), resend), verb, "{wanted:?}");
    }
    let gone = Known { instance_present: false, ..unknown() };
    assert_eq!(decide(listed(EVENT), Some(&gone), resend), Verb::Blocked(BlockedWhy::InstanceChanged));
}

#[test]
fn nobody_who_may_have_been_invited_is_ever_created_again() {
    let wanted = [listed(EVENT), listed(REWRITTEN), listed(OFF), Wanted::Suppressed, Wanted::Unlisted];
    for rules in 0..4 {
        let rules = Rules { allow_rewrite: rules & 1 == 1, cancel_left: rules & 2 == 2, resend_unknown: false };
        for known in [accepted(), editing(), unknown(), Known { state: State::Rejected, ..editing() }] {
            for wanted in wanted {
                assert_ne!(decide(wanted, Some(&known), rules), Verb::Create, "{wanted:?} {known:?}");
            }
        }
    }
}

#[test]
fn calling_off_changes_nothing_else() {
    assert_eq!(called_off(EVENT), OFF);
    assert!(is_canceled(OFF) && !is_canceled(EVENT) && !is_canceled(RESPELT));
    let trick = r#"{"name":"\"canceled\":true}","dateTime":"x","canceled":false}"#;
    assert!(!is_canceled(trick));
}
