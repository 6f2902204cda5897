//! A TCP server that does exactly what it is told, byte by byte, and remembers what it was sent.
//!
//! It knows just enough HTTP to tell when a request has been read whole. It never decides anything by itself: each request
//! gets the [`Fault`] that the plan has for its number.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// What happens to one request.
#[derive(Debug, Clone)]
pub struct Fault {
    pub name: String,
    /// How much is read before the first step.
    pub read: Read,
    pub steps: Vec<Step>,
}

/// How much of a request is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    Nothing,
    Bytes(usize),
    /// Up to and with the empty line.
    Head,
    /// The head and half of the body.
    HalfBody,
    All,
}

/// One thing that the server does.
#[derive(Debug, Clone)]
pub enum Step {
    Send(Vec<u8>),
    /// A few bytes at a time, with pauses in between.
    Drip(Vec<u8>, Duration),
    Pause(Duration),
    /// Closes both directions. Where something is left unread the system makes a reset of it.
    Close,
    /// Closes our direction only and goes on listening.
    Fin,
    Reset,
    /// Does nothing more, for ever.
    Hang,
    /// Waits for the next request on the same connection; it gets the plan's next fault.
    KeepAlive,
}

/// What the server saw of one request.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub fault: String,
    /// From 0, in the order of accepting.
    pub connection: usize,
    pub bytes: Vec<u8>,
    /// Whether head and body were read to their end.
    pub is_whole: bool,
    /// Whether every `Send` and `Drip` of the fault was written.
    pub is_answered: bool,
}

impl Seen {
    /// The body as far as it was read.
    pub fn body(&self) -> &[u8] {
        head_length(&self.bytes).map_or(&[], |length| &self.bytes[length..])
    }
}

/// A server that runs until this is dropped.
pub struct RawServer {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

type Plan = Arc<dyn Fn(usize) -> Fault + Send + Sync>;

impl RawServer {
    /// `plan` says what happens to the request with this number, from 0. A new connection counts as a request at once,
    /// since some faults do not wait for its first byte.
    pub fn start(plan: impl Fn(usize) -> Fault + Send + Sync + 'static) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::default();
        let (stop, stopped) = oneshot::channel::<()>();
        let shared = Shared { plan: Arc::new(plan), seen: Arc::clone(&seen), next: Arc::default() };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = accept(listener, shared) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, seen, stop: Some(stop), thread: Some(thread) }
    }

    /// The same for every request.
    pub fn always(fault: Fault) -> Self {
        Self::start(move |_| fault.clone())
    }

    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests of which at least one byte arrived, and connections that were dealt with unread.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How many requests arrived whole.
    pub fn whole(&self) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| seen.is_whole).count()
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[derive(Clone)]
struct Shared {
    plan: Plan,
    seen: Arc<Mutex<Vec<Seen>>>,
    next: Arc<AtomicUsize>,
}

impl Shared {
    fn next_fault(&self) -> Fault {
        (self.plan)(self.next.fetch_add(1, Ordering::SeqCst))
    }

    /// Makes the entry of a request and says where it is.
    fn enter(&self, seen: Seen) -> usize {
        let mut all = self.seen.lock().unwrap();
        all.push(seen);
        all.len() - 1
    }

    fn update(&self, at: usize, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap()[at]);
    }
}

async fn accept(listener: TcpListener, shared: Shared) {
    let mut connection = 0;
    while let Ok((stream, _)) = listener.accept().await {
        // An error only means that the other side was quicker.
        let shared = shared.clone();
        tokio::spawn(async move {
            let _ = serve(stream, connection, &shared).await;
        });
        connection += 1;
    }
}

async fn serve(mut stream: TcpStream, connection: usize, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut fault = shared.next_fault();
    let mut pending = Vec::new();
    loop {
        let at = shared.enter(Seen { fault: fault.name.clone(), connection, ..Seen::default() });
        read(&mut stream, fault.read, &mut pending, shared, at).await?;
        let mut is_kept = false;
        let sends = fault.steps.iter().filter(|step| matches!(step, Step::Send(_) | Step::Drip(..))).count();
        let mut sent = 0;
        for step in &fault.steps {
            match step {
                Step::Send(bytes) => {
                    stream.write_all(bytes).await?;
                    sent += 1;
                }
                Step::Drip(bytes, pause) => {
                    for piece in bytes.chunks(7) {
                        stream.write_all(piece).await?;
                        tokio::time::sleep(*pause).await;
                    }
                    sent += 1;
                }
                Step::Pause(pause) => tokio::time::sleep(*pause).await,
                Step::Close => return Ok(()),
                Step::Fin => stream.shutdown().await?,
                Step::Reset => return stream.set_zero_linger(),
                Step::Hang => std::future::pending().await,
                Step::KeepAlive => is_kept = true,
            }
            if sent == sends {
                shared.update(at, |seen| seen.is_answered = sends > 0);
            }
        }
        if !is_kept {
            return Ok(());
        }
        // The next fault is only taken when the next request really comes.
        if pending.is_empty() && stream.read_buf(&mut pending).await? == 0 {
            return Ok(());
        }
        fault = shared.next_fault();
    }
}

/// Reads as much as is wanted; what is too much stays in `pending` for the next request.
async fn read(
    stream: &mut TcpStream,
    wanted: Read,
    pending: &mut Vec<u8>,
    shared: &Shared,
    at: usize,
) -> std::io::Result<()> {
    loop {
        let whole = whole_length(pending);
        let enough = match wanted {
            Read::Nothing => Some(0),
            Read::Bytes(count) => Some(count),
            Read::Head => head_length(pending),
            Read::HalfBody => whole.zip(head_length(pending)).map(|(whole, head)| head + (whole - head) / 2),
            Read::All => whole,
        };
        if let Some(enough) = enough
            && pending.len() >= enough
        {
            let rest = pending.split_off(enough);
            let bytes = std::mem::replace(pending, rest);
            shared.update(at, |seen| {
                seen.is_whole = whole_length(&bytes).is_some_and(|whole| bytes.len() >= whole);
                seen.bytes = bytes;
            });
            return Ok(());
        }
        // Not more than is wanted, so that the rest stays with the system and closing makes a reset.
        let limit = match (wanted, enough) {
            (Read::Nothing, _) => 0,
            (_, Some(enough)) => enough - pending.len(),
            (Read::Head | Read::HalfBody | Read::Bytes(_), None) => 1,
            (Read::All, None) => 64 * 1024,
        };
        let mut piece = vec![0; limit];
        let count = stream.read(&mut piece).await?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        pending.extend_from_slice(&piece[..count]);
    }
}

/// Where the head ends, empty line included.
fn head_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// Head and body together; the client always says how long the body is.
fn whole_length(bytes: &[u8]) -> Option<usize> {
    let head = head_length(bytes)?;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    Some(head + length.and_then(|length| length.trim().parse::<usize>().ok()).unwrap_or(0))
}
