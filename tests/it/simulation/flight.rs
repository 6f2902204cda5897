//! One run of the engine's state machine against the real ledger and the modelled server, under virtual time, until it
//! is over or the process "dies" between two steps.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use jiff::{Timestamp, civil};
use zapi_batch::delivery::{Limits, Rate};
use zapi_batch::engine::command::{Command, Input, Now};
use zapi_batch::engine::fleet::Fleet;
use zapi_batch::engine::{FleetOptions, Signal, window};
use zapi_batch::ledger::{Batch, Cursor, Intent, Ledger, Narrow, Settlement, Work};
use zapi_batch::message::State;
use zapi_batch::outcome::Outcome;

use super::scenario::Weather;
use super::server::{Fault, Reaches, Server, no_answer};

/// Something that is on its way.
enum Coming {
    Input(Input),
    /// The batch reaches the disk; that it did is said later.
    Disk(Batch),
    /// The request reaches the server.
    Arrival(usize),
    /// The answer reaches the sender.
    Answer(usize),
}

struct Request {
    slot: usize,
    lane: usize,
    work: Work,
    attempt: i64,
    fault: Option<Fault>,
    /// Not for those that never get there.
    arrives: bool,
    answer: Option<Outcome>,
    is_over: bool,
}

/// What the world outlives a run with.
pub(super) struct World {
    pub(super) ledger: Ledger,
    pub(super) server: Server,
    pub(super) rng: fastrand::Rng,
    /// Virtual time when this run began.
    pub(super) began: Duration,
    pub(super) epoch: Timestamp,
    /// Sends reserved per lane and day; survives crashes.
    pub(super) quota: HashMap<(usize, civil::Date), u32>,
    /// What counts for a day's limit, by the intents on disk: lane and day of every attempt that was not refused.
    pub(super) counted: HashMap<i64, (usize, civil::Date)>,
    /// Answers kept beside a failed ledger.
    pub(super) rescued: Vec<Settlement>,
}

impl World {
    pub(super) fn clock(&self) -> Timestamp {
        self.epoch.checked_add(self.began).unwrap()
    }

    pub(super) fn unknown_addresses(&self) -> Vec<String> {
        let rows = self.ledger.rows_in(State::Unknown, 1_000_000, &Narrow::default()).unwrap();
        rows.into_iter().map(|row| row.address.as_str().to_owned()).collect()
    }

    /// What was refused or not sent does not count for a day.
    pub(super) fn forget_uncounted(&mut self, settlements: &[Settlement]) {
        for settlement in settlements {
            if matches!(settlement.outcome, Outcome::Rejected { .. } | Outcome::NotSent { .. } | Outcome::HeldBack) {
                self.counted.remove(&settlement.attempt);
            }
        }
    }

    /// An intent is on disk: with it no day may have more than its limit.
    fn count(&mut self, intent: &Intent, lane: usize, limits: &Limits) {
        let day = window::day(limits, intent.at);
        self.counted.insert(intent.attempt, (lane, day));
        if let Some(limit) = limits.daily_limit {
            let sent = self.counted.values().filter(|counted| **counted == (lane, day)).count();
            assert!(sent <= limit as usize, "{sent} on {day} through lane {lane}, {limit} are allowed");
        }
    }
}

pub(super) struct Plan {
    pub(super) weather: Weather,
    /// Dies after this many steps.
    pub(super) dies_after: Option<u64>,
    /// The disk fails at this commit, before or after it was written.
    pub(super) disk_fails_at: Option<u64>,
    pub(super) signals: Vec<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Over,
    Died,
}

pub(super) struct Flight<'w> {
    world: &'w mut World,
    pub(super) fleet: Fleet,
    options: FleetOptions,
    plan: Plan,
    now: Duration,
    steps: u64,
    commits: u64,
    coming: BTreeMap<(Duration, u64), Coming>,
    nth: u64,
    requests: Vec<Request>,
    cursors: Vec<Cursor>,
    /// Lane by message, as the work was given out.
    lanes: HashMap<i64, usize>,
    /// Attempt by message, of intents that are on disk.
    intents: HashMap<i64, i64>,
    open: HashSet<i64>,
    last_sent: Vec<Option<Duration>>,
    pub(super) taken_up: HashSet<i64>,
    is_failed: bool,
    is_stopped: bool,
    unknown_in_row: u32,
}

impl<'w> Flight<'w> {
    pub(super) fn new(world: &'w mut World, options: FleetOptions, plan: Plan) -> Self {
        let last = world.ledger.last_attempt().unwrap();
        let lanes = options.lanes.len();
        Self {
            world,
            fleet: Fleet::new(options.clone(), last),
            options,
            plan,
            now: Duration::ZERO,
            steps: 0,
            commits: 0,
            coming: BTreeMap::new(),
            nth: 0,
            requests: Vec::new(),
            cursors: std::iter::repeat_with(Cursor::default).take(lanes).collect(),
            lanes: HashMap::new(),
            intents: HashMap::new(),
            open: HashSet::new(),
            last_sent: vec![None; lanes],
            taken_up: HashSet::new(),
            is_failed: false,
            is_stopped: false,
            unknown_in_row: 0,
        }
    }

