//! How far a campaign is, from the ledger alone: for people, and the shape for programs.

use jiff::{Timestamp, Zoned};
use serde::Serialize;

use crate::diagnostic::render::Style;
use crate::ledger::{Counts, NamedRow};

use super::named::named_rows;
use super::paint::{Page, Tone};
use super::summary::ACCEPTED_MEANS;
use super::words;

/// Everything the status shows.
#[derive(Debug, Clone)]
pub struct StatusReport {
    pub campaign: String,
    /// How many events the manifest has.
    pub events: usize,
    pub counts: Counts,
    /// By name, in the ledger's order.
    pub instances: Vec<(String, Counts)>,
    /// Who runs with the ledger now, in words: `process 4711 on host since ...`.
    pub running: Option<String>,
    /// When the ledger last changed.
    pub updated_at: Option<Timestamp>,
    /// How many of the unknown ones are still listed.
    pub resendable: u64,
    /// The first unknown ones.
    pub unknown: Vec<NamedRow>,
    /// The manifest as it was typed, for the commands to type next.
    pub manifest: String,
    pub now: Zoned,
}

/// Counts by state, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct States {
    accepted: u64,
    rejected: u64,
    unknown: u64,
    pending: u64,
    skipped: u64,
}

impl From<&Counts> for States {
    fn from(counts: &Counts) -> Self {
        let Counts { accepted, rejected, unknown, pending, skipped, .. } = *counts;
        Self { accepted, rejected, unknown, pending, skipped }
    }
}

const UNKNOWN_SHOWN: usize = 10;

/// For people; ends with a line break.
pub fn render(report: &StatusReport, style: Style) -> String {
    let mut page = Page::new(style);
    let updated = report.updated_at.map(|at| format!("last change {}", words::moment(at, &report.now)));
    page.head(
        Tone::Head,
        "STATUS ",
        &report.campaign,
        &updated.unwrap_or_else(|| "nothing was applied yet".to_owned()),
    );
    match &report.running {
        Some(holder) => page.line(&format!("  running: {holder}")),
        None => page.line("  not running"),
    }
    page.line(&format!("  {}", equation(&report.counts)));
    if report.instances.len() > 1 {
        for (name, counts) in &report.instances {
            page.line(&format!("  via {name}: {}", equation(counts)));
        }
    }
    if report.counts.accepted > 0 {
        page.line(&format!("  {ACCEPTED_MEANS}"));
    }
    if report.counts.blocked > 0 {
        let rest = format!("{}, see zapi-batch plan {}", words::messages(report.counts.blocked), report.manifest);
        page.entry(Tone::Bad, "blocked", &rest);
    }
    unknown(&mut page, report);
    page.into_text()
}

fn unknown(page: &mut Page, report: &StatusReport) {
    if report.counts.unknown == 0 {
        return;
    }
    let rows = &report.unknown[..report.unknown.len().min(UNKNOWN_SHOWN)];
    for row in named_rows(page, rows, report.events) {
        page.entry(Tone::Careful, "unknown", &row);
    }
    let shown = rows.len() as u64;
    if report.counts.unknown > shown {
        page.entry(Tone::Careful, "unknown", &format!("and {} more", report.counts.unknown - shown));
    }
    let meaning = match report.running {
        Some(_) => "unknown: requests in flight count as unknown until they are answered",
        None => "unknown: nobody can know whether Z-API took it; look in the group or chat, then",
    };
    page.line(&format!("  {meaning}"));
    if report.running.is_none() {
        page.line(&format!("    zapi-batch resolve {} RECIPIENT --arrived (or --not-arrived)", report.manifest));
        if report.resendable > 0 {
            page.line(&format!(
                "    zapi-batch apply {} --resend-unknown={}   to send all that are listed again, perhaps twice",
                report.manifest, report.resendable
            ));
        }
    }
}

/// `809 = 150 accepted + 1 rejected + 1 unknown + 657 pending + 0 skipped`.
pub(super) fn equation(counts: &Counts) -> String {
    format!(
        "{} = {} accepted + {} rejected + {} unknown + {} pending + {} skipped",
        counts.total(),
        counts.accepted,
        counts.rejected,
        counts.unknown,
        counts.pending,
        counts.skipped
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_says_what_unknown_means_and_what_to_type() {
        let row = NamedRow {
            event: "launch".into(),
            address: crate::recipient::Address::new("120363019502650977-group"),
            label: "Mooca 2".into(),
            source: crate::message::RowSource { file: "lists/groups.csv".into(), line: 118 },
            http_status: None,
            error: "no answer within 30 s".into(),
        };
        let counts = Counts { accepted: 150, rejected: 1, unknown: 2, pending: 656, ..Counts::default() };
        let report = StatusReport {
            campaign: "spring-launch".into(),
            events: 1,
            counts,
            instances: vec![("main".into(), counts)],
            running: None,
            updated_at: Some("2026-12-04T19:06-03".parse().unwrap()),
            unknown: vec![row],
            resendable: 2,
            manifest: "campaign.yaml".into(),
            now: "2026-12-04T19:30[America/Sao_Paulo]".parse().unwrap(),
        };
        let text = render(&report, Style { colour: false, mask: false, width: 80 });
        insta::assert_snapshot!(text, @r#"
        STATUS spring-launch                                           last change 19:06
          not running
          809 = 150 accepted + 1 rejected + 2 unknown + 656 pending + 0 skipped
          accepted means queued by Z-API; delivery was not observed
          unknown   "Mooca 2"   120363019502650977-group   lists/groups.csv:118   no answer within 30 s
          unknown   and 1 more
          unknown: nobody can know whether Z-API took it; look in the group or chat, then
            zapi-batch resolve campaign.yaml RECIPIENT --arrived (or --not-arrived)
            zapi-batch apply campaign.yaml --resend-unknown=2   to send all that are listed again, perhaps twice
        "#);
    }
}
