//! The ways in which the oracle can be wrong, and what is true about a request that met each of them.

use crate::http::{acceptance, with_body};
use crate::oracle::Told;

/// When the fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The first byte has arrived, nothing was read.
    Greeting,
    /// The head was read, the body was not.
    Reading,
    /// The whole request was read.
    Answering,
}

/// What happened to a request that met the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    /// It never arrived whole.
    Lost,
    /// It arrived, and was refused in a documented way: nothing was processed.
    Refused,
    /// It arrived and was processed, and the client was not told so.
    Silent,
    /// It was processed, and a proper acceptance was sent.
    Accepted,
}

/// What is done to the connection once the words are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// The connection is kept.
    Answer,
    AnswerAndClose,
    AnswerAndReset,
    /// Nothing more comes until the client has gone.
    Hang,
    /// The proper acceptance comes when the client has gone.
    HangThenAnswer,
    /// One byte every 40 ms.
    Drip,
}

#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) phase: Phase,
    pub(crate) truth: Truth,
    pub(crate) act: Act,
    pub(crate) words: fn(&Told<'_>) -> Vec<u8>,
}

const fn fault(name: &'static str, phase: Phase, truth: Truth, act: Act, words: fn(&Told<'_>) -> Vec<u8>) -> Fault {
    Fault { name, phase, truth, act, words }
}

/// An answer that is complete, after which the connection lives on.
const fn answer(name: &'static str, truth: Truth, words: fn(&Told<'_>) -> Vec<u8>) -> Fault {
    fault(name, Phase::Answering, truth, Act::Answer, words)
}

/// Words after which the connection is closed.
const fn last(name: &'static str, truth: Truth, words: fn(&Told<'_>) -> Vec<u8>) -> Fault {
    fault(name, Phase::Answering, truth, Act::AnswerAndClose, words)
}

/// Words after which the connection is reset.
const fn cut(name: &'static str, words: fn(&Told<'_>) -> Vec<u8>) -> Fault {
    fault(name, Phase::Answering, Truth::Silent, Act::AnswerAndReset, words)
}

use Truth::{Accepted, Lost, Refused, Silent};

