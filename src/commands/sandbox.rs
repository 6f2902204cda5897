//! `sandbox`: runs the stand-in until it is stopped.

use super::failure::Failure;
use crate::cli::{DrainArg, FaultArg, GroupArg, Kind, SandboxArgs};
use crate::exit::Exit;
use crate::report::{Stream, words};
use crate::sandbox::{self, Account, Drain, Fault, FaultRule, GroupSpec, Options, RetryAfter, When};

const LOUD: &str = "This is a stand-in for Z-API. Nothing that it accepts is ever sent. Ctrl-C ends it.\n";

pub(super) fn run(args: &SandboxArgs) -> Result<Exit, Failure> {
    let running = sandbox::start(options(args), args.port)
        .map_err(|error| Failure::refused(format!("the sandbox cannot be started: {error}")))?;
    // Scripts read the address from the first line.
    Stream::Stdout.say(&format!("listening on {}\n", running.base_url))?;
    Stream::Stderr.say(LOUD)?;
    wait_for_signal()?;
    let counts = running.counts();
    let requests = words::count(counts.requests, "request", "requests");
    let duplicates = words::count(counts.duplicates, "duplicate", "duplicates");
    Stream::Stderr.say(&format!("{requests}, {duplicates}\n"))?;
    Ok(Exit::Done)
}

/// A stand-in is ended by Ctrl-C or TERM, which is its normal end.
fn wait_for_signal() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut stop = crate::engine::StopSignal::listen()?;
        stop.next().await;
        Ok(())
    })
}

fn options(args: &SandboxArgs) -> Options {
    let by_share = args.fault.iter().map(|rate| rule(When::Share(rate.share), rate.kind));
    let by_recipient = args.fault_for.iter().map(|one| rule(When::Recipient(one.name.clone()), one.kind));
    let by_instance = args.fault_through.iter().map(|one| rule(When::Instance(one.name.clone()), one.kind));
    let by_number = args.fault_at.iter().map(|at| rule(When::Requests(at.first, at.last), at.kind));
    let group = |group: &GroupArg| GroupSpec {
        id: group.id.clone(),
        name: format!("Group {}", group.id),
        is_admin_only: group.is_admin_only,
        is_announcement: group.is_announcement,
    };
    Options {
        accounts: args
            .credentials
            .iter()
            .map(|known| Account {
                id: known.id.clone(),
                token: known.token.clone(),
                client_token: known.client_token.clone(),
            })
            .collect(),
        latency: args.latency,
        latency_jitter: args.latency_jitter,
        drain: match args.drain {
            None => Drain::Random,
            Some(DrainArg::Every(time)) => Drain::Every(time),
            Some(DrainArg::Never) => Drain::Never,
        },
        is_trial: args.trial,
        foreign: args.foreign,
        groups: args.group.iter().map(group).collect(),
        // The more particular wish is looked at first.
        faults: by_number.chain(by_recipient).chain(by_instance).chain(by_share).collect(),
        retry_after: RetryAfter::Seconds(args.retry_after.as_secs().max(1)),
        seed: args.seed,
        disconnect_after: args.disconnect_after,
        reconnect_after: args.reconnect_after,
        state: args.state.clone(),
        start_afresh: false,
        log_entries_max: Options::default().log_entries_max,
    }
}

fn rule(when: When, kind: Kind) -> FaultRule {
    let fault = match kind.fault {
        FaultArg::Status(status) => Fault::Status(status),
        FaultArg::Hang => Fault::Hang,
        FaultArg::Error => Fault::ErrorIn200,
        FaultArg::Garbage => Fault::Garbage,
        FaultArg::Redirect => Fault::Redirect,
    };
    FaultRule { when, fault, is_processed: kind.is_queued }
}
