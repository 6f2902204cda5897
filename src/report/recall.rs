//! What `recall` found in Z-API's queues and what it took back: for people, and the shape for programs.

use std::time::Duration;

use serde_json::json;

use crate::diagnostic::render::Style;
use crate::ledger::NamedRow;
use crate::recipient::mask_in_text;

use super::named::named_rows;
use super::paint::{Page, Tone};
use super::words;

/// How many unknown invitations are named to people; programs get all.
const ROWS_SHOWN: usize = 10;

/// What waits in one instance's queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueFound {
    pub instance: String,
    /// Anybody's.
    pub waiting: u64,
    pub ours: u64,
    /// Of the others, those for recipients whose invitation, or an edit of it, is of unknown fate.
    pub maybe_ours: u64,
}

/// What came of taking back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecallReport {
    pub campaign: String,
    /// How many events the manifest has.
    pub events: usize,
    pub found: Vec<QueueFound>,
    /// Invitations and edits, each one message in the queue; theirs are pending again.
    pub taken_back: u64,
    /// Went out before it was their turn: they stay accepted.
    pub gone: u64,
    /// The answer was lost: taken out, or gone out; nobody can know.
    pub doubtful: Vec<NamedRow>,
    /// How many of those an earlier recall had in hand when it broke off.
    pub broken_off: u64,
    /// Whether some of those may wait still, since their queue could not be read again.
    pub doubtful_may_wait: bool,
    /// Unknown invitations to whose recipients something waits that may be them.
    pub unknown: Vec<NamedRow>,
    /// Messages with an edit of unknown fate, where the same holds.
    pub edits: Vec<NamedRow>,
    /// Instances that the manifest has no more, and how many invitations went through each: nobody looked there.
    pub elsewhere: Vec<(String, u64)>,
    /// Ours that still waited when it ended.
    pub left: u64,
    /// Of those, which were asked for without an answer: they may be taken back yet.
    pub in_hand: u64,
    /// Why nobody looked whether more had come to light, one for each instance where that is so.
    pub unseen: Vec<String>,
    /// Why it ended early, one for each instance.
    pub stopped: Vec<String>,
    pub interrupted: bool,
    pub results: Option<String>,
    pub exit: u8,
    /// The manifest as it was typed, with the flags by which the same ledger is found.
    pub typed: String,
    /// The flags by which the same service is reached, each after a blank.
    pub connection: String,
}

impl RecallReport {
    /// Whether nothing of the campaign may still go out, or have been taken back, without anybody knowing.
    pub fn is_certain(&self) -> bool {
        self.doubtful.is_empty() && self.unknown.is_empty() && self.edits.is_empty()
    }
}

/// Before asking: how many wait, and whose they are.
pub fn found(campaign: &str, found: &[QueueFound], style: Style) -> String {
    let mut page = Page::new(style);
    page.head(Tone::Head, "RECALL ", campaign, "");
    for queue in found {
        // An id that stands on several of our messages is in the queue once, perhaps.
        let others = queue.waiting.saturating_sub(queue.ours + queue.maybe_ours);
        let rest = match queue.maybe_ours {
            0 => format!("{others} of others, which are not touched"),
            maybe => format!("{maybe} that may be of it + {others} of others; only the first are taken back"),
        };
        let QueueFound { instance, waiting, ours, .. } = queue;
        let waiting = words::messages(*waiting);
        page.line(&format!("  {instance}: {waiting} in Z-API's queue = {ours} of this campaign + {rest}"));
    }
    page.into_text()
}

/// A sign of life.
pub fn so_far(instance: &str, done: u64, of: u64) -> String {
    format!("  {instance}: {done} of {of} so far\n")
}

/// When a signal came while a request was under way.
pub fn draining(grace: Duration) -> String {
    let seconds = words::count(grace.as_secs(), "second", "seconds");
    format!("stopping: the answer to a request is waited for, {seconds} at most; a second signal leaves at once\n")
}

