//! What the gateway makes of a network that fails in every way: one attempt is one request, "not sent" is said only on
//! proof, "accepted" only when it was answered so, and no error shows the URL.

use std::net::TcpListener;
use std::time::Duration;

use futures::future::join_all;
use secrecy::SecretString;
use zapi_batch::gateway::{BaseUrl, FaultClass, Gateway, GatewayError, ProxyUrl};
use zapi_batch::instance::{Credentials, Instance};
use zapi_batch::message::AttemptKind;
use zapi_batch::outcome::{NotSent, Outcome, Unknown};

use crate::support::faults::{Expected, GOOD, answer, catalogue, fault, good};
use crate::support::raw_server::{Fault, RawServer, Read, Step};

const TIMEOUT: Duration = Duration::from_secs(2);
const GROUP: &str = "120363019502650977-group";
/// The event of the reference's example.
const EVENT: &str = r#"{"name":"Event Name","description":"Event Description","dateTime":"2024-04-29T09:30:53.309Z","location":{"name":"Location Name"},"callLinkType":"video","canceled":false}"#;
const SECRETS: [&str; 3] = ["ID-S3CR3T", "TOKEN-S3CR3T", "CLIENT-S3CR3T"];

fn gateway_to(base_url: &str) -> Result<Gateway, GatewayError> {
    gateway_through(base_url, None)
}

fn gateway_through(base_url: &str, proxy: Option<&ProxyUrl>) -> Result<Gateway, GatewayError> {
    let [id, token, client_token] = SECRETS.map(SecretString::from);
    let credentials = Credentials { id, token, client_token: Some(client_token) };
    let instance = Instance { name: "main".into(), credentials };
    Gateway::new(&BaseUrl::parse(base_url).unwrap(), &[instance], TIMEOUT, proxy)
}

async fn create(gateway: &Gateway) -> Outcome {
    gateway.attempt(0, AttemptKind::Create, GROUP, None, EVENT).await
}

fn word(outcome: &Outcome) -> Expected {
    match outcome {
        Outcome::Accepted { .. } => Expected::Accepted,
        Outcome::Rejected { .. } => Expected::Rejected,
        Outcome::NotSent { .. } => Expected::NotSent,
        Outcome::Unknown { .. } => Expected::Unknown,
        Outcome::HeldBack => panic!("a request was made"),
    }
}

