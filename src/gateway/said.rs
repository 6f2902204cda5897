//! What the body of an answer says: ids, an error, trouble with the set-up, or nothing that can be read.
//!
//! Reads JSON and nothing else; which status it came with, and so what it means, is `classify`'s.

use serde_json::Value;

use super::classify::Body;
use super::redact::Redactor;
use super::wire::SendAnswer;

/// Trouble with the credentials or the set-up is known by these words, under any status. Lower case.
const SETUP_WORDS: [&str; 5] =
    ["not allowed", "not configured", "instance not found", "token not found", "unauthorized"];

/// A body, as far as it can be read.
pub(super) enum Said {
    /// A JSON object.
    Object(SendAnswer),
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

impl Said {
    pub(super) fn read(body: &Body) -> Self {
        let bytes = match body {
            Body::Whole(bytes) => bytes.as_slice(),
            Body::TooLong => return Self::TooLong,
        };
        // serde would also read an array as the object's fields in their order.
        if bytes.trim_ascii_start().first() == Some(&b'{')
            && let Ok(object) = serde_json::from_slice(bytes)
        {
            return Self::Object(object);
        }
        Self::Text(String::from_utf8_lossy(bytes).trim().to_owned())
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
            Self::Text(text) if status == 200 && text.is_empty() => "the answer is empty".to_owned(),
            Self::Text(_) if status == 200 => "the answer is not a JSON object".to_owned(),
            // A web page is no sentence.
            Self::Text(text) if text.is_empty() || text.starts_with('<') => own.to_owned(),
            Self::Text(text) => filled(redactor.line(text), own),
            Self::TooLong if status == 200 => "the answer is too long".to_owned(),
            Self::TooLong => format!("{own}; the answer is too long"),
        }
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