    fn at(&self) -> Duration {
        self.world.began + self.now
    }

    fn clock(&self) -> Now {
        Now { since: self.now, clock: self.world.epoch.checked_add(self.at()).unwrap() }
    }

    fn later(&mut self, delay: Duration, coming: Coming) {
        self.nth += 1;
        self.coming.insert((self.now + delay, self.nth), coming);
    }

    fn soon(&mut self, coming: Coming) {
        let delay = Duration::from_micros(self.world.rng.u64(0..3000));
        self.later(delay, coming);
    }

    /// Attempts whose intent is on disk without an outcome.
    pub(super) fn left_open(&self) -> HashSet<i64> {
        self.open.clone()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.is_failed
    }

    /// True when the process dies here.
    fn dies(&mut self) -> bool {
        self.steps += 1;
        self.plan.dies_after.is_some_and(|after| self.steps > after)
    }

    /// Runs until the end of one kind or another; what is still on the network then arrives or does not.
    pub(super) fn run(&mut self) -> End {
        for at in std::mem::take(&mut self.plan.signals) {
            let signal = if self.world.rng.bool() { Signal::Interrupt } else { Signal::Terminate };
            self.later(at, Coming::Input(Input::Stop(signal)));
        }
        let end = self.fly();
        for index in 0..self.requests.len() {
            if !self.requests[index].is_over && self.requests[index].arrives && self.world.rng.bool() {
                self.arrive(index);
            }
        }
        self.world.began += self.now;
        end
    }

    fn fly(&mut self) -> End {
        for _ in 0..200_000 {
            for command in self.fleet.decide(self.clock()) {
                if self.dies() {
                    return End::Died;
                }
                self.carry_out(command);
            }
            if self.fleet.is_over() {
                return End::Over;
            }
            let next = self.coming.first_key_value().map(|((at, _), _)| *at);
            let next = next.into_iter().chain(self.fleet.wake()).min().expect("the run stalled");
            self.now = self.now.max(next);
            while let Some(entry) = self.coming.first_entry().filter(|entry| entry.key().0 <= self.now) {
                let coming = entry.remove();
                if self.dies() {
                    return End::Died;
                }
                self.happen(coming);
                // Sometimes everything that is here is taken in before the next decision, sometimes not.
                if self.world.rng.bool() {
                    break;
                }
            }
        }
        panic!("the run does not end");
    }

