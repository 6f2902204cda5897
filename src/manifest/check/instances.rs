//! `instances`: credentials that stand in the environment, and limits of their own.

use super::super::InstanceSpec;
use super::super::raw::{Ordered, RawInstance, Text};
use super::super::secret::{SecretText, VariableFault};
use super::super::tree::Node;
use super::delivery::{self, RawLimits};
use super::{CheckedZone, Context, is_name, shared, slug};
use crate::delivery::Limits;
use crate::diagnostic::Place;
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::text::values as words;

/// Faulty instances are kept, with whatever credentials could be read: their names exist and may be referred to.
pub(super) fn check(
    context: &mut Context<'_>,
    raw: Option<&Ordered<RawInstance>>,
    node: Option<&Node>,
    limits: &Limits,
    timezone: Option<&CheckedZone>,
) -> Vec<InstanceSpec> {
    let (Some(raw), Some(node)) = (raw, node) else { return Vec::new() };
    let mut instances = Vec::with_capacity(raw.0.len());
    for ((name, raw), entry) in raw.0.iter().zip(node.entries()) {
        if !is_name(name) {
            context.report_at(words::name("the instance's name", name, &slug(name)), entry.key_span);
        }
        let place = context.place_of(entry.key_span);
        let nothing = || SecretText::empty(place.clone());
        let Some(raw) = raw else {
            let spec = InstanceSpec {
                name: shared(name),
                id: nothing(),
                token: nothing(),
                client_token: None,
                limits: limits.clone(),
                place,
            };
            instances.push(spec);
            continue;
        };
        let node = &entry.value;
        let id = credential(context, "id", raw.id.as_ref(), node).unwrap_or_else(nothing);
        let token = credential(context, "token", raw.token.as_ref(), node).unwrap_or_else(nothing);
        let client_token = credential(context, "clientToken", raw.client_token.as_ref(), node);
        // A misspelt one was reported as such.
        let meant = node.entries().iter().any(|entry| {
            entry.key != "clientToken" && nearest(&entry.key, ["id", "token", "clientToken"]) == Some("clientToken")
        });
        if node.get("clientToken").is_none_or(Node::is_null) && !meant && !node.cut {
            context.report_at(words::no_client_token(name), entry.key_span);
        }
        // One number is one lane: two would each keep a pace of its own.
        let twin = instances.iter().find(|other: &&InstanceSpec| id.is_written_like(&other.id));
        if let (Some(twin), Some(node)) = (twin, node.get("id")) {
            context.report(words::same_instance(name, &twin.name), node);
        }
        let limits = delivery::limits(context, &RawLimits::from(raw), node, limits, timezone);
        instances.push(InstanceSpec { name: shared(name), id, token, client_token, limits, place });
    }
    instances
}

fn credential(context: &mut Context<'_>, key: &str, text: Option<&Text>, node: &Node) -> Option<SecretText> {
    let (Text(text), node) = (text?, node.get(key)?);
    if text.trim().is_empty() {
        context.report(words::credential_empty(key), node);
        return None;
    }
    match SecretText::parse(text, node.place(context.source)) {
        Ok(secret) => {
            if secret.is_literal() {
                // Without its line: the report would show the secret to everybody who reads a CI log.
                let place = Place { excerpt: None, ..node.place(context.source) };
                context.diagnostics.push(words::literal_secret(key, variable_for(key)).at(place));
            }
            Some(secret)
        }
        Err(VariableFault::Unclosed) => {
            context.report(words::variable_unclosed(), node);
            None
        }
        Err(VariableFault::BadName) => {
            context.report(words::variable_bad_name(), node);
            None
        }
    }
}

fn variable_for(key: &str) -> &'static str {
    match key {
        "id" => "ZAPI_INSTANCE_ID",
        "token" => "ZAPI_INSTANCE_TOKEN",
        _ => "ZAPI_CLIENT_TOKEN",
    }
}
