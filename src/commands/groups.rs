//! `groups`: an instance's groups as a CSV that is ready to be a recipient list.

use super::failure::Failure;
use super::opened;
use super::service::{self, Service};
use crate::cli::{GlobalArgs, GroupsArgs};
use crate::exit::Exit;
use crate::manifest::Manifest;
use crate::report::results::harmless;
use crate::report::stream;

pub(super) fn run(args: &GroupsArgs, _global: &GlobalArgs) -> Result<Exit, Failure> {
    let manifest = opened::named(&args.manifest)?;
    let instance = chosen(&manifest, args)?;
    let service = service::reach(&manifest, &args.connection)?;
    let runtime = service::runtime()?;
    let Service { gateway, .. } = &service;
    let groups = runtime
        .block_on(gateway.groups(instance))
        .map_err(|fault| Failure::new(Exit::Stopped, format!("the groups cannot be listed: {fault}")))?;
    let mut csv = csv::Writer::from_writer(stream::stdout());
    let written = csv.write_record(["phone", "name"]).and_then(|()| {
        groups.iter().try_for_each(|group| csv.write_record([&*group.phone, &*harmless(&group.name)]))?;
        Ok(csv.flush()?)
    });
    written.map_err(|error| Failure::new(Exit::Ledger, format!("writing the list failed: {error}")))?;
    Ok(Exit::Done)
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
