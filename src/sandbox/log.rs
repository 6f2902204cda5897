//! What the stand-in was asked: one entry a request, the newest of them kept, as JSON only when somebody looks.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::value::RawValue;

pub(super) struct Entry {
    /// Milliseconds since 1970, never going back.
    pub(super) at_ms: u64,
    pub(super) instance: Arc<str>,
    pub(super) endpoint: &'static str,
    pub(super) recipient: Box<str>,
    /// 0 when nothing was answered.
    pub(super) status: u16,
    pub(super) body: Box<[u8]>,
}

pub(super) struct Log {
    entries: VecDeque<Entry>,
    entries_max: usize,
}

impl Log {
    pub(super) fn new(entries_max: usize) -> Self {
        Self { entries: VecDeque::new(), entries_max }
    }

    pub(super) fn push(&mut self, entry: Entry) {
        if self.entries_max == 0 {
            return;
        }
        if self.entries.len() >= self.entries_max {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    /// `[{"at_ms","instance","endpoint","recipient","status","body"}]`, one entry a line. A body that is no JSON is a
    /// string, none is null.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.entries.len() * 256 + 4);
        out.push(b'[');
        for (index, entry) in self.entries.iter().enumerate() {
            out.extend_from_slice(if index == 0 { b"\n" } else { b",\n" });
            let body = match std::str::from_utf8(&entry.body) {
                Ok("") => "null".to_owned(),
                Ok(text) if serde_json::from_str::<&RawValue>(text).is_ok() => text.trim().to_owned(),
                Ok(_) | Err(_) => serde_json::Value::from(String::from_utf8_lossy(&entry.body)).to_string(),
            };
            let line = format!(
                r#"{{"at_ms":{},"instance":{},"endpoint":"{}","recipient":{},"status":{},"body":{body}}}"#,
                entry.at_ms,
                serde_json::Value::from(&*entry.instance),
                entry.endpoint,
                serde_json::Value::from(&*entry.recipient),
                entry.status,
            );
            out.extend_from_slice(line.as_bytes());
        }
        out.extend_from_slice(b"\n]\n");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_json_whatever_the_body_was_and_the_oldest_go() {
        let mut log = Log::new(3);
        for body in ["dropped", r#"{"phone": "1"}"#, "{half \u{1b}", ""] {
            log.push(Entry {
                at_ms: 7,
                instance: "i\"1".into(),
                endpoint: "send-event",
                recipient: "1-group".into(),
                status: 200,
                body: body.as_bytes().into(),
            });
        }
        let entries: serde_json::Value = serde_json::from_slice(&log.to_json()).unwrap();
        assert_eq!(entries[0]["instance"], "i\"1");
        assert_eq!(entries[0]["body"]["phone"], "1");
        assert_eq!(entries[1]["body"], "{half \u{1b}");
        assert!(entries[2]["body"].is_null());
        assert_eq!(entries.as_array().unwrap().len(), 3);
    }
}
