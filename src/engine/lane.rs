//! The worker for one instance: which messages it holds, whether one may go now, what an outcome means for the next.
//!
//! Part of the state machine: input and now in, commands out, no I/O. Knows nothing of the other lanes; what they share
//! (slots, the batch, the run-wide streak) belongs to the fleet.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::allowance::{Allowed, Credit, Room};
use super::command::{Command, FleetOptions, LaneSpec, Now, Patience};
use super::event::{Event, LaneEnd, Why};
use super::gate::{Block, Gate};
use super::pace::Pace;
use super::retry::Pauses;
use crate::delivery::Limits;
use crate::ledger::Work;

/// A message that is taken up, and how often it was doubtful so far (edits only).
#[derive(Debug)]
pub(super) struct Task {
    pub(super) work: Work,
    pub(super) doubts: u32,
}

/// The messages a lane has at hand. The ledger is read ahead in small portions, so that memory stays flat.
#[derive(Debug, Default)]
struct Tasks {
    /// Not sent: they go again first, in their order.
    again: VecDeque<Task>,
    fresh: VecDeque<Work>,
    /// Doubtful edits: they go again when nothing fresh is at hand.
    later: VecDeque<Task>,
    fetching: bool,
    exhausted: bool,
}

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) index: usize,
    pub(super) limits: Limits,
    patience: Patience,
    pub(super) retries: u32,
    tasks: Tasks,
    pub(super) pace: Pace,
    pub(super) pauses: Pauses,
    pub(super) gate: Gate,
    pub(super) credit: Credit,
    pub(super) room: Room,
    /// Slots whose intent is on disk and that wait for the moment of sending.
    pub(super) armed: VecDeque<usize>,
    /// Attempts that are not settled: their intent is being committed, armed, or in flight.
    pub(super) outstanding: usize,
    /// Of those, the ones begun since the last pause.
    pub(super) since_pause: u32,
    pub(super) rejections: u32,
    pub(super) unknowns: u32,
    pub(super) end: Option<LaneEnd>,
    said: Option<(Why, Timestamp)>,
    /// Sends that were taken without a daily limit and are not counted outside yet.
    uncounted: u32,
    /// When this lane wants to be asked again, if nothing happens before.
    pub(super) wake: Option<Duration>,
}

