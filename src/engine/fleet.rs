//! All lanes together: what they share, and what comes in for them.
//!
//! The decision part of the engine, synchronous and free of I/O: [`Fleet::take_in`] what happened, then
//! [`Fleet::decide`] (in `dispatch`) what is to be done now. Owns the slots (a slot is free when no outcome is open in
//! it), the batch that is being committed, the run-wide streak of unknowns, the limit, and how a run is stopped.

use std::time::Duration;

use jiff::civil;

use super::command::{Command, FleetOptions, Input, Now};
use super::event::{Event, LaneEnd, Settled, Tally, Verdict};
use super::lane::{Lane, Task};
use super::settle::STREAK_MAX;
use super::stop::Signal;
use crate::gateway::CallFault;
use crate::ledger::{Settlement, Work};
use crate::message::AttemptKind;
use crate::outcome::{Outcome, Unknown};

/// One of the `concurrency` places for an attempt.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) state: SlotState,
    pub(super) lane: usize,
    pub(super) attempt: i64,
    pub(super) message: i64,
    pub(super) edit: bool,
    pub(super) epoch: u32,
    pub(super) doubts: u32,
    /// The day whose limit it counts for.
    pub(super) day: civil::Date,
    /// Here while nothing is in flight.
    pub(super) work: Option<Work>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum SlotState {
    #[default]
    Free,
    /// Its intent is in the batch that is being committed.
    Committing,
    /// Its intent is on disk; it waits for the moment of sending.
    Armed,
    Flying,
}

impl Slot {
    fn kind(&self) -> AttemptKind {
        if self.edit { AttemptKind::Edit } else { AttemptKind::Create }
    }
}

/// The batch that is being committed.
#[derive(Debug)]
pub(super) struct Committing {
    pub(super) began: Duration,
    /// The slots of its intents.
    pub(super) slots: Vec<usize>,
    /// What holds once it is on disk.
    pub(super) tally: Tally,
    /// Messages that wait to be taken up anew.
    pub(super) again: u64,
    pub(super) last: Option<Settled>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Running,
    /// No new messages; those in flight are waited for, after a signal until then at the latest.
    Draining {
        until: Option<Duration>,
    },
    /// Nothing is waited for any more but the last commit.
    Leaving,
    /// The ledger failed: answers are collected for its rescue until then.
    Failed {
        until: Duration,
    },
    /// The rescue is being written.
    Rescuing,
    Over,
}

/// Why the whole run ends, if not by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    Interrupted { left_open: usize },
    Unknowns { in_row: u32 },
    Ledger,
    Quota,
}

/// The lanes of a run and what they share.
#[derive(Debug)]
pub struct Fleet {
    pub(super) options: FleetOptions,
    pub(super) lanes: Vec<Lane>,
    pub(super) slots: Vec<Slot>,
    pub(super) free: Vec<usize>,
    pub(super) next_attempt: i64,
    /// Outcomes that have arrived and are not on disk.
    pub(super) settlements: Vec<Settlement>,
    /// Slots that are free as soon as these are.
    pub(super) settled_slots: Vec<usize>,
    pub(super) committing: Option<Committing>,
    /// How long a commit takes, lately and at most.
    pub(super) commit_takes: Duration,
    pub(super) tally: Tally,
    pub(super) last: Option<Settled>,
    unknowns: u32,
    pub(super) limit: Option<u64>,
    /// Which lane is asked first for the next batch.
    pub(super) turn: usize,
    pub(super) phase: Phase,
    stopped: Option<Stopped>,
    is_leaving: bool,
    pub(super) out: Vec<Command>,
}

impl Fleet {
    /// `last_attempt` is the number of the ledger's last attempt.
    pub fn new(options: FleetOptions, last_attempt: i64) -> Self {
        let lanes = options.lanes.iter().enumerate().map(|(index, spec)| Lane::new(index, spec, &options)).collect();
        let concurrency = options.delivery.concurrency.max(1);
        Self {
            lanes,
            slots: std::iter::repeat_with(Slot::default).take(concurrency).collect(),
            free: (0..concurrency).rev().collect(),
            next_attempt: last_attempt + 1,
            settlements: Vec::new(),
            settled_slots: Vec::new(),
            committing: None,
            commit_takes: Duration::ZERO,
            tally: Tally::default(),
            last: None,
            unknowns: 0,
            limit: options.limit,
            turn: 0,
            phase: Phase::Running,
            stopped: None,
            is_leaving: false,
            out: Vec::new(),
            options,
        }
    }

