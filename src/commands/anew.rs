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
    let ledger = Ledger::open(&paths.to_read(), &paths.identity, Mode::Read);
    let recorded = match ledger.and_then(|ledger| ledger.check_whole().and_then(|()| ledger.invited())) {
        Ok(recorded) => recorded,
        Err(LedgerError::Missing { .. }) => (0, 0),
        Err(_) => return Some(Past::Unreadable),
    };
    // The ledger may be an older copy, or another one than that which the note is of.
    let noted =
        Sent::read(&paths.sent).ok().flatten().map_or((0, 0), |sent| (sent.counts.accepted, sent.counts.unknown));
    let sum = |(accepted, unknown)| accepted + unknown;
    let (accepted, unknown) = if sum(noted) > sum(recorded) { noted } else { recorded };
    (accepted + unknown > 0).then_some(Past::Invited { accepted, unknown })
}
