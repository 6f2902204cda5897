//! What the engine tells those who watch a run: what was settled, why a lane waits, how lanes and the run ended.
//!
//! Data only; the words for people stand in `report`. Nothing here is a record: counts for summaries and results are
//! read from the ledger.

use jiff::Timestamp;

use crate::ledger::LedgerError;
use crate::message::AttemptKind;
use crate::quota::QuotaError;

/// Told over one bounded channel. While the reader lags, settlements and waits are drawn together, so that a slow
/// terminal never slows the sending; ends of lanes are never left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Attempts were settled and their outcomes are on disk: the run's counts so far, and the latest of them. `again`
    /// messages were taken up, came to nothing and wait to be taken up anew.
    Settled { tally: Tally, again: u64, last: Settled },
    /// A lane has work and may not send yet. Said once for each reason and time.
    Waiting { lane: usize, why: Why, until: Timestamp },
    /// A lane that was said to wait goes on.
    Resumed { lane: usize },
    /// A lane takes no more messages, in this run.
    LaneEnded { lane: usize, end: LaneEnd },
    /// The run was asked to stop: no new messages, those in flight are waited for until then at the latest. `requests` had
    /// been made and settled before.
    Draining { in_flight: usize, requests: u64, until: Timestamp },
}

/// One attempt that was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Index into `RunOptions::lanes`.
    pub lane: usize,
    pub label: String,
    pub kind: AttemptKind,
    pub verdict: Verdict,
}

/// An outcome without its details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    Rejected,
    NotSent,
    Unknown,
}

/// What this run has done so far, committed outcomes only. Attempts that were held back before anything left are not
/// counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    pub accepted: u64,
    /// Of the accepted, how many were edits.
    pub edited: u64,
    pub rejected: u64,
    /// Creates whose fate nobody knows.
    pub unknown: u64,
    /// Attempts that certainly were not processed; their messages are pending.
    pub not_sent: u64,
    /// Edits whose fate nobody knows; they are tried again, within `retries`.
    pub doubtful_edits: u64,
}

impl Tally {
    /// Requests that were made, answered or not.
    pub fn requests(&self) -> u64 {
        self.accepted + self.rejected + self.unknown + self.not_sent + self.doubtful_edits
    }

    /// Messages that are through: nothing more is tried for them in this run.
    pub fn through(&self) -> u64 {
        self.accepted + self.rejected + self.unknown
    }
}

/// Why a lane may not send yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Outside its windows.
    Window,
    /// Before `notBefore`.
    NotBefore,
    /// What may be sent on one day has been sent.
    DailyLimit { limit: u32 },
    /// This many messages wait in Z-API's queue, and `maxQueued` allows no more.
    QueueFull { waiting: u32, most: u32 },
    /// Z-API's queue could not be asked for its length.
    QueueNotRead { error: String },
    /// 429.
    Throttled,
    /// The network is in the way.
    NoAnswer { error: String },
    /// The phone is not connected to its instance; asked again every five minutes.
    Disconnected,
}

impl Why {
    /// Waits that `--no-wait` does not sit out. Pauses and a full queue are part of sending and pass by themselves.
    pub fn is_appointment(&self) -> bool {
        match self {
            Self::Window | Self::NotBefore | Self::DailyLimit { .. } | Self::Disconnected => true,
            Self::QueueFull { .. } | Self::QueueNotRead { .. } | Self::Throttled | Self::NoAnswer { .. } => false,
        }
    }
}

/// Why a lane takes no more messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneEnd {
    /// It has nothing left to do.
    Done,
    /// `--limit` was reached: more to do.
    Limit,
    /// `--no-wait`, and it would have to wait until then: more to do; for [`Why::Disconnected`] a person is needed.
    WouldWait { why: Why, until: Timestamp },
    /// `notAfter` has passed, or no window opens before it: a person is needed.
    Over { not_after: Timestamp },
    /// Credentials, TLS, method: it is the set-up that is wrong. A person is needed.
    SetUp { http_status: Option<u16>, error: String },
    /// The service redirects, so the base URL is wrong. A person is needed.
    Redirected { http_status: Option<u16>, error: String },
    /// As many pauses in a row as `retries` allows brought no answer, or none but 429. A person is needed.
    NoAnswer { pauses: u32, http_status: Option<u16>, error: String },
    /// `maxQueued` holds, and Z-API's queue could not be read after so many pauses in a row. A person is needed.
    QueueNotRead { pauses: u32, http_status: Option<u16>, error: String },
    /// This many rejections in a row. A person is needed.
    Rejections { in_row: u32, http_status: Option<u16>, error: String },
    /// This many outcomes in a row that nobody knows. A person is needed.
    Unknowns { in_row: u32, http_status: Option<u16>, error: String },
    /// The whole run ended first; why is in `Ended::run`.
    RunEnded,
}

/// Why the whole run ended.
#[derive(Debug)]
pub enum RunEnd {
    /// Every lane came to its own end.
    Finished,
    /// A signal: the rest is pending. `left_open` requests were in flight and got no answer in time: unknown, now or at
    /// the next start.
    Interrupted { left_open: usize },
    /// This many outcomes in a row, over all lanes, that nobody knows. A person is needed.
    Unknowns { in_row: u32 },
    /// The ledger failed; answers that were in flight went to its rescue file.
    Ledger(LedgerError),
    /// The daily counts failed where a limit depends on them.
    Quota(QuotaError),
}
