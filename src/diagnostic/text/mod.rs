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

use super::suggest::{is_unseen, seen};

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

/// A text whole, as a manifest can hold it: in double quotes, and what does not show spelled out.
fn in_yaml(text: &str) -> String {
    let written = |c: char| match (c, u32::from(c)) {
        ('"' | '\\', _) => format!("\\{c}"),
        ('\n', _) => "\\n".to_owned(),
        ('\r', _) => "\\r".to_owned(),
        ('\t', _) => "\\t".to_owned(),
        (' ', _) => c.to_string(),
        _ if !c.is_control() && !is_unseen(c) && !c.is_whitespace() => c.to_string(),
        (_, code) if code <= 0xFFFF => format!("\\u{code:04X}"),
        (_, code) => format!("\\U{code:08X}"),
    };
    format!("\"{}\"", text.chars().map(written).collect::<String>())
}

/// How a header differs from a name that looks the same: a blank that is another character, an accent on its own, a
/// character that does not show. `None` when people can see the difference.
fn unlike(wanted: &str, header: &str) -> Option<String> {
    if wanted == header || seen(wanted) != seen(header) {
        return None;
    }
    let at = wanted.chars().zip(header.chars()).position(|(wanted, header)| wanted != header);
    let at = at.unwrap_or_else(|| wanted.chars().count().min(header.chars().count()));
    let before: String = header.chars().take(at).collect();
    let (wanted, header) = (wanted.chars().nth(at), header.chars().nth(at));
    let named = |c: Option<char>| c.map_or_else(|| "nothing".to_owned(), name_of);
    Some(format!(
        "the file's header looks the same, but after `{}` it has {} where {} is written here: copy the name from the \
         file, or rename the column in it",
        shorten(&before),
        named(header),
        named(wanted)
    ))
}

fn name_of(c: char) -> String {
    let code = u32::from(c);
    match c {
        ' ' => "a blank".to_owned(),
        '\u{a0}' | '\u{202f}' => format!("a no-break space (U+{code:04X})"),
        '\u{300}'..='\u{36f}' => format!("an accent of its own (U+{code:04X})"),
        c if is_unseen(c) || c.is_whitespace() => format!("a character that does not show (U+{code:04X})"),
        c => format!("`{c}` (U+{code:04X})"),
    }
}

#[cfg(test)]
mod tests {
    use super::unlike;

    #[test]
    fn names_that_look_alike_are_told_apart() {
        for (wanted, header, expected) in [
            ("Nome do grupo", "Nome\u{a0}do grupo", "after `Nome` it has a no-break space (U+00A0) where a blank is"),
            ("Endereço", "Enderec\u{327}o", "after `Endere` it has `c` (U+0063) where `ç` (U+00E7) is"),
            ("Enderec\u{327}o", "Endereço", "after `Endere` it has `ç` (U+00E7) where `c` (U+0063) is"),
            ("Nome", "No\u{200b}me", "after `No` it has a character that does not show (U+200B) where `m` (U+006D) is"),
            ("João", "Joa\u{303}o", "after `Jo` it has `a` (U+0061) where `ã` (U+00E3) is"),
        ] {
            let said = unlike(wanted, header).unwrap_or_default();
            assert!(said.contains(expected), "{header}: {said}");
        }
        for (wanted, header) in [("Nome", "nome"), ("Endereco", "Endereço"), ("Nome", "Nome"), ("a b", "ab")] {
            assert_eq!(unlike(wanted, header), None, "{header}");
        }
    }
}
