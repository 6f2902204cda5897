//! What people do between runs: change texts, names and dates, take rows out and put them back, call off (what is listed
//! and what is left), allow rewrites, decide about unknown messages.

use std::collections::BTreeSet;
use std::sync::Arc;

use zapi_batch::ledger::{InstanceRef, Narrow, PlanContext, Spool, Verdict};
use zapi_batch::message::{Event, Expanded, Message, MessageKey, RowSource};
use zapi_batch::plan::Rules;
use zapi_batch::recipient::{Address, Identity};

use super::flight::World;
use super::scenario::Scenario;

/// A manifest with one event for a list of groups.
pub(super) struct Manifest {
    lanes: usize,
    total: usize,
    listed: BTreeSet<usize>,
    ever_listed: BTreeSet<usize>,
    version: u32,
    name: u32,
    hour: u32,
    canceled: bool,
    rules: Rules,
}

impl Manifest {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let lanes = scenario.fleet.lanes.len();
        let total = scenario.messages * lanes;
        let (listed, ever_listed) = (BTreeSet::new(), BTreeSet::new());
        let rules = Rules::default();
        Self { lanes, total, listed, ever_listed, version: 1, name: 1, hour: 19, canceled: false, rules }
    }

    pub(super) fn edit(&mut self, rng: &mut fastrand::Rng) {
        if rng.u8(..) < 100 {
            self.version += 1;
        }
        // Where name and date have both changed since a message was accepted, it is blocked unless that is allowed.
        if rng.u8(..) < 40 {
            self.name += 1;
        }
        if rng.u8(..) < 60 {
            self.hour = rng.u32(10..20);
        }
        self.rules = Rules { allow_rewrite: rng.u8(..) < 100, cancel_left: rng.u8(..) < 80, resend_unknown: false };
        self.canceled = rng.u8(..) < 20;
        self.listed = (0..self.total).collect();
        if rng.u8(..) < 80 {
            self.listed.retain(|_| rng.u8(..) < 220);
        }
        self.ever_listed.extend(&self.listed);
    }

    /// Everybody is to be invited in the end, and nothing blocked.
    pub(super) fn settle_down(&mut self, rng: &mut fastrand::Rng) {
        self.canceled = false;
        self.rules = Rules { allow_rewrite: true, ..Rules::default() };
        self.version += u32::from(rng.bool());
        self.listed = (0..self.total).collect();
        self.ever_listed.extend(&self.listed);
    }

    pub(super) fn len(&self) -> u64 {
        self.total as u64
    }

    /// How many messages the ledger has heard of.
    pub(super) fn known(&self) -> usize {
        self.ever_listed.len()
    }

    fn address(n: usize) -> String {
        format!("{}-group", 120_363_000_000_000_000_u64 + n as u64)
    }

    fn wording(&self) -> String {
        let event = Event {
            name: format!("Launch {}", self.name),
            description: Some(format!("Version {}", self.version)),
            date_time: format!("2026-12-24T{}:00:00.000Z", self.hour),
            time_zone: None,
            location: None,
            call_link_type: None,
            canceled: self.canceled,
        };
        serde_json::to_string(&event).unwrap()
    }

    /// Address and wording of everybody listed.
    pub(super) fn wanted(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.listed.iter().map(|n| (Self::address(*n), self.wording()))
    }

    fn message(&self, n: usize) -> Message {
        let address = Self::address(n);
        Message {
            key: MessageKey { event: "launch".into(), identity: Identity::new(address.clone()) },
            label: address.clone(),
            address: Address::new(address),
            source: RowSource { file: "groups.csv".into(), line: u32::try_from(n).unwrap() + 2 },
            list: "groups".into(),
            instance: n % self.lanes,
            event: self.wording(),
            variant: None,
            columns: Vec::new(),
        }
    }
}

/// Brings the ledger in line with the manifest.
pub(super) fn apply_manifest(world: &mut World, scenario: &Scenario, manifest: &Manifest) {
    let mut spool = Spool::new();
    for n in &manifest.listed {
        spool.push(&Expanded::Message(manifest.message(*n))).unwrap();
    }
    let instances: Vec<InstanceRef> = scenario
        .fleet
        .lanes
        .iter()
        .map(|lane| InstanceRef { name: Arc::clone(&lane.name), fingerprint: Some(lane.fingerprint.clone()) })
        .collect();
    let context = PlanContext {
        instances: &instances,
        rules: manifest.rules,
        narrow: &Narrow::default(),
        suppressed: &|_| false,
        columns: &[],
        now: world.clock(),
    };
    world
        .ledger
        .begin_reconcile(&spool, &context, &mut |_| std::ops::ControlFlow::Continue(()))
        .unwrap()
        .commit()
        .unwrap();
}

/// A person looks into every group of which nobody knows, and says what is there.
pub(super) fn resolve_unknown(world: &mut World) {
    let at = world.clock();
    for address in world.server.chats.keys().cloned().chain(world.unknown_addresses()).collect::<BTreeSet<_>>() {
        for unknown in world.ledger.find_unknown(&address, None, None).unwrap() {
            let verdict = match world.server.invitation(&address) {
                Some(id) => Verdict::Arrived { message_id: Some(id.clone()) },
                None => Verdict::NotArrived,
            };
            world.ledger.resolve(unknown.message, &verdict, at).unwrap();
        }
    }
}
