//! What an edit changes and what an invitation says, inside the plan.

use crate::report::changes::{EditGroup, EventChanges, Preview, fields};
use crate::report::paint::Page;
use crate::report::words;

/// `803 messages edited:`, and each field that differs, old beside new.
pub(super) fn edit_group(page: &mut Page, group: &EditGroup) {
    let what = if group.calls_off { "called off" } else { "edited" };
    let messages = words::messages(group.messages);
    if group.fields.is_empty() {
        page.line(&format!("    {messages} {what} again: whether the last edit arrived is not known"));
        return;
    }
    page.line(&format!("    {messages} {what}:"));
    for field in &group.fields {
        let (old, new) = beside(field.old.as_deref(), field.new.as_deref());
        let (old, new) = (page.foreign(&old, 70), page.foreign(&new, 70));
        let each = if field.differs { "   (each its own)" } else { "" };
        if old.chars().count() + new.chars().count() <= 60 {
            page.line(&format!("      {:<13}{old} -> {new}{each}", field.field));
        } else {
            page.line(&format!("      {:<13}{old}", field.field));
            page.line(&format!("                -> {new}{each}"));
        }
    }
}

/// Two long texts from where they begin to differ, with a little of what comes before.
fn beside(old: Option<&str>, new: Option<&str>) -> (String, String) {
    let (Some(old), Some(new)) = (old, new) else {
        let shown = |text: Option<&str>| text.map_or_else(|| "(none)".to_owned(), |text| words::one_line(text, 70));
        return (shown(old), shown(new));
    };
    let (old, new) = (words::one_line(old, usize::MAX), words::one_line(new, usize::MAX));
    let alike = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count();
    let skip = if alike > 50 { alike - 20 } else { 0 };
    let cut = |text: &str| {
        let rest: String = text.chars().skip(skip).collect();
        words::one_line(&if skip > 0 { format!("…{rest}") } else { rest }, 70)
    };
    (cut(&old), cut(&new))
}

/// Which invitations stand although they are not wanted any more.
pub(super) fn left(page: &mut Page, changes: &EventChanges) {
    for (label, place) in &changes.left {
        let label = page.foreign(label, 40);
        page.line(&format!("    left: \"{label}\"   {place}"));
    }
    let shown = changes.left.len() as u64;
    if changes.left_count > shown {
        page.line(&format!("    left: and {} more, all of them with --format json", changes.left_count - shown));
    }
}

/// An invitation as its recipient will see it.
pub(super) fn preview(page: &mut Page, preview: &Preview) {
    let label = page.foreign(&preview.label, 40);
    let variant = preview.variant.map(|number| format!(", wording {number}")).unwrap_or_default();
    let recipient = if preview.label == preview.recipient {
        String::new()
    } else {
        format!("{}, ", page.foreign(&preview.recipient, 60))
    };
    page.line(&format!("    for \"{label}\" ({recipient}{}, via {}{variant}):", preview.place, preview.instance));
    for (field, value) in fields(&preview.event) {
        let Some(value) = value.filter(|value| field != "canceled" || value == "yes") else { continue };
        for (number, line) in value.lines().enumerate() {
            let field = if number == 0 { field } else { "" };
            page.line(&format!("      {field:<13}{}", page.foreign(line, 200)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_to_where_they_differ() {
        assert_eq!(beside(Some("19:00"), Some("20:00")), ("19:00".into(), "20:00".into()));
        assert_eq!(beside(None, Some("HQ")), ("(none)".into(), "HQ".into()));
        let long = "x".repeat(60);
        let (old, new) = beside(Some(&format!("{long}old")), Some(&format!("{long}new")));
        assert_eq!((old, new), (format!("…{}old", "x".repeat(20)), format!("…{}new", "x".repeat(20))));
    }
}
