//! How counts, lengths of time and moments are written for people, and the words for states: one place for all reports.
//!
//! Pure. What a report says about its own subject stands in its own file.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, Zoned, tz::TimeZone};

use crate::delivery::{Limits, Rate, Window};
use crate::diagnostic::render::is_unprintable;
use crate::message::SkipReason;

/// `1 message`, `3 messages`.
pub fn count(number: u64, singular: &str, plural: &str) -> String {
    format!("{number} {}", if number == 1 { singular } else { plural })
}

/// `1 message`, `3 messages`.
pub fn messages(number: u64) -> String {
    count(number, "message", "messages")
}

/// `1 message is`, `3 messages are`.
pub fn are(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun} is") } else { format!("{number} {noun}s are") }
}

/// What holds for so many invitations that are not wanted any more; `in_doubt` of them have an edit of unknown fate.
pub fn left(left: u64, in_doubt: u64) -> String {
    let what = match in_doubt {
        0 => "the invitation stands".to_owned(),
        all if all == left => "whether the last edit arrived is not known".to_owned(),
        some => format!("the invitation stands, but of {some} whether the last edit arrived is not known"),
    };
    format!("no longer listed or suppressed; {what}")
}

/// `0.8 s`, `42 s`, `3 min 20 s`, `1 h 5 min`, `2 days 3 h`: two units at most.
pub fn duration(length: Duration) -> String {
    let tenths = length.as_millis() / 100;
    if tenths < 100 {
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    let seconds = length.as_secs();
    let (large, small) = match seconds {
        0..60 => return format!("{seconds} s"),
        60..3600 => ((seconds / 60, "min"), (seconds % 60, "s")),
        3600..86_400 => ((seconds / 3600, "h"), (seconds % 3600 / 60, "min")),
        _ => ((seconds / 86_400, if seconds < 172_800 { "day" } else { "days" }), (seconds % 86_400 / 3600, "h")),
    };
    let mut text = format!("{} {}", large.0, large.1);
    if small.0 > 0 {
        let _ = write!(text, " {} {}", small.0, small.1);
    }
    text
}

/// A moment as near as it needs to be: `14:20` today, `Thu 14:20` within six days, `Fri 4 Dec 18:02` in the same year,
/// else with the year. In the zone of `now`, which is named where it is UTC: a server's clock is not the reader's.
pub fn moment(at: Timestamp, now: &Zoned) -> String {
    let utc = if is_utc(now.time_zone()) { " UTC" } else { "" };
    let at = at.to_zoned(now.time_zone().clone());
    let days = (at.date() - now.date()).get_days();
    let clock = at.strftime("%H:%M");
    let day = match days {
        0 => String::new(),
        1..=6 => format!("{} ", weekday(at.weekday())),
        _ if at.year() == now.year() => format!("{} {} {} ", weekday(at.weekday()), at.day(), month(at.date())),
        _ => format!("{} ", date(at.date())),
    };
    format!("{day}{clock}{utc}")
}

fn is_utc(zone: &TimeZone) -> bool {
    zone.iana_name().is_none_or(|name| name == "UTC" || name.starts_with("Etc/U"))
        && zone.to_offset(Timestamp::UNIX_EPOCH).is_zero()
}

/// `Fri 4 Dec 2026`.
pub fn date(date: Date) -> String {
    format!("{} {} {} {}", weekday(date.weekday()), date.day(), month(date), date.year())
}

/// `20/min`, `2/s`, `90/h`: the unit in which the number is whole, or nearly.
pub fn rate(rate: Rate) -> String {
    let Rate::Every(period) = rate else { return "unlimited".to_owned() };
    let period = period.as_secs_f64();
    for (seconds, unit) in [(1.0, "s"), (60.0, "min"), (3600.0, "h")] {
        let amount = seconds / period;
        if amount >= 1.0 && (amount - amount.round()).abs() < 0.005 {
            return format!("{amount:.0}/{unit}");
        }
    }
    let (amount, unit) = if period <= 1.0 { (1.0 / period, "s") } else { (60.0 / period, "min") };
    format!("{amount:.1}/{unit}")
}

/// What was measured: `20/min`, `6.3/s`.
pub fn measured_rate(sends: u64, length: Duration) -> Option<String> {
    let seconds = length.as_secs_f64();
    if sends < 2 || seconds < 0.05 {
        return None;
    }
    #[allow(clippy::cast_precision_loss)] // far below 2^52
    let per_second = sends as f64 / seconds;
    Some(match per_second {
        fast if fast >= 10.0 => format!("{fast:.0}/s"),
        fast if fast >= 1.0 => format!("{fast:.1}/s"),
        slow if slow * 60.0 >= 10.0 => format!("{:.0}/min", slow * 60.0),
        slow => format!("{:.1}/min", slow * 60.0),
    })
}

/// Everything that limits one instance: `20/min, Mon-Fri 09:00-18:30, at most 200 a day`.
pub fn limits(limits: &Limits, now: &Zoned) -> String {
    let mut parts = vec![rate(limits.rate)];
    parts.extend(limits.windows.iter().map(|window| self::window(window, now.time_zone())));
    parts.extend(limits.daily_limit.map(|most| format!("at most {most} a day")));
    parts.extend(limits.max_queued.map(|most| format!("at most {most} in the queue")));
    parts.extend(limits.not_before.map(|at| format!("not before {}", moment(at, now))));
    parts.extend(limits.not_after.map(|at| format!("not after {}", moment(at, now))));
    parts.join(", ")
}

/// `Mon-Fri 09:00-18:30`, with the zone where it is not the reader's.
pub fn window(window: &Window, here: &TimeZone) -> String {
    let mut text = days(window.days);
    let _ = write!(text, " {}-{}", window.from.strftime("%H:%M"), window.to.strftime("%H:%M"));
    match window.zone.iana_name() {
        Some(zone) if here.iana_name() != Some(zone) => text + " " + zone,
        _ => text,
    }
}

/// `Mon-Fri`, `Mon, Wed-Fri`, `every day`; Monday first.
fn days(days: [bool; 7]) -> String {
    if days == [true; 7] {
        return "every day".to_owned();
    }
    let mut parts: Vec<String> = Vec::new();
    let mut day = 0;
    while day < 7 {
        if !days[day] {
            day += 1;
            continue;
        }
        let first = day;
        while day < 7 && days[day] {
            day += 1;
        }
        parts.push(match day - first {
            1 => WEEKDAYS[first].to_owned(),
            2 => format!("{}, {}", WEEKDAYS[first], WEEKDAYS[first + 1]),
            _ => format!("{}-{}", WEEKDAYS[first], WEEKDAYS[day - 1]),
        });
    }
    parts.join(", ")
}

/// Why a row is skipped, as the results, the plan and the status say it.
pub fn skip_reason(reason: &SkipReason) -> String {
    match reason {
        SkipReason::Duplicate { first } => format!("already listed at {first}"),
        SkipReason::Suppressed => "on a suppress list".to_owned(),
        SkipReason::Canceled => "the event is called off, and the recipient was never invited".to_owned(),
        SkipReason::Invalid { error } => error.clone(),
        SkipReason::NoLongerListed => "no longer listed".to_owned(),
    }
}

/// One line of at most `most` characters: line breaks are shown as spaces, what is too long ends in `…`.
pub fn one_line(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = visible(&text);
    if text.chars().count() <= most {
        return text;
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    cut + "…"
}

/// Nothing in it moves the cursor, rings a bell, or turns the line around: such characters are shown as `\u{202e}`.
pub fn visible(text: &str) -> String {
    if !text.chars().any(is_unprintable) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unprintable(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

/// The text without such characters; line breaks and tabs are blanks.
pub fn printable(text: &str) -> String {
    let blank = |c: char| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c };
    text.chars().map(blank).filter(|c| !is_unprintable(*c)).collect()
}

fn weekday(weekday: Weekday) -> &'static str {
    WEEKDAYS[usize::try_from(weekday.to_monday_zero_offset()).unwrap_or_default()]
}

fn month(date: Date) -> &'static str {
    MONTHS[usize::try_from(date.month() - 1).unwrap_or_default()]
}

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_two_units_at_most() {
        let table = [
            (0, "0.0 s"),
            (840, "0.8 s"),
            (9_999, "9.9 s"),
            (42_000, "42 s"),
            (60_000, "1 min"),
            (200_000, "3 min 20 s"),
            (3_900_000, "1 h 5 min"),
            (7_200_000, "2 h"),
            (90_000_000, "1 day 1 h"),
            (183_600_000, "2 days 3 h"),
        ];
        for (milliseconds, text) in table {
            assert_eq!(duration(Duration::from_millis(milliseconds)), text);
        }
    }

    #[test]
    fn moments_say_no_more_than_needed() {
        let now: Zoned = "2026-12-04T18:00[America/Sao_Paulo]".parse().unwrap();
        let table = [
            ("2026-12-04T18:59-03", "18:59"),
            ("2026-12-05T00:01-03", "Sat 00:01"),
            ("2026-12-10T14:20-03", "Thu 14:20"),
            ("2026-12-11T14:20-03", "Fri 11 Dec 14:20"),
            ("2026-12-03T14:20-03", "Thu 3 Dec 14:20"),
            ("2027-01-04T09:00-03", "Mon 4 Jan 2027 09:00"),
        ];
        for (at, text) in table {
            assert_eq!(moment(at.parse().unwrap(), &now), text);
        }
        let at = now.timestamp();
        for (zone, text) in [("UTC", "21:00 UTC"), ("Etc/UTC", "21:00 UTC"), ("Africa/Abidjan", "21:00")] {
            assert_eq!(moment(at, &at.in_tz(zone).unwrap()), text);
        }
        assert_eq!(moment(at, &at.to_zoned(TimeZone::unknown())), "21:00 UTC");
    }

    #[test]
    fn rates_are_written_as_people_write_them() {
        for (period, text) in
            [(3000, "20/min"), (500, "2/s"), (40_000, "90/h"), (1000, "1/s"), (166, "6.0/s"), (50, "20/s")]
        {
            assert_eq!(rate(Rate::Every(Duration::from_millis(period))), text);
        }
        assert_eq!(rate(Rate::Unlimited), "unlimited");
        assert_eq!(measured_rate(150, Duration::from_secs(450)).as_deref(), Some("20/min"));
        assert_eq!(measured_rate(10_000, Duration::from_secs(4)).as_deref(), Some("2500/s"));
        assert_eq!(measured_rate(1, Duration::from_secs(4)), None);
    }

    #[test]
    fn limits_read_like_a_sentence() {
        let now: Zoned = "2026-12-04T18:00[America/Sao_Paulo]".parse().unwrap();
        let window = Window {
            days: [true, true, true, true, true, false, false],
            from: jiff::civil::time(9, 0, 0, 0),
            to: jiff::civil::time(18, 30, 0, 0),
            zone: TimeZone::get("Europe/Lisbon").unwrap(),
        };
        let all = Limits { daily_limit: Some(200), windows: vec![window], ..Limits::default() };
        assert_eq!(limits(&all, &now), "20/min, Mon-Fri 09:00-18:30 Europe/Lisbon, at most 200 a day");
        assert_eq!(days([true; 7]), "every day");
        assert_eq!(days([true, false, true, true, true, false, true]), "Mon, Wed-Fri, Sun");
        assert_eq!(days([true, true, false, false, false, false, false]), "Mon, Tue");
    }

    #[test]
    fn texts_stay_on_their_line() {
        assert_eq!(one_line("a\n  b\tc", 10), "a b c");
        assert_eq!(one_line("Mooca e região", 9), "Mooca e…");
        assert_eq!(visible("ab\u{202e}c\u{1b}[2J"), "ab\\u{202e}c\\u{1b}[2J");
    }
}
