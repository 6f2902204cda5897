//! `test`: sends every wording of the campaign's events to the test list, as often as wanted, and remembers which were
//! seen. An apply of a manifest made for it, with files of its own: the campaign's record is never touched.

use jiff::Timestamp;

use super::apply::{self, Task};
use super::campaign::{self, Keep};
use super::confirm::Deed;
use super::failure::Failure;
use super::paths::Purpose;
use crate::cli::{ApplyArgs, Format, GlobalArgs, LedgerArgs, RulesArgs, SelectionArgs, TestArgs, TextOrJson};
use crate::diagnostic::Diagnostics;
use crate::diagnostic::suggest::nearest;
use crate::exit::Exit;
use crate::manifest::wordings::{self, Wording};
use crate::manifest::{self, Manifest};

pub(super) fn run(args: &TestArgs, global: &GlobalArgs) -> Result<Exit, Failure> {
    let now = Timestamp::now();
    let mut stop = apply::listen(Deed::Send)?;
    let mut diagnostics = Diagnostics::new();
    let manifest = manifest::load(&args.manifest, &mut diagnostics);
    let (manifest, wordings) = match manifest {
        Some(manifest) => {
            let wordings = selected(&manifest, args.only.as_deref())?;
            (Some(for_test(&manifest, &wordings, diagnostics.errors() > 0)?), wordings)
        }
        None => (None, Vec::new()),
    };
    let campaign = campaign::expand(manifest, diagnostics, now, Keep::Rows, Some(&mut stop))?;
    let purpose = Purpose::of_test(args.sandbox);
    let task = Task { campaign: &campaign, purpose, wordings: &wordings, command: command(args) };
    apply::apply(&as_apply(args), global, &task, stop, now)
}

fn for_test(manifest: &Manifest, wordings: &[Wording], is_faulty: bool) -> Result<Manifest, Failure> {
    match &manifest.test {
        Some(test) => Ok(manifest.for_test(test, wordings)),
        // What is wrong with the manifest is told instead.
        None if is_faulty => Ok(manifest.for_test(&manifest::TestSpec { to: Vec::new(), prefix: String::new() }, &[])),
        None => Err(Failure::refused("the manifest does not say whom tests go to: nothing was sent").help(
            "add for example: test: { to: [team], prefix: \"[TEST] \" } with a recipient list of your own people",
        )),
    }
}

/// The wordings to be sent: all of them, or those of one event.
fn selected(manifest: &Manifest, only: Option<&str>) -> Result<Vec<Wording>, Failure> {
    let mut wordings = wordings::wordings(manifest);
    if let Some(only) = only {
        let ids: Vec<&str> = manifest.events.iter().map(|event| &*event.id).collect();
        if !ids.contains(&only) {
            let help = match nearest(only, ids.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", ids.join(", ")),
            };
            return Err(Failure::refused(format!("--only: the manifest has no event `{only}`")).help(help));
        }
        wordings.retain(|wording| &*manifest.events[wording.event].id == only);
    }
    Ok(wordings)
}

fn as_apply(args: &TestArgs) -> ApplyArgs {
    ApplyArgs {
        manifest: args.manifest.clone(),
        dry_run: false,
        yes: args.yes,
        format: match args.format {
            TextOrJson::Human => Format::Human,
            TextOrJson::Json => Format::Json,
        },
        selection: SelectionArgs::default(),
        limit: None,
        rules: RulesArgs::default(),
        resend_unknown: None,
        concurrency: None,
        rate: args.rate,
        no_wait: false,
        no_preflight: args.no_preflight,
        connection: args.connection.clone(),
        ledger: LedgerArgs { ledger: None, sandbox: args.sandbox },
        results: None,
        // As often as wanted: nothing of the last test counts.
        new_ledger: true,
    }
}

/// The command to type again.
fn command(args: &TestArgs) -> String {
    let mut command = format!("zapi-batch test {}", apply::quoted(&args.manifest.display().to_string()));
    apply::add_flag(&mut command, "--only", args.only.clone());
    apply::add_flag(&mut command, "--rate", args.rate.and_then(apply::typed_rate));
    command.push_str(&apply::connection(&args.connection));
    for (name, given) in [("--sandbox", args.sandbox), ("--no-preflight", args.no_preflight)] {
        if given {
            command.extend([" ", name]);
        }
    }
    command
}
