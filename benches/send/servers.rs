//! Starts the cheap server as a process of its own, and asks it what it saw.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::senders::on_processor;

/// A running server; gone when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    port: u16,
    questions: u16,
    certificate: Option<PathBuf>,
}

/// What it saw since it was last asked to forget.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) requests: u64,
    /// Different recipients among them.
    pub(crate) distinct: u64,
    /// From the first request to the last.
    pub(crate) span: Duration,
}

impl Server {
    /// With a `certificate` to write it speaks TLS.
    pub(crate) fn start(latency_ms: u64, certificate: Option<&Path>) -> io::Result<Self> {
        let mut command = on_processor("1", std::env::current_exe()?);
        command.args(["--serve", &latency_ms.to_string()]).stdout(Stdio::piped()).stdin(Stdio::null());
        if let Some(certificate) = certificate {
            command.arg(certificate);
        }
        let mut child = command.spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let ports: Vec<u16> = line.split_whitespace().filter_map(|port| port.parse().ok()).collect();
        let [port, questions] = ports[..] else { return Err(io::Error::other("the server did not start")) };
        Ok(Self { child, port, questions, certificate: certificate.map(Path::to_owned) })
    }

    pub(crate) fn base(&self) -> String {
        match self.certificate {
            Some(_) => format!("https://localhost:{}", self.port),
            None => format!("http://127.0.0.1:{}", self.port),
        }
    }

    pub(crate) fn certificate(&self) -> Option<&Path> {
        self.certificate.as_deref()
    }

    pub(crate) fn forget(&self) -> io::Result<()> {
        self.ask("POST /reset").map(drop)
    }

    pub(crate) fn seen(&self) -> io::Result<Seen> {
        let answer = self.ask("GET /stats")?;
        let body = answer.rsplit_once("\r\n\r\n").map_or("", |(_, body)| body);
        let numbers: Vec<u64> = body.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        let [requests, distinct, span_us] = numbers[..] else {
            return Err(io::Error::other(format!("the server said {body:?}")));
        };
        Ok(Seen { requests, distinct, span: Duration::from_micros(span_us) })
    }

    fn ask(&self, what: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.questions))?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.write_all(format!("{what} HTTP/1.1\r\nContent-Length: 0\r\n\r\n").as_bytes())?;
        stream.shutdown(std::net::Shutdown::Write)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
