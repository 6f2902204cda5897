//! The words for what lanes do: why one waits and until when, why one stopped, why a run ended.
//!
//! The reasons are the engine's; here they only become sentences.

use jiff::{Timestamp, Zoned};

use crate::engine::event::{LaneEnd, RunEnd, Why};

use super::words::{self, count, moment};

/// `window opens Mon 09:00`, `daily limit of 200 reached, on at Tue 09:00`, `429: 42 s`.
pub fn waiting(why: &Why, until: Timestamp, now: &Zoned) -> String {
    let at = moment(until, now);
    let still = remaining(until, now);
    match why {
        Why::Window => format!("window opens {at}"),
        Why::NotBefore => format!("not before {at}"),
        Why::DailyLimit { limit } => format!("daily limit of {limit} reached, on at {at}"),
        Why::QueueFull { waiting, most } => format!("{waiting} wait in Z-API's queue, {most} may"),
        Why::QueueNotRead { error } => format!("Z-API's queue cannot be read: {error}; asked again in {still}"),
        Why::Throttled => format!("429: {still}"),
        Why::NoAnswer { error } => format!("no answer ({error}): {still}"),
        Why::Disconnected => format!("the phone is not connected, asked again at {at}"),
    }
}

/// Why a lane stopped, for `STOPPED`; `None` where no person is needed.
pub fn stopped(lane: &str, end: &LaneEnd, now: &Zoned) -> Option<String> {
    let reason = match end {
        LaneEnd::WouldWait { why: Why::Disconnected, .. } => "the phone is not connected".to_owned(),
        LaneEnd::Done | LaneEnd::Limit | LaneEnd::RunEnded | LaneEnd::WouldWait { .. } => return None,
        LaneEnd::Over { not_after } => {
            format!("notAfter ({}) comes before anything more may be sent", moment(*not_after, now))
        }
        LaneEnd::SetUp { http_status, error } => format!("{error}{}", status(*http_status)),
        LaneEnd::Redirected { http_status, error } => {
            format!("redirected{}, so the base URL is wrong: {error}", status(*http_status))
        }
        LaneEnd::NoAnswer { pauses, http_status, error } => {
            let what = if http_status.is_some() { "still refused" } else { "no answer" };
            format!("{what}{}: {error}{}", after(*pauses), status(*http_status))
        }
        LaneEnd::QueueNotRead { pauses, http_status, error } => {
            format!("Z-API's queue cannot be read{}: {error}{}", after(*pauses), status(*http_status))
        }
        LaneEnd::Rejections { in_row, http_status, error } => {
            format!("{in_row} rejected in a row, the last: {error}{}", status(*http_status))
        }
        LaneEnd::Unknowns { in_row, http_status, error } => {
            format!("{in_row} unknown in a row, the last: {error}{}", status(*http_status))
        }
    };
    Some(format!("{lane}: {reason}"))
}

/// Why there is more to do although nothing is wrong, for `MORE TO DO`; `None` for every other end.
pub fn more_to_do(lane: &str, end: &LaneEnd, now: &Zoned) -> Option<String> {
    match end {
        LaneEnd::Limit => Some("--limit reached".to_owned()),
        LaneEnd::WouldWait { why, until } if *why != Why::Disconnected => {
            Some(format!("{lane}: {}", waiting(why, *until, now)))
        }
        LaneEnd::Done
        | LaneEnd::WouldWait { .. }
        | LaneEnd::Over { .. }
        | LaneEnd::SetUp { .. }
        | LaneEnd::Redirected { .. }
        | LaneEnd::NoAnswer { .. }
        | LaneEnd::QueueNotRead { .. }
        | LaneEnd::Rejections { .. }
        | LaneEnd::Unknowns { .. }
        | LaneEnd::RunEnded => None,
    }
}

