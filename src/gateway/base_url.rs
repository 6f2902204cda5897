//! Where requests go: the base URL and the proxy, as a person gave them, checked.
//!
//! Pure: text in, value or fault out. Neither type shows what may be secret in it, and a fault repeats nothing of the
//! text but its scheme and host. Nothing here knows where the text came from (a flag or a variable).

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

/// Z-API's own address.
pub const DEFAULT_BASE_URL: &str = "https://api.z-api.io";

/// What stands before an id and before a token in the address of an instance.
const INSTANCE_PARTS: [&str; 2] = ["instances", "token"];

/// The address that instances' URLs start with: https, or http on the loopback interface.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    is_loopback: bool,
}

/// Why a text cannot be the base URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseUrlFault {
    NotAUrl,
    /// Neither https nor http.
    Scheme(String),
    /// http to a host that is not this machine: the token would travel in the clear.
    PlainHttp {
        host: String,
    },
    /// `user:password@` in it.
    UserInfo,
    /// `?query` or `#fragment` in it.
    QueryOrFragment,
    /// The address of an instance, as Z-API's panel shows it: its id and token would be shown wherever the base is.
    OfInstance,
}

impl BaseUrl {
    /// Reads an address such as `https://api.z-api.io`, with or without a path and a final slash.
    pub fn parse(text: &str) -> Result<Self, BaseUrlFault> {
        let mut url = Url::parse(text.trim()).map_err(|_| BaseUrlFault::NotAUrl)?;
        let host = url.host_str().ok_or(BaseUrlFault::NotAUrl)?.to_owned();
        let is_loopback = is_loopback(&host);
        match url.scheme() {
            "https" => {}
            "http" if is_loopback => {}
            "http" => return Err(BaseUrlFault::PlainHttp { host }),
            other => return Err(BaseUrlFault::Scheme(other.to_owned())),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlFault::UserInfo);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlFault::QueryOrFragment);
        }
        if url.path_segments().is_some_and(|mut parts| parts.any(|part| INSTANCE_PARTS.contains(&part))) {
            return Err(BaseUrlFault::OfInstance);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self { url, is_loopback })
    }

    /// Whether requests stay on this machine, so that nothing real can be reached.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Whether no certificate will ever be looked at.
    pub(super) fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// The URL of one endpoint: the base's path, then these segments, each percent-encoded.
    pub(super) fn join<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

impl Default for BaseUrl {
    fn default() -> Self {
        Self { url: Url::parse(DEFAULT_BASE_URL).expect("the built-in base URL is one"), is_loopback: false }
    }
}

/// Shown whole: it holds no secret, because the credentials are not part of the base.
impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({self})")
    }
}

impl fmt::Display for BaseUrlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAUrl => f.write_str("the base URL is not an address such as https://api.z-api.io"),
            Self::Scheme(scheme) => write!(f, "the base URL starts with \"{scheme}:\"; it must start with https://"),
            Self::PlainHttp { host } => write!(
                f,
                "the base URL uses http to reach {host}, so the token would travel unencrypted; use https:// (http is \
                 allowed to this machine only)"
            ),
            Self::UserInfo => f.write_str("the base URL must not hold a user name or password"),
            Self::QueryOrFragment => f.write_str("the base URL must not hold a query (?) or a fragment (#)"),
            Self::OfInstance => write!(
                f,
                "the base URL is the address of an instance; its id and token belong in the variables that the manifest \
                 names, and the base URL ends before /instances: {DEFAULT_BASE_URL}"
            ),
        }
    }
}

impl std::error::Error for BaseUrlFault {}

/// `localhost`, `127.x.y.z` or `::1`, literally: a name that merely resolves to this machine does not count, since what
/// it resolves to is up to others.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A proxy that was asked for by name. It may hold a password, so it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl(Url);

/// Why a text cannot be a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyUrlFault {
    NotAUrl,
    /// Neither http nor https (SOCKS is not supported).
    Scheme(String),
}

