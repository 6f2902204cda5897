//! Why a command cannot go on: the exit code and the words, one line each for what is wrong and what to do.

use std::borrow::Cow;
use std::fmt;

use crate::cli::GlobalArgs;
use crate::exit::Exit;
use crate::ledger::LedgerError;
use crate::quota::QuotaError;
use crate::recipient::mask_in_text;
use crate::report::Stream;

/// Stands in a help for the manifest as it was typed, with the flags by which the same ledger is found.
pub(super) const TYPED: &str = "{typed}";

/// Ends a command. Holds no secret; the service's words in it may name a person's number.
#[derive(Debug)]
pub(super) struct Failure {
    pub exit: Exit,
    pub message: String,
    pub help: Option<String>,
}

impl Failure {
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), help: None }
    }

    /// Usage, manifest, credentials, paths: nothing was sent.
    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    /// What to do; [`TYPED`] in it becomes what was typed.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn typed(mut self, typed: &str) -> Self {
        self.help = self.help.map(|help| help.replace(TYPED, typed));
        self
    }

    /// Tells people, on standard error, off a terminal without persons' numbers. Nobody is left to be told when it is
    /// closed: the exit code still says it.
    pub(super) fn tell(&self, global: &GlobalArgs) {
        let text = format!("{self}\n");
        let is_masked = Stream::Stderr.style(global.show_recipients).mask;
        let shown = if is_masked { mask_in_text(&text) } else { Cow::Borrowed(&*text) };
        let _ = Stream::Stderr.say(&shown);
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "\n  help: {help}"))
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let help = match &error {
            LedgerError::Missing { .. } => {
                Some(format!("nothing was applied yet; start with zapi-batch apply {TYPED}"))
            }
            LedgerError::Locked { .. } => {
                Some(format!("wait until it is done, or stop it there; zapi-batch status {TYPED} works meanwhile"))
            }
            _ => None,
        };
        let failure = Self::new(Exit::Ledger, error.to_string());
        match help {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}

impl From<QuotaError> for Failure {
    fn from(error: QuotaError) -> Self {
        Self::new(Exit::Ledger, error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Ledger, format!("writing failed: {error}"))
    }
}
