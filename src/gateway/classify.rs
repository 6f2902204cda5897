//! The table of what an attempt can come to: an answer or a failure in, an [`Outcome`] out.
//!
//! Pure: the time is given, nothing is asked. A `create` is repeated only on proof that nothing was processed, so wherever
//! an answer contradicts itself or is incomplete it is unknown. Ids in an answer speak louder than an error beside them.

use std::time::{Duration, SystemTime};

use super::failure::{ConnectFailure, Failure, LostFailure};
use super::redact::Redactor;
use super::said::{Said, Verdict};
use crate::outcome::{NotSent, Outcome, Unknown};

/// Retry-After is believed up to here.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(10);

/// A complete HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The Retry-After header as it came.
    pub retry_after: Option<String>,
    pub body: Body,
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Whole(Vec<u8>),
    /// Longer than the cap: not read to its end.
    TooLong,
}

/// Says what an answer means.
pub fn classify(answer: &Answer, redactor: &Redactor, now: SystemTime) -> Outcome {
    let said = Said::read(&answer.body);
    let status = answer.status;
    let http_status = Some(status);
    let error = || said.words(status, redactor);
    let unknown = |then| Outcome::Unknown { http_status, error: error(), then };

    if said.is_about_setup() {
        return Outcome::NotSent { http_status, error: error(), then: NotSent::StopLane };
    }
    match status {
        200 => match said.verdict() {
            Verdict::Accepted { message_id, zaap_id } => Outcome::Accepted { message_id, zaap_id },
            Verdict::Refused => Outcome::Rejected { http_status: status, error: error() },
            Verdict::Doubtful => unknown(Unknown::Next),
        },
        300..=399 => unknown(Unknown::StopLane),
        // No proof that nothing was processed.
        400..=499 if said.has_ids() => unknown(Unknown::Next),
        401 | 403 | 404 | 405 | 415 => Outcome::NotSent { http_status, error: error(), then: NotSent::StopLane },
        429 => {
            let retry_after = answer.retry_after.as_deref().and_then(|text| retry_after(text, now));
            Outcome::NotSent { http_status, error: error(), then: NotSent::Throttled { retry_after } }
        }
        // A refusal whose words could not be read may be about anything, the credentials included.
        400 | 413 | 422 if answer.body != Body::TooLong => Outcome::Rejected { http_status: status, error: error() },
        _ => unknown(Unknown::Next),
    }
}

/// Says what the lack of an answer means.
pub fn classify_failure(failure: Failure) -> Outcome {
    let error = failure.words().to_owned();
    match failure {
        Failure::Connect(ConnectFailure::Tls) => Outcome::NotSent { http_status: None, error, then: NotSent::StopLane },
        Failure::Connect(
            ConnectFailure::Dns
            | ConnectFailure::Refused
            | ConnectFailure::Unreachable
            | ConnectFailure::Timeout
            | ConnectFailure::Other,
        ) => Outcome::NotSent { http_status: None, error, then: NotSent::Pause },
        Failure::Lost(LostFailure::Timeout | LostFailure::Closed | LostFailure::Unreadable | LostFailure::Other) => {
            Outcome::Unknown { http_status: None, error, then: Unknown::Next }
        }
    }
}

