//! Which files a campaign has beside its manifest, and how the real ones, a rehearsal's and a test's are kept apart.

use std::path::{Path, PathBuf};

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

    pub(super) fn is_sandbox(self) -> bool {
        matches!(self, Self::Rehearsal | Self::TestRehearsal)
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
    /// What the stand-in remembers from rehearsal to rehearsal.
    pub sandbox_state: PathBuf,
}

impl Paths {
    pub(super) fn of(folder: &Path, campaign: &str, purpose: Purpose) -> Self {
        let identity = format!("{campaign}{}", purpose.infix());
        let folder = if folder == Path::new(".") { Path::new("") } else { folder };
        let beside = |ending: &str| folder.join(format!("{identity}.{ending}"));
        Self {
            ledger: beside("ledger.db"),
            results: beside("results.csv"),
            sent: beside("sent.json"),
            sandbox_state: beside("state.json"),
            identity,
        }
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
        assert_ne!(Paths::of(folder, "spring", Purpose::Test).ledger, real.ledger);
    }
}
