//! The log: what `-v`, `-vv`, `--log-file` and `RUST_LOG` bring to stderr or to a file.
//!
//! Libraries are never heard below warn, since they know URLs and so tokens; what is left of URLs is cut out of every
//! line, and persons' numbers are masked, whoever wrote it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, filter};

use super::failure::Failure;
use crate::cli::GlobalArgs;
use crate::recipient::mask_in_text;

const OURS: &str = "zapi_batch";

/// Starts the log for the whole process.
pub(super) fn start(global: &GlobalArgs) -> Result<(), Failure> {
    let level = match global.verbose {
        0 if global.log_file.is_some() => "info",
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let wanted = std::env::var("RUST_LOG").ok().filter(|wanted| !wanted.trim().is_empty());
    let wanted = wanted.unwrap_or_else(|| format!("warn,{OURS}={level}"));
    let filter = EnvFilter::builder().parse(&wanted).map_err(|error| {
        Failure::refused(format!("RUST_LOG cannot be understood: {error}")).help("such as zapi_batch=debug")
    })?;
    let sink = match &global.log_file {
        None => Sink::Stderr,
        Some(path) => Sink::File(Arc::new(Mutex::new(open(path)?))),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(Careful { sink, mask: !global.show_recipients })
        .with_filter(filter)
        .with_filter(filter::filter_fn(|metadata| may_be_heard(metadata.target(), *metadata.level())));
    // Started twice only in tests; the first one stays.
    let _ = tracing_subscriber::registry().with(lines).try_init();
    Ok(())
}

/// What is no log is not written into: with one wrong word it would be the manifest, or a list.
fn open(path: &Path) -> Result<File, Failure> {
    if !is_free(path) {
        let message = format!("the log cannot be written to {}: something else is there", path.display());
        return Err(Failure::refused(message).help("name a new file, or a log"));
    }
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    opened.map_err(|error| Failure::refused(format!("the log {} cannot be written: {error}", path.display())))
}

/// Whether there is no file yet, an empty one, or a log, each line of which begins with its time. Pipes and devices are not
/// looked into.
fn is_free(path: &Path) -> bool {
    if !path.metadata().is_ok_and(|found| found.is_file()) {
        return true;
    }
    let mut start = [0; 5];
    let Ok(read) = File::open(path).and_then(|mut file| file.read(&mut start)) else { return true };
    read == 0 || (start[..4].iter().all(u8::is_ascii_digit) && start[4] == b'-')
}

/// Ours at every level, others from warn on.
fn may_be_heard(target: &str, level: Level) -> bool {
    let ours = target.strip_prefix(OURS).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    ours || level <= Level::WARN
}

#[derive(Debug, Clone)]
enum Sink {
    Stderr,
    File(Arc<Mutex<File>>),
}

/// Looks at every line before it leaves.
#[derive(Debug, Clone)]
struct Careful {
    sink: Sink,
    mask: bool,
}

impl MakeWriter<'_> for Careful {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Write for Careful {
    /// Called with one whole event at a time.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = harmless(&String::from_utf8_lossy(bytes), self.mask);
        // A log that cannot be written stops nothing, and a closed pipe is no fault.
        let _ = match &self.sink {
            Sink::Stderr => io::stderr().lock().write_all(line.as_bytes()),
            Sink::File(file) => file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes()),
        };
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Without URLs and paths that hold credentials; numbers masked.
fn harmless(line: &str, mask: bool) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = url_starts(rest) {
        kept.push_str(&rest[..at]);
        kept.push_str("[URL]");
        let end = rest[at..].find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ')' | '>' | ','));
        rest = &rest[at + end.unwrap_or(rest.len() - at)..];
    }
    kept.push_str(rest);
    if mask { masked_after_the_time(&kept) } else { kept }
}

/// The time that a line begins with has as many digits as a phone number has, and is none.
fn masked_after_the_time(line: &str) -> String {
    let is_time = line.as_bytes().get(10) == Some(&b'T') && line.as_bytes()[0].is_ascii_digit();
    let words = if is_time { line.find(' ').unwrap_or(0) } else { 0 };
    line[..words].to_owned() + &mask_in_text(&line[words..])
}

/// Where the next URL, or the part of one that holds credentials, begins.
fn url_starts(text: &str) -> Option<usize> {
    ["https://", "http://", "HTTPS://", "HTTP://", "/instances/", "instances/"]
        .iter()
        .filter_map(|start| text.find(start))
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_never_heard_below_warn() {
        let table = [
            ("zapi_batch::engine", Level::TRACE, true),
            ("zapi_batch", Level::DEBUG, true),
            ("zapi_batcher", Level::DEBUG, false),
            ("hyper_util::client", Level::INFO, false),
            ("reqwest::connect", Level::TRACE, false),
            ("reqwest::connect", Level::WARN, true),
            ("rustls", Level::ERROR, true),
        ];
        for (target, level, heard) in table {
            assert_eq!(may_be_heard(target, level), heard, "{target} {level}");
        }
    }

    #[test]
    fn lines_hold_no_url_and_no_number() {
        let table = [
            ("GET https://api.z-api.io/instances/A/token/B/send-event failed\n", "GET [URL] failed\n"),
            ("(url: \"http://h/x\", 2) and (https://h/y)", "(url: \"[URL]\", 2) and ([URL])"),
            ("path /instances/A/token/B/status, again", "path [URL], again"),
            ("nothing here", "nothing here"),
            ("sent to 5511999998888\n", "sent to 55119****8888\n"),
            (
                "2026-11-22T13:45:20.332696Z DEBUG to 5511999998888",
                "2026-11-22T13:45:20.332696Z DEBUG to 55119****8888",
            ),
        ];
        for (line, safe) in table {
            assert_eq!(harmless(line, true), safe);
        }
        assert_eq!(harmless("sent to 5511999998888", false), "sent to 5511999998888");
    }
}
