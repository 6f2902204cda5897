//! One walk over the expanded rows, and then over what they no longer name: each message meets what the ledger knows of
//! it, `plan` decides, the plan counts, and when writing the ledger follows.
//!
//! Memory stays flat: of the messages met only a bit each is kept. Rows that did not change are not written.

use std::ops::ControlFlow;
use std::sync::Arc;

use rusqlite::Connection;

use super::aim::{Aim, Body, Insert, Listing};
use super::met::Met;
use super::names::{Instances, Names};
use super::person;
use super::reconcile::{Access, WalkError};
use super::record::{Record, Scan};
use super::skipped::{FaultyRows, SkippedRows};
use super::spool::{Stored, What};
use super::tally::{Counted, ListKey, Tally};
use super::{Change, NamedRow, Plan, PlanContext, Spool};
use crate::message::{RowSource, SkipReason, State};
use crate::plan::{Rules, Verb, Wanted, decide};
use crate::recipient::Address;

/// Is given everything that is not simply kept.
pub(super) type Visit<'a> = &'a mut dyn FnMut(&Change<'_>) -> ControlFlow<()>;

pub(super) struct Walk<'a> {
    connection: &'a Connection,
    access: Access,
    context: &'a PlanContext<'a>,
    names: Names,
    instances: Instances,
    scan: Scan<'a>,
    tally: Tally<'a>,
    met: Met,
    /// Only when writing.
    insert: Option<Insert<'a>>,
    next_id: i64,
    visit: Option<Visit<'a>>,
    now_ms: i64,
    rows: SkippedRows<'a>,
    faulty: FaultyRows,
    pub(super) changed: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        access: Access,
        context: &'a PlanContext<'a>,
        visit: Option<Visit<'a>>,
    ) -> rusqlite::Result<Self> {
        let now_ms = context.now.as_millisecond();
        let scan = Scan::new(connection)?;
        Ok(Self {
            connection,
            access,
            context,
            names: Names::load(connection)?,
            instances: Instances::load(connection, access, context.instances)?,
            insert: (access == Access::Write).then(|| Insert::new(connection)).transpose()?,
            next_id: scan.last() + 1,
            met: Met::default(),
            rows: SkippedRows::new(connection, now_ms),
            faulty: FaultyRows::default(),
            scan,
            tally: Tally::new(context.instances, context.narrow, now_ms),
            visit,
            now_ms,
            changed: false,
        })
    }

    pub(super) fn run(mut self, spool: &Spool) -> Result<(Plan, bool), WalkError> {
        let mut replay = spool.replay();
        let mut position = 0;
        while let Some(stored) = replay.advance()? {
            self.entry(position, &stored)?;
            position += 1;
        }
        self.faulty()?;
        self.unlisted()?;
        if self.access == Access::Write {
            self.changed |= self.rows.drop_old()?;
        }
        self.tally.plan.unchecked_instances = self.instances.unchecked;
        Ok((self.tally.plan, self.changed))
    }

    fn entry(&mut self, position: i64, stored: &Stored<'_>) -> Result<(), WalkError> {
        let key = self.key(stored)?;
        let listing = Listing {
            position,
            line: i64::from(stored.line),
            file_id: key.2,
            list_id: key.1,
            address: stored.recipient,
            label: stored.label,
            columns: stored.columns,
        };
        match &stored.what {
            What::Message { identity, instance, variant, body } => {
                let instance_id = self.instances.number(*instance as usize).ok_or(WalkError::NoSuchInstance)?;
                let body = Body { event: body, variant: variant.map(i64::from), instance_id };
                match self.scan.find(key.0, identity)? {
                    Some(record) if self.met.insert(record.id) => {
                        self.counts_in_stead_of_faulty(&record)?;
                        self.known(&record, key, Some(listing), Named::Message(body))?;
                    }
                    Some(_) => {
                        let reason = SkipReason::Duplicate { first: "an earlier row".to_owned() };
                        self.row(key, &listing, &reason)?;
                    }
                    None => self.new_message(key, identity, &listing, &body)?,
                }
            }
            What::Skipped { identity: Some(identity), reason: reason @ SkipReason::Suppressed } => {
                match self.scan.find(key.0, identity)? {
                    Some(record) if self.met.insert(record.id) => {
                        self.counts_in_stead_of_faulty(&record)?;
                        self.known(&record, key, Some(listing), Named::Suppressed)?;
                    }
                    _ => self.row(key, &listing, reason)?,
                }
            }
            What::Skipped { identity: Some(identity), reason: reason @ SkipReason::Invalid { error } } => {
                let record = self.scan.find(key.0, identity)?.filter(|record| !self.met.contains(record.id));
                let waits = record.is_some_and(|record| self.faulty.wait(record.id, key, &listing, error));
                if !waits {
                    self.row(key, &listing, reason)?;
                }
            }
            What::Skipped { reason, .. } => self.row(key, &listing, reason)?,
        }
        Ok(())
    }

    /// An earlier row for this message has an error, and is no more than a row now.
    fn counts_in_stead_of_faulty(&mut self, record: &Record) -> Result<(), WalkError> {
        let Some(row) = self.faulty.take(record.id) else { return Ok(()) };
        self.row(row.key, &row.listing(), &SkipReason::Invalid { error: row.error.clone() })
    }

    /// Messages that only rows with errors name.
    fn faulty(&mut self) -> Result<(), WalkError> {
        for (message, row) in self.faulty.take_all() {
            self.met.insert(message);
            let record = self.scan.get(message)?;
            self.known(&record, row.key, Some(row.listing()), Named::Faulty(&row.error))?;
        }
        Ok(())
    }

    fn key(&mut self, stored: &Stored<'_>) -> rusqlite::Result<ListKey> {
        let mut number = |text| self.names.number(self.connection, self.access, text);
        Ok((number(stored.event)?, number(stored.list)?, number(stored.file)?))
    }

    /// Everything that the ledger has and no row names.
    fn unlisted(&mut self) -> Result<(), WalkError> {
        let mut id = 0;
        while let Some(next) = self.met.next_missing(id, self.scan.last()) {
            id = next;
            let record = self.scan.get(id)?;
            let key = (record.event_id, record.list_id, record.file_id);
            self.known(&record, key, None, Named::ByNoRow)?;
        }
        Ok(())
    }

    fn known(
        &mut self,
        record: &Record,
        key: ListKey,
        listing: Option<Listing<'_>>,
        named_by: Named<'_>,
    ) -> Result<(), WalkError> {
        let (wanted, body) = (self.wanted(named_by, record), named_by.body());
        let place = self.instances.place(record.instance_id);
        let list = self.list(key);
        let is_selected = self.tally.selects(list);
        // What a person gives a number for is what this run does.
        let rules = Rules {
            cancel_left: self.context.rules.cancel_left && is_selected,
            resend_unknown: self.context.rules.resend_unknown && is_selected,
            ..self.context.rules
        };
        let known = record.known(place.is_some());
        let verb = decide(wanted, Some(&known), rules);
        let mut aim = Aim::new(record, &verb, listing, body, place.is_some());
        if let Wanted::Faulty { error } = wanted {
            aim.say_faulty(error);
            self.tally.invalid(list);
            self.tally.plan.invalid_kept += u64::from(verb == Verb::Keep);
        }
        if is_selected && wanted == Wanted::Unlisted {
            let called_off = decide(wanted, Some(&known), Rules { cancel_left: true, ..rules });
            self.tally.plan.cancelable += u64::from(called_off == Verb::CallOff);
            self.tally.plan.calls_off_left += u64::from(verb == Verb::CallOff);
        }
        if record.state == State::Unknown {
            let plan = &mut self.tally.plan;
            *(if verb == Verb::Create { &mut plan.resend } else { &mut plan.unknown }) += 1;
            let resent = decide(wanted, Some(&known), Rules { resend_unknown: true, ..rules });
            aim.is_wanted_still(resent == Verb::Create);
        }
        let sent = matches!(verb, Verb::Create | Verb::Edit | Verb::CallOff);
        let counted = Counted {
            verb: &verb,
            address: &aim.address,
            instance: self.instances.place(aim.instance_id),
            has: record.has(),
            wanted: sent.then_some(&*aim.event),
            accepted_at_ms: record.accepted_at,
        };
        self.tally.message(list, counted);
        if let Verb::Blocked(why) = verb {
            self.tally.blocked(why, || named(&self.names, record, key, why.as_str()));
        }
        let before = record.has();
        let (label, line) = listing.map_or((&*record.label, record.line), |listing| (listing.label, listing.line));
        let shown = (&*aim.address, label, line);
        self.show(
            &verb,
            key,
            shown,
            aim.instance_id,
            body.map_or(record.variant, |body| body.variant),
            counted.wanted,
            before,
        );
        if self.access == Access::Write {
            if verb == Verb::Create && record.state == State::Unknown {
                person::write_off(self.connection, record.id, self.now_ms)?;
            }
            self.changed |= aim.write(self.connection, record, self.now_ms)?;
        }
        Ok(())
    }

    fn wanted<'w>(&self, named_by: Named<'w>, record: &Record) -> Wanted<'w> {
        match named_by {
            Named::Message(body) => Wanted::Listed { event: body.event },
            Named::Suppressed => Wanted::Suppressed,
            Named::Faulty(error) => Wanted::Faulty { error },
            Named::ByNoRow if (self.context.suppressed)(&record.identity) => Wanted::Suppressed,
            Named::ByNoRow => Wanted::Unlisted,
        }
    }

    fn new_message(
        &mut self,
        key: ListKey,
        identity: &str,
        listing: &Listing<'_>,
        body: &Body<'_>,
    ) -> Result<(), WalkError> {
        let verb = decide(Wanted::Listed { event: body.event }, None, self.context.rules);
        let wanted = (verb == Verb::Create).then_some(body.event);
        let counted = Counted {
            verb: &verb,
            address: listing.address,
            instance: self.instances.place(body.instance_id),
            has: None,
            wanted,
            accepted_at_ms: None,
        };
        let list = self.list(key);
        self.tally.message(list, counted);
        self.show(
            &verb,
            key,
            (listing.address, listing.label, listing.line),
            body.instance_id,
            body.variant,
            wanted,
            None,
        );
        if let Some(insert) = &mut self.insert {
            insert.write(self.next_id, (key.0, identity), &verb, (listing, body), self.now_ms)?;
            self.next_id += 1;
            self.changed = true;
        }
        Ok(())
    }

    fn list(&mut self, key: ListKey) -> usize {
        let names = &self.names;
        self.tally.list(key, || [names.text(key.0), names.text(key.1), names.text(key.2)])
    }

    #[allow(clippy::too_many_arguments)] // the fields of a `Change`, which borrows from five places
    fn show(
        &mut self,
        verb: &Verb,
        key: ListKey,
        (recipient, label, line): (&str, &str, i64),
        instance_id: i64,
        variant: Option<i64>,
        body: Option<&str>,
        before: Option<&str>,
    ) {
        if *verb == Verb::Keep {
            return;
        }
        let Some(visit) = &mut self.visit else { return };
        let (event, file) = (self.names.text(key.0), self.names.text(key.2));
        let instance = match self.instances.place(instance_id).and_then(|place| self.context.instances.get(place)) {
            Some(instance) => &*instance.name,
            None => self.instances.gone(instance_id).unwrap_or_default(),
        };
        let change = Change {
            verb,
            event: &event,
            recipient,
            label,
            file: &file,
            line: u32::try_from(line).unwrap_or(u32::MAX),
            instance,
            variant: variant.and_then(|variant| u32::try_from(variant).ok()),
            body,
            before,
        };
        if visit(&change).is_break() {
            self.visit = None;
        }
    }

    /// A row that is no message.
    fn row(&mut self, key: ListKey, listing: &Listing<'_>, reason: &SkipReason) -> Result<(), WalkError> {
        let list = self.list(key);
        self.tally.row(list, reason);
        let verb = Verb::Skip(reason.clone());
        self.show_row(&verb, key, listing);
        if self.access == Access::Read {
            return Ok(());
        }
        self.changed |= self.rows.write(key, listing, reason)?;
        Ok(())
    }

    fn show_row(&mut self, verb: &Verb, key: ListKey, listing: &Listing<'_>) {
        self.show(verb, key, (listing.address, listing.label, listing.line), 0, None, None, None);
    }
}

/// What names a message that the ledger knows.
#[derive(Clone, Copy)]
enum Named<'a> {
    Message(Body<'a>),
    /// A row whose recipient is on a suppress list.
    Suppressed,
    /// A row with this error: what it wants is not known.
    Faulty(&'a str),
    ByNoRow,
}

impl<'a> Named<'a> {
    fn body(self) -> Option<Body<'a>> {
        match self {
            Self::Message(body) => Some(body),
            Self::Suppressed | Self::Faulty(_) | Self::ByNoRow => None,
        }
    }
}

fn named(names: &Names, record: &Record, key: ListKey, why: &str) -> NamedRow {
    NamedRow {
        event: names.text(key.0).to_string(),
        address: Address::new(record.address.as_str()),
        label: record.label.clone(),
        source: RowSource {
            file: Arc::clone(&names.text(key.2)),
            line: u32::try_from(record.line).unwrap_or(u32::MAX),
        },
        http_status: None,
        error: why.to_owned(),
    }
}
