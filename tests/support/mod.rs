//! What several test programs share: the raw TCP server and its catalogue of faults.
//!
//! Faults that HTTP can express are the sandbox's; everything below HTTP is here.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up should say so at once")]

pub mod faults;
pub mod raw_server;
