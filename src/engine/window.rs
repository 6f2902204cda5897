//! Whether a lane may send at a moment of the calendar, and when that changes: windows, `notBefore`, `notAfter`, days.
//!
//! Pure. Also what the estimate walks through. A window's edges are wall-clock times in its own zone; an edge that a
//! clock change skips moves to the moment after the gap, one that comes twice is the first of the two.

use jiff::{Timestamp, ToSpan, civil, tz::TimeZone};

use crate::delivery::{Limits, Window};

/// How many days ahead are searched for the next opening: more than a week, since a clock change can swallow one.
const DAYS_AHEAD: i64 = 15;

/// What the calendar says about a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calendar {
    /// Sending is allowed, until then (`None`: for good). At that moment it has to be asked again.
    Open { until: Option<Timestamp> },
    /// Sending is allowed from then on, which is later than the moment that was asked about.
    Closed { why: Closed, until: Timestamp },
    /// Never again.
    Over { not_after: Timestamp },
}

/// Why the calendar is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    Window,
    NotBefore,
}

/// What windows, `notBefore` and `notAfter` together say about a moment. Both are inclusive of what they allow:
/// `notBefore` is the first moment, `notAfter` the first at which nothing is sent any more.
pub fn calendar(limits: &Limits, at: Timestamp) -> Calendar {
    if let Some(not_after) = limits.not_after.filter(|not_after| at >= *not_after) {
        return Calendar::Over { not_after };
    }
    let first = limits.not_before.map_or(at, |not_before| not_before.max(at));
    let found = match (limits.windows.is_empty(), first > at) {
        (true, false) => Calendar::Open { until: None },
        (true, true) => Calendar::Closed { why: Closed::NotBefore, until: first },
        (false, early) => match windows(&limits.windows, first) {
            // The window may have been open for a while when `notBefore` comes.
            Some((opens, _)) if early => Calendar::Closed { why: Closed::NotBefore, until: opens.max(first) },
            Some((opens, closes)) if opens <= at => Calendar::Open { until: Some(closes) },
            Some((opens, _)) => Calendar::Closed { why: Closed::Window, until: opens },
            None => Calendar::Closed { why: Closed::Window, until: Timestamp::MAX },
        },
    };
    match (found, limits.not_after) {
        (Calendar::Closed { until, .. }, Some(not_after)) if until >= not_after => Calendar::Over { not_after },
        (Calendar::Open { until }, Some(not_after)) => {
            Calendar::Open { until: Some(until.map_or(not_after, |until| until.min(not_after))) }
        }
        (found, _) => found,
    }
}

/// The stretch that is open at a moment, or else the next one that opens after it.
fn windows(windows: &[Window], at: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let mut next: Option<(Timestamp, Timestamp)> = None;
    for (opens, closes) in windows.iter().flat_map(|window| stretches(window, at)) {
        if closes <= at {
            continue;
        }
        // Of those that are open the one that closes last counts, of those to come the one that opens first.
        let better = next.is_none_or(|(best_opens, best_closes)| match (opens <= at, best_opens <= at) {
            (true, true) => closes > best_closes,
            (true, false) => true,
            (false, true) => false,
            (false, false) => opens < best_opens,
        });
        if better {
            next = Some((opens, closes));
        }
    }
    next
}

/// One window's openings from the day before a moment on.
fn stretches(window: &Window, at: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
    let today = at.to_zoned(window.zone.clone()).date();
    (-1..=DAYS_AHEAD).filter_map(move |ahead| {
        let day = today.checked_add(ahead.days()).ok()?;
        if !window.days[usize::from(day.weekday().to_monday_zero_offset().unsigned_abs())] {
            return None;
        }
        let last = if window.to > window.from { day } else { day.tomorrow().ok()? };
        let opens = moment(day.to_datetime(window.from), &window.zone)?;
        let closes = moment(last.to_datetime(window.to), &window.zone)?;
        (opens < closes).then_some((opens, closes))
    })
}

/// A wall-clock time as a moment: the first one at which a clock in the zone shows it or a later time.
fn moment(wall: civil::DateTime, zone: &TimeZone) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(wall).offset() {
        jiff::tz::AmbiguousOffset::Unambiguous { .. } | jiff::tz::AmbiguousOffset::Fold { .. } => {
            zone.to_ambiguous_timestamp(wall).earlier().ok()
        }
        // The clock jumps over it: the moment of the jump is the next transition after the time read as before it.
        jiff::tz::AmbiguousOffset::Gap { .. } => {
            let before = zone.to_ambiguous_timestamp(wall).earlier().ok()?;
            let jump = zone.following(before).next().map(|transition| transition.timestamp());
            jump.filter(|jump| *jump <= zone.to_ambiguous_timestamp(wall).later().unwrap_or(*jump)).or(Some(before))
        }
    }
}

