//! Dates and times of events: as they are written, in their zone, and as they go on the wire. Pure.
//!
//! Read by hand rather than by jiff, whose civil parsing ignores an offset silently, and so that each way of being wrong
//! has its own words.

use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::diagnostic::Diagnostic;
use crate::diagnostic::text::event as words;

/// A date and time as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manifest) enum Written {
    /// Wall clock. A trailing `Z` is this too: the shape of the wire, not an offset.
    Local(DateTime),
    At(DateTime, Offset),
}

/// A date and time in its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manifest) struct Resolved {
    pub(in crate::manifest) local: DateTime,
    /// Where a zone or an offset is known.
    pub(in crate::manifest) offset: Option<Offset>,
    pub(in crate::manifest) at: Option<Timestamp>,
}

type Fault = Box<Diagnostic>;

/// `2026-12-04T19:00`, with a blank for the `T`, with seconds, fractions, `Z` or an offset.
pub(in crate::manifest) fn read(text: &str) -> Result<Written, Fault> {
    let text = text.trim();
    let unreadable = || Box::new(words::date_unreadable(text));
    let Some((year, rest)) = digits(text, 4, 4).and_then(|(year, rest)| Some((year, rest.strip_prefix('-')?))) else {
        return Err(other_spelling(text));
    };
    let (month, rest) = digits(rest, 2, 2).ok_or_else(unreadable)?;
    let (day, rest) = rest.strip_prefix('-').and_then(|rest| digits(rest, 2, 2)).ok_or_else(unreadable)?;
    let date = date(text, year, month, day)?;
    if rest.is_empty() {
        return Err(Box::new(words::date_without_time(text)));
    }
    let rest = rest.strip_prefix(['T', 't', ' ']).ok_or_else(unreadable)?;
    let (hour, rest) = digits(rest, 2, 2).ok_or_else(unreadable)?;
    let (minute, rest) = rest.strip_prefix(':').and_then(|rest| digits(rest, 2, 2)).ok_or_else(unreadable)?;
    let (second, nanos, rest) = seconds(rest).ok_or_else(unreadable)?;
    let offset = match rest {
        "" | "Z" | "z" => None,
        offset => Some(read_offset(offset).ok_or_else(unreadable)?),
    };
    let local = clock(text, date, hour, minute, second, nanos)?;
    Ok(offset.map_or(Written::Local(local), |offset| Written::At(local, offset)))
}

fn seconds(rest: &str) -> Option<(i8, i32, &str)> {
    let Some(rest) = rest.strip_prefix(':') else { return Some((0, 0, rest)) };
    let (second, rest) = digits(rest, 2, 2)?;
    let Some(fraction) = rest.strip_prefix('.') else { return Some((second, 0, rest)) };
    let (written, after) = digits::<i32>(fraction, 1, 9)?;
    let places = u32::try_from(fraction.len() - after.len()).ok()?;
    Some((second, written * 10_i32.pow(9 - places), after))
}

fn date(text: &str, year: i16, month: u8, day: i8) -> Result<Date, Fault> {
    let impossible = |reason: &str| Box::new(words::date_impossible(text, reason));
    let Some(name) = month.checked_sub(1).and_then(|index| MONTHS.get(usize::from(index))) else {
        return Err(impossible(&format!("there is no month {month}")));
    };
    let month = month.cast_signed();
    let first = Date::new(year, month, 1).map_err(|_| impossible("there is no such year"))?;
    Date::new(year, month, day).map_err(|_| impossible(&format!("{name} {year} has {} days", first.days_in_month())))
}

fn clock(text: &str, date: Date, hour: i8, minute: i8, second: i8, nanos: i32) -> Result<DateTime, Fault> {
    let impossible = |reason: &str| Err(Box::new(words::date_impossible(text, reason)));
    match (hour, minute, second) {
        (24, 0, 0) => impossible("midnight is 00:00 of the next day"),
        (24.., _, _) => impossible("a day has 24 hours"),
        (_, 60.., _) => impossible("an hour has 60 minutes"),
        (_, _, 60..) => impossible("a minute has 60 seconds"),
        _ => Ok(date.at(hour, minute, second, nanos)),
    }
}

