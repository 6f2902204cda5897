//! How a run ended: the exit code, the words, and the command to type next. Pure.

use jiff::Zoned;

use crate::engine::{Ended, LaneEnd, RunEnd};
use crate::exit::Exit;
use crate::ledger::Counts;
use crate::report::{Again, Ending, Next, lanes};

/// What the summary and the JSON say of an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub exit: Exit,
    pub ending: Ending,
    pub next: Vec<Next>,
}

/// What to look at when answers stayed away, in a lane or in all of them.
const NO_ANSWERS: &str = "look whether Z-API answers, and at your connection";

/// What was typed, for the commands to type next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Typed<'a> {
    pub command: &'a str,
    pub manifest: &'a str,
    /// The manifest with the flags by which other commands find the same ledger.
    pub ledger: &'a str,
    pub again: Again,
    /// `--cancel-left`, which the command leaves out: what was not to be called off is not blocked either.
    pub cancels_left: bool,
}

/// What the ledger says afterwards.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found {
    /// Of what the run selected.
    pub counts: Counts,
    /// Of those: the number that `--resend-unknown` wants.
    pub resendable: u64,
    /// Of the rejected ones: edits, and how many of those are persons'.
    pub rejected_edits: (u64, u64),
}

/// Judges a run that sent, or tried to. `found` is of what it selected, `lane_names` in the order of the lanes.
pub(super) fn of_run(ended: &Ended, lane_names: &[&str], found: &Found, typed: Typed<'_>, now: &Zoned) -> Verdict {
    let mut judged = Judged { doubtful_edits: ended.tally.doubtful_edits > 0, ..Judged::default() };
    let reason = lanes::run_ended(&ended.run).unwrap_or_default();
    match &ended.run {
        RunEnd::Finished => {}
        RunEnd::Interrupted { .. } => judged.interrupted = true,
        RunEnd::Unknowns { .. } => judged.stop(reason, NO_ANSWERS, typed),
        RunEnd::Ledger(_) | RunEnd::Quota(_) => judged.failed = Some(reason),
    }
    for (end, name) in ended.lanes.iter().zip(lane_names) {
        judged.lane(end, name, typed, now);
    }
    judged.verdict(found, typed)
}

/// Judges an apply that found nothing to send.
pub(super) fn of_nothing_to_do(found: &Found, typed: Typed<'_>) -> Verdict {
    let mut verdict = Judged::default().verdict(found, typed);
    if verdict.ending == Ending::Done {
        verdict.ending = Ending::NothingToDo;
    }
    verdict
}

/// What was found while looking at the run and its lanes.
#[derive(Debug, Default)]
struct Judged {
    failed: Option<String>,
    interrupted: bool,
    /// Edits whose fate nobody knows may still be pending although every lane came to its end.
    doubtful_edits: bool,
    stops: Vec<String>,
    more: Vec<String>,
    next: Vec<Next>,
}

impl Judged {
    fn stop(&mut self, reason: String, repair: &str, typed: Typed<'_>) {
        self.stops.push(reason);
        let (what, command) = (repair.to_owned(), typed.command.to_owned());
        let repair = Next::Repair { what, command, again: typed.again };
        if !self.next.contains(&repair) {
            self.next.push(repair);
        }
    }

    fn lane(&mut self, end: &LaneEnd, name: &str, typed: Typed<'_>, now: &Zoned) {
        if let Some(reason) = lanes::stopped(name, end, now) {
            self.stop(reason, repair_of(end), typed);
        }
        if let Some(reason) = lanes::more_to_do(name, end, now) {
            // `--limit` is of all lanes together.
            if !self.more.contains(&reason) {
                self.more.push(reason);
            }
            if let LaneEnd::WouldWait { until, .. } = end {
                self.next.push(Next::RunAgainAt { command: typed.command.to_owned(), at: *until });
            }
        }
    }

    fn verdict(mut self, found: &Found, typed: Typed<'_>) -> Verdict {
        let counts = &found.counts;
        let mut exit = Exit::Done;
        if counts.rejected + counts.unknown + counts.blocked + counts.invalid > 0 {
            exit = exit.and(Exit::Faults);
        }
        if self.more.is_empty() && self.doubtful_edits && counts.pending > 0 {
            self.more.push("some edits are still to be made".to_owned());
        }
        if !self.more.is_empty() {
            exit = exit.and(Exit::MoreToDo);
        }
        if !self.stops.is_empty() {
            exit = exit.and(Exit::Stopped);
        }
        if self.interrupted {
            exit = exit.and(Exit::Interrupted);
        }
        if self.failed.is_some() {
            exit = exit.and(Exit::Ledger);
        }
        let ending = match exit {
            Exit::Ledger => Ending::Failed(self.failed.unwrap_or_default()),
            Exit::Interrupted => Ending::Interrupted,
            Exit::Stopped => Ending::Stopped(self.stops),
            Exit::MoreToDo => Ending::MoreToDo(self.more),
            Exit::Faults | Exit::Done | Exit::Refused => Ending::Done,
        };
        Verdict { exit, next: next(self.next, exit, found, typed), ending }
    }
}