/// For people; ends with a line break.
pub fn render(report: &RecallReport, style: Style) -> String {
    let mut page = Page::new(style);
    let (tone, word) = match (report.interrupted, report.stopped.is_empty()) {
        (true, _) => (Tone::Careful, "INTERRUPTED "),
        (false, false) => (Tone::Bad, "STOPPED "),
        (false, true) => (if report.is_certain() { Tone::Good } else { Tone::Careful }, "DONE "),
    };
    page.head(tone, word, &report.campaign, "");
    for reason in &report.stopped {
        page.line(&format!("  {reason}"));
    }
    let doubtful = report.doubtful.len() as u64;
    let total = report.taken_back + report.gone + doubtful + report.left;
    page.line(&format!(
        "  {total} = {} taken back + {} gone out before + {doubtful} doubtful + {} left in the queue",
        report.taken_back, report.gone, report.left
    ));
    if report.taken_back > 0 {
        page.line("  what was taken back is pending again; the next apply sends what is still wanted of it");
    }
    for row in named_rows(&page, &report.doubtful, report.events) {
        page.entry(Tone::Careful, "doubtful", &row);
    }
    if report.broken_off > 0 {
        page.line(&format!(
            "  {} of those doubtful: an earlier recall had it in hand when it broke off",
            report.broken_off
        ));
    }
    if doubtful > 0 {
        let (what, first) = if report.doubtful_may_wait {
            ("taken back, gone out, or still in the queue", "recall again, then ")
        } else {
            ("taken back, or gone out", "")
        };
        page.line(&format!("  doubtful: {what}; invitations are unknown now, edits are made again by the next apply"));
        page.line(&format!(
            "  {first}look in the group or chat, then: zapi-batch resolve {} RECIPIENT --arrived (or --not-arrived)",
            report.typed
        ));
    }
    if report.in_hand > 0 {
        page.line(&format!(
            "  {} of those left: asked for without an answer, so that it may be taken back yet; recall again before you apply",
            report.in_hand
        ));
    }
    for why in &report.unseen {
        page.line(&format!("  {why}; whether more of this campaign waits there was not seen"));
    }
    for (instance, invitations) in &report.elsewhere {
        let invitations = words::count(*invitations, "invitation", "invitations");
        page.line(&format!(
            "  {invitations} went through {instance}, as it was called, which the manifest has no more: nobody looked there"
        ));
    }
    may_be_ours(&mut page, report);
    if let Some(results) = &report.results {
        page.line(&format!("  results: {results}"));
    }
    if report.left > 0 || report.doubtful_may_wait {
        page.line(&format!("  next: zapi-batch recall {}{}", report.typed, report.connection));
    }
    page.into_text()
}

/// Invitations and edits that nobody can know to be in the queue, where something waits that may be them.
fn may_be_ours(page: &mut Page, report: &RecallReport) {
    if report.unknown.is_empty() && report.edits.is_empty() {
        return;
    }
    let maybe: u64 = report.found.iter().map(|queue| queue.maybe_ours).sum();
    page.line(&format!(
        "  {} left in the queue may be of this campaign, and may still go out:",
        words::messages(maybe)
    ));
    for (word, rows) in [("unknown", &report.unknown), ("edit", &report.edits)] {
        for row in named_rows(page, &rows[..rows.len().min(ROWS_SHOWN)], report.events) {
            page.entry(Tone::Careful, word, &row);
        }
        if rows.len() > ROWS_SHOWN {
            page.entry(Tone::Careful, word, &format!("and {} more", rows.len() - ROWS_SHOWN));
        }
    }
    if !report.edits.is_empty() {
        page.line("  edit: one of unknown fate, which has no id either; its wording may come once more");
    }
    if !report.unknown.is_empty() {
        page.line(
            "  unknown: it has no id, so nobody can tell it from another program's message to the same recipient",
        );
        page.line(&format!(
            "  look in the group or chat once the queue has gone out, not before; then: zapi-batch resolve {} RECIPIENT \
             --arrived (or --not-arrived)",
            report.typed
        ));
    }
}

