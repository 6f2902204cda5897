//! Everything the stand-in knows: instances with their queues, what was accepted, who was invited to what, the counts.
//!
//! Synchronous, behind one lock; the time is given in milliseconds since 1970. HTTP is `server`'s and `sends`'.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::Counts;
use super::checks::{Wanted, is_group};
use super::journal::{Journal, Line, Waits};
use super::log::Log;
use super::options::{Drain, Options};
use super::queue::{Queue, Waiting};

pub(super) struct World {
    pub(super) options: Options,
    pub(super) log: Log,
    pub(super) counts: Counts,
    instances: HashMap<Arc<str>, Instance>,
    /// By message id.
    accepted: HashMap<Box<str>, Accepted>,
    /// By the edit's own message id: which event it replaces.
    edits: HashMap<Box<str>, Box<str>>,
    /// Recipient and event, hashed: for the duplicates.
    invited: HashSet<u64>,
    journal: Option<Journal>,
    random: fastrand::Rng,
    ids_made: u64,
    foreign_made: u64,
    reconnects_at_ms: Option<u64>,
    is_connected_at_first: bool,
}

pub(super) struct Instance {
    pub(super) name: Arc<str>,
    pub(super) queue: Queue,
    /// `disableEnqueueWhenDisconnected`.
    pub(super) refuses_when_disconnected: bool,
}

/// What a recipient has.
pub(super) struct Accepted {
    pub(super) instance: Arc<str>,
    pub(super) phone: Box<str>,
    created: Box<RawValue>,
    /// What replaced it, in order, with the edits' own message ids; without those that were taken back.
    edits: Vec<(Box<str>, Box<RawValue>)>,
    /// Of the event as it was when it was created.
    invitation: u64,
}

impl Accepted {
    pub(super) fn event(&self) -> &RawValue {
        self.edits.last().map_or(&self.created, |(_, event)| event)
    }
}

/// Whether a recipient was invited to an event before.
#[derive(PartialEq, Eq)]
enum Kept {
    Once,
    Again,
}

/// Other programs' messages have numbers of their own, so that ids do not depend on how many of them there are.
const FOREIGN: u64 = 1 << 39;

/// The ids of something that was queued.
pub(super) struct Ids {
    pub(super) zaap_id: String,
    pub(super) message_id: String,
}

impl World {
    pub(super) fn new(options: Options, now_ms: u64) -> io::Result<Self> {
        let mut world = Self {
            log: Log::new(options.log_entries_max),
            counts: Counts::default(),
            instances: HashMap::new(),
            accepted: HashMap::new(),
            edits: HashMap::new(),
            invited: HashSet::new(),
            journal: None,
            random: fastrand::Rng::with_seed(options.seed),
            ids_made: 0,
            foreign_made: 0,
            reconnects_at_ms: None,
            is_connected_at_first: options.disconnect_after != Some(0),
            options,
        };
        if let Some(path) = world.options.state.clone() {
            let start_afresh = world.options.start_afresh;
            world.journal = Some(Journal::open(&path, start_afresh, |line| world.remember(line, now_ms))?);
        }
        Ok(world)
    }

