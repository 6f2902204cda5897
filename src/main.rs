//! Doorway: parse, run, return the exit code.

use std::process::ExitCode;

use zapi_batch::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::from_process();
    ExitCode::from(zapi_batch::commands::run(&cli).code())
}
