//! Z-API over HTTP: one attempt is exactly one request, and what came of it is an [`Outcome`].
//!
//! Talks to the network, and to nothing else. Deliberately absent: retries, pauses and pacing (the engine's), printing,
//! and any error of the HTTP library, all of which would show the URL and so the token: `failure` is where they end.
//! `wire` has the JSON shapes (shared with the sandbox), `classify` the table of what an answer means, `client` the one
//! way to make a request, `calls`, `queue` and `groups` everything that is not a message.

pub mod base_url;
pub mod calls;
pub mod classify;
mod client;
pub mod failure;
pub mod groups;
mod object;
pub mod queue;
pub mod redact;
mod said;
pub mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::{Method, Url};
use secrecy::ExposeSecret;

pub use base_url::{BaseUrl, BaseUrlFault, ProxyUrl, ProxyUrlFault};
pub use calls::{CallFault, FaultClass};
use client::Client;
pub use groups::GroupPages;
pub use queue::{Deletion, QueuePages};
use redact::Redactor;

use crate::instance::Instance;
use crate::message::AttemptKind;
use crate::outcome::{NotSent, Outcome};

/// Who we say we are.
const PROGRAM: &str = concat!("zapi-batch/", env!("CARGO_PKG_VERSION"));

/// An answer to an attempt is read up to here.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The way to Z-API for all instances of a run. Cheap to share behind an `Arc`; every call takes `&self`.
pub struct Gateway {
    client: Client,
    base: BaseUrl,
    /// In the order in which the instances were given: everywhere else an instance is its index.
    instances: Vec<Endpoint>,
}

/// What is worked out once for an instance.
struct Endpoint {
    name: Arc<str>,
    /// Up to and with the token; every URL made from it is a secret.
    segments: [secrecy::SecretString; 2],
    send: Url,
    edit: Url,
    headers: HeaderMap,
    redactor: Redactor,
}

/// Why there can be no gateway. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayError {
    /// An instance's id or token is empty or cannot be part of a URL.
    Credential { instance: Arc<str>, what: &'static str },
    /// The client token holds characters that cannot stand in a header.
    ClientToken { instance: Arc<str> },
    /// The HTTP library could not be set up; most likely the system has no root certificates.
    Client,
}

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential { instance, what } => {
                write!(f, "the {what} of instance \"{instance}\" is empty or cannot be part of an address")
            }
            Self::ClientToken { instance } => write!(
                f,
                "the client token of instance \"{instance}\" is empty or holds characters that cannot stand in a header \
                 (a line break, perhaps)"
            ),
            Self::Client => f.write_str(
                "the HTTPS client could not be set up: this system seems to have no root certificates \
                 (install the package ca-certificates)",
            ),
        }
    }
}

impl std::error::Error for GatewayError {}

/// Shows which instances there are and nothing else.
impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.instances.iter().map(|endpoint| &endpoint.name).collect();
        f.debug_struct("Gateway").field("base", &self.base).field("instances", &names).finish_non_exhaustive()
    }
}

impl Gateway {
    /// `timeout` is for a whole request. A proxy is used only when given, and never for a loopback base.
    pub fn new(
        base: &BaseUrl,
        instances: &[Instance],
        timeout: Duration,
        proxy: Option<&ProxyUrl>,
    ) -> Result<Self, GatewayError> {
        let instances = instances.iter().map(|instance| Endpoint::new(base, instance)).collect::<Result<_, _>>()?;
        let client = Client::new(base, timeout, proxy)?;
        Ok(Self { client, base: base.clone(), instances })
    }

