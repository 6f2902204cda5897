//! Before the plan: the ledger under its lock, credentials or the stand-in, the results path, the daily counts.

use std::collections::HashSet;

use jiff::Timestamp;

use super::Apply;
use super::held::Held;
use crate::cli::Format;
use crate::commands::confirm::Deed;
use crate::commands::failure::Failure;
use crate::commands::opened::SETTLED_RECALL;
use crate::commands::paths::{Paths, Purpose};
use crate::commands::service::{self, Service};
use crate::commands::{anew, guard, planning};
use crate::engine::window;
use crate::instance::Instance;
use crate::ledger::{Aside, InstanceRef, Ledger, LedgerError, Mode, sent};
use crate::manifest::{ListKind, Manifest};
use crate::quota::{self, Quota};
use crate::report::{Past, Stream, results, words};

/// All that a run needs.
pub(super) struct Prepared<'a> {
    pub manifest: &'a Manifest,
    pub paths: Paths,
    pub held: Held,
    pub service: Service,
    pub quota: Option<Quota>,
    /// Sentences to know before sending.
    pub notes: Vec<String>,
    /// Where the service is: nothing real can be reached on loopback.
    pub is_loopback: bool,
    /// Whether this run created the ledger.
    pub is_new: bool,
    /// What it begins without, with `--new-ledger`.
    pub past: Option<Past>,
}

impl Apply<'_> {
    pub(super) fn prepare(&self) -> Result<Prepared<'_>, Failure> {
        let manifest = self.campaign.manifest.as_ref().ok_or_else(|| Failure::refused("there is no manifest"))?;
        planning::check_selection(manifest, &self.args.selection)?;
        let is_sandbox = self.purpose.is_sandbox();
        let paths = Paths::of(&manifest.folder, &manifest.campaign, self.purpose)
            .with(self.args.ledger.ledger.as_deref(), self.args.results.as_deref());
        let is_loopback = is_sandbox || service::base_url(&self.args.connection)?.is_loopback();
        guard::check_terminal(Deed::Send, self.purpose.is_test(), is_loopback, self.args.yes)?;
        if !self.purpose.is_test() {
            guard::check_ephemeral(is_loopback, self.args.ledger.ledger.as_deref())?;
        }
        let past = self.args.new_ledger.then(|| anew::past(&paths, self.purpose)).flatten();
        let (mut ledger, aside) = self.open_ledger(&paths)?;
        let is_new = ledger.is_new();
        let mut notes: Vec<String> = ledger.warnings().iter().map(ToString::to_string).collect();
        let recovered = ledger.recovered().unknown;
        if recovered > 0 {
            let messages = words::messages(recovered);
            notes.push(format!(
                "the last run ended in the middle: {messages} of unknown fate, never sent again by itself"
            ));
        }
        if !ledger.settle_recalling(&HashSet::new(), Timestamp::now())?.is_empty() {
            notes.push(SETTLED_RECALL.to_owned());
        }
        if self.purpose == Purpose::Real {
            notes.extend(other_service(&ledger, is_loopback)?.map(str::to_owned));
        }
        let mut held = Held::new(ledger, aside);
        let service = self.service(manifest, &paths)?;
        let refused = |why: String, help: &str| {
            Failure::refused(format!("the results cannot be written to {}: {why}", paths.results.display())).help(help)
        };
        let elsewhere = "choose another place with --results";
        self.results_place(manifest, &paths).map_err(|why| refused(why, elsewhere))?;
        results::check_writable(&paths.results)
            .map_err(|why| refused(why, &format!("close what holds it, or {elsewhere}")))?;
        let quota = self.quota(manifest, &service, held.ledger(), &mut notes)?;
        Ok(Prepared { manifest, paths, held, service, quota, notes, is_loopback, is_new, past })
    }

    /// The results replace what stands in their place, so that must be nothing else that is needed.
    fn results_place(&self, manifest: &Manifest, paths: &Paths) -> Result<(), String> {
        let env_file = self.args.connection.env_file.clone().unwrap_or_else(|| manifest.folder.join(".env"));
        let real = Paths::of(&manifest.folder, &manifest.campaign, Purpose::Real);
        let mut kept = vec![
            (manifest.path.clone(), "the manifest"),
            (env_file, "the file with the credentials"),
            (paths.sent.clone(), "the note of what was sent"),
            (real.sent, "the note of what was sent"),
            (paths.tested.clone(), "the note of what was tested"),
            (paths.sandbox_state.clone(), "what the sandbox remembers"),
        ];
        kept.extend(Ledger::files(&paths.ledger).chain(Ledger::files(&real.ledger)).map(|file| (file, "the ledger")));
        if self.purpose != Purpose::Real {
            kept.push((real.results, "where the results of the real campaign are"));
        }
        for list in manifest.lists.iter().chain(&manifest.suppress) {
            if let ListKind::Csv(csv) = &list.kind {
                kept.push((csv.path.clone(), "a list of the manifest"));
            }
        }
        results::check_place(&paths.results, &kept)
    }

    fn service(&self, manifest: &Manifest, paths: &Paths) -> Result<Service, Failure> {
        if self.purpose.is_sandbox() {
            service::stand_in(manifest, paths, self.args.new_ledger)
        } else {
            service::reach(manifest, &self.args.connection)
        }
    }

    /// The ledger, and the one that was in its place if that had to make room.
    fn open_ledger(&self, paths: &Paths) -> Result<(Ledger, Option<Aside>), Failure> {
        let exists = paths.to_write()?.symlink_metadata().is_ok();
        let mut aside = None;
        if self.args.new_ledger && exists {
            self.may_make_room(paths)?;
            match self.purpose {
                Purpose::Real => aside = Some(Ledger::set_aside(&paths.ledger, Timestamp::now())?),
                // What a rehearsal or a test has done is no record of who was invited.
                Purpose::Rehearsal | Purpose::Test | Purpose::TestRehearsal => Ledger::remove(&paths.ledger)?,
            }
        }
        if !self.args.new_ledger && !exists {
            sent::check(&paths.sent, &paths.ledger, None)?;
        }
        let ledger =
            Ledger::open(&paths.ledger, &paths.identity, Mode::Create).map_err(|error| paths.explain(error))?;
        if !self.args.new_ledger && !ledger.is_new() {
            sent::check(&paths.sent, &paths.ledger, Some(&ledger))?;
        }
        Ok((ledger, aside))
    }

    /// What `--new-ledger` takes out of the way has to be this campaign's ledger for this purpose. At its own place a damaged
    /// one is known by its name.
    fn may_make_room(&self, paths: &Paths) -> Result<(), Failure> {
        match Ledger::open(&paths.ledger, &paths.identity, Mode::Read) {
            Ok(_) | Err(LedgerError::Missing { .. }) => Ok(()),
            Err(LedgerError::NotALedger { .. } | LedgerError::Database { .. } | LedgerError::Newer { .. })
                if self.args.ledger.ledger.is_none() =>
            {
                Ok(())
            }
            Err(error) => Err(paths.explain(error)),
        }
    }

    /// The daily counts of this machine, put right by what this ledger says it has sent today; a rehearsal has none.
    fn quota(
        &self,
        manifest: &Manifest,
        service: &Service,
        ledger: Option<&mut Ledger>,
        notes: &mut Vec<String>,
    ) -> Result<Option<Quota>, Failure> {
        let is_needed = manifest.instances.iter().any(|instance| instance.limits.daily_limit.is_some());
        if self.purpose.is_sandbox() && is_needed {
            notes.push("a rehearsal keeps no daily limit: it would only wait for tomorrow".to_owned());
        }
        let Some(ledger) = ledger.filter(|_| !self.purpose.is_sandbox()) else { return Ok(None) };
        let opened = quota::state_directory(&|name| std::env::var(name).ok())
            .ok_or_else(|| "there is no state directory; set ZAPI_STATE_DIR".to_owned())
            .and_then(|state| Quota::open(&state, ledger.id()).map_err(|error| error.to_string()))
            .and_then(|mut quota| {
                correct(&mut quota, manifest, &service.instances, ledger, Timestamp::now())
                    .map_err(|failure| failure.message)?;
                Ok(quota)
            });
        match opened {
            Ok(quota) => Ok(Some(quota)),
            Err(why) if is_needed => {
                Err(Failure::new(crate::exit::Exit::Ledger, format!("daily limits cannot be kept: {why}")))
            }
            Err(why) => {
                notes.push(format!("what is sent is not counted for daily limits of other campaigns: {why}"));
                Ok(None)
            }
        }
    }

    /// A line for people, unless the output is for programs.
    pub(super) fn say(&self, line: &str) -> Result<(), Failure> {
        if self.args.format == Format::Json {
            return Ok(());
        }
        Ok(Stream::Stderr.say(&format!("{line}\n"))?)
    }
}

