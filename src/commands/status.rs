//! `status`: how far a campaign is, from the ledger alone, also during a run.

use jiff::Zoned;

use super::apply::with_ledger;
use super::failure::Failure;
use super::opened;
use crate::cli::{GlobalArgs, StatusArgs, TextOrJson};
use crate::exit::Exit;
use crate::ledger::{Mode, Narrow};
use crate::message::State;
use crate::report::{StatusReport, Stream, json, status};

/// How many unknown ones are named.
const UNKNOWN_SHOWN: usize = 10;

pub(super) fn run(args: &StatusArgs, global: &GlobalArgs) -> Result<Exit, Failure> {
    let opened = opened::open(&args.manifest, &args.ledger, Mode::Read)?;
    opened.tell_doubts()?;
    let ledger = &opened.ledger;
    let report = StatusReport {
        campaign: opened.manifest.campaign.clone(),
        events: opened.manifest.events.len(),
        counts: ledger.counts(&Narrow::default())?,
        instances: ledger.instance_counts()?.into_iter().map(|(name, counts)| (name.to_string(), counts)).collect(),
        running: ledger.running().map(|holder| holder.to_string()),
        updated_at: ledger.updated_at()?,
        resendable: ledger.resendable(&Narrow::default())?,
        unknown: ledger.rows_in(State::Unknown, UNKNOWN_SHOWN, &Narrow::default())?,
        manifest: with_ledger(&args.manifest, &args.ledger),
        now: Zoned::now(),
    };
    Stream::Stdout.say(&match args.format {
        TextOrJson::Human => status::render(&report, Stream::Stdout.style(global.show_recipients)),
        TextOrJson::Json => json::status(&report),
    })?;
    Ok(Exit::Done)
}
