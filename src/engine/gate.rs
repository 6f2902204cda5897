//! What keeps a whole lane from sending for a while: the calendar, a pause, a phone that is not connected.
//!
//! Part of the state machine. The calendar is worked out once and kept for as long as it holds, since it is looked at
//! for every send.

use std::time::Duration;

use jiff::Timestamp;

use super::command::Now;
use super::event::Why;
use super::retry::Pauses;
use super::window::{self, Calendar, Closed};
use crate::delivery::Limits;

/// An instance is asked after this whether it is (still, or again) connected. Answers to sends do not tell: what is sent
/// to a disconnected one is queued, with the same answer, and goes out all at once when it is back.
const ASK_STATUS_AGAIN: Duration = Duration::from_mins(5);
/// The clock can be set, so that what the calendar said is not believed for longer.
const CALENDAR_HOLDS: Duration = Duration::from_mins(1);

/// What stands in the way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block {
    Free,
    /// An answer is on its way.
    Asking,
    /// `/status` is to be asked; it counts as asked.
    AskStatus,
    Wait {
        why: Why,
        until: Timestamp,
        look_at: Duration,
    },
    Over {
        not_after: Timestamp,
    },
}

#[derive(Debug, Default)]
enum Health {
    #[default]
    Fine,
    /// Several bad outcomes in a row: to be asked before the next send.
    Doubtful,
    Asking {
        was_down: bool,
    },
    Down {
        ask_at: Duration,
    },
}

/// The gate of one lane.
#[derive(Debug, Default)]
pub(super) struct Gate {
    health: Health,
    /// When `/status` was asked last; the preflight did so at the start.
    asked: Duration,
    calendar: Option<(Calendar, Timestamp)>,
    /// Why the lane pauses, while it does.
    pause: Option<Why>,
}

impl Gate {
    pub(super) fn look(&mut self, limits: &Limits, pauses: &Pauses, now: Now) -> Block {
        match self.calendar(limits, now) {
            Calendar::Open { .. } => {}
            Calendar::Closed { why, until } => {
                let why = match why {
                    Closed::Window => Why::Window,
                    Closed::NotBefore => Why::NotBefore,
                };
                return Block::Wait { why, until, look_at: now.since_at(until) };
            }
            Calendar::Over { not_after } => return Block::Over { not_after },
        }
        if now.since < pauses.until()
            && let Some(why) = &self.pause
        {
            let look_at = pauses.until();
            return Block::Wait { why: why.clone(), until: now.clock_at(look_at), look_at };
        }
        match self.health {
            Health::Fine if now.since < self.asked + ASK_STATUS_AGAIN => Block::Free,
            Health::Fine | Health::Doubtful => self.ask(false, now),
            Health::Asking { .. } => Block::Asking,
            Health::Down { ask_at } if now.since < ask_at => {
                Block::Wait { why: Why::Disconnected, until: now.clock_at(ask_at), look_at: ask_at }
            }
            Health::Down { .. } => self.ask(true, now),
        }
    }

    fn ask(&mut self, was_down: bool, now: Now) -> Block {
        self.health = Health::Asking { was_down };
        self.asked = now.since;
        Block::AskStatus
    }

    fn calendar(&mut self, limits: &Limits, now: Now) -> Calendar {
        if let Some((calendar, found_at)) = self.calendar {
            let age = now.clock.duration_since(found_at);
            let changes = match calendar {
                Calendar::Open { until } => until,
                Calendar::Closed { until, .. } => Some(until),
                Calendar::Over { .. } => None,
            };
            if !age.is_negative() && age.unsigned_abs() < CALENDAR_HOLDS && changes.is_none_or(|at| now.clock < at) {
                return calendar;
            }
        }
        let calendar = window::calendar(limits, now.clock);
        self.calendar = Some((calendar, now.clock));
        calendar
    }

    /// A pause begins; when it ends is with the [`Pauses`].
    pub(super) fn pause(&mut self, why: Why) {
        self.pause = Some(why);
    }

