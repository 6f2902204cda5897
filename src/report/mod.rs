//! Tells people and programs what was planned, what is going on and what came of it.
//!
//! Reads values that commands fill in, the engine's events and the ledger's rows. Decides nothing: a report never says
//! more than it was given. Persons' numbers are masked here, where [`Style::mask`] says so.
//!
//! Reading order: `plan` (before), `progress` (during), `summary` and `results` (after), `status` (at any time), `json`
//! (all of these for programs); `words` and `paint` serve them all.

mod changes;
pub mod check;
pub mod json;
pub mod lanes;
mod moment_of_event;
mod named;
mod paint;
pub mod plan;
pub mod progress;
pub mod recall;
pub mod results;
pub mod status;
pub mod stream;
pub mod summary;
mod watch;
pub mod words;

pub use crate::diagnostic::render::Style;
pub use changes::Changes;
pub use plan::{
    Estimate, EstimatedEnd, EventLine, EventTime, LaneEstimate, LaneLine, LedgerNote, Past, PlanReport, UnsentEvent,
};
pub use progress::{Progress, Show};
pub use status::StatusReport;
pub use stream::Stream;
pub use summary::{Again, Ending, Next, SandboxCounts, SummaryReport};
