//! Any status and any bytes as an answer of the service.
//!
//! Whatever it says, its words are one line without the credentials, only a complete 200 with both ids is accepted, and
//! a wait is at most ten minutes. The first two bytes are the status, the third the length of a Retry-After.
#![no_main]

use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;
use zapi_batch::gateway::classify::{Answer, Body, classify};
use zapi_batch::gateway::redact::Redactor;
use zapi_batch::instance::Credentials;
use zapi_batch::outcome::{NotSent, Outcome};

const TOKEN: &str = "F4C8A5E0D1B2C3D4E5F60718";

fuzz_target!(|bytes: &[u8]| {
    let [first, second, length, rest @ ..] = bytes else { return };
    let (retry_after, body) = rest.split_at(usize::from(*length).min(rest.len()));
    let answer = Answer {
        // Mostly statuses that the table knows.
        status: if *first < 128 { 200 } else { u16::from_be_bytes([*first, *second]) % 600 },
        retry_after: std::str::from_utf8(retry_after).ok().filter(|text| !text.is_empty()).map(str::to_owned),
        body: if *first == 255 { Body::TooLong } else { Body::Whole(body.to_vec()) },
    };
    let credentials = Credentials {
        id: SecretString::from("3D9A11C0FFEE5566778899AABB"),
        token: SecretString::from(TOKEN),
        client_token: None,
    };
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let outcome = classify(&answer, &Redactor::new(&credentials), now);
    let error = outcome.error();
    assert!(!error.contains(['\n', '\r', '\0']) && !error.contains(TOKEN), "{error:?}");
    assert!(error.chars().count() <= 400, "{} characters", error.chars().count());
    match outcome {
        Outcome::Accepted { message_id, zaap_id } => {
            assert!(answer.status == 200 && !message_id.is_empty() && !zaap_id.is_empty());
        }
        Outcome::NotSent { then: NotSent::Throttled { retry_after: Some(wait) }, .. } => {
            assert!(wait <= Duration::from_mins(10));
        }
        Outcome::Rejected { .. } | Outcome::NotSent { .. } | Outcome::Unknown { .. } => {}
        Outcome::HeldBack => panic!("an answer was had"),
    }
});
