//! Random histories: manifests are edited, applied, killed and applied again, with a model of what each recipient may
//! see after every step and must see at the end. The real binary and the stand-in; only the model is ours.
//!
//! `ZAPI_EDIT_HISTORIES=200 cargo test --test it histories` runs more of them.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Value, json};
use zapi_batch::sandbox::{Options, Running};

use crate::world::{World, events, log, server_with};

const GROUPS: usize = 6;

/// What the event says in a manifest.
#[derive(Debug, Clone)]
struct Wording {
    name: u8,
    hour: u8,
    place: Option<u8>,
    canceled: bool,
}

/// One edit of the manifest, and the apply that follows.
#[derive(Debug, Clone)]
struct Step {
    wording: Wording,
    listed: [bool; GROUPS],
    suppressed: [bool; GROUPS],
    cancel_left: bool,
    allow_rewrite: bool,
    /// Killed once so many of its requests have arrived.
    killed_after: Option<u64>,
}

fn step() -> impl Strategy<Value = Step> {
    let wording = (0..2_u8, 18..20_u8, prop::option::of(0..2_u8), prop::bool::weighted(0.15))
        .prop_map(|(name, hour, place, canceled)| Wording { name, hour, place, canceled });
    let many = |likely: f64| prop::array::uniform6(prop::bool::weighted(likely));
    let rules = (prop::bool::weighted(0.3), prop::bool::weighted(0.3));
    (wording, many(0.8), many(0.1), rules, prop::option::of(0..7_u64)).prop_map(
        |(wording, mut listed, suppressed, (cancel_left, allow_rewrite), killed_after)| {
            // A list of nobody is an error.
            listed[0] = true;
            Step { wording, listed, suppressed, cancel_left, allow_rewrite, killed_after }
        },
    )
}

impl Wording {
    fn event(&self) -> Value {
        let mut event = json!({
            "name": format!("Launch {}", self.name),
            "dateTime": format!("2027-05-14T{}:00:00.000Z", self.hour),
            "timeZone": "UTC+0",
            "canceled": self.canceled,
        });
        if let Some(place) = self.place {
            event["location"] = json!({ "name": format!("Hall {place}") });
        }
        event
    }

    fn manifest(&self) -> String {
        let place = self.place.map(|place| format!("    location: {{ name: Hall {place} }}\n")).unwrap_or_default();
        format!(
            "version: 1\ncampaign: spring\ntimezone: UTC\ninstances:\n  main: {{ id: \"${{ZAPI_INSTANCE_ID}}\", \
             token: \"${{ZAPI_INSTANCE_TOKEN}}\", clientToken: \"${{ZAPI_CLIENT_TOKEN}}\" }}\nevents:\n  launch:\n    \
             name: Launch {}\n    dateTime: \"2027-05-14T{}:00\"\n    canceled: {}\n{place}recipients:\n  groups: {{ csv: \
             list.csv }}\nsuppress:\n  - csv: optout.csv\n",
            self.name, self.hour, self.canceled
        )
    }
}

fn address(group: usize) -> String {
    format!("{}-group", 120_363_050_000_000_000_u64 + group as u64)
}

fn csv(which: [bool; GROUPS]) -> String {
    let mut lines = vec!["phone".to_owned()];
    lines.extend((0..GROUPS).filter(|group| which[*group]).map(address));
    lines.join("\n")
}

fn called_off(event: &Value) -> Value {
    let mut event = event.clone();
    event["canceled"] = true.into();
    event
}

fn is_rewritten(old: &Value, new: &Value) -> bool {
    old["name"] != new["name"] && old["dateTime"] != new["dateTime"]
}

/// What may be believed of one recipient, from outside.
#[derive(Debug, Clone, Default)]
struct Believed {
    /// What the ledger may think that the recipient has: more than one thing after a kill.
    has: Vec<Value>,
    /// A call-off, or an allowed rewrite, that was killed goes on without being asked for again.
    called_off: bool,
    allowed: Option<Value>,
}

struct History {
    world: World,
    server: Running,
    believed: Vec<Believed>,
}

