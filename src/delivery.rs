//! How fast and when: values from the manifest, checked, without behaviour at run time.

use std::time::Duration;

use jiff::{Timestamp, civil, tz::TimeZone};

/// A limit of sends per time and instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// One send per this long.
    Every(Duration),
    Unlimited,
}

impl Rate {
    /// `N/s`, `N/min`, `N/h` or `unlimited`, N from 1 to 1,000,000.
    ///
    /// # Errors
    /// What was probably meant, if that can be told.
    pub fn parse(text: &str) -> Result<Self, Option<String>> {
        if text == "unlimited" {
            return Ok(Self::Unlimited);
        }
        let (count, unit) = text.split_once('/').ok_or(None)?;
        let (seconds, short) = match unit.trim().to_lowercase().as_str() {
            "s" | "sec" | "second" | "seconds" => (1, "s"),
            "min" | "m" | "minute" | "minutes" => (60, "min"),
            "h" | "hour" | "hours" | "hr" => (3600, "h"),
            _ => return Err(None),
        };
        let number: u32 = count.trim().parse().ok().filter(|count| (1..=1_000_000).contains(count)).ok_or(None)?;
        if format!("{number}/{short}") != text {
            return Err(Some(format!("{number}/{short}")));
        }
        Ok(Self::Every(Duration::from_secs(seconds) / number))
    }
}

/// A stretch of the week in which sending is allowed. `from == to` cannot be: an empty window is an error when read.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Monday first.
    pub days: [bool; 7],
    pub from: civil::Time,
    /// Exclusive. Earlier than `from` means past midnight: the window belongs to the day on which it opens.
    pub to: civil::Time,
    pub zone: TimeZone,
}

/// The limits of one instance: `delivery`, with the instance's own values over it.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    pub rate: Rate,
    /// 0 to 0.9: each gap is drawn from period * (1 +- jitter).
    pub jitter: f64,
    /// Accepted and unknown creates and edits per calendar day of [`Limits::day_zone`].
    pub daily_limit: Option<u32>,
    /// Any of them may be open; none means always.
    pub windows: Vec<Window>,
    /// A day is the calendar day of the first window's zone, else the manifest's, else UTC.
    pub day_zone: TimeZone,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
    /// Never let more than this many messages wait in Z-API's queue.
    pub max_queued: Option<u32>,
}

/// `delivery` without what can differ per instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// 1 to 256 requests in flight, all instances together.
    pub concurrency: usize,
    /// 1 s to 120 s for a whole request.
    pub timeout: Duration,
    /// 0 to 20 pauses in a row without an answer before a lane gives up.
    pub retries: u32,
}

impl Default for Delivery {
    fn default() -> Self {
        Self { concurrency: 4, timeout: Duration::from_secs(30), retries: 5 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rate: Rate::Every(Duration::from_secs(3)),
            jitter: 0.3,
            daily_limit: None,
            windows: Vec::new(),
            day_zone: TimeZone::UTC,
            not_before: None,
            not_after: None,
            max_queued: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        assert_eq!(Rate::parse("20/min"), Ok(Rate::Every(Duration::from_secs(3))));
        assert_eq!(Rate::parse("2/s"), Ok(Rate::Every(Duration::from_millis(500))));
        assert_eq!(Rate::parse("500/h"), Ok(Rate::Every(Duration::from_millis(7200))));
        assert_eq!(Rate::parse("unlimited"), Ok(Rate::Unlimited));
        for (text, near) in [
            ("20/minute", Some("20/min")),
            ("20/m", Some("20/min")),
            ("020/min", Some("20/min")),
            ("20 / min", Some("20/min")),
            ("unlimted", None),
            ("0/min", None),
            ("-1/s", None),
            ("inf/s", None),
            ("20/day", None),
            ("20", None),
            ("", None),
        ] {
            assert_eq!(Rate::parse(text), Err(near.map(str::to_owned)), "{text}");
        }
    }
}
