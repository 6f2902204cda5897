//! What waits in an instance's queue, and whose it is: asked by `recall` and by `check`.
//!
//! Ours is what carries the id that a send was answered with. An invitation or edit of unknown fate has no id: where a
//! message waits for its recipient, that may be it, or another program's. Z-API documents no content of a queued event, so nothing
//! tells the two apart, and such a message is named, never taken back.

use std::collections::{HashMap, HashSet};

use crate::gateway::{CallFault, Gateway};
use crate::instance::Fingerprint;
use crate::ledger::{Ledger, LedgerError, NamedRow, Queued};
use crate::recipient::{self, Identity};

/// Everything that waits in an instance's queue, anybody's.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub messages: u64,
    /// Some message says that its instance is a trial one.
    pub is_trial: bool,
    /// By which ours are known.
    pub ids: HashSet<String>,
    /// How many messages wait for whom, by identity, and their ids.
    recipients: HashMap<Identity, Vec<String>>,
}

/// Whose that is.
#[derive(Debug, Default)]
pub(super) struct Whose {
    pub ours: Vec<Queued>,
    /// Messages of others, as far as can be known, for recipients whose invitation, or an edit of it, is of unknown fate.
    pub maybe_ours: u64,
    /// These recipients' unknown invitations.
    pub unknown: Vec<NamedRow>,
    /// Those who have an edit of unknown fate.
    pub edits: Vec<NamedRow>,
}

/// Pages through the queue of an instance.
pub(super) async fn look(gateway: &Gateway, instance: usize) -> Result<Waiting, CallFault> {
    let mut waiting = Waiting::default();
    let mut pages = gateway.queue_pages(instance);
    while let Some(messages) = pages.next().await? {
        for message in messages {
            waiting.is_trial |= message.is_trial;
            // While pages are read the queue moves, so that a message may be met on two of them.
            if message.zaap_id.is_empty() || waiting.ids.insert(message.zaap_id.clone()) {
                waiting.messages += 1;
                waiting.recipients.entry(identity(&message.phone)).or_default().push(message.zaap_id);
            }
        }
    }
    Ok(waiting)
}

impl Waiting {
    pub(super) fn whose(&self, ledger: &Ledger, instance: &Fingerprint) -> Result<Whose, LedgerError> {
        let ours = ledger.queued(&self.ids)?;
        let known: HashSet<&str> = ours.iter().map(|queued| &*queued.zaap_id).collect();
        let mut counted = HashSet::new();
        let mut whose = Whose::default();
        let unknown = ledger.unknown_through(instance)?.into_iter().map(|row| (row, false));
        // What is on record of them is of the last answer, to another attempt.
        let edits = ledger.doubtful_edits_through(instance)?.into_iter();
        let edits = edits.map(|row| (NamedRow { http_status: None, error: String::new(), ..row }, true));
        for (row, is_edit) in unknown.chain(edits) {
            let identity = identity(row.address.as_str());
            let ids = self.recipients.get(&identity).map_or(&[][..], Vec::as_slice);
            let others = ids.iter().filter(|id| !known.contains(&***id)).count() as u64;
            if others > 0 {
                if is_edit { &mut whose.edits } else { &mut whose.unknown }.push(row);
                // A recipient may have several of them, to several events.
                if counted.insert(identity) {
                    whose.maybe_ours += others;
                }
            }
        }
        Ok(Whose { ours, ..whose })
    }
}

/// Z-API may write a Brazilian number with or without its ninth digit, whichever it was given.
fn identity(address: &str) -> Identity {
    recipient::parse(address).map_or_else(|_| Identity::new(address), |parsed| parsed.recipient.identity)
}
