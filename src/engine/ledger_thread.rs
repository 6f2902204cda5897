//! The one thread that has the ledger and the daily counts: their calls block until the disk has answered.
//!
//! Takes asks over a channel, in order, and answers with inputs for the state machine. After a first error of the ledger
//! it only writes the rescue file. Decides nothing.

use std::sync::{Arc, mpsc};
use std::thread;

use jiff::civil;
use tokio::sync::{mpsc as answers, oneshot};

use super::command::{Input, LaneSpec};
use crate::instance::Fingerprint;
use crate::ledger::{Batch, Cursor, Ledger, LedgerError, Narrow, Settlement};
use crate::quota::{Quota, QuotaError};

/// What the thread is asked to do.
#[derive(Debug)]
pub(super) enum Ask {
    Fetch { lane: usize, most: usize },
    Commit(Batch),
    Quota { lane: usize, day: civil::Date, want: u32, limit: u32 },
    CountQuota { lane: usize, day: civil::Date, sends: u32 },
    ReturnQuota { lane: usize, day: civil::Date, unused: u32 },
    Rescue(Vec<Settlement>),
}

/// What it says.
#[derive(Debug)]
pub(super) enum Said {
    Input(Input),
    LedgerFailed(LedgerError),
    QuotaFailed(QuotaError),
}

/// The channels to the thread.
#[derive(Debug)]
pub(super) struct LedgerThread {
    asks: mpsc::Sender<Ask>,
    said: answers::UnboundedReceiver<Said>,
    back: oneshot::Receiver<Ledger>,
}

struct Worker {
    ledger: Ledger,
    quota: Option<Quota>,
    lanes: Vec<(Arc<str>, Fingerprint, Cursor)>,
    narrow: Narrow,
    is_broken: bool,
    /// Sends could not be counted, and that was told.
    is_uncounted: bool,
    said: answers::UnboundedSender<Said>,
}

impl LedgerThread {
    /// # Errors
    /// When the system gives no thread; the ledger is closed then.
    pub(super) fn start(
        ledger: Ledger,
        quota: Option<Quota>,
        lanes: &[LaneSpec],
        narrow: Narrow,
    ) -> std::io::Result<Self> {
        let (asks, asked) = mpsc::channel();
        let (say, said) = answers::unbounded_channel();
        let (give_back, back) = oneshot::channel();
        let lanes =
            lanes.iter().map(|lane| (Arc::clone(&lane.name), lane.fingerprint.clone(), Cursor::default())).collect();
        let worker = Worker { ledger, quota, lanes, narrow, is_broken: false, is_uncounted: false, said: say };
        thread::Builder::new().name("ledger".to_owned()).spawn(move || {
            // Whoever asked may be gone already: then nobody wants the ledger back.
            drop(give_back.send(worker.work(&asked)));
        })?;
        Ok(Self { asks, said, back })
    }

    pub(super) fn ask(&self, ask: Ask) {
        // The thread lives as long as this; if it panicked, `next` says so.
        drop(self.asks.send(ask));
    }

    /// The next answer; `None` when the thread is gone. May be dropped and asked again without losing one.
    pub(super) async fn next(&mut self) -> Option<Said> {
        self.said.recv().await
    }

    /// An answer that is here already.
    pub(super) fn try_next(&mut self) -> Option<Said> {
        self.said.try_recv().ok()
    }

    /// Ends the thread once everything asked is done, and takes the ledger back.
    pub(super) async fn finish(self) -> Option<Ledger> {
        drop(self.asks);
        self.back.await.ok()
    }
}

impl Worker {
    fn work(mut self, asked: &mpsc::Receiver<Ask>) -> Ledger {
        for ask in asked {
            self.carry_out(ask);
        }
        if let Some(quota) = &mut self.quota
            && let Err(error) = quota.release()
        {
            tracing::warn!(%error, "what was reserved of the day's limit and not used could not be given back");
        }
        self.ledger
    }

