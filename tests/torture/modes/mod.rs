//! The modes: one way of breaking things a file.

mod anew;
mod disk;
mod edits;
mod guards;
mod kills;
mod network;
mod operators;
mod order;
mod outage;
mod points;
mod power;
mod recalls;
mod root;
mod secrets;
mod seen;
mod signals;
mod tmpfs;

use crate::round::Mode;

/// All modes, in the order of the table. Those that are not in the short round need root or strace.
pub(crate) const MODES: &[Mode] = &[
    Mode { name: "kills", short: true, run: kills::run },
    Mode { name: "points", short: true, run: points::run },
    Mode { name: "anew", short: true, run: anew::run },
    Mode { name: "recalls", short: true, run: recalls::run },
    Mode { name: "order", short: true, run: order::run },
    Mode { name: "seen", short: false, run: seen::run },
    Mode { name: "disk", short: true, run: disk::run },
    Mode { name: "tmpfs", short: false, run: tmpfs::run },
    Mode { name: "power", short: false, run: power::run },
    Mode { name: "network", short: true, run: network::run },
    Mode { name: "outage", short: true, run: outage::run },
    Mode { name: "operators", short: true, run: operators::run },
    Mode { name: "guards", short: true, run: guards::run },
    Mode { name: "signals", short: true, run: signals::run },
    Mode { name: "secrets", short: true, run: secrets::run },
    Mode { name: "edits", short: true, run: edits::run },
];
