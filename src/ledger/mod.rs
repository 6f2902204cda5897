//! The durable record: what was promised, and what was done.
//!
//! The intent of every attempt is on disk before its request leaves, and its outcome after; the schema itself makes a
//! second `create` for a message impossible. One process writes (see [`lock`]); others may read at any time. The rooms:
//! `schema` (tables, open), `spool` and `reconcile` (manifest against record), `attempts` (the hot path), `person`
//! (what people decide), `work` and `reading`, and around them `lock`, `guard`, `rescue`, `sent`,
//! `whole`, `aside` and `astray`, `twins`.
//! Does not decide what is to be done (`plan` does), sends nothing, prints nothing. Only this and `quota` speak SQL.

mod aim;
mod aside;
pub mod astray;
mod attempts;
#[cfg(test)]
mod cost;
mod error;
mod file;
mod guard;
pub mod lock;
mod met;
mod names;
mod open;
mod person;
#[cfg(test)]
mod promise;
mod reading;
mod recalling;
mod reconcile;
mod record;
mod rescue;
mod results;
mod schema;
pub mod sent;
mod skipped;
mod spool;
mod tally;
#[cfg(test)]
mod testing;
mod twins;
mod types;
mod walk;
mod whole;
mod work;

use std::path::{Path, PathBuf};

use rusqlite::Connection;

pub use aside::Aside;
pub use error::LedgerError;
pub use guard::Warning;
pub use lock::Holder;
pub use open::Mode;
pub use recalling::BROKEN_OFF;
pub use reconcile::Reconcile;
pub use spool::Spool;
pub use twins::{Twin, find as find_twins};
pub use types::{
    Batch, Change, Counts, InstancePlan, InstanceRef, Intent, ListPlan, NamedRow, Narrow, Plan, PlanContext, Queued,
    Recovered, ResultRow, Settlement, UnknownMessage, VerbCounts, Verdict, Work,
};
pub use whole::Part;
pub use work::Cursor;

/// One connection to one ledger, used by one thread at a time. A ledger opened for writing holds the lock until dropped.
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
    path: PathBuf,
    id: String,
    campaign: String,
    /// Present when opened for writing a file: the lock and what has to stay where it is.
    guard: Option<guard::Guard>,
    /// Created when it was opened.
    is_new: bool,
    /// It was opened to be read, without what it needs beside it.
    lacks: Option<Part>,
    /// A commit failed: nothing is written any more.
    broken: bool,
    recovered: Recovered,
    warnings: Vec<Warning>,
}

impl Ledger {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Made up when the ledger was created: what `<campaign>.sent.json` refers to.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn campaign(&self) -> &str {
        &self.campaign
    }

    /// What opening found of a run that did not end by itself.
    pub fn recovered(&self) -> Recovered {
        self.recovered
    }

    /// Whether there was none before it was opened, as seen under the lock.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// About the place that the ledger is in.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// For `map_err`: what the database said, with the ledger's path.
    fn failed(&self, error: rusqlite::Error) -> LedgerError {
        LedgerError::Database { path: self.path.clone(), error }
    }
}
