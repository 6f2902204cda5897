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
    /// The invitation stands although it is no longer listed, or suppressed now. Never edited. In doubt, an edit of unknown
    /// fate is out, which may have called it off.
    Left { in_doubt: bool },
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
    /// Listed by a row with this error, so that what is wanted is not known: whatever there is stays as it is.
    Faulty { error: &'a str },
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
        Wanted::Faulty { error } => Verb::Skip(SkipReason::Invalid { error: error.to_owned() }),
        Wanted::Unlisted => Verb::Skip(SkipReason::NoLongerListed),
    }
}

/// Nobody can know whether the invitation arrived, so only a person's word moves it, and only towards a listed one.
fn decide_unknown(wanted: Wanted<'_>, known: &Known<'_>, rules: Rules) -> Verb {
    match wanted {
        Wanted::Listed { event } if rules.resend_unknown && !is_canceled(event) => create_again(known),
        Wanted::Listed { .. } | Wanted::Suppressed | Wanted::Faulty { .. } | Wanted::Unlisted => Verb::Keep,
    }
}

/// Pending, rejected or skipped, and certainly not invited.
fn decide_uninvited(wanted: Wanted<'_>, known: &Known<'_>) -> Verb {
    match decide_new(wanted) {
        Verb::Create => create_again(known),
        other => other,
    }
}

/// What was tried and certainly not processed may go through another instance when its own is gone: a wrong id can be
/// corrected. What may have been sent stays.
fn create_again(known: &Known<'_>) -> Verb {
    let may_be_sent = known.state == State::Unknown;
    if may_be_sent && !known.instance_present { Verb::Blocked(BlockedWhy::InstanceChanged) } else { Verb::Create }
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
        Wanted::Faulty { .. } => Verb::Keep,
        Wanted::Unlisted | Wanted::Suppressed if is_canceled(has) && !known.doubt => Verb::Keep,
        Wanted::Unlisted if rules.cancel_left || known.called_off => {
            blocked_edit(known).map_or(Verb::CallOff, Verb::Blocked)
        }
        Wanted::Unlisted | Wanted::Suppressed => Verb::Left { in_doubt: known.doubt },
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
mod tests;
