//! What the state machine does at the day's limit and at a full queue, run by run.

use std::time::Duration;

use super::command::Patience;
use super::drill::{Drill, accepted, ms, not_sent, options, rejected, unlimited};
use super::event::{Event, LaneEnd, Why};
use crate::delivery::Limits;
use crate::gateway::{CallFault, FaultClass};
use crate::message::AttemptKind::Create;
use crate::outcome::{NotSent, Outcome};

fn accepted_of(drill: &Drill) -> usize {
    drill.count(|outcome| matches!(outcome, Outcome::Accepted { .. }))
}

#[test]
fn a_day_is_over_only_when_nothing_in_flight_can_give_its_send_back() {
    let limits = Limits { daily_limit: Some(6), ..unlimited() };
    for patience in [Patience::End, Patience::Wait] {
        let mut options = options(4, vec![limits.clone()]);
        options.patience = patience;
        // The last ones of the day come to nothing, one after the other and late.
        let drill = Drill::new(options, 12, Create, |sent| match sent.nth {
            4 | 6 => (ms(3000), rejected()),
            5 => (ms(2000), not_sent(Some(429), NotSent::Throttled { retry_after: None })),
            _ => (ms(50), accepted()),
        });
        let drill = drill.run();
        let first_day = drill.sent.iter().filter(|sent| sent.at < Duration::from_hours(1)).count();
        assert_eq!(first_day, 9, "six of them count");
        match patience {
            Patience::End => {
                assert_eq!(accepted_of(&drill), 6);
                let [LaneEnd::WouldWait { why: Why::DailyLimit { limit: 6 }, .. }] = &drill.ends()[..] else {
                    panic!("{:?}", drill.ends())
                };
            }
            Patience::Wait => assert_eq!((accepted_of(&drill), drill.ends()), (10, vec![LaneEnd::Done])),
        }
    }
}

#[test]
fn the_queue_never_holds_more_than_allowed() {
    let limits = Limits { max_queued: Some(20), ..unlimited() };
    let drained = |at: Duration| u32::try_from(at.as_millis() / 500).unwrap();
    let mut drill = Drill::new(options(8, vec![limits]), 100, Create, |_| (ms(10), accepted()));
    drill.queue = Box::new(move |at, accepted| Ok(accepted.saturating_sub(drained(at))));
    let drill = drill.run();
    assert_eq!(accepted_of(&drill), 100);
    for (index, sent) in drill.sent.iter().enumerate() {
        let waiting = u32::try_from(index + 1).unwrap().saturating_sub(drained(sent.at));
        assert!(waiting <= 20, "{waiting} wait at {:?}", sent.at);
    }
}

#[test]
fn a_queue_that_cannot_be_read_ends_the_lane_by_what_is_wrong() {
    let fault = |class, http_status| CallFault { class, http_status, message: "no".into(), may_have_happened: false };
    let set_up = |http_status| LaneEnd::SetUp { http_status, error: "Z-API's queue cannot be read: no".into() };
    let not_read = |http_status| LaneEnd::QueueNotRead { pauses: 5, http_status, error: "no".into() };
    for (class, http_status, end, pauses) in [
        (FaultClass::Credentials, Some(401), set_up(Some(401)), 0),
        (FaultClass::Tls, None, set_up(None), 0),
        (FaultClass::Network, Some(500), not_read(Some(500)), 5),
        (FaultClass::Other, Some(200), not_read(Some(200)), 5),
    ] {
        let limits = Limits { max_queued: Some(20), ..unlimited() };
        let mut drill = Drill::new(options(4, vec![limits]), 10, Create, |_| (ms(10), accepted()));
        drill.queue = Box::new(move |_, _| Err(fault(class, http_status)));
        let drill = drill.run();
        assert_eq!(drill.ends(), [end]);
        assert!(drill.sent.is_empty());
        let waits = drill.said.iter().filter(|event| matches!(event, Event::Waiting { .. })).count();
        assert_eq!(waits, pauses);
    }
}
