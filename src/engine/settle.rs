//! What an outcome means for its lane and its message: the last column of the table of DESIGN section 5.
//!
//! Part of the state machine. Streaks count in the order of settling; only an accepted attempt starts them anew.

use super::command::{Command, Now};
use super::event::{LaneEnd, Verdict, Why};
use super::lane::{Lane, Task};
use super::retry::Next;
use crate::message::AttemptKind;
use crate::outcome::{NotSent, Outcome, Unknown};

/// This many rejections or unknowns in a row stop a lane, and so many unknowns in a row over all lanes the run.
pub(super) const STREAK_MAX: u32 = 5;
/// After so many bad outcomes in a row `/status` is asked.
const ASK_STATUS_AFTER: u32 = 3;

/// Where the message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    /// Nothing more is tried in this run.
    Through,
    /// It stands in the lane's queue again.
    Again,
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
    ) -> (Verdict, Message) {
        match outcome {
            Outcome::Accepted { .. } => {
                self.pauses.answered();
                self.rejections = 0;
                self.unknowns = 0;
                (Verdict::Accepted, Message::Through)
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
                (Verdict::Rejected, Message::Through)
            }
            Outcome::NotSent { http_status, error, then } => {
                match then {
                    NotSent::Pause => self.pause(now, epoch, None, *http_status, error, out),
                    NotSent::Throttled { retry_after } => {
                        self.pause(now, epoch, Some(*retry_after), *http_status, error, out);
                    }
                    NotSent::StopLane => {
                        self.finish(LaneEnd::SetUp { http_status: *http_status, error: error.clone() }, out);
                    }
                }
                self.put_back(task);
                (Verdict::NotSent, Message::Again)
            }
            Outcome::Unknown { http_status, error, then } => {
                self.doubt(*http_status, error, *then, out);
                (Verdict::Unknown, self.again_if_harmless(task))
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
    fn again_if_harmless(&mut self, task: Task) -> Message {
        if task.work.kind == AttemptKind::Edit && task.doubts < self.retries {
            self.put_last(Task { doubts: task.doubts + 1, ..task });
            return Message::Again;
        }
        Message::Through
    }

    /// Begins a pause, or comes to an end after too many. `throttled` holds the `Retry-After` of a 429, if it had one.
    pub(super) fn pause(
        &mut self,
        now: Now,
        epoch: u32,
        throttled: Option<Option<std::time::Duration>>,
        http_status: Option<u16>,
        error: &str,
        out: &mut Vec<Command>,
    ) {
        let before = self.pauses.epoch();
        match self.pauses.not_sent(now.since, epoch, throttled.flatten()) {
            Next::GiveUp { pauses } => {
                self.finish(LaneEnd::NoAnswer { pauses, http_status, error: error.to_owned() }, out);
            }
            Next::Pause if self.pauses.epoch() == before => {}
            Next::Pause => {
                self.since_pause = 0;
                self.gate.pause(match throttled {
                    Some(_) => Why::Throttled,
                    None => Why::NoAnswer { error: error.to_owned() },
                });
                if self.pauses.in_row() == ASK_STATUS_AFTER {
                    self.gate.doubt();
                }
            }
        }
    }
}
