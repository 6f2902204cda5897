//! The gateway and the stand-in, face to face: every call, every refusal, the queue and its pace.

use std::time::Duration;

use secrecy::SecretString;
use zapi_batch::gateway::{BaseUrl, Deletion, FaultClass, Gateway};
use zapi_batch::instance::{Credentials, Instance};
use zapi_batch::message::AttemptKind;
use zapi_batch::outcome::{NotSent, Outcome, Unknown};
use zapi_batch::sandbox::{
    Account, Counts, Drain, Fault, FaultRule, GroupSpec, Options, RetryAfter, Running, When, start,
};

const GROUP: &str = "120363019502650977-group";
const EVENT: &str = r#"{"name":"Spring launch","dateTime":"2026-12-04T19:00:00.000Z","canceled":false}"#;

fn instance(id: &str, client_token: Option<&str>) -> Instance {
    let credentials = Credentials {
        id: SecretString::from(id),
        token: SecretString::from("SANDBOX-9"),
        client_token: client_token.map(SecretString::from),
    };
    Instance { name: id.into(), credentials }
}

fn gateway_to(sandbox: &Running, instances: &[Instance]) -> Gateway {
    let base = BaseUrl::parse(&sandbox.base_url).unwrap();
    Gateway::new(&base, instances, Duration::from_secs(5), None).unwrap()
}

fn pair(options: Options) -> (Running, Gateway) {
    let sandbox = start(options, 0).unwrap();
    let gateway = gateway_to(&sandbox, &[instance("INST-A", None), instance("INST-B", None)]);
    (sandbox, gateway)
}

async fn create(gateway: &Gateway, phone: &str) -> Outcome {
    gateway.attempt(0, AttemptKind::Create, phone, None, EVENT).await
}

fn ids(outcome: &Outcome) -> (String, String) {
    match outcome {
        Outcome::Accepted { message_id, zaap_id } => (message_id.clone(), zaap_id.clone()),
        other => panic!("{other:?}"),
    }
}

