//! What the state machine does, run by run: each row of DESIGN section 5, pace, limits, waits and stops.

use std::time::Duration;

use super::command::{Command, Input, Now, Patience};
use super::drill::{
    Drill, START, Sent, accepted, message, ms, not_sent, options, refused, rejected, reset, unknown, unlimited,
};
use super::event::{Event, LaneEnd, Why};
use super::fleet::{Fleet, Stopped};
use super::stop::{Audience, Signal};
use crate::delivery::{Limits, Rate};
use crate::message::AttemptKind::{Create, Edit};
use crate::outcome::{NotSent, Outcome, Unknown};

fn every(period: u64, jitter: f64) -> Limits {
    Limits { rate: Rate::Every(ms(period)), jitter, ..Limits::default() }
}

fn is_unknown(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unknown { .. })
}

fn is_accepted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Accepted { .. })
}

fn is_not_sent(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::NotSent { .. })
}

fn waits(drill: &Drill) -> Vec<&Why> {
    drill
        .said
        .iter()
        .filter_map(|event| if let Event::Waiting { why, .. } = event { Some(why) } else { None })
        .collect()
}

#[test]
fn everything_goes_out_once() {
    let drill = Drill::new(options(64, vec![unlimited(), unlimited()]), 3000, Create, |sent| {
        (ms(20 + sent.nth as u64 % 7), accepted())
    });
    let drill = drill.run();
    assert_eq!((drill.sent.len(), drill.count(is_accepted)), (6000, 6000));
    assert_eq!(drill.ends(), [LaneEnd::Done, LaneEnd::Done]);
    assert_eq!(drill.fleet.stopped(), None);
    assert_eq!(drill.fleet.tally().through(), 6000);
}

#[test]
fn a_commit_is_held_for_a_burst_only_up_to_a_thirty_second_of_the_slots() {
    for (slots, held) in [(4, [false; 3]), (31, [false; 3]), (64, [true, false, false]), (96, [true, true, false])] {
        let now = Now { since: ms(1), clock: START.parse().unwrap() };
        let mut fleet = Fleet::new(options(slots, vec![unlimited()]), 0);
        let mut flying = Vec::new();
        fleet.take_in(
            Input::Fed { lane: 0, work: (0..200).map(|n| message(0, n, Create)).collect(), exhausted: true },
            now,
        );
        while flying.len() < slots {
            for command in fleet.decide(now) {
                match command {
                    Command::Commit(_) => fleet.take_in(Input::Committed, now),
                    Command::Start { slot, work, .. } => flying.push((slot, work)),
                    _ => {}
                }
            }
        }
        assert!(!fleet.is_amid_burst(), "nothing has come yet");
        for is_held in held {
            let (slot, work) = flying.pop().unwrap();
            fleet.take_in(Input::Settled { slot, work, outcome: accepted() }, now);
            assert_eq!(fleet.is_amid_burst(), is_held, "{slots} slots");
        }
        assert!(fleet.decide(now).iter().any(|command| matches!(command, Command::Commit(_))));
        let (slot, work) = flying.pop().unwrap();
        fleet.take_in(Input::Settled { slot, work, outcome: accepted() }, now);
        assert!(!fleet.is_amid_burst(), "a commit is under way");
    }
}

#[test]
fn lanes_share_the_slots_evenly() {
    let drill =
        Drill::new(options(4, vec![unlimited(), unlimited(), unlimited()]), 100, Create, |_| (ms(20), accepted()));
    let drill = drill.run();
    for prefix in [30, 150, 240] {
        for lane in 0..3 {
            let count = drill.sent[..prefix].iter().filter(|sent| sent.lane == lane).count();
            assert!(count.abs_diff(prefix / 3) <= 3, "lane {lane} has {count} of the first {prefix}");
        }
    }
}