    /// Everything has ended and is on disk, as far as it can be.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Why the run ended as a whole; `None` when every lane came to its own end.
    pub fn stopped(&self) -> Option<Stopped> {
        self.stopped
    }

    /// Committed outcomes and those that are about to be.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// How each lane ended; only when the run is over.
    pub fn lane_ends(&self) -> Vec<LaneEnd> {
        self.lanes.iter().map(|lane| lane.end.clone().unwrap_or(LaneEnd::RunEnded)).collect()
    }

    /// Whether a signal has ended the waiting: a disk that does not take what is left is not waited for any longer.
    pub fn is_leaving(&self) -> bool {
        self.is_leaving
    }

    pub(super) fn in_flight(&self) -> usize {
        self.slots.iter().filter(|slot| slot.state == SlotState::Flying).count()
    }

    /// Takes in what happened. Several may follow one another before the next [`Fleet::decide`].
    pub fn take_in(&mut self, input: Input, now: Now) {
        match input {
            Input::Fed { lane, work, exhausted } => self.lanes[lane].fed(work, exhausted),
            Input::Committed => self.committed(now),
            Input::Settled { slot, work, outcome } => self.settled(slot, work, outcome, now),
            Input::Status { lane, connected } => {
                let lane = &mut self.lanes[lane];
                if lane.gate.status(connected, now) {
                    lane.rejections = 0;
                    lane.pauses.answered();
                }
            }
            Input::Queue { lane, waiting } => self.queue_answered(lane, waiting, now),
            Input::Quota { lane, day, granted } => self.lanes[lane].credit.granted(day, granted, now),
            Input::Stop(signal) => self.stop(signal, now),
            Input::LedgerFailed => self.ledger_failed(now),
            Input::QuotaFailed => self.drain(Stopped::Quota),
            Input::Rescued => self.phase = Phase::Over,
        }
    }

    fn committed(&mut self, now: Now) {
        let Some(batch) = self.committing.take() else { return };
        let took = now.since.saturating_sub(batch.began);
        self.commit_takes = took.max(self.commit_takes * 7 / 8);
        for slot in batch.slots {
            self.slots[slot].state = SlotState::Armed;
            self.lanes[self.slots[slot].lane].armed.push_back(slot);
        }
        if let Some(last) = batch.last {
            self.out.push(Command::Say(Event::Settled { tally: batch.tally, again: batch.again, last }));
        }
    }

    fn settled(&mut self, index: usize, work: Work, outcome: Outcome, now: Now) {
        let slot = &mut self.slots[index];
        // What was abandoned is settled already, even if its answer was on the way.
        if slot.state != SlotState::Flying {
            return;
        }
        slot.work = Some(work);
        self.settle(index, outcome, now);
    }

    /// An attempt has come to something: decides what follows and keeps it for the next batch.
    fn settle(&mut self, index: usize, outcome: Outcome, now: Now) {
        let slot = &mut self.slots[index];
        let lane = &mut self.lanes[slot.lane];
        let Some(work) = slot.work.take() else { return };
        let (label, kind) = (work.label.clone(), work.kind);
        let task = Task { work, doubts: slot.doubts };
        let verdict = lane.settle(task, &outcome, slot.epoch, now, &mut self.out);
        self.last = Some(Settled { lane: slot.lane, label, kind, verdict });
        match (verdict, kind) {
            (Verdict::Accepted, kind) => {
                self.tally.accepted += 1;
                self.tally.edited += u64::from(kind == AttemptKind::Edit);
            }
            (Verdict::Rejected, _) => self.tally.rejected += 1,
            (Verdict::NotSent, _) => self.tally.not_sent += 1,
            (Verdict::Unknown, AttemptKind::Create) => self.tally.unknown += 1,
            (Verdict::Unknown, AttemptKind::Edit) => self.tally.doubtful_edits += 1,
        }
        match verdict {
            Verdict::Accepted => self.unknowns = 0,
            Verdict::Unknown => {
                self.unknowns += 1;
                lane.room.doubt();
            }
            Verdict::Rejected | Verdict::NotSent => {}
        }
        self.release(index, outcome, verdict, now);
        if self.unknowns >= STREAK_MAX {
            self.drain(Stopped::Unknowns { in_row: self.unknowns });
        }
    }

