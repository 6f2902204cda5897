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
