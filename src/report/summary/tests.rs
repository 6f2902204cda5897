//! The summary, letter by letter.

use std::sync::Arc;

use crate::message::RowSource;
use crate::recipient::Address;

use super::*;

const PLAIN: Style = Style { colour: false, mask: true, width: 80 };

fn row(label: &str, line: u32, http_status: Option<u16>, error: &str) -> NamedRow {
    NamedRow {
        event: "launch".into(),
        address: Address::new("120363019502650977-group"),
        label: label.into(),
        source: RowSource { file: Arc::from("lists/groups.csv"), line },
        http_status,
        error: error.into(),
    }
}

fn stopped() -> SummaryReport {
    SummaryReport {
        campaign: "spring-launch".into(),
        events: 1,
        ending: Ending::Stopped(vec!["main: Client-Token not allowed (HTTP 403)".into()]),
        exit: 3,
        counts: Counts { accepted: 150, rejected: 1, unknown: 1, pending: 657, ..Counts::default() },
        narrowed: String::new(),
        requests: 153,
        edited: 0,
        kept: 0,
        duration: Duration::from_secs(459),
        errors: vec![("Invalid phone".into(), 2), ("no answer within 30 s".into(), 1)],
        unknown: vec![row("Vida ❤️ 2", 118, None, "no answer within 30 s")],
        rejected: vec![NamedRow {
            address: Address::new("5511999998888"),
            ..row("5511999998888", 214, Some(400), "Invalid phone 5511999998888")
        }],
        left: 0,
        left_in_doubt: 0,
        blocked: Vec::new(),
        next: vec![
            Next::Repair {
                what: "set ZAPI_CLIENT_TOKEN".into(),
                command: "zapi-batch apply campaign.yaml".into(),
                again: Again::GoesOn,
            },
            Next::Decide {
                manifest: "campaign.yaml".into(),
                command: "zapi-batch apply campaign.yaml".into(),
                resendable: 1,
            },
        ],
        results: Some("spring-launch.results.csv".into()),
        notes: Vec::new(),
        sandbox: None,
        manifest: "campaign.yaml".into(),
        now: "2026-12-04T19:06[America/Sao_Paulo]".parse().unwrap(),
    }
}

