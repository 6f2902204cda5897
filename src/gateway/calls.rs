//! Every call that is not a message: how an instance is, and the way that those of `queue` and `groups` take.
//!
//! Like an attempt, a call is one request without retries; unlike one, what came of it is a value or a [`CallFault`].

use std::fmt;
use std::time::SystemTime;

use reqwest::Method;
use serde::de::DeserializeOwned;

use super::classify::{Answer, Body, classify, classify_failure};
use super::failure::{ConnectFailure, Failure};
use super::object::Object;
use super::said::Said;
use super::wire::{Device, Me, Status};
use super::{Gateway, instance_url};
use crate::outcome::{NotSent, Outcome};

/// A page of groups or of the queue carries names and messages, so it is read further than an attempt's answer.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

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
    /// The instance's credentials or the base URL: the set-up is wrong.
    Credentials,
    /// No secure connection: a certificate, or something in between.
    Tls,
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

impl Gateway {
    /// `GET /status`: whether the instance is connected to its phone.
    pub async fn status(&self, instance: usize) -> Result<Status, CallFault> {
        let answer = self.call(instance, Method::GET, &["status"], &[], None).await?;
        // Its `error` is filled even when all is well.
        self.decode(instance, &answer, ErrorField::Ignored).map(|Object(status)| status)
    }

    /// `GET /me`: the fields that are needed; the rest of the answer is secret and is dropped.
    pub async fn me(&self, instance: usize) -> Result<Me, CallFault> {
        self.read(instance, Method::GET, &["me"], &[], None).await.map(|Object(me)| me)
    }

    /// `GET /device`: the number and the name that the instance sends as.
    pub async fn device(&self, instance: usize) -> Result<Device, CallFault> {
        self.read(instance, Method::GET, &["device"], &[], None).await.map(|Object(device)| device)
    }

    /// Structs are read as [`Object`]s.
    pub(super) async fn read<T: DeserializeOwned>(
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

    pub(super) async fn call(
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
    pub(super) fn fault(&self, instance: usize, answer: &Answer) -> CallFault {
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
    let class = match failure {
        Failure::Connect(ConnectFailure::Tls) => FaultClass::Tls,
        Failure::Connect(_) | Failure::Lost(_) => FaultClass::Network,
    };
    CallFault {
        class,
        http_status: None,
        message: outcome.error().to_owned(),
        may_have_happened: matches!(failure, Failure::Lost(_)),
    }
}