    fn happen(&mut self, coming: Coming) {
        match coming {
            Coming::Input(input) => {
                self.is_stopped |= matches!(input, Input::Stop(_) | Input::LedgerFailed);
                let now = self.clock();
                self.fleet.take_in(input, now);
            }
            Coming::Disk(batch) => self.reach_disk(&batch),
            Coming::Arrival(index) => self.arrive(index),
            Coming::Answer(index) => self.answer(index),
        }
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Fetch { lane, most } => {
                let name = &self.options.lanes[lane].name;
                let most = most.min(self.world.rng.usize(1..30));
                let work = self.world.ledger.work(name, &mut self.cursors[lane], most, &Narrow::default()).unwrap();
                self.lanes.extend(work.iter().map(|work| (work.message, lane)));
                self.soon(Coming::Input(Input::Fed { lane, exhausted: work.is_empty(), work }));
            }
            Command::Commit(batch) => {
                assert!(!self.is_failed, "nothing is committed after the ledger failed");
                assert!(batch.intents.is_empty() || !self.is_stopped, "no intents after a stop");
                self.soon(Coming::Disk(batch));
            }
            Command::Start { slot, lane, work } => self.start(slot, lane, work),
            Command::Abandon => self.coming.retain(|_, coming| !matches!(coming, Coming::Answer(_))),
            Command::AskStatus { lane } => {
                let connected = [Some(true), Some(true), Some(false), None][self.world.rng.usize(..4)];
                let connected = if self.plan.weather == Weather::Calm { Some(true) } else { connected };
                self.soon(Coming::Input(Input::Status { lane, connected }));
            }
            Command::AskQueue { lane, .. } => {
                let at = self.at();
                let waiting = Ok(self.world.server.waiting(lane, at));
                let waiting = if self.rain() { Err(no_answer()) } else { waiting };
                self.soon(Coming::Input(Input::Queue { lane, waiting }));
            }
            Command::AskQuota { lane, day, want, limit } => {
                let used = self.world.quota.entry((lane, day)).or_default();
                let granted = want.min(limit.saturating_sub(*used));
                *used += granted;
                self.soon(Coming::Input(Input::Quota { lane, day, granted }));
            }
            Command::CountQuota { lane, day, sends } => *self.world.quota.entry((lane, day)).or_default() += sends,
            Command::ReturnQuota { lane, day, unused } => {
                let used = self.world.quota.get_mut(&(lane, day)).expect("returned, so reserved");
                *used = used.checked_sub(unused).expect("no more returned than reserved");
            }
            Command::Rescue(settlements) => {
                self.world.rescued.extend(settlements);
                self.soon(Coming::Input(Input::Rescued));
            }
            Command::Say(_) => {}
        }
    }

    fn rain(&mut self) -> bool {
        match self.plan.weather {
            Weather::Calm => false,
            Weather::Mixed(percent) => self.world.rng.u8(0..100) < percent,
            Weather::Outage { from, lasts, .. } => self.now >= from && self.now < from + lasts,
        }
    }

    /// A batch is written; the process hears of it later, or that the disk failed, before or after writing.
    fn reach_disk(&mut self, batch: &Batch) {
        self.commits += 1;
        let is_failing = self.plan.disk_fails_at == Some(self.commits);
        let is_written = !is_failing || self.world.rng.bool();
        if is_written {
            self.world.ledger.commit(batch).unwrap();
            self.world.forget_uncounted(&batch.settlements);
            for settlement in &batch.settlements {
                assert!(self.open.remove(&settlement.attempt), "settled once, after its intent");
            }
            for intent in &batch.intents {
                assert!(self.open.insert(intent.attempt));
                self.intents.insert(intent.message, intent.attempt);
                self.taken_up.insert(intent.message);
                let lane = self.lanes[&intent.message];
                self.world.count(intent, lane, &self.options.lanes[lane].limits);
            }
        }
        assert!(self.open.len() <= self.options.delivery.concurrency, "no more open intents than slots");
        if is_failing {
            self.is_failed = true;
            self.world.rescued.extend(batch.settlements.iter().cloned());
        }
        self.soon(Coming::Input(if is_failing { Input::LedgerFailed } else { Input::Committed }));
    }

    /// A request leaves: everything that has to hold at that moment is looked at.
    fn start(&mut self, slot: usize, lane: usize, work: Work) {
        let attempt = self.intents[&work.message];
        assert!(self.open.contains(&attempt), "a request before its intent is on disk");
        assert!(!self.is_stopped, "a request after a stop");
        assert!(self.unknown_in_row < 5, "a request after five unknowns in a row");
        let limits = &self.options.lanes[lane].limits;
        let calendar = window::calendar(limits, self.clock().clock);
        assert!(matches!(calendar, window::Calendar::Open { .. }), "a request outside the windows: {calendar:?}");
        if let (Rate::Every(period), Some(last)) = (limits.rate, self.last_sent[lane]) {
            let gap_min = period.mul_f64(1.0 - limits.jitter).saturating_sub(period / 10);
            let gap = self.now.saturating_sub(last);
            assert!(gap >= gap_min, "lane {lane}: {gap:?} after the last one, {gap_min:?} is the least");
        }
        self.last_sent[lane] = Some(self.now);
        let is_raining = self.rain();
        let fault = is_raining.then(|| match self.plan.weather {
            Weather::Outage { fault, .. } => Fault::ALL[fault],
            Weather::Mixed(_) | Weather::Calm => Fault::ALL[self.world.rng.usize(..Fault::ALL.len())],
        });
        let arrives = fault.is_none_or(|fault| match fault.reaches() {
            Reaches::Never => false,
            Reaches::Perhaps => self.world.rng.bool(),
            Reaches::Always => true,
        });
        let takes = match fault {
            Some(fault) => fault.takes(&mut self.world.rng),
            None => Duration::from_millis(self.world.rng.u64(1..300)),
        };
        let index = self.requests.len();
        self.requests.push(Request { slot, lane, work, attempt, fault, arrives, answer: None, is_over: false });
        if arrives {
            let there = takes.mul_f64(self.world.rng.f64());
            self.later(there, Coming::Arrival(index));
        }
        self.later(takes, Coming::Answer(index));
    }

    fn arrive(&mut self, index: usize) {
        let at = self.at();
        let request = &mut self.requests[index];
        request.is_over = true;
        let answer = self.world.server.process(request.lane, &request.work, at);
        request.answer = Some(answer);
        if let Some(most) = self.options.lanes[request.lane].limits.max_queued {
            let waiting = self.world.server.waiting(request.lane, at);
            assert!(waiting <= most, "{waiting} wait in the queue, {most} are allowed");
        }
    }

    fn answer(&mut self, index: usize) {
        let request = &mut self.requests[index];
        assert!(self.open.contains(&request.attempt));
        let outcome = match request.fault {
            Some(fault) => fault.outcome(),
            None => request.answer.clone().expect("an answer after the arrival"),
        };
        match outcome {
            Outcome::Accepted { .. } => self.unknown_in_row = 0,
            Outcome::Unknown { .. } => self.unknown_in_row += 1,
            Outcome::Rejected { .. } | Outcome::NotSent { .. } | Outcome::HeldBack => {}
        }
        let input = Input::Settled { slot: request.slot, work: request.work.clone(), outcome };
        let now = self.clock();
        self.fleet.take_in(input, now);
    }
}