/// One line that ends with a line break.
pub fn json(report: &RecallReport, mask: bool) -> String {
    let shown = |text: &str| if mask { mask_in_text(text).into_owned() } else { text.to_owned() };
    let instances: serde_json::Map<String, serde_json::Value> = report
        .found
        .iter()
        .map(|queue| {
            let QueueFound { instance, waiting, ours, maybe_ours } = queue;
            (instance.clone(), json!({"waiting": waiting, "ours": ours, "maybe_ours": maybe_ours}))
        })
        .collect();
    let named = |rows: &[NamedRow]| -> Vec<serde_json::Value> {
        let one = |row: &NamedRow| {
            json!({"event": row.event, "recipient": shown(row.address.as_str()), "label": shown(&row.label),
                "source": row.source.to_string(), "error": shown(&row.error)})
        };
        rows.iter().map(one).collect()
    };
    let stopped = (!report.stopped.is_empty()).then(|| shown(&report.stopped.join("; ")));
    let stopped = stopped.or_else(|| report.interrupted.then(|| "interrupted".to_owned()));
    let value = json!({
        "campaign": report.campaign,
        "instances": instances,
        "taken_back": report.taken_back,
        "gone": report.gone,
        "doubtful": named(&report.doubtful),
        "unknown": named(&report.unknown),
        "edits": named(&report.edits),
        "elsewhere": report.elsewhere.iter().map(|(instance, sent)| (instance.clone(), json!(sent))).collect::<serde_json::Map<_, _>>(),
        "left": report.left,
        "in_hand": report.in_hand,
        "results": report.results,
        "exit": report.exit,
        "stopped": stopped,
    });
    format!("{value}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_add_up_and_doubt_is_named() {
        let row = NamedRow {
            event: "launch".into(),
            address: crate::recipient::Address::new("120363019502650977-group"),
            label: "Mooca 2".into(),
            source: crate::message::RowSource { file: "lists/groups.csv".into(), line: 118 },
            http_status: None,
            error: "no answer within 30 s".into(),
        };
        let report = RecallReport {
            campaign: "spring".into(),
            events: 2,
            found: vec![QueueFound { instance: "main".into(), waiting: 30, ours: 20, maybe_ours: 2 }],
            taken_back: 12,
            gone: 2,
            unknown: vec![NamedRow { label: "Lapa".into(), ..row.clone() }],
            edits: vec![NamedRow { label: "Sé".into(), error: String::new(), ..row.clone() }],
            elsewhere: vec![("old".into(), 1)],
            doubtful: vec![row],
            left: 5,
            in_hand: 1,
            stopped: vec!["main: Instance not found (HTTP 404)".into()],
            results: Some("spring.results.csv".into()),
            exit: 3,
            typed: "m.yaml --sandbox".into(),
            ..RecallReport::default()
        };
        let style = Style { colour: false, mask: false, width: 80 };
        insta::assert_snapshot!(found("spring", &report.found, style) + &render(&report, style), @r#"
        RECALL spring
          main: 30 messages in Z-API's queue = 20 of this campaign + 2 that may be of it + 8 of others; only the first are taken back
        STOPPED spring
          main: Instance not found (HTTP 404)
          20 = 12 taken back + 2 gone out before + 1 doubtful + 5 left in the queue
          what was taken back is pending again; the next apply sends what is still wanted of it
          doubtful  launch "Mooca 2"   120363019502650977-group   lists/groups.csv:118   no answer within 30 s
          doubtful: taken back, or gone out; invitations are unknown now, edits are made again by the next apply
          look in the group or chat, then: zapi-batch resolve m.yaml --sandbox RECIPIENT --arrived (or --not-arrived)
          1 of those left: asked for without an answer, so that it may be taken back yet; recall again before you apply
          1 invitation went through old, as it was called, which the manifest has no more: nobody looked there
          2 messages left in the queue may be of this campaign, and may still go out:
          unknown   launch "Lapa"   120363019502650977-group   lists/groups.csv:118   no answer within 30 s
          edit      launch "Sé"   120363019502650977-group   lists/groups.csv:118
          edit: one of unknown fate, which has no id either; its wording may come once more
          unknown: it has no id, so nobody can tell it from another program's message to the same recipient
          look in the group or chat once the queue has gone out, not before; then: zapi-batch resolve m.yaml --sandbox RECIPIENT --arrived (or --not-arrived)
          results: spring.results.csv
          next: zapi-batch recall m.yaml --sandbox
        "#);
        let odd = [QueueFound { instance: "main".into(), waiting: 1, ours: 3, maybe_ours: 0 }];
        assert!(found("spring", &odd, style).contains("3 of this campaign + 0 of others"));
        assert_eq!(so_far("main", 120, 5000), "  main: 120 of 5000 so far\n");
        let json: serde_json::Value = serde_json::from_str(&json(&report, false)).unwrap();
        assert_eq!(json["instances"]["main"]["ours"], 20);
        assert_eq!((&json["left"], &json["in_hand"]), (&5.into(), &1.into()));
        assert_eq!(json["doubtful"][0]["source"], "lists/groups.csv:118");
    }
}
