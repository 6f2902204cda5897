//! How long it takes to say what an answer means.

use std::hint::black_box;
use std::time::SystemTime;

use criterion::{Criterion, criterion_group, criterion_main};
use secrecy::SecretString;
use zapi_batch::gateway::classify::{Answer, Body, classify};
use zapi_batch::gateway::redact::Redactor;
use zapi_batch::instance::Credentials;

fn classification(criterion: &mut Criterion) {
    let secret = |text: &str| SecretString::from(text.to_owned());
    let credentials = Credentials {
        id: secret("3C0000000000000000000000000000AA"),
        token: secret("A20000000000000000000000"),
        client_token: Some(secret("F0")),
    };
    let redactor = Redactor::new(&credentials);
    let answers = [
        (
            "accepted",
            200,
            r#"{"zaapId":"3999984263738042930CD6ECDE9VDWSA","messageId":"D241XXXX732339502B68","id":"D241XXXX732339502B68"}"#,
        ),
        ("rejected", 400, r#"{"error":"Phone number invalid"}"#),
        ("throttled", 429, ""),
        ("a web page", 502, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
    ];
    let mut group = criterion.benchmark_group("classification");
    for (name, status, body) in answers {
        let answer = Answer { status, retry_after: None, body: Body::Whole(body.as_bytes().to_vec()) };
        let now = SystemTime::now();
        group.bench_function(name, |bencher| bencher.iter(|| classify(black_box(&answer), &redactor, now)));
    }
    group.finish();
}

criterion_group!(benches, classification);
criterion_main!(benches);
