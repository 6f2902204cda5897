//! The one way to make an HTTP request: a client with everything switched off that could make two requests out of one,
//! send one elsewhere, or wait without a limit.
//!
//! Knows nothing of messages. Every error of the library ends here, by way of `failure`.
//!
//! What the library still does by itself, and why it is harmless: hyper takes a request back from a pooled connection
//! that it finds closed *before any of it was encoded*, and gives it to another connection. The request is handed back by
//! value, so no byte of it can have been written. A request that meets a connection whose end nobody has noticed yet is
//! written and lost, and stays unknown: that is what [`IDLE_MAX`] keeps rare. `tests/it/contract.rs` counts the requests
//! that arrive in both cases.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, Proxy, Url, redirect, retry};

use super::GatewayError;
use super::base_url::{BaseUrl, ProxyUrl};
use super::classify::{Answer, Body};
use super::failure::{self, Failure};

/// Connecting takes no longer than this, TLS included, or half of the whole timeout if that is less: so a connect
/// timeout is always told apart from a lost answer.
const CONNECT_TIMEOUT_MAX: Duration = Duration::from_secs(5);

/// A connection that was idle for longer is not used again: a server that closes it just then would make a request
/// that nobody read look unknown.
const IDLE_MAX: Duration = Duration::from_secs(1);

pub(super) struct Client {
    http: reqwest::Client,
}

impl Client {
    pub(super) fn new(base: &BaseUrl, timeout: Duration, proxy: Option<&ProxyUrl>) -> Result<Self, GatewayError> {
        // An error only says that a provider is set already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .http1_only()
            .no_proxy()
            .https_only(!base.is_loopback())
            .connect_timeout(CONNECT_TIMEOUT_MAX.min(timeout / 2))
            .timeout(timeout)
            // As many as there are requests in flight: the engine's slots are the limit.
            .pool_max_idle_per_host(usize::MAX)
            .pool_idle_timeout(IDLE_MAX)
            .tcp_nodelay(true);
        if base.is_plain() {
            // No certificate is ever looked at, so a machine without any can still rehearse, and starts sooner.
            builder = builder.tls_certs_only([]);
        }
        if let Some(proxy) = proxy.filter(|_| !base.is_loopback()) {
            builder = builder.proxy(Proxy::all(proxy.url().clone()).map_err(|_| GatewayError::Client)?);
        }
        Ok(Self { http: builder.build().map_err(|_| GatewayError::Client)? })
    }

    /// One request and its whole answer, of which at most `bytes_max` are kept.
    pub(super) async fn exchange(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Option<Vec<u8>>,
        bytes_max: usize,
    ) -> Result<Answer, Failure> {
        let mut request = reqwest::Request::new(method, url);
        *request.headers_mut() = headers;
        *request.body_mut() = body.map(Into::into);
        let own = |error: reqwest::Error| failure::from_reqwest(&error);

        let mut response = self.http.execute(request).await.map_err(own)?;
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(own)? {
            if bytes.len() + chunk.len() > bytes_max {
                return Ok(Answer { status, retry_after, body: Body::TooLong });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answer { status, retry_after, body: Body::Whole(bytes) })
    }
}