#[test]
fn the_pace_holds_however_many_slots_and_each_lane_keeps_its_own() {
    let drill = Drill::new(options(64, vec![every(50, 0.0), every(80, 0.0)]), 400, Create, |_| (ms(500), accepted()));
    let drill = drill.run();
    // The first was due before its intent could be on disk, by less than a tenth of the period: no drift.
    assert!(drill.gaps(0)[1..].iter().all(|gap| *gap == ms(50)), "{:?}", drill.gaps(0));
    assert!(drill.gaps(1)[1..].iter().all(|gap| *gap == ms(80)), "{:?}", drill.gaps(1));
    let jittered = Drill::new(options(64, vec![every(100, 0.3)]), 600, Create, |_| (ms(20), accepted())).run();
    assert!(jittered.gaps(0)[1..].iter().all(|gap| *gap >= ms(70) && *gap <= ms(130)));
}

#[test]
fn a_fast_pace_is_kept_although_commits_take_longer_than_a_period() {
    let drill = Drill::new(options(64, vec![every(1, 0.0)]), 500, Create, |_| (ms(5), accepted()));
    let drill = drill.run();
    let last = drill.sent.last().unwrap().at;
    assert!(last <= ms(510), "{last:?}");
}

#[test]
fn a_lane_pauses_and_goes_on_with_the_same_message() {
    let drill = Drill::new(options(1, vec![unlimited()]), 3, Create, |sent| {
        (ms(10), if sent.nth == 1 { refused() } else { accepted() })
    });
    let drill = drill.run();
    let messages: Vec<i64> = drill.sent.iter().map(|sent| sent.message).collect();
    assert_eq!(messages, [0, 1, 1, 2]);
    let pause = drill.gaps(0)[1];
    assert!(pause >= ms(800) && pause <= ms(1300), "{pause:?}");
    assert!(matches!(waits(&drill)[..], [Why::NoAnswer { .. }]));
    assert!(drill.said.contains(&Event::Resumed { lane: 0 }));
}

#[test]
fn many_refusals_at_once_are_one_pause_and_one_message_tries_the_way() {
    let drill = Drill::new(options(64, vec![unlimited()]), 200, Create, |sent| {
        (ms(10), if sent.at < ms(100) { refused() } else { accepted() })
    });
    let drill = drill.run();
    assert_eq!(drill.count(is_accepted), 200);
    let probe = drill.sent.iter().position(|sent| sent.at > ms(100)).unwrap();
    assert!(drill.sent[probe + 1].at >= drill.sent[probe].at + ms(10), "the others wait for the first answer");
    assert_eq!(waits(&drill).len(), 1);
}

#[test]
fn a_lane_gives_up_after_its_retries_and_loses_nothing() {
    let drill = Drill::new(options(4, vec![unlimited()]), 20, Create, |_| (ms(10), refused())).run();
    assert!(matches!(drill.ends()[..], [LaneEnd::NoAnswer { pauses: 5, .. }]), "{:?}", drill.ends());
    assert_eq!(drill.count(is_not_sent), drill.settled.len());
    assert_eq!(drill.status_asked.len(), 1, "after three pauses in a row");
}

#[test]
fn retry_after_is_a_floor_and_429_alone_gives_up_too() {
    let throttled = |secs| not_sent(Some(429), NotSent::Throttled { retry_after: Some(Duration::from_secs(secs)) });
    let drill = Drill::new(options(1, vec![unlimited()]), 2, Create, move |sent| {
        (ms(10), if sent.nth == 0 { throttled(42) } else { accepted() })
    });
    let drill = drill.run();
    assert!(drill.gaps(0)[0] >= Duration::from_secs(42));
    assert_eq!(waits(&drill), [&Why::Throttled]);
    let drill = Drill::new(options(1, vec![unlimited()]), 2, Create, move |_| (ms(10), throttled(1))).run();
    assert!(matches!(drill.ends()[..], [LaneEnd::NoAnswer { pauses: 5, http_status: Some(429), .. }]));
}

#[test]
fn five_in_a_row_stop_a_lane_and_an_accepted_one_starts_anew() {
    for (pattern, sends) in [("rrrrr", 5), ("rrrrarrrrarrrrr", 15), ("rarrrrrr", 7)] {
        let letters: Vec<char> = pattern.chars().collect();
        let script = move |sent: Sent| {
            (ms(10), if letters.get(sent.nth).is_none_or(|letter| *letter == 'a') { accepted() } else { rejected() })
        };
        let drill = Drill::new(options(1, vec![unlimited()]), 50, Create, script).run();
        assert!(matches!(drill.ends()[..], [LaneEnd::Rejections { in_row: 5, .. }]), "{pattern}: {:?}", drill.ends());
        assert_eq!(drill.sent.len(), sends, "{pattern}");
    }
}

