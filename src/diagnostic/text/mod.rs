//! The words of every diagnostic, one file an area, so that a second language can be added in one place.
//!
//! Each file declares its codes and, for each, a function that builds the diagnostic; the caller adds the place.
//! Codes are numbered by area: 0xx manifest, 1xx templates, events and times, 2xx rows, 3xx recipients, 4xx the run
//! itself (credentials, paths).

/// Declares a file's codes and the list of them.
macro_rules! codes {
    ($($name:ident = $id:literal, $title:literal;)*) => {
        $(pub static $name: crate::diagnostic::Code = crate::diagnostic::Code { id: $id, title: $title };)*
        /// Every code of this file, for lists of rules.
        pub const CODES: &[&crate::diagnostic::Code] = &[$(&$name),*];
    };
}

pub mod event;
pub mod manifest;
pub mod recipient;
pub mod rows;
pub mod run;
pub mod template;
pub mod values;

/// Every code that there is, by area.
pub fn codes() -> impl Iterator<Item = &'static super::Code> {
    [manifest::CODES, values::CODES, template::CODES, event::CODES, rows::CODES, recipient::CODES, run::CODES]
        .concat()
        .into_iter()
}

/// A cell or a name as a message can hold it: one line, not too long, nothing that a terminal would obey.
fn shorten(text: &str) -> String {
    const CHARACTERS_MAX: usize = 60;
    let mut shown = String::new();
    for (count, c) in text.trim().chars().enumerate() {
        if count == CHARACTERS_MAX {
            shown.push('…');
            break;
        }
        if c.is_control() { shown.extend(c.escape_debug()) } else { shown.push(c) }
    }
    shown
}