    /// The slot's attempt is over: its outcome goes into the next batch, and with it the slot is free.
    fn release(&mut self, index: usize, outcome: Outcome, verdict: Verdict, now: Now) {
        let slot = &mut self.slots[index];
        let lane = &mut self.lanes[slot.lane];
        slot.state = SlotState::Free;
        lane.outstanding -= 1;
        if slot.epoch == lane.pauses.epoch() {
            lane.since_pause = lane.since_pause.saturating_sub(1);
        }
        if matches!(verdict, Verdict::Rejected | Verdict::NotSent) {
            lane.room.put_back();
            if let Some((day, unused)) = lane.credit.put_back(slot.day) {
                self.out.push(Command::ReturnQuota { lane: slot.lane, day, unused });
            }
        }
        let (attempt, message, kind) = (slot.attempt, slot.message, slot.kind());
        self.settlements.push(Settlement { attempt, message, kind, outcome, at: now.clock });
        self.settled_slots.push(index);
    }

    /// What is on disk as an intent and has not left is proof enough that nothing was sent.
    pub(super) fn hold_back(&mut self, index: usize, now: Now) {
        let slot = &mut self.slots[index];
        if let Some(work) = slot.work.take() {
            let task = Task { work, doubts: slot.doubts };
            self.lanes[slot.lane].put_back(task);
        }
        self.release(index, Outcome::HeldBack, Verdict::NotSent, now);
    }

    fn queue_answered(&mut self, index: usize, waiting: Result<u32, CallFault>, now: Now) {
        let lane = &mut self.lanes[index];
        match waiting {
            Ok(waiting) => {
                lane.pauses.queue_read();
                lane.room.answered(lane.limits.max_queued.unwrap_or(u32::MAX), waiting, now);
            }
            Err(fault) => {
                lane.room.not_answered();
                lane.queue_not_read(now, fault, &mut self.out);
            }
        }
    }

    /// The first signal lets answers in flight arrive, for a while; the second waits for nothing.
    fn stop(&mut self, signal: Signal, now: Now) {
        let until = now.since + signal.grace(self.options.audience, self.options.delivery.timeout);
        match self.phase {
            Phase::Running | Phase::Draining { until: None } => {
                self.phase = Phase::Draining { until: Some(until) };
                self.stopped = Some(Stopped::Interrupted { left_open: 0 });
                let (in_flight, until) = (self.in_flight(), now.clock_at(until));
                let requests = self.tally.requests();
                self.out.push(Command::Say(Event::Draining { in_flight, requests, until }));
            }
            Phase::Draining { until: Some(_) } => self.leave(now),
            Phase::Failed { until: failed } if until < failed => self.phase = Phase::Failed { until },
            Phase::Failed { .. } => self.phase = Phase::Failed { until: now.since },
            // The disk may hang, and never let the rescue end.
            Phase::Rescuing => self.is_leaving = true,
            Phase::Leaving | Phase::Over => {}
        }
    }

    /// Takes no new messages; each request in flight has its own timeout.
    fn drain(&mut self, why: Stopped) {
        if self.phase == Phase::Running {
            self.phase = Phase::Draining { until: None };
            self.stopped = Some(why);
        }
    }

    /// Waits for no answer any more: what is in flight is unknown.
    pub(super) fn leave(&mut self, now: Now) {
        if !matches!(self.phase, Phase::Running | Phase::Draining { .. }) {
            return;
        }
        let flying: Vec<usize> =
            (0..self.slots.len()).filter(|index| self.slots[*index].state == SlotState::Flying).collect();
        for index in &flying {
            let error = "the run was stopped before the answer came".to_owned();
            let outcome = Outcome::Unknown { http_status: None, error, then: Unknown::Next };
            match self.slots[*index].kind() {
                AttemptKind::Create => self.tally.unknown += 1,
                AttemptKind::Edit => self.tally.doubtful_edits += 1,
            }
            self.release(*index, outcome, Verdict::Unknown, now);
        }
        self.out.push(Command::Abandon);
        self.stopped = Some(Stopped::Interrupted { left_open: flying.len() });
        self.phase = Phase::Leaving;
        self.is_leaving = true;
    }

    fn ledger_failed(&mut self, now: Now) {
        if matches!(self.phase, Phase::Failed { .. } | Phase::Rescuing | Phase::Over) {
            return;
        }
        self.stopped = Some(Stopped::Ledger);
        self.phase = Phase::Failed { until: now.since + self.options.delivery.timeout };
        let Some(batch) = self.committing.take() else { return };
        // The ledger has rescued the batch's settlements itself. Whether its intents are on disk cannot be known; that
        // they never left is kept like any other answer.
        for index in batch.slots {
            self.hold_back(index, now);
        }
    }
}