    /// The instance with this id, made when it is met for the first time.
    pub(super) fn instance(&mut self, id: &str, now_ms: u64) -> &mut Instance {
        if self.reconnects_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.set_connected(None, true, now_ms);
        }
        if !self.instances.contains_key(id) {
            let name: Arc<str> = id.into();
            let queue = Queue::new(self.is_connected_at_first);
            let instance = Instance { name: Arc::clone(&name), queue, refuses_when_disconnected: false };
            self.instances.insert(Arc::clone(&name), instance);
            self.add_foreign(id, self.options.foreign, now_ms);
        }
        self.instances.get_mut(id).expect("it was put there")
    }

    /// Other programs' messages in the queue of this instance.
    pub(super) fn add_foreign(&mut self, id: &str, count: u32, now_ms: u64) {
        for number in 0..count {
            self.foreign_made += 1;
            let ids = self.ids(FOREIGN | self.foreign_made);
            let gap_ms = self.gap_ms();
            let Some(instance) = self.instances.get_mut(id) else { return };
            let due_ms = instance.queue.due_ms(gap_ms, now_ms);
            let waiting = Waiting {
                zaap_id: ids.zaap_id.into(),
                message_id: ids.message_id.into(),
                phone: format!("55119{:08}", 90_000_000 + number).into(),
                created_ms: now_ms,
                due_ms,
            };
            instance.queue.push(waiting, now_ms);
        }
    }

    /// Counts a send or an edit; its number is what faults and disconnections are set by.
    pub(super) fn count_request(&mut self, now_ms: u64) -> u64 {
        self.counts.requests += 1;
        if self.options.disconnect_after == Some(self.counts.requests - 1) {
            self.set_connected(None, false, now_ms);
            self.reconnects_at_ms = self.options.reconnect_after.map(|after| now_ms + millis(after));
        }
        self.counts.requests
    }

    /// Connects or disconnects one instance, or all of them and those still to come.
    pub(super) fn set_connected(&mut self, id: Option<&str>, is_connected: bool, now_ms: u64) {
        if let Some(id) = id {
            self.instance(id, now_ms).queue.set_connected(is_connected, now_ms);
            return;
        }
        self.is_connected_at_first = is_connected;
        self.reconnects_at_ms = None;
        for instance in self.instances.values_mut() {
            instance.queue.set_connected(is_connected, now_ms);
        }
    }

    /// Takes a new event, or says why not.
    pub(super) fn create(&mut self, id: &str, wanted: &Wanted<'_>, now_ms: u64) -> io::Result<Result<Ids, String>> {
        let gap_ms = self.gap_ms();
        let ids = self.make_ids();
        let instance = self.instance(id, now_ms);
        if let Some(refusal) = instance.refusal() {
            return Ok(Err(refusal.to_owned()));
        }
        let due_ms = instance.queue.due_ms(gap_ms, now_ms);
        let line = Line::Created {
            instance: id.to_owned(),
            phone: wanted.phone.clone(),
            message_id: ids.message_id.clone(),
            zaap_id: ids.zaap_id.clone(),
            created_ms: now_ms,
            due_ms,
            event: wanted.event.to_owned(),
        };
        if let Some(journal) = &mut self.journal {
            journal.write(&line)?;
        }
        let invitation = invitation(&wanted.phone, &wanted.name, &wanted.date_time);
        if self.keep(line, Some(invitation), now_ms) == Kept::Again {
            self.counts.duplicates += 1;
        }
        Ok(Ok(ids))
    }

    /// Replaces an event, or says why not.
    pub(super) fn edit(&mut self, id: &str, wanted: &Wanted<'_>, now_ms: u64) -> io::Result<Result<Ids, String>> {
        let original_id = wanted.original_id.as_deref().unwrap_or_default();
        if let Some(refusal) = self.instance(id, now_ms).refusal() {
            return Ok(Err(refusal.to_owned()));
        }
        let Some(accepted) = self.accepted.get(original_id).filter(|accepted| &*accepted.instance == id) else {
            return Ok(Err("Event message not found".to_owned()));
        };
        if *accepted.phone != *wanted.phone {
            return Ok(Err("eventMessageId belongs to another chat".to_owned()));
        }
        if !is_group(&wanted.phone) {
            return Ok(Err("Event edit message was not sent because the phone is not from a group".to_owned()));
        }
        let gap_ms = self.gap_ms();
        let ids = self.make_ids();
        let edit = Waits {
            message_id: ids.message_id.clone(),
            zaap_id: ids.zaap_id.clone(),
            created_ms: now_ms,
            due_ms: self.instance(id, now_ms).queue.due_ms(gap_ms, now_ms),
        };
        let line = Line::Edited { message_id: original_id.to_owned(), event: wanted.event.to_owned(), edit };
        if let Some(journal) = &mut self.journal {
            journal.write(&line)?;
        }
        self.keep(line, None, now_ms);
        Ok(Ok(ids))
    }

    /// Takes a message of the queue back, as if it had never been sent: an edited event is what it was. False when it does not wait (any more).
    pub(super) fn take_back(&mut self, id: &str, zaap_id: &str, now_ms: u64) -> io::Result<bool> {
        match self.instance(id, now_ms).queue.remove(zaap_id, now_ms) {
            Some(waiting) => self.forget(&waiting.message_id).map(|()| true),
            None => Ok(false),
        }
    }

    pub(super) fn take_back_all(&mut self, id: &str, now_ms: u64) -> io::Result<()> {
        let waiting = self.instance(id, now_ms).queue.clear(now_ms);
        waiting.iter().try_for_each(|waiting| self.forget(&waiting.message_id))
    }

    /// Message id and what the recipient has, in no particular order.
    pub(super) fn accepted(&self) -> impl Iterator<Item = (&str, &Accepted)> {
        self.accepted.iter().map(|(id, accepted)| (&**id, accepted))
    }

    /// Forgets everything but the options.
    pub(super) fn reset(&mut self) -> io::Result<()> {
        self.log.clear();
        self.counts = Counts::default();
        self.instances.clear();
        self.accepted.clear();
        self.edits.clear();
        self.invited.clear();
        self.reconnects_at_ms = None;
        self.is_connected_at_first = self.options.disconnect_after != Some(0);
        self.journal.as_mut().map_or(Ok(()), Journal::clear)
    }

    fn forget(&mut self, message_id: &str) -> io::Result<()> {
        let is_known = self.undo(message_id).is_some();
        match &mut self.journal {
            Some(journal) if is_known => journal.write(&Line::Removed { message_id: message_id.to_owned() }),
            Some(_) | None => Ok(()),
        }
    }

    /// Undoes an invitation or an edit; the instance that it went through.
    fn undo(&mut self, message_id: &str) -> Option<Arc<str>> {
        if let Some(original_id) = self.edits.remove(message_id) {
            let accepted = self.accepted.get_mut(&original_id)?;
            accepted.edits.retain(|(edit, _)| &**edit != message_id);
            return Some(Arc::clone(&accepted.instance));
        }
        let accepted = self.accepted.remove(message_id)?;
        self.invited.remove(&accepted.invitation);
        Some(accepted.instance)
    }

    /// A line of an earlier run. Ids go on behind those in it: refused requests took some that no line has.
    fn remember(&mut self, line: Line, now_ms: u64) {
        let (Line::Created { message_id, .. }
        | Line::Edited { edit: Waits { message_id, .. }, .. }
        | Line::Removed { message_id }) = &line;
        self.ids_made = self.ids_made.max(number_of(message_id));
        self.keep(line, None, now_ms);
    }

    /// `known` is the invitation's hash where it has been worked out already.
    fn keep(&mut self, line: Line, known: Option<u64>, now_ms: u64) -> Kept {
        match line {
            Line::Created { instance, phone, message_id, zaap_id, created_ms, due_ms, event } => {
                let found = self.instance(&instance, now_ms);
                let name = Arc::clone(&found.name);
                let waiting = Waiting {
                    zaap_id: zaap_id.into(),
                    message_id: message_id.as_str().into(),
                    phone: phone.as_str().into(),
                    created_ms,
                    due_ms,
                };
                found.queue.push(waiting, now_ms);
                let invitation = known.unwrap_or_else(|| invitation_of(&phone, &event));
                let accepted =
                    Accepted { instance: name, phone: phone.into(), created: event, edits: Vec::new(), invitation };
                self.accepted.insert(message_id.into(), accepted);
                if !self.invited.insert(invitation) {
                    return Kept::Again;
                }
            }
            Line::Edited { message_id, event, edit } => {
                let Some(accepted) = self.accepted.get_mut(&*message_id) else { return Kept::Once };
                accepted.edits.push((edit.message_id.as_str().into(), event));
                if let Some(instance) = self.instances.get_mut(&accepted.instance) {
                    let waiting = Waiting {
                        zaap_id: edit.zaap_id.into(),
                        message_id: edit.message_id.as_str().into(),
                        phone: accepted.phone.clone(),
                        created_ms: edit.created_ms,
                        due_ms: edit.due_ms,
                    };
                    instance.queue.push(waiting, now_ms);
                }
                self.edits.insert(edit.message_id.into(), message_id.into());
            }
            Line::Removed { message_id } => {
                let instance = self.undo(&message_id).and_then(|name| self.instances.get_mut(&name));
                if let Some(instance) = instance {
                    instance.queue.remove_message(&message_id);
                }
            }
        }
        Kept::Once
    }

    fn gap_ms(&mut self) -> Option<u64> {
        match self.options.drain {
            Drain::Random => Some(self.random.u64(1000..=3000)),
            Drain::Every(gap) => Some(millis(gap)),
            Drain::Never => None,
        }
    }

    /// Ids of the reference's shape, the same for the same seed, never the same twice.
    fn make_ids(&mut self) -> Ids {
        self.ids_made += 1;
        self.ids(self.ids_made)
    }

    fn ids(&self, number: u64) -> Ids {
        let mut rng = fastrand::Rng::with_seed(self.options.seed.rotate_left(32) ^ number);
        Ids {
            zaap_id: format!("{:032X}", rng.u128(..)),
            message_id: format!("{:010X}{number:010X}", rng.u64(..1 << 40)),
        }
    }
}

