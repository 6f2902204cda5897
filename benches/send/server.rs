//! The cheapest server that a sender could meet: answers every event at once, or after a fixed latency, and counts.
//!
//! Runs in a process of its own, so that its CPU is not the sender's. Binds to loopback; `GET /stats` gives the counts and
//! `POST /reset` sets them back. Keeps the recipients it was sent, to tell duplicates. Checks nothing else.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::tls;

/// What was seen since the last reset.
#[derive(Debug, Default)]
struct Counts {
    phones: Vec<u64>,
    first: Option<Instant>,
    last: Option<Instant>,
}

#[derive(Clone)]
struct Shared {
    counts: Rc<RefCell<Counts>>,
    latency: Duration,
    tls: Option<Arc<rustls::ServerConfig>>,
}

/// Serves until the process is killed. Says two ports on stdout: for events, and for questions, which is always plain.
pub(crate) fn serve(latency: Duration, tls: Option<Arc<rustls::ServerConfig>>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let shared = Shared { counts: Rc::default(), latency, tls };
    tokio::task::LocalSet::new().block_on(&runtime, async move {
        let events = TcpListener::bind(("127.0.0.1", 0)).await?;
        let questions = TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("{} {}", events.local_addr()?.port(), questions.local_addr()?.port());
        let plain = Shared { tls: None, ..shared.clone() };
        tokio::task::spawn_local(accept(questions, plain));
        accept(events, shared).await
    })
}

async fn accept(listener: TcpListener, shared: Shared) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let shared = shared.clone();
        tokio::task::spawn_local(async move {
            // A client that goes away in the middle is no concern of ours.
            let _ = match shared.tls.clone() {
                Some(config) => tls_connection(stream, config, &shared).await,
                None => connection(stream, &shared).await,
            };
        });
    }
}

async fn connection(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let (mut inbox, mut out) = (Vec::with_capacity(4096), Vec::with_capacity(512));
    loop {
        if stream.read_buf(&mut inbox).await? == 0 {
            return Ok(());
        }
        if answer(&mut inbox, &mut out, shared).await {
            stream.write_all(&out).await?;
            out.clear();
        }
    }
}

async fn tls_connection(stream: TcpStream, config: Arc<rustls::ServerConfig>, shared: &Shared) -> io::Result<()> {
    let mut stream = tls::Stream::new(stream, config)?;
    let (mut inbox, mut out) = (Vec::with_capacity(4096), Vec::with_capacity(512));
    while stream.read(&mut inbox).await? {
        if answer(&mut inbox, &mut out, shared).await {
            stream.write(&out).await?;
            out.clear();
        }
    }
    Ok(())
}

/// Takes every whole request out of `inbox` and puts the answers into `out`; false when there was none.
async fn answer(inbox: &mut Vec<u8>, out: &mut Vec<u8>, shared: &Shared) -> bool {
    let mut taken = 0;
    while let Some(request) = Request::first(&inbox[taken..]) {
        taken += request.bytes;
        match request.what {
            What::Event { phone } => {
                let now = Instant::now();
                let number = {
                    let mut counts = shared.counts.borrow_mut();
                    counts.first.get_or_insert(now);
                    counts.last = Some(now);
                    counts.phones.push(phone);
                    counts.phones.len()
                };
                if !shared.latency.is_zero() {
                    tokio::time::sleep_until(now + shared.latency).await;
                }
                let body = format!(r#"{{"zaapId":"{number:032X}","messageId":"{number:020X}","id":"{number:020X}"}}"#);
                respond(out, &body);
            }
            What::Stats => {
                let stats = shared.counts.borrow_mut().shown();
                respond(out, &stats);
            }
            What::Reset => {
                *shared.counts.borrow_mut() = Counts::default();
                respond(out, "{}");
            }
        }
    }
    inbox.drain(..taken);
    taken > 0
}

fn respond(out: &mut Vec<u8>, body: &str) {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(body.len().to_string().as_bytes());
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(body.as_bytes());
}

impl Counts {
    /// `requests distinct span_us`
    fn shown(&mut self) -> String {
        self.phones.sort_unstable();
        let distinct = self.phones.chunk_by(|a, b| a == b).count();
        let span = self.first.zip(self.last).map_or(Duration::ZERO, |(first, last)| last - first);
        format!("{} {distinct} {}", self.phones.len(), span.as_micros())
    }
}

struct Request {
    what: What,
    /// Its length, the body included.
    bytes: usize,
}

enum What {
    Event { phone: u64 },
    Stats,
    Reset,
}

impl Request {
    /// The first request in `bytes`, if it is whole.
    fn first(bytes: &[u8]) -> Option<Self> {
        let (mut at, mut content_length) = (0, 0);
        loop {
            let end = at + bytes[at..].iter().position(|byte| *byte == b'\n')?;
            let line = bytes[at..end].trim_ascii_end();
            at = end + 1;
            if line.is_empty() {
                break;
            }
            let name = b"content-length:";
            if line.len() > name.len() && line[..name.len()].eq_ignore_ascii_case(name) {
                content_length = digits(&line[name.len()..]);
            }
        }
        let length = usize::try_from(content_length).ok()?;
        let body = bytes.get(at..at + length)?;
        let what = if bytes.starts_with(b"GET /stats") {
            What::Stats
        } else if bytes.starts_with(b"POST /reset") {
            What::Reset
        } else {
            let name = b"\"phone\"";
            let found = body.windows(name.len()).position(|window| window == name);
            What::Event { phone: found.map_or(0, |at| digits(&body[at + name.len()..])) }
        };
        Some(Self { what, bytes: at + length })
    }
}

/// The first number in a text.
fn digits(bytes: &[u8]) -> u64 {
    let number = bytes.iter().skip_while(|byte| !byte.is_ascii_digit()).take_while(|byte| byte.is_ascii_digit());
    number.fold(0, |number, digit| number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')))
}
