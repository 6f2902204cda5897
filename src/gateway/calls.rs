//! Every call that is not a message: how an instance is, what waits in its queue, which groups it is in.
//!
//! Like an attempt, a call is one request without retries; unlike one, what came of it is a value or a [`CallFault`].

use std::fmt;
use std::time::SystemTime;

use reqwest::Method;
use serde::de::DeserializeOwned;

use super::classify::{Answer, Body, classify, classify_failure};
use super::failure::Failure;
use super::said::Said;
use super::wire::{Device, Group, GroupMetadata, Me, QueuePage, QueueQuery, Status};
use super::{Gateway, instance_url};
use crate::outcome::{NotSent, Outcome};

/// A page of groups or of the queue carries names and messages, so it is read further than an attempt's answer.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// So that a server which always answers full pages cannot keep us for ever.
const GROUPS_PAGES_MAX: usize = 1000;

/// Why a call has no value. Its message is one line and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFault {
    pub class: FaultClass,
    pub http_status: Option<u16>,
    pub message: String,
    /// Whether the request may have been carried out all the same; only matters where it changes something.
    pub may_have_happened: bool,
}

/// What kind of trouble it is, and so who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultClass {
    /// The instance's credentials, the base URL or TLS: the set-up is wrong.
    Credentials,
    /// No connection, no answer, or none that was complete; also 429 and 5xx. May pass.
    Network,
    Other,
}

impl fmt::Display for CallFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.http_status.map_or(Ok(()), |status| write!(f, " (HTTP {status})"))
    }
}

impl std::error::Error for CallFault {}

/// What an `error` beside the value means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ErrorField {
    Decides,
    Ignored,
}

/// What came of taking one message out of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It waited, and does so no more.
    Removed,
    /// It was not in the queue: most likely it has gone out.
    NotThere,
}

impl Gateway {
    /// The number of groups asked for at a time: a shorter page is the last one.
    pub const GROUPS_PAGE_SIZE: usize = 100;

    /// `GET /status`: whether the instance is connected to its phone.
    pub async fn status(&self, instance: usize) -> Result<Status, CallFault> {
        let answer = self.call(instance, Method::GET, &["status"], &[], None).await?;
        // Its `error` is filled even when all is well.
        self.decode(instance, &answer, ErrorField::Ignored)
    }

    /// `GET /me`: the fields that are needed; the rest of the answer is secret and is dropped.
    pub async fn me(&self, instance: usize) -> Result<Me, CallFault> {
        self.read(instance, Method::GET, &["me"], &[], None).await
    }

    /// `GET /device`: the number and the name that the instance sends as.
    pub async fn device(&self, instance: usize) -> Result<Device, CallFault> {
        self.read(instance, Method::GET, &["device"], &[], None).await
    }

    /// All groups of the instance, page by page until one is short.
    pub async fn groups(&self, instance: usize) -> Result<Vec<Group>, CallFault> {
        let mut groups = Vec::new();
        for page in 1..=GROUPS_PAGES_MAX {
            let found = self.groups_page(instance, page).await?;
            let is_last = found.len() < Gateway::GROUPS_PAGE_SIZE;
            groups.extend(found.into_iter().filter(|chat| chat.is_group));
            if is_last {
                break;
            }
        }
        Ok(groups)
    }

    /// One page of chats, from 1, for whoever wants to pace them. The last one is shorter than 100.
    pub async fn groups_page(&self, instance: usize, page: usize) -> Result<Vec<Group>, CallFault> {
        let query = [("page", page.to_string()), ("pageSize", Gateway::GROUPS_PAGE_SIZE.to_string())];
        self.read(instance, Method::GET, &["groups"], &query, None).await
    }

    /// `GET /light-group-metadata/{id}`.
    pub async fn light_group_metadata(&self, instance: usize, group: &str) -> Result<GroupMetadata, CallFault> {
        self.read(instance, Method::GET, &["light-group-metadata", group], &[], None).await
    }

