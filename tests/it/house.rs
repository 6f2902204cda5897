//! Holds the house to its plan: who may import whom, how large a file or function may grow, who speaks SQL, who prints.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What a room may import of `crate::`, besides itself. `commands`, `main` and `lib` may import all.
const ARROWS: &[(&str, &[&str])] = &[
    ("cli", &["delivery"]),
    ("exit", &[]),
    ("diagnostic", &["recipient"]),
    ("recipient", &[]),
    ("message", &["recipient"]),
    ("delivery", &[]),
    ("instance", &[]),
    ("outcome", &["message"]),
    ("manifest", VALUES),
    ("rows", VALUES),
    ("expand", &["manifest", "rows", "diagnostic", "recipient", "message", "delivery", "instance", "outcome"]),
    ("plan", &["message"]),
    ("ledger", &["plan", "message", "outcome", "instance", "recipient"]),
    ("quota", &["message", "outcome", "instance"]),
    ("gateway", &["message", "outcome", "instance", "recipient"]),
    ("engine", &["ledger", "gateway", "quota", "delivery", "instance", "message", "outcome", "recipient"]),
    ("report", &["engine", "ledger", "plan", "message", "recipient", "outcome", "delivery", "diagnostic"]),
    ("sandbox", &["gateway", "recipient"]),
];
const VALUES: &[&str] = &["diagnostic", "recipient", "message", "delivery", "instance", "outcome"];

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn every_room_imports_only_what_its_arrows_allow() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let room = room_of(&path);
        if matches!(room.as_str(), "main" | "lib" | "commands") {
            continue;
        }
        let allowed = allowed.get(room.as_str()).unwrap_or_else(|| panic!("no arrows are declared for {room}"));
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for imported in imports(line) {
                if imported != room && !allowed.contains(&imported.as_str()) {
                    wrong.push(format!("{}:{}: {room} -> {imported}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the arrows:\n{}", wrong.join("\n"));
}

#[test]
fn files_and_functions_stay_small() {
    let mut wrong = Vec::new();
    for root in ["src", "tests", "benches"] {
        for (path, text) in sources(root) {
            let lines = text.lines().count();
            if lines > FILE_LINES_MAX {
                wrong.push(format!("{}: {lines} lines", path.display()));
            }
            for (name, line, length) in functions(&text) {
                if length > FUNCTION_LINES_MAX {
                    wrong.push(format!("{}:{line}: fn {name} has {length} lines", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "outgrown rooms:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_ledger_and_the_quota_speak_sql_and_only_progress_draws_bars() {
    for (path, text) in sources("src") {
        let room = room_of(&path);
        if text.contains("rusqlite") {
            assert!(matches!(room.as_str(), "ledger" | "quota"), "{} speaks SQL", path.display());
        }
        if text.contains("indicatif") {
            assert!(path.ends_with("report/progress.rs"), "{} names indicatif", path.display());
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for (path, text) in sources("src") {
        assert!(text.starts_with("//!"), "{} has no module header", path.display());
    }
}

fn sources(root: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let shown = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_owned();
                found.push((shown, text));
            }
        }
    }
    found.sort();
    found
}

/// `src/ledger/lock.rs` belongs to the room `ledger`.
fn room_of(path: &Path) -> String {
    let room = path.components().nth(1).unwrap().as_os_str().to_str().unwrap();
    room.trim_end_matches(".rs").to_owned()
}

/// The rooms that a line names as `crate::room` or `crate::{room::…, room::…}`.
fn imports(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for rest in line.split("crate::").skip(1) {
        let group = rest.strip_prefix('{').map_or(rest, |inner| inner.trim_end().trim_end_matches(';'));
        let parts: Vec<&str> = if rest.starts_with('{') { top_level(group) } else { vec![group] };
        for part in parts {
            let name: String = part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if name.chars().next().is_some_and(char::is_lowercase) {
                found.push(name);
            }
        }
    }
    found
}

/// Splits `a::{b, c}, d` at the commas that are not inside braces.
fn top_level(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (index, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[start..]);
    parts
}

/// Name, first line and length of every function, by the indentation of its closing brace (the code is formatted).
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let words: Vec<&str> = code.split_whitespace().take(6).collect();
        let Some(at) = words.iter().position(|word| *word == "fn") else { continue };
        let is_header = words[..at]
            .iter()
            .all(|word| matches!(*word, "pub" | "async" | "const" | "unsafe" | "extern") || word.starts_with("pub("));
        if !is_header || code.starts_with("//") {
            continue;
        }
        let close = format!("{}}}", " ".repeat(indent));
        let end = lines[index..].iter().position(|line| *line == close);
        let one_liner = lines[index..].iter().position(|line| line.ends_with(';') || line.ends_with('}'));
        let length = match (end, one_liner) {
            (Some(end), Some(0)) if end > 0 => 1,
            (Some(end), _) => end + 1,
            (None, _) => 1,
        };
        let name: String = words[at + 1].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        found.push((name, index + 1, length));
    }
    found
}

#[test]
fn the_measures_themselves_work() {
    assert_eq!(imports("use crate::{ledger::{Work, Batch}, message::Event};"), ["ledger", "message"]);
    assert_eq!(imports("    let x = crate::plan::decide(a);"), ["plan"]);
    let text = "pub fn long(\n    a: u8,\n) {\n    one();\n}\n\nfn short() {}\n";
    assert_eq!(functions(text), [("long".to_owned(), 1, 5), ("short".to_owned(), 7, 1)]);
}