    /// `/status` is to be asked before the next send.
    pub(super) fn doubt(&mut self) {
        if matches!(self.health, Health::Fine) {
            self.health = Health::Doubtful;
        }
    }

    pub(super) fn is_asking(&self) -> bool {
        matches!(self.health, Health::Asking { .. } | Health::Doubtful)
    }

    /// Takes in what `/status` said; `None` when it could not be asked. True when a lost connection is back.
    pub(super) fn status(&mut self, connected: Option<bool>, now: Now) -> bool {
        let was_down = matches!(self.health, Health::Asking { was_down: true });
        self.health = match connected {
            Some(true) => Health::Fine,
            None if !was_down => Health::Fine,
            Some(false) | None => Health::Down { ask_at: now.since + ASK_STATUS_AGAIN },
        };
        was_down && connected == Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(secs: u64) -> Now {
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        Now { since: Duration::from_secs(secs), clock: start.checked_add(Duration::from_secs(secs)).unwrap() }
    }

    #[test]
    fn a_disconnected_instance_is_asked_every_five_minutes() {
        let (limits, pauses) = (Limits::default(), Pauses::new(5, 1));
        let mut gate = Gate::default();
        assert_eq!(gate.look(&limits, &pauses, now(0)), Block::Free);
        gate.doubt();
        assert_eq!(gate.look(&limits, &pauses, now(0)), Block::AskStatus);
        assert_eq!(gate.look(&limits, &pauses, now(1)), Block::Asking);
        assert!(!gate.status(Some(false), now(1)));
        let Block::Wait { why: Why::Disconnected, look_at, .. } = gate.look(&limits, &pauses, now(2)) else { panic!() };
        assert_eq!(look_at, Duration::from_secs(301));
        assert_eq!(gate.look(&limits, &pauses, now(301)), Block::AskStatus);
        assert!(!gate.status(None, now(301)), "an answer that cannot be had does not make it connected");
        assert_eq!(gate.look(&limits, &pauses, now(601)), Block::AskStatus);
        assert!(gate.status(Some(true), now(601)));
        assert_eq!(gate.look(&limits, &pauses, now(601)), Block::Free);
    }

    #[test]
    fn a_lane_that_sends_without_trouble_is_asked_every_five_minutes_too() {
        let (limits, pauses) = (Limits::default(), Pauses::new(5, 1));
        let mut gate = Gate::default();
        assert_eq!(gate.look(&limits, &pauses, now(299)), Block::Free);
        assert_eq!(gate.look(&limits, &pauses, now(300)), Block::AskStatus);
        assert!(!gate.status(None, now(301)), "what cannot be asked stops nobody");
        assert_eq!(gate.look(&limits, &pauses, now(599)), Block::Free);
        assert_eq!(gate.look(&limits, &pauses, now(600)), Block::AskStatus);
        assert!(!gate.status(Some(false), now(600)));
        assert!(matches!(gate.look(&limits, &pauses, now(601)), Block::Wait { why: Why::Disconnected, .. }));
    }

    #[test]
    fn when_status_cannot_be_asked_the_lane_goes_on() {
        let mut gate = Gate::default();
        gate.doubt();
        gate.look(&Limits::default(), &Pauses::new(5, 1), now(0));
        assert!(!gate.status(None, now(0)));
        assert_eq!(gate.look(&Limits::default(), &Pauses::new(5, 1), now(0)), Block::Free);
    }

    #[test]
    fn the_calendar_is_asked_again_when_it_changes_or_the_clock_is_set_back() {
        let not_before = Some(now(30).clock);
        let limits = Limits { not_before, ..Limits::default() };
        let pauses = Pauses::new(5, 1);
        let mut gate = Gate::default();
        assert!(matches!(gate.look(&limits, &pauses, now(0)), Block::Wait { why: Why::NotBefore, .. }));
        assert_eq!(gate.look(&limits, &pauses, now(30)), Block::Free);
        let set_back = Now { clock: now(0).clock, ..now(31) };
        assert!(matches!(gate.look(&limits, &pauses, set_back), Block::Wait { .. }));
    }
}
