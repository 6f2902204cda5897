//! One verb a file; glue only. Each command puts the rooms together in its order and gives an exit code or a failure.

mod anew;
mod apply;
mod campaign;
mod check;
mod completions;
mod confirm;
mod credentials;
mod dry_run;
mod estimate;
mod failure;
mod groups;
mod guard;
mod init;
mod late;
mod logging;
mod opened;
mod paths;
mod plan;
mod planning;
mod preflight;
mod recall;
mod resolve;
mod results;
mod sandbox;
mod schema;
mod service;
mod status;
mod test;
mod tested;
mod validate;
mod waiting;
mod written;

use crate::cli::{Cli, Command, Format};
use crate::diagnostic::render;
use crate::exit::Exit;

/// Runs one command to its end and tells people why, when it could not go on.
pub fn run(cli: &Cli) -> Exit {
    let global = &cli.global;
    if let Err(failure) = logging::start(global) {
        failure.tell(global);
        return failure.exit;
    }
    let done = match &cli.command {
        Command::Apply(args) => apply::run(args, global),
        Command::Validate(args) => validate::run(args, global),
        Command::Plan(args) => plan::run(args, global),
        Command::Status(args) => status::run(args, global),
        Command::Results(args) => results::run(args),
        Command::Resolve(args) => resolve::run(args, global),
        Command::Test(args) => test::run(args, global),
        Command::Recall(args) => recall::run(args, global),
        Command::Check(args) => check::run(args, global),
        Command::Groups(args) => groups::run(args, global),
        Command::Sandbox(args) => sandbox::run(args),
        Command::Init(args) => init::run(args),
        Command::Schema => schema::run(),
        Command::Completions(args) => completions::run(args),
    };
    done.unwrap_or_else(|failure| {
        let exit = failure.exit;
        failure.typed(&typed(&cli.command)).tell(global);
        exit
    })
}

/// The manifest as it was typed, with the flags by which the same ledger is found.
fn typed(command: &Command) -> String {
    match command {
        Command::Apply(args) => apply::with_ledger(&args.manifest, &args.ledger),
        Command::Plan(args) => apply::with_ledger(&args.manifest, &args.ledger),
        Command::Status(args) => apply::with_ledger(&args.manifest, &args.ledger),
        Command::Results(args) => apply::with_ledger(&args.manifest, &args.ledger),
        Command::Resolve(args) => apply::with_ledger(&args.manifest, &args.ledger),
        Command::Recall(args) => apply::with_ledger(&args.manifest, &args.ledger),
        Command::Check(args) => apply::with_ledger(&args.manifest, &args.ledger),
        Command::Test(args) => apply::quoted(&args.manifest.display().to_string()),
        Command::Validate(_)
        | Command::Groups(_)
        | Command::Sandbox(_)
        | Command::Init(_)
        | Command::Schema
        | Command::Completions(_) => String::new(),
    }
}

/// The renderer for what was typed.
fn format_of(format: Format) -> render::Format {
    match format {
        Format::Human => render::Format::Human,
        Format::Json => render::Format::Json,
        Format::Github => render::Format::Github,
        Format::Sarif => render::Format::Sarif,
        Format::Junit => render::Format::Junit,
    }
}
