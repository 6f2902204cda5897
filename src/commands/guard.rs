//! Refuses to begin where a real run would be careless: nobody to ask, or a machine that forgets.

use std::path::Path;

use super::confirm::Deed;
use super::failure::{Failure, TYPED};
use crate::report::Stream;
use std::io::IsTerminal;

/// Whether somebody can be asked: standard input and standard error are both a terminal.
pub(super) fn is_terminal() -> bool {
    std::io::stdin().is_terminal() && Stream::Stderr.is_terminal()
}

/// Without a terminal nobody can be asked, so `--yes` is needed; on loopback nothing real can be reached.
#[allow(clippy::option_option)] // as the command line has it: absent, given, given with a number
pub(super) fn check_terminal(
    deed: Deed,
    is_test: bool,
    is_loopback: bool,
    yes: Option<Option<u64>>,
) -> Result<(), Failure> {
    if is_loopback || yes.is_some() || is_terminal() {
        return Ok(());
    }
    Err(Failure::refused(format!("there is no terminal to ask on; nothing was {}", deed.done())).help(match deed {
        Deed::Send if is_test => "give --yes: a test goes to the test list only".to_owned(),
        Deed::Send => "look at the plan, then give --yes=COUNT with its number of messages (or --yes)".to_owned(),
        Deed::TakeBack => {
            let check = format!("zapi-batch check {TYPED} says how many of this campaign wait");
            format!("{check}: give --yes=COUNT with that number (or --yes)")
        }
    }))
}

/// A CI machine is gone after the job, and with it a ledger that stands beside the manifest: the next job would invite
/// everybody again.
pub(super) fn check_ephemeral(is_loopback: bool, ledger: Option<&Path>) -> Result<(), Failure> {
    let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    if is_loopback || ledger.is_some() || !is_ci {
        return Ok(());
    }
    Err(Failure::refused("this looks like a CI machine (CI is set), whose files are gone after the job")
        .help("give --ledger with a path that outlives the job; without its ledger a campaign is sent twice"))
}