/// The calendar day that a moment belongs to, for daily limits.
pub fn day(limits: &Limits, at: Timestamp) -> civil::Date {
    at.to_zoned(limits.day_zone.clone()).date()
}

/// When the day that a moment belongs to began.
pub fn day_begins(limits: &Limits, at: Timestamp) -> Timestamp {
    let began = moment(day(limits, at).to_datetime(civil::Time::midnight()), &limits.day_zone);
    began.unwrap_or(Timestamp::MIN)
}

/// When the day after a moment's begins.
pub fn next_day(limits: &Limits, at: Timestamp) -> Timestamp {
    let tomorrow = day(limits, at).tomorrow().ok();
    let starts = tomorrow.and_then(|tomorrow| moment(tomorrow.to_datetime(civil::Time::midnight()), &limits.day_zone));
    starts.unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn window(days: &str, from: &str, to: &str, zone_name: &str) -> Window {
        let mut on = [false; 7];
        for (index, c) in days.chars().enumerate() {
            on[index] = c == 'x';
        }
        Window { days: on, from: from.parse().unwrap(), to: to.parse().unwrap(), zone: zone(zone_name) }
    }

    fn limits(windows: Vec<Window>) -> Limits {
        Limits { windows, ..Limits::default() }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn show(calendar: Calendar) -> String {
        match calendar {
            Calendar::Open { until: None } => "open".to_owned(),
            Calendar::Open { until: Some(until) } => format!("open until {until}"),
            Calendar::Closed { why, until } => format!("{why:?} until {until}"),
            Calendar::Over { .. } => "over".to_owned(),
        }
    }

    #[test]
    fn windows_open_and_close_at_their_wall_clock_times() {
        let office = || vec![window("xxxxx..", "09:00", "18:30", "America/Sao_Paulo")];
        let night = || vec![window("....x..", "22:00", "02:00", "America/Sao_Paulo")];
        let midnight = || vec![window("xxxxxxx", "20:00", "00:00", "UTC")];
        let two = || vec![window("x......", "09:00", "12:00", "UTC"), window("x......", "14:00", "18:00", "UTC")];
        for (windows, now, want) in [
            (office(), "2026-11-23T12:00:00Z", "open until 2026-11-23T21:30:00Z"),
            (office(), "2026-11-23T11:59:59Z", "Window until 2026-11-23T12:00:00Z"),
            (office(), "2026-11-23T21:30:00Z", "Window until 2026-11-24T12:00:00Z"),
            (office(), "2026-11-27T23:00:00Z", "Window until 2026-11-30T12:00:00Z"),
            (night(), "2026-11-28T04:59:00Z", "open until 2026-11-28T05:00:00Z"),
            (night(), "2026-11-28T05:00:00Z", "Window until 2026-12-05T01:00:00Z"),
            (midnight(), "2026-12-31T23:59:59Z", "open until 2027-01-01T00:00:00Z"),
            (midnight(), "2027-01-01T00:00:00Z", "Window until 2027-01-01T20:00:00Z"),
            (two(), "2026-11-23T12:30:00Z", "Window until 2026-11-23T14:00:00Z"),
            (two(), "2026-11-23T15:00:00Z", "open until 2026-11-23T18:00:00Z"),
            (Vec::new(), "2026-11-23T15:00:00Z", "open"),
        ] {
            assert_eq!(show(calendar(&limits(windows), at(now))), want, "{now}");
        }
    }

    #[test]
    fn clock_changes_move_edges_and_can_swallow_a_window() {
        let berlin = |from: &str, to: &str| limits(vec![window("xxxxxxx", from, to, "Europe/Berlin")]);
        // 2026-03-29: 02:00 becomes 03:00 (01:00Z). 2026-10-25: 03:00 becomes 02:00 (01:00Z).
        for (limits, now, want) in [
            (berlin("02:30", "04:00"), "2026-03-29T00:30:00Z", "Window until 2026-03-29T01:00:00Z"),
            (berlin("02:10", "02:50"), "2026-03-29T00:30:00Z", "Window until 2026-03-30T00:10:00Z"),
            (berlin("01:00", "02:30"), "2026-03-29T00:30:00Z", "open until 2026-03-29T01:00:00Z"),
            (berlin("02:30", "04:00"), "2026-10-25T00:00:00Z", "Window until 2026-10-25T00:30:00Z"),
            (berlin("02:30", "04:00"), "2026-10-25T01:15:00Z", "open until 2026-10-25T03:00:00Z"),
            (berlin("00:00", "02:30"), "2026-10-25T00:00:00Z", "open until 2026-10-25T00:30:00Z"),
        ] {
            assert_eq!(show(calendar(&limits, at(now))), want, "{now}");
        }
    }

    #[test]
    fn not_before_and_not_after_bound_the_windows() {
        let from = Some(at("2026-11-23T08:00:00Z"));
        let to = Some(at("2026-11-24T10:00:00Z"));
        let plain = Limits { not_before: from, not_after: to, ..Limits::default() };
        let daily = Limits { windows: vec![window("xxxxxxx", "09:00", "11:00", "UTC")], ..plain.clone() };
        let within = Limits { not_before: Some(at("2026-11-23T09:30:00Z")), ..daily.clone() };
        for (limits, now, want) in [
            (&plain, "2026-11-23T07:00:00Z", "NotBefore until 2026-11-23T08:00:00Z"),
            (&plain, "2026-11-23T08:00:00Z", "open until 2026-11-24T10:00:00Z"),
            (&plain, "2026-11-24T10:00:00Z", "over"),
            (&daily, "2026-11-23T07:00:00Z", "NotBefore until 2026-11-23T09:00:00Z"),
            (&within, "2026-11-23T07:00:00Z", "NotBefore until 2026-11-23T09:30:00Z"),
            (&within, "2026-11-23T09:10:00Z", "NotBefore until 2026-11-23T09:30:00Z"),
            (&within, "2026-11-23T09:30:00Z", "open until 2026-11-23T11:00:00Z"),
            (&daily, "2026-11-23T12:00:00Z", "Window until 2026-11-24T09:00:00Z"),
            (&daily, "2026-11-24T09:30:00Z", "open until 2026-11-24T10:00:00Z"),
        ] {
            assert_eq!(show(calendar(limits, at(now))), want, "{now}");
        }
        let hopeless = Limits { not_after: Some(at("2026-11-24T09:00:00Z")), ..daily };
        assert_eq!(show(calendar(&hopeless, at("2026-11-23T12:00:00Z"))), "over", "no window opens before the end");
    }

    #[test]
    fn what_is_closed_opens_later_whatever_the_limits() {
        let mut random = fastrand::Rng::with_seed(11);
        let start = at("2026-03-27T00:00:00Z");
        for _ in 0..20_000 {
            let mut minutes = |most: i64| start.checked_add(random.i64(0..most).minutes()).unwrap();
            let now = minutes(4000);
            let (not_before, not_after) = (Some(minutes(4000)), Some(minutes(8000)));
            let times = ["00:00", "02:30", "09:00", "11:15", "18:30", "23:59"];
            let days = ["xxxxxxx", "xxxxx..", ".....xx", "..x...."];
            let mut one =
                || window(days[random.usize(..4)], times[random.usize(..6)], times[random.usize(..6)], "Europe/Berlin");
            let windows = [vec![], vec![one()], vec![one(), one()]];
            let limits = Limits {
                windows: random.choice(windows).unwrap(),
                not_before: not_before.filter(|_| random.bool()),
                not_after: not_after.filter(|_| random.bool()),
                ..Limits::default()
            };
            if let Calendar::Closed { until, .. } = calendar(&limits, now)
                && until < Timestamp::MAX
            {
                assert!(until > now, "{limits:?} at {now}");
                assert!(
                    !matches!(calendar(&limits, until), Calendar::Closed { .. }),
                    "{limits:?} at {now}, then {until}"
                );
            }
        }
    }

    #[test]
    fn a_year_of_minutes_agrees_with_the_wall_clock() {
        for name in ["America/Sao_Paulo", "Europe/Berlin", "America/New_York", "Asia/Kolkata"] {
            let zone = zone(name);
            let limits =
                limits(vec![window("xxxxx..", "09:00", "18:30", name), window(".....x.", "22:00", "01:00", name)]);
            let mut now = at("2026-01-01T00:00:00Z");
            while now < at("2027-01-01T00:00:00Z") {
                let local = now.to_zoned(zone.clone());
                let (weekday, hour) = (local.weekday().to_monday_zero_offset(), local.hour());
                let office = weekday < 5 && hour >= 9 && (hour < 18 || (hour == 18 && local.minute() < 30));
                let night = (weekday == 5 && hour >= 22) || (weekday == 6 && hour < 1);
                match calendar(&limits, now) {
                    Calendar::Open { until: Some(until) } => assert!((office || night) && until > now, "{local}"),
                    Calendar::Closed { until, .. } => assert!(!office && !night && until > now, "{local}"),
                    other => panic!("{other:?} at {local}"),
                }
                now = now.checked_add(47.minutes()).unwrap();
            }
        }
    }

    #[test]
    fn a_year_from_edge_to_edge_adds_up() {
        // Weekday offices and Saturday nights, none of which a clock change of these zones touches: it comes on Sundays
        // at two or three.
        for name in ["America/Sao_Paulo", "Europe/Berlin", "America/New_York", "Asia/Kolkata"] {
            let zone = zone(name);
            let limits =
                limits(vec![window("xxxxx..", "09:00", "18:30", name), window(".....x.", "22:00", "00:00", name)]);
            let start = civil::date(2026, 1, 1).to_zoned(zone.clone()).unwrap().timestamp();
            let end = civil::date(2027, 1, 1).to_zoned(zone.clone()).unwrap().timestamp();
            let (mut now, mut open_minutes, mut openings) = (start, 0, 0);
            while now < end {
                let just_before = |until: Timestamp| calendar(&limits, until.checked_sub(1.nanosecond()).unwrap());
                match calendar(&limits, now) {
                    Calendar::Open { until: Some(until) } => {
                        assert!(matches!(just_before(until), Calendar::Open { .. }), "{until}");
                        assert!(matches!(calendar(&limits, until), Calendar::Closed { .. }), "{until}");
                        open_minutes += until.duration_since(now).as_mins();
                        openings += 1;
                        now = until;
                    }
                    Calendar::Closed { until, .. } => {
                        assert!(matches!(just_before(until), Calendar::Closed { .. }), "{until}");
                        assert!(matches!(calendar(&limits, until), Calendar::Open { .. }), "{until}");
                        now = until;
                    }
                    other => panic!("{other:?} at {now}"),
                }
            }
            // 2026 has 261 weekdays and 52 Saturdays.
            assert_eq!((openings, open_minutes), (261 + 52, 261 * 570 + 52 * 120), "{name}");
        }
    }

    #[test]
    fn a_year_of_days_is_365_whatever_the_clock_does() {
        for name in ["America/Sao_Paulo", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Africa/Cairo"] {
            let limits = Limits { day_zone: zone(name), ..Limits::default() };
            let mut at = civil::date(2026, 1, 1).to_zoned(zone(name)).unwrap().timestamp();
            let mut date = civil::date(2026, 1, 1);
            let mut lengths = [0_u32; 3];
            while date < civil::date(2027, 1, 1) {
                assert_eq!((day(&limits, at), day_begins(&limits, at)), (date, at), "{name}");
                let next = next_day(&limits, at);
                assert_eq!(day(&limits, next.checked_sub(1.nanosecond()).unwrap()), date, "{name}");
                lengths[usize::try_from(next.duration_since(at).as_hours() - 23).unwrap()] += 1;
                (at, date) = (next, date.tomorrow().unwrap());
            }
            let has_changes = !matches!(name, "America/Sao_Paulo" | "Pacific/Apia");
            let changes = u32::from(has_changes);
            assert_eq!(lengths, [changes, 365 - 2 * changes, changes], "{name}: short, plain and long days");
        }
    }

    #[test]
    fn days_follow_their_zone() {
        let limits = Limits { day_zone: zone("America/Sao_Paulo"), ..Limits::default() };
        assert_eq!(day(&limits, at("2026-11-23T02:59:00Z")).to_string(), "2026-11-22");
        assert_eq!(next_day(&limits, at("2026-11-23T02:59:00Z")), at("2026-11-23T03:00:00Z"));
        assert_eq!(day_begins(&limits, at("2026-11-23T02:59:00Z")), at("2026-11-22T03:00:00Z"));
        assert_eq!(day_begins(&limits, at("2026-11-23T03:00:00Z")), at("2026-11-23T03:00:00Z"));
    }
}
