//! Codes and words for recipients: E3xx and W3xx.

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::recipient::{Fault, Note};

pub const CODES: &[&Code] = &[];

/// What is wrong with a recipient; `text` is the cell.
pub fn fault(fault: &Fault, text: &str) -> Diagnostic {
    todo!("{fault:?} {text}")
}

/// A warning about the way a recipient is written.
pub fn note(note: &Note) -> Diagnostic {
    todo!("{note:?}")
}

/// The same identity twice for one event.
pub fn duplicate(address: &str, event: &str, first: Place) -> Diagnostic {
    todo!("{address} {event} {first:?}")
}

/// One warning a list: events for persons hardly arrive.
pub fn persons(list: &str, count: u64) -> Diagnostic {
    todo!("{list} {count}")
}
