//! What a request can die of below HTTP, and the one boundary where the library's errors are turned into our own words.
//!
//! Every error of the library prints the URL, so the token. None of them leaves this file: only a [`Failure`] does, which
//! holds no text at all. What counts as "not sent" is proof only: the error arose while connecting, before hyper had a
//! connection to hand the request to. Everything later is [`Failure::Lost`], however likely it is that nothing arrived.

use std::error::Error;
use std::io;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No connection came about: the request cannot have been sent.
    Connect(ConnectFailure),
    /// The request may have been sent, in part or whole.
    Lost(LostFailure),
}

/// At which step of connecting it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectFailure {
    Dns,
    Refused,
    Unreachable,
    Timeout,
    /// The TLS handshake failed for a reason that will not pass by itself: a certificate, a version, no TLS at all.
    Tls,
    /// Anything else before there was a connection, such as a reset during the TLS handshake or a proxy that refused.
    Other,
}

/// How a request was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostFailure {
    Timeout,
    /// Reset, broken pipe, closed before the answer was complete.
    Closed,
    /// What came was not HTTP.
    Unreadable,
    Other,
}

impl Failure {
    /// One sentence for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Connect(connect) => match connect {
                ConnectFailure::Dns => "the server's name could not be resolved",
                ConnectFailure::Refused => "connection refused",
                ConnectFailure::Unreachable => "the network cannot reach the server",
                ConnectFailure::Timeout => "no connection within the connect timeout",
                ConnectFailure::Tls => "no secure connection (TLS): the certificate or the protocol was not accepted",
                ConnectFailure::Other => "no connection came about",
            },
            Self::Lost(lost) => match lost {
                LostFailure::Timeout => "no answer within the timeout",
                LostFailure::Closed => "the connection broke before the answer was complete",
                LostFailure::Unreadable => "the answer was not readable as HTTP",
                LostFailure::Other => "the request failed on its way",
            },
        }
    }
}

/// Takes the library's error and gives back what it means; the error itself ends here.
pub(super) fn from_reqwest(error: &reqwest::Error) -> Failure {
    let timed_out = error.is_timeout();
    if error.is_connect() {
        Failure::Connect(connect_failure(error, timed_out))
    } else if timed_out {
        Failure::Lost(LostFailure::Timeout)
    } else {
        Failure::Lost(lost_failure(error))
    }
}

fn connect_failure(error: &reqwest::Error, timed_out: bool) -> ConnectFailure {
    let found = search(error, &mut |cause| {
        if cause.is::<rustls::Error>() {
            return Some(ConnectFailure::Tls);
        }
        cause.downcast_ref::<io::Error>().and_then(|io| match io.kind() {
            io::ErrorKind::ConnectionRefused => Some(ConnectFailure::Refused),
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable => Some(ConnectFailure::Unreachable),
            io::ErrorKind::TimedOut => Some(ConnectFailure::Timeout),
            _ => None,
        })
    });
    match found {
        Some(found) => found,
        None if error.is_dns() => ConnectFailure::Dns,
        None if timed_out => ConnectFailure::Timeout,
        None => ConnectFailure::Other,
    }
}

fn lost_failure(error: &reqwest::Error) -> LostFailure {
    let by_kind = search(error, &mut |cause| {
        cause.downcast_ref::<io::Error>().and_then(|io| match io.kind() {
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::NotConnected => Some(LostFailure::Closed),
            io::ErrorKind::TimedOut => Some(LostFailure::Timeout),
            _ => None,
        })
    });
    // hyper's own errors are told apart by what they say of themselves, which is looked at here and never shown.
    by_kind.or_else(|| search(error, &mut lost_by_words)).unwrap_or(LostFailure::Other)
}

fn lost_by_words(cause: &(dyn Error + 'static)) -> Option<LostFailure> {
    let words = cause.to_string();
    if words.contains("before message completed") || words.contains("connection closed") {
        Some(LostFailure::Closed)
    } else if words.contains("invalid") || words.contains("unexpected message") || words.contains("too large") {
        Some(LostFailure::Unreadable)
    } else {
        None
    }
}

/// Walks the chain of causes. An `io::Error` that wraps another error does not name it as its source, so it is opened.
fn search<T>(error: &(dyn Error + 'static), look: &mut dyn FnMut(&(dyn Error + 'static)) -> Option<T>) -> Option<T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = look(cause) {
            return Some(found);
        }
        if let Some(inner) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref)
            && let Some(found) = search(inner, look)
        {
            return Some(found);
        }
        next = cause.source();
    }
    None
}