/// What is not written as it should be, said as precisely as can be.
fn other_spelling(text: &str) -> Fault {
    if let Some(readings) = day_and_month(text) {
        return Box::new(words::date_order(text, &readings));
    }
    let serial = text.split('.').next().unwrap_or_default();
    if serial.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Box::new(words::date_serial(text));
    }
    Box::new(words::date_unreadable(text))
}

/// The readings of `04/12/2026 19:00`: day first or month first, in words and as it should be written.
fn day_and_month(text: &str) -> Option<Vec<(String, String)>> {
    let (first, rest) = digits::<u8>(text, 1, 2)?;
    let rest = rest.strip_prefix(['/', '.', '-'])?;
    let (second, rest) = digits::<u8>(rest, 1, 2)?;
    let rest = rest.strip_prefix(['/', '.', '-'])?;
    let (year, rest) =
        digits::<i16>(rest, 4, 4).or_else(|| digits::<i16>(rest, 2, 2).map(|(year, rest)| (2000 + year, rest)))?;
    let time = time_of_day(rest).unwrap_or_else(|| "HH:mm".to_owned());
    let reading = |day: u8, month: u8| {
        let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        let long = format!("{day} {} {year}", MONTHS[usize::from(month) - 1]);
        Some((long, format!("{date}T{time}")))
    };
    let mut readings: Vec<(String, String)> =
        [reading(first, second), reading(second, first)].into_iter().flatten().collect();
    readings.dedup();
    (!readings.is_empty()).then_some(readings)
}

/// `9:00`, `18h30`, `, 20:30` or `às 20h` behind a date, as it should be written. `None` when it says more, such as an
/// offset, or is no time: what people should write is not made up.
fn time_of_day(text: &str) -> Option<String> {
    let mut text = text.trim();
    for before in [",", "- ", "– ", "T", "às ", "as ", "at "] {
        text = text.strip_prefix(before).unwrap_or(text).trim_start();
    }
    let (hour, rest) = digits::<i8>(text, 1, 2)?;
    let rest = rest.trim_start().strip_prefix([':', 'h', 'H'])?.trim_start();
    let is_whole = rest.is_empty() && text.ends_with(['h', 'H']);
    let (minute, rest) = if is_whole { (0, "") } else { digits::<i8>(rest, 2, 2)? };
    let (second, rest) = match rest.strip_prefix(':') {
        Some(rest) => digits::<i8>(rest, 2, 2)?,
        None => (0, rest),
    };
    let time = Time::new(hour, minute, second, 0).ok().filter(|_| matches!(rest.trim(), "" | "h" | "min"))?;
    Some(time.strftime(if second == 0 { "%H:%M" } else { "%H:%M:%S" }).to_string())
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Between `least` and `most` digits at the start of a text, and what follows.
fn digits<T: FromStr>(text: &str, least: usize, most: usize) -> Option<(T, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count < least {
        return None;
    }
    Some((text[..count].parse().ok()?, &text[count..]))
}

/// `-03:00`, `-0300`, `-03`.
fn read_offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, rest) = digits::<i32>(rest, 2, 2)?;
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let (minutes, rest) = if rest.is_empty() { (0, rest) } else { digits(rest, 2, 2)? };
    let possible = rest.is_empty() && hours <= 14 && minutes < 60;
    possible.then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())?
}

/// Finds the offset of a written time. Times that do not exist, or exist twice, in the zone are errors.
pub(in crate::manifest) fn resolve(written: &Written, zone: Option<&TimeZone>) -> Result<Resolved, Fault> {
    let (local, offset) = match (written, zone) {
        (Written::Local(local), None) => return Ok(Resolved { local: *local, offset: None, at: None }),
        (Written::At(local, offset), None) => (*local, *offset),
        (Written::Local(local), Some(zone)) => (*local, offset_in(*local, None, zone)?),
        (Written::At(local, offset), Some(zone)) => (*local, offset_in(*local, Some(*offset), zone)?),
    };
    let at = offset.to_timestamp(local).ok();
    Ok(Resolved { local, offset: Some(offset), at })
}

