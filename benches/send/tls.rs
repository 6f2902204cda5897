//! TLS on the server's side, with rustls by hand: a certificate made up for the run, and a stream that reads and writes.
//!
//! Only what the server needs: one request after the other, whole answers at a time.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection};
use tokio::net::TcpStream;

/// Makes a certificate for `localhost`, puts it where clients can be pointed at it, and gives the server's settings.
pub(crate) fn config(certificate: &Path) -> Result<Arc<ServerConfig>, Box<dyn std::error::Error>> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    std::fs::write(certificate, made.cert.pem())?;
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    Ok(Arc::new(config))
}

pub(crate) struct Stream {
    socket: TcpStream,
    session: ServerConnection,
    chunk: Vec<u8>,
}

impl Stream {
    pub(crate) fn new(socket: TcpStream, config: Arc<ServerConfig>) -> io::Result<Self> {
        let session = ServerConnection::new(config).map_err(io::Error::other)?;
        Ok(Self { socket, session, chunk: vec![0; 16 * 1024] })
    }

    /// Appends what comes next to `inbox`; false when the client has gone.
    pub(crate) async fn read(&mut self, inbox: &mut Vec<u8>) -> io::Result<bool> {
        loop {
            self.flush().await?;
            self.socket.readable().await?;
            let read = match self.socket.try_read(&mut self.chunk) {
                Ok(0) => return Ok(false),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error),
            };
            let mut rest = &self.chunk[..read];
            let before = inbox.len();
            while !rest.is_empty() {
                self.session.read_tls(&mut rest)?;
                let state = self.session.process_new_packets().map_err(io::Error::other)?;
                let start = inbox.len();
                inbox.resize(start + state.plaintext_bytes_to_read(), 0);
                self.session.reader().read_exact(&mut inbox[start..])?;
            }
            if inbox.len() > before {
                return Ok(true);
            }
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.session.writer().write_all(bytes)?;
        self.flush().await
    }

    async fn flush(&mut self) -> io::Result<()> {
        let mut out = Vec::new();
        while self.session.wants_write() {
            self.session.write_tls(&mut out)?;
        }
        tokio::io::AsyncWriteExt::write_all(&mut self.socket, &out).await
    }
}
