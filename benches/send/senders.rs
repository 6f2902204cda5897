//! Who sends: this crate's program, and the others where they are installed, each as the command line that does the same.
//!
//! Others are found on the PATH, or through `OHA`, `CURL`, `BULK_POST` and `AIOHTTP_PYTHON` (a Python that has aiohttp and
//! jinja2). What a sender needs to be prepared is not measured.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::campaign;
use crate::servers::Server;

const PATH_OF_EVENTS: &str = "/instances/3C01/token/A20T/send-event";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    ZapiBatch,
    /// The same, with every sync 5 ms slower.
    ZapiBatchSlowSync,
    Oha,
    Curl,
    BulkPost,
    Aiohttp,
}

/// What is sent, where to, and how many at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load<'a> {
    /// With the campaign; the ledger goes there, too.
    pub(crate) folder: &'a Path,
    pub(crate) rows: u64,
    pub(crate) slots: usize,
    pub(crate) server: &'a Server,
}

impl Sender {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ZapiBatch => "zapi-batch",
            Self::ZapiBatchSlowSync => "zapi-batch, syncs 5 ms slower",
            Self::Oha => "oha",
            Self::Curl => "curl --parallel",
            Self::BulkPost => "bulk-post",
            Self::Aiohttp => "aiohttp script",
        }
    }

    /// Whether it is installed, and can do what the setting asks for.
    pub(crate) fn is_here(self) -> bool {
        match self {
            Self::ZapiBatch => true,
            Self::ZapiBatchSlowSync => tool("CC", "cc").is_some(),
            Self::Oha => tool("OHA", "oha").is_some(),
            Self::Curl => tool("CURL", "curl").is_some(),
            Self::BulkPost => tool("BULK_POST", "bulk-post").is_some(),
            Self::Aiohttp => tool("AIOHTTP_PYTHON", "python3").is_some_and(|python| {
                let status = Command::new(python).args(["-c", "import aiohttp, jinja2"]).stderr(Stdio::null()).status();
                status.is_ok_and(|status| status.success())
            }),
        }
    }

    /// Its command line, with everything that it needs in place.
    pub(crate) fn command(self, load: &Load<'_>) -> io::Result<Command> {
        let Load { folder, rows, slots, server } = *load;
        let url = format!("{}{PATH_OF_EVENTS}", server.base());
        let found = |variable, name| tool(variable, name).ok_or_else(|| io::Error::other(format!("no {name}")));
        let slots = slots.to_string();
        let mut command = match self {
            Self::ZapiBatch | Self::ZapiBatchSlowSync => {
                forget_ledger(folder)?;
                let mut command = zapi_batch(folder, &["apply", "m.yaml", "--no-preflight", "--yes"]);
                command.args(["--base-url", &server.base(), "--rate", "unlimited", "--concurrency", &slots]);
                if let Some(certificate) = server.certificate() {
                    command.env("SSL_CERT_FILE", certificate);
                }
                if self == Self::ZapiBatchSlowSync {
                    command.env("LD_PRELOAD", slow_sync(folder)?).env("SLOWSYNC_US", "5000");
                }
                command
            }
            Self::Oha => {
                let mut command = pinned(found("OHA", "oha")?);
                command.args(["-n", &rows.to_string(), "-c", &slots, "--no-tui", "-m", "POST", "--insecure"]);
                command.args(["-H", "Client-Token: F0", "-H", "Content-Type: application/json", "-D"]);
                command.arg(folder.join("body.json")).arg(url);
                command
            }
            Self::Curl => {
                let mut command = pinned(found("CURL", "curl")?);
                command.args(["--no-progress-meter", "--parallel", "--parallel-max", &slots, "-K"]);
                command.arg(campaign::write_curl(&folder.join("curl.cfg"), rows, &url)?);
                command
            }
            Self::BulkPost => {
                let mut command = pinned(found("BULK_POST", "bulk-post")?);
                command.args(["--url", &url, "--parallel", "-n", &slots, "-H", "Client-Token: F0", "--csv"]);
                command.arg(folder.join("r.csv")).arg("-r").arg(folder.join("redrive.csv"));
                command.args(["--body", campaign::BODY_TEMPLATE]);
                command
            }
            Self::Aiohttp => {
                let mut command = pinned(found("AIOHTTP_PYTHON", "python3")?);
                command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/send/send_with_aiohttp.py"));
                command.arg(url).arg(folder.join("r.csv")).arg(slots).arg(folder.join("aiohttp.csv"));
                command
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }
}

/// This crate's program in a campaign's folder, with nothing of this machine's own settings.
pub(crate) fn zapi_batch(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = pinned(env!("CARGO_BIN_EXE_zapi-batch"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("ZAPI_STATE_DIR", folder.join("state"))
        .env("ZAPI_INSTANCE_ID", "3C01")
        .env("ZAPI_INSTANCE_TOKEN", "A20T")
        .env("ZAPI_CLIENT_TOKEN", "F0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// On the first processor where that can be asked for: the server has the second.
pub(crate) fn pinned(program: impl Into<OsString>) -> Command {
    on_processor("0", program)
}

pub(crate) fn on_processor(number: &str, program: impl Into<OsString>) -> Command {
    let program = program.into();
    let several = std::thread::available_parallelism().is_ok_and(|count| count.get() > 1);
    match tool("TASKSET", "taskset").filter(|_| several) {
        Some(taskset) => {
            let mut command = Command::new(taskset);
            command.args(["-c", number]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

fn forget_ledger(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with("bench.") {
            fs::remove_file(path)?;
        }
    }
    match fs::remove_dir_all(folder.join("state")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn slow_sync(folder: &Path) -> io::Result<PathBuf> {
    let shim = folder.join("slowsync.so");
    if !shim.exists() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/send/slowsync.c");
        let compiler = tool("CC", "cc").ok_or_else(|| io::Error::other("no C compiler"))?;
        let status = Command::new(compiler)
            .args(["-shared", "-fPIC", "-O2", "-o"])
            .arg(&shim)
            .arg(source)
            .arg("-ldl")
            .status()?;
        if !status.success() {
            return Err(io::Error::other("the shim could not be compiled"));
        }
    }
    Ok(shim)
}

/// A program by its variable, or by its name on the PATH.
pub(crate) fn tool(variable: &str, name: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file()) {
        return Some(path);
    }
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}
