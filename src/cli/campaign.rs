//! The commands around one campaign and its ledger: apply, validate, plan, status, results, resolve.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::values;
use super::{ConnectionArgs, Format, TextOrJson};
use crate::delivery::Rate;

/// Which ledger is meant.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Files")]
pub struct LedgerArgs {
    /// The record of what was sent [default: <campaign>.ledger.db beside the manifest]
    #[arg(long, value_name = "PATH")]
    pub ledger: Option<PathBuf>,
    /// Rehearse against a stand-in on this machine: no credentials, nothing is sent, files are <campaign>.sandbox.*
    #[arg(long, help_heading = "Sending")]
    pub sandbox: bool,
}

/// Which messages a run attempts; everything is still checked and planned.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "What to send")]
pub struct SelectionArgs {
    /// Only this event's messages
    #[arg(long, value_name = "EVENT", value_parser = values::name)]
    pub only: Option<String>,
    /// Only recipients of this recipient list
    #[arg(long, value_name = "LIST", value_parser = values::name)]
    pub to: Option<String>,
}

/// What may be done that a careful run would not do by itself.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "What to send")]
pub struct RulesArgs {
    /// Go on without the rows that have errors: they are recorded as skipped, and the run ends with exit code 1
    #[arg(long)]
    pub skip_invalid: bool,
    /// Edit messages although both the event's name and date have changed
    #[arg(long)]
    pub allow_rewrite: bool,
    /// Call off the events of recipients that are no longer listed; COUNT must be their exact number
    #[arg(long, value_name = "COUNT", num_args = 0..=1, require_equals = true, value_parser = values::count)]
    #[allow(clippy::option_option)] // absent, given, given with a number: what clap's derive understands
    pub cancel_left: Option<Option<u64>>,
}

/// `apply`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // each is a flag that stands by itself
pub struct ApplyArgs {
    /// The manifest
    #[arg(value_name = "MANIFEST")]
    pub manifest: PathBuf,
    /// Check and plan only: no network, no credentials, nothing is written
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask; with a COUNT, only if the plan sends exactly so many (creates, edits and called off)
    #[arg(long, value_name = "COUNT", num_args = 0..=1, require_equals = true, value_parser = values::count)]
    #[allow(clippy::option_option)] // as above
    pub yes: Option<Option<u64>>,
    /// human or json; with --dry-run also github, sarif and junit
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: Format,

    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Attempt at most N messages for the first time in this run
    #[arg(long, value_name = "N", value_parser = values::limit, help_heading = "What to send")]
    pub limit: Option<u64>,
    #[command(flatten)]
    pub rules: RulesArgs,
    /// Send unknown messages again, which may invite people twice; COUNT must be their exact number
    #[arg(long, value_name = "COUNT", require_equals = true, value_parser = values::count, help_heading = "What to send")]
    pub resend_unknown: Option<u64>,

    /// Requests in flight, all instances together, 1 to 256 [default: the manifest's]
    #[arg(long, value_name = "N", value_parser = values::concurrency, help_heading = "Sending")]
    pub concurrency: Option<usize>,
    /// Sends per instance, such as 20/min, 2/s, 500/h or unlimited [default: the manifest's]
    #[arg(long, value_name = "RATE", value_parser = values::rate, help_heading = "Sending")]
    pub rate: Option<Rate>,
    /// Where a window or a daily limit says to wait, end with exit code 5 instead
    #[arg(long, help_heading = "Sending")]
    pub no_wait: bool,
    /// Do not ask Z-API first whether the instances are connected
    #[arg(long, help_heading = "Sending")]
    pub no_preflight: bool,
    #[command(flatten)]
    pub connection: ConnectionArgs,

    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// Where the results go [default: <campaign>.results.csv beside the manifest]
    #[arg(long, value_name = "PATH", help_heading = "Files")]
    pub results: Option<PathBuf>,
    /// Start without what was recorded before: whoever was invited already may be invited again
    #[arg(long, help_heading = "Files")]
    pub new_ledger: bool,
}