/// Why the whole run ended, where it did not by itself.
pub fn run_ended(end: &RunEnd) -> Option<String> {
    match end {
        RunEnd::Finished => None,
        RunEnd::Interrupted { left_open: 0 } => Some("interrupted; every request in flight was answered".to_owned()),
        RunEnd::Interrupted { left_open } => Some(format!(
            "interrupted; {} in flight got no answer in time and count as unknown",
            count(*left_open as u64, "request", "requests")
        )),
        RunEnd::Unknowns { in_row } => {
            Some(format!("{in_row} unknown in a row over all instances: no answer of Z-API can be relied on"))
        }
        RunEnd::Ledger(error) => Some(error.to_string()),
        RunEnd::Quota(error) => Some(error.to_string()),
    }
}

fn after(pauses: u32) -> String {
    match pauses {
        0 => String::new(),
        number => format!(" after {}", count(u64::from(number), "pause", "pauses")),
    }
}

fn status(http_status: Option<u16>) -> String {
    http_status.map(|status| format!(" (HTTP {status})")).unwrap_or_default()
}

/// How long from now until then; never negative.
fn remaining(until: Timestamp, now: &Zoned) -> String {
    let length = until.duration_since(now.timestamp());
    let seconds = u64::try_from(length.as_secs()).unwrap_or(0);
    if seconds < 60 { format!("{seconds} s") } else { words::duration(std::time::Duration::from_secs(seconds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_says_why_and_until_when() {
        let now: Zoned = "2026-12-04T18:30[America/Sao_Paulo]".parse().unwrap();
        let monday: Timestamp = "2026-12-07T09:00-03".parse().unwrap();
        let soon = now.timestamp() + jiff::SignedDuration::from_secs(42);
        let table = [
            (Why::Window, monday, "window opens Mon 09:00"),
            (Why::NotBefore, monday, "not before Mon 09:00"),
            (Why::DailyLimit { limit: 200 }, monday, "daily limit of 200 reached, on at Mon 09:00"),
            (Why::QueueFull { waiting: 20, most: 20 }, soon, "20 wait in Z-API's queue, 20 may"),
            (
                Why::QueueNotRead { error: "the service failed (HTTP 500)".into() },
                soon,
                "Z-API's queue cannot be read: the service failed (HTTP 500); asked again in 42 s",
            ),
            (Why::Throttled, soon, "429: 42 s"),
            (Why::NoAnswer { error: "connection refused".into() }, soon, "no answer (connection refused): 42 s"),
            (Why::Disconnected, soon, "the phone is not connected, asked again at 18:30"),
        ];
        for (why, until, text) in table {
            assert_eq!(waiting(&why, until, &now), text);
        }
    }

    #[test]
    fn a_lane_that_stopped_says_what_the_service_said() {
        let now: Zoned = "2026-12-04T18:30[America/Sao_Paulo]".parse().unwrap();
        let until = now.timestamp();
        let error = || "Client-Token not allowed".to_owned();
        let table = [
            (
                LaneEnd::SetUp { http_status: Some(403), error: error() },
                Some("main: Client-Token not allowed (HTTP 403)"),
            ),
            (
                LaneEnd::Rejections { in_row: 5, http_status: Some(400), error: "Invalid phone".into() },
                Some("main: 5 rejected in a row, the last: Invalid phone (HTTP 400)"),
            ),
            (
                LaneEnd::NoAnswer { pauses: 1, http_status: None, error: "connection refused".into() },
                Some("main: no answer after 1 pause: connection refused"),
            ),
            (
                LaneEnd::QueueNotRead { pauses: 5, http_status: Some(500), error: "the service failed".into() },
                Some("main: Z-API's queue cannot be read after 5 pauses: the service failed (HTTP 500)"),
            ),
            (LaneEnd::WouldWait { why: Why::Disconnected, until }, Some("main: the phone is not connected")),
            (LaneEnd::WouldWait { why: Why::Window, until }, None),
            (LaneEnd::Done, None),
        ];
        for (end, text) in table {
            assert_eq!(stopped("main", &end, &now).as_deref(), text);
            assert!(stopped("main", &end, &now).is_none() || more_to_do("main", &end, &now).is_none());
        }
    }
}
