//! What edits change, gathered while the plan is walked: old beside new, field by field, grouped where they are alike.
//!
//! Memory stays flat: a campaign whose every message changes in its own way is told by example.

use std::sync::Arc;

use crate::ledger::Change;
use crate::message::Event;
use crate::plan::Verb;

use super::moment_of_event;

/// Above this many different changes of an event they are told by the fields that change.
const GROUPS_KEPT: usize = 6;
const PREVIEWS_KEPT: usize = 3;
const LEFT_KEPT: usize = 5;

/// All changes of a plan.
#[derive(Debug, Default)]
pub struct Changes {
    pub(super) events: Vec<EventChanges>,
}

/// The changes of one event.
#[derive(Debug, Default)]
pub(super) struct EventChanges {
    pub(super) event: Arc<str>,
    /// Exactly alike; complete unless `too_many`.
    alike: Vec<EditGroup>,
    /// Alike in the fields that change; values are those of the first.
    by_fields: Vec<EditGroup>,
    too_many: bool,
    /// The first invitations, one for each wording.
    pub(super) previews: Vec<Preview>,
    /// The first invitations that stand although they are not wanted any more: label and place.
    pub(super) left: Vec<(String, String)>,
    pub(super) left_count: u64,
    created_count: u64,
    /// Name and date of the first message that is created, and of the first that is left.
    created: Option<(String, String)>,
    stands: Option<(String, String)>,
}

/// An event whose messages are left while another one, which says the same, invites: most likely its id was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Renamed<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    /// How many are invited a second time, if that is so.
    pub(super) messages: u64,
}

/// Edits that are told together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EditGroup {
    pub(super) messages: u64,
    pub(super) calls_off: bool,
    pub(super) fields: Vec<FieldChange>,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldChange {
    /// As the manifest calls it.
    pub(super) field: &'static str,
    /// Ready to be shown; `None` where the field is absent.
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
    /// Not every message of the group has these values.
    pub(super) differs: bool,
}

/// An invitation as its recipient will see it.
#[derive(Debug, Clone)]
pub(super) struct Preview {
    pub(super) recipient: String,
    pub(super) label: String,
    pub(super) place: String,
    pub(super) instance: String,
    pub(super) variant: Option<u32>,
    pub(super) event: Event,
}

impl Changes {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in one change of the plan.
    pub fn add(&mut self, change: &Change<'_>) {
        match change.verb {
            Verb::Edit | Verb::CallOff => {
                let calls_off = *change.verb == Verb::CallOff;
                if let (Some(old), Some(new)) = (change.before.and_then(parse), change.body.and_then(parse)) {
                    self.of(change.event).edit(calls_off, differences(&old, &new));
                }
            }
            Verb::Create => self.of(change.event).create(change),
            Verb::Left { .. } => self.of(change.event).left(change),
            Verb::Keep | Verb::Skip(_) | Verb::Blocked(_) => {}
        }
    }

    /// Events that look as if only their id was changed.
    pub(super) fn renamed(&self) -> impl Iterator<Item = Renamed<'_>> {
        let gone = self.events.iter().filter(|old| old.stands.is_some());
        gone.flat_map(move |old| {
            let twins = self.events.iter().filter(move |new| new.event != old.event && new.created == old.stands);
            twins.map(|new| Renamed {
                from: &old.event,
                to: &new.event,
                messages: new.created_count.min(old.left_count),
            })
        })
    }

    fn of(&mut self, event: &str) -> &mut EventChanges {
        let index = self.events.iter().position(|changes| *changes.event == *event).unwrap_or_else(|| {
            self.events.push(EventChanges { event: event.into(), ..EventChanges::default() });
            self.events.len() - 1
        });
        &mut self.events[index]
    }
}

impl EventChanges {
    /// The groups to show: by exact values while they are few, else by the fields that change.
    pub(super) fn groups(&self) -> &[EditGroup] {
        if self.too_many { &self.by_fields } else { &self.alike }
    }

    /// Name and date of the first invitation that stands, as it was sent.
    pub(super) fn stands(&self) -> Option<(&str, &str)> {
        self.stands.as_ref().map(|(name, date_time)| (name.as_str(), date_time.as_str()))
    }

    fn edit(&mut self, calls_off: bool, fields: Vec<FieldChange>) {
        let same_fields = |group: &EditGroup| {
            let names = |fields: &[FieldChange]| fields.iter().map(|change| change.field).collect::<Vec<_>>();
            group.calls_off == calls_off && names(&group.fields) == names(&fields)
        };
        match self.by_fields.iter_mut().find(|group| same_fields(group)) {
            Some(group) => {
                group.messages += 1;
                for (seen, change) in group.fields.iter_mut().zip(&fields) {
                    seen.differs |= seen.old != change.old || seen.new != change.new;
                }
            }
            None => self.by_fields.push(EditGroup { messages: 1, calls_off, fields: fields.clone() }),
        }
        if let Some(group) = self.alike.iter_mut().find(|group| group.calls_off == calls_off && group.fields == fields)
        {
            group.messages += 1;
        } else if self.alike.len() < GROUPS_KEPT {
            self.alike.push(EditGroup { messages: 1, calls_off, fields });
        } else {
            self.too_many = true;
        }
    }

