//! What each instance has sent today, shared by all campaigns on this machine.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::instance::Fingerprint;

/// Why the quota cannot be used. Where a daily limit is set that stops the run with exit 4, like a ledger error.
#[derive(Debug)]
pub struct QuotaError {
    pub path: PathBuf,
    pub what: String,
}

impl fmt::Display for QuotaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the daily counts in {} failed: {}", self.path.display(), self.what)
    }
}

impl std::error::Error for QuotaError {}

/// The daily counts, used by one thread at a time; other processes may use the same file.
#[derive(Debug)]
pub struct Quota;

impl Quota {
    /// Opens or creates `quota.db` in the state directory. `owner` is the ledger's id: counts are kept per owner.
    pub fn open(_state: &Path, _owner: &str) -> Result<Self, QuotaError> {
        todo!()
    }
    /// For the simulation.
    pub fn in_memory(_owner: &str) -> Result<Self, QuotaError> {
        todo!()
    }
    /// At the start, under the ledger's lock: what this campaign's ledger says it has sent on that day
    /// (`Ledger::sent_between`) replaces what a run that died may have left reserved.
    pub fn correct(&mut self, _instance: &Fingerprint, _day: Date, _sent: u64) -> Result<(), QuotaError> {
        todo!()
    }
    /// Before an intent: one send on that day, `false` when the limit is reached. Durable when it returns; mostly free,
    /// because several are reserved at a time. Without a limit it always succeeds.
    pub fn take(&mut self, _instance: &Fingerprint, _day: Date, _limit: Option<u32>) -> Result<bool, QuotaError> {
        todo!()
    }
    /// After `not sent` or `rejected`: that one did not count.
    pub fn put_back(&mut self, _instance: &Fingerprint, _day: Date) {
        todo!()
    }
    /// At the end of a run: gives back what was reserved and not used. Also tried on drop.
    pub fn release(&mut self) -> Result<(), QuotaError> {
        todo!()
    }
    /// What all campaigns together have sent or reserved on that day.
    pub fn used(&self, _instance: &Fingerprint, _day: Date) -> Result<u64, QuotaError> {
        todo!()
    }
}
/// `ZAPI_STATE_DIR`, else `$XDG_STATE_HOME/zapi-batch`, else `~/.local/state/zapi-batch`.
pub fn state_directory(_lookup: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    todo!()
}
