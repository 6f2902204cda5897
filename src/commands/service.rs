//! How Z-API is reached: base URL, proxy and credentials for real, or the stand-in started in this process.

use std::env;
use std::time::Duration;

use secrecy::SecretString;

use super::credentials;
use super::failure::Failure;
use super::paths::Paths;
use crate::cli::ConnectionArgs;
use crate::exit::Exit;
use crate::gateway::{BaseUrl, Gateway, ProxyUrl};
use crate::instance::{Credentials, Instance};
use crate::manifest::Manifest;
use crate::sandbox::{self, Options, Running};

/// Z-API, or what stands in for it. Instances are in the manifest's order.
pub(super) struct Service {
    pub gateway: Gateway,
    pub instances: Vec<Instance>,
    /// The stand-in, which ends with this.
    pub sandbox: Option<Running>,
}

/// Where requests would go: the flag, else the variable, else Z-API itself. Never the manifest: who can edit a manifest
/// must not be able to send the tokens elsewhere.
pub(super) fn base_url(connection: &ConnectionArgs) -> Result<BaseUrl, Failure> {
    let given = connection.base_url.clone().or_else(|| variable("ZAPI_BASE_URL"));
    let Some(text) = given else { return Ok(BaseUrl::default()) };
    BaseUrl::parse(&text).map_err(|fault| Failure::refused(format!("the base URL cannot be used: {fault}")))
}

/// The stand-in with what earlier rehearsals left in it, or the real service.
pub(super) fn asked_for(
    manifest: &Manifest,
    paths: &Paths,
    is_sandbox: bool,
    connection: &ConnectionArgs,
) -> Result<Service, Failure> {
    if is_sandbox { stand_in(manifest, paths, false) } else { reach(manifest, connection) }
}

/// The service as the manifest, the environment and the flags say.
pub(super) fn reach(manifest: &Manifest, connection: &ConnectionArgs) -> Result<Service, Failure> {
    let base = base_url(connection)?;
    let proxy = connection.proxy.clone().or_else(|| variable("ZAPI_PROXY"));
    let proxy = proxy
        .map(|text| ProxyUrl::parse(&text))
        .transpose()
        .map_err(|fault| Failure::refused(format!("the proxy cannot be used: {fault}")))?;
    let instances = credentials::read(manifest, connection.env_file.as_deref())?;
    let gateway = gateway(&base, &instances, manifest.delivery.timeout, proxy.as_ref())?;
    Ok(Service { gateway, instances, sandbox: None })
}

/// The stand-in on a loopback port: needs no credentials; an instance's id comes from its name.
pub(super) fn stand_in(manifest: &Manifest, paths: &Paths, afresh: bool) -> Result<Service, Failure> {
    let options = Options {
        state: Some(paths.sandbox_state.clone()),
        start_afresh: afresh,
        // Nobody can ask for its log, since its port is not told.
        log_entries_max: 0,
        ..Options::default()
    };
    let running = sandbox::start(options, 0)
        .map_err(|error| Failure::refused(format!("the sandbox cannot be started: {error}")))?;
    let base = BaseUrl::parse(&running.base_url)
        .map_err(|fault| Failure::refused(format!("the sandbox's address cannot be used: {fault}")))?;
    let instances = rehearsed(manifest);
    let gateway = gateway(&base, &instances, manifest.delivery.timeout, None)?;
    Ok(Service { gateway, instances, sandbox: Some(running) })
}

/// The instances as the stand-in knows them.
pub(super) fn rehearsed(manifest: &Manifest) -> Vec<Instance> {
    let instance = |name: &std::sync::Arc<str>| Instance {
        name: std::sync::Arc::clone(name),
        credentials: Credentials {
            id: SecretString::from(format!("sandbox-{name}")),
            token: SecretString::from("sandbox"),
            client_token: None,
        },
    };
    manifest.instances.iter().map(|spec| instance(&spec.name)).collect()
}

/// The one runtime of a command: current-thread, since one thread is enough for hundreds of requests in flight.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::refused(format!("no runtime can be started: {error}")))
}

fn gateway(
    base: &BaseUrl,
    instances: &[Instance],
    timeout: Duration,
    proxy: Option<&ProxyUrl>,
) -> Result<Gateway, Failure> {
    Gateway::new(base, instances, timeout, proxy)
        .map_err(|error| Failure::new(Exit::Refused, format!("no connection can be prepared: {error}")))
}

/// A variable of the environment; empty counts as not set.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