fn assert_shows_nothing(outcome: &Outcome) {
    let shown = format!("{outcome:?}").to_lowercase();
    for secret in ["s3cr3t", "http:", "https:", "127.0.0.1", "/instances"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn the_request_is_the_one_of_the_reference() {
    let server = RawServer::always(good());
    let gateway = gateway_to(&server.base_url()).unwrap();
    assert_eq!(word(&create(&gateway).await), Expected::Accepted);
    gateway.attempt(0, AttemptKind::Edit, GROUP, Some("D241"), EVENT).await;
    let seen = server.seen();
    let text = String::from_utf8(seen[0].bytes.clone()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.lines().map(str::to_ascii_lowercase).collect();
    assert_eq!(lines.remove(0), "post /instances/id-s3cr3t/token/token-s3cr3t/send-event http/1.1");
    lines.sort();
    assert_eq!(
        lines,
        [
            "accept: */*".to_owned(),
            "client-token: client-s3cr3t".to_owned(),
            format!("content-length: {}", body.len()),
            "content-type: application/json".to_owned(),
            format!("host: {}", server.address),
            concat!("user-agent: zapi-batch/", env!("CARGO_PKG_VERSION")).to_owned(),
        ]
    );
    assert_eq!(body, format!(r#"{{"phone":"{GROUP}","event":{EVENT}}}"#));
    assert!(
        String::from_utf8_lossy(&seen[1].bytes)
            .starts_with("POST /instances/ID-S3CR3T/token/TOKEN-S3CR3T/send-edit-event ")
    );
    let edit = format!(r#"{{"phone":"{GROUP}","eventMessageId":"D241","event":{EVENT}}}"#);
    assert_eq!(seen[1].body(), edit.as_bytes());
    assert_eq!(seen[1].connection, 0, "the connection is used again");
}

#[tokio::test]
async fn every_fault_comes_to_what_it_must_with_one_request() {
    let catalogue = catalogue();
    assert!(catalogue.len() >= 30, "{} faults", catalogue.len());
    // Hanging ones wait for their timeout, so all of them do so together.
    let runs = catalogue.into_iter().map(async |(fault, expected)| {
        let name = fault.name.clone();
        let server = RawServer::always(fault);
        let gateway = gateway_to(&server.base_url()).unwrap();
        let outcome = create(&gateway).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let seen = server.seen();
        assert!(expected.allows(word(&outcome)), "{name}: {outcome:?}, not {expected:?}");
        assert_eq!(seen.len(), 1, "{name}: {seen:?}");
        if let Outcome::NotSent { http_status: None, .. } = outcome {
            assert!(!seen[0].is_whole, "{name}: called not sent, and it arrived");
        }
        assert_shows_nothing(&outcome);
    });
    join_all(runs).await;
}

#[tokio::test]
async fn calls_fail_in_words_of_their_own() {
    let runs = catalogue().into_iter().map(async |(fault, expected)| {
        let name = fault.name.clone();
        let server = RawServer::always(fault);
        let gateway = gateway_to(&server.base_url()).unwrap();
        let fault = gateway.status(0).await.unwrap_err();
        assert!(!fault.message.is_empty() && !fault.to_string().contains("S3CR3T"), "{name}: {fault:?}");
        if expected == Expected::Unknown && fault.http_status.is_none() {
            assert_eq!((fault.class, fault.may_have_happened), (FaultClass::Network, true), "{name}");
        }
    });
    join_all(runs).await;
}

#[tokio::test]
async fn what_was_never_connected_was_not_sent() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gateway = gateway_to(&format!("http://{closed}")).unwrap();
    let outcome = create(&gateway).await;
    let expected = Outcome::NotSent { http_status: None, error: "connection refused".to_owned(), then: NotSent::Pause };
    assert_eq!(outcome, expected);
    assert_eq!(gateway.status(0).await.unwrap_err().class, FaultClass::Network);

    // A name that does not exist, unless a resolver answers it with a server of its own; that one has no certificate for
    // it. A machine without root certificates has no https at all.
    let Ok(gateway) = gateway_to("https://zapi-batch.invalid") else { return };
    let outcome = create(&gateway).await;
    assert!(matches!(outcome, Outcome::NotSent { http_status: None, .. }), "{outcome:?}");
    assert!(!outcome.error().contains("zapi-batch.invalid"), "{outcome:?}");
    assert_shows_nothing(&outcome);
}

#[tokio::test]
async fn a_tls_failure_stops_the_lane_and_sends_nothing() {
    let hello = |name: &str, bytes: &[u8]| fault(name, Read::Bytes(5), vec![Step::Send(bytes.to_vec()), Step::Fin]);
    for (fault, then) in [
        (hello("speaks plain HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n"), NotSent::StopLane),
        (hello("refuses the handshake", b"\x15\x03\x03\x00\x02\x02\x28"), NotSent::StopLane),
        (fault("resets in the handshake", Read::Bytes(5), vec![Step::Reset]), NotSent::Pause),
        (fault("hangs in the handshake", Read::Bytes(5), vec![Step::Hang]), NotSent::Pause),
    ] {
        let name = fault.name.clone();
        let server = RawServer::always(fault);
        let Ok(gateway) = gateway_to(&server.base_url().replace("http:", "https:")) else { return };
        let outcome = create(&gateway).await;
        assert!(
            matches!(&outcome, Outcome::NotSent { http_status: None, then: t, .. } if *t == then),
            "{name}: {outcome:?}"
        );
        assert!(!String::from_utf8_lossy(&server.seen()[0].bytes).contains("S3CR3T"), "{name}");
        assert_shows_nothing(&outcome);
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_stops_the_lane() {
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key.into())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut connection = rustls::ServerConnection::new(config.into()).unwrap();
        // It fails; what was read of a request by then is what counts.
        let _ = connection.complete_io(&mut stream);
        let mut request = Vec::new();
        let _ = std::io::Read::read_to_end(&mut connection.reader(), &mut request);
        request
    });
    let Ok(gateway) = gateway_to(&format!("https://localhost:{port}")) else { return };
    let outcome = create(&gateway).await;
    assert!(matches!(outcome, Outcome::NotSent { http_status: None, then: NotSent::StopLane, .. }), "{outcome:?}");
    assert_shows_nothing(&outcome);
    assert_eq!(server.join().unwrap(), b"");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let server = RawServer::start(move |number| match number {
            0 => {
                let steps = vec![Step::Send(answer(status, "location: /elsewhere\r\n", "")), Step::KeepAlive];
                fault("redirects", Read::All, steps)
            }
            _ => good(),
        });
        let gateway = gateway_to(&server.base_url()).unwrap();
        let outcome = create(&gateway).await;
        assert!(matches!(outcome, Outcome::Unknown { then: Unknown::StopLane, .. }), "{status}: {outcome:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(server.seen().len(), 1, "{status}");
    }
}

/// Answers `answered` requests and closes the connection without a word, at once or after a while.
fn closes_idle(wait: Duration) -> Fault {
    let steps = vec![Step::Send(answer(200, "", GOOD)), Step::Pause(wait), Step::Close];
    fault("closes an idle connection", Read::All, steps)
}

/// hyper gives a request that met a closed pooled connection to another one, but only when none of it was written. If it
/// ever did so later, a request would be read twice here. Where the end of the connection was not noticed in time, the
/// request is lost and unknown.
#[tokio::test]
async fn a_stale_connection_never_makes_two_requests_of_one() {
    let waits = [0, 50, 200, 400, 800, 1600, 3000, 5000].map(Duration::from_micros);
    let server = RawServer::start(move |number| closes_idle(waits[number % waits.len()]));
    let gateway = gateway_to(&server.base_url()).unwrap();
    let mut words = Vec::new();
    for round in 0..400_u64 {
        words.push(word(&create(&gateway).await));
        let wait = Duration::from_micros(round % 40 * 20);
        // While this thread is blocked nobody notices that the connection was closed, so the next request meets it.
        if round % 2 == 0 { tokio::time::sleep(wait).await } else { std::thread::sleep(wait + waits[7]) }
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let accepted = words.iter().filter(|word| **word == Expected::Accepted).count();
    assert_eq!(server.whole(), accepted, "every whole request was answered, and every answer is an acceptance");
    assert!(words.iter().all(|word| matches!(word, Expected::Accepted | Expected::Unknown)), "{words:?}");
    assert!(accepted > 100, "{accepted} of 400");
}

#[tokio::test]
async fn a_connection_that_was_idle_for_long_is_not_used_again() {
    let server = RawServer::always(good());
    let gateway = gateway_to(&server.base_url()).unwrap();
    create(&gateway).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    create(&gateway).await;
    let connections: Vec<_> = server.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 1]);
}

#[tokio::test]
async fn a_second_answer_is_never_taken_for_another_request() {
    let twice = [answer(200, "", GOOD), answer(200, "", &GOOD.replace("D241", "EVIL"))].concat();
    let server = RawServer::start(move |number| match number {
        0 => fault("answers twice", Read::All, vec![Step::Send(twice.clone()), Step::KeepAlive]),
        _ => fault("refuses", Read::All, vec![Step::Send(answer(400, "", "")), Step::KeepAlive]),
    });
    let gateway = gateway_to(&server.base_url()).unwrap();
    assert_eq!(word(&create(&gateway).await), Expected::Accepted);
    assert_eq!(word(&create(&gateway).await), Expected::Rejected);
    assert_eq!(server.whole(), 2);
}

/// Through a proxy, https is a tunnel: what the proxy sees of a refused one is the host, and nothing was sent.
#[tokio::test]
async fn a_proxy_that_refuses_sees_no_request() {
    for status in [403, 407, 502] {
        let steps = vec![Step::Send(answer(status, "", "")), Step::Close];
        let proxy = RawServer::always(fault("refuses the tunnel", Read::Head, steps));
        let proxy_url = ProxyUrl::parse(&proxy.base_url().replace("http://", "http://me:PROXY-S3CR3T@")).unwrap();
        let Ok(gateway) = gateway_through("https://zapi-batch.invalid", Some(&proxy_url)) else { return };
        let outcome = create(&gateway).await;
        let is_pause = matches!(outcome, Outcome::NotSent { http_status: None, then: NotSent::Pause, .. });
        assert!(is_pause, "{status}: {outcome:?}");
        assert_shows_nothing(&outcome);
        let seen = proxy.seen();
        let text = String::from_utf8_lossy(&seen[0].bytes).into_owned();
        assert!(text.starts_with("CONNECT zapi-batch.invalid:443 "), "{text}");
        assert!(seen.len() == 1 && !text.contains("S3CR3T"), "{seen:?}");
    }
}

/// The process environment cannot be changed from within, so this test runs itself again as a child.
#[tokio::test]
async fn proxy_variables_of_the_environment_mean_nothing() {
    const CHILD: &str = "ZAPI_BATCH_TEST_TARGET";
    if let Ok(target) = std::env::var(CHILD) {
        let gateway = gateway_to(&target).unwrap();
        assert_eq!(word(&create(&gateway).await), Expected::Accepted);
        return;
    }
    let (server, proxy) = (RawServer::always(good()), RawServer::always(good()));
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "contract::proxy_variables_of_the_environment_mean_nothing"]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, proxy.base_url());
    }
    child.env_remove("NO_PROXY").env_remove("no_proxy").env(CHILD, server.base_url());
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!((server.whole(), proxy.seen().len()), (1, 0));
}
