//! What goes into the state machine and what comes out of it, and the values that both sides share.

use std::sync::Arc;
use std::time::Duration;

use jiff::{Timestamp, civil};

use super::event::Event;
use super::stop::{Audience, Signal};
use crate::delivery::{Delivery, Limits};
use crate::gateway::CallFault;
use crate::instance::Fingerprint;
use crate::ledger::{Batch, Settlement, Work};
use crate::outcome::Outcome;

/// The present, twice: the calendar can be set and jumps, the other one only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since the start of the run, for pacing and pauses.
    pub since: Duration,
    /// For windows, days and records.
    pub clock: Timestamp,
}

impl Now {
    /// The calendar's moment for one of the run.
    pub fn clock_at(&self, since: Duration) -> Timestamp {
        let ahead = since.saturating_sub(self.since);
        self.clock.checked_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// The run's moment for one of the calendar, but a minute ahead at most: the calendar can be set, and a computer
    /// that sleeps does not count the run's time.
    pub fn since_at(&self, clock: Timestamp) -> Duration {
        const LOOK_AGAIN: Duration = Duration::from_mins(1);
        let ahead = Duration::try_from(clock.duration_since(self.clock)).unwrap_or_default();
        self.since + ahead.min(LOOK_AGAIN)
    }
}

/// One instance's lane.
#[derive(Debug, Clone)]
pub struct LaneSpec {
    /// The instance's name in the manifest, by which the ledger gives out work.
    pub name: Arc<str>,
    /// `delivery`, with the instance's own values over it.
    pub limits: Limits,
    /// The instance's index in the gateway.
    pub gateway: usize,
    /// By which the daily counts know the instance.
    pub fingerprint: Fingerprint,
}

/// What a lane does when it would have to wait for an appointment (see `Why::is_appointment`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    Wait,
    /// `--no-wait`.
    End,
}

/// What the state machine has to know from the start.
#[derive(Debug, Clone)]
pub struct FleetOptions {
    pub delivery: Delivery,
    pub lanes: Vec<LaneSpec>,
    /// `--limit`: at most this many messages are taken up in this run; trying one again does not count.
    pub limit: Option<u64>,
    pub patience: Patience,
    pub audience: Audience,
    /// For jitter.
    pub seed: u64,
}

/// Something that happened outside.
#[derive(Debug)]
pub enum Input {
    /// The answer to [`Command::Fetch`]; when `exhausted`, there is no more.
    Fed { lane: usize, work: Vec<Work>, exhausted: bool },
    /// The batch of the last [`Command::Commit`] is on disk.
    Committed,
    /// The answer to [`Command::Start`], with the work as it was given.
    Settled { slot: usize, work: Work, outcome: Outcome },
    /// The answer to [`Command::AskStatus`]; `None` when it could not be had.
    Status { lane: usize, connected: Option<bool> },
    /// The answer to [`Command::AskQueue`].
    Queue { lane: usize, waiting: Result<u32, CallFault> },
    /// The answer to [`Command::AskQuota`]: at most what was asked for.
    Quota { lane: usize, day: civil::Date, granted: u32 },
    /// A signal.
    Stop(Signal),
    /// The ledger failed: with it the batch of the last commit, if it was under way.
    LedgerFailed,
    /// The daily counts failed.
    QuotaFailed,
    /// The answer to [`Command::Rescue`].
    Rescued,
}

/// Something to be carried out, in the order given.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Read the next work of a lane; one at a time.
    Fetch {
        lane: usize,
        most: usize,
    },
    /// Make this durable in one transaction; one at a time.
    Commit(Batch),
    /// Make the request: its intent is on disk.
    Start {
        slot: usize,
        lane: usize,
        work: Work,
    },
    /// Drop all requests in flight.
    Abandon,
    AskStatus {
        lane: usize,
    },
    /// How many messages wait in Z-API's queue; counting may end beyond `most`.
    AskQueue {
        lane: usize,
        most: u32,
    },
    /// Reserve sends of a day's limit.
    AskQuota {
        lane: usize,
        day: civil::Date,
        want: u32,
        limit: u32,
    },
    /// Count sends of a lane without a daily limit, for the sake of other campaigns that have one.
    CountQuota {
        lane: usize,
        day: civil::Date,
        sends: u32,
    },
    /// Give back reserved sends that were not made, or did not count.
    ReturnQuota {
        lane: usize,
        day: civil::Date,
        unused: u32,
    },
    /// Keep these beside the ledger, which has failed.
    Rescue(Vec<Settlement>),
    Say(Event),
}
