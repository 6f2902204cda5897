//! The values that go in and out of the ledger: no SQL and no behaviour beyond the obvious.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::instance::Fingerprint;
use crate::message::{AttemptKind, RowSource, State};
use crate::outcome::Outcome;
use crate::plan::{BlockedWhy, Rules, Verb};
use crate::recipient::Address;

/// What a run is restricted to (`--only`, `--to`). Empty lists restrict nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrow {
    pub events: Vec<Arc<str>>,
    pub lists: Vec<Arc<str>>,
}

impl Narrow {
    pub fn selects(&self, event: &str, list: &str) -> bool {
        (self.events.is_empty() || self.events.iter().any(|only| **only == *event))
            && (self.lists.is_empty() || self.lists.iter().any(|to| **to == *list))
    }
}

/// An instance of the manifest as the ledger compares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceRef {
    pub name: Arc<str>,
    /// `None` in a dry run without credentials: then the name decides (see `Instances::load`), and the run says
    /// that ids were not compared.
    pub fingerprint: Option<Fingerprint>,
}

/// What the manifest says beside its rows, and what a person allowed.
#[derive(Clone, Copy)]
pub struct PlanContext<'a> {
    /// In the manifest's order: `Message::instance` is an index into it.
    pub instances: &'a [InstanceRef],
    pub rules: Rules,
    /// What this run attempts; everything is planned all the same.
    pub narrow: &'a Narrow,
    /// Whether an identity is on a suppress list: asked for messages that no row names any more.
    pub suppressed: &'a dyn Fn(&str) -> bool,
    /// Names of `results.columns`, kept so that results can be written from the ledger alone.
    pub columns: &'a [String],
    pub now: Timestamp,
}

/// How many messages get which verb.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerbCounts {
    pub create: u64,
    /// Without `called_off`.
    pub edit: u64,
    pub called_off: u64,
    pub keep: u64,
    pub skip: u64,
    pub left: u64,
    pub blocked: u64,
    /// Of those left: whether their last edit arrived is not known.
    pub left_in_doubt: u64,
}

impl VerbCounts {
    /// The number that is asked for before sending: creates, edits and call-offs.
    pub fn to_do(&self) -> u64 {
        self.create + self.edit + self.called_off
    }

    pub fn total(&self) -> u64 {
        self.to_do() + self.keep + self.skip + self.left + self.blocked
    }
}

/// The counts of one event for one recipient list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPlan {
    pub event: Arc<str>,
    pub list: Arc<str>,
    /// The file as shown (`lists/vip.csv`), or the manifest for an inline list.
    pub file: Arc<str>,
    pub counts: VerbCounts,
}

/// What one instance has to do in this run (narrowed).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstancePlan {
    pub name: Arc<str>,
    pub counts: VerbCounts,
}

/// A row that a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRow {
    pub event: String,
    pub address: Address,
    pub label: String,
    pub source: RowSource,
    pub http_status: Option<u16>,
    /// Why, in one line.
    pub error: String,
}

/// What an apply would do, or is about to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// All messages, whatever `--only` and `--to` say.
    pub total: VerbCounts,
    /// What this run attempts of them.
    pub selected: VerbCounts,
    /// In the order in which the input first names them; messages no longer listed are under the list they came from.
    pub lists: Vec<ListPlan>,
    /// The manifest's instances, in its order.
    pub instances: Vec<InstancePlan>,
    /// The first hundred blocked messages, and how many there are of each kind.
    pub blocked: Vec<NamedRow>,
    pub blocked_by: HashMap<BlockedWhy, u64>,
    /// Unknown from earlier runs, and left so.
    pub unknown: u64,
    /// Unknown ones that `--resend-unknown` creates again, of what is selected.
    pub resend: u64,
    /// What `--cancel-left` calls off, or would, of what is selected: left, not suppressed, not called off yet, and not
    /// blocked.
    pub cancelable: u64,
    /// What this run calls off of those: all with `--cancel-left`, and else what an earlier run with it had not done yet.
    pub calls_off_left: u64,
    /// Messages whose recipient has an invitation: what the guard against mass edits measures by.
    pub invited: u64,
    /// Selected edits of messages accepted more than seven days ago, which may be refused.
    pub late_edits: u64,
    /// Selected edits of what persons were sent: Z-API edits events in groups only.
    pub person_edits: u64,
    /// Edits in which this field differs, by its name on the wire.
    pub changed_fields: HashMap<&'static str, u64>,
    /// Faulty rows of what this run selected.
    pub invalid_selected: u64,
    /// Rows that ask for nothing: the same identity twice, suppressed, faulty with `--skip-invalid`.
    pub duplicates: u64,
    pub suppressed: u64,
    pub invalid: u64,
    /// Of the faulty ones, those whose recipient's message is kept as it is.
    pub invalid_kept: u64,
    /// The instances whose ids could not be compared, since their credentials are not there.
    pub unchecked_instances: Vec<Arc<str>>,
}

