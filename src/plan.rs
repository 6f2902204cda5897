//! What has to be done for one message: what the manifest wants beside what the ledger knows, and out comes a verb.
//!
//! Pure, and the whole of "what a second apply does". Talks to nobody; knows neither network nor disk nor SQL. The
//! ledger's walk calls it row by row and carries out what it says.

use crate::message::{AttemptKind, Event, SkipReason, State};

/// What happens to one message in this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// Invite: nobody has been invited, as far as anyone can know.
    Create,
    /// Replace what the recipient has by what the manifest wants.
    Edit,
    /// An edit to `canceled: true`.
    CallOff,
    /// Nothing to do: the recipient has what is wanted, or nobody can know (unknown) and a person must decide.
    Keep,
    /// Nothing is sent, nothing had been.
    Skip(SkipReason),
    /// The invitation stands although it is no longer listed, or suppressed now. Never edited.
    Left,
    /// Must not be done without a person.
    Blocked(BlockedWhy),
}

/// Why something is not done without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockedWhy {
    /// The instance that the message was sent through is not in the manifest, or its id is another one now.
    InstanceChanged,
    /// Name and date both differ from what was sent: that is a new event.
    Rewritten,
    /// A person said that it arrived, but not under which message id.
    MessageIdUnknown,
}

impl BlockedWhy {
    pub const ALL: [Self; 3] = [Self::InstanceChanged, Self::Rewritten, Self::MessageIdUnknown];

    /// What people are told.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InstanceChanged => "the instance that it was sent through has changed or gone",
            Self::Rewritten => "name and date both differ from what was sent; a new event? give it a new id",
            Self::MessageIdUnknown => "its message id is not known, so it cannot be edited",
        }
    }
}

/// What the manifest wants for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// Listed: the JSON of the [`Event`].
    Listed { event: &'a str },
    /// Listed or not, it is on a suppress list.
    Suppressed,
    /// No row names it any more.
    Unlisted,
}

/// What the ledger knows of a message.
#[allow(clippy::struct_excessive_bools)] // facts that do not depend on one another
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known<'a> {
    pub state: State,
    /// The event that the recipient has, as JSON; `None` when nobody was invited.
    pub has: Option<&'a str>,
    /// An edit of unknown fate is out: the recipient has either that wording or `has`.
    pub doubt: bool,
    /// The wording that the ledger was told to bring about, which is `has` when nothing is waiting.
    pub planned: &'a str,
    /// What the ledger was told to do and has not done yet; `None` for what is done or was blocked.
    pub task: Option<AttemptKind>,
    pub message_id_known: bool,
    /// There was at least one attempt: the message stays with its instance.
    pub attempted: bool,
    /// The message's instance is among the manifest's, with the same id where that can be compared.
    pub instance_present: bool,
    /// A person asked to call it off although it is not listed.
    pub called_off: bool,
}

/// What a person allowed for this run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules {
    /// `--allow-rewrite`
    pub allow_rewrite: bool,
    /// `--cancel-left`
    pub cancel_left: bool,
    /// `--resend-unknown`: listed unknown messages are written off and created again.
    pub resend_unknown: bool,
}

/// Decides what happens to one message. `known` is `None` for what the ledger has never heard of.
pub fn decide(wanted: Wanted<'_>, known: Option<&Known<'_>>, rules: Rules) -> Verb {
    let Some(known) = known else { return decide_new(wanted) };
    match known.state {
        State::Unknown => decide_unknown(wanted, known, rules),
        State::Pending | State::Rejected | State::Accepted | State::Skipped => match known.has {
            Some(has) => decide_invited(wanted, known, has, rules),
            None => decide_uninvited(wanted, known),
        },
    }
}

fn decide_new(wanted: Wanted<'_>) -> Verb {
    match wanted {
        Wanted::Listed { event } if is_canceled(event) => Verb::Skip(SkipReason::Canceled),
        Wanted::Listed { .. } => Verb::Create,
        Wanted::Suppressed => Verb::Skip(SkipReason::Suppressed),
        Wanted::Unlisted => Verb::Skip(SkipReason::NoLongerListed),
    }
}

/// Nobody can know whether the invitation arrived, so only a person's word moves it, and only towards a listed one.
fn decide_unknown(wanted: Wanted<'_>, known: &Known<'_>, rules: Rules) -> Verb {
    match wanted {
        Wanted::Listed { event } if rules.resend_unknown && !is_canceled(event) => create_again(known),
        Wanted::Listed { .. } | Wanted::Suppressed | Wanted::Unlisted => Verb::Keep,
    }
}

/// Pending, rejected or skipped, and certainly not invited.
fn decide_uninvited(wanted: Wanted<'_>, known: &Known<'_>) -> Verb {
    match decide_new(wanted) {
        Verb::Create => create_again(known),
        other => other,
    }
}

fn create_again(known: &Known<'_>) -> Verb {
    if known.attempted && !known.instance_present { Verb::Blocked(BlockedWhy::InstanceChanged) } else { Verb::Create }
}

/// The recipient has an invitation with the wording `has`.
fn decide_invited(wanted: Wanted<'_>, known: &Known<'_>, has: &str, rules: Rules) -> Verb {
    match wanted {
        Wanted::Listed { event } => {
            let change = Change::between(has, event);
            if change == Change::None && !known.doubt {
                return Verb::Keep;
            }
            // An edit that a person allowed before, and that was interrupted, goes on without being allowed again.
            let allowed = rules.allow_rewrite || known.task == Some(AttemptKind::Edit) && alike(known.planned, event);
            if change == Change::NameAndDate && !allowed {
                return Verb::Blocked(BlockedWhy::Rewritten);
            }
            let verb = if is_canceled(event) && !is_canceled(has) { Verb::CallOff } else { Verb::Edit };
            blocked_edit(known).map_or(verb, Verb::Blocked)
        }
        Wanted::Unlisted if is_canceled(has) && !known.doubt => Verb::Keep,
        Wanted::Unlisted if rules.cancel_left || known.called_off => {
            blocked_edit(known).map_or(Verb::CallOff, Verb::Blocked)
        }
        Wanted::Unlisted | Wanted::Suppressed => Verb::Left,
    }
}

