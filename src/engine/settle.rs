//! What an outcome means for its lane and its message: the last column of the table of DESIGN section 5.
//!
//! Part of the state machine. Streaks count in the order of settling; only an accepted attempt starts them anew.

use std::time::Duration;

use super::command::{Command, Now};
use super::event::{LaneEnd, Verdict, Why};
use super::lane::{Lane, Task};
use super::retry::Next;
use crate::gateway::{CallFault, FaultClass};
use crate::message::AttemptKind;
use crate::outcome::{NotSent, Outcome, Unknown};

/// This many rejections or unknowns in a row stop a lane, and so many unknowns in a row over all lanes the run.
pub(super) const STREAK_MAX: u32 = 5;
/// After so many bad outcomes in a row `/status` is asked.
const ASK_STATUS_AFTER: u32 = 3;

/// What kept a request from being processed.
#[derive(Debug)]
pub(super) struct Obstacle {
    pub(super) why: Why,
    pub(super) retry_after: Option<Duration>,
    pub(super) http_status: Option<u16>,
    pub(super) error: String,
}

impl Lane {
    /// Takes in an outcome. `epoch` is the one of the lane's pauses when the attempt was begun.
    pub(super) fn settle(
        &mut self,
        task: Task,
        outcome: &Outcome,
        epoch: u32,
        now: Now,
        out: &mut Vec<Command>,
    ) -> Verdict {
        match outcome {
            Outcome::Accepted { .. } => {
                self.pauses.answered();
                self.rejections = 0;
                self.unknowns = 0;
                Verdict::Accepted
            }
            Outcome::Rejected { http_status, error } => {
                self.pauses.answered();
                self.rejections += 1;
                if self.rejections == ASK_STATUS_AFTER {
                    self.gate.doubt();
                }
                if self.rejections >= STREAK_MAX {
                    let (in_row, http_status) = (self.rejections, Some(*http_status));
                    self.finish(LaneEnd::Rejections { in_row, http_status, error: error.clone() }, out);
                }
                Verdict::Rejected
            }
            Outcome::NotSent { http_status, error, then } => {
                let (http_status, error) = (*http_status, error.clone());
                match then {
                    NotSent::Pause => {
                        let why = Why::NoAnswer { error: error.clone() };
                        self.pause(now, epoch, Obstacle { why, retry_after: None, http_status, error }, out);
                    }
                    NotSent::Throttled { retry_after } => {
                        let (why, retry_after) = (Why::Throttled, *retry_after);
                        self.pause(now, epoch, Obstacle { why, retry_after, http_status, error }, out);
                    }
                    NotSent::StopLane => self.finish(LaneEnd::SetUp { http_status, error }, out),
                }
                self.put_back(task);
                Verdict::NotSent
            }
            Outcome::HeldBack => {
                self.put_back(task);
                Verdict::NotSent
            }
            Outcome::Unknown { http_status, error, then } => {
                self.doubt(*http_status, error, *then, out);
                self.again_if_harmless(task);
                Verdict::Unknown
            }
        }
    }

    /// Counts an outcome that nobody knows.
    fn doubt(&mut self, http_status: Option<u16>, error: &str, then: Unknown, out: &mut Vec<Command>) {
        if http_status.is_some() {
            self.pauses.answered();
        }
        self.unknowns += 1;
        if self.unknowns == ASK_STATUS_AFTER {
            self.gate.doubt();
        }
        match then {
            Unknown::StopLane => self.finish(LaneEnd::Redirected { http_status, error: error.to_owned() }, out),
            Unknown::Next if self.unknowns >= STREAK_MAX => {
                let in_row = self.unknowns;
                self.finish(LaneEnd::Unknowns { in_row, http_status, error: error.to_owned() }, out);
            }
            Unknown::Next => {}
        }
    }

    /// An edit replaces what was sent, so a doubtful one is tried again; a create never is.
    fn again_if_harmless(&mut self, task: Task) {
        if task.work.kind == AttemptKind::Edit && task.doubts < self.retries {
            self.put_last(Task { doubts: task.doubts + 1, ..task });
        }
    }

    /// Begins a pause, or comes to an end after too many.
    pub(super) fn pause(&mut self, now: Now, epoch: u32, obstacle: Obstacle, out: &mut Vec<Command>) {
        let Obstacle { why, retry_after, http_status, error } = obstacle;
        let before = self.pauses.epoch();
        match self.pauses.not_sent(now.since, epoch, retry_after) {
            Next::GiveUp { pauses } => self.finish(LaneEnd::NoAnswer { pauses, http_status, error }, out),
            Next::Pause if self.pauses.epoch() == before => {}
            Next::Pause => self.begin_pause(why),
        }
    }

    /// Without its length nothing may be sent where `maxQueued` holds. A set-up that is wrong is not waited out.
    pub(super) fn queue_not_read(&mut self, now: Now, fault: CallFault, out: &mut Vec<Command>) {
        let words = fault.to_string();
        let CallFault { class, http_status, message, .. } = fault;
        match class {
            FaultClass::Credentials | FaultClass::Tls => {
                let error = format!("Z-API's queue cannot be read: {message}");
                self.finish(LaneEnd::SetUp { http_status, error }, out);
            }
            FaultClass::Network | FaultClass::Other => match self.pauses.queue_not_read(now.since) {
                Next::GiveUp { pauses } => {
                    self.finish(LaneEnd::QueueNotRead { pauses, http_status, error: message }, out);
                }
                Next::Pause => self.begin_pause(Why::QueueNotRead { error: words }),
            },
        }
    }

    fn begin_pause(&mut self, why: Why) {
        self.since_pause = 0;
        self.gate.pause(why);
        if self.pauses.in_row() == ASK_STATUS_AFTER {
            self.gate.doubt();
        }
    }
}
