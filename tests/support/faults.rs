//! The catalogue: every way in which a server can fail that we could think of, at every phase, and what an attempt that
//! meets it must come to.

use std::time::Duration;

use super::raw_server::{Fault, Read, Step};

/// What an attempt must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Accepted,
    Rejected,
    NotSent,
    Unknown,
    /// It was answered before it was read: whether the client had sent it by then is a race.
    AcceptedOrUnknown,
    /// Nothing of the request was read: whether the client noticed while connecting or after is a race.
    NotSentOrUnknown,
}

impl Expected {
    pub fn allows(self, found: Self) -> bool {
        match self {
            Self::Accepted | Self::Rejected | Self::NotSent | Self::Unknown => self == found,
            Self::AcceptedOrUnknown => matches!(found, Self::Accepted | Self::Unknown),
            Self::NotSentOrUnknown => matches!(found, Self::NotSent | Self::Unknown),
        }
    }
}

/// The body of a good answer.
pub const GOOD: &str =
    r#"{"zaapId":"3999984263738042930CD6ECDE9VDWSA","messageId":"D241XXXX732339502B68","id":"D241XXXX732339502B68"}"#;

/// Longer than any timeout of the tests.
const LONG: Duration = Duration::from_mins(1);

/// A complete answer with this status and body.
pub fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A request that is answered as it should be, on a connection that stays open.
pub fn good() -> Fault {
    fault("good", Read::All, vec![Step::Send(answer(200, "", GOOD)), Step::KeepAlive])
}

pub fn fault(name: impl Into<String>, read: Read, steps: Vec<Step>) -> Fault {
    Fault { name: name.into(), read, steps }
}

/// All of them. Each ends the connection one way or another.
pub fn catalogue() -> Vec<(Fault, Expected)> {
    let mut all = before_the_answer();
    all.extend(broken_heads());
    all.extend(broken_bodies());
    all.extend(odd_but_whole());
    all
}

/// Five depths of reading, four ways to end.
fn before_the_answer() -> Vec<(Fault, Expected)> {
    let mut all = Vec::new();
    let depths = [
        ("nothing", Read::Nothing),
        ("1 byte", Read::Bytes(1)),
        ("100 bytes", Read::Bytes(100)),
        ("the head", Read::Head),
        ("half the body", Read::HalfBody),
        ("everything", Read::All),
    ];
    for (depth, read) in depths {
        for (end, step) in
            [("closes", Step::Close), ("resets", Step::Reset), ("hangs", Step::Hang), ("ends", Step::Fin)]
        {
            let steps = vec![step, Step::Pause(LONG)];
            let expected = if read == Read::Nothing { Expected::NotSentOrUnknown } else { Expected::Unknown };
            all.push((fault(format!("reads {depth}, then {end}"), read, steps), expected));
        }
    }
    all
}

