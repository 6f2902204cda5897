//! Everything that can happen to one attempt: what it means for the message, and what the lane does next.
//!
//! A failed send is data. The table of DESIGN section 5 is carried out in `gateway::classify`, which builds these.

use std::time::Duration;

/// What came of an intent: of its one HTTP request, unless that was never made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Queued by Z-API. The ids are an invitation's for a create, the edit's own for an edit.
    Accepted { message_id: String, zaap_id: String },
    /// Refused; nothing was processed.
    Rejected { http_status: u16, error: String },
    /// Proof that nothing was processed, so the message may go again.
    NotSent { http_status: Option<u16>, error: String, then: NotSent },
    /// Nobody can know whether it was processed.
    Unknown { http_status: Option<u16>, error: String, then: Unknown },
    /// There was no request: the run stopped or paused first.
    HeldBack,
}

/// What a lane does after an attempt that was certainly not processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSent {
    /// The network is in the way: the lane pauses, then the message goes again.
    Pause,
    /// 429: the same, and never shorter than this.
    Throttled { retry_after: Option<Duration> },
    /// The set-up is wrong (credentials, TLS, method): the lane stops at once.
    StopLane,
}

/// What a lane does after an attempt of unknown fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// The next message.
    Next,
    /// A redirect: the base URL is wrong, so the lane stops.
    StopLane,
}

impl Outcome {
    pub fn http_status(&self) -> Option<u16> {
        match self {
            Self::Accepted { .. } => Some(200),
            Self::Rejected { http_status, .. } => Some(*http_status),
            Self::NotSent { http_status, .. } | Self::Unknown { http_status, .. } => *http_status,
            Self::HeldBack => None,
        }
    }

    /// One line that holds no secret; empty when accepted.
    pub fn error(&self) -> &str {
        match self {
            Self::Accepted { .. } => "",
            Self::HeldBack => "held back before it left",
            Self::Rejected { error, .. } | Self::NotSent { error, .. } | Self::Unknown { error, .. } => error,
        }
    }
}
