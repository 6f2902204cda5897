//! What the body of an answer says: ids, an error, trouble with the set-up, or nothing that can be read.
//!
//! Reads JSON and nothing else; which status it came with, and so what it means, is `classify`'s.

use serde_json::Value;

use super::classify::Body;
use super::object::Object;
use super::redact::Redactor;
use super::wire::SendAnswer;

/// Trouble with the credentials or the set-up is known by these words, under any status. Lower case.
const SETUP_WORDS: [&str; 5] =
    ["not allowed", "not configured", "instance not found", "token not found", "unauthorized"];

/// A body, as far as it can be read.
pub(super) enum Said {
    /// A JSON object.
    Object(SendAnswer),
    /// An object with a key that stands twice: nobody can know which one is meant.
    KeyTwice(String),
    /// Something else: a proxy's page, half an object, nothing.
    Text(String),
    TooLong,
}

/// What a 200 comes to.
pub(super) enum Verdict {
    Accepted { message_id: String, zaap_id: String },
    Refused,
    Doubtful,
}

/// What an answer to taking a message out of the queue comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    /// Proof that it was taken out.
    Removed,
    /// Proof that it was not in the queue.
    NotThere,
    /// Nobody can know.
    Doubtful,
    /// As the table for attempts has it.
    AsAttempt,
}

impl Said {
    pub(super) fn read(body: &Body) -> Self {
        let bytes = match body {
            Body::Whole(bytes) => bytes.as_slice(),
            Body::TooLong => return Self::TooLong,
        };
        let text = || String::from_utf8_lossy(bytes).trim().to_owned();
        match serde_json::from_slice(bytes) {
            Ok(Object(object)) => Self::Object(object),
            // The fields may be anything, so that this alone can be wrong with an object.
            Err(error) if error.is_data() && bytes.trim_ascii_start().first() == Some(&b'{') => Self::KeyTwice(text()),
            Err(_) => Self::Text(text()),
        }
    }

    /// Whether it names trouble with credentials or set-up, and nothing in it says that a message was queued.
    pub(super) fn is_about_setup(&self) -> bool {
        let Self::Object(object) = self else { return false };
        let names_trouble = |field: &Option<Value>| {
            text_of(field.as_ref()).is_some_and(|text| {
                let text = text.to_lowercase();
                SETUP_WORDS.iter().any(|words| text.contains(words))
            })
        };
        !has_ids(object) && (names_trouble(&object.error) || names_trouble(&object.message))
    }

    /// Whether the service says that something went wrong.
    pub(super) fn states_error(&self) -> bool {
        matches!(self, Self::Object(object) if is_stated(object.error.as_ref()))
    }

    /// Whether anything in it says that a message was queued.
    pub(super) fn has_ids(&self) -> bool {
        matches!(self, Self::Object(object) if has_ids(object))
    }

    pub(super) fn verdict(&self) -> Verdict {
        let Self::Object(object) = self else { return Verdict::Doubtful };
        match (&object.message_id, &object.zaap_id, is_stated(object.error.as_ref())) {
            (Some(Value::String(message_id)), Some(Value::String(zaap_id)), false)
                if is_id(message_id) && is_id(zaap_id) =>
            {
                Verdict::Accepted { message_id: message_id.clone(), zaap_id: zaap_id.clone() }
            }
            (_, _, true) if !has_ids(object) => Verdict::Refused,
            _ => Verdict::Doubtful,
        }
    }

    /// The success of `DELETE /queue/{zaapId}` is not documented: an object may say anything that is no refusal, and the
    /// answer may be empty.
    pub(super) fn removal(&self, status: u16, body: &Body) -> Removal {
        let is_empty = matches!(self, Self::Text(text) if text.is_empty());
        match (self, status) {
            _ if self.is_about_setup() => Removal::AsAttempt,
            (_, 200 | 204) if is_empty => Removal::Removed,
            (_, 404) if is_empty => Removal::NotThere,
            (Self::Object(_), 404) => Removal::NotThere,
            (Self::Text(text), 200) if text == "true" => Removal::Removed,
            (Self::Object(object), 200) if is_stated(object.error.as_ref()) => Removal::AsAttempt,
            (Self::Object(object), 200) => match confirms(body) {
                Confirms::No => Removal::Doubtful,
                // A sentence may as well say why not.
                Confirms::Nothing if is_stated(object.message.as_ref()) => Removal::Doubtful,
                Confirms::InWords | Confirms::Nothing => Removal::Removed,
            },
            // A page is no answer of the service.
            (Self::Text(_) | Self::KeyTwice(_) | Self::TooLong, 200 | 404) => Removal::Doubtful,
            _ => Removal::AsAttempt,
        }
    }

    /// The service's own words where it has some, made fit to be shown; else ours.
    pub(super) fn words(&self, status: u16, redactor: &Redactor) -> String {
        let own = own_words(status);
        match self {
            Self::Object(object) => {
                let text = [&object.error, &object.message]
                    .into_iter()
                    .filter(|field| is_stated(field.as_ref()))
                    .find_map(|field| text_of(field.as_ref()));
                match text {
                    Some(text) if has_ids(object) => {
                        format!("ids and an error in one answer: {}", redactor.line(&text))
                    }
                    Some(text) => filled(redactor.line(&text), own),
                    None if status == 200 => "the answer has no message id or no zaap id".to_owned(),
                    None => own.to_owned(),
                }
            }
            Self::KeyTwice(_) if status == 200 => "a key stands twice in the answer".to_owned(),
            Self::Text(text) if status == 200 && text.is_empty() => "the answer is empty".to_owned(),
            Self::Text(_) if status == 200 => "the answer is not a JSON object".to_owned(),
            // A web page is no sentence.
            Self::Text(text) if text.is_empty() || text.starts_with('<') => own.to_owned(),
            Self::KeyTwice(text) | Self::Text(text) => filled(redactor.line(text), own),
            Self::TooLong if status == 200 => "the answer is too long".to_owned(),
            Self::TooLong => format!("{own}; the answer is too long"),
        }
    }
}