fn offset_in(local: DateTime, said: Option<Offset>, zone: &TimeZone) -> Result<Offset, Fault> {
    let text = || local.strftime("%Y-%m-%dT%H:%M").to_string();
    let name = || zone.iana_name().unwrap_or("this timezone");
    let right = match (zone.to_ambiguous_zoned(local).offset(), said) {
        (AmbiguousOffset::Gap { before, after }, _) => {
            let skipped = SignedDuration::from_secs(i64::from(after.seconds()) - i64::from(before.seconds()));
            let (from, to) = gap_edges(local, zone, skipped);
            return Err(Box::new(words::gap(&text(), name(), &from, &to)));
        }
        (AmbiguousOffset::Fold { before, after }, None) => {
            let with = |offset: Offset| format!("{}{}", text(), iso(offset));
            return Err(Box::new(words::fold(&text(), name(), &with(before), &with(after))));
        }
        (AmbiguousOffset::Fold { before, after }, Some(said)) if said == before || said == after => return Ok(said),
        (AmbiguousOffset::Fold { before, .. }, Some(_)) => before,
        (AmbiguousOffset::Unambiguous { offset }, None) => return Ok(offset),
        (AmbiguousOffset::Unambiguous { offset }, Some(said)) if said == offset => return Ok(offset),
        (AmbiguousOffset::Unambiguous { offset }, Some(_)) => offset,
    };
    let said = said.unwrap_or(right);
    Err(Box::new(words::contradiction(&text(), name(), &iso(said), &iso(right))))
}

/// The wall clock just before and just after a gap.
fn gap_edges(local: DateTime, zone: &TimeZone, skipped: SignedDuration) -> (String, String) {
    let edge = zone.to_timestamp(local).ok().and_then(|at| zone.preceding(at).next());
    let shown = |time: DateTime| time.strftime("%H:%M").to_string();
    match edge {
        Some(transition) => {
            let after = transition.offset().to_datetime(transition.timestamp());
            (shown(after.saturating_sub(skipped)), shown(after))
        }
        None => (shown(local), shown(local.saturating_add(skipped))),
    }
}

/// `-03:00`
fn iso(offset: Offset) -> String {
    let minutes = offset.seconds().abs() / 60;
    format!("{}{:02}:{:02}", if offset.is_negative() { '-' } else { '+' }, minutes / 60, minutes % 60)
}

/// The shape of the reference's example, with wall-clock digits: `2026-12-04T19:00:00.000Z`.
pub(super) fn wire_date(local: DateTime) -> String {
    let (date, time) = (local.date(), local.time());
    let mut text = String::with_capacity(24);
    // By hand, because every row has one.
    let mut digits = |number: i16, count: u32, after: char| {
        for place in (0..count).rev() {
            let digit = u8::try_from(number / 10_i16.pow(place) % 10).unwrap_or(0);
            text.push(char::from(b'0' + digit));
        }
        text.push(after);
    };
    digits(date.year(), 4, '-');
    digits(date.month().into(), 2, '-');
    digits(date.day().into(), 2, 'T');
    digits(time.hour().into(), 2, ':');
    digits(time.minute().into(), 2, ':');
    digits(time.second().into(), 2, '.');
    digits(time.millisecond(), 3, 'Z');
    text
}

/// `UTC-3`, `UTC+5:30`.
pub(super) fn wire_zone(offset: Offset) -> String {
    let minutes = offset.seconds().abs() / 60;
    let sign = if offset.is_negative() { '-' } else { '+' };
    match minutes % 60 {
        0 => format!("UTC{sign}{}", minutes / 60),
        rest => format!("UTC{sign}{}:{rest:02}", minutes / 60),
    }
}

/// `Fri 4 Dec 2026 19:00`
pub(super) fn shown(local: DateTime) -> String {
    local.strftime("%a %-d %b %Y %H:%M").to_string()
}
