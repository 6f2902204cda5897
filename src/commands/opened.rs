//! Finds the ledger of a campaign for commands that need nothing else: status, results, resolve, recall.

use std::path::Path;

use super::apply::quoted;
use super::failure::Failure;
use super::paths::{Paths, Purpose};
use crate::cli::LedgerArgs;
use crate::diagnostic::{Diagnostics, Severity};
use crate::ledger::{Ledger, LedgerError, Mode, sent};
use crate::manifest::{self, Manifest};
use crate::report::Stream;

/// A campaign known by its manifest; its rows are not looked at.
pub(super) struct Opened {
    pub manifest: Manifest,
    pub ledger: Ledger,
    /// What is not certain about it, see [`doubts`].
    pub doubts: Vec<String>,
}

impl Opened {
    /// Tells people, beside what was asked for.
    pub(super) fn tell_doubts(&self) -> Result<(), Failure> {
        self.doubts.iter().try_for_each(|doubt| Ok(Stream::Stderr.say(&format!("note: {doubt}\n"))?))
    }
}

/// Opens the ledger that the manifest's campaign has. Faults of the manifest beside its name do not matter here.
pub(super) fn open(path: &Path, args: &LedgerArgs, mode: Mode) -> Result<Opened, Failure> {
    let manifest = named(path)?;
    let purpose = Purpose::of_apply(args.sandbox);
    let paths = Paths::of(&manifest.folder, &manifest.campaign, purpose).with(args.ledger.as_deref(), None);
    let place = if mode == Mode::Read { paths.to_read() } else { paths.to_write()?.to_owned() };
    let ledger = Ledger::open(&place, &paths.identity, mode).or_else(|error| {
        if matches!(error, LedgerError::Missing { .. }) {
            // Where the note says that something was sent, "nothing yet" would be wrong.
            sent::check(&paths.sent, &paths.ledger, None)?;
        }
        Err(paths.explain(error))
    })?;
    let is_unused = ledger.begun_at()?.is_none();
    // One that is empty stands where another was; and to write into an older copy would make it look like the newest.
    if is_unused || (mode == Mode::Write && sent::is_of(&paths.sent, &ledger)?) {
        sent::check(&paths.sent, &paths.ledger, Some(&ledger))?;
    }
    let doubts = doubts(&paths, Some(&ledger))?;
    Ok(Opened { manifest, ledger, doubts })
}

/// Where an apply would not take this ledger for the campaign's, who only reads it is told so. The note is read first: a
/// run that begins meanwhile makes no ledger look old.
pub(super) fn doubts(paths: &Paths, ledger: Option<&Ledger>) -> Result<Vec<String>, LedgerError> {
    let refused = sent::check(&paths.sent, &paths.ledger, ledger).err();
    let refused =
        refused.map(|why| format!("this may not be how far the campaign is, and apply refuses to send: {why}"));
    let recall = ledger.map(broken_off).transpose()?.flatten();
    Ok(refused.into_iter().chain(recall).collect())
}

/// Messages count as accepted that may have been taken back, or may be yet.
const BROKEN_OFF: &str =
    "a recall broke off: whether it took back what it had in hand cannot be known; the next apply or recall names it";
/// The same, once it is in doubt on record.
pub(super) const SETTLED_RECALL: &str = "a recall broke off: whether it took back what it had in hand cannot be known; \
                                         invitations are unknown now, edits are made again";

/// For who only reads: a recall that is going on did not break off.
pub(super) fn broken_off(ledger: &Ledger) -> Result<Option<String>, LedgerError> {
    let is_left = !ledger.left_recalling()?.is_empty() && ledger.running().is_none();
    Ok(is_left.then(|| BROKEN_OFF.to_owned()))
}

/// Reads a manifest for the sake of its campaign's name.
pub(super) fn named(path: &Path) -> Result<Manifest, Failure> {
    let mut diagnostics = Diagnostics::new();
    let found = manifest::load(path, &mut diagnostics);
    let was_read = found.is_some();
    found.filter(|manifest| !manifest.campaign.is_empty()).ok_or_else(|| {
        let errors = diagnostics.sorted().into_iter().filter(|found| found.severity() == Severity::Error);
        let mut whys = errors.map(|error| error.message.as_str());
        // In a manifest that was read, what is wrong elsewhere does not matter here; else the place where reading ended does.
        let why = if was_read { whys.find(|why| why.contains("campaign")) } else { whys.next_back() };
        let why = why.unwrap_or("its campaign has no name that can be used");
        Failure::refused(format!("{} cannot be read: {why}", path.display()))
            .help(format!("zapi-batch validate {} tells all", quoted(&path.display().to_string())))
    })
}
