//! Brings the ledger in line with the manifest, or says what that would mean.
//!
//! Planning and reconciling are the same walk; a dry run takes the one that writes nothing. What it decides stands in
//! `plan`, what it counts in `tally`.

use std::io;
use std::ops::ControlFlow;

use super::walk::Walk;
use super::{Change, Ledger, LedgerError, Plan, PlanContext, Spool};

/// Whether a walk writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// What can go wrong in a walk.
#[derive(Debug)]
pub(super) enum WalkError {
    Spool(io::Error),
    Database(rusqlite::Error),
    /// A message names an instance by a place that the manifest does not have: a mistake of the caller.
    NoSuchInstance,
}

impl From<io::Error> for WalkError {
    fn from(error: io::Error) -> Self {
        Self::Spool(error)
    }
}

impl From<rusqlite::Error> for WalkError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

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

    /// Where what is to be sent goes, for [`Ledger::was_loopback`].
    pub fn goes_to(&self, is_loopback: bool) -> Result<(), LedgerError> {
        let update = "UPDATE meta SET loopback = max(ifnull(loopback, 0), ?1)";
        self.ledger.connection.execute(update, [is_loopback]).map_err(|error| self.ledger.failed(error))?;
        Ok(())
    }

    /// Makes it durable.
    pub fn commit(self) -> Result<Plan, LedgerError> {
        self.ledger.writable()?;
        self.ledger.connection.execute_batch("COMMIT").map_err(|error| self.ledger.failed(error))?;
        Ok(self.plan.clone())
    }
}

impl Drop for Reconcile<'_> {
    fn drop(&mut self) {
        if !self.ledger.connection.is_autocommit() {
            // Nothing can be done where even this fails; closing the connection undoes it all the same.
            let _ = self.ledger.connection.execute_batch("ROLLBACK");
        }
    }
}

impl Ledger {
    /// What an apply would do; writes nothing. `visit` is given every change (everything but keep), listed rows in input
    /// order and then those no longer listed; it is asked no more once it breaks.
    pub fn plan(
        &self,
        spool: &Spool,
        context: &PlanContext<'_>,
        visit: &mut dyn FnMut(&Change<'_>) -> ControlFlow<()>,
    ) -> Result<Plan, LedgerError> {
        // One transaction, so that a run that goes on beside it does not show through halfway.
        let reading = self.connection.unchecked_transaction().map_err(|error| self.failed(error))?;
        let plan = Walk::new(&reading, Access::Read, context, Some(visit))
            .map_err(WalkError::Database)
            .and_then(|walk| walk.run(spool));
        plan.map(|(plan, _)| plan).map_err(|error| self.walk_failed(error))
    }

    /// Brings the ledger in line with the manifest, in a transaction that stays open until it is committed or dropped.
    /// `visit` as for [`Ledger::plan`].
    pub fn begin_reconcile(
        &mut self,
        spool: &Spool,
        context: &PlanContext<'_>,
        visit: &mut dyn FnMut(&Change<'_>) -> ControlFlow<()>,
    ) -> Result<Reconcile<'_>, LedgerError> {
        self.writable()?;
        if let Some(instance) = context.instances.iter().find(|instance| instance.fingerprint.is_none()) {
            let what = format!("the id of the instance {} is not known", instance.name);
            return Err(LedgerError::Inconsistent { path: self.path.clone(), what });
        }
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| self.failed(error))?;
        let mut reconcile = Reconcile { ledger: self, plan: Plan::default() };
        reconcile.plan = reconcile.ledger.walk(spool, context, visit)?;
        Ok(reconcile)
    }

    fn walk(
        &self,
        spool: &Spool,
        context: &PlanContext<'_>,
        visit: &mut dyn FnMut(&Change<'_>) -> ControlFlow<()>,
    ) -> Result<Plan, LedgerError> {
        let mut walk = || {
            let (plan, changed) = Walk::new(&self.connection, Access::Write, context, Some(&mut *visit))?.run(spool)?;
            let columns = serde_json::to_string(context.columns).map_err(io::Error::from)?;
            // Also before something is sent that was planned before: by this a ledger is known from its older copies.
            let is_used = changed || plan.total.to_do() > 0;
            // Always later than before, even where the clock was set back.
            let update = "UPDATE meta SET columns = ?1, reconciled_at = max(ifnull(reconciled_at, 0) + 1, ?2,
                    ifnull((SELECT started_at FROM attempt ORDER BY id DESC LIMIT 1), 0) + 1)
                WHERE ?3 OR reconciled_at IS NULL OR columns <> ?1";
            self.connection.execute(update, (columns, context.now.as_millisecond(), is_used))?;
            Ok(plan)
        };
        walk().map_err(|error| self.walk_failed(error))
    }