/// `validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// The manifests
    #[arg(value_name = "MANIFEST", required = true, num_args = 1..)]
    pub manifests: Vec<PathBuf>,
    /// How to write what was found
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub format: Format,
    /// Warnings are errors
    #[arg(long)]
    pub strict: bool,
}

/// `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The manifest
    #[arg(value_name = "MANIFEST")]
    pub manifest: PathBuf,
    /// How to write the plan; the last three hold the diagnostics alone
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub format: Format,
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub rules: RulesArgs,
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

/// `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The manifest
    #[arg(value_name = "MANIFEST")]
    pub manifest: PathBuf,
    /// How to write the counts
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub format: TextOrJson,
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

/// `results`.
#[derive(Debug, Args)]
pub struct ResultsArgs {
    /// The manifest
    #[arg(value_name = "MANIFEST")]
    pub manifest: PathBuf,
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

/// `resolve`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("verdict").required(true).args(["arrived", "not_arrived"]))]
pub struct ResolveArgs {
    /// The manifest
    #[arg(value_name = "MANIFEST")]
    pub manifest: PathBuf,
    /// The recipient's phone number or group id, as the results show it
    #[arg(value_name = "RECIPIENT", allow_hyphen_values = false)]
    pub recipient: String,
    /// The event is there: I looked in the chat
    #[arg(long)]
    pub arrived: bool,
    /// The event's message id, if you know it; without it the message cannot be edited later
    #[arg(long, value_name = "ID", requires = "arrived", conflicts_with = "not_arrived", value_parser = values::name)]
    pub message_id: Option<String>,
    /// The event is not there: the next apply sends it again
    #[arg(long)]
    pub not_arrived: bool,
    /// Which event, when the recipient has several unknown ones
    #[arg(long, value_name = "EVENT", value_parser = values::name)]
    pub event: Option<String>,
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

pub(super) const APPLY_EXAMPLES: &str = "\
Examples:
  zapi-batch apply campaign.yaml                     show the plan, ask, send
  zapi-batch apply campaign.yaml --sandbox           rehearse; nothing leaves this machine
  zapi-batch apply campaign.yaml --dry-run           only check and count
  zapi-batch apply campaign.yaml --yes=812           without asking, if the plan sends exactly 812
  zapi-batch apply campaign.yaml --limit 20          the first 20, the rest with the next apply
  zapi-batch apply campaign.yaml --only launch --to vip
  zapi-batch apply campaign.yaml --cancel-left       call off what is no longer listed

It may be stopped and started again at any time: what was accepted is never sent again.";

pub(super) const VALIDATE_EXAMPLES: &str = "\
Examples:
  zapi-batch validate campaign.yaml
  zapi-batch validate campaigns/*.yaml --strict
  zapi-batch validate campaign.yaml --format github     in a GitHub workflow
  zapi-batch validate campaign.yaml --format sarif > faults.sarif";

pub(super) const PLAN_EXAMPLES: &str = "\
Examples:
  zapi-batch plan campaign.yaml
  zapi-batch plan campaign.yaml --only launch
  zapi-batch plan campaign.yaml --format json > plan.json";

pub(super) const STATUS_EXAMPLES: &str = "\
Examples:
  zapi-batch status campaign.yaml
  zapi-batch status campaign.yaml --format json";

pub(super) const RESULTS_EXAMPLES: &str = "\
Examples:
  zapi-batch results campaign.yaml > so-far.csv";

pub(super) const RESOLVE_EXAMPLES: &str = "\
Examples:
  zapi-batch resolve campaign.yaml 120363019502650977-group --arrived
  zapi-batch resolve campaign.yaml 'Mooca 2' --arrived --message-id D241XXXX732339502B68
  zapi-batch resolve campaign.yaml 5511999998888 --not-arrived

Look in the group or chat first: if the invitation is there and you say --not-arrived, it is sent a second time.";
