//! `delivery`, and the limits that an instance may override.

use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::super::raw::{OneOrMany, RawDelivery, RawInstance, RawWindow, Text};
use super::super::tree::Node;
use super::moment::{moment, senseless};
use super::{CheckedZone, Context, zone};
use crate::delivery::{Delivery, Limits, Rate, Window};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::text::values as words;

/// The limits that `delivery` and an instance have in common.
pub(super) struct RawLimits {
    rate: Option<Text>,
    jitter: Option<f64>,
    daily_limit: Option<i64>,
    window: Option<OneOrMany<RawWindow>>,
    not_before: Option<Text>,
    not_after: Option<Text>,
    max_queued: Option<i64>,
}

impl From<&RawInstance> for RawLimits {
    fn from(raw: &RawInstance) -> Self {
        Self {
            rate: raw.rate.clone(),
            jitter: raw.jitter,
            daily_limit: raw.daily_limit,
            window: raw.window.clone(),
            not_before: raw.not_before.clone(),
            not_after: raw.not_after.clone(),
            max_queued: raw.max_queued,
        }
    }
}

/// `timezone` is the manifest's; `Some(Err)` when it was reported as unknown.
pub(super) fn check(
    context: &mut Context<'_>,
    raw: RawDelivery,
    node: Option<&Node>,
    timezone: Option<&CheckedZone>,
) -> (Delivery, Limits) {
    let mut delivery = Delivery::default();
    let mut defaults = Limits::default();
    if let Some(Ok(zone)) = timezone {
        defaults.day_zone = zone.clone();
    }
    let Some(node) = node else { return (delivery, defaults) };
    if let Some(concurrency) = whole(context, node, "concurrency", raw.concurrency, 1, 256) {
        delivery.concurrency = concurrency as usize;
    }
    if let Some(retries) = whole(context, node, "retries", raw.retries, 0, 20) {
        delivery.retries = retries;
    }
    if let (Some(Text(text)), Some(node)) = (&raw.timeout, node.get("timeout")) {
        match timeout(text) {
            Ok(timeout) => delivery.timeout = timeout,
            Err(fault) => context.report(*fault, node),
        }
    }
    let limits = RawLimits {
        rate: raw.rate,
        jitter: raw.jitter,
        daily_limit: raw.daily_limit,
        window: raw.window,
        not_before: raw.not_before,
        not_after: raw.not_after,
        max_queued: raw.max_queued,
    };
    (delivery, self::limits(context, &limits, node, &defaults, timezone))
}

/// The limits written at `node` over those of `base`. What is faulty is reported and left as in `base`.
pub(super) fn limits(
    context: &mut Context<'_>,
    raw: &RawLimits,
    node: &Node,
    base: &Limits,
    timezone: Option<&CheckedZone>,
) -> Limits {
    let mut limits = base.clone();
    if let (Some(Text(text)), Some(node)) = (&raw.rate, node.get("rate")) {
        match Rate::parse(text) {
            Ok(rate) => limits.rate = rate,
            Err(near) => {
                let near = near.as_deref().or_else(|| nearest(text, ["unlimited"]));
                context.report(words::rate(text, near), node);
            }
        }
    }
    if let (Some(jitter), Some(node)) = (raw.jitter, node.get("jitter")) {
        if (0.0..=0.9).contains(&jitter) {
            limits.jitter = jitter;
        } else {
            context.report(words::range("jitter", &jitter.to_string(), "0", "0.9"), node);
        }
    }
    limits.daily_limit = whole(context, node, "dailyLimit", raw.daily_limit, 1, 1_000_000).or(base.daily_limit);
    limits.max_queued = whole(context, node, "maxQueued", raw.max_queued, 1, 1000).or(base.max_queued);
    if let (Some(raw), Some(node)) = (&raw.window, node.get("window")) {
        limits.windows = windows(context, raw, node, timezone);
        if let Some(first) = limits.windows.first() {
            limits.day_zone = first.zone.clone();
        }
    }
    if let (Some(Text(text)), Some(node)) = (&raw.not_before, node.get("notBefore")) {
        limits.not_before = moment(context, "notBefore", text, node, timezone).or(base.not_before);
    }
    if let (Some(Text(text)), Some(node)) = (&raw.not_after, node.get("notAfter")) {
        limits.not_after = moment(context, "notAfter", text, node, timezone).or(base.not_after);
    }
    senseless(context, &limits, node);
    limits
}

/// A whole number within its range.
fn whole(context: &mut Context<'_>, node: &Node, key: &str, value: Option<i64>, least: u32, most: u32) -> Option<u32> {
    let (value, node) = (value?, node.get(key)?);
    let checked = u32::try_from(value).ok().filter(|value| (least..=most).contains(value));
    if checked.is_none() {
        context.report(words::range(key, &value.to_string(), &least.to_string(), &most.to_string()), node);
    }
    checked
}