/// What a person should look at before the same command is run again.
fn repair_of(end: &LaneEnd) -> &'static str {
    match end {
        LaneEnd::WouldWait { .. } => "connect the phone at Z-API (scan the QR code)",
        LaneEnd::Over { .. } => "look at `notAfter` in the manifest",
        LaneEnd::SetUp { http_status, error } => set_up_of(*http_status, error),
        LaneEnd::Redirected { .. } => "look at --base-url or ZAPI_BASE_URL",
        LaneEnd::NoAnswer { http_status: Some(_), .. } => "wait a while, or send more slowly (`rate`)",
        LaneEnd::NoAnswer { http_status: None, .. } | LaneEnd::QueueNotRead { http_status: None, .. } => {
            "look at your connection"
        }
        LaneEnd::Unknowns { .. } | LaneEnd::QueueNotRead { http_status: Some(429 | 500..), .. } => NO_ANSWERS,
        LaneEnd::QueueNotRead { http_status: Some(_), .. } => {
            "look at --base-url or ZAPI_BASE_URL, or leave out `maxQueued`"
        }
        LaneEnd::Rejections { .. } => "look at what was rejected",
        LaneEnd::Done | LaneEnd::Limit | LaneEnd::RunEnded => "nothing",
    }
}

fn set_up_of(http_status: Option<u16>, error: &str) -> &'static str {
    let error = error.to_lowercase();
    if ["client token", "client-token", "not allowed"].iter().any(|words| error.contains(words)) {
        "set the client token (ZAPI_CLIENT_TOKEN)"
    } else if matches!(http_status, Some(405 | 415)) {
        "look at --base-url or ZAPI_BASE_URL"
    } else if http_status.is_none() {
        "look at the connection and its certificates"
    } else {
        "set the instance's id and token"
    }
}

