//! The wordings of a campaign: every way in which an event can be put to people, and the manifest that sends each of
//! them to the test list.
//!
//! Two wordings are the same when the templates, the zone and the vars that the templates use are: who is on a list does
//! not matter. Reads no rows; that a wording was tested is remembered elsewhere.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{EventTemplate, EventZone, Manifest, Send, Template, TestSpec, Var};

/// One wording of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// Index into the manifest's events.
    pub event: usize,
    /// What tells it from every other one.
    pub digest: String,
    /// The first send that uses it, by its index.
    send: usize,
    variant: usize,
}

/// All wordings that the sends come to, each once, in the manifest's order.
pub fn wordings(manifest: &Manifest) -> Vec<Wording> {
    let mut found: Vec<Wording> = Vec::new();
    for (index, send) in manifest.sends.iter().enumerate() {
        for wording in of_send(manifest, index, send) {
            if !found.iter().any(|known| known.digest == wording.digest) {
                found.push(wording);
            }
        }
    }
    found
}

/// The wordings of one send.
pub fn of_send<'m>(manifest: &'m Manifest, index: usize, send: &'m Send) -> impl Iterator<Item = Wording> + 'm {
    let event = send.event.and_then(|at| manifest.events.get(at).map(|event| (at, event)));
    event.into_iter().flat_map(move |(at, event)| {
        (0..event.variants()).map(move |variant| Wording {
            event: at,
            digest: digest(event, variant, &send.vars),
            send: index,
            variant,
        })
    })
}

impl Manifest {
    /// What a test sends: each of these wordings as an event of its own, to the test's lists alone, with the prefix
    /// before its name. An event with one wording keeps its id; with several they are `launch.1`, `launch.2` and so on.
    #[must_use]
    pub fn for_test(&self, test: &TestSpec, wordings: &[Wording]) -> Self {
        let lists = test.to.iter().filter_map(|list| self.lists.get(*list).cloned()).collect::<Vec<_>>();
        let mut events = Vec::with_capacity(wordings.len());
        let mut sends = Vec::with_capacity(wordings.len());
        for (index, wording) in wordings.iter().enumerate() {
            let same = |other: &&Wording| other.event == wording.event;
            let several = wordings.iter().filter(same).count() > 1;
            let number = wordings[..=index].iter().filter(same).count();
            events.push(event_for_test(&self.events[wording.event], wording.variant, several.then_some(number), test));
            let send = &self.sends[wording.send];
            sends.push(Send { event: Some(index), to: (0..lists.len()).collect(), ..send.clone() });
        }
        Self {
            source: self.source.clone(),
            path: self.path.clone(),
            folder: self.folder.clone(),
            campaign: self.campaign.clone(),
            timezone: self.timezone.clone(),
            instances: self.instances.clone(),
            delivery: self.delivery,
            events,
            sends,
            suppress: self.suppress.clone(),
            // A test list need not have the columns that the real ones have.
            results: super::ResultsOptions { columns: Vec::new(), ..self.results.clone() },
            test: Some(TestSpec { to: (0..lists.len()).collect(), ..test.clone() }),
            lists,
        }
    }
}

fn event_for_test(event: &EventTemplate, variant: usize, number: Option<usize>, test: &TestSpec) -> EventTemplate {
    let only = |texts: &[Template]| chosen(texts, variant).cloned().into_iter().collect::<Vec<_>>();
    EventTemplate {
        id: number.map_or_else(|| Arc::clone(&event.id), |number| format!("{}.{number}", event.id).into()),
        name: chosen(&event.name, variant).map(|name| name.prefixed(&test.prefix)).into_iter().collect(),
        description: only(&event.description),
        location_name: only(&event.location_name),
        ..event.clone()
    }
}

/// The text that a variant has: lists of different lengths are counted round.
fn chosen(texts: &[Template], variant: usize) -> Option<&Template> {
    (!texts.is_empty()).then(|| &texts[variant % texts.len()])
}