fn timeout(text: &str) -> Result<Duration, Box<Diagnostic>> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = text[digits.len()..].trim();
    let Ok(seconds) = digits.trim().parse::<u64>() else {
        return Err(Box::new(words::duration("timeout", text, None)));
    };
    let meant = match unit {
        "s" | "" | "sec" | "seconds" => Some(seconds),
        "m" | "min" => seconds.checked_mul(60),
        _ => None,
    };
    if unit != "s" || digits.len() + 1 != text.len() {
        let near = meant.filter(|seconds| (1..=120).contains(seconds)).map(|seconds| format!("{seconds}s"));
        return Err(Box::new(words::duration("timeout", text, near)));
    }
    if !(1..=120).contains(&seconds) {
        return Err(Box::new(words::range("timeout", text, "1s", "120s")));
    }
    Ok(Duration::from_secs(seconds))
}

fn windows(
    context: &mut Context<'_>,
    raw: &OneOrMany<RawWindow>,
    node: &Node,
    timezone: Option<&CheckedZone>,
) -> Vec<Window> {
    match raw {
        OneOrMany::One(raw) => window(context, raw, node, timezone).into_iter().collect(),
        OneOrMany::Many(many) => {
            many.iter().zip(node.items()).filter_map(|(raw, node)| window(context, raw, node, timezone)).collect()
        }
    }
}

fn window(context: &mut Context<'_>, raw: &RawWindow, node: &Node, timezone: Option<&CheckedZone>) -> Option<Window> {
    let days = match (&raw.days, node.get("days")) {
        (Some(Text(text)), Some(node)) => match days(text) {
            Ok(days) => Some(days),
            Err(word) => {
                context.report(words::window_days(&word, nearest(&word, DAYS.iter().copied())), node);
                None
            }
        },
        (None, Some(node)) if !node.is_null() => None,
        _ => Some([true; 7]),
    };
    let from = time_of_day(context, raw.from.as_ref(), node.get("from"), "from");
    let to = time_of_day(context, raw.to.as_ref(), node.get("to"), "to");
    let own = zone(context, raw.timezone.as_ref(), node.get("timezone"));
    let zone = match own.as_ref().or(super::zone_around(node, timezone)) {
        Some(Ok(zone)) => Some(zone.clone()),
        Some(Err(())) => None,
        None => {
            context.report(words::window_without_zone(), node);
            None
        }
    };
    // The end of a day belongs to the next one, which `days` may not name.
    if let (Some(OfDay::End), Some(node)) = (&from, node.get("from")) {
        context.report(words::window_from_end(), node);
    }
    let (OfDay::Time(from), to) = (from?, to?) else { return None };
    let to = match to {
        // The last instant of the day stands for its end, because a civil time has no 24:00.
        OfDay::End if from == Time::midnight() => Time::MAX,
        OfDay::End => Time::midnight(),
        OfDay::Time(to) => to,
    };
    if from == to {
        context.report(words::window_empty(&from.strftime("%H:%M").to_string()), node);
        return None;
    }
    let zone: TimeZone = zone?;
    Some(Window { days: days?, from, to, zone })
}

enum OfDay {
    Time(Time),
    /// 24:00
    End,
}

fn time_of_day(context: &mut Context<'_>, text: Option<&Text>, node: Option<&Node>, key: &str) -> Option<OfDay> {
    let (Text(text), node) = (text?, node?);
    let read = || {
        let (hours, minutes) = text.split_once(':')?;
        let two = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()) && (1..=2).contains(&part.len());
        let (hour, minute): (i8, i8) = (
            two(hours).then(|| hours.parse().ok())??,
            (minutes.len() == 2 && two(minutes)).then(|| minutes.parse().ok())??,
        );
        if (hour, minute) == (24, 0) {
            return Some(OfDay::End);
        }
        Time::new(hour, minute, 0, 0).ok().map(OfDay::Time)
    };
    let time = read();
    if time.is_none() {
        context.report(words::window_time(key, text), node);
    }
    time
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// `mon-fri`, `mon,wed`, `fri-mon,wed`; the word that is no day otherwise.
fn days(text: &str) -> Result<[bool; 7], String> {
    let day = |word: &str| {
        let word = word.trim();
        DAYS.iter().position(|day| day.eq_ignore_ascii_case(word)).ok_or_else(|| word.to_owned())
    };
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (day(first)?, day(last)?),
            None => (day(part)?, day(part)?),
        };
        let mut at = first;
        days[at] = true;
        while at != last {
            at = (at + 1) % 7;
            days[at] = true;
        }
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts() {
        assert_eq!(timeout("30s").unwrap(), Duration::from_secs(30));
        for text in ["0s", "121s", "30", "30ms", "1m", "s", "", "-3s", "3 s", "99999999999999999999s"] {
            assert!(timeout(text).is_err(), "{text}");
        }
        assert_eq!(timeout("2m").unwrap_err().help.as_deref(), Some("did you mean `120s`?"));
    }

    #[test]
    fn days_of_the_week() {
        let (t, f) = (true, false);
        assert_eq!(days("mon-fri"), Ok([t, t, t, t, t, f, f]));
        assert_eq!(days("sat-mon, Wed"), Ok([t, f, t, f, f, t, t]));
        assert_eq!(days("sun"), Ok([f, f, f, f, f, f, t]));
        assert_eq!(days("mon-freitag"), Err("freitag".to_owned()));
        assert_eq!(days(""), Err(String::new()));
    }
}
