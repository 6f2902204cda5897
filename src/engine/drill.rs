//! Drives the state machine through scripted runs under virtual time, for its tests: no ledger, no network, no clock.
//!
//! Holds every run to the promises that need no ledger: no request before its intent is committed, never more open
//! intents than slots, no message in two places, one commit at a time.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;

use super::command::{Command, FleetOptions, Input, LaneSpec, Now, Patience};
use super::event::{Event, LaneEnd};
use super::fleet::Fleet;
use super::stop::{Audience, Signal};
use crate::delivery::{Delivery, Limits, Rate};
use crate::gateway::CallFault;
use crate::instance::Fingerprint;
use crate::ledger::Work;
use crate::message::AttemptKind;
use crate::outcome::{NotSent, Outcome, Unknown};
use crate::recipient::Address;

pub(super) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(super) fn accepted() -> Outcome {
    Outcome::Accepted { message_id: "m".into(), zaap_id: "z".into() }
}

pub(super) fn rejected() -> Outcome {
    Outcome::Rejected { http_status: 400, error: "Invalid phone".into() }
}

pub(super) fn unknown(http_status: Option<u16>, then: Unknown) -> Outcome {
    Outcome::Unknown { http_status, error: "no answer".into(), then }
}

pub(super) fn reset() -> Outcome {
    unknown(None, Unknown::Next)
}

pub(super) fn not_sent(http_status: Option<u16>, then: NotSent) -> Outcome {
    Outcome::NotSent { http_status, error: "refused".into(), then }
}

pub(super) fn refused() -> Outcome {
    not_sent(None, NotSent::Pause)
}

/// A request that left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) at: Duration,
    pub(super) lane: usize,
    pub(super) message: i64,
    /// From 0, in the order of leaving, of all lanes.
    pub(super) nth: usize,
}

type Script = Box<dyn FnMut(Sent) -> (Duration, Outcome)>;

pub(super) struct Drill {
    pub(super) fleet: Fleet,
    concurrency: usize,
    now: Duration,
    pub(super) commit_takes: Box<dyn FnMut() -> Duration>,
    script: Script,
    /// What `/status` answers, by time.
    pub(super) connected: Box<dyn FnMut(Duration) -> Option<bool>>,
    /// What waits in the queue, by time and by how many were accepted.
    pub(super) queue: Box<dyn FnMut(Duration, u32) -> Result<u32, CallFault>>,
    pub(super) quota: HashMap<String, u32>,
    pub(super) stops: Vec<(Duration, Signal)>,
    pub(super) fail_commit: Option<usize>,
    work: Vec<Vec<Work>>,
    coming: BTreeMap<(Duration, u64), Input>,
    nth_event: u64,
    open: HashMap<i64, i64>,
    committing: Vec<(i64, i64)>,
    commits: usize,
    pub(super) settled: Vec<(i64, Outcome)>,
    /// How long the rescue file takes.
    pub(super) rescue_takes: Duration,
    pub(super) rescued: Option<usize>,
    pub(super) sent: Vec<Sent>,
    pub(super) said: Vec<Event>,
    pub(super) status_asked: Vec<Duration>,
    accepted: u32,
}

pub(super) const START: &str = "2026-11-23T08:00:00Z";

pub(super) fn unlimited() -> Limits {
    Limits { rate: Rate::Unlimited, ..Limits::default() }
}

/// Options with as many lanes as limits.
pub(super) fn options(concurrency: usize, lanes: Vec<Limits>) -> FleetOptions {
    let spec = |(index, limits): (usize, Limits)| LaneSpec {
        name: format!("lane{index}").into(),
        limits,
        gateway: index,
        fingerprint: Fingerprint::from_hex("00"),
    };
    FleetOptions {
        delivery: Delivery { concurrency, ..Delivery::default() },
        lanes: lanes.into_iter().enumerate().map(spec).collect(),
        limit: None,
        patience: Patience::Wait,
        audience: Audience::Nobody,
        seed: 7,
    }
}

/// The `n`-th message of a lane.
pub(super) fn message(lane: usize, n: usize, kind: AttemptKind) -> Work {
    Work {
        message: i64::try_from(lane * 1_000_000 + n).unwrap(),
        kind,
        original_id: None,
        address: Address::new("1-group"),
        label: format!("{n}"),
        event: "{}".into(),
    }
}

impl Drill {
    /// Each lane gets `count` messages of a kind; message ids are `lane * 1_000_000 + n`.
    pub(super) fn new(
        options: FleetOptions,
        count: usize,
        kind: AttemptKind,
        script: impl FnMut(Sent) -> (Duration, Outcome) + 'static,
    ) -> Self {
        let lanes = options.lanes.len();
        Self {
            concurrency: options.delivery.concurrency,
            fleet: Fleet::new(options, 0),
            now: Duration::ZERO,
            commit_takes: Box::new(|| ms(1)),
            script: Box::new(script),
            connected: Box::new(|_| Some(true)),
            queue: Box::new(|_, _| Ok(0)),
            quota: HashMap::new(),
            stops: Vec::new(),
            fail_commit: None,
            work: (0..lanes).map(|lane| (0..count).rev().map(|n| message(lane, n, kind)).collect()).collect(),
            coming: BTreeMap::new(),
            nth_event: 0,
            open: HashMap::new(),
            committing: Vec::new(),
            commits: 0,
            settled: Vec::new(),
            rescue_takes: ms(1),
            rescued: None,
            sent: Vec::new(),
            said: Vec::new(),
            status_asked: Vec::new(),
            accepted: 0,
        }
    }

