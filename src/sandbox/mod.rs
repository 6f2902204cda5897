//! The stand-in for Z-API: shipped as a command, used by `--sandbox` and by the tests. Nothing it accepts is ever sent.
//!
//! It behaves as the service's documentation says: credentials, refusals, the queue and its pace, edits, groups. It says
//! of itself in every answer that it is a stand-in (header `x-sandbox`). It shares only the JSON shapes with the gateway,
//! so that a mistake on one side is not hidden by the same one on the other. Faults below HTTP are not its business.

mod checks;
mod faults;
mod journal;
mod log;
mod options;
mod queue;
mod reads;
mod sends;
mod server;
mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::sync::oneshot;

pub use options::{Account, Drain, Fault, FaultRule, GroupSpec, Options, RetryAfter, When};

use server::Shared;
use world::World;

/// How long answers under way may take when the sandbox is stopped; those that hang never come.
const FAREWELL: Duration = Duration::from_millis(200);

/// A sandbox that listens until this is dropped.
pub struct Running {
    /// Such as `http://127.0.0.1:4010`.
    pub base_url: String,
    shared: Arc<Shared>,
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

/// Starts a sandbox on this machine's loopback interface, on a thread of its own. Port 0 takes a free one. It listens
/// when this returns.
///
/// # Errors
/// When the port is taken, or the state file cannot be opened or is somebody else's.
pub fn start(options: Options, port: u16) -> io::Result<Running> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .map_err(|error| io::Error::new(error.kind(), format!("nobody can listen on port {port}: {error}")))?;
    listener.set_nonblocking(true)?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let now_ms = server::wall_clock_ms();
    let state = options.state.clone();
    let world = World::new(options, now_ms).map_err(|error| match state {
        Some(path) => io::Error::new(error.kind(), format!("{}: {error}", path.display())),
        None => error,
    })?;
    let shared = Arc::new(Shared::new(world, now_ms));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (stop, stopped) = oneshot::channel();
    let router = server::router(Arc::clone(&shared));
    let thread = thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
        runtime.block_on(serve(listener, router, stopped));
        // Answers that hang are dropped with the runtime.
        runtime.shutdown_background();
    })?;
    Ok(Running { base_url, shared, stop: Some(stop), thread: Some(thread) })
}

async fn serve(listener: TcpListener, router: axum::Router, stopped: oneshot::Receiver<()>) {
    // Neither can fail on a listener that is bound and non-blocking.
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    let (ended, mut is_ended) = tokio::sync::watch::channel(());
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        let _ = stopped.await;
        drop(ended);
    });
    tokio::select! {
        _ = serving => {}
        () = async { let _ = is_ended.changed().await; tokio::time::sleep(FAREWELL).await } => {}
    }
}

impl Running {
    pub fn counts(&self) -> Counts {
        self.shared.lock().0.counts
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("base_url", &self.base_url).finish_non_exhaustive()
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