    fn carry_out(&mut self, ask: Ask) {
        match ask {
            Ask::Fetch { lane, most } if !self.is_broken => {
                let (name, _, cursor) = &mut self.lanes[lane];
                match self.ledger.work(name, cursor, most, &self.narrow) {
                    Ok(work) => self.say(Input::Fed { lane, exhausted: work.is_empty(), work }),
                    Err(error) => self.fail(error),
                }
            }
            Ask::Commit(batch) if !self.is_broken => match self.ledger.commit(&batch) {
                Ok(()) => self.say(Input::Committed),
                Err(error) => self.fail(error),
            },
            Ask::Fetch { .. } => {}
            // It was asked for before anybody knew that reading had failed: its answers are nowhere else.
            Ask::Commit(batch) => self.rescue(&batch.settlements),
            Ask::Quota { lane, day, want, limit } => {
                let granted = self.reserve(lane, day, want, limit);
                self.say(Input::Quota { lane, day, granted });
            }
            Ask::CountQuota { lane, day, sends } => {
                if let Some(quota) = &mut self.quota
                    && let Err(error) = quota.count(&self.lanes[lane].1, day, sends)
                    && !std::mem::replace(&mut self.is_uncounted, true)
                {
                    tracing::warn!(%error, "sends could not be counted for other campaigns");
                }
            }
            Ask::ReturnQuota { lane, day, unused } => {
                if let Some(quota) = &mut self.quota {
                    for _ in 0..unused {
                        quota.put_back(&self.lanes[lane].1, day);
                    }
                }
            }
            Ask::Rescue(settlements) => {
                self.rescue(&settlements);
                self.say(Input::Rescued);
            }
        }
    }

    fn rescue(&mut self, settlements: &[Settlement]) {
        if settlements.is_empty() {
            return;
        }
        if let Err(error) = self.ledger.rescue(settlements) {
            tracing::error!(%error, answers = settlements.len(), "answers could not be kept beside the ledger");
        }
    }

    /// How many of the sends could be had. Without counts every one.
    fn reserve(&mut self, lane: usize, day: civil::Date, want: u32, limit: u32) -> u32 {
        let Some(quota) = &mut self.quota else { return want };
        for granted in 0..want {
            match quota.take(&self.lanes[lane].1, day, limit) {
                Ok(true) => {}
                Ok(false) => return granted,
                Err(error) => {
                    drop(self.said.send(Said::QuotaFailed(error)));
                    return granted;
                }
            }
        }
        want
    }

    fn fail(&mut self, error: LedgerError) {
        self.is_broken = true;
        drop(self.said.send(Said::LedgerFailed(error)));
    }

    fn say(&self, input: Input) {
        drop(self.said.send(Said::Input(input)));
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::ledger::Mode;
    use crate::message::AttemptKind;
    use crate::outcome::Outcome;

    #[test]
    fn answers_of_a_commit_that_comes_after_a_failure_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.ledger.db");
        let ledger = Ledger::open(&path, "c", Mode::Create).unwrap();
        let (said, _heard) = answers::unbounded_channel();
        let narrow = Narrow::default();
        let mut worker =
            Worker { ledger, quota: None, lanes: Vec::new(), narrow, is_broken: true, is_uncounted: false, said };
        let outcome = Outcome::Accepted { message_id: "M1".to_owned(), zaap_id: "Z1".to_owned() };
        let settlement =
            Settlement { attempt: 1, message: 1, kind: AttemptKind::Create, outcome, at: Timestamp::UNIX_EPOCH };
        worker.carry_out(Ask::Commit(Batch { settlements: vec![settlement], intents: Vec::new() }));
        let kept = std::fs::read_to_string(folder.path().join("c.ledger.db.rescue.jsonl")).unwrap();
        assert!(kept.contains("M1"), "{kept}");
    }
}