impl ProxyUrl {
    /// Reads an address such as `http://proxy.example:3128`; `user:password@` may stand in it, a missing scheme means
    /// http.
    pub fn parse(text: &str) -> Result<Self, ProxyUrlFault> {
        let text = text.trim();
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&with_scheme).map_err(|_| ProxyUrlFault::NotAUrl)?;
        match url.scheme() {
            _ if url.host_str().is_none_or(str::is_empty) => Err(ProxyUrlFault::NotAUrl),
            "http" | "https" => Ok(Self(url)),
            other => Err(ProxyUrlFault::Scheme(other.to_owned())),
        }
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyUrl([REDACTED])")
    }
}

impl fmt::Display for ProxyUrlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAUrl => f.write_str("the proxy is not an address such as http://proxy.example:3128"),
            Self::Scheme(scheme) => {
                write!(f, "the proxy starts with \"{scheme}:\"; only http:// and https:// proxies can be used")
            }
        }
    }
}

impl std::error::Error for ProxyUrlFault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_on_this_machine_only() {
        let accepted = [
            ("https://api.z-api.io", "https://api.z-api.io", false),
            (" https://api.z-api.io/ ", "https://api.z-api.io", false),
            ("https://gate.example:8443/zapi//", "https://gate.example:8443/zapi", false),
            ("http://localhost:8080", "http://localhost:8080", true),
            ("http://LOCALHOST:8080", "http://localhost:8080", true),
            ("http://127.0.0.1:1", "http://127.0.0.1:1", true),
            ("http://127.9.8.7:1/x", "http://127.9.8.7:1/x", true),
            ("http://[::1]:8080", "http://[::1]:8080", true),
            ("https://localhost:1", "https://localhost:1", true),
        ];
        for (text, shown, is_loopback) in accepted {
            let base = BaseUrl::parse(text).unwrap();
            assert_eq!((base.to_string().as_str(), base.is_loopback()), (shown, is_loopback), "{text}");
        }
        let plain = |host: &str| BaseUrlFault::PlainHttp { host: host.to_owned() };
        let refused = [
            ("", BaseUrlFault::NotAUrl),
            ("api.z-api.io", BaseUrlFault::NotAUrl),
            ("https://", BaseUrlFault::NotAUrl),
            ("http://api.z-api.io", plain("api.z-api.io")),
            ("http://localhost.example", plain("localhost.example")),
            ("http://127.0.0.1.example", plain("127.0.0.1.example")),
            ("http://10.0.0.1", plain("10.0.0.1")),
            ("http://0.0.0.0:80", plain("0.0.0.0")),
            ("ftp://api.z-api.io", BaseUrlFault::Scheme("ftp".to_owned())),
            ("file:///etc/passwd", BaseUrlFault::NotAUrl),
            ("https://user:word@api.z-api.io", BaseUrlFault::UserInfo),
            ("https://api.z-api.io/?a=b", BaseUrlFault::QueryOrFragment),
            ("https://api.z-api.io/#a", BaseUrlFault::QueryOrFragment),
            ("https://api.z-api.io/instances/3C01/token/A20T", BaseUrlFault::OfInstance),
            ("http://127.0.0.1:1/gate/token/A20T/", BaseUrlFault::OfInstance),
        ];
        for (text, fault) in refused {
            assert_eq!(BaseUrl::parse(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn endpoints_are_joined_and_encoded() {
        let join = |base: &str| BaseUrl::parse(base).unwrap().join(["instances", "a/b", "token", "t?é"]).to_string();
        assert_eq!(join("https://api.z-api.io"), "https://api.z-api.io/instances/a%2Fb/token/t%3F%C3%A9");
        assert_eq!(join("https://gate.example/zapi/"), "https://gate.example/zapi/instances/a%2Fb/token/t%3F%C3%A9");
    }

    #[test]
    fn a_proxy_is_http_and_never_shown() {
        for text in ["http://proxy.example:3128", "proxy.example:3128", "https://me:word@proxy.example"] {
            let proxy = ProxyUrl::parse(text).unwrap();
            assert_eq!(format!("{proxy:?}"), "ProxyUrl([REDACTED])", "{text}");
        }
        assert_eq!(ProxyUrl::parse("socks5://127.0.0.1:9050"), Err(ProxyUrlFault::Scheme("socks5".to_owned())));
        assert_eq!(ProxyUrl::parse(""), Err(ProxyUrlFault::NotAUrl));
    }
}
