//! `results`: the results CSV to standard output, from the ledger alone, also during a run.

use super::failure::Failure;
use super::{opened, written};
use crate::cli::ResultsArgs;
use crate::exit::Exit;
use crate::ledger::Mode;
use crate::report::stream;

pub(super) fn run(args: &ResultsArgs) -> Result<Exit, Failure> {
    let opened = opened::open(&args.manifest, &args.ledger, Mode::Read)?;
    opened.tell_doubts()?;
    written::to(stream::stdout(), &opened.ledger, &opened.manifest.results)?;
    Ok(Exit::Done)
}
