//! What is said about events and their times.

use super::shorten;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::suggest::nearest;

codes! {
    TEXT_EMPTY = "E120", "text that is empty";
    CALL_LINK_TYPE = "E121", "callLinkType that is neither voice nor video";
    CANCELED = "E122", "canceled that is neither true nor false";
    ZONE = "E130", "unknown timezone";
    DATE_UNREADABLE = "E131", "date that cannot be read";
    DATE_IMPOSSIBLE = "E132", "date or time that does not exist";
    DATE_ORDER = "E133", "date that can be read in two ways";
    GAP = "E134", "time that the clocks skip";
    FOLD = "E135", "time that the clocks show twice";
    CONTRADICTION = "E136", "offset that contradicts the timezone";
    PAST = "W131", "event in the past";
    FAR_AHEAD = "W132", "event more than a year ahead";
    NO_ZONE = "W133", "event without a timezone";
    INVITED_TOO_LATE = "W134", "`notBefore` later than the event";
    SENT_TOO_LATE = "W135", "sending that ends after the event begins";
}

pub fn text_empty(field: &str) -> Diagnostic {
    Diagnostic::new(&TEXT_EMPTY, format!("the event's {field} is empty"))
}

pub fn call_link_type(found: &str) -> Diagnostic {
    let message = format!("`callLinkType` must be voice or video, and this is `{}`", shorten(found));
    let diagnostic = Diagnostic::new(&CALL_LINK_TYPE, message);
    match nearest(found, ["voice", "video"]) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}

pub fn canceled(found: &str) -> Diagnostic {
    Diagnostic::new(&CANCELED, format!("`canceled` must be true or false, and this is `{}`", shorten(found)))
}

pub fn zone(found: &str, near: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::new(&ZONE, format!("there is no timezone `{}`", shorten(found)));
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help("name a city of the tz database, such as America/Sao_Paulo or Europe/Lisbon"),
    }
}

pub fn zone_is_offset(found: &str) -> Diagnostic {
    Diagnostic::new(&ZONE, format!("`{}` is an offset, not a timezone", shorten(found)))
        .help("name a city of the tz database, such as America/Sao_Paulo: offsets change with summer time")
}

pub fn date_unreadable(found: &str) -> Diagnostic {
    if found.trim().is_empty() {
        return text_empty("dateTime").help("write it as 2026-12-04T19:00");
    }
    Diagnostic::new(&DATE_UNREADABLE, format!("`{}` is not a date with a time", shorten(found))).help(
        "write it as 2026-12-04T19:00; for dates from a spreadsheet use {{ date | parse_date(\"DD/MM/YYYY HH:mm\") }}",
    )
}

pub fn date_without_time(found: &str) -> Diagnostic {
    Diagnostic::new(&DATE_UNREADABLE, format!("`{}` has no time of day", shorten(found)))
        .help(format!("write it as {}T19:00", shorten(found)))
}

pub fn date_serial(found: &str) -> Diagnostic {
    Diagnostic::new(
        &DATE_UNREADABLE,
        format!("`{}` is how a spreadsheet keeps a date inside, as a number of days", shorten(found)),
    )
    .help("format the column as text or as a date before saving the CSV")
}

/// `reason` is such as "February 2026 has 28 days".
pub fn date_impossible(found: &str, reason: &str) -> Diagnostic {
    Diagnostic::new(&DATE_IMPOSSIBLE, format!("`{}` does not exist: {reason}", shorten(found)))
}

/// A date such as 04/12/2026, with what it can mean.
pub fn date_order(found: &str, readings: &[(String, String)]) -> Diagnostic {
    let long: Vec<&str> = readings.iter().map(|(long, _)| long.as_str()).collect();
    let short: Vec<&str> = readings.iter().map(|(_, short)| short.as_str()).collect();
    let message = match readings {
        [_, _] => format!("`{}` can be read in two ways: {}", shorten(found), long.join(" or ")),
        _ => format!("`{}` is not written as dates are written here", shorten(found)),
    };
    Diagnostic::new(&DATE_ORDER, message).help(format!("write {}", short.join(" or ")))
}

pub fn gap(found: &str, zone: &str, before: &str, after: &str) -> Diagnostic {
    let message = format!("`{}` does not exist in {zone}: the clocks go from {before} to {after}", shorten(found));
    Diagnostic::new(&GAP, message).help("choose another time")
}

pub fn fold(found: &str, zone: &str, first: &str, second: &str) -> Diagnostic {
    let message = format!("`{}` happens twice in {zone}, when the clocks go back", shorten(found));
    Diagnostic::new(&FOLD, message).help(format!("write the offset: {first} or {second}"))
}

pub fn contradiction(found: &str, zone: &str, offset: &str, right: &str) -> Diagnostic {
    let message = format!("`{}` says {offset}, but {zone} is at {right} then", shorten(found));
    Diagnostic::new(&CONTRADICTION, message).help("leave the offset away, or correct the timezone")
}

pub fn past(when: &str) -> Diagnostic {
    Diagnostic::new(&PAST, format!("the event is in the past: {when}"))
}

pub fn far_ahead(when: &str) -> Diagnostic {
    Diagnostic::new(&FAR_AHEAD, format!("the event is more than a year ahead: {when}")).help("is the year right?")
}

/// `instances` are those that may send nothing before the event's date.
pub fn invited_too_late(instances: &[&str]) -> Diagnostic {
    let message = format!("nobody would be invited before the event through {}", instances.join(", "));
    Diagnostic::new(&INVITED_TOO_LATE, format!("{message}: `notBefore` is not earlier than its date"))
        .help("is either of them mistyped?")
}

/// What a plan comes to: `late` of the event's `messages` would be sent only when it has begun, at `begins`; the last of
/// them at `ends`.
pub fn sent_too_late(event: &str, begins: &str, ends: Option<&str>, late: u64, messages: u64) -> Diagnostic {
    let ends = ends.map_or_else(|| "for more than a year".to_owned(), |ends| format!("until {ends}"));
    let message = format!("`{event}` begins on {begins}, and sending would go on {ends}");
    Diagnostic::new(&SENT_TOO_LATE, format!("{message}: about {late} of its {messages} messages would come too late"))
        .help("begin earlier, use more instances, widen `window`, or raise `rate` or `dailyLimit` with care")
}

pub fn no_zone() -> Diagnostic {
    Diagnostic::new(
        &NO_ZONE,
        "the event has no timezone, so the time is sent as written and each phone may read it differently",
    )
    .help("add `timezone: America/Sao_Paulo` (or your own) to the manifest")
}
