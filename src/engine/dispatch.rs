//! What is to be done now: which requests leave, what goes into the next batch, what is fetched, what has ended.
//!
//! The second half of the fleet's state machine. Intents are never taken for more messages than there are free slots,
//! and a slot is free once its last outcome is in the same batch or on disk; requests leave only when their intent is
//! on disk and the lane's pace allows it.

use std::time::Duration;

use super::command::{Command, Now};
use super::event::LaneEnd;
use super::fleet::{Committing, Fleet, Phase, SlotState};
use super::lane::Lane;
use crate::ledger::{Batch, Intent};
use crate::message::AttemptKind;

/// How long before it is due an intent is committed, at least; twice what a commit takes lately, if that is more.
const LEAD_MIN: Duration = Duration::from_millis(20);
const LEAD_MAX: Duration = Duration::from_millis(500);
/// How many messages of a lane are read from the ledger at once, at least; four for each slot, if that is more.
const CHUNK_MIN: usize = 256;
/// A commit that could begin is held for the rest of a burst until this part of the slots has its answers. Held for more,
/// all slots would fall into step, as what leaves together comes back together, and wait for one another.
const BURST_PART: usize = 32;

impl Fleet {
    /// What follows from everything taken in so far. Never waits; [`Fleet::wake`] says when to ask again if nothing
    /// happens before.
    pub fn decide(&mut self, now: Now) -> Vec<Command> {
        for lane in &mut self.lanes {
            lane.wake = None;
        }
        if let Phase::Draining { until: Some(until) } = self.phase
            && now.since >= until
            && self.is_flying()
        {
            self.leave(now);
        }
        self.start_what_is_due(now);
        if matches!(self.phase, Phase::Running | Phase::Draining { .. } | Phase::Leaving) {
            self.commit(now);
        }
        if self.phase == Phase::Running {
            let chunk = CHUNK_MIN.max(self.slots.len() * 4);
            let fetches = self.lanes.iter_mut().filter_map(|lane| lane.fetch(chunk));
            self.out.extend(fetches);
        }
        self.finish(now);
        std::mem::take(&mut self.out)
    }

    /// When to decide again at the latest, counted from the start of the run.
    pub fn wake(&self) -> Option<Duration> {
        let deadline = match self.phase {
            // Once nothing is under way, only the ledger is waited for, and it says when it is done.
            Phase::Draining { until } => until.filter(|_| self.is_flying()),
            Phase::Failed { until } => Some(until),
            Phase::Running | Phase::Leaving | Phase::Rescuing | Phase::Over => None,
        };
        let lanes = self.lanes.iter().filter_map(|lane| lane.wake);
        lanes.chain(deadline).min()
    }

    /// Whether the next decision begins a commit for which a moment more would bring further answers.
    pub fn is_amid_burst(&self) -> bool {
        let is_next = self.phase == Phase::Running && self.committing.is_none() && !self.settlements.is_empty();
        is_next && self.settled_slots.len() < self.slots.len() / BURST_PART && self.is_flying()
    }

    /// Whether a request has left and has no answer yet.
    fn is_flying(&self) -> bool {
        self.slots.iter().any(|slot| slot.state == SlotState::Flying)
    }

    /// The shortest time between two sends of a lane, which says how exactly the clock has to be kept.
    pub fn period_min(&self) -> Option<Duration> {
        self.lanes.iter().filter(|lane| lane.end.is_none()).filter_map(|lane| lane.pace.period()).min()
    }

    /// Starts what is armed and due. What can no longer go is held back, so that it is not left open.
    fn start_what_is_due(&mut self, now: Now) {
        for index in 0..self.lanes.len() {
            while let Some(slot) = self.lanes[index].armed.front().copied() {
                let lane = &mut self.lanes[index];
                if self.phase != Phase::Running || lane.is_blocked(now, &mut self.out) {
                    if self.phase == Phase::Running && lane.is_asking() {
                        break;
                    }
                    self.hold_back_armed(index, now);
                    break;
                }
                if now.since < lane.pace.due() {
                    lane.wake_at(lane.pace.due());
                    break;
                }
                lane.armed.pop_front();
                lane.pace.sent(now.since);
                self.slots[slot].state = SlotState::Flying;
                if let Some(work) = self.slots[slot].work.take() {
                    self.out.push(Command::Start { slot, lane: index, work });
                }
            }
        }
    }

    fn hold_back_armed(&mut self, lane: usize, now: Now) {
        // From the back, since each goes to the front of its queue.
        while let Some(slot) = self.lanes[lane].armed.pop_back() {
            self.hold_back(slot, now);
        }
    }

