//! Asks before anything is sent: on a terminal for the number of messages, to be typed; elsewhere `--yes` answers.
//!
//! The decision is a pure function of what was typed and planned; only [`confirm`] talks to the terminal.

use std::io::{self, Write};
use std::thread;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::failure::Failure;
use super::guard;
use crate::engine::StopSignal;
use crate::exit::Exit;
use crate::ledger::Plan;
use crate::report::{Past, words};

/// What is asked about.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub plan: &'a Plan,
    /// The number of messages that this run attempts: creates, edits and what is called off.
    pub to_do: u64,
    /// `--yes[=COUNT]`
    #[allow(clippy::option_option)] // as the command line has it: absent, given, given with a number
    pub yes: Option<Option<u64>>,
    /// `--cancel-left[=COUNT]`; that the number is right has been checked.
    #[allow(clippy::option_option)] // as above
    pub cancel_left: Option<Option<u64>>,
    /// The sandbox, or a loopback base URL: nothing real can be reached.
    pub is_loopback: bool,
    /// What this run does not know of, with `--new-ledger`.
    pub past: Option<Past>,
    pub deed: Deed,
}

/// What a yes brings about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Send,
    /// Out of Z-API's queue.
    TakeBack,
}

impl Deed {
    fn verb(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::TakeBack => "take back",
        }
    }

    /// `nothing was …`
    pub(super) fn done(self) -> &'static str {
        match self {
            Self::Send => "sent",
            Self::TakeBack => "taken back",
        }
    }
}

/// Edits and call-offs of more than this share of the invitations in one run need their number ...
const GUARDED_SHARE_PERCENT: u64 = 30;
/// ... if they are also more than so many.
const GUARDED_MESSAGES: u64 = 10;

/// What has to happen before sending.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Decision {
    Go,
    Ask,
    Refuse(Refusal),
}

/// Why it must not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Refusal {
    /// `--yes=COUNT` is not what is planned.
    OtherNumber { given: u64 },
    /// Nobody can be asked, and there is no `--yes`.
    NobodyToAsk,
    /// `--yes` alone is not enough for a change of this size.
    NumberNeeded { changed: u64, invited: u64 },
    /// `--cancel-left` without its number, and nobody can be asked.
    LeftUncounted { left: u64 },
}

/// Comes back when it may be sent. A signal is an answer, too.
pub(super) fn confirm(asked: &Asked<'_>, runtime: &Runtime, stop: &mut StopSignal) -> Result<(), Failure> {
    match decide(asked, guard::is_terminal()) {
        Decision::Go => Ok(()),
        Decision::Refuse(refusal) => Err(refused(&refusal, asked.to_do, asked.deed)),
        Decision::Ask => match ask(asked, || typed(runtime, stop), &mut io::stderr().lock())? {
            Answer::Number => Ok(()),
            Answer::Signal => Err(interrupted(asked.deed)),
            Answer::Other => {
                Err(Failure::refused(format!("that was not the number: nothing was {}", asked.deed.done())))
            }
            Answer::Nothing => Err(Failure::refused(format!("nothing was {}", asked.deed.done()))),
        },
    }
}

/// What ends a command that was asked to stop before it did anything.
pub(super) fn interrupted(deed: Deed) -> Failure {
    Failure::new(Exit::Interrupted, format!("interrupted: nothing was {}", deed.done()))
}

/// A line of standard input; `None` when a signal comes first. It is read by a thread, since reading cannot be given up:
/// one that is still waiting ends with the process.
fn typed(runtime: &Runtime, stop: &mut StopSignal) -> io::Result<Option<String>> {
    let (sender, line) = oneshot::channel();
    thread::spawn(move || {
        let mut text = String::new();
        // Nobody may wait for it any more.
        let _ = sender.send(io::stdin().read_line(&mut text).map(|_| text));
    });
    runtime.block_on(async {
        tokio::select! {
            line = line => line.map_err(io::Error::other)?.map(Some),
            _ = stop.next() => Ok(None),
        }
    })
}

