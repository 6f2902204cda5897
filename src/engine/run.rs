//! The shell around the state machine: carries its commands out under tokio and brings it what happens.
//!
//! One foreground loop over signals, answers, the ledger's thread and the clock. Decides nothing.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::command::{Command, FleetOptions, Input, Now};
use super::event::{Event, LaneEnd, RunEnd, Tally};
use super::fleet::{Fleet, Stopped};
use super::ledger_thread::{Ask, LedgerThread, Said};
use super::outbox::Outbox;
use super::stop::StopSignal;
use crate::gateway::{CallFault, Gateway};
use crate::ledger::{Ledger, LedgerError, Narrow, Work};
use crate::quota::{Quota, QuotaError};

/// How long a second signal lets the last commit take.
const LAST_COMMIT: Duration = Duration::from_secs(1);
/// The runtime's timer counts milliseconds. Where sends come so close that this matters, the last one is waited out
/// awake.
const AWAKE_BELOW: Duration = Duration::from_millis(20);
const TIMER_STEP: Duration = Duration::from_millis(1);

/// What a run is given.
#[derive(Debug)]
pub struct RunOptions {
    pub fleet: FleetOptions,
    /// `--only` and `--to`.
    pub narrow: Narrow,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// For results and summary; gone only when it still hung when a second signal ended the run.
    pub ledger: Option<Ledger>,
    pub run: RunEnd,
    /// One for each of [`FleetOptions::lanes`].
    pub lanes: Vec<LaneEnd>,
    pub tally: Tally,
}

/// Attempts everything that is pending and selected, and comes back when every lane has ended or the run was stopped.
///
/// Preflight is the caller's; so is everything that people see: `events` is told what happens. Without `quota` nothing
/// is counted and no daily limit holds (the sandbox). Has to run on a current-thread runtime with time and IO enabled.
pub async fn run(
    options: RunOptions,
    ledger: Ledger,
    gateway: &Gateway,
    quota: Option<Quota>,
    mut stop: StopSignal,
    events: mpsc::Sender<Event>,
) -> Ended {
    let last_attempt = match ledger.last_attempt() {
        Ok(last_attempt) => last_attempt,
        Err(error) => return not_begun(ledger, &options, error),
    };
    let path = ledger.path().to_owned();
    let thread = match LedgerThread::start(ledger, quota, &options.fleet.lanes, options.narrow) {
        Ok(thread) => thread,
        Err(error) => {
            let run = RunEnd::Ledger(LedgerError::Io { path, error });
            let lanes = vec![LaneEnd::RunEnded; options.fleet.lanes.len()];
            return Ended { ledger: None, run, lanes, tally: Tally::default() };
        }
    };
    let mut shell = Shell::new(options.fleet, last_attempt, gateway, thread, events, path);
    while !shell.step() {
        let wake = shell.wake();
        tokio::select! {
            signal = stop.next() => shell.take_in(Input::Stop(signal)),
            said = shell.thread.next() => match said {
                Some(said) => shell.heard(said),
                None => break,
            },
            Some((slot, work, outcome)) = shell.flights.next() => {
                shell.take_in(Input::Settled { slot, work, outcome });
            }
            Some(answer) = shell.calls.next() => shell.take_in(answer),
            () = shell.outbox.deliver() => {}
            () = sleep_until(wake) => {}
        }
        shell.take_in_what_is_here();
        while shell.fleet.is_amid_burst() && shell.more_has_come().await {}
    }
    shell.finish().await
}

fn not_begun(ledger: Ledger, options: &RunOptions, error: LedgerError) -> Ended {
    let lanes = vec![LaneEnd::RunEnded; options.fleet.lanes.len()];
    Ended { ledger: Some(ledger), run: RunEnd::Ledger(error), lanes, tally: Tally::default() }
}

type Answered = (usize, Work, crate::outcome::Outcome);

