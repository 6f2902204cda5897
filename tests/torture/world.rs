//! A campaign in a temporary folder, and the real binary at work in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::oracle::Oracle;

/// No run of the binary may take longer; one that does is killed and counts as a fault of the program.
const RUN_LIMIT: Duration = Duration::from_mins(2);

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) rows: u32,
    pub(crate) instances: u32,
    pub(crate) concurrency: u32,
    pub(crate) timeout_s: u32,
    pub(crate) retries: u32,
    /// The event's `dateTime`; changing it is what an edit is made of.
    pub(crate) date_time: &'static str,
    /// Every name that is secret, with a mark that can be searched for.
    pub(crate) mark: String,
}

pub(crate) const FIRST_TIME: &str = "2027-06-12T19:00";
pub(crate) const SECOND_TIME: &str = "2027-06-12T20:00";

impl Default for Settings {
    fn default() -> Self {
        Self {
            rows: 20,
            instances: 1,
            concurrency: 4,
            timeout_s: 2,
            retries: 5,
            date_time: FIRST_TIME,
            mark: "MARK".to_owned(),
        }
    }
}

pub(crate) struct World {
    /// Removed with everything in it at the end.
    _keep: Option<tempfile::TempDir>,
    pub(crate) folder: PathBuf,
    pub(crate) settings: Settings,
}

/// How a run of the binary ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Absent when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
    pub(crate) overran: bool,
}

impl Ended {
    /// One line for a fault: how it ended, and the end of what it said.
    pub(crate) fn brief(&self) -> String {
        let lines: Vec<&str> = self.stderr.lines().rev().filter(|line| !line.trim().is_empty()).take(3).collect();
        let said = lines.into_iter().rev().collect::<Vec<_>>().join(" / ");
        format!("exit {:?}{}: {said}", self.code, if self.overran { " (ran too long)" } else { "" })
    }
}

