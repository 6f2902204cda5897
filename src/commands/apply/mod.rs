//! `apply`: makes the world match the manifest.
//!
//! The order is the contract's: manifest and rows, ledger lock, credentials, results path, preflight, ask, reconcile,
//! send, results. Everything up to the answer "yes" happens before anything is written; the plan that is shown is the
//! open transaction that is then committed.

mod agree;
mod ending;
mod finish;
mod held;
mod prepare;
mod send;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::campaign::{self, Campaign, Keep};
use super::confirm::{self, Deed};
use super::failure::Failure;
use super::paths::{Paths, Purpose};
use super::{dry_run, format_of, planning};
use crate::cli::{ApplyArgs, ConnectionArgs, Format, GlobalArgs, LedgerArgs};
use crate::delivery::Rate;
use crate::diagnostic::render;
use crate::engine::StopSignal;
use crate::exit::Exit;
use crate::ledger::{Counts, Ledger, Mode, Narrow, VerbCounts};
use crate::manifest::wordings::Wording;
use crate::report::{Again, Stream, json, words};
use ending::Typed;
pub(super) use prepare::correct;

pub(super) fn run(args: &ApplyArgs, global: &GlobalArgs) -> Result<Exit, Failure> {
    let now = Timestamp::now();
    if args.dry_run {
        let mut campaign = campaign::open(&args.manifest, now, Keep::Rows, None)?;
        return dry_run::run(args, global, &mut campaign, now);
    }
    let mut stop = listen(Deed::Send)?;
    let campaign = campaign::open(&args.manifest, now, Keep::Rows, Some(&mut stop))?;
    let purpose = Purpose::of_apply(args.ledger.sandbox);
    let task = Task { campaign: &campaign, purpose, wordings: &[], command: command(args) };
    apply(args, global, &task, stop, now)
}

/// From now on a signal ends the command in order.
pub(super) fn listen(deed: Deed) -> Result<StopSignal, Failure> {
    StopSignal::listen().map_err(|error| {
        Failure::refused(format!("signals cannot be listened to: {error}; nothing was {}", deed.done()))
    })
}

/// What is applied, and what for.
pub(super) struct Task<'a> {
    pub campaign: &'a Campaign,
    pub purpose: Purpose,
    /// Of a test: what each of its events stands for, in their order.
    pub wordings: &'a [Wording],
    /// The command to type again.
    pub command: String,
}

/// Makes the world match a campaign that was read: the whole way, for an apply and for a test.
pub(super) fn apply(
    args: &ApplyArgs,
    global: &GlobalArgs,
    task: &Task<'_>,
    stop: StopSignal,
    now: Timestamp,
) -> Result<Exit, Failure> {
    let apply = Apply {
        args,
        global,
        campaign: task.campaign,
        purpose: task.purpose,
        wordings: task.wordings,
        command: task.command.clone(),
        narrow: planning::narrow(&args.selection),
    };
    apply.tell_diagnostics()?;
    let errors = task.campaign.fatal_errors(args.rules.skip_invalid);
    let done = if errors > 0 {
        // Of those that are shown, the flag leaves some out.
        let which = if args.rules.skip_invalid { " that --skip-invalid does not leave out" } else { "" };
        Err(Failure::refused(format!("nothing was sent: {}{which}", words::count(errors, "error", "errors"))))
    } else {
        apply.go(stop, now)
    };
    match done {
        Err(failure) if args.format == Format::Json => {
            let failure = failure.typed(&apply.ledger_as_typed());
            apply.tell_failure(&failure)?;
            Ok(failure.exit)
        }
        other => other,
    }
}

/// One apply: what was typed, and what its manifest and rows come to.
struct Apply<'a> {
    args: &'a ApplyArgs,
    global: &'a GlobalArgs,
    campaign: &'a Campaign,
    purpose: Purpose,
    wordings: &'a [Wording],
    /// The command to type again.
    command: String,
    narrow: Narrow,
}

