//! When a run would be done: counts per instance and their limits in, a moment out. Walks over days and windows, not
//! over messages. Pure, but for reading what was sent today.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::failure::Failure;
use crate::delivery::{Limits, Rate};
use crate::engine::window::{self, Calendar};
use crate::instance::Instance;
use crate::ledger::Plan;
use crate::manifest::Manifest;
use crate::quota::Quota;
use crate::report::{Estimate, EstimatedEnd, LaneEstimate};

/// How far the estimate looks ahead.
const HORIZON: SignedDuration = SignedDuration::from_hours(366 * 24);
/// Z-API sends one message every 1 to 3 s, so a queue that is kept short empties no faster.
const DRAIN_MEAN: Duration = Duration::from_secs(2);

/// An instance that has something to do, and what holds it back.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    name: &'a str,
    limits: &'a Limits,
    to_do: u64,
    /// What counts against today's limit already.
    used: u64,
}

/// The instances that have something to do. `limits` are the manifest's instances', in its order, with `--rate`. Without
/// the daily counts, or without credentials, nothing counts as sent today.
pub(super) fn lanes<'a>(
    manifest: &'a Manifest,
    plan: &Plan,
    limits: &'a [Limits],
    sent: Option<(&Quota, &[Instance])>,
    now: Timestamp,
) -> Result<Vec<Lane<'a>>, Failure> {
    let mut lanes = Vec::new();
    for (spec, limits) in manifest.instances.iter().zip(limits) {
        let planned = plan.instances.iter().find(|planned| planned.name == spec.name);
        let to_do = planned.map_or(0, |planned| planned.counts.to_do());
        if to_do == 0 {
            continue;
        }
        let used = match sent {
            Some((quota, instances)) if limits.daily_limit.is_some() => {
                let known = instances.iter().find(|instance| instance.name == spec.name);
                known.map(|instance| quota.used(&instance.fingerprint(), window::day(limits, now))).transpose()?
            }
            _ => None,
        };
        lanes.push(Lane { name: &spec.name, limits, to_do, used: used.unwrap_or(0) });
    }
    Ok(lanes)
}

