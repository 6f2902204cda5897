//! The HTTP side of the stand-in: routes, credentials, the forms of its answers, and the controls under `/sandbox`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, RawPathParams, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, Uri, header};
use axum::routing::{delete, get, post, put};
use axum::{Router, middleware};
use serde::Serialize;
use serde_json::json;

use super::log::Entry;
use super::options::Account;
use super::world::World;
use super::{reads, sends};
use crate::gateway::wire::CLIENT_TOKEN_HEADER;

pub(super) type Answer = Response<Body>;

/// What all handlers share.
pub(super) struct Shared {
    world: Mutex<World>,
    started: Instant,
    started_ms: u64,
}

impl Shared {
    pub(super) fn new(world: World, started_ms: u64) -> Self {
        Self { world: Mutex::new(world), started: Instant::now(), started_ms }
    }

    /// The world and the time, which never goes back.
    pub(super) fn lock(&self) -> (MutexGuard<'_, World>, u64) {
        // The world is only ever changed as a whole, so it can be used after a panic.
        let world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        (world, self.started_ms.saturating_add(elapsed_ms))
    }
}

/// Milliseconds since 1970, now.
pub(super) fn wall_clock_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let api = Router::new()
        .route("/send-event", post(sends::send_event))
        .route("/send-edit-event", post(sends::send_edit_event))
        .route("/status", get(reads::status))
        .route("/me", get(reads::me))
        .route("/device", get(reads::device))
        .route("/groups", get(reads::groups))
        .route("/light-group-metadata/{group}", get(reads::light_group_metadata))
        .route("/phone-exists-batch", post(reads::phone_exists_batch))
        .route("/queue", post(reads::queue).delete(reads::empty_queue))
        .route("/queue/count", get(reads::queue_count))
        .route("/queue/{zaap_id}", delete(reads::delete_queued))
        .route("/update-queue-settings", put(reads::update_queue_settings));
    Router::new()
        .nest("/instances/{id}/token/{token}", api)
        .route("/sandbox/log", get(log))
        .route("/sandbox/counts", get(counts))
        .route("/sandbox/events", get(events))
        .route("/sandbox/reset", post(reset))
        .route("/sandbox/connect", post(connect))
        .route("/sandbox/disconnect", post(disconnect))
        .route("/sandbox/foreign", post(foreign))
        .fallback(async || error(StatusCode::NOT_FOUND, "Unable to find matching target resource method"))
        .method_not_allowed_fallback(async || error(StatusCode::METHOD_NOT_ALLOWED, "Method not supported"))
        .layer(middleware::map_response(async |mut answer: Answer| {
            answer.headers_mut().insert("x-sandbox", HeaderValue::from_static("stand-in; nothing is sent"));
            answer
        }))
        .with_state(shared)
}

/// Whoever asks, let in: the instance's id. The credentials are checked before anything is looked at.
pub(super) struct Caller(pub(super) Arc<str>);

impl FromRequestParts<Arc<Shared>> for Caller {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Answer> {
        let (mut id, mut token) = (String::new(), String::new());
        if let Ok(params) = RawPathParams::from_request_parts(parts, shared).await {
            for (name, value) in &params {
                match name {
                    "id" => value.clone_into(&mut id),
                    "token" => value.clone_into(&mut token),
                    _ => {}
                }
            }
        }
        let client_token = parts.headers.get(CLIENT_TOKEN_HEADER).map(|value| value.to_str().unwrap_or_default());
        let (mut world, now_ms) = shared.lock();
        match admit(&world.options.accounts, &id, &token, client_token) {
            Ok(()) => Ok(Self(Arc::clone(&world.instance(&id, now_ms).name))),
            Err((status, words)) => {
                log_refusal(&mut world, &parts.uri, &id, status, now_ms);
                Err(error(status, &words))
            }
        }
    }
}

/// A send with bad credentials is a request, too; its body is not looked at.
fn log_refusal(world: &mut World, uri: &Uri, id: &str, status: StatusCode, now_ms: u64) {
    let Some(endpoint) = ["send-event", "send-edit-event"].into_iter().find(|end| uri.path().ends_with(end)) else {
        return;
    };
    world.count_request(now_ms);
    world.log.push(Entry {
        at_ms: now_ms,
        instance: id.into(),
        endpoint,
        recipient: Box::default(),
        status: status.as_u16(),
        body: Box::default(),
    });
}

/// Whether these credentials are known, and if not, what the service says.
fn admit(accounts: &[Account], id: &str, token: &str, client_token: Option<&str>) -> Result<(), (StatusCode, String)> {
    if accounts.is_empty() {
        return Ok(());
    }
    let Some(account) = accounts.iter().find(|account| account.id == id) else {
        return Err((StatusCode::BAD_REQUEST, "Instance not found".to_owned()));
    };
    if account.token != token {
        return Err((StatusCode::BAD_REQUEST, "Instance token not found".to_owned()));
    }
    match (&account.client_token, client_token) {
        (None, _) => Ok(()),
        (Some(_), None) => Err((StatusCode::FORBIDDEN, "null not allowed".to_owned())),
        (Some(wanted), Some(given)) if wanted == given => Ok(()),
        (Some(_), Some(given)) => Err((StatusCode::FORBIDDEN, format!("Client-Token {given} not allowed"))),
    }
}