impl History {
    fn new() -> Self {
        let server = server_with(Options { latency: Duration::from_millis(3), ..Options::default() });
        Self { world: World::new(), server, believed: vec![Believed::default(); GROUPS] }
    }

    fn seen(&self) -> Vec<Option<Value>> {
        let all: BTreeMap<String, Value> =
            events(&self.server.base_url).into_iter().map(|(phone, _, event)| (phone, event)).collect();
        (0..GROUPS).map(|group| all.get(&address(group)).cloned()).collect()
    }

    /// Edits the manifest and applies it; afterwards everybody has what the model allows.
    fn take(&mut self, step: &Step) {
        self.world.write("m.yaml", step.wording.manifest());
        self.world.write("list.csv", csv(step.listed));
        self.world.write("optout.csv", csv(step.suppressed));
        let before = self.seen();
        let (code, is_killed) = self.apply(step);
        if is_killed {
            self.resolve_unknown();
        }
        let after = self.seen();
        let mut blocked = (false, false);
        for group in 0..GROUPS {
            let (may, must) = self.check(group, step, before[group].as_ref(), after[group].as_ref(), is_killed);
            blocked = (blocked.0 || may, blocked.1 || must);
        }
        if !is_killed {
            let allowed: &[i32] = if blocked.1 {
                &[1]
            } else if blocked.0 {
                &[0, 1]
            } else {
                &[0]
            };
            assert!(allowed.contains(&code), "exit {code}, expected one of {allowed:?}");
        }
        let mut creates: BTreeMap<String, u32> = BTreeMap::new();
        for entry in log(&self.server.base_url) {
            assert_eq!(entry["status"], 200, "{entry}");
            if entry["endpoint"] == "send-event" {
                *creates.entry(entry["recipient"].to_string()).or_default() += 1;
            }
        }
        assert!(creates.values().all(|times| *times == 1), "somebody was invited twice: {creates:?}");
    }

    fn apply(&self, step: &Step) -> (i32, bool) {
        let url = &self.server.base_url;
        let mut arguments = vec!["apply", "m.yaml", "--base-url", url, "--rate", "unlimited", "--concurrency", "2"];
        arguments.extend(step.cancel_left.then_some("--cancel-left"));
        arguments.extend(step.allow_rewrite.then_some("--allow-rewrite"));
        let begun = self.server.counts().requests;
        let mut child = self.world.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return (status.code().unwrap(), false);
            }
            if step.killed_after.is_some_and(|after| self.server.counts().requests >= begun + after) {
                child.kill().unwrap();
                let code = child.wait().unwrap().code().unwrap_or(-1);
                self.quiet();
                return (code, true);
            }
            std::thread::sleep(Duration::from_micros(300));
        }
    }

    /// What a killed run had sent may still be on its way.
    fn quiet(&self) {
        let mut seen = None;
        while seen != Some(self.server.counts()) {
            seen = Some(self.server.counts());
            std::thread::sleep(Duration::from_millis(40));
        }
    }

    /// A person looks into the groups of which nobody knows, and says what is there.
    fn resolve_unknown(&self) {
        // What a killed run left open is unknown; reading the ledger says so before the next run does.
        let rows = self.world.run(&["results", "m.yaml"]);
        if rows.code != Some(0) {
            return;
        }
        // `resolve` opens the ledger under its lock, which turns what is open into unknown.
        let arrived: BTreeMap<String, String> =
            events(&self.server.base_url).into_iter().map(|(phone, id, _)| (phone, id)).collect();
        for row in crate::world::rows_of(rows.stdout.as_bytes()) {
            let recipient = row.get("recipient");
            if row.get("status") != "unknown" {
                continue;
            }
            match arrived.get(recipient) {
                Some(id) => self.world.run(&["resolve", "m.yaml", recipient, "--arrived", "--message-id", id]),
                None => self.world.run(&["resolve", "m.yaml", recipient, "--not-arrived"]),
            }
            .expect(0);
        }
    }

    /// What one recipient may have after a step; says whether its message may be blocked, and whether it must be.
    fn check(
        &mut self,
        group: usize,
        step: &Step,
        before: Option<&Value>,
        after: Option<&Value>,
        is_killed: bool,
    ) -> (bool, bool) {
        let believed = &mut self.believed[group];
        let wanted = step.wording.event();
        let is_listed = step.listed[group] && !step.suppressed[group];
        let who = format!("{group}: {before:?} -> {after:?}, {believed:?}");
        let mut blocked = (false, false);
        let Some(before) = before else {
            let is_invited = is_listed && !wanted["canceled"].as_bool().unwrap();
            assert!(after.is_none() || is_invited && after == Some(&wanted), "{who}");
            assert!(is_killed || after.is_some() == is_invited, "{who}");
            believed.has = after.cloned().into_iter().collect();
            return blocked;
        };
        let after = after.unwrap_or_else(|| panic!("an invitation is gone: {who}"));
        let mut allowed = vec![before.clone()];
        let mut must = None;
        if is_listed {
            let is_allowed = step.allow_rewrite || believed.allowed.as_ref() == Some(&wanted);
            let rewrites = believed.has.iter().filter(|has| is_rewritten(has, &wanted)).count();
            let all = rewrites == believed.has.len();
            blocked = (!step.allow_rewrite && rewrites > 0, !is_allowed && rewrites > 0 && all);
            if !blocked.1 {
                allowed.push(wanted.clone());
                must = (rewrites == 0 || step.allow_rewrite).then(|| wanted.clone());
            }
        } else if !step.suppressed[group] {
            if step.cancel_left || believed.called_off {
                allowed.extend(believed.has.iter().map(called_off));
            }
            must = (step.cancel_left && believed.has.len() == 1).then(|| called_off(&believed.has[0]));
        }
        assert!(allowed.contains(after), "{who}, allowed {allowed:?}");
        if let Some(must) = must.filter(|_| !is_killed) {
            assert_eq!(*after, must, "{who}");
        }
        believed.note(step, group, &wanted, after, is_killed, blocked);
        blocked
    }
}

