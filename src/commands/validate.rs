//! `validate`: manifests and their rows, nothing else: no ledger, no credentials, no network.

use jiff::Timestamp;

use super::campaign::{self, Keep};
use super::failure::Failure;
use super::format_of;
use crate::cli::{GlobalArgs, ValidateArgs};
use crate::diagnostic::Diagnostics;
use crate::diagnostic::render::{self, Summary};
use crate::exit::Exit;
use crate::report::Stream;

pub(super) fn run(args: &ValidateArgs, global: &GlobalArgs) -> Result<Exit, Failure> {
    let now = Timestamp::now();
    let mut all = Diagnostics::new();
    let mut summary = Summary::default();
    for path in &args.manifests {
        let campaign = campaign::open(path, now, Keep::Nothing)?;
        let checked = campaign.summary(path);
        summary.messages += checked.messages;
        summary.files.extend(checked.files);
        all.merge(campaign.diagnostics);
    }
    let style = Stream::Stdout.style(global.show_recipients);
    Stream::Stdout.say(&render::render(&all, &summary, format_of(args.format), style))?;
    let faults = all.errors() + if args.strict { all.warnings() } else { 0 };
    Ok(if faults > 0 { Exit::Refused } else { Exit::Done })
}
