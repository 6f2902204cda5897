//! What `check` found out about each instance: for people, and the shape for programs.

use jiff::{Timestamp, Zoned};
use serde::Serialize;

use crate::diagnostic::render::Style;
use crate::recipient::mask_in_text;

use super::paint::{Page, Tone};
use super::words;

/// How many groups of a kind are named to people; programs get all.
const GROUPS_SHOWN: usize = 10;

/// One instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct InstanceReport {
    #[serde(skip)]
    pub name: String,
    /// The number it sends as.
    pub phone: Option<String>,
    /// The name that people see.
    pub display_name: Option<String>,
    pub connected: Option<bool>,
    pub smartphone_connected: Option<bool>,
    /// Messages in its queue, anybody's, and how many of them are this campaign's.
    pub queued: Option<u64>,
    pub ours: Option<u64>,
    /// How many of the others wait for people whose invitation is unknown: they may be this campaign's.
    pub maybe_ours: Option<u64>,
    /// Its messages carry a visible mark.
    pub trial: bool,
    /// When the subscription ends, RFC 3339.
    pub due: Option<String>,
    /// `None` when the account could not be asked.
    pub webhooks: Option<Webhooks>,
    /// Different groups that this instance is to write to.
    pub groups: usize,
    /// Listed, and the instance is not in them.
    pub not_in: Vec<GroupLine>,
    /// Only administrators may write there.
    pub admin_only: Vec<GroupLine>,
    /// A community's announcement groups.
    pub announcement: Vec<GroupLine>,
    /// What could not be found out, and why.
    pub faults: Vec<String>,
}

/// Which webhooks are set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[allow(clippy::struct_excessive_bools)] // one a webhook, as the service has them
pub struct Webhooks {
    pub delivery: bool,
    pub message_status: bool,
    pub received: bool,
    pub disconnected: bool,
}

/// A listed group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupLine {
    pub recipient: String,
    pub label: String,
    pub source: String,
}

/// For people; ends with a line break.
pub fn render(campaign: &str, instances: &[InstanceReport], notes: &[String], style: Style, now: &Zoned) -> String {
    let mut page = Page::new(style);
    page.head(Tone::Head, "CHECK ", campaign, "");
    for instance in instances {
        let number = instance.phone.as_deref().map(|phone| page.foreign(phone, 40));
        let name = instance.display_name.as_deref().map(|name| format!(" \"{}\"", page.foreign(name, 60)));
        let sends_as = number.map_or_else(
            || "number unknown".to_owned(),
            |number| format!("sends as {number}{}", name.unwrap_or_default()),
        );
        page.line(&format!("{}: {sends_as}", instance.name));
        one(&mut page, instance, now);
    }
    for note in notes {
        page.entry(Tone::Careful, "note", note);
    }
    page.into_text()
}

fn one(page: &mut Page, instance: &InstanceReport, now: &Zoned) {
    match instance.connected {
        Some(true) if instance.smartphone_connected == Some(false) => {
            page.entry(Tone::Good, "connected", "its phone is offline, which sending does not need");
        }
        Some(true) => page.entry(Tone::Good, "connected", ""),
        Some(false) => page.entry(Tone::Bad, "not connected", "scan the QR code at Z-API; messages would pile up"),
        None => {}
    }
    if let (Some(queued), Some(ours)) = (instance.queued, instance.ours) {
        page.entry(Tone::Quiet, "queue", &format!("{} waiting, {ours} of this campaign", words::messages(queued)));
    }
    if let Some(maybe @ 1..) = instance.maybe_ours {
        let waiting =
            format!("{maybe} of the others may be of this campaign: the invitation of whom they are for is unknown");
        page.entry(Tone::Careful, "unknown", &waiting);
    }
    if instance.trial {
        page.entry(Tone::Careful, "trial", "its messages carry a visible mark");
    }
    if let Some(due) = instance.due.as_deref().and_then(|due| due.parse::<Timestamp>().ok()) {
        let over = if due < now.timestamp() { "ended" } else { "paid until" };
        let tone = if due < now.timestamp() { Tone::Bad } else { Tone::Quiet };
        page.entry(tone, "account", &format!("{over} {}", words::date(due.to_zoned(now.time_zone().clone()).date())));
    }
    if let Some(set) = instance.webhooks {
        page.entry(Tone::Quiet, "webhooks", &webhooks(set));
    }
    groups(page, instance);
    for fault in &instance.faults {
        let fault = page.foreign(fault, 200);
        page.entry(Tone::Bad, "fault", &fault);
    }
}

fn webhooks(set: Webhooks) -> String {
    let all = [
        ("delivery", set.delivery),
        ("message status", set.message_status),
        ("received", set.received),
        ("disconnected", set.disconnected),
    ];
    let set: Vec<&str> = all.iter().filter(|(_, set)| *set).map(|(name, _)| *name).collect();
    if set.is_empty() { "none set".to_owned() } else { format!("set: {}", set.join(", ")) }
}

