//! What one seed stands for: how many lanes and messages, which limits, how bad the weather is.

use std::time::Duration;

use jiff::{civil, tz::TimeZone};
use zapi_batch::delivery::{Delivery, Limits, Rate, Window};
use zapi_batch::engine::{Audience, FleetOptions, LaneSpec, Patience};
use zapi_batch::instance::Fingerprint;

/// How often things go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weather {
    Calm,
    /// This many of a hundred attempts.
    Mixed(u8),
    /// Nothing but trouble of this kind (see `Fault::ALL`), from then on, for so long.
    Outage {
        fault: usize,
        from: Duration,
        lasts: Duration,
    },
}

#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) rng: fastrand::Rng,
    pub(super) fleet: FleetOptions,
    /// Per lane.
    pub(super) messages: usize,
    pub(super) applies: usize,
}

impl Scenario {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let lanes = rng.usize(1..=4);
        let fleet = FleetOptions {
            delivery: Delivery {
                concurrency: rng.usize(1..=12),
                timeout: Duration::from_secs(30),
                retries: rng.u32(0..=5),
            },
            lanes: (0..lanes).map(|lane| lane_of(lane, &mut rng)).collect(),
            limit: None,
            patience: Patience::Wait,
            audience: Audience::Nobody,
            seed,
        };
        let messages = rng.usize(1..=18);
        let applies = rng.usize(1..=6);
        Self { rng, fleet, messages, applies }
    }

    /// What one apply is told; the last ones are told to get on with it.
    pub(super) fn options(&mut self, weather: Weather) -> FleetOptions {
        let mut options = self.fleet.clone();
        options.seed = self.rng.u64(..);
        if weather != Weather::Calm {
            options.limit = (self.rng.u8(..) < 40).then(|| self.rng.u64(0..20));
            options.patience = if self.rng.u8(..) < 60 { Patience::End } else { Patience::Wait };
            options.audience = if self.rng.bool() { Audience::Terminal } else { Audience::Nobody };
        }
        options
    }

    pub(super) fn weather(&mut self) -> Weather {
        match self.rng.u8(0..10) {
            0..=1 => Weather::Calm,
            2..=6 => Weather::Mixed(self.rng.u8(1..=40)),
            _ => {
                let fault = self.rng.usize(..super::server::Fault::ALL.len());
                let from = Duration::from_millis(self.rng.u64(0..3000));
                Weather::Outage { fault, from, lasts: Duration::from_secs(self.rng.u64(1..400)) }
            }
        }
    }
}

fn lane_of(lane: usize, rng: &mut fastrand::Rng) -> LaneSpec {
    let mut limits = Limits { rate: Rate::Unlimited, jitter: 0.0, ..Limits::default() };
    if rng.u8(..) < 100 {
        limits.rate = Rate::Every(Duration::from_millis([3, 40, 1000, 3000][rng.usize(..4)]));
        limits.jitter = [0.0, 0.3, 0.9][rng.usize(..3)];
    }
    if rng.u8(..) < 50 {
        limits.daily_limit = Some(rng.u32(1..12));
    }
    if rng.u8(..) < 50 {
        limits.max_queued = Some(rng.u32(1..8));
    }
    if rng.u8(..) < 50 {
        let zone = TimeZone::get("America/Sao_Paulo").unwrap();
        let (from, to) = if rng.bool() {
            (civil::time(9, 0, 0, 0), civil::time(9, 0, 30, 0))
        } else {
            (civil::time(23, 0, 0, 0), civil::time(1, 0, 0, 0))
        };
        limits.windows =
            vec![Window { days: [true, true, true, true, true, rng.bool(), rng.bool()], from, to, zone: zone.clone() }];
        limits.day_zone = zone;
    }
    LaneSpec {
        name: format!("lane{lane}").into(),
        limits,
        gateway: lane,
        fingerprint: Fingerprint::from_hex(format!("{lane:064x}")),
    }
}
