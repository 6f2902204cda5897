//! Rows that a person has to look at, one line each, with all that `resolve` asks for.

use crate::ledger::NamedRow;

use super::paint::Page;

/// `launch "Mooca 2"   120363019502650977-group   lists/groups.csv:118   why`, one for each row. `events` is the number of
/// events that the campaign has: only where there are several is each row's named.
pub(super) fn named_rows(page: &Page, rows: &[NamedRow], events: usize) -> Vec<String> {
    let has_several = events > 1 || rows.iter().any(|row| row.event != rows[0].event);
    rows.iter()
        .map(|row| {
            let event = if has_several { format!("{} ", row.event) } else { String::new() };
            let rest = named_row(page, row);
            format!("{event}{rest}")
        })
        .collect()
}

fn named_row(page: &Page, row: &NamedRow) -> String {
    let said = |status: &u16| !row.error.starts_with(&status.to_string());
    let status = row.http_status.filter(said).map(|status| format!("{status} ")).unwrap_or_default();
    let label = page.foreign(&row.label, 40);
    // Without a label of its own a recipient is called by its address.
    let address = if row.label == row.address.as_str() {
        String::new()
    } else {
        format!("{}   ", page.foreign(row.address.as_str(), 60))
    };
    format!("\"{label}\"   {address}{}   {status}{}", row.source, page.foreign(&row.error, 120))
}