/// One plain request, for what the gateway has no call for.
fn ask(sandbox: &Running, request: &str, body: &str) -> String {
    use std::io::{Read, Write};
    let host = sandbox.base_url.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let length = body.len();
    let head = format!("{request} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n");
    stream.write_all(format!("{head}content-type: application/json\r\n\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// How many messages wait at the first instance.
fn queued(sandbox: &Running) -> u64 {
    let answer = ask(sandbox, "GET /instances/INST-A/token/SANDBOX-9/queue/count", "");
    let json: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    json["count"].as_u64().unwrap()
}

#[tokio::test]
async fn events_are_taken_edited_and_kept() {
    let (sandbox, gateway) = pair(Options::default());
    let (message_id, zaap_id) = ids(&create(&gateway, GROUP).await);
    assert!(message_id.len() == 20 && zaap_id.len() == 32, "{message_id} {zaap_id}");

    let later = EVENT.replace("19:00", "20:00");
    let edit = async |instance, phone, id| gateway.attempt(instance, AttemptKind::Edit, phone, Some(id), &later).await;
    let (edit_id, _) = ids(&edit(0, GROUP, &message_id).await);
    assert_ne!(edit_id, message_id);
    let refused = [
        (edit(0, GROUP, "D2").await, "Event message not found"),
        (edit(1, GROUP, &message_id).await, "Event message not found"),
        (edit(0, GROUP, &edit_id).await, "Event message not found"),
        (edit(0, "120363019502650978-group", &message_id).await, "eventMessageId belongs to another chat"),
    ];
    for (outcome, error) in refused {
        assert_eq!(outcome, Outcome::Rejected { http_status: 400, error: error.to_owned() });
    }
    let (person, _) = ids(&create(&gateway, "5511999998888").await);
    let outcome = edit(0, "5511999998888", &person).await;
    assert!(outcome.error().contains("the phone is not from a group"), "{outcome:?}");

    let events = ask(&sandbox, "GET /sandbox/events", "");
    assert!(events.contains("2026-12-04T20:00") && events.contains(&message_id), "{events}");
    let log = ask(&sandbox, "GET /sandbox/log", "");
    assert!(log.contains(r#""endpoint":"send-event","recipient":"120363019502650977-group","status":200"#), "{log}");
    assert!(log.contains("x-sandbox: stand-in"), "{log}");
}

#[tokio::test]
async fn an_invitation_too_many_is_counted_whatever_its_spelling_or_instance() {
    let (sandbox, gateway) = pair(Options::default());
    for phone in ["5511999998888", GROUP] {
        ids(&create(&gateway, phone).await);
    }
    assert_eq!(sandbox.counts(), Counts { requests: 2, duplicates: 0 });
    let other_day = EVENT.replace("12-04", "12-05");
    ids(&gateway.attempt(0, AttemptKind::Create, GROUP, None, &other_day).await);
    assert_eq!(sandbox.counts().duplicates, 0);
    ids(&gateway.attempt(1, AttemptKind::Create, "551199998888", None, EVENT).await);
    ids(&create(&gateway, GROUP).await);
    assert_eq!(sandbox.counts(), Counts { requests: 5, duplicates: 2 });
    ask(&sandbox, "POST /sandbox/reset", "");
    assert_eq!(sandbox.counts(), Counts::default());
}

#[tokio::test]
async fn credentials_are_refused_without_being_repeated() {
    let accounts = vec![
        Account { id: "INST-A".into(), token: "SANDBOX-9".into(), client_token: Some("CLIENT-S3CRET".into()) },
        Account { id: "INST-B".into(), token: "other".into(), client_token: None },
    ];
    let sandbox = start(Options { accounts, ..Options::default() }, 0).unwrap();
    for (instance, error) in [
        (instance("INST-A", None), Some("null not allowed")),
        (instance("INST-A", Some("WRONG-S3CRET")), Some("Client-Token [REDACTED] not allowed")),
        (instance("INST-A", Some("CLIENT-S3CRET")), None),
        (instance("INST-B", None), Some("Instance token not found")),
        (instance("INST-C", None), Some("Instance not found")),
    ] {
        let gateway = gateway_to(&sandbox, &[instance]);
        let outcome = create(&gateway, GROUP).await;
        let status = gateway.status(0).await;
        match error {
            None => assert!(status.unwrap().connected && outcome.error().is_empty(), "{outcome:?}"),
            Some(error) => {
                assert!(matches!(&outcome, Outcome::NotSent { then: NotSent::StopLane, .. }), "{outcome:?}");
                assert_eq!(outcome.error(), error);
                let fault = status.unwrap_err();
                assert_eq!((fault.class, fault.message.as_str()), (FaultClass::Credentials, error));
            }
        }
    }
    assert_eq!(sandbox.counts().requests, 5);
    let log = ask(&sandbox, "GET /sandbox/log", "");
    assert!(log.contains(r#""instance":"INST-C","endpoint":"send-event","recipient":"","status":400"#), "{log}");
}

#[tokio::test]
async fn what_is_no_request_is_refused_as_documented() {
    let (sandbox, _gateway) = pair(Options::default());
    let path = "/instances/INST-A/token/SANDBOX-9";
    let body = format!(r#"{{"phone":"{GROUP}","event":{EVENT}}}"#);
    for (request, body, status) in [
        (format!("POST {path}/send-event"), body.as_str(), "200"),
        (format!("GET {path}/send-event"), "", "405"),
        (format!("POST {path}/send-events"), body.as_str(), "404"),
        (format!("POST {path}/send-event"), "{", "400"),
        (format!("POST {path}/send-event"), "{}", "400"),
        (format!("PUT {path}/update-queue-settings"), r#"{"disableEnqueueWhenDisconnected":true}"#, "200"),
        (format!("POST {path}/phone-exists-batch"), r#"{"phones":["5511999998888"]}"#, "200"),
        (
            format!(
                "POST {path}/send-event HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: text/plain\r\nx: "
            ),
            "",
            "415",
        ),
    ] {
        let answer = ask(&sandbox, &request, body);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
        assert!(answer.contains("x-sandbox:"), "{request}: {answer}");
    }
}

#[tokio::test]
async fn the_queue_is_paged_counted_and_taken_back_one_by_one() {
    let (sandbox, gateway) = pair(Options { drain: Drain::Never, foreign: 40, ..Options::default() });
    let (message_id, zaap_id) = ids(&create(&gateway, GROUP).await);
    let mut seen = Vec::new();
    let mut state = None;
    loop {
        let page = gateway.queue_page(0, state.as_deref()).await.unwrap();
        seen.extend(page.messages);
        state = page.paging_state;
        if !page.has_more {
            break;
        }
    }
    assert_eq!((seen.len(), queued(&sandbox)), (41, 41));
    assert!(seen.iter().any(|waiting| waiting.zaap_id == zaap_id && waiting.message_id == message_id));

    assert_eq!(gateway.delete_queued(0, &zaap_id).await, Ok(Deletion::Removed));
    assert_eq!(gateway.delete_queued(0, &zaap_id).await, Ok(Deletion::NotThere));
    assert_eq!(gateway.delete_queued(1, &seen[0].zaap_id).await, Ok(Deletion::NotThere));
    for nothing in ["", ".", ".."] {
        assert!(!gateway.delete_queued(0, nothing).await.unwrap_err().may_have_happened);
    }
    assert_eq!(queued(&sandbox), 40);
    // What was taken back was never sent, so sending it again is no duplicate.
    ids(&create(&gateway, GROUP).await);
    assert_eq!(sandbox.counts().duplicates, 0);
}

#[tokio::test]
async fn a_disconnected_instance_piles_up_or_refuses() {
    let (sandbox, gateway) = pair(Options { disconnect_after: Some(1), ..Options::default() });
    assert!(gateway.status(0).await.unwrap().connected);
    ids(&create(&gateway, "5511999998801").await);
    ids(&create(&gateway, "5511999998802").await);
    assert!(!gateway.status(0).await.unwrap().connected && !gateway.status(1).await.unwrap().connected);
    let settings = r#"{"disableEnqueueWhenDisconnected":true}"#;
    ask(&sandbox, "PUT /instances/INST-A/token/SANDBOX-9/update-queue-settings", settings);
    let outcome = create(&gateway, "5511999998803").await;
    assert!(matches!(outcome, Outcome::Rejected { .. }), "{outcome:?}");
    ask(&sandbox, "POST /sandbox/connect?instance=INST-A", "");
    assert!(gateway.status(0).await.unwrap().connected && !gateway.status(1).await.unwrap().connected);
    assert_eq!(queued(&sandbox), 0);
}

#[tokio::test]
async fn groups_are_paged_and_described() {
    let groups: Vec<_> = (0..250)
        .map(|number| GroupSpec {
            id: format!("120363{number:012}-group"),
            name: format!("Grupo {number}"),
            is_admin_only: number == 7,
            is_announcement: number == 8,
        })
        .collect();
    let (_sandbox, gateway) = pair(Options { groups: groups.clone(), ..Options::default() });
    let (mut pages, mut found) = (gateway.group_pages(0), Vec::new());
    while let Some(groups) = pages.next().await.unwrap() {
        found.extend(groups);
    }
    assert_eq!((found.len(), found[249].name.as_str()), (250, "Grupo 249"));
    let seventh = gateway.light_group_metadata(0, &groups[7].id).await.unwrap();
    assert_eq!((seventh.admin_only_message, seventh.subject.as_deref()), (Some(true), Some("Grupo 7")));
    let eighth = gateway.light_group_metadata(0, &groups[8].id).await.unwrap();
    assert!(eighth.is_group_announcement == Some(true) && eighth.community_id.is_some());
    let fault = gateway.light_group_metadata(0, GROUP).await.unwrap_err();
    assert_eq!((fault.class, fault.message.as_str()), (FaultClass::Other, "Group not found"));
    let me = gateway.me(0).await.unwrap();
    assert!(me.connected == Some(true) && !me.received_callback_url);
    assert!(gateway.device(0).await.unwrap().phone.is_some());
}

#[tokio::test]
async fn faults_come_as_ordered() {
    let says = |status, error: &str| Fault::Says { status, error: error.to_owned() };
    let not_sent = |http_status, error: &str, then| Outcome::NotSent {
        http_status: Some(http_status),
        error: error.to_owned(),
        then,
    };
    let wait = Duration::from_secs(7);
    let table = [
        (
            Fault::Status(500),
            Outcome::Unknown { http_status: Some(500), error: "Internal server error".to_owned(), then: Unknown::Next },
        ),
        (Fault::Status(400), Outcome::Rejected { http_status: 400, error: "Bad request".to_owned() }),
        (Fault::Status(429), not_sent(429, "Too many requests", NotSent::Throttled { retry_after: Some(wait) })),
        (Fault::Status(401), not_sent(401, "Unauthorized", NotSent::StopLane)),
        (says(400, "[1.2.3.4] not allowed"), not_sent(400, "[1.2.3.4] not allowed", NotSent::StopLane)),
        (
            Fault::ErrorIn200,
            Outcome::Rejected { http_status: 200, error: "refused by the sandbox, as it was told to".to_owned() },
        ),
        (
            Fault::Garbage,
            Outcome::Unknown {
                http_status: Some(200),
                error: "the answer is not a JSON object".to_owned(),
                then: Unknown::Next,
            },
        ),
    ];
    for (fault, expected) in table {
        let rule = FaultRule { when: When::Recipient(GROUP.to_owned()), fault, is_processed: false };
        let options = Options { faults: vec![rule], retry_after: RetryAfter::Seconds(7), ..Options::default() };
        let (sandbox, gateway) = pair(options);
        assert_eq!(create(&gateway, GROUP).await, expected);
        ids(&create(&gateway, "5511999998888").await);
        assert_eq!(sandbox.counts().requests, 2);
        assert!(!ask(&sandbox, "GET /sandbox/events", "").contains(GROUP));
    }
}

#[tokio::test]
async fn a_lost_answer_may_have_been_processed() {
    let rule = FaultRule { when: When::Requests(1, 1), fault: Fault::Hang, is_processed: true };
    let sandbox = start(Options { faults: vec![rule], ..Options::default() }, 0).unwrap();
    let base = BaseUrl::parse(&sandbox.base_url).unwrap();
    let gateway = Gateway::new(&base, &[instance("INST-A", None)], Duration::from_millis(300), None).unwrap();
    let outcome = create(&gateway, GROUP).await;
    assert!(matches!(&outcome, Outcome::Unknown { http_status: None, then: Unknown::Next, .. }), "{outcome:?}");
    ids(&create(&gateway, GROUP).await);
    assert_eq!(sandbox.counts(), Counts { requests: 2, duplicates: 1 });
}

#[tokio::test]
async fn a_state_file_outlives_the_sandbox() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        state: Some(folder.path().join("spring.sandbox.state.json")),
        drain: Drain::Never,
        ..Options::default()
    };
    let (sandbox, gateway) = pair(options.clone());
    let (message_id, _) = ids(&create(&gateway, GROUP).await);
    let (_, taken_back) = ids(&create(&gateway, "5511999998888").await);
    assert_eq!(gateway.delete_queued(0, &taken_back).await, Ok(Deletion::Removed));
    drop(sandbox);

    let (sandbox, gateway) = pair(options.clone());
    assert_eq!(queued(&sandbox), 1);
    let edit = gateway.attempt(0, AttemptKind::Edit, GROUP, Some(&message_id), EVENT).await;
    assert_ne!(ids(&edit).0, message_id);
    ids(&create(&gateway, "5511999998888").await);
    assert_eq!(sandbox.counts().duplicates, 0);
    ids(&create(&gateway, GROUP).await);
    assert_eq!(sandbox.counts().duplicates, 1);
    drop(sandbox);

    let (sandbox, gateway) = pair(Options { start_afresh: true, ..options });
    ids(&create(&gateway, GROUP).await);
    assert_eq!(sandbox.counts().duplicates, 0);
}
