//! `apply --dry-run` and `plan`: everything up to the lock. No network, no credentials, no lock, and nothing is written.

use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::Timestamp;

use super::campaign::Campaign;
use super::failure::Failure;
use super::paths::{Paths, Purpose};
use super::planning::{self, Shown};
use super::{anew, apply, confirm, credentials, estimate, format_of, late, opened, service, tested};
use crate::cli::{ApplyArgs, Format, GlobalArgs, LedgerArgs, RulesArgs, SelectionArgs};
use crate::delivery::Rate;
use crate::diagnostic::text::run as text;
use crate::diagnostic::{Diagnostic, render};
use crate::exit::Exit;
use crate::instance::Instance;
use crate::ledger::sent::{self, Sent};
use crate::ledger::{Change, InstanceRef, Ledger, LedgerError, Mode, Plan};
use crate::manifest::Manifest;
use crate::quota::{self, Quota};
use crate::report::{Changes, Estimate, LedgerNote, Stream, json, plan as plan_text, words};

/// What is planned, whichever command asks.
pub(super) struct Wish<'a> {
    pub selection: &'a SelectionArgs,
    pub rules: &'a RulesArgs,
    pub ledger: &'a LedgerArgs,
    pub env_file: Option<&'a std::path::Path>,
    pub rate: Option<Rate>,
    pub limit: Option<u64>,
    pub resend_unknown: Option<u64>,
    pub new_ledger: bool,
    pub previews: bool,
}

/// A plan that nothing was written for.
pub(super) struct Planned<'a> {
    pub manifest: &'a Manifest,
    pub plan: Plan,
    pub changes: Changes,
    pub estimate: Estimate,
    /// What would come too late, by the estimate.
    pub late: Vec<Diagnostic>,
    pub note: LedgerNote,
    pub notes: Vec<String>,
    pub paths: Paths,
    /// Of what is selected, as the ledger has it now.
    pub counts: crate::ledger::Counts,
    limits: Vec<crate::delivery::Limits>,
    to_do: u64,
    narrowed: String,
    previews: bool,
}

impl Planned<'_> {
    /// Something that this run selected is left out, and a person has to see to it.
    pub(super) fn is_faulty(&self) -> bool {
        self.plan.invalid_selected > 0 || self.plan.selected.blocked > 0
    }
}

/// `apply --dry-run`.
pub(super) fn run(
    args: &ApplyArgs,
    global: &GlobalArgs,
    campaign: &mut Campaign,
    now: Timestamp,
) -> Result<Exit, Failure> {
    let errors = campaign.fatal_errors(args.rules.skip_invalid);
    let wish = Wish {
        selection: &args.selection,
        rules: &args.rules,
        ledger: &args.ledger,
        env_file: args.connection.env_file.as_deref(),
        rate: args.rate,
        limit: args.limit,
        resend_unknown: args.resend_unknown,
        new_ledger: args.new_ledger,
        previews: false,
    };
    let instances = instances(campaign, &wish);
    let planned = campaign.manifest.as_ref().filter(|_| errors == 0).map(|manifest| {
        let planned = plan(campaign, manifest, instances.as_deref(), &wish, now, &mut |_| Ok(()))?;
        confirm::check_number(args.yes, planned.to_do)?;
        Ok::<_, Failure>(planned)
    });
    let (planned, refused) = match planned.transpose() {
        Err(failure) if args.format == Format::Json => (None, Some(failure)),
        planned => (planned?, None),
    };
    campaign.diagnostics.extend(planned.iter().flat_map(|planned| planned.late.iter().cloned()));
    let exit = match (&planned, &refused) {
        (_, Some(failure)) => failure.exit,
        (None, None) => Exit::Refused,
        (Some(planned), None) if planned.is_faulty() => Exit::Faults,
        (Some(_), None) => Exit::Done,
    };
    let machine = Stream::Stdout.style(global.show_recipients);
    match args.format {
        Format::Human => {
            tell_people(campaign, planned.as_ref(), &args.manifest, global, now)?;
        }
        Format::Json => {
            Stream::Stdout.say(&json::apply(&report(
                campaign,
                planned.as_ref(),
                refused.as_ref(),
                exit,
                machine.mask,
            )))?;
            if let Some(failure) = refused {
                failure.typed(&apply::with_ledger(&args.manifest, &args.ledger)).tell(global);
            }
        }
        Format::Github | Format::Sarif | Format::Junit => {
            let summary = campaign.summary(&args.manifest);
            Stream::Stdout.say(&render::render(&campaign.diagnostics, &summary, format_of(args.format), machine))?;
        }
    }
    Ok(exit)
}

