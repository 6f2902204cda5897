//! The plan, letter by letter.

use std::sync::Arc;

use crate::ledger::{Change, InstancePlan, ListPlan, NamedRow, VerbCounts};
use crate::message::RowSource;
use crate::plan::{BlockedWhy, Verb};
use crate::recipient::Address;

use super::*;

const PLAIN: Style = Style { colour: false, mask: true, width: 80 };

fn now() -> Zoned {
    "2026-12-04T18:40[America/Sao_Paulo]".parse().unwrap()
}

fn evening(hour: u32) -> EventTime {
    EventTime {
        date_time: format!("2026-12-04T{hour}:00:00.000Z"),
        time_zone: Some("UTC-3".into()),
        zone_name: Some("America/Sao_Paulo".into()),
    }
}

fn launch() -> EventLine {
    EventLine {
        id: "launch".into(),
        name: "Spring launch".into(),
        names_differ: false,
        first: evening(19),
        last: evening(19),
        canceled: false,
        variants: Vec::new(),
    }
}

fn list(file: &str, counts: VerbCounts) -> ListPlan {
    ListPlan { event: Arc::from("launch"), list: Arc::from("groups"), file: Arc::from(file), counts }
}

fn plan(counts: VerbCounts) -> Plan {
    Plan {
        total: counts,
        selected: counts,
        lists: vec![list("lists/groups.csv", counts)],
        instances: vec![InstancePlan { name: Arc::from("main"), counts }],
        ..Plan::default()
    }
}

fn report<'a>(plan: &'a Plan, changes: &'a Changes) -> PlanReport<'a> {
    let end = EstimatedEnd::At("2026-12-04T18:59-03".parse().unwrap());
    PlanReport {
        campaign: "spring-launch",
        ledger: LedgerNote::Found { messages: 809, last_run: Some("2026-12-04T18:02-03".parse().unwrap()) },
        plan,
        events: vec![launch()],
        unsent: Vec::new(),
        changes,
        lanes: vec![LaneLine { name: "main".into(), limits: "20/min".into() }],
        estimate: Estimate { lanes: vec![LaneEstimate { name: "main".into(), messages: 6, end }], end },
        narrowed: String::new(),
        to_do: plan.selected.to_do(),
        notes: Vec::new(),
        previews: false,
        now: now(),
    }
}

