//! Reconcile.
use super::{Change, Ledger, LedgerError, Plan, PlanContext, Spool};
use std::ops::ControlFlow;

/// A reconciliation whose transaction is open: what was shown when asking is what is committed. Dropping it undoes it.
#[derive(Debug)]
pub struct Reconcile<'a> {
    ledger: &'a mut Ledger,
    plan: Plan,
}

impl Reconcile<'_> {
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
    /// Makes it durable.
    pub fn commit(self) -> Result<Plan, LedgerError> {
        todo!()
    }
}

impl Ledger {
    /// What an apply would do; writes nothing. `visit` is given every change (everything but keep) in input order.
    pub fn plan(
        &self,
        _spool: &Spool,
        _context: &PlanContext<'_>,
        _visit: &mut dyn FnMut(&Change<'_>) -> ControlFlow<()>,
    ) -> Result<Plan, LedgerError> {
        todo!()
    }

    /// Brings the ledger in line with the manifest, in a transaction that stays open until it is committed or dropped.
    pub fn begin_reconcile(
        &mut self,
        _spool: &Spool,
        _context: &PlanContext<'_>,
    ) -> Result<Reconcile<'_>, LedgerError> {
        todo!()
    }
}
