//! Every endpoint that is not a send: status, queue, groups, numbers, settings.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawPathParams, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::checks::is_group;
use super::options::GroupSpec;
use super::server::{Answer, Caller, Shared, answer, error, query, read_json, state_file_fault};
use crate::gateway::wire::{QueueQuery, Status};

/// When the sandbox's subscription ends: a date so far away that nobody waits for it.
const DUE_MS: i64 = 4_102_444_800_000;

pub(super) async fn status(State(shared): State<Arc<Shared>>, Caller(id): Caller) -> Answer {
    let (mut world, now_ms) = shared.lock();
    let connected = world.instance(&id, now_ms).queue.is_connected();
    let status = Status { connected, smartphone_connected: connected };
    let mut value = serde_json::to_value(status).unwrap_or_default();
    // As the service does: filled when all is well, too.
    value["error"] = Value::from(if connected { "You are already connected" } else { "You are not connected" });
    answer(StatusCode::OK, &value)
}

pub(super) async fn me(State(shared): State<Arc<Shared>>, Caller(id): Caller) -> Answer {
    let (mut world, now_ms) = shared.lock();
    let connected = world.instance(&id, now_ms).queue.is_connected();
    let me = json!({
        "id": &*id,
        "name": "sandbox",
        "due": DUE_MS,
        "connected": connected,
        "paymentStatus": if world.options.is_trial { "TRIAL" } else { "PAID" },
        "created": 0,
        "deliveryCallbackUrl": null,
        "messageStatusCallbackUrl": null,
        "receivedCallbackUrl": null,
        "disconnectedCallbackUrl": null,
        "receiveCallbackSentByMe": false,
    });
    answer(StatusCode::OK, &me)
}

pub(super) async fn device(_caller: Caller) -> Answer {
    answer(StatusCode::OK, &json!({ "phone": "5511999990000", "name": "Sandbox" }))
}

pub(super) async fn groups(State(shared): State<Arc<Shared>>, _caller: Caller, uri: Uri) -> Answer {
    let number = |name| query(&uri, name).and_then(|text| text.parse::<usize>().ok()).filter(|number| *number > 0);
    let (Some(page), Some(size)) = (number("page"), number("pageSize")) else {
        return error(StatusCode::BAD_REQUEST, "page and pageSize are required");
    };
    let (world, _) = shared.lock();
    let groups: Vec<_> = known_groups(&world.options.groups)
        .into_iter()
        .skip((page - 1).saturating_mul(size))
        .take(size)
        .map(|group| json!({ "isGroup": true, "name": group.name, "phone": group.id, "unread": "0", "archived": "false" }))
        .collect();
    answer(StatusCode::OK, &groups)
}

pub(super) async fn light_group_metadata(
    State(shared): State<Arc<Shared>>,
    _caller: Caller,
    params: RawPathParams,
) -> Answer {
    let id = param(&params, "group");
    if !is_group(id) {
        return error(StatusCode::BAD_REQUEST, "Invalid group");
    }
    let (world, _) = shared.lock();
    let is_in_all = world.options.groups.is_empty();
    let found = known_groups(&world.options.groups).into_iter().find(|group| group.id == id);
    let Some(group) = found.or_else(|| is_in_all.then(|| plain_group(id, "Sandbox group"))) else {
        return error(StatusCode::BAD_REQUEST, "Group not found");
    };
    let metadata = json!({
        "phone": group.id,
        "subject": group.name,
        "adminOnlyMessage": group.is_admin_only,
        "isGroupAnnouncement": group.is_announcement,
        "communityId": group.is_announcement.then_some("120363019502650000"),
    });
    answer(StatusCode::OK, &metadata)
}

fn known_groups(given: &[GroupSpec]) -> Vec<GroupSpec> {
    if !given.is_empty() {
        return given.to_vec();
    }
    (1..=3)
        .map(|number| plain_group(&format!("12036301950265000{number}-group"), &format!("Sandbox {number}")))
        .collect()
}

fn plain_group(id: &str, name: &str) -> GroupSpec {
    GroupSpec { id: id.to_owned(), name: name.to_owned(), is_admin_only: false, is_announcement: false }
}