/// An answer in JSON.
pub(super) fn answer(status: StatusCode, value: &impl Serialize) -> Answer {
    bytes(status, serde_json::to_vec(value).unwrap_or_default())
}

/// `{"error": …}`.
pub(super) fn error(status: StatusCode, words: &str) -> Answer {
    answer(status, &json!({ "error": words }))
}

/// An answer in JSON that is written already.
pub(super) fn bytes(status: StatusCode, body: Vec<u8>) -> Answer {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// One value of a query; nothing here needs more than plain words.
pub(super) fn query<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}

async fn log(State(shared): State<Arc<Shared>>) -> Answer {
    let (world, _) = shared.lock();
    bytes(StatusCode::OK, world.log.to_json())
}

async fn counts(State(shared): State<Arc<Shared>>) -> Answer {
    let (world, _) = shared.lock();
    let counts = world.counts;
    answer(StatusCode::OK, &json!({ "requests": counts.requests, "duplicates": counts.duplicates }))
}

/// What every recipient has now.
async fn events(State(shared): State<Arc<Shared>>) -> Answer {
    let (world, _) = shared.lock();
    let events: Vec<_> = world
        .accepted()
        .map(|(message_id, accepted)| {
            json!({
                "instance": &*accepted.instance,
                "phone": &*accepted.phone,
                "messageId": message_id,
                "event": accepted.event(),
            })
        })
        .collect();
    answer(StatusCode::OK, &events)
}

async fn reset(State(shared): State<Arc<Shared>>) -> Answer {
    let (mut world, _) = shared.lock();
    match world.reset() {
        Ok(()) => answer(StatusCode::OK, &json!({ "reset": true })),
        Err(_) => state_file_fault(),
    }
}

/// `?instance=ID`; without it, all instances.
async fn connect(State(shared): State<Arc<Shared>>, uri: Uri) -> Answer {
    set_connected(&shared, &uri, true)
}

async fn disconnect(State(shared): State<Arc<Shared>>, uri: Uri) -> Answer {
    set_connected(&shared, &uri, false)
}

fn set_connected(shared: &Shared, uri: &Uri, is_connected: bool) -> Answer {
    let (mut world, now_ms) = shared.lock();
    world.set_connected(query(uri, "instance"), is_connected, now_ms);
    answer(StatusCode::OK, &json!({ "connected": is_connected }))
}

/// `?instance=ID&count=N`: that many messages of other programs join the queue.
async fn foreign(State(shared): State<Arc<Shared>>, uri: Uri) -> Answer {
    let (mut world, now_ms) = shared.lock();
    let count = query(&uri, "count").and_then(|count| count.parse().ok());
    let (Some(id), Some(count)) = (query(&uri, "instance"), count) else {
        return error(StatusCode::BAD_REQUEST, "?instance=ID&count=N");
    };
    world.instance(id, now_ms);
    world.add_foreign(id, count, now_ms);
    answer(StatusCode::OK, &json!({ "foreign": count }))
}

pub(super) fn state_file_fault() -> Answer {
    error(StatusCode::INTERNAL_SERVER_ERROR, "the sandbox cannot write its state file")
}

/// Whether the body says that it is JSON.
pub(super) fn is_json(content_type: Option<&HeaderValue>) -> bool {
    content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The body as JSON, or the answer that refuses it.
pub(super) fn read_json<T: serde::de::DeserializeOwned>(
    content_type: Option<&HeaderValue>,
    body: &Bytes,
) -> Result<T, Box<Answer>> {
    if !is_json(content_type) {
        return Err(Box::new(error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json")));
    }
    serde_json::from_slice(body).map_err(|_| Box::new(error(StatusCode::BAD_REQUEST, "the body is not valid JSON")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_refused_in_the_services_words() {
        let account = |id: &str, client_token: Option<&str>| Account {
            id: id.to_owned(),
            token: "T".to_owned(),
            client_token: client_token.map(ToOwned::to_owned),
        };
        let accounts = [account("A", Some("C")), account("B", None)];
        let said = |id, token, client_token| admit(&accounts, id, token, client_token).err();
        assert_eq!(said("A", "T", Some("C")), None);
        assert_eq!(said("B", "T", None), None);
        assert_eq!(said("A", "T", None), Some((StatusCode::FORBIDDEN, "null not allowed".to_owned())));
        assert_eq!(said("A", "T", Some("x")), Some((StatusCode::FORBIDDEN, "Client-Token x not allowed".to_owned())));
        assert_eq!(said("A", "x", Some("C")).map(|(status, _)| status), Some(StatusCode::BAD_REQUEST));
        assert_eq!(said("x", "T", None), Some((StatusCode::BAD_REQUEST, "Instance not found".to_owned())));
        assert!(admit(&[], "anybody", "anything", None).is_ok());
    }
}
