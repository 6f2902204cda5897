//! `recall`: takes back what still waits in Z-API's queue, our own messages only and one by one, never the whole queue.
//!
//! Works under the ledger's lock, so that no apply sends meanwhile. What was taken back is pending again; what left the
//! queue by itself stays accepted; an invitation whose answer was lost is unknown from then on.

mod taking;

use jiff::Timestamp;

use self::taking::{Manner, Taking};
use super::confirm::{self, Asked, Deed};
use super::failure::Failure;
use super::opened;
use super::paths::{Paths, Purpose};
use super::service::{self, Service};
use super::waiting::{self, Whose};
use super::{apply, guard, written};
use crate::cli::{GlobalArgs, RecallArgs, TextOrJson};
use crate::exit::Exit;
use crate::instance::Instance;
use crate::ledger::sent::{self, Sent};
use crate::ledger::{Ledger, Mode, NamedRow, Plan, Queued};
use crate::report::Stream;
use crate::report::recall::{self, QueueFound, RecallReport};

pub(super) fn run(args: &RecallArgs, global: &GlobalArgs) -> Result<Exit, Failure> {
    let mut report = RecallReport::default();
    match go(args, global, &mut report) {
        Err(failure) if args.format == TextOrJson::Json => {
            let failure = failure.typed(&apply::with_ledger(&args.manifest, &args.ledger));
            report.exit = failure.exit.code();
            report.stopped.push(failure.message.clone());
            tell(args, global, &report)?;
            failure.tell(global);
            Ok(failure.exit)
        }
        other => other,
    }
}

fn go(args: &RecallArgs, global: &GlobalArgs, report: &mut RecallReport) -> Result<Exit, Failure> {
    let mut stop = apply::listen(Deed::TakeBack)?;
    let is_loopback = args.ledger.sandbox || service::base_url(&args.connection)?.is_loopback();
    guard::check_terminal(Deed::TakeBack, false, is_loopback, args.yes)?;
    let opened = opened::open(&args.manifest, &args.ledger, Mode::Write)?;
    opened.tell_doubts()?;
    let opened::Opened { manifest, mut ledger, .. } = opened;
    let paths = Paths::of(&manifest.folder, &manifest.campaign, Purpose::of_apply(args.ledger.sandbox))
        .with(args.ledger.ledger.as_deref(), None);
    let service = service::asked_for(&manifest, &paths, args.ledger.sandbox, &args.connection)?;
    let runtime = service::runtime()?;
    let mut queues = runtime.block_on(async {
        tokio::select! {
            queues = look(&service, &ledger) => queues,
            _ = stop.next() => Err(confirm::interrupted(Deed::TakeBack)),
        }
    })?;
    let fingerprints: Vec<_> = service.instances.iter().map(Instance::fingerprint).collect();
    *report = RecallReport {
        campaign: manifest.campaign.clone(),
        events: manifest.events.len(),
        found: queues.iter().map(|queue| queue.found.clone()).collect(),
        unknown: queues.iter().flat_map(|queue| queue.unknown.clone()).collect(),
        edits: queues.iter().flat_map(|queue| queue.edits.clone()).collect(),
        elsewhere: ledger.sent_through_others(&fingerprints)?,
        typed: apply::with_ledger(&args.manifest, &args.ledger),
        connection: apply::connection(&args.connection),
        ..RecallReport::default()
    };
    tell_found(args, global, report)?;
    let ours: u64 = queues.iter().map(|queue| queue.ours.len() as u64).sum();
    let plan = Plan::default();
    let asked = Asked {
        plan: &plan,
        to_do: ours,
        yes: args.yes,
        cancel_left: None,
        is_loopback,
        past: None,
        deed: Deed::TakeBack,
    };
    confirm::confirm(&asked, &runtime, &mut stop)?;
    // The note and the results may be another ledger's, which took this one's place.
    let is_noted = sent::is_of(&paths.sent, &ledger)?;
    if ours > 0 {
        ledger.begin_recall(Timestamp::now())?;
    }
    if ours > 0 && is_noted {
        Sent::of(&ledger, Timestamp::now())?.write(&paths.sent)?;
    }
    let (timeout, is_quiet) = (manifest.delivery.timeout, args.format == TextOrJson::Json);
    let manner = Manner { gateway: &service.gateway, timeout, is_quiet };
    let mut taking = Taking::begin(manner, &mut ledger, &mut stop, report, &mut queues)?;
    for queue in &queues {
        runtime.block_on(taking.empty(queue))?;
    }
    taking.end()?;
    if (ours > 0 || !report.doubtful.is_empty()) && is_noted {
        Sent::of(&ledger, Timestamp::now())?.write(&paths.sent)?;
        report.results = Some(written::results(&ledger, &paths.results, &manifest.results)?.path);
    }
    let exit = exit_of(report);
    report.exit = exit.code();
    tell(args, global, report)?;
    Ok(exit)
}

fn exit_of(report: &RecallReport) -> Exit {
    // What may still go out is no good end, though nothing went wrong with taking back.
    let mut exit = if report.is_certain() { Exit::Done } else { Exit::Faults };
    if !report.stopped.is_empty() {
        exit = exit.and(Exit::Stopped);
    }
    if report.interrupted {
        exit = exit.and(Exit::Interrupted);
    }
    exit
}

/// One instance's queue, and what of it is ours.
struct Queue {
    /// Its index in the gateway.
    instance: usize,
    found: QueueFound,
    ours: Vec<Queued>,
    /// Unknown invitations to whose recipients something waits that is not known as ours, and edits.
    unknown: Vec<NamedRow>,
    edits: Vec<NamedRow>,
}

/// Pages through every instance's queue.
async fn look(service: &Service, ledger: &Ledger) -> Result<Vec<Queue>, Failure> {
    let mut queues = Vec::new();
    for (index, instance) in service.instances.iter().enumerate() {
        let waiting = waiting::look(&service.gateway, index).await.map_err(|fault| {
            let message = format!("the queue of {} cannot be read: {fault}; nothing was taken back", instance.name);
            Failure::new(Exit::Stopped, message)
        })?;
        let whose = waiting.whose(ledger, &instance.fingerprint())?;
        let found = QueueFound {
            instance: instance.name.to_string(),
            waiting: waiting.messages,
            ours: whose.ours.len() as u64,
            maybe_ours: whose.maybe_ours,
        };
        let Whose { ours, unknown, edits, .. } = whose;
        queues.push(Queue { instance: index, found, ours, unknown, edits });
    }
    Ok(queues)
}

fn tell_found(args: &RecallArgs, global: &GlobalArgs, report: &RecallReport) -> Result<(), Failure> {
    if args.format == TextOrJson::Json && args.yes.is_some() {
        return Ok(());
    }
    let style = Stream::Stderr.style(global.show_recipients);
    Ok(Stream::Stderr.say(&recall::found(&report.campaign, &report.found, style))?)
}

fn tell(args: &RecallArgs, global: &GlobalArgs, report: &RecallReport) -> Result<(), Failure> {
    let text = match args.format {
        TextOrJson::Human => {
            let text = recall::render(report, Stream::Stderr.style(global.show_recipients));
            return Ok(Stream::Stderr.say(&text)?);
        }
        TextOrJson::Json => recall::json(report, Stream::Stdout.style(global.show_recipients).mask),
    };
    Ok(Stream::Stdout.say(&text)?)
}
