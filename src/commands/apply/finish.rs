//! After the last answer: results, the note of what was sent, the summary, and the exit code.

use std::sync::Arc;
use std::time::Duration;

use jiff::{Timestamp, Zoned};

use super::Apply;
use super::agree::Agreed;
use super::ending::{self, Found, Verdict};
use super::prepare::Prepared;
use super::send::Sent;
use crate::cli::Format;
use crate::commands::failure::Failure;
use crate::commands::tested::{self, Tested};
use crate::commands::{planning, written};
use crate::diagnostic::render;
use crate::engine::Tally;
use crate::exit::Exit;
use crate::ledger::{Counts, Narrow};
use crate::message::State;
use crate::report::summary::{self, SandboxCounts};
use crate::report::{Ending, Next, Stream, SummaryReport, json};

/// How many rows of a kind are named, and how many errors are counted.
const ROWS_SHOWN: usize = 10;
const ERRORS_SHOWN: usize = 5;

/// What the run did, apart from what stands in the ledger.
struct Done {
    verdict: Verdict,
    tally: Tally,
    duration: Duration,
    /// Where the results are.
    results: Option<String>,
    /// What to say of that, and of the note of what was sent.
    notes: Vec<String>,
}

impl Apply<'_> {
    /// There was nothing to send: what was skipped or left stands in the results all the same.
    pub(super) fn finish_without_sending(&self, mut prepared: Prepared<'_>, agreed: &Agreed) -> Result<Exit, Failure> {
        let found = self.found(&mut prepared)?;
        let (manifest, ledger) = (self.manifest_as_typed(), self.ledger_as_typed());
        let verdict = ending::of_nothing_to_do(&found, self.typed(&manifest, &ledger));
        self.close(prepared, agreed, found.counts, verdict, Tally::default(), Duration::ZERO)
    }

    pub(super) fn finish(&self, mut prepared: Prepared<'_>, agreed: &Agreed, sent: &Sent) -> Result<Exit, Failure> {
        let now = Zoned::now();
        // A ledger that hung, or failed, may still be read; what cannot be read is not made up.
        let found = self.found(&mut prepared).unwrap_or_default();
        let (manifest, ledger) = (self.manifest_as_typed(), self.ledger_as_typed());
        let names: Vec<&str> = sent.lanes.iter().map(String::as_str).collect();
        let verdict = ending::of_run(&sent.ended, &names, &found, self.typed(&manifest, &ledger), &now);
        self.close(prepared, agreed, found.counts, verdict, sent.ended.tally, sent.duration)
    }

    fn found(&self, prepared: &mut Prepared<'_>) -> Result<Found, Failure> {
        let Some(ledger) = prepared.held.ledger() else { return Ok(Found::default()) };
        let counts = ledger.counts(&self.narrow)?;
        let resendable = if counts.unknown > 0 { ledger.resendable(&self.narrow)? } else { 0 };
        let rejected_edits = if counts.rejected > 0 { ledger.rejected_edits(&self.narrow)? } else { (0, 0) };
        Ok(Found { counts, resendable, rejected_edits })
    }

    fn close(
        &self,
        mut prepared: Prepared<'_>,
        agreed: &Agreed,
        counts: Counts,
        verdict: Verdict,
        tally: Tally,
        duration: Duration,
    ) -> Result<Exit, Failure> {
        let mut done = Done { verdict, tally, duration, results: None, notes: Vec::new() };
        if self.purpose.is_test() {
            // The next test begins afresh, so that nothing has to be decided about this one.
            done.verdict.next.retain(|next| matches!(next, Next::Repair { .. } | Next::RunAgain { .. }));
        }
        // `<campaign>.sent.json` first, which guards against sending twice. Where it cannot be written the results may be.
        for written in [self.note_sent(&mut prepared, Timestamp::now()), self.write_results(&mut prepared, &mut done)] {
            if let Err(failure) = written {
                done.verdict.exit = done.verdict.exit.and(failure.exit);
                done.notes.push(failure.message);
            }
        }
        self.tell(&mut prepared, agreed, &counts, &done)?;
        Ok(done.verdict.exit)
    }

    /// The results CSV, from the ledger.
    fn write_results(&self, prepared: &mut Prepared<'_>, done: &mut Done) -> Result<(), Failure> {
        let Some(ledger) = prepared.held.ledger() else {
            return Err(Failure::new(Exit::Ledger, "the ledger could not be read, so the results were not written"));
        };
        let place = &prepared.paths.results;
        let results = written::results(ledger, place, &prepared.manifest.results).map_err(|failure| {
            let message = format!("the results are not in {}: {}", place.display(), failure.message);
            Failure { message, ..failure }
        })?;
        tracing::info!(results = results.path, "the results are written");
        done.results = Some(results.path);
        done.notes.extend(results.note);
        if self.purpose.is_test() {
            self.note_tested(prepared, Timestamp::now())?;
        }
        Ok(())
    }

    /// `<campaign>.test.json`: which wordings at least one of the test's recipients was sent.
    fn note_tested(&self, prepared: &mut Prepared<'_>, now: Timestamp) -> Result<(), Failure> {
        let Some(ledger) = prepared.held.ledger() else { return Ok(()) };
        let events = self.campaign.expansion.as_ref().map_or(&[][..], |expansion| &expansion.events);
        let mut seen = Vec::new();
        for (event, wording) in prepared.manifest.events.iter().zip(self.wordings) {
            let only = Narrow { events: vec![Arc::clone(&event.id)], lists: Vec::new() };
            let summary = events.iter().find(|summary| summary.id == event.id);
            if let Some(summary) = summary.filter(|_| ledger.counts(&only).is_ok_and(|counts| counts.accepted > 0)) {
                seen.push(Tested::new(wording, summary, now));
            }
        }
        tested::keep(&prepared.paths.tested, &seen)?;
        for tested in &seen {
            self.say(&tested.to_string())?;
        }
        Ok(())
    }

    fn tell(&self, prepared: &mut Prepared<'_>, agreed: &Agreed, counts: &Counts, done: &Done) -> Result<(), Failure> {
        let sandbox = prepared.service.sandbox.as_ref().map(|running| {
            let seen = running.counts();
            SandboxCounts { requests: seen.requests, duplicates: seen.duplicates }
        });
        // Each of these reads the whole ledger, so it is asked only for what there is.
        let faults = counts.rejected + counts.unknown + counts.pending > 0;
        let errors = prepared
            .held
            .ledger()
            .filter(|_| faults)
            .and_then(|ledger| ledger.common_errors(ERRORS_SHOWN, &self.narrow).ok())
            .unwrap_or_default();
        if self.args.format == Format::Json {
            return self.tell_json(prepared, agreed, counts, done, sandbox, errors);
        }
        let blocked = match prepared.held.ledger().filter(|_| counts.blocked > 0) {
            Some(ledger) => ledger.blocked_by(&self.narrow).unwrap_or_default(),
            None => Vec::new(),
        };
        let mut rows = |state, count| match prepared.held.ledger().filter(|_| count > 0) {
            Some(ledger) => ledger.rows_in(state, ROWS_SHOWN, &self.narrow).unwrap_or_default(),
            None => Vec::new(),
        };
        let (unknown, rejected) = (rows(State::Unknown, counts.unknown), rows(State::Rejected, counts.rejected));
        let report = SummaryReport {
            campaign: self.title(&prepared.manifest.campaign),
            events: prepared.manifest.events.len(),
            ending: done.verdict.ending.clone(),
            exit: done.verdict.exit.code(),
            counts: *counts,
            narrowed: planning::narrowed(&self.args.selection, None),
            requests: done.tally.requests(),
            edited: done.tally.edited,
            kept: agreed.plan.selected.keep,
            duration: done.duration,
            errors,
            unknown,
            rejected,
            left: agreed.plan.selected.left,
            left_in_doubt: agreed.plan.selected.left_in_doubt,
            blocked: blocked.into_iter().map(|(why, number)| (why.as_str(), number)).collect(),
            next: done.verdict.next.clone(),
            results: done.results.clone(),
            notes: done.notes.clone(),
            sandbox,
            manifest: self.manifest_as_typed(),
            now: Zoned::now(),
        };
        let style = Stream::Stderr.style(self.global.show_recipients);
        Ok(Stream::Stderr.say(&summary::render(&report, style))?)
    }

    fn title(&self, campaign: &str) -> String {
        if self.purpose.is_test() { format!("{campaign} (test)") } else { campaign.to_owned() }
    }

    fn tell_json(
        &self,
        prepared: &Prepared<'_>,
        agreed: &Agreed,
        counts: &Counts,
        done: &Done,
        sandbox: Option<SandboxCounts>,
        errors: Vec<(String, u64)>,
    ) -> Result<(), Failure> {
        let style = Stream::Stdout.style(self.global.show_recipients);
        let stopped = match &done.verdict.ending {
            Ending::Stopped(reasons) | Ending::MoreToDo(reasons) => Some(reasons.join("; ")),
            Ending::Failed(reason) => Some(reason.clone()),
            Ending::Interrupted => Some("interrupted".to_owned()),
            Ending::Done | Ending::NothingToDo => None,
        };
        let report = json::ApplyReport {
            campaign: &prepared.manifest.campaign,
            dry_run: false,
            sandbox,
            plan: agreed.plan.total,
            messages: *counts,
            requests: done.tally.requests(),
            duration: done.duration,
            results: done.results.clone(),
            ledger: Some(prepared.paths.ledger.display().to_string()),
            exit: done.verdict.exit.code(),
            stopped,
            errors,
            diagnostics: render::json_array([&self.campaign.diagnostics, &agreed.late], style.mask),
            mask: style.mask,
        };
        Ok(Stream::Stdout.say(&json::apply(&report))?)
    }
}