/// Answers whose head is incomplete or no head at all, and how the connection ends after them.
fn broken_heads() -> Vec<(Fault, Expected)> {
    let heads: [(&str, &[u8]); 19] = [
        ("half a status line", b"HTTP/1.1 20"),
        ("only a status line", b"HTTP/1.1 200 OK\r\n"),
        ("half the headers", b"HTTP/1.1 200 OK\r\ncontent-type: applic"),
        ("headers without their end", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"),
        ("garbage", b"\x00\x01\x02\xff\xfe garbage \r\n\r\n"),
        ("words", b"It works!\r\n\r\n"),
        ("a body without a head", GOOD.as_bytes()),
        ("an HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("HTTP/2 settings and a goaway", b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0"),
        ("a TLS alert", b"\x15\x03\x03\x00\x02\x02\x28"),
        ("TLS junk", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        ("a status that is no number", b"HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n"),
        ("a status of four digits", b"HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n"),
        ("another protocol", b"RTSP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n"),
        ("a length that is no number", b"HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\n{}"),
        ("a negative length", b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}"),
        ("two lengths", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}"),
        ("100 and nothing more", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ("101", b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"),
    ];
    let mut all = Vec::new();
    for (name, bytes) in heads {
        for (end, step) in [("closes", Step::Close), ("resets", Step::Reset), ("hangs", Step::Hang)] {
            let steps = vec![Step::Send(bytes.to_vec()), Step::Pause(Duration::from_millis(20)), step];
            all.push((fault(format!("sends {name}, then {end}"), Read::All, steps), Expected::Unknown));
        }
    }
    let huge = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(2_000_000)).into_bytes();
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(2000)).into_bytes();
    all.push((fault("sends huge headers", Read::All, vec![Step::Send(huge), Step::Hang]), Expected::Unknown));
    all.push((fault("sends very many headers", Read::All, vec![Step::Send(many), Step::Hang]), Expected::Unknown));
    all
}

/// A good head with a body that is not what the head says, or not what it should be.
fn broken_bodies() -> Vec<(Fault, Expected)> {
    let whole = GOOD.len();
    let with_length = |length: usize, body: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
    let chunked = |rest: &str| format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{rest}");
    let until_close = |body: &str| format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}");
    let bodies = [
        ("no body", with_length(whole, "")),
        ("half a body", with_length(whole, &GOOD[..whole / 2])),
        ("all but one byte", with_length(whole + 1, GOOD)),
        ("a length too small", with_length(whole - 1, GOOD)),
        ("half a chunk", chunked(&format!("{whole:x}\r\n{}", &GOOD[..40]))),
        ("chunks without their end", chunked(&format!("{whole:x}\r\n{GOOD}\r\n"))),
        ("a chunk size that is no number", chunked(&format!("zz\r\n{GOOD}\r\n0\r\n\r\n"))),
        ("a chunk that is longer than it says", chunked(&format!("5\r\n{GOOD}\r\n0\r\n\r\n"))),
        ("half a body without a length", until_close(&GOOD[..whole / 2])),
        ("nothing", with_length(0, "")),
        ("words for JSON", with_length(2, "ok")),
        ("a body of zeros", with_length(4, "\0\0\0\0")),
        ("a byte order mark", with_length(whole + 3, &format!("\u{feff}{GOOD}"))),
    ];
    let mut all = Vec::new();
    for (name, text) in bodies {
        for (end, step) in [("closes", Step::Close), ("resets", Step::Reset), ("hangs", Step::Hang)] {
            let steps = vec![Step::Send(text.clone().into_bytes()), Step::Pause(Duration::from_millis(20)), step];
            all.push((fault(format!("sends {name}, then {end}"), Read::All, steps), Expected::Unknown));
        }
    }
    let not_utf8 = [&b"HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n"[..], &[0xff; 40]].concat();
    let zipped = answer(200, "content-encoding: gzip\r\n", "\u{1f}\u{8b}\u{8}\0\0");
    let huge = answer(200, "", &format!("{{\"x\":\"{}\",{}", "x".repeat(100_000), &GOOD[1..]));
    let endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n{\"x\"\r\n".to_vec();
    let drip = Step::Drip(answer(200, "", &" ".repeat(50_000)), Duration::from_millis(50));
    for (name, steps) in [
        ("sends a body that is not UTF-8", vec![Step::Send(not_utf8)]),
        ("sends a compressed body", vec![Step::Send(zipped)]),
        ("sends a huge body", vec![Step::Send(huge), Step::Hang]),
        ("sends a body without an end", vec![Step::Send(endless), Step::Hang]),
        ("drips for ever", vec![drip]),
    ] {
        all.push((fault(name, Read::All, steps), Expected::Unknown));
    }
    all
}

/// Unusual, but an answer that can be understood is one.
fn odd_but_whole() -> Vec<(Fault, Expected)> {
    let good = answer(200, "", GOOD);
    let after = |first: &[u8]| [first, &good].concat();
    let until_close = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{GOOD}").into_bytes();
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\n{}\r\n{:x};x=y\r\n{}\r\n0\r\n\r\n",
        &GOOD[..16],
        GOOD.len() - 16,
        &GOOD[16..]
    );
    let http_1_0 = format!("HTTP/1.0 200 OK\r\n\r\n{GOOD}").into_bytes();
    let early = [answer(200, "", GOOD), answer(200, "", GOOD)].concat();
    let pause = Step::Pause(Duration::from_millis(30));
    let all = |name: &str, steps| fault(name, Read::All, steps);
    vec![
        (
            fault("answers before it reads", Read::Nothing, vec![Step::Send(good.clone()), Step::Hang]),
            Expected::AcceptedOrUnknown,
        ),
        (
            fault("answers after the head", Read::Head, vec![Step::Send(good.clone()), Step::Hang]),
            Expected::AcceptedOrUnknown,
        ),
        (all("answers, then closes", vec![Step::Send(good.clone()), Step::Close]), Expected::Accepted),
        (
            all("answers and says it closes", vec![Step::Send(answer(200, "connection: close\r\n", GOOD))]),
            Expected::Accepted,
        ),
        (all("drips a good answer", vec![Step::Drip(good.clone(), Duration::from_millis(5))]), Expected::Accepted),
        (all("answers until it closes", vec![Step::Send(until_close)]), Expected::Accepted),
        (all("answers in chunks", vec![Step::Send(chunked.into_bytes())]), Expected::Accepted),
        (all("answers with HTTP/1.0", vec![Step::Send(http_1_0)]), Expected::Accepted),
        (all("answers 100, then 200", vec![Step::Send(after(b"HTTP/1.1 100 Continue\r\n\r\n"))]), Expected::Accepted),
        (
            all("answers 103, then 200", vec![Step::Send(after(b"HTTP/1.1 103 X\r\nlink: x\r\n\r\n"))]),
            Expected::Accepted,
        ),
        (all("answers twice at once", vec![Step::Send(early), Step::Hang]), Expected::Accepted),
        (
            all(
                "answers twice, the second time later",
                vec![Step::Send(good.clone()), pause.clone(), Step::Send(answer(200, "", GOOD)), Step::Hang],
            ),
            Expected::Accepted,
        ),
        (all("refuses", vec![Step::Send(answer(400, "", r#"{"error":"Invalid phone"}"#))]), Expected::Rejected),
        (all("refuses with a 200", vec![Step::Send(answer(200, "", r#"{"error":"x"}"#))]), Expected::Rejected),
        (all("throttles", vec![Step::Send(answer(429, "retry-after: 7\r\n", ""))]), Expected::NotSent),
        (all("forbids", vec![Step::Send(answer(403, "", ""))]), Expected::NotSent),
        (all("fails and closes", vec![Step::Send(answer(503, "connection: close\r\n", ""))]), Expected::Unknown),
        (all("forbids, but not to the end", vec![Step::Send(answer(403, "", "{}")[..60].to_vec())]), Expected::Unknown),
        (all("redirects", vec![Step::Send(answer(307, "location: /elsewhere\r\n", ""))]), Expected::Unknown),
    ]
}
