//! `completions`: what a shell needs to complete commands and flags, on stdout.

use clap::CommandFactory;

use super::failure::Failure;
use crate::cli::{Cli, CompletionsArgs};
use crate::exit::Exit;
use crate::report::Stream;

pub(super) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "zapi-batch", &mut script);
    Stream::Stdout.say(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
