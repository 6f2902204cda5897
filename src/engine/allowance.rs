//! How many sends a lane is allowed beyond its pace: what is left of the day's limit, and of the room in Z-API's queue.
//!
//! Pure: says what has to be asked, and takes in the answers. The day's count itself is kept by `quota`, across
//! campaigns; here are only the sends that were reserved there and not used yet.

use std::time::Duration;

use jiff::{Timestamp, civil};

use super::command::Now;
use super::event::Why;
use super::window;
use crate::delivery::Limits;

/// Other campaigns may give back sends of the day that they had reserved.
const ASK_QUOTA_AGAIN: Duration = Duration::from_mins(10);
/// Z-API hands on one message in 1 to 3 s.
const DRAIN_PER_MESSAGE: Duration = Duration::from_secs(2);
const ASK_QUEUE_AGAIN_MAX: Duration = Duration::from_mins(1);

/// What comes of asking for a number of sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// This many, perhaps fewer than wanted, at least one.
    Now(usize),
    /// An answer is on its way, or is waited for until sends in flight are settled.
    Asking,
    /// Ask outside, then again here.
    Ask(u32),
    /// Not before then.
    Wait { why: Why, until: Timestamp, ask_at: Duration },
}

/// Reserved sends of the day.
#[derive(Debug, Default)]
pub(super) struct Credit {
    day: Option<civil::Date>,
    /// The first moment that belongs to `day`, and the first that no longer does.
    begins: Timestamp,
    ends: Timestamp,
    left: u32,
    wanted: Option<u32>,
    /// The day's limit was reached; asked again at that time.
    used_up: Option<Duration>,
}

impl Credit {
    /// Turns to the day of a moment, which is an earlier one where the clock was set back. Gives back what was reserved for
    /// the other day.
    pub(super) fn turn(&mut self, limits: &Limits, now: Now) -> Option<(civil::Date, u32)> {
        if self.day.is_some() && (self.begins..self.ends).contains(&now.clock) {
            return None;
        }
        let unused = self.unused();
        self.day = Some(window::day(limits, now.clock));
        self.begins = window::day_begins(limits, now.clock);
        self.ends = window::next_day(limits, now.clock);
        self.left = 0;
        self.used_up = None;
        unused
    }

    pub(super) fn day(&self) -> civil::Date {
        self.day.unwrap_or_default()
    }

    /// Only after [`Credit::turn`]. `outstanding` sends of this lane are not settled: each of them may come to nothing, and
    /// then it is used again, so that the day is not over before they are.
    pub(super) fn allow(&mut self, limit: u32, want: usize, outstanding: usize, now: Now) -> Allowed {
        if self.left > 0 {
            return Allowed::Now(want.min(self.left as usize));
        }
        match self.used_up {
            _ if self.wanted.is_some() => Allowed::Asking,
            Some(ask_at) if now.since < ask_at && outstanding > 0 => Allowed::Asking,
            Some(ask_at) if now.since < ask_at => {
                Allowed::Wait { why: Why::DailyLimit { limit }, until: self.ends, ask_at }
            }
            Some(_) | None => {
                let want = u32::try_from(want).unwrap_or(u32::MAX);
                self.wanted = Some(want);
                Allowed::Ask(want)
            }
        }
    }

    pub(super) fn granted(&mut self, day: civil::Date, granted: u32, now: Now) {
        let wanted = self.wanted.take().unwrap_or_default();
        if self.day == Some(day) {
            self.left += granted;
            self.used_up = (granted < wanted).then(|| now.since + ASK_QUOTA_AGAIN);
        }
    }

    pub(super) fn take(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// Uses what was put back first; tells how many of `sends` that does not cover.
    pub(super) fn use_up(&mut self, sends: u32) -> u32 {
        let covered = sends.min(self.left);
        self.left -= covered;
        sends - covered
    }

    /// A send that was taken on `day` was not made, or does not count. Tells what to give back outside.
    pub(super) fn put_back(&mut self, day: civil::Date) -> Option<(civil::Date, u32)> {
        if self.day == Some(day) {
            self.left += 1;
            return None;
        }
        Some((day, 1))
    }

    /// What is reserved and not used, which it then no longer is here.
    pub(super) fn unused(&mut self) -> Option<(civil::Date, u32)> {
        let left = std::mem::take(&mut self.left);
        self.day.filter(|_| left > 0).map(|day| (day, left))
    }
}

/// Room in Z-API's queue.
#[derive(Debug, Default)]
pub(super) struct Room {
    left: u32,
    asking: bool,
    /// What was found and when to look again.
    full: Option<(Why, Duration)>,
    /// Sends since the last answer whose fate nobody knows: they may turn up in the queue yet.
    doubtful: u32,
}

impl Room {
    /// `outstanding` sends of this lane are not settled: as long as there are any, the queue's length says little.
    pub(super) fn allow(&mut self, most: u32, want: usize, outstanding: usize, now: Now) -> Allowed {
        if self.left > 0 {
            return Allowed::Now(want.min(self.left as usize));
        }
        match &self.full {
            Some((why, ask_at)) if now.since < *ask_at => {
                Allowed::Wait { why: why.clone(), until: now.clock_at(*ask_at), ask_at: *ask_at }
            }
            Some(_) | None if self.asking || outstanding > 0 => Allowed::Asking,
            Some(_) | None => {
                self.asking = true;
                Allowed::Ask(most)
            }
        }
    }