    fn left(&mut self, change: &Change<'_>) {
        self.left_count += 1;
        if self.stands.is_none() {
            self.stands = change.before.and_then(parse).map(|event| (event.name, event.date_time));
        }
        if self.left.len() < LEFT_KEPT {
            self.left.push((change.label.to_owned(), format!("{}:{}", change.file, change.line)));
        }
    }

    fn create(&mut self, change: &Change<'_>) {
        self.created_count += 1;
        if self.created.is_none() {
            self.created = change.body.and_then(parse).map(|event| (event.name, event.date_time));
        }
        let known = |preview: &Preview| preview.variant == change.variant;
        if self.previews.len() >= PREVIEWS_KEPT || self.previews.iter().any(known) {
            return;
        }
        if let Some(event) = change.body.and_then(parse) {
            self.previews.push(Preview {
                recipient: change.recipient.to_owned(),
                label: change.label.to_owned(),
                place: format!("{}:{}", change.file, change.line),
                instance: change.instance.to_owned(),
                variant: change.variant,
                event,
            });
        }
    }
}

fn parse(event: &str) -> Option<Event> {
    serde_json::from_str(event).ok()
}

/// The fields that differ, in the order of the manifest.
fn differences(old: &Event, new: &Event) -> Vec<FieldChange> {
    fields(old)
        .into_iter()
        .zip(fields(new))
        .filter(|((_, old), (_, new))| old != new)
        .map(|((field, old), (_, new))| FieldChange { field, old, new, differs: false })
        .collect()
}

/// Every field of an event as it is shown, under the manifest's names; `None` where it is absent.
pub(super) fn fields(event: &Event) -> [(&'static str, Option<String>); 7] {
    [
        ("name", Some(event.name.clone())),
        ("description", event.description.clone()),
        ("dateTime", Some(moment_of_event::short(&event.date_time))),
        ("timezone", event.time_zone.clone()),
        ("location", event.location.as_ref().map(|location| location.name.clone())),
        ("callLinkType", event.call_link_type.map(|kind| format!("{kind:?}").to_lowercase())),
        ("canceled", Some(if event.canceled { "yes" } else { "no" }.to_owned())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, hour: u32) -> String {
        format!(r#"{{"name":"{name}","dateTime":"2026-12-04T{hour}:00:00.000Z","timeZone":"UTC-3","canceled":false}}"#)
    }

    fn change<'a>(verb: &'a Verb, before: Option<&'a str>, body: &'a str) -> Change<'a> {
        Change {
            verb,
            event: "launch",
            recipient: "1-group",
            label: "Mooca",
            file: "lists/groups.csv",
            line: 2,
            instance: "main",
            variant: None,
            body: Some(body),
            before,
        }
    }

    #[test]
    fn edits_that_are_alike_are_one_group() {
        let mut changes = Changes::new();
        for _ in 0..803 {
            changes.add(&change(&Verb::Edit, Some(&event("Launch", 19)), &event("Launch", 20)));
        }
        let groups = changes.events[0].groups();
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].messages, 803);
        let expected = FieldChange {
            field: "dateTime",
            old: Some("Fri 4 Dec 2026 19:00".into()),
            new: Some("Fri 4 Dec 2026 20:00".into()),
            differs: false,
        };
        assert_eq!(groups[0].fields, [expected]);
    }

    #[test]
    fn edits_that_each_have_their_own_values_are_told_by_example() {
        let mut changes = Changes::new();
        for number in 0..100 {
            let (old, new) = (event(&format!("Hello {number}"), 19), event(&format!("Good day {number}"), 20));
            changes.add(&change(&Verb::Edit, Some(&old), &new));
        }
        let groups = changes.events[0].groups();
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].messages, 100);
        assert_eq!(groups[0].fields.iter().map(|field| field.differs).collect::<Vec<_>>(), [true, false]);
        assert_eq!(groups[0].fields[0].old.as_deref(), Some("Hello 0"));
    }

    #[test]
    fn an_event_under_another_id_is_noticed() {
        let mut changes = Changes::new();
        let body = event("Launch", 19);
        for _ in 0..3 {
            changes.add(&Change { body: None, ..change(&Verb::Left { in_doubt: false }, Some(&body), "") });
        }
        for (id, body) in [("party", &event("Party", 19)), ("spring", &body), ("spring", &body)] {
            changes.add(&Change { event: id, ..change(&Verb::Create, None, body) });
        }
        let renamed: Vec<_> = changes.renamed().collect();
        assert_eq!(renamed, [Renamed { from: "launch", to: "spring", messages: 2 }]);
    }

    #[test]
    fn the_first_invitation_of_each_wording_is_previewed() {
        let mut changes = Changes::new();
        let body = event("Launch", 19);
        for variant in [1, 1, 2, 1] {
            changes.add(&Change { variant: Some(variant), ..change(&Verb::Create, None, &body) });
        }
        assert_eq!(changes.events[0].previews.iter().map(|p| p.variant).collect::<Vec<_>>(), [Some(1), Some(2)]);
    }
}
