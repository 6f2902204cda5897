//! When a lane may send next: one limiter for each lane, at the moment of sending, however many slots there are.
//!
//! Pure: time is passed in, the caller sleeps. A gap counts from when the previous send was due, or from when it
//! happened if that was more than a tenth of the period late, so that there is no drift and no catching up.

use std::time::Duration;

use crate::delivery::Rate;

/// The pace of one lane. All times count from the start of the run.
#[derive(Debug)]
pub struct Pace {
    /// `None` for an unlimited rate.
    period: Option<Duration>,
    jitter: f64,
    due: Duration,
    draws: fastrand::Rng,
}

impl Pace {
    /// The first send is due at once.
    pub fn new(rate: Rate, jitter: f64, seed: u64) -> Self {
        let period = match rate {
            Rate::Every(period) => Some(period).filter(|period| !period.is_zero()),
            Rate::Unlimited => None,
        };
        Self { period, jitter, due: Duration::ZERO, draws: fastrand::Rng::with_seed(seed) }
    }

    /// The time between two sends before jitter; `None` when unlimited.
    pub fn period(&self) -> Option<Duration> {
        self.period
    }

    /// When the next send may leave.
    pub fn due(&self) -> Duration {
        self.due
    }

    /// A send leaves now, which must not be before it is due.
    pub fn sent(&mut self, now: Duration) {
        let Some(period) = self.period else { return };
        let late = now.saturating_sub(self.due);
        let from = if late > period / 10 { now } else { self.due };
        let factor = 1.0 + self.jitter * (self.draws.f64() * 2.0 - 1.0);
        self.due = from + period.mul_f64(factor);
    }

    /// For how many more sends the intent may be committed now, when it is committed `lead` ahead and `armed` are so
    /// already. Slots are not held while waiting for the pace, so this is zero until shortly before a send is due.
    pub fn room(&self, now: Duration, armed: usize, lead: Duration) -> usize {
        let Some(period) = self.period else { return usize::MAX };
        let horizon = (now + lead).checked_sub(self.due.max(now));
        let due_within = horizon.map_or(0, |horizon| 1 + whole(horizon, period));
        due_within.saturating_sub(armed)
    }

    /// When [`Pace::room`] will next have room. Only asked while it has none.
    pub fn room_at(&self, now: Duration, armed: usize, lead: Duration) -> Duration {
        let Some(period) = self.period else { return now };
        let armed = u32::try_from(armed).unwrap_or(u32::MAX);
        (self.due.max(now) + period.saturating_mul(armed)).saturating_sub(lead)
    }
}

/// How many whole periods fit in a span.
fn whole(span: Duration, period: Duration) -> usize {
    usize::try_from(span.as_nanos() / period.as_nanos().max(1)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAD: Duration = Duration::from_millis(20);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_gap_counts_from_due_unless_a_tenth_late() {
        // (sent at, next due), period 100 ms, each from a fresh due of 1000 ms.
        for (sent, next) in [(1000, 1100), (1003, 1100), (1010, 1100), (1011, 1111), (5000, 5100)] {
            let mut pace = Pace::new(Rate::Every(ms(100)), 0.0, 1);
            pace.due = ms(1000);
            pace.sent(ms(sent));
            assert_eq!(pace.due(), ms(next), "sent at {sent}");
        }
    }

    #[test]
    fn small_lateness_never_adds_up_and_a_pause_is_never_caught_up() {
        let mut pace = Pace::new(Rate::Every(ms(50)), 0.0, 1);
        for _ in 0..1000 {
            let at = pace.due() + ms(4);
            pace.sent(at);
        }
        assert_eq!(pace.due(), ms(50_000));
        pace.sent(ms(90_000));
        assert_eq!(pace.due(), ms(90_050));
    }

    #[test]
    fn jitter_stays_in_its_band_and_keeps_the_mean() {
        let mut pace = Pace::new(Rate::Every(ms(100)), 0.3, 7);
        let mut last = pace.due();
        for _ in 0..10_000 {
            pace.sent(last);
            let gap = pace.due().saturating_sub(last);
            assert!(gap >= ms(70) && gap <= ms(130), "{gap:?}");
            last = pace.due();
        }
        let mean = last.as_secs_f64() / 10_000.0;
        assert!((mean - 0.1).abs() < 0.001, "{mean}");
    }

    #[test]
    fn intents_are_committed_shortly_before_they_are_due() {
        let mut slow = Pace::new(Rate::Every(ms(3000)), 0.0, 1);
        assert_eq!(slow.room(ms(0), 0, LEAD), 1);
        assert_eq!(slow.room(ms(0), 1, LEAD), 0);
        slow.sent(ms(0));
        assert_eq!(slow.room(ms(2979), 0, LEAD), 0);
        assert_eq!(slow.room_at(ms(0), 0, LEAD), ms(2980));
        assert_eq!(slow.room(ms(2980), 0, LEAD), 1);
        assert_eq!(slow.room(ms(9000), 0, LEAD), 1, "a pause is not caught up");
        let mut fast = Pace::new(Rate::Every(ms(2)), 0.0, 1);
        fast.sent(ms(0));
        assert_eq!(fast.room(ms(0), 0, LEAD), 10);
        assert_eq!(fast.room_at(ms(0), 10, LEAD), ms(2));
        assert_eq!(Pace::new(Rate::Unlimited, 0.3, 1).room(ms(0), 999, LEAD), usize::MAX);
    }
}
