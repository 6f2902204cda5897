//! Exact results, and what happens to the file that they replace.

use std::os::unix::fs::PermissionsExt;

use crate::message::State;

use super::*;

fn row() -> ResultRow<'static> {
    ResultRow {
        event: "launch",
        recipient: "120363019502650977-group",
        label: "Mooca; \"2\"",
        status: State::Accepted,
        message_id: Some("D241"),
        zaap_id: Some("3999"),
        instance: Some("main"),
        attempts: 1,
        http_status: Some(200),
        error: "",
        updated_at: "2026-12-04T22:06:00.1234Z".parse().unwrap(),
        file: "lists/groups.csv",
        line: 118,
        revision: 1,
        edited_at: None,
        variant: Some(2),
        columns: r#"["=1+1","S\u00e3o Paulo"]"#,
    }
}

fn written(rows: &[ResultRow<'_>], columns: &[&str], delimiter: u8, bom: bool) -> String {
    let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    let mut out = Vec::new();
    let mut writer = CsvWriter::new(&mut out, CsvOptions { columns: &columns, delimiter, bom }).unwrap();
    for row in rows {
        writer.row(row).unwrap();
    }
    writer.finish().unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn every_column_stands_where_the_contract_says() {
    insta::assert_snapshot!(written(&[row()], &["formula", "city"], b',', false), @r#"
    event,recipient,label,status,message_id,zaap_id,instance,attempts,http_status,error,updated_at,source,revision,edited_at,variant,formula,city
    launch,120363019502650977-group,"Mooca; ""2""",accepted,D241,3999,main,1,200,,2026-12-04T22:06:00.123Z,lists/groups.csv:118,1,,2,'=1+1,São Paulo
    "#);
    let skipped = ResultRow {
        status: State::Skipped,
        message_id: None,
        zaap_id: None,
        instance: None,
        attempts: 0,
        http_status: None,
        error: "already listed at lists/vip.csv:3",
        revision: 0,
        variant: None,
        columns: "[]",
        ..row()
    };
    insta::assert_snapshot!(written(&[skipped], &["city"], b';', true), @r#"
    ﻿event;recipient;label;status;message_id;zaap_id;instance;attempts;http_status;error;updated_at;source;revision;edited_at;variant;city
    launch;120363019502650977-group;"Mooca; ""2""";skipped;;;;0;;already listed at lists/vip.csv:3;2026-12-04T22:06:00.123Z;lists/groups.csv:118;;;;
    "#);
}

#[test]
fn cells_are_made_harmless() {
    let table = [
        ("plain", "plain"),
        ("São Paulo — 2", "São Paulo — 2"),
        ("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")"),
        ("+55", "'+55"),
        ("-1", "'-1"),
        ("@sum", "'@sum"),
        ("\tx", "'\\tx"),
        ("\rx", "'\\rx"),
        ("two\nlines", "two\\nlines"),
        ("evil\u{202e}txt", "evil\\u{202e}txt"),
        ("\u{1b}[2J", "\\u{1b}[2J"),
    ];
    for (cell, safe) in table {
        assert_eq!(harmless(cell), safe);
    }
}

fn fill(path: &Path) -> io::Result<Written> {
    replace(path, CsvOptions { columns: &[], delimiter: b',', bom: false }, |writer| writer.row(&row()))
}

#[test]
fn the_file_is_replaced_as_a_whole_and_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("launch.results.csv");
    fs::write(&path, "old").unwrap();
    assert_eq!(fill(&path).unwrap(), Written::Replaced(path.clone()));
    assert!(fs::read_to_string(&path).unwrap().starts_with("event,recipient,"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_fault_while_writing_leaves_the_old_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("launch.results.csv");
    fs::write(&path, "old").unwrap();
    let options = CsvOptions { columns: &[], delimiter: b',', bom: false };
    let failed: Result<Written, io::Error> = replace(&path, options, |_| Err(io::ErrorKind::StorageFull.into()));
    assert!(failed.is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_cannot_be_replaced_is_written_beside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("launch.results.csv");
    fs::create_dir(&path).unwrap();
    let Written::Beside { path: beside, .. } = fill(&path).unwrap() else { panic!("replaced a folder") };
    assert_eq!(beside, path.with_file_name("launch.results.2.csv"));
    assert!(beside.is_file());
}

#[test]
fn a_path_that_cannot_be_written_is_known_beforehand() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(check_writable(&folder.path().join("r.csv")), Ok(()));
    assert!(check_writable(&folder.path().join("missing/r.csv")).unwrap_err().contains("no folder"));
    assert!(check_writable(folder.path()).unwrap_err().contains("plain file"));
    assert!(check_writable(Path::new("/dev/null")).unwrap_err().contains("plain file"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn nothing_that_is_needed_is_replaced_by_results() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("list.csv"), "phone\n").unwrap();
    std::fs::write(at("other.db"), "SQLite format 3\0 and more").unwrap();
    std::fs::write(at("old.csv"), "anything").unwrap();
    let kept = [(at("list.csv"), "a list of the manifest"), (at("spring.ledger.db-wal"), "the ledger")];
    let check = |name: &str| check_place(&at(name), &kept);
    assert_eq!(check("list.csv"), Err("that is a list of the manifest".to_owned()));
    assert_eq!(check("spring.ledger.db-wal"), Err("that is the ledger".to_owned()));
    assert_eq!(check("other.db"), Err("a database is there already".to_owned()));
    assert_eq!((check("old.csv"), check("new.csv")), (Ok(()), Ok(())));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(at("list.csv"), at("link.csv")).unwrap();
        assert!(check("link.csv").is_err());
    }
}
