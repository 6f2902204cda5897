//! The JSON shapes of Z-API that both sides need: the gateway sends and reads them, the sandbox reads and answers them.
//!
//! Shapes only. What they mean is decided in `classify` and in the sandbox. Fields that nobody uses are left out, and
//! unknown ones are ignored, because the service may add some at any time.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The header that carries the account's security token.
pub const CLIENT_TOKEN_HEADER: &str = "client-token";

/// `{"phone":…,"event":…}`, the body of `POST /send-event`, around an event that is JSON already.
pub fn send_event_body(phone: &str, event_json: &str) -> Vec<u8> {
    body(&[("phone", phone)], event_json)
}

/// `{"phone":…,"eventMessageId":…,"event":…}`, the body of `POST /send-edit-event`.
pub fn send_edit_event_body(phone: &str, event_message_id: &str, event_json: &str) -> Vec<u8> {
    body(&[("phone", phone), ("eventMessageId", event_message_id)], event_json)
}

fn body(texts: &[(&str, &str)], event_json: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(event_json.len() + 128);
    bytes.push(b'{');
    for (name, text) in texts {
        bytes.push(b'"');
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b"\":");
        // Writing JSON into memory does not fail.
        let _ = serde_json::to_writer(&mut bytes, text);
        bytes.push(b',');
    }
    bytes.extend_from_slice(b"\"event\":");
    bytes.extend_from_slice(event_json.as_bytes());
    bytes.push(b'}');
    bytes
}

/// What the service answers to a send or an edit. Everything is optional and untyped: what is there decides.
#[derive(Debug, Default, Deserialize)]
pub struct SendAnswer {
    #[serde(rename = "zaapId")]
    pub zaap_id: Option<Value>,
    #[serde(rename = "messageId")]
    pub message_id: Option<Value>,
    pub error: Option<Value>,
    pub message: Option<Value>,
}

/// A send or an edit was queued.
#[derive(Debug, Serialize)]
pub struct Queued<'a> {
    #[serde(rename = "zaapId")]
    pub zaap_id: &'a str,
    #[serde(rename = "messageId")]
    pub message_id: &'a str,
    /// The same as `messageId`, for Zapier.
    pub id: &'a str,
}

/// `GET /status`. `error` may be filled when all is well, so it is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    pub connected: bool,
    /// Only says that the phone is online; sending does not need it.
    #[serde(default)]
    pub smartphone_connected: bool,
}

/// `GET /me`, without its secrets (the token, a proxy password).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "they are the service's own, one a webhook")]
pub struct Me {
    /// The instance's name at Z-API.
    pub name: Option<String>,
    pub connected: Option<bool>,
    /// When the subscription ends, in milliseconds since 1970.
    pub due: Option<i64>,
    pub payment_status: Option<String>,
    #[serde(default, deserialize_with = "is_filled")]
    pub delivery_callback_url: bool,
    #[serde(default, deserialize_with = "is_filled")]
    pub message_status_callback_url: bool,
    #[serde(default, deserialize_with = "is_filled")]
    pub received_callback_url: bool,
    #[serde(default, deserialize_with = "is_filled")]
    pub disconnected_callback_url: bool,
    /// "Notify sent by me": our own events come back with their join link.
    #[serde(default)]
    pub receive_callback_sent_by_me: Option<bool>,
}

/// Webhook URLs may carry secrets of their own, so only whether there is one is kept.
fn is_filled<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_str().is_some_and(|url| !url.trim().is_empty()))
}

/// `GET /device`: the phone behind the instance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Device {
    pub phone: Option<String>,
    pub name: Option<String>,
}

/// One chat of `GET /groups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// The group id, as it is sent to.
    pub phone: String,
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub is_group: bool,
}

/// `GET /light-group-metadata/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupMetadata {
    pub phone: Option<String>,
    pub subject: Option<String>,
    /// Only administrators may write.
    #[serde(default)]
    pub admin_only_message: Option<bool>,
    /// A community's announcement group: it holds every member of the community's groups.
    #[serde(default)]
    pub is_group_announcement: Option<bool>,
    #[serde(default)]
    pub community_id: Option<String>,
}

/// The body of `POST /queue`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueQuery {
    /// At most [`QueueQuery::PAGE_SIZE_MAX`].
    #[serde(default = "QueueQuery::page_size_default")]
    pub page_size: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paging_state: Option<String>,
}

impl QueueQuery {
    pub const PAGE_SIZE_MAX: u32 = 30;

    fn page_size_default() -> u32 {
        Self::PAGE_SIZE_MAX
    }
}

/// The answer to `POST /queue`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueuePage {
    #[serde(deserialize_with = "super::object::list")]
    pub messages: Vec<QueuedMessage>,
    #[serde(default)]
    pub paging_state: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub has_more: bool,
}

/// A message that waits in an instance's queue, ours or another program's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueuedMessage {
    #[serde(default, deserialize_with = "or_default")]
    pub zaap_id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub message_id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub phone: String,
    /// A trial instance: its messages carry a visible mark.
    #[serde(default, deserialize_with = "or_default")]
    pub is_trial: bool,
}

/// The service writes `null` where it has nothing.
fn or_default<'de, D: serde::Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_exact() {
        let event = r#"{"name":"A \"b\"","canceled":false}"#;
        assert_eq!(
            String::from_utf8(send_event_body("120363019502650977-group", event)).unwrap(),
            r#"{"phone":"120363019502650977-group","event":{"name":"A \"b\"","canceled":false}}"#
        );
        assert_eq!(
            String::from_utf8(send_edit_event_body("1-2", "D2\"41", event)).unwrap(),
            r#"{"phone":"1-2","eventMessageId":"D2\"41","event":{"name":"A \"b\"","canceled":false}}"#
        );
    }

    #[test]
    fn null_is_nothing() {
        let page =
            r#"{"messages":[{"ZaapId":"Z1","MessageId":null,"IsTrial":null}],"pagingState":null,"hasMore":null}"#;
        let page: QueuePage = serde_json::from_str(page).unwrap();
        assert_eq!(page.messages[0], QueuedMessage { zaap_id: "Z1".to_owned(), ..QueuedMessage::default() });
        let group: Group = serde_json::from_str(r#"{"phone":"1-group","name":null,"isGroup":true}"#).unwrap();
        assert!(group.name.is_empty() && group.is_group);
        assert!(serde_json::from_str::<QueuePage>("{}").is_err());
    }

    #[test]
    fn me_keeps_no_secret() {
        let me: Me = serde_json::from_str(
            r#"{"id":"3C0","token":"S3CRET","name":"shop","due":1893456000000,"connected":true,"paymentStatus":"PAID",
                "receivedCallbackUrl":"https://hook.example/S3CRET","deliveryCallbackUrl":"","disconnectedCallbackUrl":null}"#,
        )
        .unwrap();
        assert!(me.received_callback_url && !me.delivery_callback_url && !me.disconnected_callback_url);
        assert!(!format!("{me:?}").contains("S3CRET"));
    }
}
