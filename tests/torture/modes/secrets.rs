//! Marked credentials, hundreds of ways to fail, the log at its loudest; then every byte that is left is searched for them:
//! raw, in other letter case, percent-encoded, base64 and hex.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::faults::{FAULTS, Fault};
use crate::oracle::{Oracle, Reply};
use crate::round::{Round, Verdict, side_by_side};
use crate::shim;
use crate::world::{SECOND_TIME, Settings, World};

/// Ways to make the program talk.
const VOICES: u64 = 3;
/// What people wrote into the folder themselves.
const GIVEN: [&str; 3] = [".env", "m.yaml", "list.csv"];

/// What one error path left to be found.
struct Searched {
    bytes: usize,
    requests: usize,
}

pub(crate) fn run(round: &Round) -> Vec<Verdict> {
    let paths = (FAULTS.len() + SETUPS.len()) as u64;
    let cases = round.times(45, paths * VOICES);
    let results = side_by_side(cases, 4, |n| {
        // The long round has each path in each voice; a shorter one steps through them so that every kind is met.
        let case = if round.long { n } else { n * 17 + round.seed % 17 };
        let which = (case % paths) as usize;
        let voice = (case / paths + case) % VOICES;
        let (name, result) = match FAULTS.get(which) {
            Some(fault) => (fault.name, met(fault, voice)),
            None => (SETUPS[which - FAULTS.len()].0, set_up(SETUPS[which - FAULTS.len()].1, voice)),
        };
        result.map_err(|fault| format!("{name}, voice {voice}: {fault}"))
    });
    let (bytes, requests) = results.iter().flatten().fold((0, 0), |(b, r), one| (b + one.bytes, r + one.requests));
    let mut faults: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    let hits = faults.len();
    if requests == 0 || bytes == 0 {
        faults.push("nothing was sent or nothing was said: the search proves nothing".to_owned());
    }
    vec![Verdict {
        promise: "secrets stay secret",
        how: "raw, percent, base64, hex; stdout, stderr, trace logs, ledger, results, rescue".to_owned(),
        figure: format!("{cases} error paths, {} KiB searched, {hits} hits", bytes / 1024),
        faults,
    }]
}

fn prepare() -> (World, Oracle) {
    let mark = format!("mK{:012x}Zq", fastrand::u64(..) >> 16);
    let settings = Settings { rows: 6, timeout_s: 1, retries: 0, concurrency: 2, mark, ..Settings::default() };
    (World::new(settings), Oracle::start())
}

/// Makes the run as loud as it can be.
fn loud(world: &World, mut command: Command, voice: u64) -> Command {
    command.env("RUST_LOG", "trace").arg("-vv").arg("--show-recipients");
    match voice {
        0 => {}
        1 => drop(command.args(["--format", "json"])),
        _ => drop(command.arg("--log-file").arg(world.out("log"))),
    }
    command
}

fn met(fault: &'static Fault, voice: u64) -> Result<Searched, String> {
    let (world, oracle) = prepare();
    oracle.plan(move |n| Reply { latency: Duration::ZERO, fault: (n % 3 < 2).then_some(fault) });
    world.run(loud(&world, world.apply(&oracle), voice));
    world.write_manifest(SECOND_TIME);
    world.run(loud(&world, world.apply(&oracle), voice));
    world.run(world.command(&["status", "m.yaml", "-vv"]));
    world.run(world.command(&["results", "m.yaml", "-vv"]));
    search(&world, &oracle)
}

type SetUp = fn(&World, &Oracle, Command) -> Command;

fn set_up(change: SetUp, voice: u64) -> Result<Searched, String> {
    let (world, oracle) = prepare();
    let command = change(&world, &oracle, world.apply(&oracle));
    world.run(loud(&world, command, voice));
    shim::counted(&world);
    world.run(loud(&world, world.apply(&oracle), voice));
    search(&world, &oracle)
}