struct Shell<'a> {
    fleet: Fleet,
    /// Each lane's index in the gateway.
    instances: Vec<usize>,
    gateway: &'a Gateway,
    thread: LedgerThread,
    outbox: Outbox,
    flights: FuturesUnordered<LocalBoxFuture<'a, Answered>>,
    calls: FuturesUnordered<LocalBoxFuture<'a, Input>>,
    started: Instant,
    leaving: Option<Instant>,
    ledger_error: Option<LedgerError>,
    quota_error: Option<QuotaError>,
    /// The ledger's.
    path: PathBuf,
}

impl<'a> Shell<'a> {
    fn new(
        options: FleetOptions,
        last_attempt: i64,
        gateway: &'a Gateway,
        thread: LedgerThread,
        events: mpsc::Sender<Event>,
        path: PathBuf,
    ) -> Self {
        Self {
            instances: options.lanes.iter().map(|lane| lane.gateway).collect(),
            fleet: Fleet::new(options, last_attempt),
            gateway,
            thread,
            outbox: Outbox::new(events),
            flights: FuturesUnordered::new(),
            calls: FuturesUnordered::new(),
            started: Instant::now(),
            leaving: None,
            ledger_error: None,
            quota_error: None,
            path,
        }
    }

    fn now(&self) -> Now {
        Now { since: self.started.elapsed(), clock: Timestamp::now() }
    }

    /// Carries out what is to be done now. True when the run is over.
    fn step(&mut self) -> bool {
        for command in self.fleet.decide(self.now()) {
            self.carry_out(command);
        }
        if self.fleet.is_leaving() {
            let leaving = *self.leaving.get_or_insert_with(Instant::now);
            return self.fleet.is_over() || leaving.elapsed() >= LAST_COMMIT;
        }
        self.fleet.is_over()
    }

    /// When to look again, and whether to the point.
    fn wake(&self) -> Option<(Instant, bool)> {
        let last_commit = self.leaving.map(|leaving| leaving + LAST_COMMIT);
        let wake = self.fleet.wake().and_then(|wake| self.started.checked_add(wake));
        let is_exact = self.fleet.period_min().is_some_and(|period| period < AWAKE_BELOW);
        wake.into_iter().chain(last_commit).min().map(|at| (at, is_exact))
    }

    fn take_in(&mut self, input: Input) {
        let now = self.now();
        self.fleet.take_in(input, now);
    }

    fn heard(&mut self, said: Said) {
        match said {
            Said::Input(input) => self.take_in(input),
            Said::LedgerFailed(error) => {
                tracing::error!(%error, "the ledger failed; nothing more is sent");
                self.ledger_error.get_or_insert(error);
                self.take_in(Input::LedgerFailed);
            }
            Said::QuotaFailed(error) => {
                tracing::error!(%error, "the daily counts failed; nothing more is sent");
                self.quota_error.get_or_insert(error);
                self.take_in(Input::QuotaFailed);
            }
        }
    }

    /// Everything that has arrived goes into one decision, and so into one transaction. Says how many answers there were.
    fn take_in_what_is_here(&mut self) -> usize {
        while let Some(said) = self.thread.try_next() {
            self.heard(said);
        }
        let mut answers = 0;
        while let Some(Some((slot, work, outcome))) = self.flights.next().now_or_never() {
            self.take_in(Input::Settled { slot, work, outcome });
            answers += 1;
        }
        answers
    }

