//! What the service refuses in the body of a send or an edit, in the reference's own terms.
//!
//! Deliberately not the checks of `recipient` or the manifest: a mistake there must not be hidden by the same one here.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A body that is complete and well formed.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) phone: String,
    /// Only in an edit.
    pub(super) original_id: Option<String>,
    /// As it came.
    pub(super) event: &'a RawValue,
    /// What tells one event from another for the same recipient.
    pub(super) name: String,
    pub(super) date_time: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    SendEvent,
    SendEditEvent,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    phone: Option<Value>,
    event_message_id: Option<Value>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
}

/// Reads and checks a body; the error is what the service says.
pub(super) fn check(endpoint: Endpoint, bytes: &[u8]) -> Result<Wanted<'_>, String> {
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err("the body is not a JSON object".to_owned());
    }
    let body: Body<'_> = serde_json::from_slice(bytes).map_err(|_| "the body is not valid JSON".to_owned())?;
    let phone = text(body.phone.as_ref(), "phone")?;
    if !is_phone_or_group(&phone) {
        return Err("Invalid phone".to_owned());
    }
    let original_id = match endpoint {
        Endpoint::SendEvent => None,
        Endpoint::SendEditEvent => Some(text(body.event_message_id.as_ref(), "eventMessageId")?),
    };
    let event = body.event.ok_or("event is required")?;
    let fields: Value = serde_json::from_str(event.get()).map_err(|_| "event is not valid JSON".to_owned())?;
    let (name, date_time) = check_event(&fields)?;
    Ok(Wanted { phone, original_id, event, name, date_time })
}

fn check_event(event: &Value) -> Result<(String, String), String> {
    if !event.is_object() {
        return Err("event must be an object".to_owned());
    }
    let name = text(event.get("name"), "event.name")?;
    let date_time = text(event.get("dateTime"), "event.dateTime")?;
    if !is_date_time(&date_time) {
        return Err("invalid date time".to_owned());
    }
    if !event.get("canceled").is_some_and(Value::is_boolean) {
        return Err("event.canceled must be a boolean".to_owned());
    }
    for field in ["description", "timeZone"] {
        if event.get(field).is_some_and(|value| !value.is_string()) {
            return Err(format!("event.{field} must be a string"));
        }
    }
    if let Some(location) = event.get("location") {
        text(location.get("name"), "event.location.name")?;
    }
    match event.get("callLinkType") {
        None => {}
        Some(Value::String(kind)) if kind == "voice" || kind == "video" => {}
        Some(_) => return Err("event.callLinkType must be voice or video".to_owned()),
    }
    Ok((name, date_time))
}

fn text(value: Option<&Value>, name: &str) -> Result<String, String> {
    match value {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.clone()),
        Some(Value::String(_) | Value::Null) | None => Err(format!("{name} is required")),
        Some(_) => Err(format!("{name} must be a string")),
    }
}

/// `digits`, `digits-group`, `digits-digits` or `digits@lid`.
pub(super) fn is_phone_or_group(text: &str) -> bool {
    is_group(text) || is_digits(text.strip_suffix("@lid").unwrap_or(text))
}

pub(super) fn is_group(text: &str) -> bool {
    text.split_once('-').is_some_and(|(before, after)| is_digits(before) && (after == "group" || is_digits(after)))
}

fn is_digits(text: &str) -> bool {
    (8..=25).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `YYYY-MM-DDTHH:MM`, then perhaps seconds, a fraction and `Z`, with numbers that a clock and a calendar have.
fn is_date_time(text: &str) -> bool {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let Some((date, time)) = text.split_once('T') else { return false };
    let numbers = |text: &str, separator: char, widths: &[usize]| -> Option<Vec<u32>> {
        let parts: Vec<_> = text.split(separator).collect();
        let fits = parts.len() == widths.len() && parts.iter().zip(widths).all(|(part, width)| part.len() == *width);
        fits.then(|| parts.iter().map(|part| part.parse().ok()).collect::<Option<Vec<_>>>()).flatten()
    };
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let date = numbers(date, '-', &[4, 2, 2]);
    let clock = numbers(clock, ':', &[2, 2, 2]).or_else(|| numbers(clock, ':', &[2, 2]));
    matches!(date.as_deref(), Some([_, 1..=12, 1..=31]))
        && matches!(clock.as_deref(), Some([0..=23, 0..=59] | [0..=23, 0..=59, 0..=59]))
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = r#"{"phone":"120363019502650977-group","event":{"name":"Event Name","description":"Event Description","dateTime":"2024-04-29T09:30:53.309Z","location":{"name":"Location Name"},"callLinkType":"video","canceled":false}}"#;

    #[test]
    fn the_example_of_the_reference_is_taken() {
        let wanted = check(Endpoint::SendEvent, EXAMPLE.as_bytes()).unwrap();
        assert_eq!((wanted.phone.as_str(), wanted.name.as_str()), ("120363019502650977-group", "Event Name"));
        assert!(wanted.event.get().starts_with(r#"{"name":"Event Name","#));
    }

    #[test]
    fn what_is_missing_or_malformed_is_named() {
        for (from, to, error) in [
            ("{\"phone\"", "[\"phone\"", "the body is not a JSON object"),
            ("}}", "}", "the body is not valid JSON"),
            ("120363019502650977-group", "+55 11 99999-8888", "Invalid phone"),
            ("\"120363019502650977-group\"", "5511999998888", "phone must be a string"),
            ("\"phone\"", "\"Phone\"", "phone is required"),
            ("\"event\":", "\"events\":", "event is required"),
            ("\"Event Name\"", "\" \"", "event.name is required"),
            ("\"dateTime\"", "\"datetime\"", "event.dateTime is required"),
            ("09:30:53", "24:30:53", "invalid date time"),
            ("2024-04-29T", "29/04/2024 ", "invalid date time"),
            ("\"Location Name\"", "7", "event.location.name must be a string"),
            ("\"video\"", "\"film\"", "event.callLinkType must be voice or video"),
            (",\"canceled\":false", "", "event.canceled must be a boolean"),
            ("false", "\"false\"", "event.canceled must be a boolean"),
        ] {
            let body = EXAMPLE.replacen(from, to, 1);
            assert_eq!(check(Endpoint::SendEvent, body.as_bytes()).err().as_deref(), Some(error), "{body}");
        }
        let without_id = check(Endpoint::SendEditEvent, EXAMPLE.as_bytes());
        assert_eq!(without_id.err().as_deref(), Some("eventMessageId is required"));
    }

    #[test]
    fn addresses_have_the_forms_of_the_reference() {
        for text in ["5511999998888", "120363019502650977-group", "5511999999999-1623281429", "999999999999999@lid"] {
            assert!(is_phone_or_group(text), "{text}");
        }
        for text in ["", "-group", "12-group", "55119999@c.us", "120363019502650977@g.us", "1-2-3", "status@broadcast"]
        {
            assert!(!is_phone_or_group(text), "{text}");
        }
    }
}