fn report<'a>(
    campaign: &'a Campaign,
    planned: Option<&Planned<'_>>,
    refused: Option<&Failure>,
    exit: Exit,
    mask: bool,
) -> json::ApplyReport<'a> {
    json::ApplyReport {
        campaign: campaign.manifest.as_ref().map_or("", |manifest| &manifest.campaign),
        dry_run: true,
        sandbox: None,
        plan: planned.map(|planned| planned.plan.total).unwrap_or_default(),
        messages: planned.map(|planned| planned.counts).unwrap_or_default(),
        requests: 0,
        duration: std::time::Duration::ZERO,
        results: None,
        ledger: planned
            .filter(|planned| matches!(planned.note, LedgerNote::Found { .. }))
            .map(|planned| planned.paths.ledger.display().to_string()),
        exit: exit.code(),
        stopped: refused.map(|failure| failure.message.clone()),
        errors: Vec::new(),
        diagnostics: render::json_array([&campaign.diagnostics], mask),
        mask,
    }
}

/// Diagnostics on standard error, the plan on standard output.
pub(super) fn tell_people(
    campaign: &Campaign,
    planned: Option<&Planned<'_>>,
    path: &std::path::Path,
    global: &GlobalArgs,
    now: Timestamp,
) -> Result<(), Failure> {
    if !campaign.diagnostics.is_empty() {
        let style = Stream::Stderr.style(global.show_recipients);
        let text = render::render(&campaign.diagnostics, &campaign.summary(path), render::Format::Human, style);
        Stream::Stderr.say(&text)?;
    }
    if let Some(planned) = planned {
        let now = now.to_zoned(jiff::tz::TimeZone::system());
        let shown = Shown {
            campaign,
            manifest: planned.manifest,
            ledger: planned.note.clone(),
            changes: &planned.changes,
            limits: &planned.limits,
            estimate: planned.estimate.clone(),
            narrowed: planned.narrowed.clone(),
            to_do: planned.to_do,
            notes: planned.notes.clone(),
            previews: planned.previews,
        };
        let style = Stream::Stdout.style(global.show_recipients);
        Stream::Stdout.say(&plan_text::render(&shown.report(&planned.plan, now), style))?;
    }
    Ok(())
}

/// Plans against the ledger if there is one. `visit` is given every change.
pub(super) fn plan<'a>(
    campaign: &Campaign,
    manifest: &'a Manifest,
    instances: Option<&[Instance]>,
    wish: &Wish<'_>,
    now: Timestamp,
    visit: &mut dyn FnMut(&Change<'_>) -> std::io::Result<()>,
) -> Result<Planned<'a>, Failure> {
    planning::check_selection(manifest, wish.selection)?;
    let purpose = Purpose::of_apply(wish.ledger.sandbox);
    let paths = Paths::of(&manifest.folder, &manifest.campaign, purpose).with(wish.ledger.ledger.as_deref(), None);
    let (ledger, note) = open(&paths, purpose, wish.new_ledger)?;
    let narrow = planning::narrow(wish.selection);
    let columns = planning::columns(manifest);
    let suppressed =
        |identity: &str| campaign.expansion.as_ref().is_some_and(|expansion| expansion.is_suppressed(identity));
    let rules = planning::rules(wish.rules, wish.resend_unknown.is_some());
    let refs = refs(manifest, instances);
    let context = planning::context(campaign, &refs, &narrow, &columns, &suppressed, rules, now);
    let mut changes = Changes::new();
    let mut failed = None;
    let plan = ledger.plan(&campaign.spool, &context, &mut |change| {
        changes.add(change);
        match visit(change) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    planning::check_numbers(&plan, wish.resend_unknown, wish.rules.cancel_left)?;
    let limits = planning::limits(manifest, wish.rate, purpose);
    let mut notes = planning::twins(&plan, &paths.ledger, &campaign.spool)?;
    notes.extend(tested::notes(manifest, &plan, &narrow, &paths, purpose));
    let sent = match sent_today(manifest, instances, &ledger, wish, now) {
        Ok(sent) => sent,
        Err(why) => {
            notes.extend(is_limited(manifest, &plan).then(|| format!("what was sent today is not counted: {why}")));
            None
        }
    };
    let sent = sent.as_ref().zip(instances);
    let lanes = estimate::lanes(manifest, &plan, &limits, sent, now)?;
    let estimate = estimate::of(&lanes, wish.limit, now);
    let late = late::find((campaign, manifest), &plan, &narrow, &lanes, wish.limit, now);
    let counts = ledger.counts(&narrow)?;
    if !wish.new_ledger {
        notes.splice(..0, about_ledger(&paths, &ledger, &note)?);
    }
    Ok(Planned {
        manifest,
        to_do: planning::to_do(&plan, wish.limit),
        plan,
        changes,
        estimate,
        late,
        note,
        notes,
        paths,
        counts,
        limits,
        narrowed: planning::narrowed(wish.selection, wish.limit),
        previews: wish.previews,
    })
}

/// Whether an apply would refuse to send with this ledger, and whether somebody sends with it.
fn about_ledger(paths: &Paths, ledger: &Ledger, note: &LedgerNote) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::from_iter(refusal(paths, ledger, note)?);
    if *note != LedgerNote::Missing {
        notes.extend(opened::broken_off(ledger)?);
        notes.extend(ledger.running().map(|holder| {
            format!("the ledger is in use by {holder}: requests in flight count as unknown until they are answered")
        }));
    }
    Ok(notes)
}