#[test]
fn what_is_wrong_with_the_set_up_stops_one_lane_at_once_and_the_others_go_on() {
    let redirect = || unknown(Some(302), Unknown::StopLane);
    let forbidden = || not_sent(Some(403), NotSent::StopLane);
    let drill = Drill::new(options(6, vec![unlimited(), unlimited(), unlimited()]), 100, Create, move |sent| {
        (ms(10), [accepted(), forbidden(), redirect()][sent.lane].clone())
    });
    let drill = drill.run();
    assert!(
        matches!(
            drill.ends()[..],
            [LaneEnd::Done, LaneEnd::SetUp { http_status: Some(403), .. }, LaneEnd::Redirected { .. }]
        ),
        "{:?}",
        drill.ends()
    );
    assert_eq!(drill.count(is_accepted), 100);
}

#[test]
fn an_outage_leaves_at_most_the_slots_and_five_unknown() {
    for (concurrency, lanes) in [(64, 1), (64, 3), (4, 2), (1, 1)] {
        let drill = Drill::new(options(concurrency, vec![unlimited(); lanes]), 2000, Create, |sent| {
            if sent.nth < 300 { (ms(20), accepted()) } else { (ms(30_000 + sent.nth as u64 % 13), reset()) }
        });
        let drill = drill.run();
        let unknowns = drill.count(is_unknown);
        assert!((5..=concurrency + 5).contains(&unknowns), "{unknowns} of {concurrency} slots, {lanes} lanes");
        assert!(matches!(drill.fleet.stopped(), Some(Stopped::Unknowns { .. })));
    }
}

#[test]
fn unknowns_in_one_lane_do_not_stop_a_run_in_which_others_are_accepted() {
    let drill = Drill::new(options(2, vec![unlimited(), unlimited()]), 50, Create, |sent| {
        (ms(10), if sent.lane == 0 { reset() } else { accepted() })
    });
    let drill = drill.run();
    assert!(matches!(drill.ends()[..], [LaneEnd::Unknowns { in_row: 5, .. }, LaneEnd::Done]), "{:?}", drill.ends());
    assert_eq!(drill.fleet.stopped(), None);
}

#[test]
fn a_doubtful_edit_is_tried_again_and_a_create_never() {
    let script = |sent: Sent| (ms(10), if sent.nth.is_multiple_of(2) { reset() } else { accepted() });
    let creates = Drill::new(options(1, vec![unlimited()]), 4, Create, script).run();
    assert_eq!(creates.sent.len(), 4);
    let edits = Drill::new(options(1, vec![unlimited()]), 4, Edit, script).run();
    assert_eq!(edits.count(is_accepted), 4);
    assert_eq!(edits.fleet.tally().doubtful_edits, 4);
    // One edit that never gets an answer: as often as `retries` allows, then it is left pending.
    let mut few = options(1, vec![unlimited()]);
    few.delivery.retries = 2;
    let stubborn =
        Drill::new(few, 9, Edit, |sent| (ms(10), if sent.message == 0 { reset() } else { accepted() })).run();
    assert_eq!(stubborn.sent.iter().filter(|sent| sent.message == 0).count(), 3);
    assert_eq!(stubborn.ends(), [LaneEnd::Done]);
}

#[test]
fn the_limit_counts_messages_not_attempts() {
    let mut limited = options(4, vec![unlimited(), unlimited()]);
    limited.limit = Some(10);
    let drill =
        Drill::new(limited.clone(), 50, Create, |sent| (ms(10), if sent.nth == 2 { refused() } else { accepted() }));
    let drill = drill.run();
    assert_eq!(drill.count(is_accepted), 10);
    assert_eq!(drill.ends(), [LaneEnd::Limit, LaneEnd::Limit]);
    let enough = Drill::new(limited, 5, Create, |_| (ms(10), accepted())).run();
    assert_eq!(enough.ends(), [LaneEnd::Done, LaneEnd::Done], "a limit that is just enough leaves nothing to do");
}

