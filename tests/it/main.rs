//! The one integration test binary: one file per promise.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up should say so at once")]
#![allow(unreachable_pub, reason = "one binary: what files share is pub")]

mod bad_input;
mod bodies;
mod campaign;
mod contract;
mod delivery;
mod documented;
mod edits;
mod edits_guards;
mod edits_history;
mod engine;
mod failures;
mod formats;
mod hostile;
mod house;
mod invalid;
mod panics;
mod queue;
mod readme;
mod recall;
mod recall_doubts;
mod record;
mod sandbox;
mod schema;
mod service;
mod simulation;
#[path = "../support/mod.rs"]
mod support;
mod told;
mod trial;
mod volume;
mod world;
mod xml;
