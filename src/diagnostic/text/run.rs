//! Codes and words for the run itself: 4xx.

use crate::diagnostic::{Code, Diagnostic};

pub const CODES: &[&Code] = &[&CREDENTIALS_MISSING];

static CREDENTIALS_MISSING: Code = Code { id: "W401", title: "credentials that a real apply will need" };

/// A dry run goes on without credentials; `why` names what is missing, never a value.
pub fn credentials_missing(why: &str) -> Diagnostic {
    Diagnostic::new(&CREDENTIALS_MISSING, why).help("a dry run needs none; a real apply is refused without them")
}
