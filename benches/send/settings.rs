//! The named settings: what is sent or read, how much of it, and whom it is compared with.

use crate::senders::Sender;

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) rows: u64,
    /// In the quick mode.
    pub(crate) rows_quick: u64,
    pub(crate) rounds: usize,
    pub(crate) what: What,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    /// Sends every row, the senders in turn; the first is what the others are compared with.
    Send { slots: usize, latency_ms: u64, transport: Transport, senders: &'static [Sender] },
    /// A second `apply` of what was accepted.
    NothingToDo,
    /// `validate`, against the bare crates.
    Validate,
    /// `validate` of a few rows, against `true`.
    StartUp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Plain,
    Tls,
}

use Sender::{Aiohttp, BulkPost, Curl, Oha, ZapiBatch, ZapiBatchSlowSync};

pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        name: "20 ms, 64 slots",
        rows: 10_000,
        rows_quick: 3_000,
        rounds: 7,
        what: What::Send { slots: 64, latency_ms: 20, transport: Transport::Plain, senders: &[ZapiBatch, Oha] },
    },
    Setting {
        name: "20 ms, 256 slots",
        rows: 20_000,
        rows_quick: 10_000,
        rounds: 7,
        what: What::Send { slots: 256, latency_ms: 20, transport: Transport::Plain, senders: &[ZapiBatch, Oha] },
    },
    Setting {
        name: "0 ms, 64 slots, 10k",
        rows: 10_000,
        rows_quick: 3_000,
        rounds: 7,
        what: What::Send {
            slots: 64,
            latency_ms: 0,
            transport: Transport::Plain,
            senders: &[ZapiBatch, Oha, Curl, Aiohttp, BulkPost],
        },
    },
    Setting {
        name: "0 ms, 64 slots, 100k",
        rows: 100_000,
        rows_quick: 50_000,
        rounds: 7,
        what: What::Send { slots: 64, latency_ms: 0, transport: Transport::Plain, senders: &[ZapiBatch, Oha] },
    },
    Setting {
        name: "0 ms, 64 slots, 1M",
        rows: 1_000_000,
        rows_quick: 0,
        rounds: 3,
        what: What::Send { slots: 64, latency_ms: 0, transport: Transport::Plain, senders: &[ZapiBatch, Oha] },
    },
    Setting {
        name: "TLS, 0 ms, 64 slots",
        rows: 20_000,
        rows_quick: 5_000,
        rounds: 7,
        what: What::Send { slots: 64, latency_ms: 0, transport: Transport::Tls, senders: &[ZapiBatch, Oha] },
    },
    Setting {
        name: "slow sync, 20 ms, 64 slots",
        rows: 10_000,
        rows_quick: 3_000,
        rounds: 7,
        what: What::Send {
            slots: 64,
            latency_ms: 20,
            transport: Transport::Plain,
            senders: &[ZapiBatchSlowSync, ZapiBatch],
        },
    },
    Setting { name: "nothing to do", rows: 100_000, rows_quick: 20_000, rounds: 7, what: What::NothingToDo },
    Setting { name: "validate", rows: 1_000_000, rows_quick: 100_000, rounds: 3, what: What::Validate },
    Setting { name: "start-up", rows: 10, rows_quick: 10, rounds: 41, what: What::StartUp },
];
