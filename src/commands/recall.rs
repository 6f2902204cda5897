//! `recall`: takes back what still waits in Z-API's queue, our own messages only and one by one, never the whole queue.
//!
//! Works under the ledger's lock, so that no apply sends meanwhile. What was taken back is pending again; what left the
//! queue by itself stays accepted; an invitation whose answer was lost is unknown from then on.

use std::collections::HashSet;
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;

use super::confirm::{self, Asked, Deed};
use super::failure::Failure;
use super::opened;
use super::paths::{Paths, Purpose};
use super::service::{self, Service};
use super::waiting::{self, Whose};
use super::{apply, guard, written};
use crate::cli::{GlobalArgs, RecallArgs, TextOrJson};
use crate::engine::StopSignal;
use crate::exit::Exit;
use crate::gateway::{CallFault, Deletion, FaultClass, Gateway};
use crate::instance::Instance;
use crate::ledger::sent::{self, Sent};
use crate::ledger::{KILLED, Ledger, LedgerError, Mode, NamedRow, Plan, Queued};
use crate::report::Stream;
use crate::report::recall::{self, QueueFound, RecallReport};

/// A request that came to nothing is made again after these pauses, in turn; then its instance is given up.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

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
    let service = if args.ledger.sandbox {
        service::stand_in(&manifest, &paths, false)?
    } else {
        service::reach(&manifest, &args.connection)?
    };
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
    settle_killed(&mut ledger, &mut queues, report)?;
    for queue in &queues {
        runtime.block_on(take_back(&service.gateway, queue, &mut ledger, &mut stop, report))?;
    }
    // Unless it was stopped before the one that a killed recall had in hand: that is as much in doubt as before.
    let is_reached = report.taken_back + report.gone + report.doubtful.len() as u64 > 0;
    if is_reached || queues.iter().all(|queue| queue.killed.is_none()) {
        ledger.end_recall()?;
    }
    // The note and the results may be another ledger's, which took this one's place.
    if (ours > 0 || !report.doubtful.is_empty()) && sent::is_of(&paths.sent, &ledger)? {
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

/// What a recall was taking back when it was killed is in doubt, unless it still waits. Then it comes first, while that is
/// on record: the request of then may be carried out yet.
fn settle_killed(ledger: &mut Ledger, queues: &mut [Queue], report: &mut RecallReport) -> Result<(), LedgerError> {
    let left = ledger.left_recalling()?;
    for queue in queues.iter_mut() {
        if let Some(at) = queue.ours.iter().position(|queued| Some(&queued.zaap_id) == left.as_ref()) {
            queue.ours[..=at].rotate_right(1);
            queue.killed = left;
            queues.sort_by_key(|queue| queue.killed.is_none());
            return Ok(());
        }
    }
    for queued in ledger.settle_recalling(Timestamp::now())? {
        report.doubtful.push(NamedRow { http_status: None, error: KILLED.to_owned(), ..queued.row });
        report.killed += 1;
    }
    Ok(())
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
    /// Of ours, the one that a recall was taking back when it was killed.
    killed: Option<String>,
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
        queues.push(Queue { instance: index, found, ours, unknown, edits, killed: None });
    }
    Ok(queues)
}

/// What came of one message.
enum Taken {
    Back,
    /// It was not in the queue any more.
    Gone,
    /// An answer was lost, and now it is not in the queue.
    Doubtful(CallFault),
    /// Nothing more can be done with this instance.
    GivenUp(CallFault),
    Interrupted,
}