/// `--yes=COUNT` must be what is planned, also in a dry run.
#[allow(clippy::option_option)] // as above
pub(super) fn check_number(yes: Option<Option<u64>>, to_do: u64) -> Result<(), Failure> {
    other_number(yes, to_do).map_or(Ok(()), |refusal| Err(refused(&refusal, to_do, Deed::Send)))
}

#[allow(clippy::option_option)] // as above
fn other_number(yes: Option<Option<u64>>, to_do: u64) -> Option<Refusal> {
    yes.flatten().filter(|given| *given != to_do).map(|given| Refusal::OtherNumber { given })
}

fn decide(asked: &Asked<'_>, is_terminal: bool) -> Decision {
    if let Some(refusal) = other_number(asked.yes, asked.to_do) {
        return Decision::Refuse(refusal);
    }
    if asked.is_loopback || asked.to_do == 0 {
        return Decision::Go;
    }
    match left_uncounted(asked) {
        0 if asked.yes.flatten().is_some() => return Decision::Go,
        0 => {}
        _ if is_terminal => return Decision::Ask,
        left => return Decision::Refuse(Refusal::LeftUncounted { left }),
    }
    let changed = guarded(asked);
    match (asked.yes, is_terminal) {
        (Some(_), _) if changed == 0 => Decision::Go,
        (_, true) => Decision::Ask,
        (Some(_), false) => Decision::Refuse(Refusal::NumberNeeded { changed, invited: asked.plan.invited }),
        (None, false) => Decision::Refuse(Refusal::NobodyToAsk),
    }
}

/// How many invitations are changed, if they are so many that a slip of the pen must not be enough; else 0. What was
/// called off with its number is no slip.
fn guarded(asked: &Asked<'_>) -> u64 {
    let selected = &asked.plan.selected;
    let left_counted = asked.cancel_left.flatten().unwrap_or(0);
    let changed = (selected.edit + selected.called_off).saturating_sub(left_counted).min(asked.to_do);
    let is_large = u128::from(changed) * 100 > u128::from(asked.plan.invited) * u128::from(GUARDED_SHARE_PERCENT);
    if changed > GUARDED_MESSAGES && is_large { changed } else { 0 }
}

/// How many are called off because they are no longer listed, if that number was not given.
fn left_uncounted(asked: &Asked<'_>) -> u64 {
    if asked.cancel_left == Some(None) { asked.plan.cancelable.min(asked.to_do) } else { 0 }
}

fn refused(refusal: &Refusal, to_do: u64, deed: Deed) -> Failure {
    let done = deed.done();
    match refusal {
        Refusal::OtherNumber { given } => {
            let messages = words::messages(to_do);
            Failure::refused(format!("--yes={given}, but {messages} would be {done}: nothing was {done}")).help(
                match deed {
                    Deed::Send => "look at the plan again: the manifest, a list or the ledger is not what it was",
                    Deed::TakeBack => "what waits in Z-API's queue grows less by itself",
                },
            )
        }
        Refusal::NobodyToAsk => {
            let failure = Failure::refused(format!("there is no terminal to ask on; nothing was {done}"));
            failure.help(match deed {
                Deed::Send => format!("look at the plan, then give --yes={to_do}"),
                Deed::TakeBack => format!("to take back all of them give --yes={to_do}"),
            })
        }
        Refusal::NumberNeeded { changed, invited } => Failure::refused(format!(
            "{changed} of {} would be edited or called off: nothing was sent",
            words::count(*invited, "invitation", "invitations")
        ))
        .help(format!("so large a change needs its number: --yes={to_do}")),
        Refusal::LeftUncounted { left } => Failure::refused(format!(
            "{} no longer listed would be called off: nothing was sent",
            words::messages(*left)
        ))
        .help(format!("calling off needs its number: --cancel-left={left}")),
    }
}

