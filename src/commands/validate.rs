//! `validate`: manifests and their rows, nothing else: no ledger, no credentials, no network.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::campaign::{self, Keep};
use super::failure::Failure;
use super::format_of;
use crate::cli::{GlobalArgs, ValidateArgs};
use crate::diagnostic::Diagnostics;
use crate::diagnostic::render::{self, ListNames, Summary};
use crate::exit::Exit;
use crate::report::Stream;

pub(super) fn run(args: &ValidateArgs, global: &GlobalArgs) -> Result<Exit, Failure> {
    let now = Timestamp::now();
    let mut all = Diagnostics::new();
    let mut summary = Summary::default();
    if args.manifests.len() > 1 {
        summary.lists = ListNames::FromHere;
    }
    for path in &args.manifests {
        let mut campaign = campaign::open(path, now, Keep::Nothing, None)?;
        let mut checked = campaign.summary(path);
        if summary.lists == ListNames::FromHere {
            from_here(path, &mut campaign.diagnostics, &mut checked);
        }
        summary.messages += checked.messages;
        for file in checked.files {
            if !summary.files.contains(&file) {
                summary.files.push(file);
            }
        }
        all.merge(campaign.diagnostics);
    }
    if args.strict {
        all.make_strict();
    }
    let style = Stream::Stdout.style(global.show_recipients);
    Stream::Stdout.say(&render::render(&all, &summary, format_of(args.format), style))?;
    Ok(if all.errors() > 0 { Exit::Refused } else { Exit::Done })
}

/// Names lists as they can be opened from here: manifests of different folders may have lists of one name.
fn from_here(manifest: &Path, diagnostics: &mut Diagnostics, checked: &mut Summary) {
    let folder = manifest.parent().unwrap_or(Path::new(""));
    let own: Arc<str> = manifest.to_string_lossy().into();
    let name = |file: &Arc<str>| {
        if *file == own { Arc::clone(file) } else { folder.join(&**file).to_string_lossy().into() }
    };
    diagnostics.rename_files(&name);
    checked.files = checked.files.iter().map(name).collect();
}