    /// `POST /queue`: up to 30 of the messages that wait, after `paging_state` of the page before.
    pub async fn queue_page(&self, instance: usize, paging_state: Option<&str>) -> Result<QueuePage, CallFault> {
        let query =
            QueueQuery { page_size: QueueQuery::PAGE_SIZE_MAX, paging_state: paging_state.map(ToOwned::to_owned) };
        let body = serde_json::to_vec(&query).unwrap_or_default();
        self.read(instance, Method::POST, &["queue"], &[], Some(body)).await
    }

    /// `DELETE /queue/{zaapId}`: takes one message back. An empty id is refused here, since without it the request would
    /// empty the whole queue, other programs' messages too.
    pub async fn delete_queued(&self, instance: usize, zaap_id: &str) -> Result<Deletion, CallFault> {
        if !super::is_path_segment(zaap_id) {
            let message = "a message without a zaap id cannot be taken back".to_owned();
            return Err(CallFault { class: FaultClass::Other, http_status: None, message, may_have_happened: false });
        }
        let answer = self.call(instance, Method::DELETE, &["queue", zaap_id], &[], None).await?;
        match answer.status {
            200..=299 if !Said::read(&answer.body).states_error() => Ok(Deletion::Removed),
            404 if !Said::read(&answer.body).is_about_setup() => Ok(Deletion::NotThere),
            _ => Err(self.fault(instance, &answer)),
        }
    }

    async fn read<T: DeserializeOwned>(
        &self,
        instance: usize,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<Vec<u8>>,
    ) -> Result<T, CallFault> {
        let answer = self.call(instance, method, path, query, body).await?;
        self.decode(instance, &answer, ErrorField::Decides)
    }

    fn decode<T: DeserializeOwned>(
        &self,
        instance: usize,
        answer: &Answer,
        error_field: ErrorField,
    ) -> Result<T, CallFault> {
        let said = Said::read(&answer.body);
        let is_refused = said.is_about_setup() || (error_field == ErrorField::Decides && said.states_error());
        if answer.status == 200
            && !is_refused
            && let Body::Whole(bytes) = &answer.body
            && let Ok(value) = serde_json::from_slice(bytes)
        {
            return Ok(value);
        }
        Err(self.fault(instance, answer))
    }

    async fn call(
        &self,
        instance: usize,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<Vec<u8>>,
    ) -> Result<Answer, CallFault> {
        let endpoint = &self.instances[instance];
        let mut url = instance_url(&self.base, &endpoint.segments, path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let exchange = self.client.exchange(method, url, endpoint.headers.clone(), body, ANSWER_BYTES_MAX);
        exchange.await.map_err(failed)
    }

    /// What an answer without a value means: the same table as for an attempt.
    fn fault(&self, instance: usize, answer: &Answer) -> CallFault {
        let redactor = &self.instances[instance].redactor;
        let outcome = classify(answer, redactor, SystemTime::now());
        let (class, may_have_happened) = match &outcome {
            Outcome::NotSent { then: NotSent::StopLane, .. } => (FaultClass::Credentials, false),
            Outcome::NotSent { then: NotSent::Pause | NotSent::Throttled { .. }, .. } => (FaultClass::Network, false),
            Outcome::Rejected { .. } => (FaultClass::Other, false),
            Outcome::Unknown { .. } if answer.status >= 500 => (FaultClass::Network, true),
            Outcome::Unknown { .. } | Outcome::Accepted { .. } | Outcome::HeldBack => (FaultClass::Other, true),
        };
        let message = if answer.status == 200 && class == FaultClass::Other && !Said::read(&answer.body).states_error()
        {
            "the answer does not have the expected form".to_owned()
        } else {
            outcome.error().to_owned()
        };
        CallFault { class, http_status: Some(answer.status), message, may_have_happened }
    }
}

fn failed(failure: Failure) -> CallFault {
    let outcome = classify_failure(failure);
    let class = match &outcome {
        Outcome::NotSent { then: NotSent::StopLane, .. } => FaultClass::Credentials,
        Outcome::NotSent { .. }
        | Outcome::Unknown { .. }
        | Outcome::Rejected { .. }
        | Outcome::Accepted { .. }
        | Outcome::HeldBack => FaultClass::Network,
    };
    CallFault {
        class,
        http_status: None,
        message: outcome.error().to_owned(),
        may_have_happened: matches!(failure, Failure::Lost(_)),
    }
}
