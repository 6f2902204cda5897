//! The oracle's queue: what it processed waits there and goes out to nobody, until it is taken back.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::http::{Head, with_body, zaap_id};
use crate::oracle::Arrival;

#[derive(Debug, Default)]
pub(crate) struct Queue {
    messages: Mutex<Messages>,
    deletions: AtomicU64,
    under_way: AtomicU64,
    pages: AtomicU64,
    /// While set, what a process asked for that is dead by now is carried out only when the queue has been read again.
    is_late: AtomicBool,
}

#[derive(Debug, Default)]
struct Messages {
    /// Zaap id and recipient.
    waiting: Vec<(String, String)>,
    taken: HashSet<String>,
}

impl Queue {
    pub(crate) fn enter(&self, message_id: &str, arrival: &Arrival) {
        let mut messages = self.messages.lock().expect("no connection panics");
        messages.waiting.push((zaap_id(message_id), arrival.recipient.clone()));
    }

    pub(crate) fn late(&self, is_late: bool) {
        self.is_late.store(is_late, Ordering::SeqCst);
    }

    /// The answer to a request for the queue's messages, or to take one back; nothing where it is about something else.
    pub(crate) fn answer(&self, head: &Head, stream: &TcpStream) -> Option<Vec<u8>> {
        let (_, of) = head.path.split_once("/queue")?;
        match of.strip_prefix('/') {
            None => Some(with_body("200 OK", "", self.page().as_bytes())),
            Some("count") => None,
            Some(zaap_id) => Some(if self.take(zaap_id, stream) {
                with_body("200 OK", "", br#"{"value":true}"#)
            } else {
                with_body("404 Not Found", "", br#"{"error":"not found"}"#)
            }),
        }
    }

    /// What of these reached somebody, or will: all but what was taken back.
    pub(crate) fn standing(&self, arrivals: &[Arrival]) -> Vec<Arrival> {
        let messages = self.messages.lock().expect("no connection panics");
        let is_taken = |id: &String| messages.taken.contains(&zaap_id(id));
        arrivals.iter().filter(|arrival| !arrival.answered.as_ref().is_some_and(is_taken)).cloned().collect()
    }

    /// How many requests to take a message back were carried out.
    pub(crate) fn taken(&self) -> usize {
        self.messages.lock().expect("no connection panics").taken.len()
    }

    /// Waits until each request has been carried out, also that of a process which died.
    pub(crate) fn quiet(&self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        let mut is_quiet = false;
        while Instant::now() < deadline && !is_quiet {
            let before = self.deletions.load(Ordering::SeqCst);
            thread::sleep(Duration::from_millis(30));
            is_quiet = self.under_way.load(Ordering::SeqCst) == 0 && before == self.deletions.load(Ordering::SeqCst);
        }
    }

    fn wait(&self, stream: &TcpStream) {
        thread::sleep(Duration::from_millis(5));
        let (before, deadline) = (self.pages.load(Ordering::SeqCst), Instant::now() + Duration::from_millis(300));
        while is_closed(stream) && self.pages.load(Ordering::SeqCst) == before && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn page(&self) -> String {
        self.pages.fetch_add(1, Ordering::SeqCst);
        let messages = self.messages.lock().expect("no connection panics");
        let rows: Vec<_> = messages.waiting.iter().map(|(id, to)| json!({"ZaapId": id, "Phone": to})).collect();
        json!({"messages": rows, "hasMore": false}).to_string()
    }

    fn take(&self, zaap_id: &str, stream: &TcpStream) -> bool {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        self.deletions.fetch_add(1, Ordering::SeqCst);
        if self.is_late.load(Ordering::SeqCst) {
            self.wait(stream);
        }
        let mut messages = self.messages.lock().expect("no connection panics");
        let at = messages.waiting.iter().position(|(id, _)| id == zaap_id);
        if let Some(at) = at {
            messages.waiting.remove(at);
            messages.taken.insert(zaap_id.to_owned());
        }
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        at.is_some()
    }
}

/// Whether the other side has gone.
fn is_closed(stream: &TcpStream) -> bool {
    let _ = stream.set_nonblocking(true);
    let peeked = stream.peek(&mut [0]);
    let _ = stream.set_nonblocking(false);
    !matches!(peeked, Ok(1)) && !matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
}