/// What was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Number,
    Other,
    /// An empty line, or the end of the input.
    Nothing,
    Signal,
}

fn ask(
    asked: &Asked<'_>,
    line: impl FnOnce() -> io::Result<Option<String>>,
    out: &mut impl Write,
) -> io::Result<Answer> {
    let to_do = asked.to_do;
    let left = match left_uncounted(asked) {
        0 => String::new(),
        left => format!(" (which calls off {left} no longer listed)"),
    };
    let past = match asked.past {
        None => String::new(),
        Some(past) => format!(" (without {}: who of them is listed may be invited again)", past.said()),
    };
    write!(out, "\nType {to_do} to {}{left}{past}, anything else to leave it: ", asked.deed.verb())?;
    out.flush()?;
    let line = line()?;
    if line.as_ref().is_none_or(|line| !line.ends_with('\n')) {
        writeln!(out)?;
    }
    let Some(line) = line else { return Ok(Answer::Signal) };
    Ok(match line.trim() {
        "" => Answer::Nothing,
        typed if typed.parse() == Ok(to_do) => Answer::Number,
        _ => Answer::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::VerbCounts;

    fn plan(create: u64, edit: u64, called_off: u64, invited: u64) -> Plan {
        let selected = VerbCounts { create, edit, called_off, ..VerbCounts::default() };
        Plan { selected, total: selected, invited, ..Plan::default() }
    }

    fn asked(plan: &Plan) -> Asked<'_> {
        Asked {
            plan,
            to_do: plan.selected.to_do(),
            yes: None,
            cancel_left: None,
            is_loopback: false,
            past: None,
            deed: Deed::Send,
        }
    }

    #[test]
    fn a_terminal_is_asked_and_elsewhere_yes_answers() {
        let plan = plan(812, 0, 0, 0);
        let (yes, right, wrong) = (Some(None), Some(Some(812)), Some(Some(811)));
        let other = Decision::Refuse(Refusal::OtherNumber { given: 811 });
        let table = [
            (None, true, false, Decision::Ask),
            (None, false, false, Decision::Refuse(Refusal::NobodyToAsk)),
            (yes, true, false, Decision::Go),
            (yes, false, false, Decision::Go),
            (right, false, false, Decision::Go),
            (wrong, false, false, other.clone()),
            (wrong, true, false, other.clone()),
            // The sandbox never asks, but a number that is given must match everywhere.
            (None, false, true, Decision::Go),
            (None, true, true, Decision::Go),
            (wrong, false, true, other),
        ];
        for (yes, is_terminal, is_loopback, decision) in table {
            let asked = Asked { yes, is_loopback, ..asked(&plan) };
            assert_eq!(decide(&asked, is_terminal), decision, "{asked:?} {is_terminal}");
        }
    }

    #[test]
    fn nothing_to_send_is_not_asked_about() {
        let plan = plan(0, 0, 0, 812);
        assert_eq!(decide(&asked(&plan), false), Decision::Go);
        let counted = Asked { yes: Some(Some(812)), ..asked(&plan) };
        assert_eq!(decide(&counted, false), Decision::Refuse(Refusal::OtherNumber { given: 812 }));
    }

    #[test]
    fn a_large_change_needs_its_number() {
        let needed = |changed, invited| Decision::Refuse(Refusal::NumberNeeded { changed, invited });
        let table = [
            (plan(5, 10, 0, 12), Decision::Go),
            (plan(0, 11, 0, 37), Decision::Go),
            (plan(0, 11, 0, 36), needed(11, 36)),
            (plan(0, 6, 5, 36), needed(11, 36)),
            (plan(500, 803, 0, 812), needed(803, 812)),
        ];
        for (plan, decision) in table {
            let yes = Asked { yes: Some(None), ..asked(&plan) };
            assert_eq!(decide(&yes, false), decision, "{:?}", plan.selected);
            let on_terminal = if decision == Decision::Go { Decision::Go } else { Decision::Ask };
            assert_eq!(decide(&yes, true), on_terminal, "--yes alone does not answer for it on a terminal either");
            let counted = Asked { yes: Some(Some(plan.selected.to_do())), ..asked(&plan) };
            assert_eq!(decide(&counted, false), Decision::Go);
        }
        let plan = plan(0, 0, 20, 20);
        let called_off = Asked { yes: Some(None), cancel_left: Some(Some(20)), ..asked(&plan) };
        assert_eq!(decide(&called_off, false), Decision::Go, "its number was given with --cancel-left");
    }

    #[test]
    fn no_more_is_guarded_than_is_done_in_this_run() {
        let plan = plan(0, 800, 0, 812);
        let first_ten = Asked { yes: Some(None), to_do: 10, ..asked(&plan) };
        assert_eq!(decide(&first_ten, false), Decision::Go);
    }

    #[test]
    fn calling_off_what_is_left_needs_its_number() {
        let plan = Plan { cancelable: 2, ..plan(5, 0, 2, 800) };
        let needed = || Decision::Refuse(Refusal::LeftUncounted { left: 2 });
        let (yes, number) = (Some(None), Some(Some(7)));
        let table = [
            (Some(None), yes, false, false, needed()),
            (Some(None), number, false, false, needed()),
            (Some(None), yes, true, false, Decision::Ask),
            (Some(None), number, true, false, Decision::Ask),
            (Some(None), None, false, true, Decision::Go),
            (Some(Some(2)), yes, false, false, Decision::Go),
            (Some(Some(2)), number, true, false, Decision::Go),
            (Some(Some(2)), None, true, false, Decision::Ask),
        ];
        for (cancel_left, yes, is_terminal, is_loopback, decision) in table {
            let asked = Asked { yes, cancel_left, is_loopback, ..asked(&plan) };
            assert_eq!(decide(&asked, is_terminal), decision, "{cancel_left:?} {yes:?} {is_terminal}");
        }
        let none_left = Plan { cancelable: 0, ..plan };
        let asked = Asked { cancel_left: Some(None), yes, ..asked(&none_left) };
        assert_eq!(decide(&asked, false), Decision::Go);
    }

    #[test]
    fn only_the_number_is_an_answer() {
        for (typed, answer) in [
            ("812\n", Answer::Number),
            (" 812 \r\n", Answer::Number),
            ("y\n", Answer::Other),
            ("811\n", Answer::Other),
            ("\n", Answer::Nothing),
            ("", Answer::Nothing),
        ] {
            let mut out = Vec::new();
            let plan = Plan { cancelable: 2, ..plan(810, 0, 2, 2) };
            let asked = Asked { cancel_left: Some(None), ..asked(&plan) };
            assert_eq!(ask(&asked, || Ok(Some(typed.to_owned())), &mut out).unwrap(), answer, "{typed:?}");
            assert!(String::from_utf8(out).unwrap().contains("Type 812 to send (which calls off 2 no longer listed)"));
            let mut out = Vec::new();
            let past = Some(Past::Invited { accepted: 60, unknown: 2 });
            let anew = Asked { cancel_left: None, past, ..asked };
            assert_eq!(ask(&anew, || Ok(Some(typed.to_owned())), &mut out).unwrap(), answer, "{typed:?}");
            let said = "Type 812 to send (without 60 accepted and 2 unknown before: who of them is listed may be";
            assert!(String::from_utf8(out).unwrap().contains(said));
            let mut out = Vec::new();
            let recall = Asked { cancel_left: None, deed: Deed::TakeBack, ..asked };
            assert_eq!(ask(&recall, || Ok(Some(typed.to_owned())), &mut out).unwrap(), answer, "{typed:?}");
            assert!(String::from_utf8(out).unwrap().contains("Type 812 to take back,"));
        }
    }
}
