//! Counts a walk's verbs into a [`Plan`]. Pure but for the names it looks up.

use std::collections::HashMap;
use std::sync::Arc;

use super::{InstancePlan, InstanceRef, ListPlan, NamedRow, Narrow, Plan, VerbCounts};
use crate::message::{Event, SkipReason};
use crate::plan::Verb;
use crate::recipient::Address;

/// How many blocked messages are named.
const NAMED: usize = 100;
/// Edits of messages older than this may be refused.
const EDIT_DAYS_MS: i64 = 7 * 24 * 3600 * 1000;

impl VerbCounts {
    fn add(&mut self, verb: &Verb) {
        let count = match verb {
            Verb::Create => &mut self.create,
            Verb::Edit => &mut self.edit,
            Verb::CallOff => &mut self.called_off,
            Verb::Keep => &mut self.keep,
            Verb::Skip(_) => &mut self.skip,
            Verb::Left { in_doubt } => {
                self.left_in_doubt += u64::from(*in_doubt);
                &mut self.left
            }
            Verb::Blocked(_) => &mut self.blocked,
        };
        *count += 1;
    }
}

/// Which list an entry is counted under: event, list and file by their numbers.
pub(super) type ListKey = (i64, i64, i64);

/// The plan as it grows.
#[derive(Debug)]
pub(super) struct Tally<'a> {
    pub(super) plan: Plan,
    narrow: &'a Narrow,
    lists: HashMap<ListKey, usize>,
    last: Option<(ListKey, usize)>,
    selected: Vec<bool>,
    now_ms: i64,
}

/// What is counted of one message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted<'a> {
    pub(super) verb: &'a Verb,
    /// Of the recipient.
    pub(super) address: &'a str,
    /// The place of its instance in the manifest.
    pub(super) instance: Option<usize>,
    pub(super) has: Option<&'a str>,
    pub(super) wanted: Option<&'a str>,
    pub(super) accepted_at_ms: Option<i64>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(instances: &[InstanceRef], narrow: &'a Narrow, now_ms: i64) -> Self {
        let instances = instances
            .iter()
            .map(|instance| InstancePlan { name: Arc::clone(&instance.name), counts: VerbCounts::default() })
            .collect();
        let plan = Plan { instances, ..Plan::default() };
        Self { plan, narrow, lists: HashMap::new(), last: None, selected: Vec::new(), now_ms }
    }

    /// Where a list is counted; `names` is asked once for each.
    pub(super) fn list(&mut self, key: ListKey, names: impl FnOnce() -> [Arc<str>; 3]) -> usize {
        if let Some((last, index)) = self.last
            && last == key
        {
            return index;
        }
        let index = *self.lists.entry(key).or_insert_with(|| {
            let [event, list, file] = names();
            self.selected.push(self.narrow.selects(&event, &list));
            self.plan.lists.push(ListPlan { event, list, file, counts: VerbCounts::default() });
            self.plan.lists.len() - 1
        });
        self.last = Some((key, index));
        index
    }

    /// Whether this run attempts what is counted there.
    pub(super) fn selects(&self, list: usize) -> bool {
        self.selected[list]
    }

    /// Counts a row that is no message.
    pub(super) fn row(&mut self, list: usize, reason: &SkipReason) {
        match reason {
            SkipReason::Duplicate { .. } => self.plan.duplicates += 1,
            SkipReason::Suppressed => self.plan.suppressed += 1,
            SkipReason::Invalid { .. } => self.invalid(list),
            SkipReason::Canceled | SkipReason::NoLongerListed => {}
        }
        self.verb(list, &Verb::Skip(reason.clone()));
    }

    /// Counts a row with an error, whether or not a message stands for it.
    pub(super) fn invalid(&mut self, list: usize) {
        self.plan.invalid += 1;
        self.plan.invalid_selected += u64::from(self.selected[list]);
    }

    fn verb(&mut self, list: usize, verb: &Verb) -> bool {
        self.plan.total.add(verb);
        self.plan.lists[list].counts.add(verb);
        let selected = self.selected[list];
        if selected {
            self.plan.selected.add(verb);
        }
        selected
    }

    pub(super) fn message(&mut self, list: usize, counted: Counted<'_>) {
        self.plan.invited += u64::from(counted.has.is_some());
        if !self.verb(list, counted.verb) {
            return;
        }
        if let Some(instance) = counted.instance.and_then(|place| self.plan.instances.get_mut(place)) {
            instance.counts.add(counted.verb);
        }
        if matches!(counted.verb, Verb::Edit | Verb::CallOff) {
            let late = counted.accepted_at_ms.is_some_and(|at| self.now_ms - at > EDIT_DAYS_MS);
            self.plan.late_edits += u64::from(late);
            self.plan.person_edits += u64::from(!Address::new(counted.address).is_group());
            if let (Some(has), Some(wanted)) = (counted.has, counted.wanted) {
                self.fields(has, wanted);
            }
        }
    }

    fn fields(&mut self, has: &str, wanted: &str) {
        let parse = |text| serde_json::from_str::<Event>(text).ok();
        let (Some(has), Some(wanted)) = (parse(has), parse(wanted)) else { return };
        for (field, differs) in [
            ("name", has.name != wanted.name),
            ("description", has.description != wanted.description),
            ("dateTime", has.date_time != wanted.date_time),
            ("timeZone", has.time_zone != wanted.time_zone),
            ("location", has.location != wanted.location),
            ("callLinkType", has.call_link_type != wanted.call_link_type),
            ("canceled", has.canceled != wanted.canceled),
        ] {
            if differs {
                *self.plan.changed_fields.entry(field).or_default() += 1;
            }
        }
    }

    /// Names a blocked message, if there are not too many yet.
    pub(super) fn blocked(&mut self, why: crate::plan::BlockedWhy, row: impl FnOnce() -> NamedRow) {
        *self.plan.blocked_by.entry(why).or_default() += 1;
        if self.plan.blocked.len() < NAMED {
            self.plan.blocked.push(row());
        }
    }
}
