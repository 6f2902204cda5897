//! Codes and words for what only shows when the manifest meets its lists: E15x.

use crate::diagnostic::suggest::nearest;
use crate::diagnostic::{Code, Diagnostic};

pub const CODES: &[&Code] = &[&UNKNOWN_RESULT_COLUMN];

static UNKNOWN_RESULT_COLUMN: Code = Code { id: "E150", title: "results column that no recipient has" };

/// `results.columns` names what is neither a column of a list nor a var.
pub fn unknown_result_column(name: &str, known: &[&str]) -> Diagnostic {
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", known.join(", ")),
    };
    let message = format!("no recipient list has a column `{name}`, and no send a var of that name");
    Diagnostic::new(&UNKNOWN_RESULT_COLUMN, message).help(help)
}
