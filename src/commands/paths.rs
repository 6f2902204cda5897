//! Which files a campaign has beside its manifest, and how the real ones, a rehearsal's and a test's are kept apart.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::exit::Exit;
use crate::ledger::{LedgerError, astray};
use crate::report::Stream;

/// What a ledger is for. They never share a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Real,
    /// `--sandbox`
    Rehearsal,
    /// `zapi-batch test`
    Test,
    /// `zapi-batch test --sandbox`
    TestRehearsal,
}

impl Purpose {
    fn infix(self) -> &'static str {
        match self {
            Self::Real => "",
            Self::Rehearsal => ".sandbox",
            Self::Test => ".test",
            Self::TestRehearsal => ".test.sandbox",
        }
    }

    /// Of an apply.
    pub(super) fn of_apply(is_sandbox: bool) -> Self {
        if is_sandbox { Self::Rehearsal } else { Self::Real }
    }

    /// Of a test.
    pub(super) fn of_test(is_sandbox: bool) -> Self {
        if is_sandbox { Self::TestRehearsal } else { Self::Test }
    }

    pub(super) fn is_sandbox(self) -> bool {
        matches!(self, Self::Rehearsal | Self::TestRehearsal)
    }

    pub(super) fn is_test(self) -> bool {
        matches!(self, Self::Test | Self::TestRehearsal)
    }
}

/// The files of one campaign and purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paths {
    /// What the ledger is told it belongs to: a rehearsal's ledger is refused for real, and the other way round.
    pub identity: String,
    pub ledger: PathBuf,
    pub results: PathBuf,
    /// `<campaign>.sent.json`: that something was sent, without recipients; meant to be committed.
    pub sent: PathBuf,
    /// `<campaign>.test.json`: which wordings were tested; a rehearsal has its own.
    pub tested: PathBuf,
    /// What the stand-in remembers from rehearsal to rehearsal.
    pub sandbox_state: PathBuf,
}

impl Paths {
    pub(super) fn of(folder: &Path, campaign: &str, purpose: Purpose) -> Self {
        let identity = format!("{campaign}{}", purpose.infix());
        let folder = if folder == Path::new(".") { Path::new("") } else { folder };
        let beside = |ending: &str| folder.join(format!("{identity}.{ending}"));
        let tests = Purpose::of_test(purpose.is_sandbox());
        Self {
            tested: folder.join(format!("{campaign}{}.json", tests.infix())),
            ledger: beside("ledger.db"),
            results: beside("results.csv"),
            sent: beside("sent.json"),
            sandbox_state: beside("state.json"),
            identity,
        }
    }

    /// Why the ledger cannot be opened. One of this campaign that is for something else is not another campaign's.
    pub(super) fn explain(&self, error: LedgerError) -> Failure {
        let LedgerError::OtherCampaign { path, campaign } = &error else { return error.into() };
        // The name of a campaign has no dot in it.
        let ((found, found_for), (own, own_for)) = (parts(campaign), parts(&self.identity));
        if found != own {
            return error.into();
        }
        let message = format!("{} is {} of this campaign, not {}", path.display(), called(found_for), called(own_for));
        Failure::new(Exit::Ledger, message).help("each has a file of its own: leave --ledger out, or give another path")
    }

    /// Where the ledger is to be read: in its place, or where a run that was killed has left it.
    pub(super) fn to_read(&self) -> PathBuf {
        astray::place(&self.ledger, &self.sent, &self.identity)
    }

    /// The same for who is to write: in its place, where it is put back if need be, which is said.
    pub(super) fn to_write(&self) -> Result<&Path, Failure> {
        if astray::bring_back(&self.ledger, &self.sent, &self.identity)? {
            let ledger = self.ledger.display();
            Stream::Stderr
                .say(&format!("note: {ledger} is back in its place, since nothing was sent with a new one\n"))?;
        }
        Ok(&self.ledger)
    }

    /// With `--ledger` and `--results` over the defaults.
    pub(super) fn with(mut self, ledger: Option<&Path>, results: Option<&Path>) -> Self {
        if let Some(ledger) = ledger {
            ledger.clone_into(&mut self.ledger);
        }
        if let Some(results) = results {
            results.clone_into(&mut self.results);
        }
        self
    }
}

fn parts(identity: &str) -> (&str, &str) {
    identity.split_once('.').unwrap_or((identity, ""))
}

/// By what stands behind the campaign's name.
fn called(infix: &str) -> &'static str {
    match infix {
        "" => "the real ledger",
        "sandbox" => "the ledger of rehearsals (--sandbox)",
        "test" => "the ledger of tests",
        _ => "the ledger of rehearsed tests",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rehearsal_never_touches_the_real_files() {
        let folder = Path::new("campaigns");
        let real = Paths::of(folder, "spring", Purpose::Real);
        assert_eq!(real.ledger, Path::new("campaigns/spring.ledger.db"));
        assert_eq!(real.results, Path::new("campaigns/spring.results.csv"));
        assert_eq!(real.sent, Path::new("campaigns/spring.sent.json"));
        let rehearsal = Paths::of(folder, "spring", Purpose::Rehearsal);
        assert_eq!(rehearsal.ledger, Path::new("campaigns/spring.sandbox.ledger.db"));
        assert_eq!(rehearsal.sent, Path::new("campaigns/spring.sandbox.sent.json"));
        assert_eq!(rehearsal.identity, "spring.sandbox");
        assert_eq!(Paths::of(folder, "spring", Purpose::Test).ledger, Path::new("campaigns/spring.test.ledger.db"));
        assert_eq!(real.tested, Path::new("campaigns/spring.test.json"));
        assert_eq!(rehearsal.tested, Path::new("campaigns/spring.test.sandbox.json"));
    }
}
