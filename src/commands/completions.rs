//! `completions`: what a shell needs to complete commands and flags, on stdout.

use clap::CommandFactory;

use super::failure::Failure;
use crate::cli::{Cli, CompletionsArgs};
use crate::exit::Exit;
use crate::report::Stream;

pub(super) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "zapi-batch", &mut script);
    let script = String::from_utf8_lossy(&script);
    // clap_complete spells a program's hyphen in two ways in bash's script, so that no command would find its flags.
    Stream::Stdout.say(&script.replace("zapi__subcmd__batch__subcmd__", "zapi__batch__subcmd__"))?;
    Ok(Exit::Done)
}