/// Takes back what is ours, and looks again: while the pages were read the queue moved up, so that some may not have been
/// seen.
async fn take_back(
    gateway: &Gateway,
    queue: &Queue,
    ledger: &mut Ledger,
    stop: &mut StopSignal,
    report: &mut RecallReport,
) -> Result<(), LedgerError> {
    let (mut ours, mut tried) = (queue.ours.clone(), HashSet::new());
    while !ours.is_empty() {
        if !take(gateway, queue, &ours, ledger, stop, report).await? {
            return Ok(());
        }
        tried.extend(ours.into_iter().map(|queued| queued.zaap_id));
        let looked = tokio::select! {
            looked = waiting::look(gateway, queue.instance) => looked,
            _ = stop.next() => {
                report.interrupted = true;
                return Ok(());
            }
        };
        match looked {
            Ok(mut waiting) => {
                waiting.ids.retain(|zaap_id| !tried.contains(zaap_id));
                ours = ledger.queued(&waiting.ids)?;
            }
            Err(fault) => {
                report.unseen.push(format!("{}: its queue cannot be read again: {fault}", queue.found.instance));
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Takes these back, one by one; says whether that came to its end.
async fn take(
    gateway: &Gateway,
    queue: &Queue,
    ours: &[Queued],
    ledger: &mut Ledger,
    stop: &mut StopSignal,
    report: &mut RecallReport,
) -> Result<bool, LedgerError> {
    for (done, queued) in ours.iter().enumerate() {
        let left = (ours.len() - done) as u64;
        if report.interrupted {
            report.left += left;
            return Ok(false);
        }
        ledger.begin_recall(queued)?;
        match one(gateway, queue.instance, queued, stop).await {
            Taken::Back => {
                ledger.recall(queued, Timestamp::now())?;
                report.taken_back += 1;
            }
            Taken::Gone if queue.killed.as_ref() == Some(&queued.zaap_id) => {
                doubt(ledger, queued, None, KILLED.to_owned(), report)?;
                report.killed += 1;
            }
            Taken::Gone => report.gone += 1,
            Taken::Doubtful(fault) => doubt(ledger, queued, fault.http_status, in_doubt(&fault), report)?,
            Taken::GivenUp(fault) => {
                // Whether the last request was carried out cannot be known, if its answer was lost; unless it waits still.
                let looked = waiting::look(gateway, queue.instance).await;
                let waits = looked.as_ref().is_ok_and(|waiting| waiting.ids.contains(&queued.zaap_id));
                let is_in_doubt = fault.may_have_happened && !waits;
                if is_in_doubt {
                    doubt(ledger, queued, fault.http_status, in_doubt(&fault), report)?;
                    report.doubtful_may_wait |= looked.is_err();
                }
                report.left += left - u64::from(is_in_doubt);
                report.stopped.push(format!("{}: {fault}", queue.found.instance));
                return Ok(false);
            }
            Taken::Interrupted => {
                report.interrupted = true;
                report.left += left;
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn in_doubt(fault: &CallFault) -> String {
    format!("its recall is in doubt: {}", fault.message)
}

fn doubt(
    ledger: &mut Ledger,
    queued: &Queued,
    http_status: Option<u16>,
    error: String,
    report: &mut RecallReport,
) -> Result<(), LedgerError> {
    ledger.doubt(queued, &error, Timestamp::now())?;
    report.doubtful.push(NamedRow { http_status, error, ..queued.row.clone() });
    Ok(())
}

/// Taking the same message out twice does no harm, so a request of doubtful fate is made again.
async fn one(gateway: &Gateway, instance: usize, queued: &Queued, stop: &mut StopSignal) -> Taken {
    let mut lost: Option<CallFault> = None;
    let mut pauses = PAUSES.into_iter();
    loop {
        // What was asked for while nothing is doubtful; a request under way is always waited for.
        if lost.is_none() && stop.next().now_or_never().is_some() {
            return Taken::Interrupted;
        }
        let fault = match gateway.delete_queued(instance, &queued.zaap_id).await {
            Ok(Deletion::Removed) => return Taken::Back,
            Ok(Deletion::NotThere) => return lost.map_or(Taken::Gone, Taken::Doubtful),
            Err(fault) => fault,
        };
        if fault.may_have_happened {
            lost.get_or_insert_with(|| fault.clone());
        }
        match pauses.next() {
            Some(pause) if fault.class == FaultClass::Network => tokio::time::sleep(pause).await,
            _ => return Taken::GivenUp(lost.unwrap_or(fault)),
        }
    }
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
