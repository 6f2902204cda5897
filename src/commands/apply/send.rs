//! Hands everything to the engine, and shows what it says meanwhile.

use std::time::{Duration, Instant};

use jiff::Zoned;
use tokio::sync::mpsc;

use super::Apply;
use super::agree::{Agreed, in_use};
use super::prepare::Prepared;
use crate::cli::Format;
use crate::commands::failure::Failure;
use crate::commands::guard;
use crate::delivery::Delivery;
use crate::engine::{self, Audience, Ended, Event, FleetOptions, LaneSpec, Patience, RunOptions, StopSignal};
use crate::report::progress::{Show, TICK};
use crate::report::{Progress, Stream};

/// Told faster than a terminal shows it; the engine draws events together when this is full.
const EVENTS_MAX: usize = 64;

/// What came of the sending.
pub(super) struct Sent {
    pub ended: Ended,
    /// The lanes' names, in their order.
    pub lanes: Vec<String>,
    pub duration: Duration,
}

impl Apply<'_> {
    pub(super) async fn send(
        &self,
        prepared: &mut Prepared<'_>,
        agreed: &Agreed,
        stop: StopSignal,
    ) -> Result<Sent, Failure> {
        let options = self.options(prepared, agreed);
        let lanes: Vec<String> = options.fleet.lanes.iter().map(|lane| lane.name.to_string()).collect();
        let ledger = prepared.held.take().ok_or_else(|| Failure::refused("the ledger is not open"))?;
        let (events, heard) = mpsc::channel(EVENTS_MAX);
        let show = match self.args.format {
            Format::Json => Show::Nothing,
            // The log's lines would tear the bar.
            _ if self.global.verbose > 0 && self.global.log_file.is_none() => Show::Lines,
            _ => Show::Fitting,
        };
        let style = Stream::Stderr.style(self.global.show_recipients);
        let progress = Progress::start(agreed.to_do, lanes.clone(), agreed.estimate.end, show, style, &Zoned::now());
        let started = Instant::now();
        let quota = prepared.quota.take();
        let run = engine::run(options, ledger, &prepared.service.gateway, quota, stop, events);
        let (mut ended, ()) = tokio::join!(run, watch(heard, progress));
        let duration = started.elapsed();
        prepared.held.put_back(ended.ledger.take());
        Ok(Sent { ended, lanes, duration })
    }

    fn options(&self, prepared: &Prepared<'_>, agreed: &Agreed) -> RunOptions {
        let manifest = prepared.manifest;
        let lane = |index: usize| LaneSpec {
            name: std::sync::Arc::clone(&manifest.instances[index].name),
            limits: agreed.limits[index].clone(),
            gateway: index,
            fingerprint: prepared.service.instances[index].fingerprint(),
        };
        RunOptions {
            fleet: FleetOptions {
                delivery: Delivery {
                    concurrency: self.args.concurrency.unwrap_or(manifest.delivery.concurrency),
                    ..manifest.delivery
                },
                lanes: in_use(&agreed.plan, manifest).into_iter().map(lane).collect(),
                limit: self.args.limit,
                patience: if self.args.no_wait { Patience::End } else { Patience::Wait },
                audience: if guard::is_terminal() { Audience::Terminal } else { Audience::Nobody },
                seed: fastrand::u64(..),
            },
            narrow: self.narrow.clone(),
        }
    }
}

/// Shows what the engine says until it has said all.
async fn watch(mut heard: mpsc::Receiver<Event>, mut progress: Progress) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            event = heard.recv() => match event {
                Some(event) => progress.event(&event, &Zoned::now()),
                None => break,
            },
            _ = tick.tick() => progress.tick(&Zoned::now()),
        }
    }
    progress.finish();
}
