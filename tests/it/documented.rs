//! docs/diagnostics.md and the codes agree: each code has its section with a bad and a good example, and no other has.

use std::collections::BTreeMap;
use std::fs;

use zapi_batch::diagnostic::text;

/// The sections of the document: code, title, and what stands under them.
fn sections() -> Vec<(String, String, String)> {
    let document = fs::read_to_string("docs/diagnostics.md").unwrap();
    let parts = document.split("\n### ").skip(1);
    parts
        .map(|part| {
            let (head, body) = part.split_once('\n').unwrap();
            let (code, title) = head.split_once(' ').unwrap();
            (code.to_owned(), title.to_owned(), body.split("\n## ").next().unwrap().to_owned())
        })
        .collect()
}

#[test]
fn every_code_is_documented_and_every_documented_code_exists() {
    let mut codes = BTreeMap::new();
    for code in text::codes() {
        assert!(codes.insert(code.id, code.title).is_none(), "{} is there twice", code.id);
        let (letter, digits) = code.id.split_at(1);
        assert!(matches!(letter, "E" | "W") && digits.len() == 3 && digits.parse::<u32>().is_ok(), "{}", code.id);
    }
    let sections = sections();
    let documented: Vec<(&str, &str)> =
        sections.iter().map(|(code, title, _)| (code.as_str(), title.as_str())).collect();
    for (code, title) in &codes {
        assert!(documented.contains(&(code, title)), "docs/diagnostics.md lacks: ### {code} {title}");
    }
    assert_eq!(documented.len(), codes.len(), "a section without a code, or one that is there twice");
    for (code, _, body) in &sections {
        for word in ["    bad    ", "    good   "] {
            assert!(body.contains(word), "{code} has no example for {word}");
        }
    }
}

/// A code that no case of the tests brings about is one that nobody has seen.
#[test]
fn every_code_is_seen_in_a_test() {
    /// Seen by other tests: of files too large for the repository or not there at all, and of a run.
    const ELSEWHERE: [&str; 5] = ["E001", "E217", "E218", "W135", "W401"];
    let mut seen = String::new();
    for folder in ["tests/manifests/invalid", "tests/manifests/forty", "tests/manifests"] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "expected" || end == "txt") {
                seen.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let unseen: Vec<&str> =
        text::codes().map(|code| code.id).filter(|id| !ELSEWHERE.contains(id) && !seen.contains(id)).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}
