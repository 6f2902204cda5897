//! Rows that a person has to look at, as the plan, the summary and the status name them.

use crate::ledger::NamedRow;

use super::paint::Page;

/// `"Mooca 2"   lists/groups.csv:118   why`.
pub(super) fn named_row(page: &Page, row: &NamedRow) -> String {
    let said = |status: &u16| !row.error.starts_with(&status.to_string());
    let status = row.http_status.filter(said).map(|status| format!("{status} ")).unwrap_or_default();
    let label = page.foreign(&row.label, 40);
    format!("\"{label}\"   {}   {status}{}", row.source, page.foreign(&row.error, 120))
}
