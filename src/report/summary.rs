//! What came of a run, for people: counts that add up, what is in doubt and where, and the command to type next.

use std::time::Duration;

use jiff::{Timestamp, Zoned};

use crate::diagnostic::render::Style;
use crate::ledger::{Counts, NamedRow};

use super::named::named_rows;
use super::paint::{Page, Tone};
use super::status::equation;
use super::words;

/// Said with every count of accepted messages.
pub const ACCEPTED_MEANS: &str = "accepted means queued by Z-API; delivery was not observed";

/// Everything the summary shows.
#[derive(Debug, Clone)]
pub struct SummaryReport {
    pub campaign: String,
    /// How many events the manifest has.
    pub events: usize,
    pub ending: Ending,
    /// The exit code.
    pub exit: u8,
    pub counts: Counts,
    /// What narrowed this run, as it was typed; counts are of what it selected. Empty when nothing did.
    pub narrowed: String,
    /// Requests made by this run, answered or not.
    pub requests: u64,
    /// Messages that were edited by this run, or called off.
    pub edited: u64,
    /// Messages that are as they shall be, so that nothing was sent.
    pub kept: u64,
    /// From the first request to the last answer.
    pub duration: Duration,
    /// The commonest errors with how often, most frequent first.
    pub errors: Vec<(String, u64)>,
    /// The first unknown and rejected ones; how many there are stands in `counts`.
    pub unknown: Vec<NamedRow>,
    pub rejected: Vec<NamedRow>,
    /// Invitations that stand although they are no longer listed.
    pub left: u64,
    /// Of those: whether their last edit arrived is not known.
    pub left_in_doubt: u64,
    /// Why some must not be worked on without a person, and how many.
    pub blocked: Vec<(&'static str, u64)>,
    pub next: Vec<Next>,
    /// Where the results are; `None` when they could not be written.
    pub results: Option<String>,
    /// What to say of that (a fallback), and of other files.
    pub notes: Vec<String>,
    pub sandbox: Option<SandboxCounts>,
    /// The manifest as it was typed.
    pub manifest: String,
    pub now: Zoned,
}

/// What the stand-in counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct SandboxCounts {
    pub requests: u64,
    /// Recipients that were invited more than once.
    pub duplicates: u64,
}

/// How a run ended, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Everything that was selected is through.
    Done,
    /// There was nothing to send.
    NothingToDo,
    /// A person is needed; why, one for each lane that stopped.
    Stopped(Vec<String>),
    /// More to do, and why not now, one for each lane that would wait.
    MoreToDo(Vec<String>),
    Interrupted,
    /// The ledger failed.
    Failed(String),
}

/// What to do next; one line each. `command` is what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The same command, and where it begins.
    RunAgain { command: String, again: Again },
    /// The same, from then on.
    RunAgainAt { command: String, at: Timestamp },
    /// Credentials or set-up: what to look at, such as `set ZAPI_CLIENT_TOKEN`.
    Repair { what: String, command: String, again: Again },
    /// Rejected ones: correct them, then the same command tries them again.
    CorrectRejected { command: String, pending: u64 },
    /// Edits that were refused: their invitations stand. Those of persons always are.
    SeeRefusedEdits { command: String, edits: u64, of_persons: u64 },
    /// Unknown ones, one by one or, those that are still listed, all at once.
    Decide { manifest: String, command: String, resendable: u64 },
    /// Blocked ones.
    SeeBlocked { command: String, blocked: u64 },
    /// Rows with errors that were left out.
    CorrectRows { manifest: String, rows: u64 },
}

/// Where the same command begins when it is run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Where this run ended: what was accepted is not sent again.
    GoesOn,
    /// From the beginning: a test sends to everybody.
    Anew,
}

const ROWS_SHOWN: usize = 10;

/// The whole summary; ends with a line break.
pub fn render(report: &SummaryReport, style: Style) -> String {
    let mut page = Page::new(style);
    headline(&mut page, report);
    if !report.narrowed.is_empty() {
        page.line(&format!("  of what {} selects:", report.narrowed));
    }
    page.line(&format!("  {}", equation(&report.counts)));
    if report.counts.accepted > 0 {
        page.line(&format!("  {ACCEPTED_MEANS}"));
    }
    if report.requests > 0 {
        page.entry(Tone::Quiet, "attempts", &attempts(report));
    }
    if report.edited > 0 {
        page.entry(Tone::Quiet, "edited", &format!("{} replaced or called off", words::messages(report.edited)));
    }
    if report.kept > 0 {
        let unknown = if report.counts.unknown > 0 { " or stayed unknown" } else { "" };
        page.entry(Tone::Quiet, "kept", &format!("{} that needed nothing{unknown}", words::messages(report.kept)));
    }
    if let Some(sandbox) = report.sandbox {
        let rest = format!(
            "{} seen by the stand-in, {} (nothing was really sent)",
            words::count(sandbox.requests, "request", "requests"),
            words::count(sandbox.duplicates, "duplicate", "duplicates")
        );
        page.entry(if sandbox.duplicates > 0 { Tone::Bad } else { Tone::Quiet }, "sandbox", &rest);
    }
    if matches!(report.ending, Ending::Failed(_)) && report.counts.unknown > 0 {
        page.line("  unknown counts also what was only about to be sent when the ledger failed");
    }
    rows(&mut page, (Tone::Careful, "unknown"), (&report.unknown, report.counts.unknown), report);
    rows(&mut page, (Tone::Bad, "rejected"), (&report.rejected, report.counts.rejected), report);
    errors(&mut page, report);
    if report.left > 0 {
        let rest = format!("{} {}", words::messages(report.left), words::left(report.left, report.left_in_doubt));
        page.entry(Tone::Careful, "left", &rest);
    }
    for (why, number) in &report.blocked {
        page.entry(Tone::Bad, "blocked", &format!("{}: {why}", words::messages(*number)));
    }
    for next in &report.next {
        let rest = next_in_words(next, &report.now);
        page.entry(Tone::Head, "next", &rest);
    }
    if let Some(results) = &report.results {
        page.entry(Tone::Head, "results", results);
    }
    for note in &report.notes {
        page.entry(Tone::Careful, "note", note);
    }
    page.into_text()
}

