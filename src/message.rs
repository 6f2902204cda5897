//! A message is one event for one recipient, rendered and ready: the type that the wire, the ledger and the diff share.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::recipient::{Address, Identity};

/// How the call that belongs to an event is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallLinkType {
    Voice,
    Video,
}

/// Where an event takes place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    pub name: String,
}

/// A rendered event with the field names, the field order and the shapes of the wire (`send-event`'s `event`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// `YYYY-MM-DDTHH:MM:SS.sssZ`, carrying wall-clock digits.
    pub date_time: String,
    /// Such as `UTC-3` or `UTC+5:30`: the offset on the event's own date.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub time_zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub location: Option<Location>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub call_link_type: Option<CallLinkType>,
    pub canceled: bool,
}

impl Event {
    /// What serde makes of it, written by hand: for a large campaign this is done a million times, and nearly every text
    /// goes into the JSON as it is.
    pub fn to_json(&self) -> String {
        let texts =
            [Some(&self.name), self.description.as_ref(), self.location.as_ref().map(|location| &location.name)];
        let mut out = String::with_capacity(160 + texts.into_iter().flatten().map(String::len).sum::<usize>());
        out.push_str("{\"name\":");
        push_text(&mut out, &self.name);
        if let Some(description) = &self.description {
            out.push_str(",\"description\":");
            push_text(&mut out, description);
        }
        out.push_str(",\"dateTime\":");
        push_text(&mut out, &self.date_time);
        if let Some(time_zone) = &self.time_zone {
            out.push_str(",\"timeZone\":");
            push_text(&mut out, time_zone);
        }
        if let Some(location) = &self.location {
            out.push_str(",\"location\":{\"name\":");
            push_text(&mut out, &location.name);
            out.push('}');
        }
        match self.call_link_type {
            Some(CallLinkType::Voice) => out.push_str(",\"callLinkType\":\"voice\""),
            Some(CallLinkType::Video) => out.push_str(",\"callLinkType\":\"video\""),
            None => {}
        }
        out.push_str(if self.canceled { ",\"canceled\":true}" } else { ",\"canceled\":false}" });
        out
    }
}

/// A text as JSON.
fn push_text(out: &mut String, text: &str) {
    let is_plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    // Looks at every byte, whatever it has found: that is what makes it fast.
    if text.bytes().fold(true, |plain, byte| plain & is_plain(byte)) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::to_string(text).expect("a text is plain data"));
    }
}

/// What makes a message itself within a campaign: nothing else, not the row, the file, the instance or the wording.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageKey {
    pub event: Arc<str>,
    pub identity: Identity,
}

/// Where a message was listed; shown as `lists/vip.csv:17`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RowSource {
    pub file: Arc<str>,
    /// From 1.
    pub line: u32,
}

impl std::fmt::Display for RowSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Why a row will not be sent to, although nothing is wrong with the run: the word in the results' `error` column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SkipReason {
    /// The same identity stands in an earlier row of the same event; its place, as `lists/vip.csv:17`.
    Duplicate { first: String },
    /// The identity is on a suppress list.
    Suppressed,
    /// `canceled: true` never invites.
    Canceled,
    /// The row has errors and `--skip-invalid` was given; the first one's message.
    Invalid { error: String },
    /// It was pending and is no longer listed.
    NoLongerListed,
}

/// One event for one recipient, as the manifest wants it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub key: MessageKey,
    pub address: Address,
    /// What people are shown; defaults to the address.
    pub label: String,
    pub source: RowSource,
    /// The recipient list it came from, for `--to`.
    pub list: Arc<str>,
    /// Index into the manifest's instances, by rendezvous hash over the send's `via`.
    pub instance: usize,
    /// The JSON of [`Event`], exactly the bytes that go on the wire.
    pub event: String,
    /// Which wording the recipient got, from 1, where a text of the event is a list.
    pub variant: Option<u32>,
    /// The values of `results.columns`, in their order.
    pub columns: Vec<String>,
}

/// A row that is no message of its own, and why; it has its line in the results all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedRow {
    pub event: Arc<str>,
    /// `None` when the recipient could not be read.
    pub identity: Option<Identity>,
    /// The address; what stood in the row when it could not be read as one.
    pub recipient: String,
    pub label: String,
    pub source: RowSource,
    pub list: Arc<str>,
    pub reason: SkipReason,
    /// The values of `results.columns`, in their order.
    pub columns: Vec<String>,
}

/// What a row of a list comes to for one event: every row comes to exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expanded {
    Message(Message),
    Skipped(SkippedRow),
}

/// What an attempt does at Z-API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttemptKind {
    /// `POST /send-event`: an invitation. Repeated only on proof that nothing was processed.
    Create,
    /// `POST /send-edit-event`: replaces what was sent, so repeating it is harmless.
    Edit,
}

/// The one state that every message is in; the word in the results' `status` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// To be sent (or to be edited).
    Pending,
    /// Queued by Z-API as it is worded now.
    Accepted,
    /// Refused by Z-API: nothing was processed.
    Rejected,
    /// Nobody can know whether Z-API processed it.
    Unknown,
    /// Will not be sent; the reason is in `error`.
    Skipped,
}

impl State {
    pub const ALL: [Self; 5] = [Self::Accepted, Self::Rejected, Self::Unknown, Self::Pending, Self::Skipped];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_by_hand_is_what_serde_makes_of_it() {
        let texts = ["Launch", "", "\"quoted\" \\ \n\t\r\u{0}\u{1f}\u{7f}", "São Paulo 山田 \u{2028} 🎉", "</script>"];
        let choices = texts.iter().flat_map(|one| texts.iter().map(move |two| (*one, *two)));
        for (number, (one, two)) in choices.enumerate() {
            let may = |bit: usize| (number >> bit & 1 == 1).then(|| two.to_owned());
            let event = Event {
                name: one.to_owned(),
                description: may(0),
                date_time: "2026-12-04T19:00:00.000Z".to_owned(),
                time_zone: may(1),
                location: may(2).map(|name| Location { name }),
                call_link_type: [None, Some(CallLinkType::Voice), Some(CallLinkType::Video)][number % 3],
                canceled: number % 2 == 0,
            };
            assert_eq!(event.to_json(), serde_json::to_string(&event).unwrap());
        }
    }
}