    fn walk_failed(&self, error: WalkError) -> LedgerError {
        let path = self.path.clone();
        match error {
            WalkError::Spool(error) => LedgerError::Io { path: std::env::temp_dir(), error },
            WalkError::Database(error) => LedgerError::Database { path, error },
            WalkError::NoSuchInstance => {
                LedgerError::Inconsistent { path, what: "a message names an instance that is not there".to_owned() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::{
        Manifest, accepted, body, not_sent, rejected, results, row, send, skipped, spool, states, unknown, work,
    };
    use crate::message::{AttemptKind, SkipReason, State};
    use crate::plan::Rules;

    fn ledger() -> Ledger {
        Ledger::in_memory("c").unwrap()
    }

    #[test]
    fn a_second_apply_has_nothing_to_do_and_writes_nothing() {
        let (mut ledger, manifest) = (ledger(), Manifest::default());
        let rows = || spool((0..1000).map(|n| row(&format!("{n}-group"), &body("Launch", 19))));
        let plan = manifest.reconcile(&mut ledger, &rows());
        assert_eq!((plan.total.create, plan.total.total()), (1000, 1000));
        assert_eq!(send(&mut ledger, accepted).len(), 1000);
        let before = ledger.connection.total_changes();
        let plan = manifest.reconcile(&mut ledger, &rows());
        assert_eq!((plan.total.keep, plan.total.total()), (1000, 1000));
        assert_eq!(ledger.connection.total_changes(), before);
        assert_eq!(work(&ledger), []);
    }

    #[test]
    fn rows_that_move_come_or_go_are_found_whatever_the_order() {
        let (mut ledger, manifest) = (ledger(), Manifest::default());
        let rows = |numbers: &[i64]| {
            spool(numbers.iter().map(|n| row(&format!("{n}-group"), &body("Launch", 19))).collect::<Vec<_>>())
        };
        let all: Vec<i64> = (0..700).collect();
        manifest.reconcile(&mut ledger, &rows(&all));
        send(&mut ledger, accepted);
        let reversed: Vec<i64> = all.iter().rev().copied().collect();
        let mut shuffled = all.clone();
        fastrand::Rng::with_seed(7).shuffle(&mut shuffled);
        let gone: Vec<i64> = all.iter().copied().filter(|n| !(100..400).contains(n)).collect();
        let mut first = vec![10_000];
        first.extend(&all);
        for (numbers, create, keep, left) in [
            (&reversed, 0, 700, 0),
            (&shuffled, 0, 700, 0),
            (&gone, 0, 400, 300),
            (&all, 0, 700, 0),
            (&first, 1, 700, 0),
        ] {
            let plan = manifest.reconcile(&mut ledger, &rows(numbers));
            assert_eq!((plan.total.create, plan.total.keep, plan.total.left), (create, keep, left));
            let listed: Vec<String> = results(&ledger, |row| row.recipient.to_owned());
            let wanted: Vec<String> = numbers.iter().map(|n| format!("{n}-group")).collect();
            assert_eq!(listed[..wanted.len()], wanted[..], "results stand in input order");
        }
    }

    #[test]
    fn what_is_dropped_is_undone() {
        let (mut ledger, manifest) = (ledger(), Manifest::default());
        let rows = spool([row("1-group", &body("Launch", 19))]);
        assert_eq!(manifest.changes(&ledger, &rows), ["Create 1-group Launch -"]);
        let narrow = crate::ledger::Narrow::default();
        let context = PlanContext {
            instances: &manifest.instances,
            rules: Rules::default(),
            narrow: &narrow,
            suppressed: &|_| false,
            columns: &[],
            now: crate::ledger::testing::at(0),
        };
        assert_eq!(
            ledger.begin_reconcile(&rows, &context, &mut |_| ControlFlow::Continue(())).unwrap().plan().total.create,
            1
        );
        assert_eq!(states(&ledger), []);
        manifest.reconcile(&mut ledger, &rows);
        assert_eq!(states(&ledger), [("1-group".to_owned(), State::Pending)]);
    }

    #[test]
    fn every_kind_of_row_has_its_line_in_the_results() {
        let (mut ledger, manifest) = (ledger(), Manifest::default());
        let rows = || {
            spool([
                row("1-group", &body("Launch", 19)),
                skipped("1-group", SkipReason::Duplicate { first: "lists/vip.csv:2".to_owned() }),
                skipped("2-group", SkipReason::Suppressed),
                row("3-group", &body("Launch", 19).replace("false", "true")),
                skipped("junk", SkipReason::Invalid { error: "no number".to_owned() }),
                row("4-group", &body("Launch", 19)),
            ])
        };
        let plan = manifest.reconcile(&mut ledger, &rows());
        assert_eq!((plan.duplicates, plan.suppressed, plan.invalid), (1, 1, 1));
        assert_eq!((plan.total.create, plan.total.skip, plan.total.total()), (2, 4, 6));
        let seen = results(&ledger, |row| format!("{} {} {}", row.recipient, row.status.as_str(), row.error));
        let expected = [
            "1-group pending ",
            "1-group skipped duplicate of lists/vip.csv:2",
            "2-group skipped suppressed",
            "3-group skipped canceled: nobody is invited to what is called off",
            "junk skipped invalid: no number",
            "4-group pending ",
        ];
        assert_eq!(seen, expected);
        let counts = ledger.counts(&crate::ledger::Narrow::default()).unwrap();
        assert_eq!((counts.pending, counts.skipped, counts.invalid, counts.total()), (2, 4, 1, 6));
        let before = ledger.connection.total_changes();
        manifest.reconcile(&mut ledger, &rows());
        assert_eq!(
            ledger.connection.total_changes() - before,
            1,
            "the same rows are not written again, only when it was"
        );
        manifest.reconcile(&mut ledger, &spool([row("4-group", &body("Launch", 19))]));
        let seen = results(&ledger, |row| format!("{} {} {}", row.recipient, row.status.as_str(), row.error));
        assert_eq!(seen, ["4-group pending ", "1-group skipped no longer listed", "3-group skipped no longer listed"]);
    }

    #[test]
    fn a_row_without_an_error_counts_in_stead_of_one_with() {
        let (mut ledger, manifest) = (ledger(), Manifest::default());
        let faulty = || skipped("1-group", SkipReason::Invalid { error: "no venue".to_owned() });
        let rows = |hour| spool([faulty(), row("1-group", &body("Launch", hour)), faulty()]);
        let plan = manifest.reconcile(&mut ledger, &rows(19));
        assert_eq!((plan.total.create, plan.invalid), (1, 2));
        let plan = manifest.reconcile(&mut ledger, &rows(19));
        assert_eq!((plan.total.create, plan.invalid, plan.duplicates), (1, 2, 0), "still to be sent");
        send(&mut ledger, accepted);
        assert_eq!(manifest.reconcile(&mut ledger, &rows(20)).total.edit, 1);
        send(&mut ledger, accepted);
        // With nothing but errors the message stays as it is.
        let plan = manifest.reconcile(&mut ledger, &spool([faulty(), faulty()]));
        assert_eq!((plan.total.keep, plan.total.skip, plan.total.left, plan.invalid), (1, 1, 0, 2));
        let seen = results(&ledger, |row| format!("{} {}", row.status.as_str(), row.error));
        assert_eq!(seen, ["accepted invalid: no venue", "skipped invalid: no venue"]);
    }

    #[test]
    fn edits_keep_the_original_id_and_resume() {
        let (mut ledger, manifest) = (ledger(), Manifest::default());
        let rows = |hour| spool(["1-group", "2-group"].map(|id| row(id, &body("Launch", hour))));
        manifest.reconcile(&mut ledger, &rows(19));
        send(&mut ledger, accepted);
        let plan = manifest.reconcile(&mut ledger, &rows(20));
        assert_eq!((plan.total.edit, plan.invited, plan.changed_fields.get("dateTime")), (2, 2, Some(&2)));
        let edits = work(&ledger);
        assert_eq!(edits[0].original_id.as_deref(), Some("M1"));
        assert!(edits[0].event.contains("T20:00"));
        assert_eq!(send(&mut ledger, |_| unknown()).len(), 2);
        // An edit of unknown fate is made again, even where the old wording is wanted again.
        assert_eq!(states(&ledger)[0].1, State::Pending);
        assert_eq!(manifest.reconcile(&mut ledger, &rows(19)).total.edit, 2);
        assert_eq!(send(&mut ledger, accepted).len(), 2);
        assert_eq!(manifest.reconcile(&mut ledger, &rows(19)).total.keep, 2);
        let seen = results(&ledger, |row| {
            (row.revision, row.message_id.map(str::to_owned), row.edited_at.is_some(), row.attempts)
        });
        assert_eq!(seen[0], (2, Some("M1".to_owned()), true, 3));
    }

    #[test]
    fn called_off_and_wanted_again_is_edited_back() {
        let (mut ledger, mut manifest) = (ledger(), Manifest::default());
        let listed = || spool(["1-group", "2-group", "3-group"].map(|id| row(id, &body("Launch", 19))));
        manifest.reconcile(&mut ledger, &listed());
        send(&mut ledger, accepted);
        let one = spool([row("1-group", &body("Launch", 19))]);
        manifest.suppressed.push("3-group");
        let plan = manifest.reconcile(&mut ledger, &one);
        assert_eq!((plan.total.keep, plan.total.left, plan.cancelable, plan.calls_off_left), (1, 2, 1, 0));
        assert_eq!(work(&ledger), []);
        manifest.rules = Rules { cancel_left: true, ..Rules::default() };
        let plan = manifest.reconcile(&mut ledger, &one);
        assert_eq!((plan.total.called_off, plan.total.left, plan.cancelable, plan.calls_off_left), (1, 1, 1, 1));
        manifest.rules = Rules::default();
        // Interrupted before it was sent: it goes on without being asked for again.
        let plan = manifest.reconcile(&mut ledger, &one);
        assert_eq!((plan.total.called_off, plan.cancelable, plan.calls_off_left), (1, 1, 1));
        assert!(work(&ledger)[0].event.ends_with("\"canceled\":true}"));
        assert_eq!(send(&mut ledger, accepted), [(AttemptKind::Edit, "2-group".to_owned())]);
        assert_eq!(manifest.reconcile(&mut ledger, &one).total.keep, 2);
        manifest.suppressed.clear();
        assert_eq!(manifest.changes(&ledger, &listed()), ["Edit 2-group Launch Launch"]);
        manifest.reconcile(&mut ledger, &listed());
        assert_eq!(send(&mut ledger, accepted), [(AttemptKind::Edit, "2-group".to_owned())]);
    }

    #[test]
    fn a_message_with_an_attempt_stays_with_its_instance_while_that_is_there() {
        let (mut ledger, mut manifest) = (ledger(), Manifest::default());
        let rows = |instance| {
            spool(
                ["1-group", "2-group", "3-group", "4-group"]
                    .map(|id| crate::ledger::testing::row_on(id, &body("Launch", 19), 2, instance)),
            )
        };
        manifest.reconcile(&mut ledger, &rows(0));
        for (work, outcome) in work(&ledger).into_iter().zip([accepted(1), not_sent(), rejected(), unknown()]) {
            let attempt = crate::ledger::testing::intend(&mut ledger, &work);
            crate::ledger::testing::settle(&mut ledger, &work, attempt, outcome);
        }
        let plan = manifest.reconcile(&mut ledger, &rows(1));
        assert_eq!((plan.instances[0].counts.create, plan.instances[1].counts.create), (2, 0));
        manifest.instances.remove(0);
        manifest.rules = Rules { resend_unknown: true, ..Rules::default() };
        let plan = manifest.reconcile(&mut ledger, &rows(0));
        // What was certainly not processed may go through another; what may have been sent may not.
        assert_eq!((plan.total.keep, plan.total.blocked, plan.total.create), (1, 1, 2));
        assert_eq!((plan.instances[0].counts.create, work(&ledger).len()), (2, 2));
        assert_eq!(plan.blocked[0].label, "label 4-group");
        assert_eq!(ledger.counts(&crate::ledger::Narrow::default()).unwrap().blocked, 1);
        let back = Manifest { rules: manifest.rules, ..Manifest::default() };
        let plan = back.reconcile(&mut ledger, &rows(1));
        assert_eq!((plan.total.create, plan.total.blocked), (3, 0), "it is back");
    }

    #[test]
    fn unknown_ones_are_untouched_until_a_person_says_so() {
        let (mut ledger, mut manifest) = (ledger(), Manifest::default());
        let rows = |hour| spool(["1-group", "2-group"].map(|id| row(id, &body("Launch", hour))));
        manifest.reconcile(&mut ledger, &rows(19));
        send(&mut ledger, |_| unknown());
        let plan = manifest.reconcile(&mut ledger, &rows(20));
        assert_eq!((plan.total.keep, plan.unknown, plan.resend), (2, 2, 0));
        assert_eq!(work(&ledger), []);
        manifest.rules = Rules { resend_unknown: true, ..Rules::default() };
        let one = spool([row("2-group", &body("Launch", 20))]);
        let plan = manifest.reconcile(&mut ledger, &one);
        assert_eq!((plan.total.keep, plan.total.create, plan.unknown, plan.resend), (1, 1, 1, 1));
        let again = work(&ledger);
        assert!(again.len() == 1 && again[0].event.contains("T20:00"));
        assert_eq!(send(&mut ledger, accepted).len(), 1);
    }
}
