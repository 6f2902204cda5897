//! The queue of one instance: what waits, when each message goes out, and what a disconnected phone does to it.
//!
//! Pure: the time is given in milliseconds, nothing happens by itself. A message goes out when somebody looks and its
//! time has come.

use std::collections::VecDeque;

/// A disconnected phone's queue takes no more than this.
const DISCONNECTED_MAX: usize = 1000;

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) zaap_id: Box<str>,
    pub(super) message_id: Box<str>,
    pub(super) phone: Box<str>,
    pub(super) created_ms: u64,
    /// When it goes out; `None` for never.
    pub(super) due_ms: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Queue {
    /// In the order of going out, each with its number.
    waiting: VecDeque<(u64, Waiting)>,
    next_number: u64,
    last_due_ms: u64,
    is_connected: bool,
}

impl Queue {
    pub(super) fn new(is_connected: bool) -> Self {
        Self { waiting: VecDeque::new(), next_number: 1, last_due_ms: 0, is_connected }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// Whether one more message would be refused.
    pub(super) fn is_full(&self) -> bool {
        !self.is_connected && self.waiting.len() >= DISCONNECTED_MAX
    }

    /// On reconnecting, everything that piled up goes out at once.
    pub(super) fn set_connected(&mut self, is_connected: bool, now_ms: u64) {
        self.settle(now_ms);
        if is_connected && !self.is_connected {
            self.waiting.retain(|(_, waiting)| waiting.due_ms.is_none());
            self.last_due_ms = now_ms;
        }
        self.is_connected = is_connected;
    }

    /// When the next message would go out that takes this long; `None` for never.
    pub(super) fn due_ms(&self, gap_ms: Option<u64>, now_ms: u64) -> Option<u64> {
        gap_ms.map(|gap_ms| self.last_due_ms.max(now_ms) + gap_ms)
    }

    pub(super) fn push(&mut self, waiting: Waiting, now_ms: u64) {
        self.settle(now_ms);
        if let Some(due_ms) = waiting.due_ms {
            self.last_due_ms = self.last_due_ms.max(due_ms);
            if due_ms <= now_ms && self.is_connected {
                return;
            }
        }
        self.waiting.push_back((self.next_number, waiting));
        self.next_number += 1;
    }

    /// Up to `size` messages after the one with this number, the number to go on from, and whether there are more.
    pub(super) fn page(&mut self, after: u64, size: usize, now_ms: u64) -> (Vec<&Waiting>, u64, bool) {
        self.settle(now_ms);
        let start = self.waiting.partition_point(|(number, _)| *number <= after);
        let page: Vec<_> = self.waiting.iter().skip(start).take(size).collect();
        let last = page.last().map_or(after, |(number, _)| *number);
        let has_more = start + page.len() < self.waiting.len();
        (page.into_iter().map(|(_, waiting)| waiting).collect(), last, has_more)
    }

    pub(super) fn len(&mut self, now_ms: u64) -> usize {
        self.settle(now_ms);
        self.waiting.len()
    }

    /// Takes a message out, if it still waits.
    pub(super) fn remove(&mut self, zaap_id: &str, now_ms: u64) -> Option<Waiting> {
        self.settle(now_ms);
        let at = self.waiting.iter().position(|(_, waiting)| &*waiting.zaap_id == zaap_id)?;
        self.waiting.remove(at).map(|(_, waiting)| waiting)
    }

    pub(super) fn remove_message(&mut self, message_id: &str) {
        self.waiting.retain(|(_, waiting)| &*waiting.message_id != message_id);
    }

    pub(super) fn clear(&mut self, now_ms: u64) -> Vec<Waiting> {
        self.settle(now_ms);
        self.last_due_ms = now_ms;
        self.waiting.drain(..).map(|(_, waiting)| waiting).collect()
    }

    fn settle(&mut self, now_ms: u64) {
        while self.is_connected
            && self.waiting.front().is_some_and(|(_, waiting)| waiting.due_ms.is_some_and(|due_ms| due_ms <= now_ms))
        {
            self.waiting.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(queue: &mut Queue, name: &str, gap_ms: Option<u64>, now_ms: u64) {
        let due_ms = queue.due_ms(gap_ms, now_ms);
        let waiting = Waiting {
            zaap_id: name.into(),
            message_id: name.into(),
            phone: "1-group".into(),
            created_ms: now_ms,
            due_ms,
        };
        queue.push(waiting, now_ms);
    }

    #[test]
    fn messages_go_out_one_after_the_other() {
        let mut queue = Queue::new(true);
        for name in ["a", "b", "c"] {
            put(&mut queue, name, Some(1000), 5000);
        }
        for (now_ms, expected) in [(5000, 3), (5999, 3), (6000, 2), (7500, 1), (8000, 0)] {
            assert_eq!(queue.len(now_ms), expected, "{now_ms}");
        }
        put(&mut queue, "at once", Some(0), 9000);
        assert_eq!(queue.len(9000), 0);
    }

    #[test]
    fn a_disconnected_queue_piles_up_to_a_limit_and_goes_out_together() {
        let mut queue = Queue::new(true);
        queue.set_connected(false, 0);
        for _ in 0..DISCONNECTED_MAX {
            assert!(!queue.is_full());
            put(&mut queue, "x", Some(1), 0);
        }
        assert!(queue.is_full());
        assert_eq!(queue.len(1_000_000), DISCONNECTED_MAX);
        queue.set_connected(true, 1_000_001);
        assert_eq!(queue.len(1_000_001), 0);
    }

    #[test]
    fn pages_go_on_where_they_ended_whatever_left_in_between() {
        let mut queue = Queue::new(true);
        for number in 0..5 {
            put(&mut queue, &format!("m{number}"), None, 0);
        }
        let (page, state, has_more) = queue.page(0, 2, 1);
        assert_eq!((page.len(), state, has_more), (2, 2, true));
        assert!(queue.remove("m0", 1).is_some() && queue.remove("m2", 1).is_some());
        assert!(queue.remove("m0", 1).is_none());
        let (page, _, has_more) = queue.page(state, 30, 1);
        let ids: Vec<_> = page.iter().map(|waiting| &*waiting.zaap_id).collect();
        assert_eq!((ids, has_more), (vec!["m3", "m4"], false));
    }
}