    /// Puts the outcomes that have arrived and the next intents into one batch, unless one is under way.
    fn commit(&mut self, now: Now) {
        if self.committing.is_some() {
            return;
        }
        self.free.append(&mut self.settled_slots);
        let slots = if self.phase == Phase::Running { self.take_messages(now) } else { Vec::new() };
        if slots.is_empty() && self.settlements.is_empty() {
            return;
        }
        let mut intents = Vec::with_capacity(slots.len());
        for index in &slots {
            let slot = &self.slots[*index];
            let kind = if slot.edit { AttemptKind::Edit } else { AttemptKind::Create };
            intents.push(Intent { attempt: slot.attempt, message: slot.message, kind, at: now.clock });
        }
        let settlements = std::mem::take(&mut self.settlements);
        let again = self.lanes.iter().map(Lane::again).sum();
        let (tally, last) = (self.tally, self.last.take());
        self.committing = Some(Committing { began: now.since, slots, tally, again, last });
        self.out.push(Command::Commit(Batch { settlements, intents }));
    }

    /// Gives free slots to the lanes' messages, one each in turn.
    fn take_messages(&mut self, now: Now) -> Vec<usize> {
        let lead = (self.commit_takes * 2).clamp(LEAD_MIN, LEAD_MAX);
        // At most half of the slots at once: while one half's batch is on its way to the disk, the other half is on the
        // network. Else all would wait for the disk together, and then for the network together.
        let half = self.slots.len().div_ceil(2);
        let (free, limit) = (self.free.len().min(half), self.limit);
        let mut taken = Vec::new();
        if free == 0 {
            return taken;
        }
        let count = self.lanes.len();
        let mut allowed: Vec<usize> =
            self.lanes.iter_mut().map(|lane| lane.allowance(now, free, limit, lead, &mut self.out)).collect();
        let mut idle_in_row = 0;
        while idle_in_row < count && taken.len() < free {
            let index = self.turn % count;
            self.turn = (index + 1) % count;
            idle_in_row += 1;
            if allowed[index] == 0 {
                continue;
            }
            let lane = &mut self.lanes[index];
            let Some(task) = lane.take(&mut self.limit) else {
                allowed[index] = 0;
                continue;
            };
            allowed[index] -= 1;
            idle_in_row = 0;
            let Some(free) = self.free.pop() else { break };
            let slot = &mut self.slots[free];
            slot.state = SlotState::Committing;
            slot.lane = index;
            slot.attempt = self.next_attempt;
            slot.message = task.work.message;
            slot.edit = task.work.kind == AttemptKind::Edit;
            slot.epoch = lane.pauses.epoch();
            slot.doubts = task.doubts;
            slot.day = lane.credit.day();
            slot.work = Some(task.work);
            self.next_attempt += 1;
            taken.push(free);
        }
        for lane in &mut self.lanes {
            lane.count_for_others(&mut self.out);
        }
        taken
    }

    /// Ends the lanes that are through, and the run when nothing is open any more.
    fn finish(&mut self, now: Now) {
        match self.phase {
            Phase::Running => {
                for lane in &mut self.lanes {
                    lane.finish_if_through(self.limit, &mut self.out);
                }
            }
            Phase::Failed { until } => {
                if !self.is_flying() || now.since >= until {
                    self.out.push(Command::Abandon);
                    self.out.push(Command::Rescue(std::mem::take(&mut self.settlements)));
                    self.phase = Phase::Rescuing;
                    self.end_lanes();
                }
                return;
            }
            Phase::Draining { .. } | Phase::Leaving => {}
            Phase::Rescuing | Phase::Over => return,
        }
        let is_quiet = self.committing.is_none()
            && self.settlements.is_empty()
            && self.slots.iter().all(|slot| slot.state == SlotState::Free);
        let has_ended = self.phase != Phase::Running || self.lanes.iter().all(|lane| lane.end.is_some());
        if is_quiet && has_ended {
            self.end_lanes();
            self.phase = Phase::Over;
        }
    }

    fn end_lanes(&mut self) {
        for lane in &mut self.lanes {
            let end = if lane.is_through() { LaneEnd::Done } else { LaneEnd::RunEnded };
            lane.finish(end, &mut self.out);
            if let Some((day, unused)) = lane.credit.unused() {
                self.out.push(Command::ReturnQuota { lane: lane.index, day, unused });
            }
        }
    }
}
