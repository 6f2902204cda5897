//! Asks before anything is sent: on a terminal for the number of messages, to be typed; elsewhere `--yes` answers.
//!
//! The decision is a pure function of what was typed and planned; only [`confirm`] talks to the terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use super::failure::Failure;
use crate::ledger::Plan;
use crate::report::words;

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
}

/// Comes back when it may be sent.
pub(super) fn confirm(asked: &Asked<'_>) -> Result<(), Failure> {
    let is_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    match decide(asked, is_terminal) {
        Decision::Go => Ok(()),
        Decision::Refuse(refusal) => Err(refused(&refusal, asked.to_do)),
        Decision::Ask => match ask(asked.to_do, &mut io::stdin().lock(), &mut io::stderr().lock())? {
            Answer::Number => Ok(()),
            Answer::Other => Err(Failure::refused("that was not the number: nothing was sent")),
            Answer::Nothing => Err(Failure::refused("nothing was sent")),
        },
    }
}

fn decide(asked: &Asked<'_>, is_terminal: bool) -> Decision {
    let number = asked.yes.flatten();
    if let Some(given) = number.filter(|given| *given != asked.to_do) {
        return Decision::Refuse(Refusal::OtherNumber { given });
    }
    if asked.is_loopback || asked.to_do == 0 || number.is_some() {
        return Decision::Go;
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
    let changed = (selected.edit + selected.called_off).saturating_sub(left_counted);
    let is_large = u128::from(changed) * 100 > u128::from(asked.plan.invited) * u128::from(GUARDED_SHARE_PERCENT);
    if changed > GUARDED_MESSAGES && is_large { changed } else { 0 }
}

fn refused(refusal: &Refusal, to_do: u64) -> Failure {
    match refusal {
        Refusal::OtherNumber { given } => {
            Failure::refused(format!("--yes={given}, but {} would be sent: nothing was sent", words::messages(to_do)))
                .help("look at the plan again: the manifest, a list or the ledger is not what it was")
        }
        Refusal::NobodyToAsk => Failure::refused("there is no terminal to ask on; nothing was sent")
            .help(format!("look at the plan, then give --yes={to_do}")),
        Refusal::NumberNeeded { changed, invited } => Failure::refused(format!(
            "{changed} of {} would be edited or called off: nothing was sent",
            words::count(*invited, "invitation", "invitations")
        ))
        .help(format!("so large a change needs its number: --yes={to_do}")),
    }
}

/// What was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Number,
    Other,
    /// An empty line, or the end of the input.
    Nothing,
}

fn ask(to_do: u64, input: &mut impl BufRead, out: &mut impl Write) -> io::Result<Answer> {
    write!(out, "\nType {to_do} to send, anything else to leave it: ")?;
    out.flush()?;
    let mut line = String::new();
    input.read_line(&mut line)?;
    if !line.ends_with('\n') {
        writeln!(out)?;
    }
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
        Asked { plan, to_do: plan.selected.to_do(), yes: None, cancel_left: None, is_loopback: false }
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
            assert_eq!(ask(812, &mut typed.as_bytes(), &mut out).unwrap(), answer, "{typed:?}");
            assert!(String::from_utf8(out).unwrap().contains("Type 812"));
        }
    }
}
