//! `check`: asks Z-API how each instance is, and which of the listed groups it cannot write to. Sends nothing and
//! changes nothing.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{Timestamp, Zoned};

use super::apply::quoted;
use super::failure::Failure;
use super::paths::{Paths, Purpose};
use super::service::{self, Service};
use super::{opened, waiting};
use crate::cli::{CheckArgs, GlobalArgs, TextOrJson};
use crate::diagnostic::Diagnostics;
use crate::exit::Exit;
use crate::expand;
use crate::gateway::{CallFault, Gateway};
use crate::ledger::{Ledger, LedgerError, Mode};
use crate::manifest::{self, Manifest};
use crate::message::Expanded;
use crate::report::check::{GroupLine, InstanceReport, Webhooks, json, render};
use crate::report::{Stream, words};

/// Between two questions about groups: nobody waits for them, and Z-API has other things to do.
const PACE: Duration = Duration::from_millis(250);
/// A service that answers for no group any more is not asked about all of them.
const FAULTS_IN_ROW_MAX: u32 = 10;
/// A sign of life after so many groups.
const SAID_EVERY: usize = 50;

/// The groups that an instance is to write to, in input order, each once.
type Listed = Vec<GroupLine>;

pub(super) fn run(args: &CheckArgs, global: &GlobalArgs) -> Result<Exit, Failure> {
    let is_sandbox = args.ledger.sandbox;
    let manifest = opened::named(&args.manifest)?;
    let paths = Paths::of(&manifest.folder, &manifest.campaign, Purpose::of_apply(is_sandbox))
        .with(args.ledger.ledger.as_deref(), None);
    let mut notes = Vec::new();
    let listed = listed(&manifest, &args.manifest, &mut notes);
    let ledger = match Ledger::open(&paths.to_read(), &paths.identity, Mode::Read) {
        Ok(ledger) => Some(ledger),
        Err(LedgerError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    notes.extend(opened::doubts(&paths, ledger.as_ref())?);
    let service = service::asked_for(&manifest, &paths, is_sandbox, &args.connection)?;
    let is_loopback = is_sandbox || service::base_url(&args.connection)?.is_loopback();
    let look = Look {
        service: &service,
        ledger: ledger.as_ref(),
        pace: if is_loopback { Duration::ZERO } else { PACE },
        is_quiet: args.format == TextOrJson::Json,
    };
    let runtime = service::runtime()?;
    let mut instances = Vec::new();
    for (index, listed) in listed.iter().enumerate() {
        instances.push(runtime.block_on(look.instance(index, listed))?);
    }
    let exit = instances.iter().map(exit_of).fold(Exit::Done, Exit::and);
    let style = Stream::Stdout.style(global.show_recipients);
    Stream::Stdout.say(&match args.format {
        TextOrJson::Human => render(&manifest.campaign, &instances, &notes, style, &Zoned::now()),
        TextOrJson::Json => json(&manifest.campaign, &instances, &notes, exit.code(), style.mask),
    })?;
    Ok(exit)
}

/// An instance that cannot send needs a person; groups that cannot be written to are faults of the lists.
fn exit_of(instance: &InstanceReport) -> Exit {
    if instance.connected != Some(true) {
        Exit::Stopped
    } else if !instance.not_in.is_empty() || !instance.faults.is_empty() {
        Exit::Faults
    } else {
        Exit::Done
    }
}

/// The groups of every instance, in the manifest's order.
fn listed(manifest: &Manifest, path: &std::path::Path, notes: &mut Vec<String>) -> Vec<Listed> {
    let mut diagnostics = Diagnostics::new();
    manifest::load(path, &mut diagnostics);
    let mut seen = HashSet::new();
    let mut listed = vec![Listed::new(); manifest.instances.len()];
    let expanded = expand::expand(manifest, Timestamp::now(), &mut diagnostics, &mut |row| {
        if let Expanded::Message(message) = row
            && message.address.is_group()
            && seen.insert((message.instance, message.address.as_str().to_owned()))
        {
            listed[message.instance].push(GroupLine {
                recipient: message.address.as_str().to_owned(),
                label: message.label,
                source: message.source.to_string(),
            });
        }
        Ok(())
    });
    let errors = diagnostics.errors();
    if errors > 0 || expanded.is_err() {
        let errors = words::count(errors, "error", "errors");
        notes.push(format!(
            "{errors} in manifest and lists: zapi-batch validate {} tells all",
            quoted(&path.display().to_string())
        ));
    }
    listed
}

struct Look<'a> {
    service: &'a Service,
    ledger: Option<&'a Ledger>,
    pace: Duration,
    is_quiet: bool,
}

impl Look<'_> {
    async fn instance(&self, index: usize, listed: &Listed) -> Result<InstanceReport, Failure> {
        let gateway = &self.service.gateway;
        let name = self.service.instances[index].name.to_string();
        let mut report = InstanceReport { name, groups: listed.len(), ..InstanceReport::default() };
        match gateway.status(index).await {
            Ok(status) => {
                report.connected = Some(status.connected);
                report.smartphone_connected = Some(status.smartphone_connected);
            }
            Err(fault) => {
                // Credentials that are refused, or a service that is not there: the rest would only say the same.
                report.faults.push(format!("it cannot be asked for its state: {fault}"));
                return Ok(report);
            }
        }
        account(gateway, index, &mut report).await;
        match waiting::look(gateway, index).await {
            Ok(waiting) => {
                let fingerprint = self.service.instances[index].fingerprint();
                let whose = self.ledger.map(|ledger| waiting.whose(ledger, &fingerprint)).transpose()?;
                let whose = whose.unwrap_or_default();
                report.queued = Some(waiting.messages);
                report.ours = Some(whose.ours.len() as u64);
                report.maybe_ours = Some(whose.maybe_ours);
                report.trial |= waiting.is_trial;
            }
            Err(fault) => report.faults.push(format!("its queue cannot be read: {fault}")),
        }
        if !listed.is_empty()
            && let Err(fault) = self.groups(index, listed, &mut report).await
        {
            report.faults.push(format!("its groups cannot be read: {fault}"));
        }
        Ok(report)
    }

    /// Membership from the list of groups; what may be written where only for those it is in, one by one.
    async fn groups(&self, index: usize, listed: &Listed, report: &mut InstanceReport) -> Result<(), CallFault> {
        let mut member = HashSet::new();
        let mut pages = self.service.gateway.group_pages(index);
        while let Some(groups) = pages.next().await? {
            member.extend(groups.into_iter().map(|group| group.phone));
            tokio::time::sleep(self.pace).await;
        }
        if pages.is_cut_off() {
            let seen = words::count(member.len() as u64, "group", "groups");
            report.faults.push(format!("its list of groups was left after {seen}: it may be in more than it says"));
        }
        // The stand-in is in whatever group it is asked about, and cannot list them all.
        let is_in_all = self.service.sandbox.is_some();
        let mut faults_in_row = 0;
        for (done, group) in listed.iter().enumerate() {
            self.sign_of_life(&report.name, done, listed.len());
            if !is_in_all && !member.contains(&group.recipient) {
                report.not_in.push(group.clone());
            } else if faults_in_row < FAULTS_IN_ROW_MAX {
                faults_in_row = self.rules(index, group, report).await.map_or(faults_in_row + 1, |()| 0);
                tokio::time::sleep(self.pace).await;
            }
        }
        if faults_in_row == FAULTS_IN_ROW_MAX {
            report
                .faults
                .push(format!("after {FAULTS_IN_ROW_MAX} such groups in a row the others were not asked about"));
        }
        Ok(())
    }

    /// Who may write in one group; what is wrong with it hides nothing of the others.
    async fn rules(&self, index: usize, group: &GroupLine, report: &mut InstanceReport) -> Result<(), ()> {
        match self.service.gateway.light_group_metadata(index, &group.recipient).await {
            Ok(metadata) => {
                if metadata.is_group_announcement == Some(true) && metadata.community_id.is_some() {
                    report.announcement.push(group.clone());
                }
                if metadata.admin_only_message == Some(true) {
                    report.admin_only.push(group.clone());
                }
                Ok(())
            }
            Err(fault) => {
                let GroupLine { recipient, label, source } = group;
                report.faults.push(format!("\"{label}\" {recipient} {source} cannot be looked at: {fault}"));
                Err(())
            }
        }
    }

    fn sign_of_life(&self, name: &str, done: usize, all: usize) {
        if done > 0 && done.is_multiple_of(SAID_EVERY) && !self.is_quiet {
            // Progress that cannot be shown stops nothing.
            let _ = Stream::Stderr.say(&format!("{name}: {done} of {all} groups looked at\n"));
        }
    }
}

/// Number and name, webhooks, and until when it is paid.
async fn account(gateway: &Gateway, index: usize, report: &mut InstanceReport) {
    match gateway.device(index).await {
        Ok(device) => (report.phone, report.display_name) = (device.phone, device.name),
        Err(fault) => report.faults.push(format!("its number cannot be asked for: {fault}")),
    }
    match gateway.me(index).await {
        Ok(me) => {
            report.webhooks = Some(Webhooks {
                delivery: me.delivery_callback_url,
                message_status: me.message_status_callback_url,
                received: me.received_callback_url,
                disconnected: me.disconnected_callback_url,
            });
            report.trial |= me.payment_status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("trial"));
            let due = me.due.and_then(|at| Timestamp::from_millisecond(at).ok());
            report.due = due.map(|at| format!("{at:.0}"));
        }
        Err(fault) => report.faults.push(format!("its account cannot be asked for: {fault}")),
    }
}
