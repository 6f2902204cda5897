//! The other side of every request: a server that writes down each request that fully arrived, and can be broken at will.
//!
//! It lives in the torture program, so outside the process under test, and speaks HTTP/1.1 by hand over `std::net`, so that
//! it can stop in the middle of anything. What it does wrong is chosen by a plan; how it is wrong stands in `faults`.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use crate::faults::{Act, Fault, Phase, Truth};
use crate::http::{Call, Head, acceptance, answer_other, fill, patiently, read_head, skip};
use crate::queue::Queue;

/// One request for a message that arrived whole.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) edit: bool,
    /// The instance token of its URL, which tells the senders apart.
    pub(crate) token: String,
    pub(crate) recipient: String,
    pub(crate) original_id: Option<String>,
    pub(crate) date_time: String,
    pub(crate) fault: Option<&'static str>,
    /// Whether this server acted on it: only a documented refusal means that it did not.
    pub(crate) processed: bool,
    /// The message id of a complete acceptance, noted before its first byte was written.
    pub(crate) answered: Option<String>,
}

/// What is to happen to the next request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reply {
    pub(crate) latency: Duration,
    pub(crate) fault: Option<&'static Fault>,
}

type Plan = Box<dyn FnMut(u64) -> Reply + Send>;

pub(crate) struct Oracle {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    log: Mutex<Vec<Arrival>>,
    plan: Mutex<Plan>,
    drawn: AtomicU64,
    faults: Mutex<HashMap<&'static str, u64>>,
    stop: AtomicBool,
    /// While set, new connections are refused: the listener is closed.
    deaf: AtomicBool,
    connections: AtomicU64,
    queue: Queue,
}

impl Oracle {
    /// Listens on a free loopback port and answers everything at once until told otherwise.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let shared = Arc::new(Shared {
            log: Mutex::default(),
            plan: Mutex::new(Box::new(|_| Reply::default())),
            drawn: AtomicU64::new(0),
            faults: Mutex::default(),
            stop: AtomicBool::new(false),
            deaf: AtomicBool::new(false),
            connections: AtomicU64::new(0),
            queue: Queue::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(listener, &accepting));
        Self { port, shared }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Decides from now on what happens to each request, by its number from 0.
    pub(crate) fn plan(&self, plan: impl FnMut(u64) -> Reply + Send + 'static) {
        *self.shared.plan.lock().expect("no plan panics") = Box::new(plan);
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Vec<Arrival>> {
        self.shared.log.lock().expect("no connection panics")
    }

    /// Where everything that was processed waits.
    pub(crate) fn queue(&self) -> &Queue {
        &self.shared.queue
    }

    pub(crate) fn arrived(&self) -> usize {
        self.log().len()
    }

    /// How often each fault was played.
    pub(crate) fn played(&self) -> HashMap<&'static str, u64> {
        self.shared.faults.lock().expect("no connection panics").clone()
    }

    /// Closes the door (connections are refused) or opens it again.
    pub(crate) fn refuse(&self, deaf: bool) {
        self.shared.deaf.store(deaf, Ordering::SeqCst);
        if deaf {
            let _ = TcpStream::connect(("127.0.0.1", self.port));
        }
    }

    /// Waits until nothing has arrived for a while, so that what a dead process had sent is on record.
    pub(crate) fn quiet(&self) {
        let (mut before, deadline) = (usize::MAX, Instant::now() + Duration::from_secs(5));
        while Instant::now() < deadline && before != self.arrived() {
            before = self.arrived();
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Waits until more than `before` requests have arrived; false when that takes longer than the limit.
    pub(crate) fn more_than(&self, before: usize, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if self.arrived() > before {
                return true;
            }
            thread::sleep(Duration::from_millis(1));
        }
        false
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let deadline = Instant::now() + Duration::from_secs(3);
        while self.shared.connections.load(Ordering::SeqCst) > 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn accept(mut listener: TcpListener, shared: &Arc<Shared>) {
    let port = listener.local_addr().expect("a bound listener has an address");
    while !shared.stop.load(Ordering::SeqCst) {
        let Ok((stream, _)) = listener.accept() else { continue };
        if shared.deaf.load(Ordering::SeqCst) {
            drop((stream, listener));
            while shared.deaf.load(Ordering::SeqCst) && !shared.stop.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(5));
            }
            listener = (0..400)
                .find_map(|_| {
                    thread::sleep(Duration::from_millis(5));
                    TcpListener::bind(port).ok()
                })
                .expect("the port is free again within two seconds");
            continue;
        }
        let shared = Arc::clone(shared);
        shared.connections.fetch_add(1, Ordering::SeqCst);
        thread::spawn(move || {
            let _ = serve(stream, &shared);
            shared.connections.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

impl Shared {
    /// What happens to the request that is coming in; faults are counted as played.
    fn draw(&self) -> Reply {
        let number = self.drawn.fetch_add(1, Ordering::SeqCst);
        let reply = (self.plan.lock().expect("no plan panics"))(number);
        if let Some(fault) = reply.fault {
            *self.faults.lock().expect("no connection panics").entry(fault.name).or_default() += 1;
        }
        reply
    }
}

/// One connection, request after request, until a side has had enough.
fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_millis(100)))?;
    loop {
        let mut first = [0];
        if !patiently(&shared.stop, || stream.peek(&mut first))? {
            return Ok(());
        }
        let reply = if first[0] == b'P' { shared.draw() } else { Reply::default() };
        if let Some(fault) = reply.fault.filter(|fault| fault.phase == Phase::Greeting) {
            abandon(&mut stream, fault, shared);
            return Ok(());
        }
        let Some(head) = read_head(&mut stream, &shared.stop)? else { return Ok(()) };
        let Some(call) = head.call() else {
            skip(&mut stream, head.length)?;
            match shared.queue.answer(&head, &stream) {
                Some(answer) => stream.write_all(&answer)?,
                None => answer_other(&mut stream, &head)?,
            }
            continue;
        };
        if let Some(fault) = reply.fault.filter(|fault| fault.phase == Phase::Reading) {
            abandon(&mut stream, fault, shared);
            return Ok(());
        }
        if !converse(&mut stream, shared, &call, &head, reply)? {
            return Ok(());
        }
    }
}

/// Reads the rest of a request, writes it down and answers it; false when the connection is done with.
fn converse(s: &mut TcpStream, shared: &Shared, call: &Call, head: &Head, reply: Reply) -> std::io::Result<bool> {
    let mut body = vec![0; head.length];
    let kept_back = head.length.min(1);
    if !fill(s, &shared.stop, &mut body[..head.length - kept_back])? {
        return Ok(false);
    }
    let mut last = [0];
    if kept_back == 1 && !patiently(&shared.stop, || s.peek(&mut last))? {
        return Ok(false);
    }
    if let Some(end) = body.last_mut() {
        *end = last[0];
    }
    let message_id = format!("MSG{:016X}", fastrand::u64(..));
    let arrival = arrival(call, &body, reply, &message_id);
    if arrival.processed {
        shared.queue.enter(&message_id, &arrival);
    }
    shared.log.lock().expect("no connection panics").push(arrival);
    thread::sleep(reply.latency);
    let told = Told { head, message_id: &message_id };
    match reply.fault {
        None => {
            s.read_exact(&mut last[..kept_back])?;
            s.write_all(&acceptance(&message_id))?;
            Ok(true)
        }
        Some(fault) => play(s, shared, fault, &told, kept_back),
    }
}

/// What the words of a fault may be made of; they repeat the URL, as careless servers do.
pub(crate) struct Told<'a> {
    head: &'a Head,
    pub(crate) message_id: &'a str,
}