/// Why an apply would refuse to send with this ledger.
fn refusal(paths: &Paths, ledger: &Ledger, note: &LedgerNote) -> Result<Option<String>, Failure> {
    let why = match Sent::read(&paths.sent) {
        // Any other ledger, too: an empty one that was begun after the right one was lost.
        Ok(Some(sent)) if sent.ledger != ledger.id() => return Ok(Some(sent_elsewhere(&paths.sent, &sent))),
        Ok(_) => sent::check(&paths.sent, &paths.ledger, Some(ledger)).err(),
        Err(error) if *note == LedgerNote::Missing => return Err(error.into()),
        Err(error) => Some(error),
    };
    Ok(why.map(|why| format!("apply refuses to send: {why}")))
}

/// What each instance has sent today, as an apply would count it; `None` in a rehearsal, which keeps no daily limit.
fn sent_today(
    manifest: &Manifest,
    instances: Option<&[Instance]>,
    ledger: &Ledger,
    wish: &Wish<'_>,
    now: Timestamp,
) -> Result<Option<Quota>, String> {
    if wish.ledger.sandbox {
        return Ok(None);
    }
    let instances = instances.ok_or("without credentials nobody knows through which instance")?;
    let state = quota::state_directory(&|name| std::env::var(name).ok());
    let copy = state.map_or_else(|| Quota::in_memory(ledger.id()), |state| Quota::copy(&state, ledger.id()));
    let mut quota = copy.map_err(|error| error.to_string())?;
    apply::correct(&mut quota, manifest, instances, ledger, now).map_err(|failure| failure.message)?;
    Ok(Some(quota))
}

/// Whether a daily limit holds for anything that is to be sent.
fn is_limited(manifest: &Manifest, plan: &Plan) -> bool {
    let sends = |name: &str| plan.instances.iter().any(|planned| *planned.name == *name && planned.counts.to_do() > 0);
    manifest.instances.iter().any(|instance| instance.limits.daily_limit.is_some() && sends(&instance.name))
}

/// A machine that has the repository and not the ledger may plan, and must not send.
fn sent_elsewhere(path: &std::path::Path, sent: &Sent) -> String {
    let accepted = words::messages(sent.counts.accepted);
    format!(
        "{}: {accepted} accepted already; without the ledger that knows which, apply refuses to send",
        path.display()
    )
}

/// The ledger as it is, without its lock; an empty one where there is none, or where a new one is asked for.
fn open(paths: &Paths, purpose: Purpose, is_new: bool) -> Result<(Ledger, LedgerNote), Failure> {
    if is_new {
        let note = anew::past(paths, purpose).map_or(LedgerNote::Missing, LedgerNote::Anew);
        return Ok((Ledger::in_memory(&paths.identity)?, note));
    }
    match Ledger::open(&paths.to_read(), &paths.identity, Mode::Read) {
        Ok(ledger) => {
            let note = LedgerNote::Found { messages: ledger.messages()?, last_run: ledger.updated_at()? };
            Ok((ledger, note))
        }
        Err(LedgerError::Missing { .. }) => Ok((Ledger::in_memory(&paths.identity)?, LedgerNote::Missing)),
        Err(error) => Err(paths.explain(error)),
    }
}

/// The instances with their credentials, where these are there; a dry run goes on without them, with a warning.
pub(super) fn instances(campaign: &mut Campaign, wish: &Wish<'_>) -> Option<Vec<Instance>> {
    let manifest = campaign.manifest.as_ref()?;
    if wish.ledger.sandbox {
        Some(service::rehearsed(manifest))
    } else {
        match credentials::read(manifest, wish.env_file) {
            Ok(instances) => Some(instances),
            Err(failure) => {
                let warning = text::credentials_missing(&failure.message);
                let place = manifest.instances.first().map(|instance| instance.place.clone());
                campaign.diagnostics.push(match place {
                    Some(place) => warning.at(place),
                    None => warning,
                });
                None
            }
        }
    }
}

/// The instances as the ledger compares them, with fingerprints where these are known.
fn refs(manifest: &Manifest, instances: Option<&[Instance]>) -> Vec<InstanceRef> {
    let fingerprint = |index: usize| instances.map(|instances| instances[index].fingerprint());
    let names = manifest.instances.iter().map(|instance| Arc::clone(&instance.name));
    names.enumerate().map(|(index, name)| InstanceRef { name, fingerprint: fingerprint(index) }).collect()
}