impl Lane {
    pub(super) fn new(index: usize, spec: &LaneSpec, options: &FleetOptions) -> Self {
        let seed = options.seed.wrapping_add((index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        Self {
            index,
            limits: spec.limits.clone(),
            patience: options.patience,
            retries: options.delivery.retries,
            tasks: Tasks::default(),
            pace: Pace::new(spec.limits.rate, spec.limits.jitter, seed),
            pauses: Pauses::new(options.delivery.retries, seed.rotate_left(17)),
            gate: Gate::default(),
            credit: Credit::default(),
            room: Room::default(),
            armed: VecDeque::new(),
            outstanding: 0,
            since_pause: 0,
            rejections: 0,
            unknowns: 0,
            end: None,
            said: None,
            uncounted: 0,
            wake: None,
        }
    }

    /// Asks for more when little is left at hand.
    pub(super) fn fetch(&mut self, chunk: usize) -> Option<Command> {
        let tasks = &mut self.tasks;
        if self.end.is_some() || tasks.exhausted || tasks.fetching || tasks.fresh.len() > chunk / 2 {
            return None;
        }
        tasks.fetching = true;
        Some(Command::Fetch { lane: self.index, most: chunk })
    }

    pub(super) fn fed(&mut self, work: Vec<Work>, exhausted: bool) {
        self.tasks.fetching = false;
        self.tasks.exhausted |= exhausted;
        self.tasks.fresh.extend(work);
    }

    /// How many messages could be taken, if at most `limit` of them are taken up for the first time.
    fn at_hand(&self, limit: Option<u64>) -> usize {
        let fresh = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        self.tasks.again.len() + self.tasks.fresh.len().min(fresh) + self.tasks.later.len()
    }

    /// The next message; only as many as [`Lane::allowance`] said. Counts down the limit.
    pub(super) fn take(&mut self, limit: &mut Option<u64>) -> Option<Task> {
        let task = self.tasks.again.pop_front().or_else(|| {
            if *limit == Some(0) {
                return None;
            }
            let work = self.tasks.fresh.pop_front()?;
            *limit = limit.map(|limit| limit - 1);
            Some(Task { work, doubts: 0 })
        });
        let task = task.or_else(|| self.tasks.later.pop_front())?;
        self.outstanding += 1;
        self.since_pause += 1;
        match self.limits.daily_limit {
            Some(_) => self.credit.take(),
            None => self.uncounted += 1,
        }
        if self.limits.max_queued.is_some() {
            self.room.take();
        }
        Some(task)
    }

    /// A message goes again before all others.
    pub(super) fn put_back(&mut self, task: Task) {
        self.tasks.again.push_front(task);
    }

    /// A message goes again after what is at hand.
    pub(super) fn put_last(&mut self, task: Task) {
        self.tasks.later.push_back(task);
    }

    /// How many messages are to be tried again, now; none when the lane has ended.
    pub(super) fn again(&self) -> u64 {
        if self.end.is_some() { 0 } else { (self.tasks.again.len() + self.tasks.later.len()) as u64 }
    }

    /// For how many messages the intent may be committed now. Says and asks what follows from the answer.
    pub(super) fn allowance(
        &mut self,
        now: Now,
        free: usize,
        limit: Option<u64>,
        lead: Duration,
        out: &mut Vec<Command>,
    ) -> usize {
        let mut most = self.at_hand(limit).min(free);
        if most == 0 || self.is_blocked(now, out) {
            return 0;
        }
        if let Some((day, unused)) = self.credit.turn(&self.limits, now) {
            out.push(Command::ReturnQuota { lane: self.index, day, unused });
        }
        let unsent = self.armed.len();
        let due = self.pace.room(now.since, unsent, lead);
        if due == 0 {
            let next = now.clock_at(self.pace.due());
            if let Some(not_after) = self.limits.not_after.filter(|not_after| unsent == 0 && next >= *not_after) {
                self.finish(LaneEnd::Over { not_after }, out);
                return 0;
            }
            self.wake_at(self.pace.room_at(now.since, unsent, lead));
            return 0;
        }
        most = most.min(due);
        if self.pauses.in_row() > 0 {
            // After a pause one message tries the way; the others follow when it was answered.
            most = most.min(1_usize.saturating_sub(self.since_pause as usize));
        }
        if most > 0 && self.limits.max_queued.is_some() {
            most = self.queue_allowance(now, most, out);
        }
        if most > 0 && self.limits.daily_limit.is_some() {
            most = self.day_allowance(now, most, out);
        }
        if most > 0 && self.said.take().is_some() {
            out.push(Command::Say(Event::Resumed { lane: self.index }));
        }
        most
    }

    fn queue_allowance(&mut self, now: Now, want: usize, out: &mut Vec<Command>) -> usize {
        let most = self.limits.max_queued.unwrap_or(u32::MAX);
        match self.room.allow(most, want, self.outstanding, now) {
            Allowed::Now(allowed) => return allowed,
            Allowed::Asking => {}
            Allowed::Ask(most) => out.push(Command::AskQueue { lane: self.index, most }),
            Allowed::Wait { why, until, ask_at } => self.wait(why, until, ask_at, out),
        }
        0
    }

    fn day_allowance(&mut self, now: Now, want: usize, out: &mut Vec<Command>) -> usize {
        let limit = self.limits.daily_limit.unwrap_or(u32::MAX);
        match self.credit.allow(limit, want, self.outstanding, now) {
            Allowed::Now(allowed) => return allowed,
            Allowed::Asking => {}
            Allowed::Ask(want) => {
                out.push(Command::AskQuota { lane: self.index, day: self.credit.day(), want, limit });
            }
            Allowed::Wait { why, until, ask_at } => {
                let ends = now.since_at(until);
                self.wait(why, until, ask_at.min(ends), out);
            }
        }
        0
    }

    /// Counts what was taken without a daily limit, for campaigns that have one; sends that came to nothing first.
    pub(super) fn count_for_others(&mut self, out: &mut Vec<Command>) {
        let sends = self.credit.use_up(std::mem::take(&mut self.uncounted));
        if sends > 0 {
            out.push(Command::CountQuota { lane: self.index, day: self.credit.day(), sends });
        }
    }

    /// Whether calendar, pause or connection keep this lane from sending at this moment.
    pub(super) fn is_blocked(&mut self, now: Now, out: &mut Vec<Command>) -> bool {
        if self.end.is_some() {
            return true;
        }
        match self.gate.look(&self.limits, &self.pauses, now) {
            Block::Free => return false,
            Block::Asking => {}
            Block::AskStatus => out.push(Command::AskStatus { lane: self.index }),
            Block::Wait { why, until, look_at } => self.wait(why, until, look_at, out),
            Block::Over { not_after } => self.finish(LaneEnd::Over { not_after }, out),
        }
        true
    }

    /// Whether what is armed should be held back for good: an answer that is on its way is waited for.
    pub(super) fn is_asking(&self) -> bool {
        self.end.is_none() && self.gate.is_asking()
    }

    fn wait(&mut self, why: Why, until: Timestamp, look_at: Duration, out: &mut Vec<Command>) {
        if self.patience == Patience::End && why.is_appointment() {
            self.finish(LaneEnd::WouldWait { why, until }, out);
            return;
        }
        self.wake_at(look_at);
        // The same wait, worked out anew, may differ by the steps of two clocks.
        let is_news = self.said.as_ref().is_none_or(|(said_why, said_until)| {
            *said_why != why || said_until.duration_since(until).unsigned_abs() > Duration::from_secs(1)
        });
        if is_news {
            self.said = Some((why.clone(), until));
            out.push(Command::Say(Event::Waiting { lane: self.index, why, until }));
        }
    }

    pub(super) fn wake_at(&mut self, at: Duration) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }

    /// Takes no more messages, for the first reason that is given.
    pub(super) fn finish(&mut self, end: LaneEnd, out: &mut Vec<Command>) {
        if self.end.is_none() {
            self.end = Some(end.clone());
            out.push(Command::Say(Event::LaneEnded { lane: self.index, end }));
        }
    }

    /// Comes to its end when nothing is left to do, or nothing that the limit allows.
    pub(super) fn finish_if_through(&mut self, limit: Option<u64>, out: &mut Vec<Command>) {
        if self.end.is_some() || self.outstanding > 0 || self.at_hand(limit) > 0 {
            return;
        }
        if !self.tasks.fresh.is_empty() {
            self.finish(LaneEnd::Limit, out);
        } else if self.tasks.exhausted {
            self.finish(LaneEnd::Done, out);
        }
    }

    /// Whether nothing would be left to do even if the run went on.
    pub(super) fn is_through(&self) -> bool {
        self.at_hand(None) == 0 && self.tasks.exhausted && self.outstanding == 0
    }
}
