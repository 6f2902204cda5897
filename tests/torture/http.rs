//! HTTP/1.1 by hand, as much as the oracle needs: heads, bodies, a proper acceptance, and reads that can be called off.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};

/// Under which a message waits in the queue.
pub(crate) fn zaap_id(message_id: &str) -> String {
    format!("Z{message_id}")
}

pub(crate) fn acceptance(message_id: &str) -> Vec<u8> {
    let zaap_id = zaap_id(message_id);
    let body = format!(r#"{{"zaapId":"{zaap_id}","messageId":"{message_id}","id":"{message_id}"}}"#);
    with_body("200 OK", "", body.as_bytes())
}

pub(crate) fn with_body(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// Repeats a read over its short timeouts; false when the client has gone or the oracle stops.
pub(crate) fn patiently(stop: &AtomicBool, mut read: impl FnMut() -> std::io::Result<usize>) -> std::io::Result<bool> {
    while !stop.load(Ordering::SeqCst) {
        match read() {
            Ok(length) => return Ok(length > 0),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

pub(crate) fn fill(stream: &mut TcpStream, stop: &AtomicBool, room: &mut [u8]) -> std::io::Result<bool> {
    let mut filled = 0;
    while filled < room.len() {
        let mut got = 0;
        let alive = patiently(stop, || {
            got = stream.read(&mut room[filled..])?;
            Ok(got)
        })?;
        if !alive {
            return Ok(false);
        }
        filled += got;
    }
    Ok(true)
}

pub(crate) fn skip(stream: &mut TcpStream, length: usize) -> std::io::Result<()> {
    stream.read_exact(&mut vec![0; length])
}

/// `GET /status` and whatever else a preflight asks: all is well, and the answer repeats the secrets as the real one does.
pub(crate) fn answer_other(stream: &mut TcpStream, head: &Head) -> std::io::Result<()> {
    let echo = format!("{} {}", head.path, head.client_token);
    let body = if head.path.ends_with("/status") {
        serde_json::json!({"connected": true, "smartphoneConnected": true, "error": format!("You are already connected: {echo}")})
    } else if head.path.ends_with("/queue/count") {
        serde_json::json!({"count": 0})
    } else {
        serde_json::json!({"connected": true, "token": echo})
    };
    stream.write_all(&with_body("200 OK", "", body.to_string().as_bytes()))
}

pub(crate) struct Head {
    pub(crate) path: String,
    pub(crate) length: usize,
    pub(crate) client_token: String,
}

/// Which message endpoint was called, and by whom.
pub(crate) struct Call {
    pub(crate) edit: bool,
    pub(crate) token: String,
}

impl Head {
    pub(crate) fn call(&self) -> Option<Call> {
        let edit = self.path.ends_with("/send-edit-event");
        let token = self.path.split('/').skip_while(|part| *part != "token").nth(1).unwrap_or_default().to_owned();
        (edit || self.path.ends_with("/send-event")).then_some(Call { edit, token })
    }
}

/// Reads a head byte by byte (requests are small), leaving the body unread.
pub(crate) fn read_head(stream: &mut TcpStream, stop: &AtomicBool) -> std::io::Result<Option<Head>> {
    let mut bytes = Vec::with_capacity(512);
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") && bytes.len() < 65_536 {
        if !fill(stream, stop, &mut byte)? {
            return Ok(None);
        }
        bytes.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&bytes);
    let header = |name: &str| {
        let of = |line: &str| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        text.lines().skip(1).find_map(of)
    };
    Ok(Some(Head {
        path: text.split(' ').nth(1).unwrap_or_default().to_owned(),
        length: header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0),
        client_token: header("client-token").unwrap_or_default(),
    }))
}
