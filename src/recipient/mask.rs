//! Hides persons' numbers in texts that leave the terminal.

use std::borrow::Cow;

/// Masks every person's number in a free text.
pub fn mask_in_text(text: &str) -> Cow<'_, str> {
    todo!("{text}")
}
