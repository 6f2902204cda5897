//! When sends leave, under virtual time: the pace to the millisecond with a slow disk and a slow network, and weeks of
//! windows and daily limits.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::time;
use jiff::tz::TimeZone;

use super::drill::{Drill, accepted, ms, options};
use super::event::LaneEnd;
use crate::delivery::{Limits, Rate, Window};
use crate::message::AttemptKind::Create;

/// The most sends in any second, wherever it begins.
fn busiest(sent: &[Duration]) -> usize {
    let within = |from: &Duration| sent.iter().filter(|at| (*from..*from + ms(1000)).contains(*at)).count();
    sent.iter().map(within).max().unwrap_or(0)
}

/// Answers take up to half a second, commits up to 30 ms: neither may show.
fn drill(lanes: Vec<Limits>, count: usize) -> Drill {
    let mut draws = fastrand::Rng::with_seed(3);
    let mut drill =
        Drill::new(options(64, lanes), count, Create, move |sent| (ms(50 + sent.nth as u64 * 37 % 450), accepted()));
    drill.commit_takes = Box::new(move || ms(draws.u64(1..30)));
    drill.run()
}

fn every(period: u64, jitter: f64) -> Limits {
    Limits { rate: Rate::Every(ms(period)), jitter, ..Limits::default() }
}

#[test]
fn twenty_a_second_through_64_slots_are_never_more_than_21_and_exact_in_the_mean() {
    let drill = drill(vec![every(50, 0.0)], 400);
    let sent: Vec<Duration> = drill.sent.iter().map(|sent| sent.at).collect();
    assert_eq!(sent.len(), 400);
    assert!(busiest(&sent) <= 21, "{}", busiest(&sent));
    let mean = sent[399].saturating_sub(sent[0]).as_secs_f64() / 399.0;
    assert!((mean - 0.05).abs() <= 0.001, "{mean}");
}

#[test]
fn six_hundred_a_minute_with_jitter_stay_in_their_band() {
    let drill = drill(vec![every(100, 0.3)], 600);
    let gaps = drill.gaps(0);
    // A tenth of the period may be lost where a send was a little late.
    assert!(
        gaps.iter().all(|gap| *gap >= ms(60) && *gap <= ms(140)),
        "{:?} {:?}",
        gaps.iter().min(),
        gaps.iter().max()
    );
    let mean = gaps.iter().sum::<Duration>().as_secs_f64() / 599.0;
    assert!((mean - 0.1).abs() < 0.003, "{mean}");
    assert!(gaps.iter().any(|gap| *gap < ms(80)) && gaps.iter().any(|gap| *gap > ms(120)), "they vary");
}

#[test]
fn two_instances_keep_a_pace_each_although_they_share_slots() {
    let drill = drill(vec![every(50, 0.0), every(125, 0.0)], 300);
    for (lane, period) in [(0, 0.05), (1, 0.125)] {
        let sent: Vec<Duration> = drill.sent.iter().filter(|sent| sent.lane == lane).map(|sent| sent.at).collect();
        let mean = sent[299].saturating_sub(sent[0]).as_secs_f64() / 299.0;
        assert!((mean - period).abs() <= period * 0.02, "lane {lane}: {mean}");
        assert!(busiest(&sent) <= if lane == 0 { 21 } else { 9 });
    }
}

#[test]
fn twenty_weeks_of_windows_and_daily_limits_are_kept_to_the_day() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let days = [true, true, true, true, true, false, false];
    let office = Window { days, from: time(9, 0, 0, 0), to: time(18, 30, 0, 0), zone: zone.clone() };
    let limits = Limits {
        rate: Rate::Every(Duration::from_mins(30)),
        jitter: 0.3,
        daily_limit: Some(5),
        windows: vec![office],
        day_zone: zone.clone(),
        ..Limits::default()
    };
    let drill = Drill::new(options(4, vec![limits]), 500, Create, |_| (ms(200), accepted())).run();
    assert_eq!(drill.ends(), [LaneEnd::Done]);
    let start: jiff::Timestamp = super::drill::START.parse().unwrap();
    let mut by_day: BTreeMap<jiff::civil::Date, u32> = BTreeMap::new();
    for sent in &drill.sent {
        let local = start.checked_add(sent.at).unwrap().to_zoned(zone.clone());
        assert!(local.weekday().to_monday_zero_offset() < 5, "{local}");
        assert!((time(9, 0, 0, 0)..time(18, 30, 0, 0)).contains(&local.time()), "{local}");
        *by_day.entry(local.date()).or_default() += 1;
    }
    // A hundred weekdays of five each, over new year and a clock change.
    assert_eq!(by_day.len(), 100);
    assert_eq!(by_day.last_key_value().map(|(day, _)| day.to_string()).as_deref(), Some("2027-04-09"));
    assert!(by_day.values().all(|sends| *sends == 5), "{by_day:?}");
}