pub(super) async fn queue(
    State(shared): State<Arc<Shared>>,
    Caller(id): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let asked: QueueQuery = match read_json(headers.get(header::CONTENT_TYPE), &body) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    if asked.page_size == 0 || asked.page_size > QueueQuery::PAGE_SIZE_MAX {
        return error(StatusCode::BAD_REQUEST, "pageSize must be from 1 to 30");
    }
    let after = match asked.paging_state.as_deref().map(|state| u64::from_str_radix(state, 16)) {
        None => 0,
        Some(Ok(after)) => after,
        Some(Err(_)) => return error(StatusCode::BAD_REQUEST, "pagingState is not valid"),
    };
    let (mut world, now_ms) = shared.lock();
    let is_trial = world.options.is_trial;
    let (page, last, has_more) = world.instance(&id, now_ms).queue.page(after, asked.page_size as usize, now_ms);
    let messages: Vec<_> = page
        .into_iter()
        .map(|waiting| {
            json!({
                "MessageId": waiting.message_id,
                "ZaapId": waiting.zaap_id,
                "Phone": waiting.phone,
                "Message": "event",
                "Created": waiting.created_ms,
                "IsTrial": is_trial,
            })
        })
        .collect();
    let paging_state = has_more.then(|| format!("{last:x}"));
    answer(StatusCode::OK, &json!({ "messages": messages, "pagingState": paging_state, "hasMore": has_more }))
}

pub(super) async fn queue_count(State(shared): State<Arc<Shared>>, Caller(id): Caller) -> Answer {
    let (mut world, now_ms) = shared.lock();
    let count = world.instance(&id, now_ms).queue.len(now_ms);
    answer(StatusCode::OK, &json!({ "count": count }))
}

pub(super) async fn delete_queued(
    State(shared): State<Arc<Shared>>,
    Caller(id): Caller,
    params: RawPathParams,
) -> Answer {
    let (mut world, now_ms) = shared.lock();
    match world.take_back(&id, param(&params, "zaap_id"), now_ms) {
        Ok(true) => answer(StatusCode::OK, &json!({ "value": true })),
        Ok(false) => error(StatusCode::NOT_FOUND, "Message not found in the queue"),
        Err(_) => state_file_fault(),
    }
}

/// As the real one: everybody's messages. The program itself never asks for this.
pub(super) async fn empty_queue(State(shared): State<Arc<Shared>>, Caller(id): Caller) -> Answer {
    let (mut world, now_ms) = shared.lock();
    match world.take_back_all(&id, now_ms) {
        Ok(()) => answer(StatusCode::OK, &json!({ "value": true })),
        Err(_) => state_file_fault(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueueSettings {
    disable_enqueue_when_disconnected: bool,
}

pub(super) async fn update_queue_settings(
    State(shared): State<Arc<Shared>>,
    Caller(id): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let settings: QueueSettings = match read_json(headers.get(header::CONTENT_TYPE), &body) {
        Ok(settings) => settings,
        Err(refusal) => return *refusal,
    };
    let (mut world, now_ms) = shared.lock();
    world.instance(&id, now_ms).refuses_when_disconnected = settings.disable_enqueue_when_disconnected;
    answer(StatusCode::OK, &json!({ "value": true }))
}

#[derive(Deserialize)]
struct Phones {
    phones: Vec<String>,
}

/// Every number exists.
pub(super) async fn phone_exists_batch(_caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: Phones = match read_json(headers.get(header::CONTENT_TYPE), &body) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    if asked.phones.len() > 50_000 {
        return error(StatusCode::BAD_REQUEST, "at most 50000 phones");
    }
    let exists = |phone| json!({ "exists": true, "inputPhone": phone, "outputPhone": phone, "lid": null });
    answer(StatusCode::OK, &asked.phones.into_iter().map(exists).collect::<Vec<_>>())
}

fn param<'a>(params: &'a RawPathParams, name: &str) -> &'a str {
    params.iter().find(|(found, _)| *found == name).map_or("", |(_, value)| value)
}
