//! Events on their way to whoever watches: kept while the channel is full, and drawn together meanwhile.
//!
//! Sending never waits for a terminal. What a newer event says anew is left out; ends of lanes are always told.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc;

use super::event::Event;

/// How long the last events may take to be told when the run is over.
const LAST_WORDS: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Outbox {
    waiting: VecDeque<Event>,
    /// `None` when nobody listens any more.
    to: Option<mpsc::Sender<Event>>,
}

impl Outbox {
    pub(super) fn new(to: mpsc::Sender<Event>) -> Self {
        Self { waiting: VecDeque::new(), to: Some(to) }
    }

    pub(super) fn push(&mut self, event: Event) {
        if self.to.is_none() {
            return;
        }
        match &event {
            Event::Settled { .. } => self.waiting.retain(|old| !matches!(old, Event::Settled { .. })),
            Event::Waiting { lane, .. } | Event::Resumed { lane } => {
                let this = *lane;
                self.waiting.retain(
                    |old| !matches!(old, Event::Waiting { lane, .. } | Event::Resumed { lane } if *lane == this),
                );
            }
            Event::LaneEnded { .. } | Event::Draining { .. } => {}
        }
        self.waiting.push_back(event);
        self.flush();
    }

    /// Tells what can be told without waiting.
    fn flush(&mut self) {
        while let (Some(to), Some(event)) = (&self.to, self.waiting.pop_front()) {
            match to.try_send(event) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(event)) => {
                    self.waiting.push_front(event);
                    return;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => self.to = None,
            }
        }
    }

    /// Comes back when something was told that had to wait; never when nothing has to. May be dropped at any time.
    pub(super) async fn deliver(&mut self) {
        let (Some(to), false) = (&self.to, self.waiting.is_empty()) else { return std::future::pending().await };
        let is_heard = match to.reserve().await {
            Ok(permit) => {
                if let Some(event) = self.waiting.pop_front() {
                    permit.send(event);
                }
                true
            }
            Err(_) => false,
        };
        if is_heard {
            self.flush();
        } else {
            self.to = None;
        }
    }

    /// Tells the rest, as long as somebody listens.
    pub(super) async fn finish(mut self) {
        let rest = async {
            while self.to.is_some() && !self.waiting.is_empty() {
                self.deliver().await;
            }
        };
        drop(tokio::time::timeout(LAST_WORDS, rest).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::{LaneEnd, Settled, Tally, Verdict};
    use crate::message::AttemptKind;

    fn settled(accepted: u64) -> Event {
        let last = Settled { lane: 0, label: "a".into(), kind: AttemptKind::Create, verdict: Verdict::Accepted };
        Event::Settled { tally: Tally { accepted, ..Tally::default() }, again: 0, last }
    }

    #[test]
    fn a_full_channel_gets_the_newest_counts_and_every_end() {
        let (to, mut from) = mpsc::channel(1);
        let mut outbox = Outbox::new(to);
        let end = Event::LaneEnded { lane: 0, end: LaneEnd::Done };
        for event in [settled(1), settled(2), Event::Resumed { lane: 0 }, end.clone(), settled(3)] {
            outbox.push(event);
        }
        let mut told = Vec::new();
        while let Ok(event) = from.try_recv() {
            told.push(event);
            outbox.flush();
        }
        assert_eq!(told, [settled(1), Event::Resumed { lane: 0 }, end, settled(3)]);
    }
}