#[test]
fn a_stopped_run_says_why_and_what_to_type() {
    insta::assert_snapshot!(render(&stopped(), PLAIN), @r#"
    STOPPED 19:06  main: Client-Token not allowed (HTTP 403)                  exit 3
      809 = 150 accepted + 1 rejected + 1 unknown + 657 pending + 0 skipped
      accepted means queued by Z-API; delivery was not observed
      attempts  153 in 7 min 39 s, 20/min
      unknown   "Vida ❤️ 2"   120363019502650977-group   lists/groups.csv:118   no answer within 30 s
      rejected  "55119****8888"   lists/groups.csv:214   400 Invalid phone 55119****8888
      error     2 x Invalid phone
      error     1 x no answer within 30 s
      next      set ZAPI_CLIENT_TOKEN, then: zapi-batch apply campaign.yaml   (what was accepted is not sent again)
      next      look in the group or chat, then: zapi-batch resolve campaign.yaml RECIPIENT --arrived (or --not-arrived)
                or, if it may arrive twice: zapi-batch apply campaign.yaml --resend-unknown=1
      results   spring-launch.results.csv
    "#);
}

#[test]
fn rows_of_several_events_can_be_told_apart() {
    let address = "5511999998888";
    let of = |event: &str| NamedRow {
        event: event.into(),
        address: Address::new(address),
        ..row("Ana", 118, None, "no answer within 30 s")
    };
    let said = |events, unknown: Vec<NamedRow>| {
        let text = render(&SummaryReport { events, unknown, ..stopped() }, PLAIN);
        text.lines().filter(|line| line.starts_with("  unknown")).map(str::to_owned).collect::<Vec<_>>()
    };
    let rest = "\"Ana\"   55119****8888   lists/groups.csv:118   no answer within 30 s";
    assert_eq!(said(1, vec![of("launch")]), [format!("  unknown   {rest}")]);
    assert_eq!(said(2, vec![of("launch")]), [format!("  unknown   launch {rest}")]);
    // Also where the manifest does not know the other event any more.
    let both = [format!("  unknown   launch {rest}"), format!("  unknown   dinner {rest}")];
    assert_eq!(said(1, vec![of("launch"), of("dinner")]), both);
}

#[test]
fn a_single_error_is_shown_where_nothing_else_says_it() {
    let report = |ending, error: &str| SummaryReport {
        ending,
        errors: vec![(error.to_owned(), 1)],
        rejected: Vec::new(),
        ..stopped()
    };
    let says = |report: SummaryReport| render(&report, PLAIN).contains("  error     1 x ");
    let more = || Ending::MoreToDo(vec!["some edits are still to be made".into()]);
    assert!(says(report(more(), "500 boom")));
    assert!(!says(report(more(), "no answer within 30 s")), "the row of the unknown one has it");
    assert!(!says(report(stopped().ending, "Client-Token not allowed")), "the first line has it");
}

#[test]
fn a_run_that_went_well_says_little() {
    let report = SummaryReport {
        ending: Ending::Done,
        exit: 0,
        counts: Counts { accepted: 12, skipped: 1, ..Counts::default() },
        narrowed: "--only launch".into(),
        requests: 12,
        duration: Duration::from_millis(1940),
        errors: Vec::new(),
        unknown: Vec::new(),
        rejected: Vec::new(),
        left: 2,
        next: Vec::new(),
        notes: vec!["spring-launch.results.csv could not be replaced (is it open in a spreadsheet?)".into()],
        sandbox: Some(SandboxCounts { requests: 12, duplicates: 0 }),
        ..stopped()
    };
    insta::assert_snapshot!(render(&report, PLAIN), @"
    DONE 19:06  spring-launch                                                 exit 0
      of what --only launch selects:
      13 = 12 accepted + 0 rejected + 0 unknown + 0 pending + 1 skipped
      accepted means queued by Z-API; delivery was not observed
      attempts  12 in 1.9 s, 5.7/s
      sandbox   12 requests seen by the stand-in, 0 duplicates (nothing was really sent)
      left      2 messages no longer listed or suppressed; the invitation stands
      results   spring-launch.results.csv
      note      spring-launch.results.csv could not be replaced (is it open in a spreadsheet?)
    ");
}

#[test]
fn after_a_failure_nothing_is_said_to_be_where_it_could_not_be_written() {
    let notes = ["spring.sent.json: no space left", "the results are not in spring.results.csv: no space left"];
    let report = SummaryReport {
        ending: Ending::Failed("the ledger failed: database or disk is full".into()),
        exit: 4,
        counts: Counts { accepted: 44, unknown: 32, pending: 24, ..Counts::default() },
        requests: 75,
        errors: Vec::new(),
        rejected: Vec::new(),
        next: Vec::new(),
        results: None,
        notes: notes.map(str::to_owned).to_vec(),
        ..stopped()
    };
    insta::assert_snapshot!(render(&report, PLAIN), @r#"
    FAILED 19:06  the ledger failed: database or disk is full                 exit 4
      100 = 44 accepted + 0 rejected + 32 unknown + 24 pending + 0 skipped
      accepted means queued by Z-API; delivery was not observed
      attempts  75 in 7 min 39 s, 9.7/min
      unknown counts also what was only about to be sent when the ledger failed
      unknown   "Vida ❤️ 2"   120363019502650977-group   lists/groups.csv:118   no answer within 30 s
      unknown   and 31 more, all of them in the ledger (zapi-batch results)
      note      spring.sent.json: no space left
      note      the results are not in spring.results.csv: no space left
    "#);
    let written = SummaryReport { results: Some("spring.results.csv".into()), ..report };
    assert!(render(&written, PLAIN).contains("and 31 more, all of them in the results\n"));
}

#[test]
fn what_was_changed_kept_left_and_blocked_is_counted() {
    let report = SummaryReport {
        ending: Ending::Done,
        exit: 1,
        counts: Counts { accepted: 812, blocked: 2, ..Counts::default() },
        requests: 800,
        edited: 799,
        kept: 9,
        errors: Vec::new(),
        unknown: Vec::new(),
        rejected: Vec::new(),
        left: 1,
        blocked: vec![("name and date both differ", 2)],
        next: vec![Next::SeeBlocked { command: "zapi-batch apply c.yaml".into(), blocked: 2 }],
        ..stopped()
    };
    insta::assert_snapshot!(render(&report, PLAIN), @"
    FINISHED 19:06  spring-launch                                             exit 1
      812 = 812 accepted + 0 rejected + 0 unknown + 0 pending + 0 skipped
      accepted means queued by Z-API; delivery was not observed
      attempts  800 in 7 min 39 s, 1.7/s
      edited    799 messages replaced or called off
      kept      9 messages that needed nothing
      left      1 message no longer listed or suppressed; the invitation stands
      blocked   2 messages: name and date both differ
      next      zapi-batch apply c.yaml --dry-run   (why 2 messages are blocked)
      results   spring-launch.results.csv
    ");
}

#[test]
fn every_next_step_says_what_to_do() {
    let report = stopped();
    let at = "2026-12-07T09:00-03".parse().unwrap();
    let command = || "zapi-batch apply c.yaml".to_owned();
    let manifest = || "c.yaml".to_owned();
    let steps = [
        Next::RunAgain { command: command(), again: Again::GoesOn },
        Next::RunAgain { command: command(), again: Again::Anew },
        Next::RunAgainAt { command: command(), at },
        Next::Repair { what: "connect the phone".into(), command: command(), again: Again::GoesOn },
        Next::CorrectRejected { command: command(), pending: 0 },
        Next::CorrectRejected { command: command(), pending: 7 },
        Next::SeeRefusedEdits { command: command(), edits: 1, of_persons: 1 },
        Next::SeeRefusedEdits { command: command(), edits: 7, of_persons: 2 },
        Next::SeeRefusedEdits { command: command(), edits: 7, of_persons: 0 },
        Next::Decide { manifest: manifest(), command: "zapi-batch apply c.yaml --base-url URL".into(), resendable: 2 },
        Next::Decide { manifest: manifest(), command: command(), resendable: 0 },
        Next::SeeBlocked { command: command(), blocked: 1 },
        Next::CorrectRows { manifest: manifest(), rows: 3 },
    ];
    let lines: Vec<String> = steps.iter().map(|step| next_in_words(step, &report.now)).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    zapi-batch apply c.yaml   (what was accepted is not sent again)
    zapi-batch apply c.yaml   (sends to the whole test list again)
    from Mon 09:00 on: zapi-batch apply c.yaml
    connect the phone, then: zapi-batch apply c.yaml   (what was accepted is not sent again)
    correct the rejected ones, then: zapi-batch apply c.yaml   (only they are tried again)
    correct the rejected ones, then: zapi-batch apply c.yaml   (they are tried again with the rest)
    1 edit was refused, and the invitation stands as it was; Z-API edits events in groups only, so tell the person in another way
    7 edits were refused, and the invitations stand as they were; Z-API edits events in groups only, so tell the 2 persons in another way; see why, then: zapi-batch apply c.yaml   (they are tried again)
    7 edits were refused, and the invitations stand as they were; see why, then: zapi-batch apply c.yaml   (they are tried again)
    look in the group or chat, then: zapi-batch resolve c.yaml RECIPIENT --arrived (or --not-arrived)
                or, if it may arrive twice: zapi-batch apply c.yaml --base-url URL --resend-unknown=2
    look in the group or chat, then: zapi-batch resolve c.yaml RECIPIENT --arrived (or --not-arrived)
    zapi-batch apply c.yaml --dry-run   (why 1 message is blocked)
    zapi-batch validate c.yaml   (what is wrong with 3 rows)
    ");
}
