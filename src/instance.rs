//! A Z-API instance: one `WhatsApp` number, its name in the manifest, its credentials, and the fingerprint by which the
//! ledger knows it again.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// The SHA-256 of an instance id, in hex: tells two instances apart without keeping the id, which is half of a URL that
/// can send.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint(Box<str>);

impl Fingerprint {
    pub fn of(instance_id: &SecretString) -> Self {
        let digest = Sha256::digest(instance_id.expose_secret().as_bytes());
        let hex: String = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex_digit).collect();
        Self(hex.into())
    }

    /// As read back from a ledger.
    pub fn from_hex(hex: impl Into<Box<str>>) -> Self {
        Self(hex.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `nibble` is below 16.
fn hex_digit(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 })
}

/// What it takes to send through an instance. `Debug` shows none of it.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub id: SecretString,
    pub token: SecretString,
    /// Accounts can switch the check off.
    pub client_token: Option<SecretString>,
}

/// An instance that can be used: its name in the manifest and its credentials.
#[derive(Debug, Clone)]
pub struct Instance {
    pub name: Arc<str>,
    pub credentials: Credentials,
}

impl Instance {
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.credentials.id)
    }
}
