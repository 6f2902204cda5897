//! What is known of a run while it goes on, and the words for it: counts, rate, when it ends, why it waits.
//!
//! Pure: events and the time go in, text comes out. `progress` shows it.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Zoned};

use crate::diagnostic::render::Style;
use crate::engine::event::{Event, LaneEnd, Tally, Why};
use crate::recipient::mask_in_text;

use super::plan::EstimatedEnd;
use super::{lanes, words};

/// The rate is measured over this long.
const MEASURED: SignedDuration = SignedDuration::from_secs(60);
const SAMPLES_MAX: usize = 240;

/// Everything that is known of a run.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) to_do: u64,
    pub(super) tally: Tally,
    /// Messages that wait to be tried again.
    again: u64,
    last: Option<String>,
    lanes: Vec<Lane>,
    /// The number of requests when none will be in flight any more, and until when that is waited for.
    draining: Option<(u64, Timestamp)>,
    /// When how many requests had been settled.
    samples: VecDeque<(Timestamp, u64)>,
    estimate: EstimatedEnd,
    /// How often a lane came to stand for a new reason.
    news: u64,
    mask: bool,
}

#[derive(Debug)]
struct Lane {
    name: String,
    now: Doing,
}

#[derive(Debug)]
enum Doing {
    Sending,
    Waiting { why: Why, until: Timestamp },
    Stopped(LaneEnd),
}

impl Doing {
    /// Whether the one is no news after the other: the same reason, whatever its numbers and times.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sending, Self::Sending)
            | (Self::Waiting { why: Why::QueueFull { .. }, .. }, Self::Waiting { why: Why::QueueFull { .. }, .. }) => {
                true
            }
            (Self::Waiting { why, .. }, Self::Waiting { why: other, .. }) => why == other,
            (Self::Stopped(end), Self::Stopped(other)) => end == other,
            (Self::Sending | Self::Waiting { .. } | Self::Stopped(_), _) => false,
        }
    }
}

impl Watch {
    pub(super) fn new(to_do: u64, names: Vec<String>, estimate: EstimatedEnd, style: Style, now: Timestamp) -> Self {
        Self {
            to_do,
            tally: Tally::default(),
            again: 0,
            last: None,
            lanes: names.into_iter().map(|name| Lane { name, now: Doing::Sending }).collect(),
            draining: None,
            samples: VecDeque::from([(now, 0)]),
            estimate,
            news: 0,
            mask: style.mask,
        }
    }

    pub(super) fn event(&mut self, event: &Event, now: Timestamp) {
        match event {
            Event::Settled { tally, again, last } => {
                self.tally = *tally;
                self.again = *again;
                let label = words::one_line(&last.label, 40);
                self.last = Some(if self.mask { mask_in_text(&label).into_owned() } else { label });
                self.sample(now);
            }
            Event::Waiting { lane, why, until } => {
                self.lane(*lane, Doing::Waiting { why: why.clone(), until: *until });
            }
            Event::Resumed { lane } => {
                // What was measured before a wait that held everybody says nothing of how fast it goes now.
                if !self.lanes.iter().any(|lane| matches!(lane.now, Doing::Sending)) {
                    self.samples = VecDeque::from([(now, self.tally.requests())]);
                }
                self.lane(*lane, Doing::Sending);
            }
            Event::LaneEnded { lane, end } => self.lane(*lane, Doing::Stopped(end.clone())),
            Event::Draining { in_flight, requests, until } => {
                self.news += 1;
                self.draining = Some((requests + *in_flight as u64, *until));
            }
        }
    }

    fn lane(&mut self, lane: usize, now: Doing) {
        if let Some(lane) = self.lanes.get_mut(lane) {
            self.news += u64::from(!lane.now.is_like(&now));
            lane.now = now;
        }
    }

    fn sample(&mut self, now: Timestamp) {
        let requests = self.tally.requests();
        match self.samples.back_mut() {
            // Samples need not stand closer than what the measured stretch can hold.
            Some((at, seen)) if now.duration_since(*at) < SignedDuration::from_millis(250) && *seen > 0 => {
                *seen = requests;
            }
            _ => self.samples.push_back((now, requests)),
        }
        while self.samples.len() > SAMPLES_MAX
            || self.samples.len() > 2 && self.samples.front().is_some_and(|(at, _)| now.duration_since(*at) > MEASURED)
        {
            self.samples.pop_front();
        }
    }

    /// What can be told apart from the last time it was shown.
    pub(super) fn fingerprint(&self) -> (u64, u64) {
        (self.tally.requests(), self.news)
    }

    /// `409 accepted, 2 rejected, 1 unknown`, the last two always, so that one sees that there are none.
    pub(super) fn counts(&self) -> String {
        let Tally { accepted, rejected, unknown, .. } = self.tally;
        let mut text = format!("{accepted} accepted, {rejected} rejected, {unknown} unknown");
        if self.again > 0 {
            let _ = write!(text, ", {} to be tried again", self.again);
        }
        text
    }