/// What to type next: repairs first, then going on, the sooner the earlier, then what a person has to decide.
fn next(mut next: Vec<Next>, exit: Exit, found: &Found, typed: Typed<'_>) -> Vec<Next> {
    next.sort_by_key(|entry| if let Next::RunAgainAt { at, .. } = entry { Some(*at) } else { None });
    next.dedup();
    let counts = &found.counts;
    let command = || typed.command.to_owned();
    let ledger = || typed.ledger.to_owned();
    let goes_on = next.iter().any(|entry| matches!(entry, Next::Repair { .. } | Next::RunAgainAt { .. }));
    if !goes_on
        && counts.pending > 0
        && matches!(exit, Exit::MoreToDo | Exit::Interrupted | Exit::Ledger | Exit::Stopped)
    {
        next.push(Next::RunAgain { command: command(), again: typed.again });
    }
    let (edits, of_persons) = found.rejected_edits;
    if edits > 0 {
        next.push(Next::SeeRefusedEdits { command: command(), edits, of_persons });
    }
    if counts.rejected > edits {
        next.push(Next::CorrectRejected { command: command(), pending: counts.pending });
    }
    if counts.unknown > 0 {
        next.push(Next::Decide { manifest: ledger(), command: command(), resendable: found.resendable });
    }
    if counts.blocked > 0 {
        let flag = if typed.cancels_left { " --cancel-left" } else { "" };
        next.push(Next::SeeBlocked { command: command() + flag, blocked: counts.blocked });
    }
    if counts.invalid > 0 {
        next.push(Next::CorrectRows { manifest: typed.manifest.to_owned(), rows: counts.invalid });
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Tally, Why};

    const TYPED: Typed<'_> = Typed {
        command: "zapi-batch apply m.yaml --only launch",
        manifest: "m.yaml",
        ledger: "m.yaml --sandbox",
        again: Again::GoesOn,
        cancels_left: false,
    };

    fn judged(run: RunEnd, lanes: Vec<LaneEnd>, counts: Counts) -> Verdict {
        let ended = Ended { ledger: None, run, lanes, tally: Tally::default() };
        of_run(&ended, &["main", "second"], &found(counts), TYPED, &Zoned::now())
    }

    fn found(counts: Counts) -> Found {
        Found { counts, resendable: counts.unknown, rejected_edits: (0, 0) }
    }

    #[test]
    fn the_strongest_reason_decides_the_exit_code() {
        let set_up = || LaneEnd::SetUp { http_status: Some(403), error: "Client-Token not allowed".into() };
        let pending = Counts { accepted: 3, pending: 2, ..Counts::default() };
        let rejected = Counts { accepted: 3, rejected: 1, ..Counts::default() };
        let table = [
            (
                RunEnd::Finished,
                vec![LaneEnd::Done],
                Counts { accepted: 3, skipped: 1, ..Counts::default() },
                Exit::Done,
            ),
            (RunEnd::Finished, vec![LaneEnd::Done], rejected, Exit::Faults),
            (RunEnd::Finished, vec![LaneEnd::Limit, LaneEnd::Done], pending, Exit::MoreToDo),
            (RunEnd::Finished, vec![set_up(), LaneEnd::Limit], pending, Exit::Stopped),
            (RunEnd::Unknowns { in_row: 5 }, vec![LaneEnd::RunEnded, LaneEnd::RunEnded], pending, Exit::Stopped),
            (RunEnd::Interrupted { left_open: 0 }, vec![LaneEnd::RunEnded, set_up()], pending, Exit::Interrupted),
        ];
        for (run, lanes, counts, exit) in table {
            let shown = format!("{run:?} {lanes:?}");
            assert_eq!(judged(run, lanes, counts).exit, exit, "{shown}");
        }
    }

    #[test]
    fn what_to_repair_is_said_once_with_the_command() {
        let set_up = || LaneEnd::SetUp { http_status: Some(403), error: "Client-Token not allowed".into() };
        let counts = Counts { pending: 2, ..Counts::default() };
        let verdict = judged(RunEnd::Finished, vec![set_up(), set_up()], counts);
        let what = "set the client token (ZAPI_CLIENT_TOKEN)".to_owned();
        assert_eq!(verdict.next, [Next::Repair { what, command: TYPED.command.into(), again: Again::GoesOn }]);
        let Ending::Stopped(reasons) = verdict.ending else { panic!("{:?}", verdict.ending) };
        assert_eq!(reasons[0], "main: Client-Token not allowed (HTTP 403)");
    }

    #[test]
    fn refused_edits_are_told_from_invitations_that_have_to_be_corrected() {
        let counts = Counts { accepted: 9, rejected: 3, ..Counts::default() };
        let next = |rejected_edits| of_nothing_to_do(&Found { counts, resendable: 0, rejected_edits }, TYPED).next;
        let correct = || Next::CorrectRejected { command: TYPED.command.into(), pending: 0 };
        let see = |edits, of_persons| Next::SeeRefusedEdits { command: TYPED.command.into(), edits, of_persons };
        assert_eq!(next((0, 0)), [correct()]);
        assert_eq!(next((2, 1)), [see(2, 1), correct()]);
        assert_eq!(next((3, 3)), [see(3, 3)]);
    }

    #[test]
    fn every_lane_that_would_wait_is_named_and_the_soonest_comes_first() {
        let daily =
            |limit, until: &str| LaneEnd::WouldWait { why: Why::DailyLimit { limit }, until: until.parse().unwrap() };
        let lanes = vec![daily(7, "2026-12-05T03:00Z"), daily(9, "2026-12-04T03:00Z")];
        let verdict = judged(RunEnd::Finished, lanes, Counts { pending: 2, ..Counts::default() });
        let Ending::MoreToDo(reasons) = verdict.ending else { panic!("{:?}", verdict.ending) };
        assert!(reasons[0].starts_with("main: daily limit of 7") && reasons[1].starts_with("second: daily limit of 9"));
        let at = |next: &Next| if let Next::RunAgainAt { at, .. } = next { at.to_string() } else { String::new() };
        let times: Vec<String> = verdict.next.iter().map(at).collect();
        assert_eq!(times, ["2026-12-04T03:00:00Z", "2026-12-05T03:00:00Z"]);
        let limit = judged(RunEnd::Finished, vec![LaneEnd::Limit; 2], Counts { pending: 2, ..Counts::default() });
        assert_eq!(limit.ending, Ending::MoreToDo(vec!["--limit reached".into()]));
    }

    #[test]
    fn nothing_to_do_is_not_the_same_as_nothing_wrong() {
        let clean = Counts { accepted: 3, ..Counts::default() };
        assert_eq!(of_nothing_to_do(&found(clean), TYPED).ending, Ending::NothingToDo);
        let unknown = of_nothing_to_do(&found(Counts { unknown: 1, ..clean }), TYPED);
        assert_eq!(unknown.exit, Exit::Faults);
        let decide = Next::Decide { manifest: "m.yaml --sandbox".into(), command: TYPED.command.into(), resendable: 1 };
        assert_eq!(unknown.next, [decide]);
    }

    #[test]
    fn why_something_is_blocked_is_asked_with_the_flag_that_blocks_it() {
        let found = Found { counts: Counts { blocked: 1, ..Counts::default() }, ..Found::default() };
        for (cancels_left, flag) in [(false, ""), (true, " --cancel-left")] {
            let next = of_nothing_to_do(&found, Typed { cancels_left, ..TYPED }).next;
            assert_eq!(next, [Next::SeeBlocked { command: format!("{}{flag}", TYPED.command), blocked: 1 }]);
        }
    }
}