pub(crate) static FAULTS: &[Fault] = &[
    fault("reset before reading", Phase::Greeting, Lost, Act::AnswerAndReset, nothing),
    fault("half closed before reading", Phase::Greeting, Lost, Act::AnswerAndClose, nothing),
    fault("silence before reading", Phase::Greeting, Lost, Act::Hang, nothing),
    fault("reset in the body", Phase::Reading, Lost, Act::AnswerAndReset, nothing),
    fault("half closed in the body", Phase::Reading, Lost, Act::AnswerAndClose, nothing),
    fault("silence in the body", Phase::Reading, Lost, Act::Hang, nothing),
    fault("silence after the request", Phase::Answering, Silent, Act::Hang, nothing),
    fault("acceptance after the timeout", Phase::Answering, Silent, Act::HangThenAnswer, nothing),
    fault("silence after the status line", Phase::Answering, Silent, Act::Hang, |_| b"HTTP/1.1 200 OK\r\n".to_vec()),
    fault("silence in the body of the answer", Phase::Answering, Silent, Act::Hang, |t| part(t, 20)),
    fault("an answer drop by drop", Phase::Answering, Silent, Act::Drip, whole),
    cut("reset after the request", nothing),
    cut("reset in the status line", |_| b"HTTP/1.1 2".to_vec()),
    cut("reset in the headers", |t| part(t, 90)),
    cut("reset in the body of the answer", |t| part(t, 3)),
    last("closed after the request", Silent, nothing),
    last("closed in the status line", Silent, |_| b"HTTP/1.1 20".to_vec()),
    last("closed in the headers", Silent, |t| part(t, 100)),
    last("closed in the body of the answer", Silent, |t| part(t, 1)),
    last("closed after a longer promise", Silent, |t| swap(whole(t), "Content-Length: ", "Content-Length: 9")),
    last("a shorter promise", Silent, |_| {
        b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"zaapId\":\"Zxxxx\",\"messageId\":\"M\"}".to_vec()
    }),
    last("two lengths", Silent, |t| swap(whole(t), "Content-Type", "Content-Length: 3\r\nContent-Type")),
    last("not HTTP", Silent, |_| b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
    last("HTTP/2 goaway", Silent, |_| b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec()),
    last("a NUL in a header", Silent, |t| swap(whole(t), "Content-Type", "X-\0\nBad: \x01\r\nContent-Type")),
    last("an endless header", Silent, |_| [b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'a'; 1_000_000]].concat()),
    last("chunks that break off", Silent, |_| chunked("5\r\n{\"zaa\r\n")),
    last("chunks of a wrong size", Silent, |_| chunked("zz\r\n{}\r\n0\r\n\r\n")),
    last("100 and nothing more", Silent, |_| b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
    last("101 switching", Silent, |_| {
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n".to_vec()
    }),
    answer("200 and an empty body", Silent, |_| with_body("200 OK", "", b"")),
    answer("200 and no JSON", Silent, |t| with_body("200 OK", "", format!("<html>{}</html>", t.path()).as_bytes())),
    answer("200 and null", Silent, |_| with_body("200 OK", "", b"null")),
    answer("200 and an empty object", Silent, |_| with_body("200 OK", "", b"{}")),
    answer("200 and empty ids", Silent, |_| with_body("200 OK", "", br#"{"zaapId":"","messageId":""}"#)),
    answer("200 and numbers for ids", Silent, |_| with_body("200 OK", "", br#"{"zaapId":1,"messageId":2}"#)),
    answer("200 and one id", Silent, |_| with_body("200 OK", "", br#"{"zaapId":"Z1"}"#)),
    answer("200, ids and an error", Silent, |_| {
        with_body("200 OK", "", br#"{"zaapId":"Z","messageId":"M","error":"x"}"#)
    }),
    answer("200 and JSON cut off", Silent, |_| with_body("200 OK", "", br#"{"zaapId":"Z","messageId":"#)),
    answer("200 and JSON twice", Silent, |_| with_body("200 OK", "", br#"{"zaapId":"Z","messageId":"M"}{}"#)),
    answer("200 and broken UTF-8", Silent, |_| {
        with_body("200 OK", "", b"{\"zaapId\":\"\xff\",\"messageId\":\"\xfe\"}")
    }),
    answer("200 of more than 64 KiB", Silent, large),
    answer("200 said to be gzip", Silent, |_| {
        with_body("200 OK", "Content-Encoding: gzip\r\n", b"\x1f\x8b\x08\0\0\0\0\0\0\x03")
    }),
    answer("201", Silent, |t| swap(whole(t), "200 OK", "201 Created")),
    answer("202", Silent, |t| swap(whole(t), "200 OK", "202 Accepted")),
    answer("204", Silent, |_| b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
    answer("206", Silent, |t| swap(whole(t), "200 OK", "206 Partial Content")),
    answer("301", Silent, |t| redirect(t, "301 Moved Permanently")),
    answer("302", Silent, |t| redirect(t, "302 Found")),
    answer("303", Silent, |t| redirect(t, "303 See Other")),
    answer("307", Silent, |t| redirect(t, "307 Temporary Redirect")),
    answer("308", Silent, |t| redirect(t, "308 Permanent Redirect")),
    answer("408", Silent, |t| error(t, "408 Request Timeout", "too slow")),
    answer("409", Silent, |t| error(t, "409 Conflict", "conflict")),
    answer("425", Silent, |t| error(t, "425 Too Early", "too early")),
    answer("500", Silent, |t| error(t, "500 Internal Server Error", "failed")),
    answer("501", Silent, |t| error(t, "501 Not Implemented", "failed")),
    answer("502", Silent, |t| error(t, "502 Bad Gateway", "failed")),
    answer("503 with Retry-After", Silent, |t| {
        swap(error(t, "503 Service Unavailable", "busy"), "Content-Type", "Retry-After: 0\r\nContent-Type")
    }),
    last("503 and closed", Silent, |t| error(t, "503 Service Unavailable", "busy")),
    answer("504", Silent, |t| error(t, "504 Gateway Timeout", "failed")),
    answer("599", Silent, |t| error(t, "599 Whatever", "failed")),
    answer("400", Refused, |t| error(t, "400 Bad Request", "invalid phone")),
    answer("413", Refused, |t| error(t, "413 Payload Too Large", "too large")),
    answer("422", Refused, |t| error(t, "422 Unprocessable Entity", "bad event")),
    answer("200 and an error", Refused, |t| error(t, "200 OK", "receive invalid date time")),
    answer("429", Refused, |t| error(t, "429 Too Many Requests", "slow down")),
    answer("429 with Retry-After", Refused, |t| {
        swap(error(t, "429 Too Many Requests", "slow"), "Content-Type", "Retry-After: 1\r\nContent-Type")
    }),
    answer("401", Refused, |t| error(t, "401 Unauthorized", "who are you")),
    answer("403", Refused, |t| error(t, "403 Forbidden", "Client-Token not allowed")),
    answer("404", Refused, |t| error(t, "404 Not Found", "nothing here")),
    answer("405", Refused, |t| error(t, "405 Method Not Allowed", "method")),
    answer("415", Refused, |t| error(t, "415 Unsupported Media Type", "type")),
    answer("200, null not allowed", Refused, |t| error(t, "200 OK", "null not allowed")),
    answer("500, Instance not found", Refused, |t| error(t, "500 Internal Server Error", "Instance NOT found")),
    answer("400, client-token is not configured", Refused, |t| {
        error(t, "400 Bad Request", "your client-token is not configured")
    }),
    answer("accepted after 100", Accepted, |t| [b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), whole(t)].concat()),
    answer("accepted in chunks", Accepted, accepted_in_chunks),
    last("accepted and closed", Accepted, whole),
    last("accepted by HTTP/1.0", Accepted, |t| swap(whole(t), "HTTP/1.1", "HTTP/1.0")),
    last("accepted without a length", Accepted, |t| swap(whole(t), "Content-Length", "X-Length")),
];

/// A second answer that nobody asked for, right behind the first. Whether the next request on the connection takes it for
/// its own is a mode of its own.
pub(crate) static TWICE: Fault = answer("accepted, and a stray answer", Accepted, |t| {
    [whole(t), acceptance(&format!("{STRAY}{}", t.message_id))].concat()
});
pub(crate) const STRAY: &str = "STRAY";

/// The fault of that name.
pub(crate) fn named(name: &str) -> &'static Fault {
    FAULTS.iter().find(|fault| fault.name == name).unwrap_or_else(|| panic!("no fault is called {name}"))
}

fn nothing(_: &Told<'_>) -> Vec<u8> {
    Vec::new()
}

fn whole(told: &Told<'_>) -> Vec<u8> {
    acceptance(told.message_id)
}

/// A proper acceptance without its last `missing` bytes.
fn part(told: &Told<'_>, missing: usize) -> Vec<u8> {
    let mut words = whole(told);
    words.truncate(words.len().saturating_sub(missing));
    words
}

/// An error in the service's shape, with the URL and the client token in its words as a careless server would put them.
fn error(told: &Told<'_>, status: &str, text: &str) -> Vec<u8> {
    let body = serde_json::json!({ "error": format!("{text}: {} {}", told.path(), told.client_token()) });
    with_body(status, "", body.to_string().as_bytes())
}

fn redirect(told: &Told<'_>, status: &str) -> Vec<u8> {
    with_body(status, &format!("Location: {}\r\n", told.path()), b"{}")
}

fn chunked(chunks: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")
        .into_bytes()
}

fn accepted_in_chunks(told: &Told<'_>) -> Vec<u8> {
    let body = format!(r#"{{"zaapId":"Z{0}","messageId":"{0}","id":"{0}"}}"#, told.message_id);
    let (left, right) = body.split_at(7);
    chunked(&format!("{:x}\r\n{left}\r\n{:x}\r\n{right}\r\n0\r\n\r\n", left.len(), right.len()))
}

fn large(told: &Told<'_>) -> Vec<u8> {
    let body = format!(r#"{{"zaapId":"Z","messageId":"{}","more":"{}"}}"#, told.message_id, "x".repeat(70_000));
    with_body("200 OK", "", body.as_bytes())
}

fn swap(words: Vec<u8>, old: &str, new: &str) -> Vec<u8> {
    String::from_utf8(words).expect("the words are text").replacen(old, new, 1).into_bytes()
}