/// Everything that can be wrong around the requests.
const SETUPS: &[(&str, SetUp)] = &[
    ("a variable is missing", |_, _, mut c| {
        c.env_remove("T_TOKEN");
        c
    }),
    ("a token of two lines", |w, _, mut c| {
        c.env("T_TOKEN", format!("{0}TOKEN\r\nX: {0}", w.settings.mark));
        c
    }),
    ("a token that is no header value", |w, _, mut c| {
        c.env("T_CLIENT", format!("{}\u{1}ç", w.settings.mark));
        c
    }),
    ("a token that is a path", |w, _, mut c| {
        c.env("T_TOKEN", format!("../{}/?#%20+=", w.settings.mark));
        c
    }),
    ("a broken .env", |w, _, mut c| {
        given(w, ".env", &format!("T_TOKEN=\"{0}TOKEN\nT_ID_0 {0}\n={0}\n", w.settings.mark));
        c.env_remove("T_TOKEN");
        c
    }),
    ("everything from .env", |w, _, mut c| {
        given(w, ".env", &format!("T_TOKEN={0}TOKEN\nT_ID_0={0}ID0\nT_CLIENT={0}CLIENT\n", w.settings.mark));
        c.env_remove("T_TOKEN").env_remove("T_ID_0").env_remove("T_CLIENT");
        c
    }),
    ("credentials in the base URL", |w, _, mut c| {
        c.args(["--proxy", &format!("http://user:{}@127.0.0.1:9", w.settings.mark)]);
        c
    }),
    ("a proxy that is no URL", |w, _, mut c| {
        c.env("ZAPI_PROXY", format!("socks9://user:{}@[::", w.settings.mark));
        c
    }),
    ("nobody listens", |w, _, _| {
        w.command(&["apply", "m.yaml", "--base-url", "http://127.0.0.1:9", "--no-preflight", "--yes"])
    }),
    ("no TLS there", |w, o, _| {
        let url = o.base_url().replace("http:", "https:");
        w.command(&["apply", "m.yaml", "--base-url", &url, "--no-preflight", "--yes"])
    }),
    ("with preflight", |w, o, _| w.command(&["apply", "m.yaml", "--base-url", &o.base_url(), "--yes"])),
    ("preflight, nobody listens", |w, _, _| {
        w.command(&["apply", "m.yaml", "--base-url", "http://127.0.0.1:9", "--yes"])
    }),
    ("groups", |w, o, _| w.command(&["groups", "m.yaml", "--base-url", &o.base_url()])),
    ("check", |w, o, _| w.command(&["check", "m.yaml", "--base-url", &o.base_url()])),
    ("a ledger of rubbish", |w, _, c| {
        given(
            w,
            "torture.ledger.db",
            "this is not a database, and long enough to be looked at as one".repeat(99).as_str(),
        );
        c
    }),
    ("a folder for a ledger", |w, _, c| {
        fs::create_dir(w.ledger()).expect("a folder");
        c
    }),
    ("a folder for results", |w, _, c| {
        fs::create_dir(w.folder.join("torture.results.csv")).expect("a folder");
        c
    }),
    ("killed in the middle", |w, _, c| shim::with(w, c, "kill=120")),
    ("a full disk", |w, _, c| shim::with(w, c, "only=file,fail=130,errno=28,sticky=1,spare=rescue")),
    ("an I/O error", |w, _, c| shim::with(w, c, "only=file,fail=140,errno=5")),
    ("an early I/O error", |w, _, c| shim::with(w, c, "only=file,fail=20,errno=5")),
    ("no manifest", |w, o, _| w.command(&["apply", "none.yaml", "--base-url", &o.base_url(), "--yes"])),
    ("credentials in the manifest", |w, _, c| {
        let text = fs::read_to_string(w.folder.join("m.yaml")).expect("the manifest");
        let mark = &w.settings.mark;
        given(
            w,
            "m.yaml",
            &text.replace("${T_TOKEN}", &format!("{mark}TOKEN")).replace("timeout: 1s", "timeout: banana"),
        );
        c
    }),
    ("a broken variable", |w, _, c| {
        let text = fs::read_to_string(w.folder.join("m.yaml")).expect("the manifest");
        given(w, "m.yaml", &text.replace("${T_TOKEN}", &format!("{}${{", w.settings.mark)));
        c
    }),
];

fn given(world: &World, name: &str, text: &str) {
    fs::write(world.folder.join(name), text).expect("room in the campaign's folder");
}

/// Looks through every file that the program left, and through their names.
fn search(world: &World, oracle: &Oracle) -> Result<Searched, String> {
    let mark = &world.settings.mark;
    let needles = spellings(mark);
    let (mut bytes, mut found) = (0, Vec::new());
    for path in files(world.base()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if GIVEN.contains(&name.as_str()) {
            continue;
        }
        let content = fs::read(&path).unwrap_or_default();
        bytes += content.len();
        let lower = content.to_ascii_lowercase();
        for (spelling, needle) in &needles {
            if let Some(at) = position(&lower, needle.to_ascii_lowercase().as_bytes()) {
                let around = &content[at.saturating_sub(60)..content.len().min(at + 60)];
                let shown = String::from_utf8_lossy(around).replace(['\n', '\r'], " ");
                found.push(format!("{spelling} in {name}: …{shown}…"));
            }
        }
        if name.contains(mark.as_str()) {
            found.push(format!("in the name {name}"));
        }
    }
    if found.is_empty() { Ok(Searched { bytes, requests: oracle.arrived() }) } else { Err(found.join("; ")) }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn position(content: &[u8], needle: &[u8]) -> Option<usize> {
    content.windows(needle.len()).position(|window| window == needle)
}

/// The mark in every spelling that is looked for. Letter case is ignored, so base64 may be found too often, never too
/// seldom.
fn spellings(mark: &str) -> Vec<(&'static str, String)> {
    let hex: String = mark.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = mark.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let mut all = vec![("raw", mark.to_owned()), ("hex", hex), ("percent-encoded", percent)];
    for shift in 0..3 {
        let padded = [&b"\0\0"[..shift], mark.as_bytes()].concat();
        // Whole groups of three bytes that hold nothing but the mark look alike wherever the mark stands.
        let (from, groups) = (shift.div_ceil(3) * 3, padded.len() / 3);
        all.push(("base64", base64(&padded[from..groups * 3])));
    }
    all
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let sign = |bits: u32| char::from(SIGNS[(bits & 63) as usize]);
    bytes
        .chunks_exact(3)
        .flat_map(|three| {
            let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
            [sign(bits >> 18), sign(bits >> 12), sign(bits >> 6), sign(bits)]
        })
        .collect()
}