#[test]
fn a_daily_limit_waits_for_the_next_day_or_ends_the_run() {
    let limits = || Limits { daily_limit: Some(8), ..unlimited() };
    let script = |sent: Sent| (ms(10), if sent.nth == 3 { rejected() } else { accepted() });
    let drill = Drill::new(options(4, vec![limits()]), 20, Create, script).run();
    assert_eq!(drill.ends(), [LaneEnd::Done]);
    let used = |day: &str| drill.quota[&format!("0 {day}")];
    assert_eq!((used("2026-11-23"), used("2026-11-24"), used("2026-11-25")), (8, 8, 3));
    assert_eq!(drill.sent.iter().filter(|sent| sent.at < ms(60_000)).count(), 9, "a rejected one does not count");
    let mut hurried = options(4, vec![limits()]);
    hurried.patience = Patience::End;
    let drill = Drill::new(hurried, 20, Create, |_| (ms(10), accepted())).run();
    assert!(matches!(drill.ends()[..], [LaneEnd::WouldWait { why: Why::DailyLimit { limit: 8 }, .. }]));
    assert_eq!(drill.sent.len(), 8);
}

#[test]
fn edits_are_paced_windowed_and_counted_like_creates() {
    for kind in [Create, Edit] {
        let paced = Drill::new(options(64, vec![every(100, 0.3)]), 100, kind, |_| (ms(20), accepted())).run();
        assert!(paced.gaps(0)[1..].iter().all(|gap| *gap >= ms(70) && *gap <= ms(130)), "{kind:?}");
        let limited = Limits { daily_limit: Some(8), ..unlimited() };
        let mut hurried = options(4, vec![limited]);
        hurried.patience = Patience::End;
        let drill = Drill::new(hurried, 20, kind, |_| (ms(10), accepted())).run();
        assert_eq!((drill.sent.len(), drill.quota.values().sum::<u32>()), (8, 8), "{kind:?}");
        let closed = Limits { not_before: Some("2026-12-05T08:00:00Z".parse().unwrap()), ..unlimited() };
        let mut hurried = options(4, vec![closed]);
        hurried.patience = Patience::End;
        let drill = Drill::new(hurried, 20, kind, |_| (ms(10), accepted())).run();
        assert_eq!(drill.sent.len(), 0, "{kind:?}");
        assert!(matches!(drill.ends()[..], [LaneEnd::WouldWait { why: Why::NotBefore, .. }]), "{kind:?}");
    }
}

#[test]
fn lanes_without_a_limit_are_counted_for_others() {
    let drill = Drill::new(options(4, vec![unlimited()]), 20, Create, |sent| {
        (ms(10), if sent.nth.is_multiple_of(5) { rejected() } else { accepted() })
    });
    assert_eq!(drill.run().quota["0 2026-11-23"], 16);
}

#[test]
fn not_before_is_waited_for_and_not_after_ends_the_lane() {
    let at = |text: &str| Some(text.parse().unwrap());
    let early = Limits { not_before: at("2026-11-23T09:00:00Z"), ..unlimited() };
    let drill = Drill::new(options(4, vec![early]), 3, Create, |_| (ms(10), accepted())).run();
    assert!(drill.sent[0].at >= Duration::from_hours(1) && drill.sent[0].at < Duration::from_hours(1) + ms(50));
    assert_eq!(waits(&drill), [&Why::NotBefore], "said once, however often it is looked at");
    let late = Limits { not_after: at("2026-11-23T08:00:10Z"), ..every(1000, 0.0) };
    let drill = Drill::new(options(4, vec![late]), 30, Create, |_| (ms(10), accepted())).run();
    assert!(matches!(drill.ends()[..], [LaneEnd::Over { .. }]));
    assert_eq!(drill.sent.len(), 10);
    assert!(drill.sent.iter().all(|sent| sent.at < Duration::from_secs(10)));
    // Where the pace leaves no send before it, nothing is waited for.
    let slow = Limits { not_after: at("2026-11-23T08:10:00Z"), ..every(3_600_000, 0.0) };
    let drill = Drill::new(options(4, vec![slow]), 3, Create, |_| (ms(10), accepted())).run();
    assert!(matches!(drill.ends()[..], [LaneEnd::Over { .. }]));
    assert!(drill.sent.len() == 1 && drill.now().since < Duration::from_secs(1), "{:?}", drill.now());
}