    /// Whether another answer came in right after the last, so that they can share a commit. Waits for nothing.
    async fn more_has_come(&mut self) -> bool {
        // Once for the runtime to look at the sockets, and once for the connections to read them.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        self.take_in_what_is_here() > 0
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Start { slot, lane, work } => {
                self.flights.push(attempt(self.gateway, self.instances[lane], slot, work).boxed_local());
            }
            Command::Abandon => self.flights.clear(),
            Command::AskStatus { lane } => {
                let (gateway, instance) = (self.gateway, self.instances[lane]);
                let call = async move {
                    let connected = gateway.status(instance).await.ok().map(|status| status.connected);
                    Input::Status { lane, connected }
                };
                self.calls.push(call.boxed_local());
            }
            Command::AskQueue { lane, most } => {
                let (gateway, instance) = (self.gateway, self.instances[lane]);
                let call = async move { Input::Queue { lane, waiting: queue_length(gateway, instance, most).await } };
                self.calls.push(call.boxed_local());
            }
            Command::Fetch { lane, most } => self.thread.ask(Ask::Fetch { lane, most }),
            Command::Commit(batch) => self.thread.ask(Ask::Commit(batch)),
            Command::AskQuota { lane, day, want, limit } => {
                self.thread.ask(Ask::Quota { lane, day, want, limit });
            }
            Command::CountQuota { lane, day, sends } => self.thread.ask(Ask::CountQuota { lane, day, sends }),
            Command::ReturnQuota { lane, day, unused } => self.thread.ask(Ask::ReturnQuota { lane, day, unused }),
            Command::Rescue(settlements) => self.thread.ask(Ask::Rescue(settlements)),
            Command::Say(event) => {
                // Each attempt is in the log by itself.
                if !matches!(event, Event::Settled { .. }) {
                    tracing::info!(?event);
                }
                self.outbox.push(event);
            }
        }
    }

    async fn finish(self) -> Ended {
        let is_over = self.fleet.is_over();
        let run = match (self.ledger_error, self.quota_error, self.fleet.stopped()) {
            (Some(error), _, _) => RunEnd::Ledger(error),
            (None, _, Some(Stopped::Interrupted { left_open })) => RunEnd::Interrupted { left_open },
            (None, Some(error), _) => RunEnd::Quota(error),
            (None, None, Some(Stopped::Unknowns { in_row })) => RunEnd::Unknowns { in_row },
            (None, None, None) if is_over => RunEnd::Finished,
            // The ledger's thread is gone without a word.
            (None, None, Some(Stopped::Ledger | Stopped::Quota) | None) => {
                RunEnd::Ledger(LedgerError::Broken { path: self.path })
            }
        };
        let (lanes, tally) = (self.fleet.lane_ends(), self.fleet.tally());
        drop((self.flights, self.calls));
        let ledger = if is_over { self.thread.finish().await } else { None };
        self.outbox.finish().await;
        Ended { ledger, run, lanes, tally }
    }
}

async fn attempt(gateway: &Gateway, instance: usize, slot: usize, work: Work) -> Answered {
    let address = work.address.as_str();
    let outcome = gateway.attempt(instance, work.kind, address, work.original_id.as_deref(), &work.event).await;
    tracing::debug!(message = work.message, kind = ?work.kind, status = outcome.http_status(), "attempted");
    (slot, work, outcome)
}

/// How many messages wait in an instance's queue, anybody's; counts no further than past `most`.
async fn queue_length(gateway: &Gateway, instance: usize, most: u32) -> Result<u32, CallFault> {
    let mut waiting = 0_u32;
    let mut pages = gateway.queue_pages(instance);
    while let Some(messages) = pages.next().await? {
        waiting = waiting.saturating_add(u32::try_from(messages.len()).unwrap_or(u32::MAX));
        if waiting > most {
            break;
        }
    }
    Ok(waiting)
}

/// Comes back at that moment, or a little earlier when it has to be met to the point; never without one.
async fn sleep_until(wake: Option<(Instant, bool)>) {
    let Some((at, is_exact)) = wake else { return std::future::pending().await };
    if !is_exact {
        return tokio::time::sleep_until(at.into()).await;
    }
    match at.checked_sub(TIMER_STEP).filter(|early| *early > Instant::now()) {
        Some(early) => tokio::time::sleep_until(early.into()).await,
        None => {
            while Instant::now() < at {
                tokio::task::yield_now().await;
            }
        }
    }
}