fn headline(page: &mut Page, report: &SummaryReport) {
    let (tone, word, reasons): (Tone, &str, &[String]) = match &report.ending {
        Ending::Done if report.exit == 0 => (Tone::Good, "DONE", &[]),
        Ending::Done => (Tone::Careful, "FINISHED", &[]),
        Ending::NothingToDo => (Tone::Good, "NOTHING TO SEND", &[]),
        Ending::Stopped(reasons) => (Tone::Bad, "STOPPED", reasons),
        Ending::MoreToDo(reasons) => (Tone::Careful, "MORE TO DO", reasons),
        Ending::Interrupted => (Tone::Careful, "INTERRUPTED", &[]),
        Ending::Failed(reason) => (Tone::Bad, "FAILED", std::slice::from_ref(reason)),
    };
    let clock = report.now.strftime("%H:%M");
    let first = match reasons.first() {
        Some(reason) => format!(" {clock}  {}", page.foreign(reason, 200)),
        None => format!(" {clock}  {}", report.campaign),
    };
    page.head(tone, word, &first, &format!("exit {}", report.exit));
    for reason in reasons.iter().skip(1) {
        let reason = page.foreign(reason, 200);
        page.line(&format!("               {reason}"));
    }
}

/// `152 requests in 7 min 30 s, 20/min`.
fn attempts(report: &SummaryReport) -> String {
    // There is one gap less than there are requests, and the limit is one of gaps.
    let rate = words::measured_rate(report.requests.saturating_sub(1), report.duration).map(|rate| format!(", {rate}"));
    format!("{} in {}{}", report.requests, words::duration(report.duration), rate.unwrap_or_default())
}

fn rows(page: &mut Page, (tone, word): (Tone, &str), (rows, all): (&[NamedRow], u64), report: &SummaryReport) {
    let rows = &rows[..rows.len().min(ROWS_SHOWN)];
    for row in named_rows(page, rows, report.events) {
        page.entry(tone, word, &row);
    }
    let shown = rows.len() as u64;
    if shown > 0 && all > shown {
        let place = if report.results.is_some() { "in the results" } else { "in the ledger (zapi-batch results)" };
        page.entry(tone, word, &format!("and {} more, all of them {place}", all - shown));
    }
}

/// How often which error was met. A single one is shown only where nothing else says it: that of an edit which is still to
/// be made stands in no row.
fn errors(page: &mut Page, report: &SummaryReport) {
    if let [(error, 1)] = report.errors.as_slice() {
        let is_in_row = report.unknown.iter().chain(&report.rejected).any(|row| row.error == *error);
        let is_in_head =
            matches!(&report.ending, Ending::Stopped(reasons) if reasons.iter().any(|why| why.contains(error)));
        if is_in_row || is_in_head {
            return;
        }
    }
    let width = report.errors.first().map_or(1, |(_, times)| times.to_string().len());
    for (error, times) in report.errors.iter().take(5) {
        let error = page.foreign(error, 120);
        page.entry(Tone::Bad, "error", &format!("{times:>width$} x {error}"));
    }
}

fn next_in_words(next: &Next, now: &Zoned) -> String {
    match next {
        Next::RunAgain { command, again } => format!("{command}   ({})", again_in_words(*again)),
        Next::RunAgainAt { command, at } => format!("from {} on: {command}", words::moment(*at, now)),
        Next::Repair { what, command, again } => format!("{what}, then: {command}   ({})", again_in_words(*again)),
        Next::CorrectRejected { command, pending } => {
            let what = if *pending == 0 { "only they are tried again" } else { "they are tried again with the rest" };
            format!("correct the rejected ones, then: {command}   ({what})")
        }
        Next::SeeRefusedEdits { command, edits, of_persons } => refused_edits(command, *edits, *of_persons),
        Next::Decide { manifest, command, resendable } => {
            let again = match resendable {
                0 => String::new(),
                number => format!("\n            or, if it may arrive twice: {command} --resend-unknown={number}"),
            };
            format!(
                "look in the group or chat, then: zapi-batch resolve {manifest} RECIPIENT --arrived (or --not-arrived){again}"
            )
        }
        Next::SeeBlocked { command, blocked } => {
            format!("{command} --dry-run   (why {} blocked)", words::are(*blocked, "message"))
        }
        Next::CorrectRows { manifest, rows } => {
            format!("zapi-batch validate {manifest}   (what is wrong with {})", words::count(*rows, "row", "rows"))
        }
    }
}

fn refused_edits(command: &str, edits: u64, of_persons: u64) -> String {
    let stand = match edits {
        1 => "1 edit was refused, and the invitation stands as it was".to_owned(),
        more => format!("{more} edits were refused, and the invitations stand as they were"),
    };
    let persons = match of_persons {
        0 => String::new(),
        1 => "; Z-API edits events in groups only, so tell the person in another way".to_owned(),
        more => format!("; Z-API edits events in groups only, so tell the {more} persons in another way"),
    };
    if of_persons == edits {
        return stand + &persons;
    }
    format!("{stand}{persons}; see why, then: {command}   (they are tried again)")
}

fn again_in_words(again: Again) -> &'static str {
    match again {
        Again::GoesOn => "what was accepted is not sent again",
        Again::Anew => "sends to the whole test list again",
    }
}

#[cfg(test)]
mod tests;
