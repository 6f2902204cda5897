//! The words of every diagnostic, one file an area, so that a second language can be added in one place.
//!
//! Each file declares its codes and, for each, a function that builds the diagnostic; the caller adds the place.
//! Codes are numbered by area: 0xx manifest, 1xx templates, events and times, 2xx rows, 3xx recipients, 4xx the run
//! itself (credentials, paths).

pub mod expansion;
pub mod recipient;
pub mod rows;

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