    pub(super) fn now(&self) -> Now {
        let start: Timestamp = START.parse().unwrap();
        Now { since: self.now, clock: start.checked_add(self.now).unwrap() }
    }

    fn later(&mut self, delay: Duration, input: Input) {
        self.nth_event += 1;
        self.coming.insert((self.now + delay, self.nth_event), input);
    }

    /// Runs to the end.
    pub(super) fn run(mut self) -> Self {
        for (at, signal) in std::mem::take(&mut self.stops) {
            self.later(at, Input::Stop(signal));
        }
        for _ in 0..1_000_000 {
            for command in self.fleet.decide(self.now()) {
                self.carry_out(command);
            }
            if self.fleet.is_over() {
                return self;
            }
            let next = self.coming.first_key_value().map(|((at, _), _)| *at);
            let next = next.into_iter().chain(self.fleet.wake()).min().expect("the run stalled");
            self.now = self.now.max(next);
            while let Some(entry) = self.coming.first_entry().filter(|entry| entry.key().0 <= self.now) {
                let input = entry.remove();
                self.before(&input);
                self.fleet.take_in(input, self.now());
            }
        }
        panic!("the run does not end: {:?}", self.fleet);
    }

    fn before(&mut self, input: &Input) {
        if matches!(input, Input::Committed) {
            self.open.extend(self.committing.drain(..));
        }
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Fetch { lane, most } => {
                let left = self.work[lane].len();
                let mut work = self.work[lane].split_off(left.saturating_sub(most));
                work.reverse();
                self.later(ms(0), Input::Fed { lane, exhausted: work.is_empty(), work });
            }
            Command::Commit(batch) => {
                assert!(self.committing.is_empty(), "one commit at a time");
                for settlement in &batch.settlements {
                    assert_eq!(self.open.remove(&settlement.attempt), Some(settlement.message));
                    self.settled.push((settlement.message, settlement.outcome.clone()));
                }
                self.committing = batch.intents.iter().map(|intent| (intent.attempt, intent.message)).collect();
                assert!(self.open.len() + self.committing.len() <= self.concurrency, "more intents than slots");
                self.commits += 1;
                let answer =
                    if self.fail_commit == Some(self.commits) { Input::LedgerFailed } else { Input::Committed };
                let takes = (self.commit_takes)();
                self.later(takes, answer);
            }
            Command::Start { slot, lane, work } => self.start(slot, lane, work),
            Command::Abandon => self.coming.retain(|_, input| !matches!(input, Input::Settled { .. })),
            Command::AskStatus { lane } => {
                self.status_asked.push(self.now);
                let connected = (self.connected)(self.now);
                self.later(ms(5), Input::Status { lane, connected });
            }
            Command::AskQueue { lane, .. } => {
                let waiting = (self.queue)(self.now, self.accepted);
                self.later(ms(5), Input::Queue { lane, waiting });
            }
            Command::AskQuota { lane, day, want, limit } => {
                let used = self.quota.entry(format!("{lane} {day}")).or_default();
                let granted = want.min(limit - *used);
                *used += granted;
                self.later(ms(1), Input::Quota { lane, day, granted });
            }
            Command::CountQuota { lane, day, sends } => {
                *self.quota.entry(format!("{lane} {day}")).or_default() += sends;
            }
            Command::ReturnQuota { lane, day, unused } => {
                *self.quota.get_mut(&format!("{lane} {day}")).unwrap() -= unused;
            }
            Command::Rescue(settlements) => {
                self.rescued = Some(settlements.len());
                self.later(self.rescue_takes, Input::Rescued);
            }
            Command::Say(event) => self.said.push(event),
        }
    }

    fn start(&mut self, slot: usize, lane: usize, work: Work) {
        assert!(self.open.values().any(|message| *message == work.message), "a request before its intent");
        let sent = Sent { at: self.now, lane, message: work.message, nth: self.sent.len() };
        self.sent.push(sent);
        let (latency, outcome) = (self.script)(sent);
        if matches!(outcome, Outcome::Accepted { .. }) {
            self.accepted += 1;
        }
        self.later(latency, Input::Settled { slot, work, outcome });
    }

    pub(super) fn ends(&self) -> Vec<LaneEnd> {
        self.fleet.lane_ends()
    }

    /// How often each word came out of the settlements that were committed.
    pub(super) fn count(&self, is: fn(&Outcome) -> bool) -> usize {
        self.settled.iter().filter(|(_, outcome)| is(outcome)).count()
    }

    pub(super) fn gaps(&self, lane: usize) -> Vec<Duration> {
        let sent: Vec<Duration> = self.sent.iter().filter(|sent| sent.lane == lane).map(|sent| sent.at).collect();
        sent.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect()
    }
}
