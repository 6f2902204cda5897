//! The commands that talk to Z-API without applying a campaign: test, recall, check, groups; and how to reach Z-API.

use std::path::PathBuf;

use clap::Args;

use super::values;
use super::{LedgerArgs, TextOrJson};
use crate::delivery::Rate;

/// How Z-API is reached and where the credentials come from.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionArgs {
    /// A file with the credentials as NAME=value; the environment wins [default: .env beside the manifest]
    #[arg(long, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
    /// Where Z-API is: https, or http on this machine
    #[arg(long, value_name = "URL", help = BASE_URL)]
    pub base_url: Option<String>,
    /// A proxy to send through
    #[arg(long, value_name = "URL", help = PROXY)]
    pub proxy: Option<String>,
}

/// `test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// The manifest
    #[arg(value_name = "MANIFEST")]
    pub manifest: PathBuf,
    /// Do not ask; with a COUNT, only if exactly so many are sent
    #[arg(long, value_name = "COUNT", num_args = 0..=1, require_equals = true, value_parser = values::count)]
    #[allow(clippy::option_option)] // absent, given, given with a number: what clap's derive understands
    pub yes: Option<Option<u64>>,
    /// Only this event
    #[arg(long, value_name = "EVENT", value_parser = values::name, help_heading = "What to send")]
    pub only: Option<String>,
    /// How to write the outcome
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub format: TextOrJson,
    /// Sends per instance, such as 20/min, 2/s, 500/h or unlimited [default: the manifest's]
    #[arg(long, value_name = "RATE", value_parser = values::rate, help_heading = "Sending")]
    pub rate: Option<Rate>,
    /// Do not ask Z-API first whether the instances are connected
    #[arg(long, help_heading = "Sending")]
    pub no_preflight: bool,
    /// Rehearse against a stand-in on this machine: no credentials, nothing is sent
    #[arg(long, help_heading = "Sending")]
    pub sandbox: bool,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// `recall`.
#[derive(Debug, Args)]
pub struct RecallArgs {
    /// The manifest
    #[arg(value_name = "MANIFEST")]
    pub manifest: PathBuf,
    /// Do not ask; with a COUNT, only if exactly so many of ours are waiting
    #[arg(long, value_name = "COUNT", num_args = 0..=1, require_equals = true, value_parser = values::count)]
    #[allow(clippy::option_option)] // as above
    pub yes: Option<Option<u64>>,
    /// How to write the outcome
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub format: TextOrJson,
    #[command(flatten)]
    pub connection: ConnectionArgs,
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

/// `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The manifest
    #[arg(value_name = "MANIFEST")]
    pub manifest: PathBuf,
    /// How to write what was found
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub format: TextOrJson,
    #[command(flatten)]
    pub connection: ConnectionArgs,
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

/// `groups`.
#[derive(Debug, Args)]
pub struct GroupsArgs {
    /// The manifest
    #[arg(value_name = "MANIFEST")]
    pub manifest: PathBuf,
    /// Whose groups, when the manifest has several instances
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub instance: Option<String>,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

const BASE_URL: &str =
    "Where Z-API is: https, or http on this machine [default: ZAPI_BASE_URL, else https://api.z-api.io]";
const PROXY: &str = "A proxy to send through [default: ZAPI_PROXY, else none]";

pub(super) const TEST_EXAMPLES: &str = "\
Examples:
  zapi-batch test campaign.yaml
  zapi-batch test campaign.yaml --only launch --yes

Whom it goes to stands under `test` in the manifest. The campaign's own record is not touched.";

pub(super) const RECALL_EXAMPLES: &str = "\
Examples:
  zapi-batch recall campaign.yaml
  zapi-batch recall campaign.yaml --yes=120

Z-API sends one message every 1 to 3 seconds; what still waits there can be taken back, one by one. Messages of other \
programs are not touched. Stop a running apply first (Ctrl-C).";

pub(super) const CHECK_EXAMPLES: &str = "\
Examples:
  zapi-batch check campaign.yaml";

pub(super) const GROUPS_EXAMPLES: &str = "\
Examples:
  zapi-batch groups campaign.yaml > lists/groups.csv
  zapi-batch groups campaign.yaml --instance main > lists/groups.csv";