impl Instance {
    /// Why nothing can be queued now.
    fn refusal(&self) -> Option<&'static str> {
        if self.queue.is_full() {
            Some("the queue is full: the instance is disconnected")
        } else if self.refuses_when_disconnected && !self.queue.is_connected() {
            Some("the instance is disconnected")
        } else {
            None
        }
    }
}

/// The number that a message id ends with; 0 for one that was not made here.
fn number_of(message_id: &str) -> u64 {
    message_id
        .get(10..)
        .and_then(|number| u64::from_str_radix(number, 16).ok())
        .filter(|n| n & FOREIGN == 0)
        .unwrap_or(0)
}

/// One person or group and one event: whichever instance it goes through, with or without the ninth digit. An event is
/// told from another by name and date together, so that the same wording on two days is two events.
fn invitation(phone: &str, name: &str, date_time: &str) -> u64 {
    let identity = crate::recipient::parse(phone).map(|parsed| parsed.recipient.identity);
    let mut hasher = DefaultHasher::new();
    identity.as_ref().map_or(phone, |identity| identity.as_str()).hash(&mut hasher);
    (name, date_time).hash(&mut hasher);
    hasher.finish()
}

fn invitation_of(phone: &str, event: &RawValue) -> u64 {
    let event: serde_json::Value = serde_json::from_str(event.get()).unwrap_or_default();
    let text = |field: &str| event[field].as_str().unwrap_or_default();
    invitation(phone, text("name"), text("dateTime"))
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
