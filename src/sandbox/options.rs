//! How the stand-in shall behave: whom it lets in, how fast its queue drains, and what goes wrong.

use std::path::PathBuf;
use std::time::Duration;

/// What a sandbox is started with; `Options::default()` lets everybody in, answers at once and never fails, and its queues
/// go out as slowly as the real ones.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whom to let in; empty means everybody, each pair of id and token an instance of its own.
    pub accounts: Vec<Account>,
    /// How long every answer takes at least.
    pub latency: Duration,
    /// How much longer it takes at most, drawn evenly.
    pub latency_jitter: Duration,
    pub drain: Drain,
    /// Whether the instances are trial ones, whose queued messages say so.
    pub is_trial: bool,
    /// How many messages of other programs wait in each instance's queue at first; they drain like ours.
    pub foreign: u32,
    /// The groups that every instance is in; empty means three of the sandbox's own, and that no group is unknown.
    pub groups: Vec<GroupSpec>,
    /// Looked at in this order; the first that applies to a send or an edit is what happens.
    pub faults: Vec<FaultRule>,
    /// What a 429 asks to wait.
    pub retry_after: RetryAfter,
    /// The same seed brings the same faults, for the same requests in the same order.
    pub seed: u64,
    /// After so many sends and edits the phone is disconnected (0: from the start).
    pub disconnect_after: Option<u64>,
    /// It connects again so long after [`Options::disconnect_after`].
    pub reconnect_after: Option<Duration>,
    /// Where events and queue are kept, so that a later start still knows them.
    pub state: Option<PathBuf>,
    /// Whether what is in the state file is forgotten at the start.
    pub start_afresh: bool,
    /// The newest requests that the log keeps.
    pub log_entries_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            accounts: Vec::new(),
            latency: Duration::ZERO,
            latency_jitter: Duration::ZERO,
            drain: Drain::Random,
            is_trial: false,
            foreign: 0,
            groups: Vec::new(),
            faults: Vec::new(),
            retry_after: RetryAfter::Seconds(1),
            seed: 1,
            disconnect_after: None,
            reconnect_after: None,
            state: None,
            start_afresh: false,
            log_entries_max: 1_000_000,
        }
    }
}

/// Credentials that the sandbox knows. `Debug` shows none of it: people may use real ones.
#[derive(Clone)]
pub struct Account {
    pub id: String,
    pub token: String,
    /// Without one the account has the check switched off.
    pub client_token: Option<String>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Account(..)")
    }
}

/// A group that the sandbox's instances are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSpec {
    pub id: String,
    pub name: String,
    /// Only administrators may write, and the instances are none.
    pub is_admin_only: bool,
    /// A community's announcement group.
    pub is_announcement: bool,
}

/// How fast an instance's queue goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drain {
    /// 1 to 3 s a message, as the real one.
    Random,
    /// This long a message; zero means at once.
    Every(Duration),
    /// Nothing ever leaves the queue.
    Never,
}

/// Something that goes wrong, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRule {
    pub when: When,
    pub fault: Fault,
    /// Whether the message is queued all the same, before the fault: what makes a lost answer dangerous.
    pub is_processed: bool,
}

/// Which sends and edits a fault hits.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// This share of them, 0 to 1.
    Share(f64),
    /// All to this address.
    Recipient(String),
    /// Those with these numbers, from 1, both included, counted over all instances.
    Requests(u64, u64),
    /// All through the instance with this id.
    Instance(String),
}

/// What goes wrong. Faults below HTTP are not the sandbox's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This status, with an error text of its own; 429 comes with Retry-After.
    Status(u16),
    /// This status and `{"error": …}` with these words.
    Says { status: u16, error: String },
    /// No answer at all.
    Hang,
    /// 200 with `error` and no ids.
    ErrorIn200,
    /// 200 with something that is no JSON.
    Garbage,
    /// A redirect to another path.
    Redirect,
}

/// The form of the Retry-After header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    Seconds(u64),
    /// An HTTP date so far in the future.
    Date(Duration),
    Missing,
}