/// What the values of an object say of whether it was done.
enum Confirms {
    /// `true` somewhere, and `false` nowhere.
    InWords,
    /// `false` somewhere.
    No,
    Nothing,
}

fn confirms(body: &Body) -> Confirms {
    let Body::Whole(bytes) = body else { return Confirms::No };
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return Confirms::No };
    match (holds(&value, false), holds(&value, true)) {
        (true, _) => Confirms::No,
        (false, true) => Confirms::InWords,
        (false, false) => Confirms::Nothing,
    }
}

/// Whether a truth value stands anywhere in it, as one or as a word. Numbers are not looked at: they may be anything.
fn holds(value: &Value, wanted: bool) -> bool {
    match value {
        Value::Bool(found) => *found == wanted,
        Value::String(text) => text.trim().eq_ignore_ascii_case(if wanted { "true" } else { "false" }),
        Value::Array(items) => items.iter().any(|item| holds(item, wanted)),
        Value::Object(fields) => {
            // `"error": false` says that there was none.
            fields.iter().any(|(name, field)| name != "error" && holds(field, wanted))
        }
        Value::Null | Value::Number(_) => false,
    }
}

/// Control characters alone are no words.
fn filled(line: String, own: &str) -> String {
    if line.is_empty() { own.to_owned() } else { line }
}

/// What a status means when the service does not say more.
fn own_words(status: u16) -> &'static str {
    match status {
        300..=399 => "the server redirects elsewhere; redirects are not followed, so the base URL needs a look",
        400 => "the request was refused without a reason",
        401 | 403 => "the credentials were refused",
        404 => "nothing at this address: the instance, its token or the base URL is wrong",
        405 => "the server does not take POST here: the base URL needs a look",
        413 => "the event is too large for the service",
        415 => "the server does not take JSON here: the base URL needs a look",
        422 => "the event was refused without a reason",
        429 => "too many requests",
        500..=599 => "the service failed",
        _ => "an answer that nobody has described",
    }
}

/// Ids that are there, well-formed or not: something may have been queued.
fn has_ids(object: &SendAnswer) -> bool {
    [&object.message_id, &object.zaap_id].into_iter().any(|id| is_stated(id.as_ref()))
}

/// `null`, `""` and `false` state nothing.
fn is_stated(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(Value::Bool(true) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => true,
    }
}

fn is_id(text: &str) -> bool {
    !text.trim().is_empty()
}

fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_so_was_taken_out_of_the_queue() {
        use Removal::{AsAttempt, Doubtful, NotThere, Removed};
        for (status, body, expected) in [
            (200, "", Removed),
            (204, "", Removed),
            (200, "{}", Removed),
            (200, "true", Removed),
            (200, r#"{"value":true}"#, Removed),
            (200, r#"{"value":true,"message":"Message removed","error":false}"#, Removed),
            (200, r#"{"zaapId":"Z1","messageId":"M1"}"#, Removed),
            (200, r#"{"message":"Client-Token not allowed"}"#, AsAttempt),
            (200, r#"{"error":"Instance not found"}"#, AsAttempt),
            (200, r#"{"error":"no","value":true}"#, AsAttempt),
            (200, r#"{"message":"it cannot be removed"}"#, Doubtful),
            (200, r#"{"value":false}"#, Doubtful),
            (200, r#"{"success":false,"message":"busy"}"#, Doubtful),
            (200, r#"{"data":{"removed":"false"},"ok":true}"#, Doubtful),
            (200, r#"{"error":"a","error":""}"#, Doubtful),
            (200, "false", Doubtful),
            (200, "null", Doubtful),
            (200, r#"[{"value":true}]"#, Doubtful),
            (200, "<html>", Doubtful),
            (200, "TOO LONG", Doubtful),
            (201, r#"{"value":true}"#, AsAttempt),
            (202, "", AsAttempt),
            (206, r#"{"value":true}"#, AsAttempt),
            (404, "", NotThere),
            (404, r#"{"error":"Message not found in the queue"}"#, NotThere),
            (404, r#"{"error":"Instance not found"}"#, AsAttempt),
            (404, "<html>", Doubtful),
            (404, "not found", Doubtful),
            (404, "[]", Doubtful),
            (404, "TOO LONG", Doubtful),
            (401, "", AsAttempt),
            (400, r#"{"error":"Invalid id"}"#, AsAttempt),
            (500, "<html>", AsAttempt),
        ] {
            let bytes = if body == "TOO LONG" { Body::TooLong } else { Body::Whole(body.as_bytes().to_vec()) };
            assert_eq!(Said::read(&bytes).removal(status, &bytes), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_said_so() {
        let redactor = Redactor::new(&crate::gateway::testing::instance("3C01", "A20T", None).credentials);
        let words = |status, body: &str| Said::read(&Body::Whole(body.into())).words(status, &redactor);
        let twice = r#"{"zaapId":"Z1","messageId":"M1","zaapId":"Z2"}"#;
        assert_eq!(words(200, twice), "a key stands twice in the answer");
        assert_eq!(words(400, twice), twice);
        assert_eq!(words(200, "[1]"), "the answer is not a JSON object");
    }
}
