//! The plan: made in one open transaction, shown, asked about, and then committed as it was shown.

use std::ops::ControlFlow;

use jiff::Timestamp;
use tokio::runtime::Runtime;

use super::Apply;
use super::prepare::Prepared;
use crate::cli::Format;
use crate::commands::confirm::{self, Asked, Deed};
use crate::commands::estimate::Lane;
use crate::commands::failure::Failure;
use crate::commands::planning::{self, Shown};
use crate::commands::{estimate, late, preflight, tested};
use crate::delivery::Limits;
use crate::diagnostic::{Diagnostics, render};
use crate::engine::StopSignal;
use crate::ledger::sent::Sent;
use crate::ledger::{Ledger, Plan};
use crate::manifest::Manifest;
use crate::report::{Changes, Estimate, LedgerNote, Stream, plan};

/// What was agreed on and stands in the ledger now.
pub(super) struct Agreed {
    pub plan: Plan,
    pub estimate: Estimate,
    /// The number of messages that this run attempts.
    pub to_do: u64,
    /// Per instance of the manifest, with `--rate`.
    pub limits: Vec<Limits>,
    /// What would come too late, by the estimate.
    pub late: Diagnostics,
}

impl Apply<'_> {
    pub(super) fn agree(
        &self,
        prepared: &mut Prepared<'_>,
        runtime: &Runtime,
        stop: &mut StopSignal,
        now: Timestamp,
    ) -> Result<Agreed, Failure> {
        let instances = prepared.instance_refs();
        let ledger = prepared.held.ledger().ok_or_else(|| Failure::refused("the ledger is not open"))?;
        let note = match prepared.past {
            Some(past) => LedgerNote::Anew(past),
            None => ledger_note(ledger, prepared.is_new)?,
        };
        let columns = planning::columns(prepared.manifest);
        let suppressed = |identity: &str| {
            self.campaign.expansion.as_ref().is_some_and(|expansion| expansion.is_suppressed(identity))
        };
        let rules = planning::rules(&self.args.rules, self.args.resend_unknown.is_some());
        let context = planning::context(self.campaign, &instances, &self.narrow, &columns, &suppressed, rules, now);
        let mut changes = Changes::new();
        let reconcile = ledger.begin_reconcile(&self.campaign.spool, &context, &mut |change| {
            changes.add(change);
            ControlFlow::Continue(())
        })?;
        let plan = reconcile.plan().clone();
        planning::check_numbers(&plan, self.args.resend_unknown, self.args.rules.cancel_left)?;
        if !self.purpose.is_test() {
            prepared.notes.extend(planning::twins(&plan, &prepared.paths.ledger, &self.campaign.spool)?);
            prepared.notes.extend(tested::notes(prepared.manifest, &plan, &self.narrow, &prepared.paths, self.purpose));
        }
        let limits = planning::limits(prepared.manifest, self.args.rate, self.purpose);
        let used = prepared.quota.as_ref().map(|quota| (quota, prepared.service.instances.as_slice()));
        let lanes = estimate::lanes(prepared.manifest, &plan, &limits, used, now)?;
        let estimate = estimate::of(&lanes, self.args.limit, now);
        let late = self.late(prepared.manifest, &plan, &lanes, now);
        let agreed = Agreed { to_do: planning::to_do(&plan, self.args.limit), plan, estimate, limits, late };
        if agreed.to_do > 0 && !self.args.no_preflight {
            let used = in_use(&agreed.plan, prepared.manifest);
            let looked = runtime.block_on(async {
                tokio::select! {
                    notes = preflight::look(&prepared.service, &used) => notes,
                    _ = stop.next() => Err(confirm::interrupted(Deed::Send)),
                }
            });
            prepared.notes.extend(looked?);
        }
        self.show(prepared.manifest, &agreed, &changes, note, std::mem::take(&mut prepared.notes), now)?;
        let asked = Asked {
            plan: &agreed.plan,
            to_do: agreed.to_do,
            yes: self.args.yes,
            cancel_left: self.args.rules.cancel_left,
            is_loopback: prepared.is_loopback,
            past: prepared.past,
            deed: Deed::Send,
        };
        confirm::confirm(&asked, runtime, stop)?;
        if agreed.to_do > 0 {
            reconcile.goes_to(prepared.is_loopback)?;
        }
        reconcile.commit()?;
        let aside = prepared.held.keep();
        self.note_sent(prepared, now)?;
        if let Some(aside) = aside {
            self.say(&format!("the ledger that was there is kept as {}", aside.display()))?;
        }
        Ok(agreed)
    }

    /// A test goes to few, and says nothing of when the others would be sent.
    fn late(&self, manifest: &Manifest, plan: &Plan, lanes: &[Lane<'_>], now: Timestamp) -> Diagnostics {
        let mut found = Diagnostics::new();
        if !self.purpose.is_test() {
            found.extend(late::find((self.campaign, manifest), plan, &self.narrow, lanes, self.args.limit, now));
        }
        found
    }

    fn show(
        &self,
        manifest: &Manifest,
        agreed: &Agreed,
        changes: &Changes,
        ledger: LedgerNote,
        notes: Vec<String>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        if self.args.format == Format::Json && self.args.yes.is_some() {
            return Ok(());
        }
        let shown = Shown {
            campaign: self.campaign,
            manifest,
            ledger,
            changes,
            limits: &agreed.limits,
            estimate: agreed.estimate.clone(),
            narrowed: planning::narrowed(&self.args.selection, self.args.limit),
            to_do: agreed.to_do,
            notes,
            previews: false,
        };
        let now = now.to_zoned(jiff::tz::TimeZone::system());
        let style = Stream::Stderr.style(self.global.show_recipients);
        let late = render::without_summary(&agreed.late, style);
        Ok(Stream::Stderr.say(&(late + &plan::render(&shown.report(&agreed.plan, now), style)))?)
    }

    /// `<campaign>.sent.json`, on disk before the first attempt and refreshed at every stop.
    pub(super) fn note_sent(&self, prepared: &mut Prepared<'_>, now: Timestamp) -> Result<(), Failure> {
        // A test begins afresh each time, so that nobody has to find its ledger again.
        if self.purpose.is_test() {
            return Ok(());
        }
        let Some(ledger) = prepared.held.ledger() else { return Ok(()) };
        Ok(Sent::of(ledger, now)?.write(&prepared.paths.sent)?)
    }
}

fn ledger_note(ledger: &Ledger, is_new: bool) -> Result<LedgerNote, Failure> {
    if is_new {
        return Ok(LedgerNote::New);
    }
    Ok(LedgerNote::Found { messages: ledger.messages()?, last_run: ledger.updated_at()? })
}

/// The instances that have something to do in this run, by their index in the manifest.
pub(super) fn in_use(plan: &Plan, manifest: &Manifest) -> Vec<usize> {
    let works = |name: &str| plan.instances.iter().any(|planned| *planned.name == *name && planned.counts.to_do() > 0);
    manifest.instances.iter().enumerate().filter(|(_, spec)| works(&spec.name)).map(|(index, _)| index).collect()
}