fn blocked_edit(known: &Known<'_>) -> Option<BlockedWhy> {
    if !known.instance_present {
        Some(BlockedWhy::InstanceChanged)
    } else if !known.message_id_known {
        Some(BlockedWhy::MessageIdUnknown)
    } else {
        None
    }
}

/// How far two wordings differ, as far as that matters for what may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Some,
    NameAndDate,
}

impl Change {
    fn between(old: &str, new: &str) -> Self {
        if old == new {
            return Self::None;
        }
        match (parse(old), parse(new)) {
            (Some(old), Some(new)) if old == new => Self::None,
            (Some(old), Some(new)) if old.name != new.name && old.date_time != new.date_time => Self::NameAndDate,
            _ => Self::Some,
        }
    }
}

/// Two wordings say the same: the order of fields and the spelling of the JSON do not count.
pub fn alike(old: &str, new: &str) -> bool {
    Change::between(old, new) == Change::None
}

/// The same event, called off.
pub fn called_off(event: &str) -> String {
    match parse(event) {
        Some(mut event) => {
            event.canceled = true;
            serde_json::to_string(&event).unwrap_or_default()
        }
        None => event.to_owned(),
    }
}

/// Whether the wording calls the event off. Cheap for the usual spelling, which ends with the flag.
pub fn is_canceled(event: &str) -> bool {
    if event.ends_with("\"canceled\":false}") {
        return false;
    }
    event.ends_with("\"canceled\":true}") || parse(event).is_some_and(|event| event.canceled)
}

fn parse(event: &str) -> Option<Event> {
    serde_json::from_str(event).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"name":"Launch","dateTime":"2026-12-04T19:00:00.000Z","canceled":false}"#;
    /// The same in another spelling.
    const RESPELT: &str = r#"{"canceled":false, "dateTime":"2026-12-04T19:00:00.000Z","name":"Launch"}"#;
    const LATER: &str = r#"{"name":"Launch","dateTime":"2026-12-04T20:00:00.000Z","canceled":false}"#;
    const RENAMED: &str = r#"{"name":"Party","dateTime":"2026-12-04T19:00:00.000Z","canceled":false}"#;
    const REWRITTEN: &str = r#"{"name":"Party","dateTime":"2027-01-04T19:00:00.000Z","canceled":false}"#;
    const OFF: &str = r#"{"name":"Launch","dateTime":"2026-12-04T19:00:00.000Z","canceled":true}"#;

    const NONE: Rules = Rules { allow_rewrite: false, cancel_left: false, resend_unknown: false };

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
            attempted: false,
            instance_present: true,
            called_off: false,
        }
    }

    fn accepted() -> Known<'static> {
        let has = Some(EVENT);
        Known { state: State::Accepted, has, task: None, message_id_known: true, attempted: true, ..pending() }
    }

    /// An edit to a later hour waits.
    fn editing() -> Known<'static> {
        Known { state: State::Pending, planned: LATER, task: Some(AttemptKind::Edit), ..accepted() }
    }

    fn rejected() -> Known<'static> {
        Known { state: State::Rejected, attempted: true, ..pending() }
    }

    fn unknown() -> Known<'static> {
        Known { state: State::Unknown, attempted: true, ..pending() }
    }

    fn skipped() -> Known<'static> {
        Known { state: State::Skipped, task: None, ..pending() }
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
            ("no attempt: moves to another instance", listed(EVENT), gone(pending()), Verb::Create),
            (
                "rejected, and its instance gone",
                listed(EVENT),
                gone(rejected()),
                Verb::Blocked(BlockedWhy::InstanceChanged),
            ),
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
            ("accepted and no longer listed", Wanted::Unlisted, Some(accepted()), Verb::Left),
            ("accepted and suppressed", Wanted::Suppressed, Some(accepted()), Verb::Left),
            ("called off and no longer listed", Wanted::Unlisted, Some(off()), Verb::Keep),
            ("an edit goes on", listed(LATER), Some(editing()), Verb::Edit),
            ("an edit is taken back before it was sent", listed(EVENT), Some(editing()), Verb::Keep),
            ("taken back, and nobody knows", listed(EVENT), doubt(editing()), Verb::Edit),
            ("an edit waits, and no longer listed", Wanted::Unlisted, Some(editing()), Verb::Left),
            ("an edit waits, and suppressed", Wanted::Suppressed, Some(editing()), Verb::Left),
            ("an edit was rejected", listed(LATER), Some(refused), Verb::Edit),
            ("name and date both differ", listed(REWRITTEN), Some(accepted()), Verb::Blocked(BlockedWhy::Rewritten)),
            ("instance gone, edited", listed(LATER), gone(accepted()), Verb::Blocked(BlockedWhy::InstanceChanged)),
            ("instance gone, worded alike", listed(EVENT), gone(accepted()), Verb::Keep),
            ("instance gone, no longer listed", Wanted::Unlisted, gone(accepted()), Verb::Left),
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
        for wanted in [listed(EVENT), listed(REWRITTEN), listed(OFF), Wanted::Suppressed, Wanted::Unlisted] {
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
            (Wanted::Suppressed, accepted(), Verb::Left),
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
}