fn digest(event: &EventTemplate, variant: usize, vars: &[Var]) -> String {
    let zone = match &event.timezone {
        EventZone::None | EventZone::Faulty => String::new(),
        EventZone::Fixed(zone) => zone.iana_name().map_or_else(|| format!("{zone:?}"), str::to_owned),
        EventZone::Template(template) => template.written().to_owned(),
    };
    let zone_template = match &event.timezone {
        EventZone::Template(template) => Some(template),
        EventZone::None | EventZone::Fixed(_) | EventZone::Faulty => None,
    };
    let templates = [
        chosen(&event.name, variant),
        chosen(&event.description, variant),
        chosen(&event.location_name, variant),
        event.date_time.as_ref(),
        event.call_link_type.as_ref(),
        event.canceled.as_ref(),
    ];
    let mut hasher = Sha256::new();
    let mut add = |text: &str| {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    };
    add(&event.id);
    add(&zone);
    for template in templates {
        // A text that is missing is not the same as an empty one.
        add(if template.is_some() { "text" } else { "none" });
        add(template.map_or("", Template::written));
    }
    let mut used: Vec<&str> = templates
        .iter()
        .flatten()
        .copied()
        .chain(zone_template)
        .flat_map(Template::names)
        .filter(|name| !name.of_row)
        .map(|name| name.name.as_str())
        .collect();
    used.sort_unstable();
    used.dedup();
    for name in used {
        if let Some(var) = vars.iter().find(|var| var.name == name) {
            add(name);
            add(var.value.as_deref().unwrap_or_default());
        }
    }
    let mut hex = String::with_capacity(32);
    for byte in hasher.finalize().iter().take(16) {
        std::fmt::Write::write_fmt(&mut hex, format_args!("{byte:02x}")).expect("writing to a String does not fail");
    }
    hex
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::diagnostic::source::Source;

    const MANIFEST: &str = r#"version: 1
campaign: spring
timezone: America/Sao_Paulo
instances: { main: { id: "${A}", token: "${B}", clientToken: "${C}" } }
events:
  launch:
    name: ["Launch at {{ venue }}", "Come to {{ venue }}"]
    description: "Hi {{ first_name }}"
    dateTime: "2027-05-14T19:00"
  dinner: { name: Dinner, dateTime: "2027-05-14T21:00" }
recipients:
  vip: { list: [{ phone: "120363019502650977-group", first_name: Ana }] }
  staff: { list: [{ phone: "120363019502650978-group", first_name: Bia }] }
  team: { list: [{ phone: "120363019502650979-group", first_name: Caio }] }
sends:
  - { event: launch, to: [vip], vars: { venue: HQ, unused: "1" } }
  - { event: launch, to: [staff], vars: { venue: HQ, unused: "2" } }
  - { event: launch, to: [staff], vars: { venue: Harbour } }
  - { event: dinner, to: [vip] }
test: { to: [team], prefix: "[TEST] " }
"#;

    fn manifest(text: &str) -> Manifest {
        let mut diagnostics = Diagnostics::new();
        let source = Source::new("m.yaml".into(), text.into());
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let manifest = super::super::parse(Path::new("m.yaml"), &source, now, &mut diagnostics);
        assert_eq!(diagnostics.errors(), 0, "{:?}", diagnostics.sorted());
        manifest.unwrap()
    }

    #[test]
    fn a_wording_is_its_texts_and_times_and_the_vars_they_use() {
        let before = wordings(&manifest(MANIFEST));
        assert_eq!(before.iter().map(|wording| wording.event).collect::<Vec<_>>(), [0, 0, 0, 0, 1]);
        // (what changes, how many of the five are new)
        for (from, to, new) in [
            ("unused: \"1\"", "unused: \"9\"", 0),
            ("first_name: Ana", "first_name: Eva", 0),
            ("[TEST] ", "", 0),
            ("Hi {{", "Hello {{", 4),
            ("19:00", "20:00", 4),
            ("America/Sao_Paulo", "Europe/Lisbon", 5),
            ("Harbour", "Beach", 2),
            ("Come to", "Join us at", 2),
            ("name: Dinner,", "name: Dinner, canceled: true,", 1),
        ] {
            let after = wordings(&manifest(&MANIFEST.replacen(from, to, 1)));
            let known = |wording: &&Wording| before.iter().any(|one| one.digest == wording.digest);
            assert_eq!(after.iter().filter(|wording| !known(wording)).count(), new, "{from} -> {to}");
        }
    }

    #[test]
    fn a_test_sends_every_wording_to_the_test_list_alone() {
        let manifest = manifest(MANIFEST);
        let all = wordings(&manifest);
        let test = manifest.for_test(manifest.test.as_ref().unwrap(), &all);
        let ids: Vec<&str> = test.events.iter().map(|event| &*event.id).collect();
        assert_eq!(ids, ["launch.1", "launch.2", "launch.3", "launch.4", "dinner"]);
        assert_eq!(test.lists.iter().map(|list| &*list.name).collect::<Vec<_>>(), ["team"]);
        assert!(test.sends.iter().all(|send| send.to == [0]) && test.events.iter().all(|event| event.variants() == 1));
        assert_eq!(test.events[4].name[0].is_constant(), Some("[TEST] Dinner"));
        assert_eq!(test.sends[2].vars[0].value.as_deref(), Some("Harbour"));
    }
}
