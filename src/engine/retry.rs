//! How long a lane pauses when nothing gets through, and when it gives up.
//!
//! Pure. It is the lane that pauses, not one message: requests that were under way when a pause began do not begin
//! another one, however many of them come back empty.

use std::time::Duration;

/// The longest pause that is chosen here.
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// The longest `Retry-After` that is obeyed.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(10);

/// The pauses of one lane.
#[derive(Debug)]
pub struct Pauses {
    retries: u32,
    in_row: u32,
    /// Those of them that were made because the queue could not be read.
    for_queue: u32,
    /// Which pause an attempt was made after; grows with every pause.
    epoch: u32,
    until: Duration,
    draws: fastrand::Rng,
}

/// What comes of an attempt that nobody answered, or with 429 only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The lane pauses, until [`Pauses::until`].
    Pause,
    /// All pauses were in vain.
    GiveUp { pauses: u32 },
}

impl Pauses {
    pub fn new(retries: u32, seed: u64) -> Self {
        Self {
            retries,
            in_row: 0,
            for_queue: 0,
            epoch: 0,
            until: Duration::ZERO,
            draws: fastrand::Rng::with_seed(seed),
        }
    }

    /// Kept with every attempt and handed back to [`Pauses::not_sent`].
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    pub fn in_row(&self) -> u32 {
        self.in_row
    }

    /// When the lane may go on; in the past when it does not pause.
    pub fn until(&self) -> Duration {
        self.until
    }

    /// An attempt that was made in `epoch` was certainly not processed.
    pub fn not_sent(&mut self, now: Duration, epoch: u32, retry_after: Option<Duration>) -> Next {
        if epoch != self.epoch {
            if let Some(floor) = retry_after {
                self.until = self.until.max(now + floor.min(RETRY_AFTER_MAX));
            }
            return Next::Pause;
        }
        if self.in_row >= self.retries {
            return Next::GiveUp { pauses: self.in_row };
        }
        self.in_row += 1;
        self.epoch = self.epoch.wrapping_add(1);
        self.until = now + pause(self.in_row, retry_after, self.draws.f64());
        Next::Pause
    }

    /// The service gave an answer other than 429.
    pub fn answered(&mut self) {
        (self.in_row, self.for_queue) = (0, 0);
    }

    /// The queue could not be read.
    pub fn queue_not_read(&mut self, now: Duration) -> Next {
        let before = self.in_row;
        let next = self.not_sent(now, self.epoch, None);
        self.for_queue += self.in_row - before;
        next
    }

    /// The queue was read. That says nothing of sends, of which there may be none for hours while it is full: only the
    /// pauses that were made for it are over.
    pub fn queue_read(&mut self) {
        self.in_row -= std::mem::take(&mut self.for_queue);
    }
}

/// The `nth` pause in a row (from 1): 1, 2, 4 … 60 s, each 20 % longer or shorter as drawn (0 to 1), and never shorter
/// than `Retry-After` up to ten minutes.
pub fn pause(nth: u32, retry_after: Option<Duration>, draw: f64) -> Duration {
    let doubled = Duration::from_secs(1 << nth.saturating_sub(1).min(6)).min(PAUSE_MAX);
    let drawn = doubled.mul_f64(0.8 + 0.4 * draw);
    drawn.max(retry_after.unwrap_or_default().min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn pauses_double_up_to_a_minute_and_respect_retry_after() {
        for (nth, retry_after, draw, want) in [
            (1, None, 0.5, 1.0),
            (2, None, 0.5, 2.0),
            (6, None, 0.5, 32.0),
            (7, None, 0.5, 60.0),
            (20, None, 0.5, 60.0),
            (1, None, 0.0, 0.8),
            (1, None, 1.0, 1.2),
            (1, Some(secs(42)), 0.5, 42.0),
            (7, Some(secs(2)), 0.5, 60.0),
            (1, Some(secs(86_400)), 0.5, 600.0),
        ] {
            let got = pause(nth, retry_after, draw).as_secs_f64();
            assert!((got - want).abs() < 1e-6, "pause {nth} {retry_after:?} {draw}: {got}");
        }
    }

    #[test]
    fn gives_up_after_as_many_pauses_as_there_are_retries() {
        let mut pauses = Pauses::new(2, 1);
        assert_eq!(pauses.not_sent(secs(0), 0, None), Next::Pause);
        assert_eq!(pauses.not_sent(secs(0), 0, None), Next::Pause, "one that was under way begins no second pause");
        assert_eq!(pauses.in_row(), 1);
        assert_eq!(pauses.not_sent(secs(2), 1, None), Next::Pause);
        assert_eq!(pauses.not_sent(secs(9), 2, None), Next::GiveUp { pauses: 2 });
        pauses.answered();
        assert_eq!(pauses.not_sent(secs(9), 2, None), Next::Pause);
        assert_eq!(Pauses::new(0, 1).not_sent(secs(0), 0, None), Next::GiveUp { pauses: 0 });
        // A queue that can be read now and then is no reason to give up, and none to forget what sends met.
        let mut pauses = Pauses::new(2, 1);
        assert_eq!(pauses.not_sent(secs(0), 0, None), Next::Pause);
        for _ in 1..9 {
            assert_eq!(pauses.queue_not_read(secs(0)), Next::Pause);
            pauses.queue_read();
            assert_eq!(pauses.in_row(), 1);
        }
        assert_eq!(pauses.queue_not_read(secs(0)), Next::Pause);
        assert_eq!(pauses.queue_not_read(secs(0)), Next::GiveUp { pauses: 2 });
    }

    #[test]
    fn a_late_retry_after_lengthens_the_pause() {
        let mut pauses = Pauses::new(5, 1);
        pauses.not_sent(secs(10), 0, None);
        pauses.not_sent(secs(10), 0, Some(secs(30)));
        assert_eq!(pauses.until(), secs(40));
    }
}
