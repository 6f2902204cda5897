//! `/send-event` and `/send-edit-event`: checks, faults, and what is accepted.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::checks::{self, Endpoint};
use super::faults::{self, Request};
use super::log::Entry;
use super::options::{Fault, RetryAfter};
use super::server::{Answer, Caller, Shared, answer, bytes, error, is_json, state_file_fault};
use super::world::World;
use crate::gateway::wire::Queued;

pub(super) async fn send_event(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    handle(&shared, &caller, Endpoint::SendEvent, &headers, &body).await
}

pub(super) async fn send_edit_event(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    handle(&shared, &caller, Endpoint::SendEditEvent, &headers, &body).await
}

async fn handle(shared: &Shared, Caller(id): &Caller, endpoint: Endpoint, headers: &HeaderMap, body: &Bytes) -> Answer {
    let (answer, latency) = {
        let (mut world, now_ms) = shared.lock();
        let number = world.count_request(now_ms);
        let (recipient, answer) = decide(&mut world, id, endpoint, headers, body, number, now_ms);
        world.log.push(Entry {
            at_ms: now_ms,
            instance: Arc::clone(id),
            endpoint: match endpoint {
                Endpoint::SendEvent => "send-event",
                Endpoint::SendEditEvent => "send-edit-event",
            },
            recipient: recipient.into(),
            status: answer.as_ref().map_or(0, |answer| answer.status().as_u16()),
            body: body.as_ref().into(),
        });
        (answer, latency(&world, number))
    };
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    match answer {
        Some(answer) => answer,
        None => std::future::pending().await,
    }
}

/// The recipient, as far as it could be read, and the answer; `None` for one that never comes.
fn decide(
    world: &mut World,
    id: &Arc<str>,
    endpoint: Endpoint,
    headers: &HeaderMap,
    body: &Bytes,
    number: u64,
    now_ms: u64,
) -> (String, Option<Answer>) {
    if !is_json(headers.get(header::CONTENT_TYPE)) {
        let refusal = error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json");
        return (String::new(), Some(refusal));
    }
    let wanted = match checks::check(endpoint, body) {
        Ok(wanted) => wanted,
        Err(words) => return (String::new(), Some(error(StatusCode::BAD_REQUEST, &words))),
    };
    let phone = wanted.phone.clone();
    let request = Request { number, instance: id, phone: &phone };
    let fault = faults::choose(&world.options.faults, world.options.seed, &request).cloned();
    if let Some(fault) = fault.as_ref().filter(|fault| !fault.is_processed) {
        return (phone, faulty(&fault.fault, world.options.retry_after));
    }
    let done = match endpoint {
        Endpoint::SendEvent => world.create(id, &wanted, now_ms),
        Endpoint::SendEditEvent => world.edit(id, &wanted, now_ms),
    };
    let answer = match (fault, done) {
        (_, Err(_)) => Some(state_file_fault()),
        (Some(fault), Ok(_)) => faulty(&fault.fault, world.options.retry_after),
        (None, Ok(Err(words))) => Some(error(StatusCode::BAD_REQUEST, &words)),
        (None, Ok(Ok(ids))) => {
            let queued = Queued { zaap_id: &ids.zaap_id, message_id: &ids.message_id, id: &ids.message_id };
            Some(answer(StatusCode::OK, &queued))
        }
    };
    (phone, answer)
}

fn faulty(fault: &Fault, retry_after: RetryAfter) -> Option<Answer> {
    let status = StatusCode::from_u16(faults::status(fault)?).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Some(match fault {
        Fault::Hang => return None,
        Fault::Says { error: words, .. } => error(status, words),
        Fault::ErrorIn200 => error(status, "refused by the sandbox, as it was told to"),
        Fault::Garbage => bytes(status, b"<html>the sandbox was told to answer garbage".to_vec()),
        Fault::Redirect => {
            let mut answer = error(status, "elsewhere");
            answer.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/sandbox/elsewhere"));
            answer
        }
        Fault::Status(code) => {
            let mut answer = error(status, faults::words(*code));
            if *code == 429
                && let Some(value) = retry_after_value(retry_after)
            {
                answer.headers_mut().insert(header::RETRY_AFTER, value);
            }
            answer
        }
    })
}

fn retry_after_value(retry_after: RetryAfter) -> Option<HeaderValue> {
    match retry_after {
        RetryAfter::Seconds(seconds) => Some(HeaderValue::from(seconds)),
        RetryAfter::Date(wait) => HeaderValue::from_str(&httpdate::fmt_http_date(SystemTime::now() + wait)).ok(),
        RetryAfter::Missing => None,
    }
}

fn latency(world: &World, number: u64) -> Duration {
    let options = &world.options;
    if options.latency_jitter.is_zero() {
        return options.latency;
    }
    let share = fastrand::Rng::with_seed(options.seed ^ number.rotate_left(32)).f64();
    options.latency + options.latency_jitter.mul_f64(share)
}