/// Estimates what these instances have to do; `limit` is `--limit`.
pub(super) fn of(lanes: &[Lane<'_>], limit: Option<u64>, now: Timestamp) -> Estimate {
    let one = |(lane, messages): (&Lane<'_>, u64)| LaneEstimate {
        name: lane.name.to_owned(),
        messages,
        end: lane_end(lane.limits, messages, lane.used, now),
    };
    let lanes: Vec<LaneEstimate> = lanes.iter().zip(shares(lanes, limit)).map(one).collect();
    let end = last(&lanes);
    Estimate { lanes, end }
}

/// How many of the first `messages` would be sent at `moment` or later, and when the last of them would be: `None` when
/// that is more than a year ahead. What is not sent at all, since `notAfter` comes first, is not late.
pub(super) fn late(lanes: &[Lane<'_>], messages: u64, moment: Timestamp, now: Timestamp) -> (u64, Option<Timestamp>) {
    let (mut late, mut end) = (0, Some(now));
    for (lane, share) in lanes.iter().zip(shares(lanes, Some(messages))) {
        let after = |messages| lane_end(lane.limits, messages, lane.used, now);
        let sent = match after(share) {
            EstimatedEnd::OutOfTime { left, .. } => share - left,
            EstimatedEnd::Nothing | EstimatedEnd::At(_) | EstimatedEnd::TooFar { .. } => share,
        };
        // The more, the later: how many are in time is found by halving.
        let is_in_time = |messages| match after(messages) {
            EstimatedEnd::At(at) => at < moment,
            EstimatedEnd::Nothing => true,
            EstimatedEnd::OutOfTime { .. } | EstimatedEnd::TooFar { .. } => false,
        };
        let (mut in_time, mut too_many) = (0, sent + 1);
        while in_time + 1 < too_many {
            let half = in_time + (too_many - in_time) / 2;
            *(if is_in_time(half) { &mut in_time } else { &mut too_many }) = half;
        }
        late += sent - in_time;
        end = match after(sent) {
            EstimatedEnd::At(at) => end.map(|end| end.max(at)),
            EstimatedEnd::Nothing => end,
            EstimatedEnd::OutOfTime { .. } | EstimatedEnd::TooFar { .. } => None,
        };
    }
    (late, end)
}

/// How many messages each instance attempts: no more than `--limit` says in all, in proportion.
fn shares(lanes: &[Lane<'_>], limit: Option<u64>) -> Vec<u64> {
    let mut left: u64 = lanes.iter().map(|lane| lane.to_do).sum();
    let mut allowed_left = limit.map_or(left, |limit| limit.min(left));
    lanes
        .iter()
        .map(|lane| {
            let to_do = lane.to_do;
            let share = u128::from(allowed_left) * u128::from(to_do) / u128::from(left.max(1));
            let share = u64::try_from(share).unwrap_or(u64::MAX);
            left -= to_do;
            // The last one with anything to do takes what rounding left over.
            let share = if left == 0 { allowed_left.min(to_do) } else { share };
            allowed_left -= share;
            share
        })
        .collect()
}

/// When one instance would be done with `messages`, of which none has been sent and `used` count against today's limit.
fn lane_end(limits: &Limits, messages: u64, used: u64, now: Timestamp) -> EstimatedEnd {
    if messages == 0 {
        return EstimatedEnd::Nothing;
    }
    let (mut left, mut used, mut at) = (messages, used, now);
    let period = period(limits);
    while at.duration_since(now) < HORIZON {
        let until = match window::calendar(limits, at) {
            Calendar::Over { not_after } => return EstimatedEnd::OutOfTime { left, not_after },
            Calendar::Closed { until, .. } => {
                used = if window::day(limits, until) == window::day(limits, at) { used } else { 0 };
                at = until;
                continue;
            }
            Calendar::Open { until } => until,
        };
        let tomorrow = limits.daily_limit.map(|_| window::next_day(limits, at));
        let end = [until, tomorrow].into_iter().flatten().min().unwrap_or(Timestamp::MAX);
        let today = limits.daily_limit.map_or(u64::MAX, |most| u64::from(most).saturating_sub(used));
        let sends = fitting(end.duration_since(at), period).min(today).min(left);
        if sends == left {
            return after(at, period, left).map_or(EstimatedEnd::TooFar { left }, EstimatedEnd::At);
        }
        left -= sends;
        let exhausted = sends == today;
        let next = if exhausted { tomorrow.unwrap_or(end) } else { end };
        used = if tomorrow == Some(next) { 0 } else { used + sends };
        at = next;
    }
    EstimatedEnd::TooFar { left }
}

/// The mean time between two sends: jitter does not change it.
fn period(limits: &Limits) -> Duration {
    let paced = match limits.rate {
        Rate::Every(period) => period,
        Rate::Unlimited => Duration::ZERO,
    };
    if limits.max_queued.is_some() { paced.max(DRAIN_MEAN) } else { paced }
}

/// How many sends fit into a stretch whose first send is at its start.
fn fitting(stretch: SignedDuration, period: Duration) -> u64 {
    let Ok(stretch) = Duration::try_from(stretch) else { return 0 };
    if stretch.is_zero() {
        return 0;
    }
    let sends =
        stretch.as_nanos().saturating_sub(1).checked_div(period.as_nanos()).map_or(u128::MAX, |whole| whole + 1);
    u64::try_from(sends).unwrap_or(u64::MAX)
}

/// When the last of so many sends would be, the first being at `at`.
fn after(at: Timestamp, period: Duration, sends: u64) -> Option<Timestamp> {
    let nanoseconds = period.as_nanos().checked_mul(u128::from(sends.saturating_sub(1)))?;
    at.checked_add(SignedDuration::from_nanos_i128(i128::try_from(nanoseconds).ok()?)).ok()
}

/// What the run as a whole comes to: what cannot be done at all weighs more than what is done late.
fn last(lanes: &[LaneEstimate]) -> EstimatedEnd {
    let (mut left_over, mut done, mut over, mut is_too_far) = (0, None, None, false);
    for lane in lanes {
        match lane.end {
            EstimatedEnd::Nothing => {}
            EstimatedEnd::At(at) => done = done.max(Some(at)),
            EstimatedEnd::OutOfTime { left, not_after } => {
                left_over += left;
                over = over.max(Some(not_after));
            }
            EstimatedEnd::TooFar { left } => {
                left_over += left;
                is_too_far = true;
            }
        }
    }
    match (over, done) {
        _ if is_too_far => EstimatedEnd::TooFar { left: left_over },
        (Some(not_after), _) => EstimatedEnd::OutOfTime { left: left_over, not_after },
        (None, Some(at)) => EstimatedEnd::At(at),
        (None, None) => EstimatedEnd::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::delivery::Window;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn office(zone: &TimeZone) -> Window {
        let days = [true, true, true, true, true, false, false];
        Window { days, from: time(9, 0, 0, 0), to: time(18, 30, 0, 0), zone: zone.clone() }
    }

    #[test]
    fn pace_windows_and_daily_limits_together_say_when_it_ends() {
        let zone = TimeZone::get("America/Sao_Paulo").unwrap();
        let paced = Limits { day_zone: zone.clone(), ..Limits::default() };
        let windowed = Limits { windows: vec![office(&zone)], ..paced.clone() };
        let daily = Limits { daily_limit: Some(200), ..windowed.clone() };
        let within = Limits { not_before: Some(at("2026-12-07T10:00-03")), ..windowed.clone() };
        let friday = at("2026-12-04T18:00-03");
        let table = [
            // 20 a minute: the last of 400 goes 399 periods of 3 s later.
            (&paced, 400, 0, EstimatedEnd::At(at("2026-12-04T18:19:57-03"))),
            (&paced, 0, 0, EstimatedEnd::Nothing),
            // Half an hour is left on Friday: 600; the other 200 on Monday from 09:00.
            (&windowed, 800, 0, EstimatedEnd::At(at("2026-12-07T09:09:57-03"))),
            // 200 on Friday, Monday and Tuesday each, and 50 on Wednesday.
            (&daily, 650, 0, EstimatedEnd::At(at("2026-12-09T09:02:27-03"))),
            // What was sent today counts.
            (&daily, 200, 150, EstimatedEnd::At(at("2026-12-07T09:07:27-03"))),
            (&daily, 1, 300, EstimatedEnd::At(at("2026-12-07T09:00-03"))),
            // Not before a moment at which the window is open already.
            (&within, 2, 0, EstimatedEnd::At(at("2026-12-07T10:00:03-03"))),
        ];
        for (limits, messages, used, end) in table {
            assert_eq!(lane_end(limits, messages, used, friday), end, "{messages} messages, {used} sent");
        }
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let now = at("2026-12-04T18:00Z");
        let not_after = Some(at("2026-12-04T18:01Z"));
        let short = Limits { not_after, ..Limits::default() };
        let left = EstimatedEnd::OutOfTime { left: 80, not_after: at("2026-12-04T18:01Z") };
        assert_eq!(lane_end(&short, 100, 0, now), left);
        let slow = Limits { daily_limit: Some(10), ..Limits::default() };
        assert!(matches!(lane_end(&slow, 100_000, 0, now), EstimatedEnd::TooFar { .. }));
        let later = Limits { not_before: Some(at("2026-12-05T08:00Z")), ..Limits::default() };
        assert_eq!(lane_end(&later, 1, 0, now), EstimatedEnd::At(at("2026-12-05T08:00Z")));
    }

    #[test]
    fn a_short_queue_goes_no_faster_than_it_empties() {
        let now = at("2026-12-04T18:00Z");
        let unlimited = Limits { rate: Rate::Unlimited, ..Limits::default() };
        assert_eq!(lane_end(&unlimited, 1_000_000, 0, now), EstimatedEnd::At(now));
        let queued = Limits { max_queued: Some(20), ..unlimited };
        assert_eq!(lane_end(&queued, 31, 0, now), EstimatedEnd::At(at("2026-12-04T18:01Z")));
    }

    #[test]
    fn a_limit_is_shared_out_in_proportion_and_adds_up() {
        let limits = Limits::default();
        let shared = [105, 50, 7].map(|to_do| Lane { name: "a", limits: &limits, to_do, used: 0 });
        assert_eq!(shares(&shared, None), [105, 50, 7]);
        assert_eq!(shares(&shared, Some(20)), [12, 7, 1]);
        assert_eq!(shares(&shared, Some(1)).iter().sum::<u64>(), 1);
        assert_eq!(shares(&shared, Some(1000)), [105, 50, 7]);
    }

    #[test]
    fn what_comes_after_a_moment_is_counted() {
        let now = at("2026-12-04T18:00Z");
        let fast = Limits::default();
        let ending = Limits { not_after: Some(at("2026-12-04T18:01Z")), ..Limits::default() };
        let slow = Limits { daily_limit: Some(10), ..Limits::default() };
        let lane = |limits| Lane { name: "a", limits, to_do: 100, used: 0 };
        // Every 3 s: the 21st is sent a minute after the first.
        let minute = at("2026-12-04T18:01Z");
        assert_eq!(late(&[lane(&fast)], 100, minute, now), (80, Some(at("2026-12-04T18:04:57Z"))));
        assert_eq!(late(&[lane(&fast)], 20, minute, now), (0, Some(at("2026-12-04T18:00:57Z"))));
        assert_eq!(late(&[lane(&fast), lane(&fast)], 100, minute, now), (60, Some(at("2026-12-04T18:02:27Z"))));
        assert_eq!(late(&[lane(&ending)], 100, minute, now), (0, Some(at("2026-12-04T18:00:57Z"))));
        let days = [lane(&slow), Lane { to_do: 100_000, ..lane(&slow) }];
        assert_eq!(late(&days[..1], 100, at("2026-12-06T12:00Z"), now), (70, Some(at("2026-12-13T00:00:27Z"))));
        assert_eq!(late(&days[1..], 100_000, at("2026-12-06T12:00Z"), now), (99_970, None));
    }

    #[test]
    fn the_whole_ends_when_the_last_lane_does() {
        let lane = |end| LaneEstimate { name: String::new(), messages: 1, end };
        let (early, final_one) = (at("2026-12-04T18:00Z"), at("2026-12-04T19:00Z"));
        let both = [lane(EstimatedEnd::At(final_one)), lane(EstimatedEnd::Nothing), lane(EstimatedEnd::At(early))];
        assert_eq!(last(&both), EstimatedEnd::At(final_one));
        let never = [lane(EstimatedEnd::At(final_one)), lane(EstimatedEnd::TooFar { left: 3 })];
        assert_eq!(last(&never), EstimatedEnd::TooFar { left: 3 });
    }
}