    pub fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// One HTTP request for a message: exactly one, whatever comes of it. `event_json` goes on the wire as it is.
    ///
    /// `original_id` is the message id of the invitation; an edit needs it, a create has none.
    ///
    /// # Panics
    /// When `instance` is not an index into the instances that the gateway was made with.
    pub async fn attempt(
        &self,
        instance: usize,
        kind: AttemptKind,
        address: &str,
        original_id: Option<&str>,
        event_json: &str,
    ) -> Outcome {
        let endpoint = &self.instances[instance];
        let (url, body) = match (kind, original_id) {
            (AttemptKind::Create, _) => (&endpoint.send, wire::send_event_body(address, event_json)),
            (AttemptKind::Edit, Some(original_id)) => {
                (&endpoint.edit, wire::send_edit_event_body(address, original_id, event_json))
            }
            // The plan blocks such edits; should one come all the same, nothing may be edited at random.
            (AttemptKind::Edit, None) => {
                let error = "an edit needs the message id of the invitation".to_owned();
                return Outcome::NotSent { http_status: None, error, then: NotSent::StopLane };
            }
        };
        let exchange =
            self.client.exchange(Method::POST, url.clone(), endpoint.headers.clone(), Some(body), ANSWER_BYTES_MAX);
        match exchange.await {
            Ok(answer) => classify::classify(&answer, &endpoint.redactor, SystemTime::now()),
            Err(failure) => classify::classify_failure(failure),
        }
    }
}

impl Endpoint {
    fn new(base: &BaseUrl, instance: &Instance) -> Result<Self, GatewayError> {
        let credentials = &instance.credentials;
        for (what, secret) in [("id", &credentials.id), ("token", &credentials.token)] {
            if !is_path_segment(secret.expose_secret()) {
                return Err(GatewayError::Credential { instance: Arc::clone(&instance.name), what });
            }
        }
        // All of them, the library's own defaults too, which it would add to each request's copy one by one.
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(USER_AGENT, HeaderValue::from_static(PROGRAM));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(client_token) = &credentials.client_token {
            let mut value = HeaderValue::from_str(client_token.expose_secret())
                .ok()
                .filter(|value| !value.is_empty())
                .ok_or_else(|| GatewayError::ClientToken { instance: Arc::clone(&instance.name) })?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(wire::CLIENT_TOKEN_HEADER), value);
        }
        let segments = [credentials.id.clone(), credentials.token.clone()];
        let url = |last: &str| instance_url(base, &segments, &[last]);
        Ok(Self {
            name: Arc::clone(&instance.name),
            send: url("send-event"),
            edit: url("send-edit-event"),
            headers,
            redactor: Redactor::new(credentials),
            segments,
        })
    }
}

fn instance_url(base: &BaseUrl, [id, token]: &[secrecy::SecretString; 2], rest: &[&str]) -> Url {
    let start = ["instances", id.expose_secret(), "token", token.expose_secret()];
    base.join(start.into_iter().chain(rest.iter().copied()))
}

/// Empty segments and dots would change the path instead of standing in it.
fn is_path_segment(text: &str) -> bool {
    !text.trim().is_empty() && text != "." && text != ".." && !text.chars().any(char::is_control)
}

/// For the tests of this room: a gateway that nobody answers.
#[cfg(test)]
mod testing {
    use secrecy::SecretString;

    use super::*;
    use crate::instance::Credentials;

    pub(super) fn instance(id: &str, token: &str, client_token: Option<&str>) -> Instance {
        let client_token = client_token.map(SecretString::from);
        let credentials = Credentials { id: SecretString::from(id), token: SecretString::from(token), client_token };
        Instance { name: "main".into(), credentials }
    }

    pub(super) fn gateway_of(instance: &Instance) -> Result<Gateway, GatewayError> {
        let base = BaseUrl::parse("http://127.0.0.1:9").unwrap();
        Gateway::new(&base, std::slice::from_ref(instance), Duration::from_secs(1), None)
    }

    pub(super) fn gateway() -> Gateway {
        gateway_of(&instance("3C01", "A20T", None)).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{gateway_of, instance};

    #[test]
    fn credentials_that_cannot_be_sent_are_refused_without_being_shown() {
        for (id, token, client_token) in [
            ("", "t", None),
            ("..", "t", None),
            ("i", " ", None),
            ("i", "a\nb", None),
            ("i", "t", Some("")),
            ("i", "t", Some("S3CRET\r\nX: y")),
        ] {
            let error = gateway_of(&instance(id, token, client_token)).unwrap_err();
            assert!(!error.to_string().contains("S3CRET"), "{error}");
        }
    }

    #[test]
    fn a_gateway_shows_no_secret() {
        let gateway = gateway_of(&instance("1DS3CRET", "TOS3CRET", Some("CTS3CRET"))).unwrap();
        let shown = format!("{gateway:?} {:?}", gateway.instances[0].headers);
        assert!(!shown.contains("S3CRET"), "{shown}");
    }
}
