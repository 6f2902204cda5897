//! Taking messages out of one queue after the other, one by one, and what each came to.
//!
//! Before each request what is in hand stands beside the ledger: a request that was cut off, or given up without an answer,
//! may be carried out later, so that its message is in doubt until it was taken back itself.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Queue;
use crate::commands::guard;
use crate::commands::waiting::{self, Waiting};
use crate::engine::{Audience, StopSignal};
use crate::gateway::{CallFault, Deletion, FaultClass, Gateway};
use crate::ledger::{BROKEN_OFF, Ledger, LedgerError, NamedRow, Queued};
use crate::report::Stream;
use crate::report::recall::{self, RecallReport};

/// A request that came to nothing is made again after these pauses, in turn; then its instance is given up.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Between two signs of life: thousands of messages take a quarter of an hour.
const SAID_EVERY: Duration = Duration::from_secs(5);

/// How it is gone about.
pub(super) struct Manner<'a> {
    pub(super) gateway: &'a Gateway,
    /// How long a request lasts at most.
    pub(super) timeout: Duration,
    /// Nobody reads what is said meanwhile.
    pub(super) is_quiet: bool,
}

pub(super) struct Taking<'a> {
    manner: Manner<'a>,
    ledger: &'a mut Ledger,
    stop: &'a mut StopSignal,
    report: &'a mut RecallReport,
    said_at: Instant,
    /// The zaap ids of what was asked for, now or by an earlier recall, without anybody knowing what came of it.
    in_hand: Vec<String>,
}

/// What came of one message.
enum Taken {
    Back,
    /// It was not in the queue any more.
    Gone,
    /// An answer was lost, and now it is not in the queue.
    Doubtful(CallFault),
    /// Nothing more can be done with this instance.
    GivenUp(CallFault),
    /// A signal came before it was asked for.
    Interrupted,
    /// Or before there was an answer.
    CutOff,
}

impl<'a> Taking<'a> {
    /// What an earlier recall had in hand is in doubt, unless it is seen to wait. Then it comes first.
    pub(super) fn begin(
        manner: Manner<'a>,
        ledger: &'a mut Ledger,
        stop: &'a mut StopSignal,
        report: &'a mut RecallReport,
        queues: &mut [Queue],
    ) -> Result<Self, LedgerError> {
        let waiting = queues.iter().flat_map(|queue| &queue.ours).map(|queued| &*queued.zaap_id).collect();
        for queued in ledger.settle_recalling(&waiting, Timestamp::now())? {
            report.doubtful.push(NamedRow { http_status: None, error: BROKEN_OFF.to_owned(), ..queued.row });
            report.broken_off += 1;
        }
        let in_hand = ledger.left_recalling()?;
        for queue in queues.iter_mut() {
            queue.ours.sort_by_key(|queued| !in_hand.contains(&queued.zaap_id));
        }
        queues.sort_by_key(|queue| !queue.ours.first().is_some_and(|queued| in_hand.contains(&queued.zaap_id)));
        Ok(Self { manner, ledger, stop, report, said_at: Instant::now(), in_hand })
    }