#[test]
fn a_plan_adds_up() {
    let plan = plan(VerbCounts { create: 6, keep: 803, left: 2, ..VerbCounts::default() });
    let changes = Changes::new();
    for (past, words) in [
        (Past::Invited { accepted: 803, unknown: 0 }, "new ledger: without 803 accepted before"),
        (Past::Invited { accepted: 803, unknown: 6 }, "without 803 accepted and 6 unknown before"),
        (Past::Unreadable, "--new-ledger sets aside a record that cannot be read: whoever was invited already"),
    ] {
        let anew = PlanReport { ledger: LedgerNote::Anew(past), ..report(&plan, &changes) };
        assert!(render(&anew, PLAIN).contains(words), "{}", render(&anew, PLAIN));
    }
    insta::assert_snapshot!(render(&report(&plan, &Changes::new()), PLAIN), @r#"
    PLAN spring-launch                          ledger: 809 messages, last run 18:02
    launch  "Spring launch"   Fri 4 Dec 2026 19:00 America/Sao_Paulo (22:00 UTC)
      create      6    from lists/groups.csv
      keep      803    nothing to do
      left        2    no longer listed or suppressed; the invitation stands
    811 messages = 6 create + 803 keep + 2 left
    via main, 20/min: done about 18:59
    "#);
}

#[test]
fn edits_stand_old_beside_new() {
    let mut plan = plan(VerbCounts { edit: 803, blocked: 1, keep: 2, ..VerbCounts::default() });
    plan.changed_fields = [("dateTime", 803)].into();
    plan.late_edits = 12;
    plan.unknown = 2;
    plan.unchecked_instances = vec![Arc::from("main")];
    plan.blocked = vec![NamedRow {
        event: "launch".into(),
        address: Address::new("5511999998888"),
        label: "5511999998888".into(),
        source: RowSource { file: Arc::from("lists/groups.csv"), line: 7 },
        http_status: None,
        error: BlockedWhy::Rewritten.as_str().into(),
    }];
    let body = |hour| {
        let text = "A long text that is the same for a while, in both of its wordings, and then ends at";
        format!(
            r#"{{"name":"Spring launch","description":"{text} {hour}","dateTime":"2026-12-04T{hour}:00:00.000Z","canceled":false}}"#
        )
    };
    let mut changes = Changes::new();
    for _ in 0..803 {
        changes.add(&Change {
            verb: &Verb::Edit,
            event: "launch",
            recipient: "1-group",
            label: "Mooca",
            file: "lists/groups.csv",
            line: 2,
            instance: "main",
            variant: None,
            body: Some(&body(20)),
            before: Some(&body(19)),
        });
    }
    insta::assert_snapshot!(render(&report(&plan, &changes), PLAIN), @r#"
    PLAN spring-launch                          ledger: 809 messages, last run 18:02
    launch  "Spring launch"   Fri 4 Dec 2026 19:00 America/Sao_Paulo (22:00 UTC)
      edit      803    worded otherwise now: replaced where it is
      keep        2    nothing to do, or unknown and left so
      blocked     1    must not be done without a person, see below
        803 messages edited:
          description  …s, and then ends at 19 -> …s, and then ends at 20
          dateTime     Fri 4 Dec 2026 19:00 -> Fri 4 Dec 2026 20:00
    806 messages = 803 edit + 2 keep + 1 blocked
    via main, 20/min: done about 18:59
      blocked   "55119****8888"   lists/groups.csv:7   name and date both differ from what was sent; a new event? give it a new id
      unknown   2 from earlier runs: never sent again by themselves, until a person decides
      note      date or place changes: people keep the answer they gave, and their phone's calendar does not follow
      note      12 messages are to be edited after more than 7 days: WhatsApp may refuse that
      note      without credentials, whether main changed was not checked
    "#);
}

#[test]
fn a_preview_shows_what_its_recipient_will_see() {
    let counts = VerbCounts { create: 6, ..VerbCounts::default() };
    let mut plan = plan(counts);
    plan.lists.push(ListPlan {
        event: Arc::from("gone"),
        ..list("lists/old.csv", VerbCounts { left: 1, ..VerbCounts::default() })
    });
    plan.total.left = 1;
    plan.duplicates = 3;
    let mut changes = Changes::new();
    changes.add(&Change {
        verb: &Verb::Create,
        event: "launch",
        recipient: "5511999998888",
        label: "Ana ❤️",
        file: "lists/groups.csv",
        line: 2,
        instance: "main",
        variant: Some(1),
        body: Some(
            r#"{"name":"Spring launch, Ana","description":"Doors at 18:30.\nBring a friend.","dateTime":"2026-12-04T19:00:00.000Z","timeZone":"UTC-3","location":{"name":"HQ"},"callLinkType":"video","canceled":false}"#,
        ),
        before: None,
    });
    let end = EstimatedEnd::At("2026-12-07T09:20-03".parse().unwrap());
    let mut report = report(&plan, &changes);
    report.events[0].variants = vec![3, 3];
    report.events[0].names_differ = true;
    report.events[0].last = evening(20);
    report.ledger = LedgerNote::Missing;
    report.previews = true;
    report.narrowed = "--only launch --limit 4".into();
    report.to_do = 4;
    report.notes = vec!["this wording was never tested: zapi-batch test campaign.yaml".into()];
    report.lanes.push(LaneLine { name: "second".into(), limits: "2/s".into() });
    report.estimate.lanes.push(LaneEstimate { name: "second".into(), messages: 2, end });
    report.estimate.end = end;
    insta::assert_snapshot!(render(&report, PLAIN), @r#"
    PLAN spring-launch           no ledger: counts assume that nothing was ever sent
    launch  "Spring launch" …   Fri 4 Dec 2026 19:00 America/Sao_Paulo (22:00 UTC) to Fri 4 Dec 2026 20:00 America/Sao_Paulo (23:00 UTC)
      create    6    from lists/groups.csv
      wordings  3 get no. 1, 3 get no. 2
        for "Ana ❤️" (55119****8888, lists/groups.csv:2, via main, wording 1):
          name         Spring launch, Ana
          description  Doors at 18:30.
                       Bring a friend.
          dateTime     Fri 4 Dec 2026 19:00
          timezone     UTC-3
          location     HQ
          callLinkType video
    gone  no longer in the manifest
      left      1    no longer listed or suppressed; the invitation stands
    7 messages and rows left out = 6 create + 1 left
    rows left out: 3 listed twice (the first row counts)
    this run (--only launch --limit 4): 4 of 6
    via main, 20/min, 6 messages: done about 18:59
    via second, 2/s, 2 messages: done by Mon 09:20
    all of it: done by Mon 09:20
      note      this wording was never tested: zapi-batch test campaign.yaml
    "#);
}

#[test]
fn what_is_not_known_is_not_claimed() {
    let mut plan = plan(VerbCounts { edit: 1, left: 3, left_in_doubt: 2, keep: 2, skip: 1, ..VerbCounts::default() });
    plan.invalid = 3;
    plan.invalid_kept = 2;
    plan.cancelable = 1;
    let body = r#"{"name":"Launch","dateTime":"2026-12-04T19:00:00.000Z","canceled":false}"#;
    let mut changes = Changes::new();
    changes.add(&Change {
        verb: &Verb::Edit,
        event: "launch",
        recipient: "1-group",
        label: "Lapa",
        file: "lists/groups.csv",
        line: 2,
        instance: "main",
        variant: None,
        body: Some(body),
        before: Some(body),
    });
    insta::assert_snapshot!(render(&report(&plan, &changes), PLAIN), @r#"
    PLAN spring-launch                          ledger: 809 messages, last run 18:02
    launch  "Spring launch"   Fri 4 Dec 2026 19:00 America/Sao_Paulo (22:00 UTC)
      edit      1    worded otherwise now: replaced where it is
      keep      2    nothing to do
      skip      1    nothing is sent for these
      left      3    no longer listed or suppressed; the invitation stands, but of 2 whether the last edit arrived is not known
        1 message edited again: whether the last edit arrived is not known
    7 messages and rows left out = 1 edit + 2 keep + 1 skip + 3 left
    rows left out: 3 with errors (of 2, what was sent is kept as it is)
    via main, 20/min: done about 18:59
    "#);
    let noted =
        |plan: &Plan| render(&report(plan, &changes), PLAIN).contains("note      --cancel-left=1 would call off");
    plan.invalid = 0;
    assert!(noted(&plan));
    plan.calls_off_left = 1;
    assert!(!noted(&plan), "it is called off in this run");
}

#[test]
fn an_event_that_nobody_is_invited_to_is_not_said_to_be_gone() {
    let of = |event: &str, counts| ListPlan { event: Arc::from(event), ..list("lists/groups.csv", counts) };
    let skip = VerbCounts { skip: 2, ..VerbCounts::default() };
    let left = VerbCounts { left: 1, ..VerbCounts::default() };
    let mut plan = plan(VerbCounts { skip: 4, left: 2, ..VerbCounts::default() });
    plan.lists = vec![of("launch", skip), of("dinner", skip), of("lunch", left), of("gone", left)];
    let mut changes = Changes::new();
    for event in ["lunch", "gone"] {
        changes.add(&Change {
            verb: &Verb::Left { in_doubt: false },
            event,
            recipient: "1-group",
            label: "Vida ❤️\u{202e}",
            file: "lists/groups.csv",
            line: 2,
            instance: "main",
            variant: None,
            body: None,
            before: Some(r#"{"name":"As it was sent","dateTime":"2026-12-04T12:00:00.000Z","canceled":false}"#),
        });
    }
    let unsent = |id: &str, name: Option<&str>, when| UnsentEvent { id: id.into(), name: name.map(Into::into), when };
    let mut report = report(&plan, &changes);
    report.events = Vec::new();
    report.previews = true;
    report.unsent = vec![
        unsent("launch", Some("Spring launch"), Some(evening(19))),
        unsent("dinner", None, None),
        unsent("lunch", None, Some(evening(12))),
    ];
    report.estimate = Estimate { lanes: Vec::new(), end: EstimatedEnd::Nothing };
    insta::assert_snapshot!(render(&report, PLAIN), @r#"
    PLAN spring-launch                          ledger: 809 messages, last run 18:02
    launch  "Spring launch"   Fri 4 Dec 2026 19:00 America/Sao_Paulo (22:00 UTC)   nobody is to be invited
      skip      2    nothing is sent for these
    dinner  nobody is to be invited
      skip      2    nothing is sent for these
    lunch  "As it was sent"   Fri 4 Dec 2026 12:00 America/Sao_Paulo (15:00 UTC)   nobody is to be invited
      left      1    no longer listed or suppressed; the invitation stands
        left: "Vida ❤️\u{202e}"   lists/groups.csv:2
    gone  "As it was sent"   Fri 4 Dec 2026 12:00   no longer in the manifest
      left      1    no longer listed or suppressed; the invitation stands
        left: "Vida ❤️\u{202e}"   lists/groups.csv:2
    6 messages = 4 skip + 2 left
    "#);
}

#[test]
fn estimates_say_when_they_cannot_be_met() {
    let at = |text: &str| text.parse().unwrap();
    let table = [
        (EstimatedEnd::Nothing, "nothing to send"),
        (EstimatedEnd::At(at("2026-12-04T18:59-03")), "done about 18:59"),
        (EstimatedEnd::At(at("2026-12-10T14:20-03")), "done by Thu 14:20"),
        (
            EstimatedEnd::OutOfTime { left: 40, not_after: at("2026-12-05T12:00-03") },
            "40 will be left at Sat 12:00, when notAfter ends it",
        ),
        (EstimatedEnd::TooFar { left: 7 }, "not done within a year, 7 will be left"),
    ];
    for (ending, text) in table {
        assert_eq!(end(&ending, &now()), text);
    }
}