#[test]
fn a_disconnected_lane_waits_and_the_others_go_on() {
    let back = Duration::from_mins(12);
    let script = move |sent: Sent| (ms(10), if sent.lane == 0 && sent.at < back { rejected() } else { accepted() });
    let mut drill = Drill::new(options(1, vec![unlimited(), unlimited()]), 50, Create, script);
    drill.connected = Box::new(move |at| Some(at > back));
    let drill = drill.run();
    assert_eq!(drill.ends(), [LaneEnd::Done, LaneEnd::Done]);
    assert_eq!(drill.count(is_accepted), 97, "three were rejected before it was asked");
    assert_eq!(drill.status_asked.len(), 4, "at once, then every five minutes");
    assert!(drill.sent.iter().filter(|sent| sent.lane == 1).all(|sent| sent.at < Duration::from_secs(5)));
}

#[test]
fn a_disconnection_that_no_answer_tells_of_is_noticed_within_five_minutes() {
    let (gone, back) = (Duration::from_mins(6), Duration::from_mins(22));
    let mut drill = Drill::new(options(4, vec![every(10_000, 0.0)]), 150, Create, |_| (ms(50), accepted()));
    drill.connected = Box::new(move |at| Some(!(gone..back).contains(&at)));
    let drill = drill.run();
    assert_eq!(drill.count(is_accepted), 150);
    let into_the_void = drill.sent.iter().filter(|sent| (gone..back).contains(&sent.at)).count();
    assert!((1..=30).contains(&into_the_void), "{into_the_void}");
}

#[test]
fn a_signal_drains_and_a_second_one_leaves() {
    let slow = |_: Sent| (Duration::from_secs(20), accepted());
    for (audience, signals, seconds, left_open, is_settled_as_unknown) in [
        (Audience::Terminal, vec![(1, Signal::Interrupt)], 20, 0, 0),
        (Audience::Terminal, vec![(1, Signal::Terminate)], 7, 4, 4),
        (Audience::Nobody, vec![(1, Signal::Interrupt)], 7, 4, 4),
        (Audience::Terminal, vec![(1, Signal::Interrupt), (3, Signal::Interrupt)], 3, 4, 4),
    ] {
        let mut watched = options(4, vec![unlimited()]);
        watched.audience = audience;
        let mut drill = Drill::new(watched, 50, Create, slow);
        drill.stops = signals.into_iter().map(|(at, signal)| (Duration::from_secs(at), signal)).collect();
        let drill = drill.run();
        assert_eq!(drill.fleet.stopped(), Some(Stopped::Interrupted { left_open }));
        assert_eq!(drill.now().since.as_secs(), seconds);
        assert_eq!((drill.sent.len(), drill.count(is_unknown)), (4, is_settled_as_unknown));
        assert_eq!(drill.ends(), [LaneEnd::RunEnded]);
        assert!(drill.said.iter().any(|event| matches!(event, Event::Draining { in_flight: 4, .. })));
    }
}

#[test]
fn a_failed_ledger_stops_everything_and_keeps_the_answers() {
    let mut drill = Drill::new(options(8, vec![unlimited()]), 100, Create, |_| (ms(50), accepted()));
    drill.fail_commit = Some(3);
    let drill = drill.run();
    assert_eq!(drill.fleet.stopped(), Some(Stopped::Ledger));
    assert_eq!(drill.sent.len(), 8, "nothing starts after the failure");
    assert!(drill.rescued.is_some());
    assert!(!drill.fleet.is_leaving());
}

#[test]
fn a_rescue_that_hangs_can_be_left() {
    let mut drill = Drill::new(options(8, vec![unlimited()]), 100, Create, |_| (ms(50), accepted()));
    drill.fail_commit = Some(3);
    drill.rescue_takes = Duration::from_mins(1);
    drill.stops = vec![(Duration::from_secs(10), Signal::Interrupt)];
    let drill = drill.run();
    assert!(drill.fleet.is_leaving(), "the run waits for the disk no longer");
    assert_eq!(drill.fleet.stopped(), Some(Stopped::Ledger), "what made it end is still the reason");
}