    /// Takes back what is ours, and looks again: while the pages were read the queue moved up, so that some may not have
    /// been seen.
    pub(super) async fn empty(&mut self, queue: &Queue) -> Result<(), LedgerError> {
        let (mut ours, mut tried) = (queue.ours.clone(), HashSet::new());
        while !ours.is_empty() {
            if !self.take(queue, &ours).await? {
                return Ok(());
            }
            tried.extend(ours.into_iter().map(|queued| queued.zaap_id));
            match self.look(queue).await {
                None => return Ok(()),
                Some(Ok(mut waiting)) => {
                    waiting.ids.retain(|zaap_id| !tried.contains(zaap_id));
                    ours = self.ledger.queued(&waiting.ids)?;
                }
                Some(Err(fault)) => {
                    let instance = &queue.found.instance;
                    self.report.unseen.push(format!("{instance}: its queue cannot be read again: {fault}"));
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Nothing when a signal came meanwhile.
    async fn look(&mut self, queue: &Queue) -> Option<Result<Waiting, CallFault>> {
        tokio::select! {
            looked = waiting::look(self.manner.gateway, queue.instance) => Some(looked),
            _ = self.stop.next() => {
                self.report.interrupted = true;
                None
            }
        }
    }

    /// What is still in hand stays on record for the next recall, or apply.
    pub(super) fn end(self) -> Result<(), LedgerError> {
        self.report.in_hand = self.in_hand.len() as u64;
        if self.in_hand.is_empty() {
            self.ledger.end_recalling()
        } else {
            self.ledger.keep_recalling(self.in_hand.iter().map(String::as_str))
        }
    }

    /// Takes these back, one by one; says whether that came to its end.
    async fn take(&mut self, queue: &Queue, ours: &[Queued]) -> Result<bool, LedgerError> {
        for (done, queued) in ours.iter().enumerate() {
            let left = (ours.len() - done) as u64;
            if self.report.interrupted {
                self.report.left += left;
                return Ok(false);
            }
            if self.said_at.elapsed() >= SAID_EVERY {
                self.said_at = Instant::now();
                self.say(&recall::so_far(&queue.found.instance, done as u64, ours.len() as u64));
            }
            let in_hand = self.in_hand.iter().chain([&queued.zaap_id]);
            self.ledger.keep_recalling(in_hand.map(String::as_str))?;
            match self.one(queue.instance, queued).await {
                Taken::Back => {
                    self.ledger.recall(queued, Timestamp::now())?;
                    self.let_go(queued);
                    self.report.taken_back += 1;
                }
                Taken::Gone if self.in_hand.contains(&queued.zaap_id) => {
                    self.doubt(queued, None, BROKEN_OFF.to_owned())?;
                    self.report.broken_off += 1;
                }
                Taken::Gone => self.report.gone += 1,
                Taken::Doubtful(fault) => self.doubt(queued, fault.http_status, in_doubt(&fault))?,
                Taken::GivenUp(fault) => {
                    let is_in_doubt = self.given_up(queue, queued, &fault).await?;
                    self.report.left += left - u64::from(is_in_doubt);
                    self.report.stopped.push(format!("{}: {fault}", queue.found.instance));
                    return Ok(false);
                }
                Taken::Interrupted => {
                    self.report.left += left;
                    return Ok(false);
                }
                Taken::CutOff => {
                    self.hold(queued);
                    self.report.left += left;
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Whether the last request was carried out cannot be known, if its answer was lost; while it is seen to wait, whether
    /// it will be. Says whether the message is in doubt.
    async fn given_up(&mut self, queue: &Queue, queued: &Queued, fault: &CallFault) -> Result<bool, LedgerError> {
        if !fault.may_have_happened {
            return Ok(false);
        }
        match self.look(queue).await {
            Some(Ok(waiting)) if !waiting.ids.contains(&queued.zaap_id) => {}
            Some(Ok(_)) | None => {
                self.hold(queued);
                return Ok(false);
            }
            Some(Err(_)) => self.report.doubtful_may_wait = true,
        }
        self.doubt(queued, fault.http_status, in_doubt(fault))?;
        Ok(true)
    }

    fn doubt(&mut self, queued: &Queued, http_status: Option<u16>, error: String) -> Result<(), LedgerError> {
        self.ledger.doubt(queued, &error, Timestamp::now())?;
        self.let_go(queued);
        self.report.doubtful.push(NamedRow { http_status, error, ..queued.row.clone() });
        Ok(())
    }

    /// Taking the same message out twice does no harm, so a request of doubtful fate is made again.
    async fn one(&mut self, instance: usize, queued: &Queued) -> Taken {
        let mut lost: Option<CallFault> = None;
        let mut pauses = PAUSES.into_iter();
        loop {
            if self.stop.has_come() {
                self.report.interrupted = true;
            }
            if self.report.interrupted {
                return if lost.is_none() { Taken::Interrupted } else { Taken::CutOff };
            }
            let fault = match self.asked(instance, queued).await {
                None => return Taken::CutOff,
                Some(Ok(Deletion::Removed)) => return Taken::Back,
                Some(Ok(Deletion::NotThere)) => return lost.map_or(Taken::Gone, Taken::Doubtful),
                Some(Err(fault)) => fault,
            };
            if fault.may_have_happened {
                lost.get_or_insert_with(|| fault.clone());
            }
            match pauses.next() {
                Some(pause) if fault.class == FaultClass::Network => tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    _ = self.stop.next() => self.report.interrupted = true,
                },
                _ => return Taken::GivenUp(lost.unwrap_or(fault)),
            }
        }
    }

    /// The first signal waits for the answer as long as an apply does, the second leaves at once: nothing then.
    async fn asked(&mut self, instance: usize, queued: &Queued) -> Option<Result<Deletion, CallFault>> {
        let mut request = std::pin::pin!(self.manner.gateway.delete_queued(instance, &queued.zaap_id));
        let signal = tokio::select! {
            answer = &mut request => return Some(answer),
            signal = self.stop.next() => signal,
        };
        self.report.interrupted = true;
        let audience = if guard::is_terminal() { Audience::Terminal } else { Audience::Nobody };
        let grace = signal.grace(audience, self.manner.timeout);
        self.say(&recall::draining(grace));
        tokio::select! {
            answer = &mut request => Some(answer),
            () = tokio::time::sleep(grace) => None,
            _ = self.stop.next() => None,
        }
    }

    fn say(&self, text: &str) {
        if !self.manner.is_quiet {
            // Nothing is lost where nobody can be told.
            let _ = Stream::Stderr.say(text);
        }
    }

    /// It was asked for, and may be carried out yet.
    fn hold(&mut self, queued: &Queued) {
        if !self.in_hand.contains(&queued.zaap_id) {
            self.in_hand.push(queued.zaap_id.clone());
        }
    }

    /// What came of it is on record, or that nobody can know.
    fn let_go(&mut self, queued: &Queued) {
        self.in_hand.retain(|zaap_id| *zaap_id != queued.zaap_id);
    }
}

fn in_doubt(fault: &CallFault) -> String {
    format!("its recall is in doubt: {}", fault.message)
}
