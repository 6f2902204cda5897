//! The signals that ask a run to stop: INT, TERM and HUP, heard through tokio.
//!
//! Only hears them, and says how long the first one waits. What else it means, and the second one, is decided in the fleet.

use std::io;
use std::time::Duration;

use tokio::sync::mpsc;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// Something that will not wait for long: a service manager, a closed terminal.
    Terminate,
}

/// How long what nobody watches waits for answers after it was asked to stop.
const GRACE_UNWATCHED: Duration = Duration::from_secs(6);

impl Signal {
    /// How long requests under way are waited for, which end at `timeout` by themselves.
    pub fn grace(self, audience: Audience, timeout: Duration) -> Duration {
        match (self, audience) {
            (Self::Interrupt, Audience::Terminal) => timeout,
            (Self::Interrupt, Audience::Nobody) | (Self::Terminate, _) => timeout.min(GRACE_UNWATCHED),
        }
    }
}

/// Whether a person sits at a terminal and sees what is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    Terminal,
    Nobody,
}

/// Where a run hears that it should stop.
#[derive(Debug)]
pub struct StopSignal {
    heard: mpsc::UnboundedReceiver<Signal>,
    /// Keeps the channel open when nobody else holds it.
    _sender: mpsc::UnboundedSender<Signal>,
}

/// Whether the process was started with its hangup signal ignored, as `nohup` does. Only Linux says so.
pub fn hangup_is_ignored() -> bool {
    const HANGUP: u32 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (HANGUP - 1)) != 0)
}

impl StopSignal {
    /// Listens to the process's signals from now on, which then no longer end it by themselves; on a thread of its own, so
    /// that they are heard while this one works. A hangup that is ignored stays so: whoever starts a campaign of days with
    /// `nohup` means it.
    ///
    /// # Errors
    /// When the system refuses a signal handler or a thread.
    pub fn listen() -> io::Result<Self> {
        let (sender, stop) = Self::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            // A file that may not grow any more (`ulimit -f`) is an error like a full disk once the signal is heard, and not
            // the end of the process.
            drop(signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?);
            let hangup = (!hangup_is_ignored()).then_some((SignalKind::hangup(), Signal::Terminate));
            let always = [(SignalKind::interrupt(), Signal::Interrupt), (SignalKind::terminate(), Signal::Terminate)];
            for (kind, means) in always.into_iter().chain(hangup) {
                let mut signals = signal(kind)?;
                let sender = sender.clone();
                tokio::spawn(async move { while signals.recv().await.is_some() && sender.send(means).is_ok() {} });
            }
        }
        #[cfg(not(unix))]
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() && sender.send(Signal::Interrupt).is_ok() {}
        });
        drop(entered);
        // It ends with the process.
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
        Ok(stop)
    }

    /// A signal that only the holder of the sender gives.
    pub fn channel() -> (mpsc::UnboundedSender<Signal>, Self) {
        let (sender, heard) = mpsc::unbounded_channel();
        (sender.clone(), Self { heard, _sender: sender })
    }

    /// Whether a signal has come that was not asked for yet. Waits for nothing.
    pub fn has_come(&mut self) -> bool {
        self.heard.try_recv().is_ok()
    }

    /// The next signal; waits for ever when none comes. May be dropped and asked again without losing one.
    pub async fn next(&mut self) -> Signal {
        match self.heard.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}
