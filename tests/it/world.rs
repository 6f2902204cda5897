//! A temporary folder, the real binary, and the stand-in: everything a promise needs to be seen kept.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use zapi_batch::sandbox::{self, Options, Running};

/// One campaign's folder. Removed at the end of the test.
pub struct World {
    folder: tempfile::TempDir,
}

/// One row of a results CSV, by column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultRow(Vec<(String, String)>);

impl ResultRow {
    pub fn get(&self, column: &str) -> &str {
        &self.0.iter().find(|(name, _)| name == column).unwrap_or_else(|| panic!("no column {column}")).1
    }
}

impl World {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// With a copy of the repository's `manifests` folder under its own name, as it is kept: whoever has tried the
    /// README's commands has ledgers and results in there.
    pub fn repository() -> Self {
        let world = Self::new();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests"), &world.path("manifests"));
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A manifest with one event and one CSV of `rows` groups.
    pub fn campaign(&self, rows: usize) -> PathBuf {
        self.write("list.csv", groups(rows));
        self.write("m.yaml", MANIFEST)
    }

    /// The binary in this folder, with credentials, and with nothing of this machine's own settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zapi-batch"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("TZ", "UTC")
            .env("ZAPI_STATE_DIR", self.path(".state"))
            .env("ZAPI_INSTANCE_ID", "3C01")
            .env("ZAPI_INSTANCE_TOKEN", "A20T")
            .env("ZAPI_CLIENT_TOKEN", "F0C")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    /// `apply` against a server on this machine.
    pub fn apply(&self, base_url: &str, more: &[&str]) -> Ran {
        let mut arguments = vec!["apply", "m.yaml", "--base-url", base_url, "--rate", "unlimited"];
        arguments.extend(more);
        self.run(&arguments)
    }

    pub fn results(&self, name: &str) -> Vec<ResultRow> {
        rows_of(&fs::read(self.path(name)).unwrap())
    }

    /// Names of all files in the folder, hidden ones too.
    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(
            self.stdout.contains(words) || self.stderr.contains(words),
            "nobody says {words:?}\nstdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// A stand-in with nothing wrong and a queue that goes out at once.
pub fn server() -> Running {
    server_with(Options::default())
}

pub fn server_with(options: Options) -> Running {
    sandbox::start(Options { drain: sandbox::Drain::Every(Duration::ZERO), ..options }, 0).unwrap()
}

/// What a stand-in was asked, oldest first.
pub fn log(base_url: &str) -> Vec<serde_json::Value> {
    let answer = get(base_url, "/sandbox/log");
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

/// What every recipient has at a stand-in: address, original message id and event.
pub fn events(base_url: &str) -> Vec<(String, String, serde_json::Value)> {
    let all: Vec<serde_json::Value> = serde_json::from_str(&get(base_url, "/sandbox/events")).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    all.into_iter().map(|one| (text(&one["phone"]), text(&one["messageId"]), one["event"].clone())).collect()
}

/// One plain GET; the body.
pub fn get(base_url: &str, path: &str) -> String {
    send(base_url, "GET", path, "")
}

/// One plain request with a JSON body; the answer's body.
pub fn send(base_url: &str, method: &str, path: &str, body: &str) -> String {
    let host = base_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!("{method} {path} HTTP/1.0\r\nhost: {host}\r\ncontent-type: application/json\r\n");
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
}

pub fn rows_of(csv: &[u8]) -> Vec<ResultRow> {
    let mut reader = csv::Reader::from_reader(csv);
    let header = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| {
        ResultRow(header.iter().zip(&record).map(|(name, cell)| (name.to_owned(), cell.to_owned())).collect())
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

/// Waits until `ready`, for a minute at most.
#[track_caller]
pub fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !ready() {
        assert!(Instant::now() < deadline, "waited for a minute: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A CSV of so many groups, each with a label.
pub fn groups(rows: usize) -> String {
    let row = |row: usize| format!("{}-group,Group {row}", 120_363_050_000_000_000_u64 + row as u64);
    let mut lines = vec!["phone,label".to_owned()];
    lines.extend((0..rows).map(row));
    lines.join("\n")
}

/// What a run leaves beside a manifest; `.gitignore` names it too.
const LEFT_BY_A_RUN: [&str; 5] = [".ledger.db", ".results.", ".sent.json", ".sandbox.", ".test."];

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let target = to.join(&name);
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else if !LEFT_BY_A_RUN.iter().any(|left| name.contains(left)) {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub const MANIFEST: &str = r#"version: 1
campaign: spring
timezone: America/Sao_Paulo
instances:
  main: { id: "${ZAPI_INSTANCE_ID}", token: "${ZAPI_INSTANCE_TOKEN}", clientToken: "${ZAPI_CLIENT_TOKEN}" }
events:
  launch:
    name: "Spring launch"
    description: "Welcome, {{ label }}"
    dateTime: "2027-05-14T19:00"
recipients:
  groups: { csv: list.csv }
"#;
