//! Values as people type them on the command line: text in, value or a sentence that says what is allowed out.

use std::time::Duration;

use crate::delivery::Rate;

/// A length of time with its unit: `250ms`, `3s`, `2m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let allowed = || "a number with ms, s or m, such as 250ms, 1.5s or 2m".to_owned();
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let amount: f64 = text[..digits].parse().map_err(|_| allowed())?;
    let seconds = match &text[digits..] {
        "ms" => amount / 1000.0,
        "s" => amount,
        "m" | "min" => amount * 60.0,
        _ => return Err(allowed()),
    };
    Duration::try_from_secs_f64(seconds).ok().filter(|d| *d <= Duration::from_hours(1)).ok_or("at most 60m".to_owned())
}

/// A limit per instance: `20/min`, `2/s`, `500/h` or `unlimited`, as the manifest writes it.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    Rate::parse(text.trim()).map_err(|near| {
        near.map_or("20/min, 2/s, 500/h or unlimited".to_owned(), |near| format!("did you mean {near}?"))
    })
}

/// A share of all requests: `0.05` or `5%`.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let (number, scale) = text.trim().strip_suffix('%').map_or((text.trim(), 1.0), |number| (number, 100.0));
    match number.parse::<f64>() {
        Ok(value) if (0.0..=scale).contains(&value) => Ok(value / scale),
        _ => Err("a share of all requests from 0 to 1, such as 0.05 or 5%".to_owned()),
    }
}

/// How many messages; shown in the plan.
pub(super) fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "the exact number of messages that the plan shows, such as 812".to_owned())
}

/// 1 to 256, as `delivery.concurrency`.
pub(super) fn concurrency(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(value @ 1..=256) => Ok(value),
        _ => Err("a number from 1 to 256".to_owned()),
    }
}

/// A limit of at least one message.
pub(super) fn limit(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(value @ 1..) => Ok(value),
        _ => Err("a number of messages, at least 1".to_owned()),
    }
}

/// Text that must not be empty, such as an event id.
pub(super) fn name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("a name; it is empty".to_owned()) } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        for (text, milliseconds) in [("250ms", 250), ("1.5s", 1500), ("2m", 120_000), ("0s", 0), ("1min", 60_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "5", "s", "-1s", "1h", "1e9s", "99m", "1.2.3s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates_are_read_as_the_manifest_writes_them() {
        assert_eq!(rate("20/min"), Ok(Rate::Every(Duration::from_secs(3))));
        assert_eq!(rate("2/s"), Ok(Rate::Every(Duration::from_millis(500))));
        assert_eq!(rate("500/h"), Ok(Rate::Every(Duration::from_millis(7200))));
        assert_eq!(rate("unlimited"), Ok(Rate::Unlimited));
        for text in ["", "20", "0/min", "-1/s", "1/d", "fast", "inf/s", "NaN/s"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shares_stay_between_none_and_all() {
        assert_eq!(share("0.05"), Ok(0.05));
        assert_eq!(share("5%"), Ok(0.05));
        assert_eq!(share("1"), Ok(1.0));
        for text in ["", "5", "101%", "-0.1", "NaN", "many"] {
            assert!(share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(concurrency("256"), Ok(256));
        assert!(concurrency("0").is_err() && concurrency("257").is_err() && concurrency("four").is_err());
        assert!(limit("0").is_err() && limit("1").is_ok());
        assert!(count("-1").is_err() && count("0").is_ok());
    }
}
