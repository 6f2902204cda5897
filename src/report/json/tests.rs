//! The shapes that scripts rely on, key by key.

use crate::report::plan::LaneEstimate;

use super::*;

fn counts() -> VerbCounts {
    VerbCounts { create: 6, edit: 2, called_off: 1, keep: 803, left: 2, blocked: 1, ..VerbCounts::default() }
}

#[test]
fn apply_has_every_key_of_the_contract() {
    let report = ApplyReport {
        campaign: "spring-launch",
        dry_run: false,
        sandbox: Some(SandboxCounts { requests: 12, duplicates: 0 }),
        plan: counts(),
        messages: Counts { accepted: 811, rejected: 1, ..Counts::default() },
        requests: 12,
        duration: Duration::from_millis(1940),
        results: Some("spring-launch.results.csv".into()),
        ledger: None,
        exit: 1,
        stopped: None,
        errors: vec![("400 Invalid phone".into(), 1)],
        diagnostics: json!([]),
        mask: true,
    };
    insta::assert_snapshot!(apply(&report), @r#"
    {"campaign":"spring-launch","dry_run":false,"sandbox":{"requests":12,"duplicates":0},"plan":{"create":6,"edit":3,"keep":803,"skip":0,"left":2,"blocked":1},"messages":{"accepted":811,"rejected":1,"unknown":0,"pending":0,"skipped":0},"requests":12,"duration_ms":1940,"results":"spring-launch.results.csv","ledger":null,"exit":1,"stopped":null,"errors":[{"error":"400 Invalid phone","count":1}],"diagnostics":[]}
    "#);
}

#[test]
fn status_has_every_key_of_the_contract() {
    let counts = Counts { accepted: 150, unknown: 1, ..Counts::default() };
    let report = StatusReport {
        campaign: "spring-launch".into(),
        events: 1,
        counts,
        instances: vec![("main".into(), counts)],
        running: None,
        updated_at: Some("2026-12-04T22:06:00Z".parse().unwrap()),
        resendable: 1,
        unknown: Vec::new(),
        manifest: "campaign.yaml".into(),
        now: "2026-12-04T19:30[America/Sao_Paulo]".parse().unwrap(),
    };
    insta::assert_snapshot!(status(&report), @r#"
    {"campaign":"spring-launch","messages":{"accepted":150,"rejected":0,"unknown":1,"pending":0,"skipped":0},"instances":{"main":{"accepted":150,"rejected":0,"unknown":1,"pending":0,"skipped":0}},"running":false,"updated_at":"2026-12-04T22:06:00.000Z"}
    "#);
}

fn planned(mask: bool, changes: usize) -> String {
    let mut writer = PlanWriter::new(mask).unwrap();
    for _ in 0..changes {
        let change = Change {
            verb: &Verb::Create,
            event: "launch",
            recipient: "5511999998888",
            label: "Ana",
            file: "lists/vip.csv",
            line: 17,
            instance: "main",
            variant: None,
            body: Some(r#"{"name":"Call 5511999998888","dateTime":"2026-12-04T19:00:00.000Z","canceled":false}"#),
            before: None,
        };
        writer.change(&change).unwrap();
    }
    let end = EstimatedEnd::At("2026-12-04T21:59:00Z".parse().unwrap());
    let estimate = Estimate { lanes: vec![LaneEstimate { name: "main".into(), messages: 6, end }], end };
    let mut out = Vec::new();
    writer.finish(&counts(), &estimate, &json!([]), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn plan_has_every_key_of_the_contract() {
    insta::assert_snapshot!(planned(true, 1), @r#"
    {"plan":{"create":6,"edit":3,"keep":803,"skip":0,"left":2,"blocked":1},"changes":[
    {"verb":"create","event":"launch","recipient":"55119****8888","label":"Ana","source":"lists/vip.csv:17","instance":"main","body":{"phone":"55119****8888","event":{"name":"Call 55119****8888","dateTime":"2026-12-04T19:00:00.000Z","canceled":false}},"before":null}
    ],"estimate":{"done_at":"2026-12-04T21:59:00Z","instances":{"main":{"done_at":"2026-12-04T21:59:00Z","left":0,"messages":6}},"left":0},"diagnostics":[]}
    "#);
    assert!(planned(false, 1).contains(r#""recipient":"5511999998888""#));
}

#[test]
fn plan_is_json_however_many_changes_there_are() {
    for changes in [0, 1, 3] {
        let value: Value = serde_json::from_str(&planned(false, changes)).unwrap();
        assert_eq!(value["changes"].as_array().unwrap().len(), changes);
    }
}