/// Seconds, or an HTTP date that counts from `now`; capped. A date in the past is no wait; what cannot be read is none.
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a u64 holds is still only "long".
        text.parse().map_or(RETRY_AFTER_MAX, Duration::from_secs)
    } else {
        httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or(Duration::ZERO)
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::instance::Credentials;

    const NOW: &str = "Fri, 04 Dec 2026 19:00:00 GMT";

    fn outcome(status: u16, retry_after: Option<&str>, body: &str) -> Outcome {
        let credentials =
            Credentials { id: SecretString::from("3C0FFEE"), token: SecretString::from("S3CR3T"), client_token: None };
        let body = if body == "TOO LONG" { Body::TooLong } else { Body::Whole(body.as_bytes().to_vec()) };
        let answer = Answer { status, retry_after: retry_after.map(ToOwned::to_owned), body };
        classify(&answer, &Redactor::new(&credentials), httpdate::parse_http_date(NOW).unwrap())
    }

    /// One word for what a lane needs to know.
    fn word(outcome: &Outcome) -> &'static str {
        match outcome {
            Outcome::Accepted { .. } => "accepted",
            Outcome::Rejected { .. } => "rejected",
            Outcome::NotSent { then: NotSent::Pause, .. } => "pause",
            Outcome::NotSent { then: NotSent::Throttled { .. }, .. } => "throttled",
            Outcome::NotSent { then: NotSent::StopLane, .. } => "set-up",
            Outcome::Unknown { then: Unknown::Next, .. } => "unknown",
            Outcome::Unknown { then: Unknown::StopLane, .. } => "unknown, stop",
            Outcome::HeldBack => "held back",
        }
    }

    const IDS: &str = r#"{"zaapId":"Z1","messageId":"M1","id":"M1"}"#;

    /// Status, body, and what they come to.
    const ROWS: &[(u16, &str, &str)] = &[
        // Accepted: both ids, no error.
        (200, IDS, "accepted"),
        (200, r#" {"messageId":"M1","zaapId":"Z1","more":[1]}"#, "accepted"),
        (200, r#"{"messageId":"M1","zaapId":"Z1","error":null}"#, "accepted"),
        (200, r#"{"messageId":"M1","zaapId":"Z1","error":""}"#, "accepted"),
        (200, r#"{"messageId":"M1","zaapId":"Z1","message":"not allowed"}"#, "accepted"),
        // Refused with a 200: an error and no ids.
        (200, r#"{"error":"Invalid phone"}"#, "rejected"),
        (200, r#"{"error":true,"message":"no"}"#, "rejected"),
        (200, r#"{"error":{"code":7},"messageId":"","zaapId":null}"#, "rejected"),
        // Contradictions and everything that cannot be read.
        (200, r#"{"messageId":"M1","zaapId":"Z1","error":"Invalid phone"}"#, "unknown"),
        (200, r#"{"messageId":"M1","zaapId":"Z1","error":"not allowed"}"#, "unknown"),
        (200, r#"{"zaapId":"Z1","error":"not allowed"}"#, "unknown"),
        (200, r#"{"messageId":"M1"}"#, "unknown"),
        (200, r#"{"messageId":"M1","zaapId":" "}"#, "unknown"),
        (200, r#"{"messageId":1,"zaapId":2}"#, "unknown"),
        (200, r#"{"messageId":"M1","messageId":"M2","zaapId":"Z1"}"#, "unknown"),
        (200, "{}", "unknown"),
        (200, "", "unknown"),
        (200, "null", "unknown"),
        (200, r#"["Z1","M1"]"#, "unknown"),
        (200, r#"{"zaapId":"Z1","messageId":"M1"} trailing"#, "unknown"),
        (200, r#"{"zaapId":"Z1","messageId":"M"#, "unknown"),
        (200, "<html>", "unknown"),
        (200, "TOO LONG", "unknown"),
        // Set-up, by status.
        (401, "", "set-up"),
        (403, "<html>", "set-up"),
        (404, r#"{"error":"NOT_FOUND"}"#, "set-up"),
        (405, "", "set-up"),
        (415, "TOO LONG", "set-up"),
        // Set-up, by words, under any status.
        (200, r#"{"error":"null not allowed"}"#, "set-up"),
        (200, r#"{"error":"[10.1.2.3] Not Allowed"}"#, "set-up"),
        (200, r#"{"message":"Unauthorized"}"#, "set-up"),
        (400, r#"{"error":"your client-token is not configured"}"#, "set-up"),
        (400, r#"{"error":"Instance not found"}"#, "set-up"),
        (400, r#"{"error":{"text":"TOKEN NOT FOUND"}}"#, "set-up"),
        (403, r#"{"error":"Client-Token not allowed"}"#, "set-up"),
        (500, r#"{"message":"Instance not found"}"#, "set-up"),
        (429, r#"{"error":"unauthorized"}"#, "set-up"),
        // The same words elsewhere mean nothing.
        (400, r#"{"reason":"not allowed"}"#, "rejected"),
        (500, "not allowed", "unknown"),
        // Refused.
        (400, r#"{"error":"Invalid phone"}"#, "rejected"),
        (400, "", "rejected"),
        (400, "<html>", "rejected"),
        (400, "TOO LONG", "unknown"),
        (413, "", "rejected"),
        (422, r#"{"error":"event"}"#, "rejected"),
        // Refused, and ids all the same: whatever it is, it may not be sent again by itself.
        (400, r#"{"messageId":"M1","error":"Invalid phone"}"#, "unknown"),
        (401, IDS, "unknown"),
        (404, r#"{"zaapId":"Z1","error":"Instance not found"}"#, "unknown"),
        (429, IDS, "unknown"),
        (429, "", "throttled"),
        (429, "TOO LONG", "throttled"),
        // Redirects are never followed.
        (300, "", "unknown, stop"),
        (301, "", "unknown, stop"),
        (304, "", "unknown, stop"),
        (307, IDS, "unknown, stop"),
        (308, "", "unknown, stop"),
        // Any other 2xx or 4xx, every 5xx, and what is no status at all.
        (201, IDS, "unknown"),
        (202, "", "unknown"),
        (204, "", "unknown"),
        (402, "", "unknown"),
        (408, "", "unknown"),
        (409, r#"{"error":"busy"}"#, "unknown"),
        (451, "", "unknown"),
        (500, r#"{"error":"Invalid phone"}"#, "unknown"),
        (502, "<html>", "unknown"),
        (503, "", "unknown"),
        (504, "TOO LONG", "unknown"),
        (101, "", "unknown"),
        (999, "", "unknown"),
    ];

    #[test]
    fn every_answer_has_its_row() {
        for (status, body, expected) in ROWS {
            let outcome = outcome(*status, None, body);
            assert_eq!(word(&outcome), *expected, "{status} {body}: {outcome:?}");
            assert_eq!(outcome.http_status(), Some(*status), "{body}");
            assert_eq!(outcome.error().is_empty(), *expected == "accepted", "{status} {body}");
            assert!(!outcome.error().contains(['\n', '<']), "{status} {body}: {outcome:?}");
        }
    }

    #[test]
    fn every_failure_has_its_row() {
        use {ConnectFailure as C, LostFailure as L};
        for (failure, expected) in [
            (Failure::Connect(C::Dns), "pause"),
            (Failure::Connect(C::Refused), "pause"),
            (Failure::Connect(C::Unreachable), "pause"),
            (Failure::Connect(C::Timeout), "pause"),
            (Failure::Connect(C::Other), "pause"),
            (Failure::Connect(C::Tls), "set-up"),
            (Failure::Lost(L::Timeout), "unknown"),
            (Failure::Lost(L::Closed), "unknown"),
            (Failure::Lost(L::Unreadable), "unknown"),
            (Failure::Lost(L::Other), "unknown"),
        ] {
            let outcome = classify_failure(failure);
            assert_eq!((word(&outcome), outcome.http_status()), (expected, None), "{failure:?}");
            assert!(!outcome.error().is_empty());
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_long() {
        let seconds = |wait: u64| Some(Duration::from_secs(wait));
        for (text, expected) in [
            (None, None),
            (Some("0"), seconds(0)),
            (Some(" 42 "), seconds(42)),
            (Some("600"), seconds(600)),
            (Some("601"), seconds(600)),
            (Some("99999999999999999999999"), seconds(600)),
            (Some("Fri, 04 Dec 2026 19:00:30 GMT"), seconds(30)),
            (Some("Fri, 04 Dec 2026 18:00:00 GMT"), seconds(0)),
            (Some("Sat, 05 Dec 2026 19:00:00 GMT"), seconds(600)),
            (Some("Friday, 04-Dec-26 19:01:00 GMT"), seconds(60)),
            (Some("-1"), None),
            (Some("1.5"), None),
            (Some("soon"), None),
            (Some(""), None),
        ] {
            let Outcome::NotSent { then: NotSent::Throttled { retry_after }, .. } = outcome(429, text, "") else {
                panic!("{text:?} is not throttled")
            };
            assert_eq!(retry_after, expected, "{text:?}");
        }
    }

    #[test]
    fn the_service_is_quoted_on_one_line_without_secrets() {
        let said = |status, body| outcome(status, None, body).error().to_owned();
        assert_eq!(said(400, r#"{"error":"Invalid\n phone"}"#), "Invalid phone");
        assert_eq!(said(400, r#"{"message":"no such group"}"#), "no such group");
        assert_eq!(said(400, "plain words"), "plain words");
        assert_eq!(said(400, "<html>page</html>"), "the request was refused without a reason");
        assert_eq!(said(400, r#"{"error":{"code":7}}"#), r#"{"code":7}"#);
        assert_eq!(said(200, r#"{"messageId":"M1"}"#), "the answer has no message id or no zaap id");
        assert_eq!(
            said(404, r#"{"error":"no /instances/3c0ffee/token/S3CR3T here"}"#),
            "no /instances/[REDACTED]/token/[REDACTED] here"
        );
    }
}
