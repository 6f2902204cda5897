//! Everything a user can type: commands, flags, their help texts and examples. Talks to nobody; `main` parses, `lib`
//! hands each command's arguments to the file of that name under `commands`.
//!
//! Deliberately without behaviour: a value that is well formed but makes no sense here and now is refused by the command.

#![allow(rustdoc::invalid_html_tags, reason = "help texts name files such as <campaign>.ledger.db")]

mod campaign;
mod sandbox;
mod service;
mod values;

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub use campaign::{
    ApplyArgs, LedgerArgs, PlanArgs, ResolveArgs, ResultsArgs, RulesArgs, SelectionArgs, StatusArgs, ValidateArgs,
};
pub use sandbox::{CredentialsArg, DrainArg, FaultArg, FaultAt, FaultFor, FaultRate, GroupArg, Kind, SandboxArgs};
pub use service::{CheckArgs, ConnectionArgs, GroupsArgs, RecallArgs, TestArgs};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "zapi-batch",
    version,
    about = "Invites a whole campaign to WhatsApp events over Z-API: a manifest in, exactly one invitation a recipient out",
    long_about = "Invites a whole campaign to WhatsApp events over Z-API.\n\n\
        A campaign is a manifest: what to invite to, whom, and how fast. `apply` makes the world match it. Run again, it \
        sends only what is missing; change a text or a time, and what was already sent is edited.",
    after_help = FIRST_STEPS,
    after_long_help = FIRST_STEPS_AND_CODES,
    styles = STYLES,
    max_term_width = 100,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: GlobalArgs,
}

/// What every command understands.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct GlobalArgs {
    /// Show people's phone numbers whole, even where the output is not a terminal (otherwise 55119****8888)
    #[arg(long, global = true)]
    pub show_recipients: bool,
    /// Tell on stderr what is being done; -vv tells more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Write the log to this file instead of stderr
    #[arg(long, global = true, value_name = "PATH")]
    pub log_file: Option<PathBuf>,
}

/// One verb; each has its file under `commands`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check, plan, ask, send, and write the results
    #[command(after_help = campaign::APPLY_EXAMPLES)]
    Apply(Box<ApplyArgs>),
    /// Check manifests and recipient lists: everything that is wrong, at once, without sending
    #[command(after_help = campaign::VALIDATE_EXAMPLES)]
    Validate(ValidateArgs),
    /// Show what `apply` would send and change, with previews; sends nothing
    #[command(after_help = campaign::PLAN_EXAMPLES)]
    Plan(PlanArgs),
    /// Show how far a campaign is, also while it runs
    #[command(after_help = campaign::STATUS_EXAMPLES)]
    Status(StatusArgs),
    /// Write the results CSV to stdout, also while the campaign runs
    #[command(after_help = campaign::RESULTS_EXAMPLES)]
    Results(ResultsArgs),
    /// Decide about a message of which nobody can know whether it arrived
    #[command(after_help = campaign::RESOLVE_EXAMPLES)]
    Resolve(ResolveArgs),
    /// Send the campaign's events to the test list, as often as you like
    #[command(after_help = service::TEST_EXAMPLES)]
    Test(Box<TestArgs>),
    /// Take back what still waits in Z-API's queue
    #[command(after_help = service::RECALL_EXAMPLES)]
    Recall(RecallArgs),
    /// Look at the instances: number, connection, queue, and the groups they cannot write to
    #[command(after_help = service::CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// List an instance's groups as a CSV that is ready to be a recipient list
    #[command(after_help = service::GROUPS_EXAMPLES)]
    Groups(GroupsArgs),
    /// Run a local stand-in for Z-API, to rehearse and to test against
    #[command(after_help = sandbox::SANDBOX_EXAMPLES)]
    Sandbox(SandboxArgs),
    /// Write a starter manifest, a recipient list and a .gitignore
    Init(InitArgs),
    /// Print the manifest's JSON Schema, for editors
    #[command(after_help = "Examples:\n  zapi-batch schema > zapi-batch.schema.json")]
    Schema,
    /// Print completions for a shell
    #[command(
        after_help = "Examples:\n  zapi-batch completions bash > ~/.local/share/bash-completion/completions/zapi-batch"
    )]
    Completions(CompletionsArgs),
}

/// `init`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  zapi-batch init\n  zapi-batch init spring-launch")]
pub struct InitArgs {
    /// The folder to write to; files that exist are never overwritten
    #[arg(default_value = ".", value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell to complete in
    pub shell: clap_complete::Shell,
}

/// How diagnostics, and what a command was asked for, are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
    /// Annotations of GitHub workflows
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    #[value(help = "JUnit XML, for test reports")]
    Junit,
}

/// The two formats of commands that report no diagnostics of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum TextOrJson {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
}

impl Cli {
    /// Reads the process's arguments. Prints help, version and usage errors itself and ends the process with 0 or 2, as
    /// clap does.
    pub fn from_process() -> Self {
        Self::from_arguments(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    /// Reads the given arguments, the program's name first.
    pub fn from_arguments<I, T>(arguments: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<std::ffi::OsString> + Clone,
    {
        let cli = Self::try_parse_from(arguments)?;
        match &cli.command {
            // clap cannot say that a value goes only with another flag.
            Command::Apply(apply) if !apply.dry_run && !matches!(apply.format, Format::Human | Format::Json) => {
                let message = "--format github, sarif and junit go with --dry-run; without it: human or json\n";
                Err(Self::command().error(ErrorKind::ArgumentConflict, message))
            }
            _ => Ok(cli),
        }
    }
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const FIRST_STEPS: &str = "\
First steps:
  zapi-batch init                              a manifest to start from
  zapi-batch validate campaign.yaml            is everything right?
  zapi-batch apply campaign.yaml --sandbox     rehearse: nothing leaves this machine
  zapi-batch apply campaign.yaml               send; shows the plan and asks first";

const FIRST_STEPS_AND_CODES: &str = "\
First steps:
  zapi-batch init                              a manifest to start from
  zapi-batch validate campaign.yaml            is everything right?
  zapi-batch apply campaign.yaml --sandbox     rehearse: nothing leaves this machine
  zapi-batch apply campaign.yaml               send; shows the plan and asks first

Exit codes:
  0    every selected message is accepted (or valid, for a dry run)
  1    finished, but some are rejected, unknown, blocked, or skipped as invalid
  2    wrong usage, a fault in the manifest or a list, or the answer was no: nothing was sent
  3    stopped, a person is needed; the rest is pending
  4    the ledger is locked, unreadable, missing or full
  5    more to do: call again
  130  interrupted; the rest is pending

Environment:
  ZAPI_BASE_URL    where Z-API is (https://api.z-api.io)
  ZAPI_PROXY       a proxy to send through; HTTP_PROXY and the like are not read
  ZAPI_STATE_DIR   where the daily counts are kept
  RUST_LOG         what the log tells, as tracing filters
  NO_COLOR         no colours";

#[cfg(test)]
mod tests;
