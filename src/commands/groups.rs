//! `groups`: an instance's groups as a CSV that is ready to be a recipient list.

use super::failure::Failure;
use super::opened;
use super::service::{self, Service};
use crate::cli::{GlobalArgs, GroupsArgs};
use crate::exit::Exit;
use crate::gateway::CallFault;
use crate::gateway::wire::Group;
use crate::manifest::Manifest;
use crate::report::{Stream, stream, words};

pub(super) fn run(args: &GroupsArgs, _global: &GlobalArgs) -> Result<Exit, Failure> {
    let manifest = opened::named(&args.manifest)?;
    let instance = chosen(&manifest, args)?;
    let service = service::reach(&manifest, &args.connection)?;
    let runtime = service::runtime()?;
    let (groups, is_cut_off) = runtime
        .block_on(all(&service, instance))
        .map_err(|fault| Failure::new(Exit::Stopped, format!("the groups cannot be listed: {fault}")))?;
    let mut csv = csv::Writer::from_writer(stream::stdout());
    let written = csv.write_record(["phone", "name"]).and_then(|()| {
        groups.iter().try_for_each(|group| csv.write_record([&*cell(&group.phone), &*cell(&group.name)]))?;
        Ok(csv.flush()?)
    });
    written.map_err(|error| Failure::new(Exit::Ledger, format!("writing the list failed: {error}")))?;
    if is_cut_off {
        let groups = words::count(groups.len() as u64, "group", "groups");
        Stream::Stderr.say(&format!("note: the list is cut off after {groups}: Z-API had more pages to tell\n"))?;
    }
    Ok(Exit::Done)
}

/// Every group once, and whether there may be more.
async fn all(service: &Service, instance: usize) -> Result<(Vec<Group>, bool), CallFault> {
    let mut groups = Vec::new();
    let mut pages = service.gateway.group_pages(instance);
    while let Some(found) = pages.next().await? {
        groups.extend(found);
    }
    Ok((groups, pages.is_cut_off()))
}

/// A text as it is, but for what no terminal should obey; a `'` keeps spreadsheets from running it, and is taken away again
/// where the list is read.
fn cell(name: &str) -> String {
    let name = words::printable(name);
    let begins_formula = name.trim_start_matches('\'').starts_with(['=', '+', '-', '@']);
    if begins_formula { format!("'{name}") } else { name }
}

/// With several instances a person has to say whose groups are meant.
fn chosen(manifest: &Manifest, args: &GroupsArgs) -> Result<usize, Failure> {
    let names: Vec<&str> = manifest.instances.iter().map(|instance| &*instance.name).collect();
    match (&args.instance, names.as_slice()) {
        (Some(wanted), names) => names.iter().position(|name| name == wanted).ok_or_else(|| {
            Failure::refused(format!("the manifest has no instance `{wanted}`"))
                .help(format!("it has: {}", names.join(", ")))
        }),
        (None, [_]) => Ok(0),
        (None, names) => Err(Failure::refused("the manifest has several instances")
            .help(format!("say whose groups with --instance: {}", names.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_as_they_are_and_nothing_is_run() {
        let table = [
            ("Vida ❤️", "Vida ❤️"),
            ("Mooca  leste", "Mooca  leste"),
            ("+Vida", "'+Vida"),
            ("'=1+1", "''=1+1"),
            ("'tis", "'tis"),
            ("\u{202e}=1+1", "'=1+1"),
            ("two\nlines\u{1b}[2J", "two lines[2J"),
        ];
        for (name, written) in table {
            assert_eq!(cell(name), written);
        }
    }
}
