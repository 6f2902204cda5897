//! `--new-ledger`: what was recorded before, and is not known to a run that begins without it.

use super::paths::{Paths, Purpose};
use crate::ledger::sent::Sent;
use crate::ledger::{Ledger, LedgerError, Mode};
use crate::report::Past;

/// To be asked before the ledger makes room. A rehearsal or a test invites nobody, so it has no past.
pub(super) fn past(paths: &Paths, purpose: Purpose) -> Option<Past> {
    if purpose != Purpose::Real {
        return None;
    }
    let ledger = Ledger::open(&paths.ledger, &paths.identity, Mode::Read);
    match ledger.and_then(|ledger| ledger.invited()) {
        Ok((0, 0)) => None,
        Ok((accepted, unknown)) => Some(Past::Invited { accepted, unknown }),
        Err(LedgerError::Missing { .. }) => noted(paths),
        Err(_) => Some(Past::Unreadable),
    }
}

/// Where the ledger is not, its note may still say how many it had.
fn noted(paths: &Paths) -> Option<Past> {
    let counts = Sent::read(&paths.sent).ok().flatten()?.counts;
    let past = Past::Invited { accepted: counts.accepted, unknown: counts.unknown };
    (counts.accepted + counts.unknown > 0).then_some(past)
}