/// What a stand-in accepted is no invitation, and the ledger cannot tell which is which.
fn other_service(ledger: &Ledger, is_loopback: bool) -> Result<Option<&'static str>, Failure> {
    Ok(match (ledger.was_loopback()?, is_loopback) {
        (Some(true), false) => Some(
            "this ledger was used with a service on this machine: what that accepted was really sent to nobody, and is not \
             sent now; --new-ledger starts anew",
        ),
        (Some(false), true) => Some(
            "this ledger is of real invitations: what a service on this machine accepts counts as sent, and reaches nobody; \
             rehearse with --sandbox",
        ),
        (None, _) | (Some(true), true) | (Some(false), false) => None,
    })
}

/// A run that was killed had reserved more of the day than it has sent: what its ledger says counts instead.
pub(in crate::commands) fn correct(
    quota: &mut Quota,
    manifest: &Manifest,
    instances: &[Instance],
    ledger: &Ledger,
    now: Timestamp,
) -> Result<(), Failure> {
    for (spec, instance) in manifest.instances.iter().zip(instances) {
        let fingerprint = instance.fingerprint();
        let (from, to) = (window::day_begins(&spec.limits, now), window::next_day(&spec.limits, now));
        let sent = ledger.sent_between(&fingerprint, from, to)?;
        quota.correct(&fingerprint, window::day(&spec.limits, now), sent)?;
    }
    Ok(())
}

impl Prepared<'_> {
    /// The instances as the ledger compares them.
    pub(super) fn instance_refs(&self) -> Vec<InstanceRef> {
        let known = |instance: &crate::instance::Instance| InstanceRef {
            name: std::sync::Arc::clone(&instance.name),
            fingerprint: Some(instance.fingerprint()),
        };
        self.service.instances.iter().map(known).collect()
    }
}
