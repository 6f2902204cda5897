//! `notBefore` and `notAfter`: moments, so without an offset or a zone they mean nothing.

use jiff::Timestamp;

use super::super::event::time::{self, Written};
use super::super::tree::Node;
use super::{CheckedZone, Context};
use crate::delivery::Limits;
use crate::diagnostic::text::values as words;

pub(super) fn moment(
    context: &mut Context<'_>,
    key: &str,
    text: &str,
    node: &Node,
    timezone: Option<&CheckedZone>,
) -> Option<Timestamp> {
    let text = text.trim();
    let written = match time::read(text) {
        Ok(written) => written,
        Err(fault) => {
            let fault = words::moment_in_zone(key, &fault.message)
                .help(fault.help.unwrap_or_else(|| "write it as 2026-12-01T09:00".to_owned()));
            context.report(fault, node);
            return None;
        }
    };
    // On an event's date a Z is no offset, everywhere else it is UTC: hours apart, so nobody shall have to guess.
    if matches!(written, Written::Local(_)) && text.ends_with(['Z', 'z']) {
        let local = text.trim_end_matches(['Z', 'z']);
        let fault = words::moment_in_zone(key, "a Z at its end may mean UTC or no zone at all");
        context.report(fault.help(format!("write {local}+00:00 for UTC, or {local} for the manifest's zone")), node);
        return None;
    }
    let zone = match timezone {
        // With an offset it is a moment, whatever the zone.
        _ if matches!(written, Written::At(..)) => None,
        Some(Ok(zone)) => Some(zone),
        // The manifest's zone was reported; what it would have made of this cannot be known.
        Some(Err(())) => return None,
        None => None,
    };
    if zone.is_none() && matches!(written, Written::Local(_)) {
        context.report(words::moment_without_zone(key), node);
        return None;
    }
    match time::resolve(&written, zone) {
        Ok(resolved) => {
            // Without a moment there would be no limit at all.
            if resolved.at.is_none() {
                context.report(words::moment_too_late(key, text), node);
            }
            resolved.at
        }
        Err(fault) => {
            let mut reported = words::moment_in_zone(key, &fault.message);
            reported.help = fault.help;
            context.report(reported, node);
            None
        }
    }
}

/// Reports limits between which no moment lies, or none that is still to come.
pub(super) fn senseless(context: &mut Context<'_>, limits: &Limits, node: &Node) {
    let written = node.get("notAfter").or(node.get("notBefore"));
    if let (Some(before), Some(after), Some(node)) = (limits.not_before, limits.not_after, written)
        && after <= before
    {
        context.report(words::moments_crossed(), node);
    }
    if let (Some(after), Some(node)) = (limits.not_after, node.get("notAfter"))
        && after <= context.now
    {
        context.report(words::not_after_past(), node);
    }
}