/// One message that is not simply kept, for `plan`.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    pub verb: &'a Verb,
    pub event: &'a str,
    /// The address.
    pub recipient: &'a str,
    pub label: &'a str,
    pub file: &'a str,
    pub line: u32,
    pub instance: &'a str,
    pub variant: Option<u32>,
    /// The event that the recipient is to have; `None` where nothing is sent.
    pub body: Option<&'a str>,
    /// The event that the recipient has.
    pub before: Option<&'a str>,
}

/// One message that waits for an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The ledger's number of the message.
    pub message: i64,
    pub kind: AttemptKind,
    /// The invitation's message id, for an edit.
    pub original_id: Option<String>,
    pub address: Address,
    pub label: String,
    /// The JSON of the event, as it goes on the wire.
    pub event: String,
}

/// An attempt that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Known to the engine beforehand: one more than the last, since there is one writer. See `Ledger::last_attempt`; any
    /// other is an error.
    pub attempt: i64,
    pub message: i64,
    pub kind: AttemptKind,
    pub at: Timestamp,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    pub attempt: i64,
    pub message: i64,
    pub kind: AttemptKind,
    pub outcome: Outcome,
    pub at: Timestamp,
}

/// What one transaction makes durable: settlements first, then intents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub settlements: Vec<Settlement>,
    pub intents: Vec<Intent>,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.settlements.is_empty() && self.intents.is_empty()
    }
}

/// How many messages and skipped rows are in which state. An open intent counts as unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub accepted: u64,
    pub rejected: u64,
    pub unknown: u64,
    pub pending: u64,
    pub skipped: u64,
    /// Of all these, how many must not be worked on without a person.
    pub blocked: u64,
    /// How many rows had errors: skipped, or of a message that was accepted before.
    pub invalid: u64,
}

impl Counts {
    pub fn total(&self) -> u64 {
        self.accepted + self.rejected + self.unknown + self.pending + self.skipped
    }
}

/// One row of the results CSV, borrowed from the ledger while it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultRow<'a> {
    pub event: &'a str,
    /// The address; what stood in the row when it could not be read as one.
    pub recipient: &'a str,
    pub label: &'a str,
    pub status: State,
    pub message_id: Option<&'a str>,
    pub zaap_id: Option<&'a str>,
    pub instance: Option<&'a str>,
    pub attempts: u32,
    pub http_status: Option<u16>,
    pub error: &'a str,
    pub updated_at: Timestamp,
    pub file: &'a str,
    pub line: u32,
    /// 0 (an empty cell) before the invitation was accepted.
    pub revision: u32,
    pub edited_at: Option<Timestamp>,
    pub variant: Option<u32>,
    /// The values of `results.columns` as a JSON array of texts.
    pub columns: &'a str,
}

/// An unknown message that a person may decide about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownMessage {
    pub message: i64,
    pub row: NamedRow,
    /// It was accepted once, and then its recall was in doubt.
    pub has_message_id: bool,
}

/// What a person says about an unknown message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// `--arrived`, with its message id if it is known; without one it can never be edited.
    Arrived { message_id: Option<String> },
    /// `--not-arrived`: the attempt is written off and the message pending.
    NotArrived,
}

/// One of our attempts that still waits in Z-API's queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    pub attempt: i64,
    pub message: i64,
    pub kind: AttemptKind,
    pub zaap_id: String,
    /// A person has written it off as not arrived: nothing on record is of it any more.
    pub is_written_off: bool,
    pub row: NamedRow,
}

/// What was found when the ledger was opened after a run that did not end by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Answers taken in from the rescue file.
    pub rescued: u64,
    /// Attempts without an answer: creates that are unknown now, edits that will be repeated.
    pub unknown: u64,
    pub edits: u64,
}
