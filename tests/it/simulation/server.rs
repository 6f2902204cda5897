//! The oracle: a model of Z-API that records what it really processed, and everything that can come between.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use secrecy::SecretString;
use zapi_batch::gateway::classify::{Answer, Body, classify, classify_failure};
use zapi_batch::gateway::failure::{ConnectFailure, Failure, LostFailure};
use zapi_batch::gateway::redact::Redactor;
use zapi_batch::gateway::{CallFault, FaultClass};
use zapi_batch::instance::Credentials;
use zapi_batch::ledger::Work;
use zapi_batch::message::AttemptKind;
use zapi_batch::outcome::Outcome;

/// Every row of the table of DESIGN section 5, but the accepted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Dns,
    Refused,
    ConnectTimeout,
    Tls,
    Throttled,
    ThrottledUntil,
    Forbidden,
    CredentialText,
    CredentialTextIn200,
    Rejected,
    RejectedIn200,
    Redirect,
    Timeout,
    Reset,
    Garbage,
    Cut,
    Teapot,
    BadGateway,
}

/// Whether a request that meets it reaches Z-API's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaches {
    Never,
    Perhaps,
    Always,
}

impl Fault {
    pub(super) const ALL: [Self; 18] = [
        Self::Dns,
        Self::Refused,
        Self::ConnectTimeout,
        Self::Tls,
        Self::Throttled,
        Self::ThrottledUntil,
        Self::Forbidden,
        Self::CredentialText,
        Self::CredentialTextIn200,
        Self::Rejected,
        Self::RejectedIn200,
        Self::Redirect,
        Self::Timeout,
        Self::Reset,
        Self::Garbage,
        Self::Cut,
        Self::Teapot,
        Self::BadGateway,
    ];

    pub(super) fn reaches(self) -> Reaches {
        match self {
            Self::Dns
            | Self::Refused
            | Self::ConnectTimeout
            | Self::Tls
            | Self::Throttled
            | Self::ThrottledUntil
            | Self::Forbidden
            | Self::CredentialText
            | Self::CredentialTextIn200
            | Self::Rejected
            | Self::RejectedIn200 => Reaches::Never,
            Self::Redirect | Self::Timeout | Self::Reset | Self::Cut | Self::Teapot | Self::BadGateway => {
                Reaches::Perhaps
            }
            Self::Garbage => Reaches::Always,
        }
    }

    /// How long it takes until the sender knows.
    pub(super) fn takes(self, rng: &mut fastrand::Rng) -> Duration {
        match self {
            Self::ConnectTimeout => Duration::from_secs(5),
            Self::Timeout => Duration::from_secs(30),
            _ => Duration::from_millis(rng.u64(1..400)),
        }
    }

    pub(super) fn outcome(self) -> Outcome {
        let answer = |status, body: &str| answered(status, None, body);
        match self {
            Self::Dns => classify_failure(Failure::Connect(ConnectFailure::Dns)),
            Self::Refused => classify_failure(Failure::Connect(ConnectFailure::Refused)),
            Self::ConnectTimeout => classify_failure(Failure::Connect(ConnectFailure::Timeout)),
            Self::Tls => classify_failure(Failure::Connect(ConnectFailure::Tls)),
            Self::Throttled => answer(429, ""),
            Self::ThrottledUntil => answered(429, Some("42"), "{}"),
            Self::Forbidden => answer(403, "{}"),
            Self::CredentialText => answer(400, r#"{"error":"your client-token is not configured"}"#),
            Self::CredentialTextIn200 => answer(200, r#"{"error":"Instance not found"}"#),
            Self::Rejected => answer(400, r#"{"error":"Invalid phone"}"#),
            Self::RejectedIn200 => answer(200, r#"{"error":"Phone is not a group"}"#),
            Self::Redirect => answer(302, ""),
            Self::Timeout => classify_failure(Failure::Lost(LostFailure::Timeout)),
            Self::Reset => classify_failure(Failure::Lost(LostFailure::Closed)),
            Self::Garbage => answer(200, "<html>"),
            Self::Cut => answer(200, r#"{"zaapId":"Z1","mess"#),
            Self::Teapot => answer(418, "{}"),
            Self::BadGateway => answer(502, "bad gateway"),
        }
    }
}

fn answered(status: u16, retry_after: Option<&str>, body: &str) -> Outcome {
    let secret = || SecretString::from("secret-for-nothing");
    let redactor = Redactor::new(&Credentials { id: secret(), token: secret(), client_token: None });
    let body = Body::Whole(body.as_bytes().to_vec());
    classify(&Answer { status, retry_after: retry_after.map(str::to_owned), body }, &redactor, SystemTime::UNIX_EPOCH)
}

/// A call that is no attempt, in the rain.
pub(super) fn no_answer() -> CallFault {
    let message = "no answer within the timeout".to_owned();
    CallFault { class: FaultClass::Network, http_status: None, message, may_have_happened: true }
}

/// What a recipient has.
#[derive(Debug, Default)]
pub(super) struct Chat {
    pub(super) invitations: Vec<String>,
    pub(super) wording: String,
}

#[derive(Debug, Default)]
pub(super) struct Server {
    pub(super) chats: HashMap<String, Chat>,
    /// How many were processed.
    pub(super) requests: u64,
    /// When each waiting message leaves the queue, per lane, in virtual time since the epoch of the simulation.
    queues: HashMap<usize, Vec<Duration>>,
}

impl Server {
    const DRAIN: Duration = Duration::from_secs(2);

    /// A request arrives and is processed. Returns what a clean answer says.
    pub(super) fn process(&mut self, lane: usize, work: &Work, at: Duration) -> Outcome {
        self.requests += 1;
        let id = format!("D{:019}", self.requests);
        let chat = self.chats.entry(work.address.as_str().to_owned()).or_default();
        match work.kind {
            AttemptKind::Create => chat.invitations.push(id.clone()),
            AttemptKind::Edit => {
                assert_eq!(
                    work.original_id.as_deref(),
                    chat.invitations.first().map(String::as_str),
                    "the original id"
                );
            }
        }
        chat.wording.clone_from(&work.event);
        let queue = self.queues.entry(lane).or_default();
        let last = queue.last().copied().unwrap_or_default().max(at);
        queue.push(last + Self::DRAIN);
        answered(200, None, &format!(r#"{{"zaapId":"Z{id}","messageId":"{id}","id":"{id}"}}"#))
    }

    pub(super) fn waiting(&mut self, lane: usize, at: Duration) -> u32 {
        let queue = self.queues.entry(lane).or_default();
        queue.retain(|leaves| *leaves > at);
        u32::try_from(queue.len()).unwrap()
    }

    pub(super) fn invitation(&self, address: &str) -> Option<&String> {
        self.chats.get(address).and_then(|chat| chat.invitations.first())
    }
}