/// A process of the binary under test; killed when dropped, so that nothing outlives the program.
pub(crate) struct Running {
    pub(crate) child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
    started: Instant,
}

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        let keep = tempfile::Builder::new().prefix("torture-").tempdir().expect("a temporary folder");
        let folder = keep.path().to_owned();
        Self::inside(Some(keep), &folder, settings)
    }

    /// A world in a file system kept in memory where there is one: many short runs, for which no disk is needed.
    pub(crate) fn in_memory(settings: Settings) -> Self {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let keep = tempfile::Builder::new().prefix("torture-").tempdir_in(base).expect("a temporary folder");
        let folder = keep.path().to_owned();
        Self::inside(Some(keep), &folder, settings)
    }

    /// A world in a folder that somebody else looks after, such as a mounted image.
    pub(crate) fn at(folder: &Path, settings: Settings) -> Self {
        Self::inside(None, folder, settings)
    }

    fn inside(keep: Option<tempfile::TempDir>, folder: &Path, settings: Settings) -> Self {
        let world = Self { _keep: keep, folder: folder.join("campaign"), settings };
        for part in ["campaign", "out", "state", "tmp"] {
            fs::create_dir_all(folder.join(part)).expect("room for the campaign");
        }
        world.write_list();
        world.write_manifest(world.settings.date_time);
        world
    }

    pub(crate) fn base(&self) -> &Path {
        self.folder.parent().expect("the campaign has a folder of its own")
    }

    pub(crate) fn out(&self, name: &str) -> PathBuf {
        self.base().join("out").join(name)
    }

    fn write_list(&self) {
        let mut list = String::from("phone,n\n");
        for n in 0..self.settings.rows {
            list.push_str(&format!("{},{n}\n", recipient(n)));
        }
        fs::write(self.folder.join("list.csv"), list).expect("the list can be written");
    }

    pub(crate) fn write_manifest(&self, date_time: &str) {
        let Settings { concurrency, timeout_s, retries, instances, .. } = self.settings;
        let mut text = String::from("version: 1\ncampaign: torture\ntimezone: America/Sao_Paulo\ninstances:\n");
        for n in 0..instances {
            text.push_str(&format!(
                "  i{n}:\n    id: ${{T_ID_{n}}}\n    token: ${{T_TOKEN}}\n    clientToken: ${{T_CLIENT}}\n"
            ));
        }
        text.push_str(&format!(
            "delivery:\n  concurrency: {concurrency}\n  rate: unlimited\n  timeout: {timeout_s}s\n  retries: {retries}\n\
             events:\n  launch:\n    name: \"Launch {{{{ n }}}}\"\n    dateTime: \"{date_time}\"\n\
             recipients:\n  all:\n    csv: list.csv\n    columns:\n      phone: phone\n"
        ));
        fs::write(self.folder.join("m.yaml"), text).expect("the manifest can be written");
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.folder.join("torture.ledger.db")
    }

    /// The binary in this folder, with nothing of the surroundings but what it is given here.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zapi-batch"));
        let mark = &self.settings.mark;
        command.env_clear().current_dir(&self.folder).args(args);
        command.env("PATH", "/usr/bin:/bin").env("HOME", self.base()).env("TMPDIR", self.base().join("tmp"));
        command.env("ZAPI_STATE_DIR", self.base().join("state")).env("RUST_BACKTRACE", "1");
        for n in 0..self.settings.instances {
            command.env(format!("T_ID_{n}"), format!("{mark}ID{n}"));
        }
        command.env("T_TOKEN", format!("{mark}TOKEN")).env("T_CLIENT", format!("{mark}CLIENT"));
        command
    }

    pub(crate) fn apply(&self, oracle: &Oracle) -> Command {
        let url = oracle.base_url();
        self.command(&["apply", "m.yaml", "--base-url", &url, "--no-preflight", "--yes"])
    }

    pub(crate) fn start(&self, mut command: Command) -> Running {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let file = |name: &str| {
            let path = self.out(&format!("{number}.{name}"));
            (fs::File::create(&path).expect("room for what the program says"), path)
        };
        let ((out, stdout), (err, stderr)) = (file("stdout"), file("stderr"));
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = command.spawn().expect("the binary starts");
        Running { child, stdout, stderr, started: Instant::now() }
    }

    pub(crate) fn run(&self, command: Command) -> Ended {
        self.start(command).wait(RUN_LIMIT)
    }

    /// Applies until nothing is left to be done by applying again (exit 0 or 1), at most `runs` times.
    pub(crate) fn settle(&self, oracle: &Oracle, runs: u32) -> Result<Ended, String> {
        let mut last = None;
        for _ in 0..runs {
            let ended = self.run(self.apply(oracle));
            match ended.code {
                Some(0 | 1) => return Ok(ended),
                Some(3 | 5 | 130) => last = Some(ended),
                _ => return Err(format!("an apply that nothing disturbs: {}", ended.brief())),
            }
        }
        Err(format!("not done after {runs} applies; {}", last.map_or_else(String::new, |ended| ended.brief())))
    }
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let _ = rustix::process::kill_process(pid.expect("a child has a process id"), signal);
    }

    pub(crate) fn is_over(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    pub(crate) fn kill(mut self) -> Ended {
        let _ = self.child.kill();
        self.end(false)
    }

    pub(crate) fn wait(mut self, limit: Duration) -> Ended {
        let deadline = Instant::now() + limit;
        let mut pause_us = 200;
        while !self.is_over() {
            if Instant::now() > deadline {
                let _ = self.child.kill();
                return self.end(true);
            }
            thread::sleep(Duration::from_micros(pause_us));
            pause_us = (pause_us * 2).min(3_000);
        }
        self.end(false)
    }

    fn end(&mut self, overran: bool) -> Ended {
        let status = self.child.wait().expect("a child can be waited for");
        let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        let (stdout, stderr) = (read(&self.stdout), read(&self.stderr));
        Ended { code: status.code(), stdout, stderr, took: self.started.elapsed(), overran }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address of the n-th recipient.
pub(crate) fn recipient(n: u32) -> String {
    format!("120363042{n:09}-group")
}