impl Apply<'_> {
    /// Everything after manifest and rows were found to be right.
    fn go(&self, mut stop: StopSignal, now: Timestamp) -> Result<Exit, Failure> {
        if stop.has_come() {
            return Err(confirm::interrupted(Deed::Send));
        }
        let mut prepared = self.prepare()?;
        tracing::info!(ledger = %prepared.paths.ledger.display(), is_new = prepared.is_new, "the ledger is open");
        let runtime = super::service::runtime()?;
        let agreed = self.agree(&mut prepared, &runtime, &mut stop, now)?;
        tracing::info!(to_do = agreed.to_do, plan = ?agreed.plan.total, "agreed");
        if agreed.to_do == 0 {
            return self.finish_without_sending(prepared, &agreed);
        }
        let sent = runtime.block_on(self.send(&mut prepared, &agreed, stop))?;
        let took_ms = sent.duration.as_millis();
        tracing::info!(run = ?sent.ended.run, tally = ?sent.ended.tally, took_ms, "the sending has ended");
        self.finish(prepared, &agreed, &sent)
    }

    fn tell_diagnostics(&self) -> Result<(), Failure> {
        let diagnostics = &self.campaign.diagnostics;
        if self.args.format == Format::Json || diagnostics.is_empty() {
            return Ok(());
        }
        let summary = self.campaign.summary(&self.args.manifest);
        let style = Stream::Stderr.style(self.global.show_recipients);
        Ok(Stream::Stderr.say(&render::render(diagnostics, &summary, format_of(self.args.format), style))?)
    }

    /// The JSON of an apply that ended before it sent anything: the ledger is as it was.
    fn tell_failure(&self, failure: &Failure) -> Result<(), Failure> {
        let style = Stream::Stdout.style(self.global.show_recipients);
        let (ledger, messages) = self.as_it_was().unzip();
        let report = json::ApplyReport {
            campaign: self.campaign.manifest.as_ref().map_or("", |manifest| &manifest.campaign),
            dry_run: false,
            sandbox: None,
            plan: VerbCounts::default(),
            messages: messages.unwrap_or_default(),
            requests: 0,
            duration: Duration::ZERO,
            results: None,
            ledger,
            exit: failure.exit.code(),
            stopped: Some(failure.message.clone()),
            errors: Vec::new(),
            diagnostics: render::json_array([&self.campaign.diagnostics], style.mask),
            mask: style.mask,
        };
        Stream::Stdout.say(&json::apply(&report))?;
        failure.tell(self.global);
        Ok(())
    }

    /// The ledger's path, and what it counts of what this run selected; `None` when there is none.
    fn as_it_was(&self) -> Option<(String, Counts)> {
        let manifest = self.campaign.manifest.as_ref()?;
        let paths = Paths::of(&manifest.folder, &manifest.campaign, self.purpose)
            .with(self.args.ledger.ledger.as_deref(), None);
        let ledger = Ledger::open(&paths.to_read(), &paths.identity, Mode::Read).ok()?;
        Some((paths.ledger.display().to_string(), ledger.counts(&self.narrow).ok()?))
    }

    fn typed<'t>(&'t self, manifest: &'t str, ledger: &'t str) -> Typed<'t> {
        let again = if self.purpose.is_test() { Again::Anew } else { Again::GoesOn };
        let cancels_left = self.args.rules.cancel_left.is_some();
        Typed { command: &self.command, manifest, ledger, again, cancels_left }
    }

    /// For `plan` and `resolve`, which have to find the same ledger.
    fn ledger_as_typed(&self) -> String {
        with_ledger(&self.args.manifest, &self.args.ledger)
    }

    fn manifest_as_typed(&self) -> String {
        self.args.manifest.display().to_string()
    }
}

/// The command line to type again: what selects, and where things are, but nothing that was meant for once (`--yes`,
/// `--resend-unknown`).
fn command(args: &ApplyArgs) -> String {
    let mut command = format!("zapi-batch apply {}", quoted(&args.manifest.display().to_string()));
    let mut flag = |name: &str, value: Option<String>| add_flag(&mut command, name, value);
    flag("--ledger", args.ledger.ledger.as_ref().map(|path| path.display().to_string()));
    flag("--results", args.results.as_ref().map(|path| path.display().to_string()));
    command.push_str(&connection(&args.connection));
    let mut flag = |name: &str, value: Option<String>| add_flag(&mut command, name, value);
    flag("--only", args.selection.only.clone());
    flag("--to", args.selection.to.clone());
    flag("--limit", args.limit.map(|limit| limit.to_string()));
    flag("--rate", args.rate.and_then(typed_rate));
    flag("--concurrency", args.concurrency.map(|slots| slots.to_string()));
    for (name, given) in [
        ("--sandbox", args.ledger.sandbox),
        ("--skip-invalid", args.rules.skip_invalid),
        ("--no-wait", args.no_wait),
        ("--no-preflight", args.no_preflight),
    ] {
        if given {
            command.push(' ');
            command.push_str(name);
        }
    }
    command
}

/// The manifest with the flags by which another command finds the same ledger.
pub(super) fn with_ledger(manifest: &Path, args: &LedgerArgs) -> String {
    let ledger = args.ledger.as_ref();
    let ledger = ledger.map_or_else(String::new, |path| format!(" --ledger {}", quoted(&path.display().to_string())));
    let sandbox = if args.sandbox { " --sandbox" } else { "" };
    format!("{}{ledger}{sandbox}", quoted(&manifest.display().to_string()))
}

/// The flags by which another command reaches the same service, each after a blank; a proxy without its password.
pub(super) fn connection(args: &ConnectionArgs) -> String {
    let mut flags = String::new();
    add_flag(&mut flags, "--env-file", args.env_file.as_ref().map(|path| path.display().to_string()));
    add_flag(&mut flags, "--base-url", args.base_url.clone());
    add_flag(&mut flags, "--proxy", args.proxy.as_deref().map(without_password));
    flags
}

pub(super) fn add_flag(command: &mut String, name: &str, value: Option<String>) {
    if let Some(value) = value {
        command.extend([" ", name, " ", &quoted(&value)]);
    }
}

/// In words it may be rounded, and then it is no rate that can be typed.
pub(super) fn typed_rate(rate: Rate) -> Option<String> {
    Some(words::rate(rate)).filter(|text| Rate::parse(text) == Ok(rate))
}

/// A proxy's user and password are for the person who typed them.
fn without_password(proxy: &str) -> String {
    let Some((user, host)) = proxy.rsplit_once('@') else { return proxy.to_owned() };
    let scheme = if user.trim_start().starts_with("https://") { "https" } else { "http" };
    format!("{scheme}://***@{host}")
}

/// Quoted for a shell where that is needed.
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | ':' | '=' | ',' | '+');
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
