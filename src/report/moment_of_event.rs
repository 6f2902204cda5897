//! When an event takes place, as the plan shows it: weekday, date, wall clock, zone, and UTC.
//!
//! Starts from the shapes of the wire: `2026-12-04T19:00:00.000Z` carries the wall clock, `UTC-3` the offset.

use std::fmt::Write as _;

use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::words;

/// `Fri 4 Dec 2026 19:00 America/Sao_Paulo (22:00 UTC)`. Text that is no date is shown as it is.
pub(super) fn full(date_time: &str, time_zone: Option<&str>, zone_name: Option<&str>) -> String {
    let Some(wall) = wall_clock(date_time) else { return date_time.to_owned() };
    let mut text = short(date_time);
    match time_zone.and_then(|zone| Some((zone, offset(zone)?))) {
        Some((zone, offset)) => {
            text.push(' ');
            text.push_str(zone_name.unwrap_or(zone));
            if let (Ok(utc), true) = (offset.to_timestamp(wall), zone_name != Some("UTC")) {
                let utc = Offset::UTC.to_datetime(utc);
                let day = if utc.date() == wall.date() { String::new() } else { words::date(utc.date()) + " " };
                let _ = write!(text, " ({day}{} UTC)", utc.strftime("%H:%M"));
            }
        }
        None => text.push_str(", no time zone"),
    }
    text
}

/// `Fri 4 Dec 2026 19:00`, with seconds only where there are any.
pub(super) fn short(date_time: &str) -> String {
    let Some(wall) = wall_clock(date_time) else { return date_time.to_owned() };
    let clock = if wall.second() == 0 { wall.strftime("%H:%M") } else { wall.strftime("%H:%M:%S") };
    format!("{} {clock}", words::date(wall.date()))
}

fn wall_clock(date_time: &str) -> Option<DateTime> {
    date_time.strip_suffix('Z').unwrap_or(date_time).parse().ok()
}

/// `UTC-3`, `UTC+5:30`.
fn offset(zone: &str) -> Option<Offset> {
    let text = zone.strip_prefix("UTC")?;
    if text.is_empty() {
        return Some(Offset::UTC);
    }
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = text.split_once(':').unwrap_or((text, "0"));
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    Offset::from_seconds(sign * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_with_weekday_zone_and_utc() {
        let evening = "2026-12-04T19:00:00.000Z";
        let table = [
            (Some("UTC-3"), Some("America/Sao_Paulo"), "Fri 4 Dec 2026 19:00 America/Sao_Paulo (22:00 UTC)"),
            (Some("UTC-3"), None, "Fri 4 Dec 2026 19:00 UTC-3 (22:00 UTC)"),
            (Some("UTC-8"), None, "Fri 4 Dec 2026 19:00 UTC-8 (Sat 5 Dec 2026 03:00 UTC)"),
            (Some("UTC+5:30"), None, "Fri 4 Dec 2026 19:00 UTC+5:30 (13:30 UTC)"),
            (Some("UTC+0"), Some("UTC"), "Fri 4 Dec 2026 19:00 UTC"),
            (None, None, "Fri 4 Dec 2026 19:00, no time zone"),
        ];
        for (zone, name, text) in table {
            assert_eq!(full(evening, zone, name), text);
        }
        assert_eq!(full("soon", None, None), "soon");
        assert_eq!(short("2024-04-29T09:30:53.309Z"), "Mon 29 Apr 2024 09:30:53");
    }
}
