//! The queue of an instance: what waits in it, page by page, and taking one message out.
//!
//! Only an answer that says so proves that a message was taken out: whoever is told so invites people again.

use std::collections::HashSet;

use reqwest::Method;

use super::Gateway;
use super::calls::{CallFault, FaultClass};
use super::object::Object;
use super::said::{Removal, Said};
use super::wire::{QueuePage, QueueQuery, QueuedMessage};

/// So that a server whose pages never end cannot keep us for ever: 300,000 messages, days of sending.
const PAGES_MAX: usize = 10_000;

/// What came of taking one message out of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It waited, and does so no more.
    Removed,
    /// It was not in the queue: most likely it has gone out.
    NotThere,
}

/// The pages of one instance's queue, everybody's messages.
#[derive(Debug)]
pub struct QueuePages<'a> {
    gateway: &'a Gateway,
    instance: usize,
    /// How the service calls what comes next; `None` at the beginning.
    after: Option<String>,
    /// Every paging state so far.
    seen: HashSet<String>,
    is_over: bool,
}

impl QueuePages<'_> {
    /// The messages of the next page, which may be none; `None` after the last page.
    ///
    /// # Errors
    /// Also when the pages turn in a circle or never end: how much waits is not known then.
    pub async fn next(&mut self) -> Result<Option<Vec<QueuedMessage>>, CallFault> {
        if self.is_over {
            return Ok(None);
        }
        let page = self.gateway.queue_page(self.instance, self.after.as_deref()).await?;
        self.take_in(page).map(Some)
    }

    /// The service says itself whether there is more: messages may have left a page before it was asked for.
    fn take_in(&mut self, page: QueuePage) -> Result<Vec<QueuedMessage>, CallFault> {
        self.after = page.paging_state.filter(|_| page.has_more);
        match &self.after {
            None => self.is_over = true,
            Some(after) if !self.seen.insert(after.clone()) => {
                return Err(without_end("its pages turn in a circle"));
            }
            Some(_) if self.seen.len() >= PAGES_MAX => return Err(without_end("its pages do not end")),
            Some(_) => {}
        }
        Ok(page.messages)
    }
}

fn without_end(message: &str) -> CallFault {
    CallFault {
        class: FaultClass::Other,
        http_status: Some(200),
        message: message.to_owned(),
        may_have_happened: false,
    }
}

impl Gateway {
    /// Everything that waits in an instance's queue, from the first page on.
    pub fn queue_pages(&self, instance: usize) -> QueuePages<'_> {
        QueuePages { gateway: self, instance, after: None, seen: HashSet::new(), is_over: false }
    }

    /// `POST /queue`: up to 30 of the messages that wait, after `paging_state` of the page before.
    pub async fn queue_page(&self, instance: usize, paging_state: Option<&str>) -> Result<QueuePage, CallFault> {
        let query =
            QueueQuery { page_size: QueueQuery::PAGE_SIZE_MAX, paging_state: paging_state.map(ToOwned::to_owned) };
        let body = serde_json::to_vec(&query).unwrap_or_default();
        self.read(instance, Method::POST, &["queue"], &[], Some(body)).await.map(|Object(page)| page)
    }

    /// `DELETE /queue/{zaapId}`: takes one message back. An empty id is refused here, since without it the request would
    /// empty the whole queue, other programs' messages too.
    pub async fn delete_queued(&self, instance: usize, zaap_id: &str) -> Result<Deletion, CallFault> {
        if !super::is_path_segment(zaap_id) {
            let message = "a message without a zaap id cannot be taken back".to_owned();
            return Err(CallFault { class: FaultClass::Other, http_status: None, message, may_have_happened: false });
        }
        let answer = self.call(instance, Method::DELETE, &["queue", zaap_id], &[], None).await?;
        match Said::read(&answer.body).removal(answer.status, &answer.body) {
            Removal::Removed => Ok(Deletion::Removed),
            Removal::NotThere => Ok(Deletion::NotThere),
            Removal::AsAttempt => Err(self.fault(instance, &answer)),
            Removal::Doubtful => {
                let fault = self.fault(instance, &answer);
                let message = match answer.status {
                    200 => "the answer does not say that it was taken back".to_owned(),
                    _ => fault.message,
                };
                Err(CallFault { message, may_have_happened: true, ..fault })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(messages: usize, paging_state: Option<&str>, has_more: bool) -> QueuePage {
        let messages = vec![QueuedMessage::default(); messages];
        QueuePage { messages, paging_state: paging_state.map(str::to_owned), has_more }
    }

    #[test]
    fn pages_go_on_as_long_as_the_service_says_and_never_in_a_circle() {
        let gateway = crate::gateway::testing::gateway();
        let mut pages = gateway.queue_pages(0);
        for (has, next) in [(30, "a"), (0, "b"), (30, "c")] {
            assert_eq!(pages.take_in(page(has, Some(next), true)).unwrap().len(), has);
            assert!(!pages.is_over);
        }
        let fault = pages.take_in(page(30, Some("a"), true)).unwrap_err();
        assert_eq!(fault.to_string(), "its pages turn in a circle (HTTP 200)");
        for last in [page(3, Some("d"), false), page(3, None, true)] {
            let mut pages = gateway.queue_pages(0);
            assert_eq!((pages.take_in(last).unwrap().len(), pages.is_over), (3, true));
        }
        let mut pages = gateway.queue_pages(0);
        let without_end = (0..).find_map(|number| pages.take_in(page(1, Some(&number.to_string()), true)).err());
        assert_eq!(without_end.unwrap().message, "its pages do not end");
    }
}
