//! `plan`: the dry run with previews of bodies and, for edits, old beside new.

use jiff::Timestamp;

use super::campaign::{self, Keep};
use super::dry_run::{self, Wish};
use super::failure::Failure;
use super::format_of;
use crate::cli::{Format, GlobalArgs, PlanArgs};
use crate::diagnostic::render;
use crate::exit::Exit;
use crate::ledger::VerbCounts;
use crate::report::json::PlanWriter;
use crate::report::{Estimate, EstimatedEnd, Stream, stream};

pub(super) fn run(args: &PlanArgs, global: &GlobalArgs) -> Result<Exit, Failure> {
    let now = Timestamp::now();
    let mut campaign = campaign::open(&args.manifest, now, Keep::Rows, None)?;
    let errors = campaign.fatal_errors(args.rules.skip_invalid);
    let style = Stream::Stdout.style(global.show_recipients);
    let mut writer = PlanWriter::new(style.mask)?;
    let wish = Wish {
        selection: &args.selection,
        rules: &args.rules,
        ledger: &args.ledger,
        env_file: None,
        rate: None,
        limit: None,
        resend_unknown: None,
        new_ledger: false,
        previews: true,
    };
    let instances = dry_run::instances(&mut campaign, &wish);
    let planned =
        match campaign.manifest.as_ref().filter(|_| errors == 0) {
            Some(manifest) => {
                Some(dry_run::plan(&campaign, manifest, instances.as_deref(), &wish, now, &mut |change| match args
                    .format
                {
                    Format::Json => writer.change(change),
                    Format::Human | Format::Github | Format::Sarif | Format::Junit => Ok(()),
                })?)
            }
            None => None,
        };
    campaign.diagnostics.extend(planned.iter().flat_map(|planned| planned.late.iter().cloned()));
    match args.format {
        Format::Human => dry_run::tell_people(&campaign, planned.as_ref(), &args.manifest, global, now)?,
        Format::Json => {
            let diagnostics = render::json_array([&campaign.diagnostics], style.mask);
            let nothing = (VerbCounts::default(), Estimate { lanes: Vec::new(), end: EstimatedEnd::Nothing });
            let (counts, estimate) =
                planned.as_ref().map_or(nothing, |planned| (planned.plan.total, planned.estimate.clone()));
            writer.finish(&counts, &estimate, &diagnostics, &mut stream::stdout())?;
        }
        Format::Github | Format::Sarif | Format::Junit => {
            let summary = campaign.summary(&args.manifest);
            Stream::Stdout.say(&render::render(&campaign.diagnostics, &summary, format_of(args.format), style))?;
        }
    }
    Ok(match &planned {
        None => Exit::Refused,
        Some(planned) if planned.is_faulty() => Exit::Faults,
        Some(_) => Exit::Done,
    })
}