    /// `20/min, done about 18:59`, or why it stands.
    pub(super) fn pace(&self, now: &Zoned) -> String {
        if let Some((requests, until)) = self.draining {
            let in_flight = requests.saturating_sub(self.tally.requests());
            if in_flight == 0 {
                return "stopping".to_owned();
            }
            let requests = words::count(in_flight, "request", "requests");
            return format!(
                "stopping: waiting for {requests} in flight until {}",
                until.to_zoned(now.time_zone().clone()).strftime("%H:%M:%S")
            );
        }
        let mut parts = Vec::new();
        let sending = self.lanes.iter().any(|lane| matches!(lane.now, Doing::Sending));
        if let Some((sends, length)) = self.measured().filter(|_| sending) {
            parts.extend(words::measured_rate(sends, length));
        }
        parts.extend(self.end(now));
        parts.extend(self.standing(now));
        parts.join(", ")
    }

    /// `last "Mooca 2"`.
    pub(super) fn last(&self) -> String {
        self.last.as_ref().map(|label| format!("last \"{label}\"")).unwrap_or_default()
    }

    fn measured(&self) -> Option<(u64, Duration)> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        let length = Duration::try_from(last.0.duration_since(first.0)).ok()?;
        Some((last.1.saturating_sub(first.1), length))
    }

    /// By what was measured while every lane sends, but never before what the plan said, which knows windows and daily
    /// limits; and nothing where the plan, or a lane that waits for longer, says that it will not be so.
    fn end(&self, now: &Zoned) -> Option<String> {
        let left = self.to_do.saturating_sub(self.tally.through());
        if left == 0 {
            return None;
        }
        let steady = self.lanes.iter().all(|lane| matches!(lane.now, Doing::Sending | Doing::Stopped(LaneEnd::Done)));
        let planned = match self.estimate {
            EstimatedEnd::At(at) => Some(at),
            EstimatedEnd::Nothing => None,
            EstimatedEnd::OutOfTime { .. } | EstimatedEnd::TooFar { .. } => return None,
        };
        let measured =
            self.measured().filter(|(sends, length)| *sends >= 5 && !length.is_zero()).and_then(|(sends, length)| {
                #[allow(clippy::cast_precision_loss)] // an estimate
                let seconds = left as f64 * length.as_secs_f64() / sends as f64;
                now.timestamp().checked_add(SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
            });
        let near = measured.filter(|at| steady && at.duration_since(now.timestamp()) < SignedDuration::from_hours(1));
        let at = near.max(planned).or(measured)?;
        let outlasted = self.lanes.iter().any(|lane| matches!(lane.now, Doing::Waiting { until, .. } if until > at));
        (at > now.timestamp() && !outlasted).then(|| format!("done about {}", words::moment(at, now)))
    }

    fn standing(&self, now: &Zoned) -> Vec<String> {
        let several = self.lanes.len() > 1;
        let waiting = self.lanes.iter().filter_map(|lane| match &lane.now {
            Doing::Sending => None,
            Doing::Waiting { why, until } => {
                let why = lanes::waiting(why, *until, now);
                Some(if several { format!("{} waits: {why}", lane.name) } else { format!("waiting: {why}") })
            }
            Doing::Stopped(end) => lanes::stopped(&lane.name, end, now).map(|why| format!("stopped {why}")),
        });
        waiting.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::{Settled, Verdict};
    use crate::message::AttemptKind;

    fn settled(accepted: u64, label: &str) -> Event {
        let last = Settled { lane: 0, label: label.to_owned(), kind: AttemptKind::Create, verdict: Verdict::Accepted };
        Event::Settled { tally: Tally { accepted, ..Tally::default() }, again: 0, last }
    }

    fn watch(lanes: &[&str], now: &Zoned) -> Watch {
        let style = Style { colour: false, mask: true, width: 80 };
        let names = lanes.iter().map(|name| (*name).to_owned()).collect();
        Watch::new(812, names, EstimatedEnd::Nothing, style, now.timestamp())
    }

    fn later(start: &Zoned, seconds: i64) -> Zoned {
        start.checked_add(SignedDuration::from_secs(seconds)).unwrap()
    }

    #[test]
    fn it_says_how_fast_and_when_it_ends() {
        let start: Zoned = "2026-12-04T18:00[America/Sao_Paulo]".parse().unwrap();
        let mut watch = watch(&["main"], &start);
        for number in 1..=20_u32 {
            watch.event(
                &settled(u64::from(number), "Vida ❤️\u{1b}[2J"),
                later(&start, i64::from(number) * 3).timestamp(),
            );
        }
        let now = later(&start, 60);
        assert_eq!(watch.counts(), "20 accepted, 0 rejected, 0 unknown");
        assert_eq!(watch.pace(&now), "20/min, done about 18:40");
        assert_eq!(watch.last(), "last \"Vida ❤️\\u{1b}[2J\"");
    }

    #[test]
    fn its_end_is_never_before_the_plans() {
        let start: Zoned = "2026-12-04T18:00[America/Sao_Paulo]".parse().unwrap();
        let at = |text: &str| EstimatedEnd::At(text.parse().unwrap());
        let not_after = "2026-12-05T12:00-03".parse().unwrap();
        let table = [
            // A window, or a daily limit, comes in between.
            (at("2026-12-07T03:00-03"), "20/min, done about Mon 03:00"),
            // Slower than planned.
            (at("2026-12-04T18:35-03"), "20/min, done about 18:40"),
            (EstimatedEnd::Nothing, "20/min, done about 18:40"),
            (EstimatedEnd::OutOfTime { left: 40, not_after }, "20/min"),
            (EstimatedEnd::TooFar { left: 7 }, "20/min"),
        ];
        for (estimate, text) in table {
            let mut watch = Watch { estimate, ..watch(&["main"], &start) };
            for number in 1..=20_u32 {
                watch.event(&settled(u64::from(number), "Mooca"), later(&start, i64::from(number) * 3).timestamp());
            }
            assert_eq!(watch.pace(&later(&start, 60)), text);
        }
        let monday = "2026-12-07T09:00-03".parse().unwrap();
        let mut waits = Watch { estimate: at("2026-12-04T18:35-03"), ..watch(&["main"], &start) };
        waits.event(&Event::Waiting { lane: 0, why: Why::DailyLimit { limit: 20 }, until: monday }, start.timestamp());
        assert_eq!(waits.pace(&start), "waiting: daily limit of 20 reached, on at Mon 09:00");
    }

    #[test]
    fn what_waits_to_be_tried_again_is_counted_only_while_it_does() {
        let now: Zoned = "2026-12-04T18:30[America/Sao_Paulo]".parse().unwrap();
        let mut watch = watch(&["main"], &now);
        for (not_sent, waits, text) in [
            (1, 1, "3 accepted, 0 rejected, 0 unknown, 1 to be tried again"),
            (1, 0, "3 accepted, 0 rejected, 0 unknown"),
        ] {
            let Event::Settled { last, .. } = settled(3, "Mooca") else { panic!() };
            let tally = Tally { accepted: 3, not_sent, ..Tally::default() };
            watch.event(&Event::Settled { tally, again: waits, last }, now.timestamp());
            assert_eq!(watch.counts(), text);
        }
    }

    #[test]
    fn a_new_reason_is_news_and_the_same_one_is_not() {
        let now: Zoned = "2026-12-04T18:30[America/Sao_Paulo]".parse().unwrap();
        let mut watch = watch(&["main"], &now);
        let full = |waiting| Why::QueueFull { waiting, most: 20 };
        let refused = || Why::NoAnswer { error: "connection refused".into() };
        for (seconds, why, is_news) in [
            (1, refused(), true),
            (2, refused(), false),
            (3, Why::Throttled, true),
            (4, full(20), true),
            (5, full(19), false),
            (6, Why::Disconnected, true),
        ] {
            let (before, until) = (watch.fingerprint(), later(&now, seconds).timestamp());
            watch.event(&Event::Waiting { lane: 0, why, until }, now.timestamp());
            assert_eq!(watch.fingerprint() != before, is_news, "{seconds}");
        }
    }

    #[test]
    fn the_rate_is_measured_anew_after_a_wait() {
        let start: Zoned = "2026-12-04T18:00[America/Sao_Paulo]".parse().unwrap();
        let mut watch = watch(&["main"], &start);
        watch.event(&settled(1, "Mooca"), later(&start, 1).timestamp());
        let until = later(&start, 45).timestamp();
        watch.event(&Event::Waiting { lane: 0, why: Why::Throttled, until }, later(&start, 1).timestamp());
        watch.event(&Event::Resumed { lane: 0 }, until);
        for number in 1..=5_i64 {
            watch.event(&settled(number.unsigned_abs() + 1, "Mooca"), later(&start, 45 + number).timestamp());
        }
        assert!(watch.pace(&later(&start, 50)).starts_with("1.0/s"), "{}", watch.pace(&later(&start, 50)));
    }

    #[test]
    fn it_says_why_each_lane_waits() {
        let now: Zoned = "2026-12-04T18:30[America/Sao_Paulo]".parse().unwrap();
        let monday: Timestamp = "2026-12-07T09:00-03".parse().unwrap();
        let mut watch = watch(&["main", "second"], &now);
        watch.event(&Event::Waiting { lane: 0, why: Why::Window, until: monday }, now.timestamp());
        let end = LaneEnd::SetUp { http_status: Some(401), error: "token not found".into() };
        watch.event(&Event::LaneEnded { lane: 1, end }, now.timestamp());
        assert_eq!(watch.pace(&now), "main waits: window opens Mon 09:00, stopped second: token not found (HTTP 401)");
        let requests = watch.tally.requests();
        watch.event(&Event::Draining { in_flight: 3, requests, until: monday }, now.timestamp());
        assert_eq!(watch.pace(&now), "stopping: waiting for 3 requests in flight until 09:00:00");
        watch.tally.accepted += 2;
        assert_eq!(watch.pace(&now), "stopping: waiting for 1 request in flight until 09:00:00");
        watch.tally.accepted += 1;
        assert_eq!(watch.pace(&now), "stopping");
    }
}