    pub(super) fn answered(&mut self, most: u32, waiting: u32, now: Now) {
        self.asking = false;
        self.left = most.saturating_sub(waiting).saturating_sub(std::mem::take(&mut self.doubtful));
        self.full = (self.left == 0).then(|| {
            let wanted_free = (most / 4).max(1);
            let to_drain = (waiting + wanted_free).saturating_sub(most).max(1);
            let pause = DRAIN_PER_MESSAGE.saturating_mul(to_drain).min(ASK_QUEUE_AGAIN_MAX);
            (Why::QueueFull { waiting, most }, now.since + pause)
        });
    }

    pub(super) fn not_answered(&mut self) {
        self.asking = false;
    }

    pub(super) fn take(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    pub(super) fn put_back(&mut self) {
        self.left += 1;
    }

    pub(super) fn doubt(&mut self) {
        self.doubtful += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(secs: u64) -> Now {
        let start: Timestamp = "2026-11-23T23:59:00Z".parse().unwrap();
        Now { since: Duration::from_secs(secs), clock: start.checked_add(Duration::from_secs(secs)).unwrap() }
    }

    #[test]
    fn a_days_credit_is_asked_for_used_and_ends_with_the_day() {
        let limits = Limits { daily_limit: Some(3), ..Limits::default() };
        let mut credit = Credit::default();
        assert_eq!(credit.turn(&limits, now(0)), None);
        let day = credit.day();
        assert_eq!(credit.allow(3, 2, 0, now(0)), Allowed::Ask(2));
        assert_eq!(credit.allow(3, 2, 0, now(0)), Allowed::Asking);
        credit.granted(day, 2, now(0));
        assert_eq!(credit.allow(3, 5, 0, now(0)), Allowed::Now(2));
        credit.take();
        credit.take();
        assert_eq!(credit.allow(3, 5, 0, now(1)), Allowed::Ask(5));
        credit.granted(day, 1, now(1));
        credit.take();
        assert_eq!(credit.allow(3, 5, 3, now(2)), Allowed::Asking, "what is in flight may come to nothing");
        assert!(matches!(credit.allow(3, 5, 0, now(2)), Allowed::Wait { why: Why::DailyLimit { limit: 3 }, .. }));
        assert_eq!(credit.put_back(day), None, "a rejected one is used again");
        assert_eq!(credit.allow(3, 5, 0, now(2)), Allowed::Now(1));
        assert_eq!(credit.turn(&limits, now(61)), Some((day, 1)), "the rest is given back at midnight");
        assert_eq!(credit.allow(3, 1, 0, now(61)), Allowed::Ask(1));
        assert_eq!(credit.put_back(day), Some((day, 1)), "yesterday's send does not count for today");
    }

    #[test]
    fn a_clock_set_back_leads_to_the_day_that_it_shows() {
        let limits = Limits { daily_limit: Some(3), ..Limits::default() };
        let mut credit = Credit::default();
        credit.turn(&limits, now(61));
        let tomorrow = credit.day();
        assert_eq!(credit.allow(3, 2, 0, now(61)), Allowed::Ask(2));
        credit.granted(tomorrow, 1, now(61));
        let set_back = Now { since: Duration::from_secs(62), clock: now(0).clock };
        assert_eq!(credit.turn(&limits, set_back), Some((tomorrow, 1)));
        assert_eq!(credit.day(), tomorrow.yesterday().unwrap());
        assert_eq!(credit.allow(3, 2, 0, set_back), Allowed::Ask(2), "nothing is known of that day's limit");
        assert_eq!(credit.turn(&limits, set_back), None);
    }

    #[test]
    fn the_queue_is_asked_when_its_room_is_used_up_and_nothing_is_in_flight() {
        let mut room = Room::default();
        assert_eq!(room.allow(20, 4, 0, now(0)), Allowed::Ask(20));
        room.answered(20, 18, now(0));
        assert_eq!(room.allow(20, 4, 0, now(0)), Allowed::Now(2));
        room.take();
        room.take();
        assert_eq!(room.allow(20, 4, 2, now(0)), Allowed::Asking);
        room.doubt();
        assert_eq!(room.allow(20, 4, 0, now(1)), Allowed::Ask(20));
        room.answered(20, 19, now(1));
        let Allowed::Wait { why, ask_at, .. } = room.allow(20, 4, 0, now(1)) else { panic!("the doubtful one counts") };
        assert_eq!(why, Why::QueueFull { waiting: 19, most: 20 });
        assert_eq!(ask_at, Duration::from_secs(9));
        assert_eq!(room.allow(20, 4, 0, now(9)), Allowed::Ask(20));
    }
}