fn groups(page: &mut Page, instance: &InstanceReport) {
    if instance.groups == 0 {
        return;
    }
    page.entry(Tone::Quiet, "groups", &format!("{} listed", instance.groups));
    for (tone, word, rows, meaning) in [
        (Tone::Bad, "not in", &instance.not_in, "it is not a member, so nothing arrives there"),
        (Tone::Careful, "admins", &instance.admin_only, "only administrators may write: see that it is one"),
        (
            Tone::Careful,
            "community",
            &instance.announcement,
            "an announcement group holds every member of its community's groups: inviting both invites people twice",
        ),
    ] {
        for row in rows.iter().take(GROUPS_SHOWN) {
            let label = page.foreign(&row.label, 40);
            let recipient = page.foreign(&row.recipient, 40);
            page.entry(tone, word, &format!("\"{label}\"   {recipient}   {}", row.source));
        }
        if rows.len() > GROUPS_SHOWN {
            page.entry(tone, word, &format!("and {} more", rows.len() - GROUPS_SHOWN));
        }
        if !rows.is_empty() {
            page.line(&format!("            {meaning}"));
        }
    }
}

/// `{"campaign", "instances": {"main": {…}}, "notes", "exit"}` and a line break.
pub fn json(campaign: &str, instances: &[InstanceReport], notes: &[String], exit: u8, mask: bool) -> String {
    let shown = |text: &str| if mask { mask_in_text(text).into_owned() } else { text.to_owned() };
    let masked = |instance: &InstanceReport| {
        let mut instance = instance.clone();
        instance.phone = instance.phone.as_deref().map(shown);
        instance.display_name = instance.display_name.as_deref().map(shown);
        instance.faults.iter_mut().for_each(|fault| *fault = shown(fault));
        for row in instance.not_in.iter_mut().chain(&mut instance.admin_only).chain(&mut instance.announcement) {
            *row = GroupLine { recipient: shown(&row.recipient), label: shown(&row.label), source: row.source.clone() };
        }
        serde_json::to_value(instance).unwrap_or_default()
    };
    let instances: serde_json::Map<String, serde_json::Value> =
        instances.iter().map(|instance| (instance.name.clone(), masked(instance))).collect();
    let value = serde_json::json!({"campaign": campaign, "instances": instances, "notes": notes, "exit": exit});
    format!("{value}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_keeps_messages_from_arriving_is_said() {
        let row = |number: u32| GroupLine {
            recipient: format!("12036301950265097{number}-group"),
            label: format!("Vida ❤️ {number}"),
            source: format!("lists/groups.csv:{number}"),
        };
        let instance = InstanceReport {
            name: "main".into(),
            phone: Some("5511999990000".into()),
            display_name: Some("Vida ❤️\u{1b}[2J".into()),
            connected: Some(false),
            smartphone_connected: Some(false),
            queued: Some(30),
            ours: Some(20),
            maybe_ours: Some(2),
            trial: true,
            due: Some("2026-12-31T00:00:00Z".into()),
            webhooks: Some(Webhooks { delivery: true, ..Webhooks::default() }),
            groups: 12,
            not_in: vec![row(1)],
            admin_only: vec![row(2)],
            announcement: vec![row(3)],
            faults: vec!["/device: no answer for 5511999998888 within 5 s".into()],
        };
        let style = Style { colour: false, mask: true, width: 80 };
        let now: Zoned = "2026-12-04T18:00[America/Sao_Paulo]".parse().unwrap();
        let all = [instance];
        insta::assert_snapshot!(render("spring", &all, &["one note".to_owned()], style, &now), @r#"
        CHECK spring
        main: sends as 55119****0000 "Vida ❤️\u{1b}[2J"
          not connected scan the QR code at Z-API; messages would pile up
          queue     30 messages waiting, 20 of this campaign
          unknown   2 of the others may be of this campaign: the invitation of whom they are for is unknown
          trial     its messages carry a visible mark
          account   paid until Wed 30 Dec 2026
          webhooks  set: delivery
          groups    12 listed
          not in    "Vida ❤️ 1"   120363019502650971-group   lists/groups.csv:1
                    it is not a member, so nothing arrives there
          admins    "Vida ❤️ 2"   120363019502650972-group   lists/groups.csv:2
                    only administrators may write: see that it is one
          community "Vida ❤️ 3"   120363019502650973-group   lists/groups.csv:3
                    an announcement group holds every member of its community's groups: inviting both invites people twice
          fault     /device: no answer for 55119****8888 within 5 s
          note      one note
        "#);
        let json: serde_json::Value = serde_json::from_str(&json("spring", &all, &[], 1, true)).unwrap();
        assert_eq!(json["instances"]["main"]["phone"], "55119****0000");
        assert_eq!(json["instances"]["main"]["not_in"][0]["source"], "lists/groups.csv:1");
        assert_eq!(json["instances"]["main"]["faults"][0], "/device: no answer for 55119****8888 within 5 s");
    }
}