impl Told<'_> {
    pub(crate) fn path(&self) -> &str {
        &self.head.path
    }
    pub(crate) fn client_token(&self) -> &str {
        &self.head.client_token
    }
}

fn arrival(call: &Call, body: &[u8], reply: Reply, message_id: &str) -> Arrival {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let truth = reply.fault.map_or(Truth::Accepted, |fault| fault.truth);
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    Arrival {
        edit: call.edit,
        token: call.token.clone(),
        recipient: text(&body["phone"]).unwrap_or_default(),
        original_id: text(&body["eventMessageId"]),
        date_time: text(&body["event"]["dateTime"]).unwrap_or_default(),
        fault: reply.fault.map(|fault| fault.name),
        processed: truth != Truth::Refused,
        answered: (truth == Truth::Accepted).then(|| message_id.to_owned()),
    }
}

/// Carries out a fault of the answering phase. Closing while the body's last byte is unread makes the kernel reset.
fn play(s: &mut TcpStream, shared: &Shared, fault: &Fault, told: &Told, kept: usize) -> std::io::Result<bool> {
    let mut last = [0];
    let words = (fault.words)(told);
    match fault.act {
        Act::Answer | Act::AnswerAndClose => {
            s.read_exact(&mut last[..kept])?;
            s.write_all(&words)?;
            Ok(fault.act == Act::Answer)
        }
        Act::AnswerAndReset => {
            s.write_all(&words)?;
            thread::sleep(Duration::from_millis(fastrand::u64(0..3)));
            Ok(false)
        }
        Act::Hang | Act::HangThenAnswer => {
            s.read_exact(&mut last[..kept])?;
            s.write_all(&words)?;
            linger(s, shared);
            if fault.act == Act::HangThenAnswer {
                let _ = s.write_all(&acceptance(told.message_id));
            }
            Ok(false)
        }
        Act::Drip => {
            s.read_exact(&mut last[..kept])?;
            for byte in words {
                s.write_all(&[byte])?;
                thread::sleep(Duration::from_millis(40));
                if shared.stop.load(Ordering::SeqCst) {
                    break;
                }
            }
            Ok(false)
        }
    }
}

/// A fault before the request was read to its end: nothing arrived.
fn abandon(stream: &mut TcpStream, fault: &Fault, shared: &Shared) {
    match fault.act {
        Act::Hang | Act::HangThenAnswer | Act::Drip => linger(stream, shared),
        Act::AnswerAndReset => {}
        Act::Answer | Act::AnswerAndClose => {
            let _ = stream.shutdown(Shutdown::Write);
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Holds the connection open until the client has gone or everything ends.
fn linger(stream: &mut TcpStream, shared: &Shared) {
    let mut nothing = [0; 64];
    let _ = patiently(&shared.stop, || stream.read(&mut nothing));
}