impl Believed {
    fn note(
        &mut self,
        step: &Step,
        group: usize,
        wanted: &Value,
        after: &Value,
        is_killed: bool,
        blocked: (bool, bool),
    ) {
        let is_listed = step.listed[group];
        if is_killed {
            if !self.has.contains(after) {
                self.has.push(after.clone());
            }
            self.called_off |= !is_listed && step.cancel_left;
            if step.allow_rewrite && is_listed {
                self.allowed = Some(wanted.clone());
            }
            return;
        }
        if is_listed && !step.suppressed[group] && !blocked.0 || !is_listed && step.cancel_left {
            self.has = vec![after.clone()];
            self.allowed = None;
        } else if !self.has.contains(after) {
            self.has.push(after.clone());
        }
        self.called_off &= !is_listed;
        self.called_off |= !is_listed && step.cancel_left;
    }
}

fn live(steps: &[Step]) {
    let mut history = History::new();
    for step in steps {
        history.take(step);
    }
    // In the end everybody is listed, everything is allowed and nothing is killed: everybody has the last wording.
    let last = Step {
        wording: Wording { canceled: false, ..steps[steps.len() - 1].wording.clone() },
        listed: [true; GROUPS],
        suppressed: [false; GROUPS],
        cancel_left: false,
        allow_rewrite: true,
        killed_after: None,
    };
    history.take(&last);
    assert!(history.seen().iter().all(|event| *event == Some(last.wording.event())), "{:?}", history.seen());
    let requests = history.server.counts().requests;
    history.take(&Step { allow_rewrite: false, ..last });
    assert_eq!(history.server.counts().requests, requests, "applied once more there is nothing to do");
}

fn histories() -> u32 {
    std::env::var("ZAPI_EDIT_HISTORIES").map_or(8, |histories| histories.parse().unwrap())
}

proptest! {
    #![proptest_config(Config {
        cases: histories(),
        max_shrink_iters: 60,
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn histories_of_edits_kills_and_applies_end_as_the_manifest_says(steps in prop::collection::vec(step(), 2..7)) {
        live(&steps);
    }
}
