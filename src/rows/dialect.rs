//! Finds out what separates the fields: `sep=` in the first line, else what the header line has most of.
//!
//! Looks at text only; the caller takes the `sep=` line away.

use std::collections::HashSet;

use super::header::slug;

/// In the order in which they win when the header leaves it open. Brazilian Excel writes `;`.
const CANDIDATES: [u8; 4] = [b';', b',', b'\t', b'|'];

/// The same as characters.
const DELIMITERS: [char; 4] = [';', ',', '\t', '|'];

/// The delimiter that Excel's own first line `sep=;` names.
pub(super) fn named(line: &str) -> Option<u8> {
    let line = line.trim_end();
    let line = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(line);
    let is_named = line.get(..4)?.eq_ignore_ascii_case("sep=");
    match line.as_bytes().get(4..)? {
        _ if !is_named => None,
        // Without quotes a tab was cut off with the blanks at the line's end.
        [] | [b'\t'] => Some(b'\t'),
        [delimiter] if delimiter.is_ascii_punctuation() && *delimiter != b'"' => Some(*delimiter),
        _ => None,
    }
}

/// The delimiter of a header, behind which rows may follow: the one that brings out most of the columns that are wanted
/// (`phone` is, by whatever spelling has that name), then the one there is most of.
pub(super) fn found(header: &str, wanted: &[&str]) -> u8 {
    let score = |delimiter: u8| {
        let Fields { fields, .. } = Fields::of(header, delimiter);
        let known: HashSet<&str> = fields.iter().map(String::as_str).collect();
        let hits = wanted.iter().filter(|name| known.contains(*name)).count();
        let has_phone = fields.iter().any(|field| slug(field) == "phone");
        (hits + usize::from(has_phone), fields.len())
    };
    let mut best = (CANDIDATES[0], score(CANDIDATES[0]));
    for candidate in &CANDIDATES[1..] {
        let score = score(*candidate);
        if score > best.1 {
            best = (*candidate, score);
        }
    }
    // One column only: nothing is separated, and a comma is what people expect.
    if best.1.1 > 1 { best.0 } else { b',' }
}

/// Whether a header line may go on in the next one: a quoted name has no end yet.
pub(super) fn is_open(line: &str) -> bool {
    CANDIDATES.into_iter().any(|delimiter| Fields::of(line, delimiter).is_open)
}

/// What a file separates its columns by, where the `delimiter` or the `sep=` line makes one column of all of them. Whatever else
/// could be said of such a file would be said of a column that there is not.
pub(super) fn missed(names: &[String], wanted: &[&str]) -> Option<char> {
    let [only] = names else { return None };
    if wanted.contains(&only.as_str()) {
        return None;
    }
    only.chars().find(|c| DELIMITERS.contains(c))
}

/// The first record of a text.
struct Fields {
    /// Without quotes and the blanks around them; delimiters within quotes do not count.
    fields: Vec<String>,
    /// The last one is quoted, and has no end.
    is_open: bool,
}

/// Where in a field we are. A quote opens at its start only.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Unquoted,
    Quoted,
    /// Behind a quote within a quoted text: its end, or the first of two.
    Closing,
}

impl Fields {
    fn of(text: &str, delimiter: u8) -> Self {
        let mut fields = vec![String::new()];
        let mut at = At::Start;
        for c in text.chars() {
            let is_kept;
            (at, is_kept) = match (at, c) {
                (At::Start, '"') => (At::Quoted, false),
                (At::Quoted, '"') => (At::Closing, false),
                (At::Quoted, _) | (At::Closing, '"') => (At::Quoted, true),
                (At::Start | At::Unquoted | At::Closing, '\n') => break,
                (At::Start | At::Unquoted | At::Closing, c) if c == char::from(delimiter) => {
                    fields.push(String::new());
                    (At::Start, false)
                }
                (At::Start | At::Unquoted | At::Closing, _) => (At::Unquoted, true),
            };
            fields.last_mut().filter(|_| is_kept).into_iter().for_each(|field| field.push(c));
        }
        let fields = fields.iter().map(|field| field.trim().to_owned()).collect();
        Self { fields, is_open: at == At::Quoted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excel_may_name_the_delimiter() {
        for (line, expected) in [
            ("sep=;", Some(b';')),
            ("SEP=,", Some(b',')),
            ("\"sep=|\"", Some(b'|')),
            ("\"sep=;\"\r", Some(b';')),
            ("sep=\t", Some(b'\t')),
            ("\"sep=\t\"", Some(b'\t')),
            ("\"SEP=\t\" ", Some(b'\t')),
            ("sep", None),
            ("sep=;;", None),
            ("sep=\"", None),
            ("phone;name", None),
            ("ação", None),
        ] {
            assert_eq!(named(line), expected, "{line}");
        }
    }

    #[test]
    fn the_header_tells_the_delimiter() {
        let cases: &[(&str, &[&str], u8)] = &[
            ("phone,name", &[], b','),
            ("phone;name", &[], b';'),
            ("phone\tname", &[], b'\t'),
            ("phone|name", &[], b'|'),
            ("phone", &[], b','),
            ("phone;\"name, first\"", &[], b';'),
            ("a,b;c", &[], b';'),
            ("a,b;c", &["a"], b','),
            ("Celular, com DDD, sem zero;Nome", &["Nome"], b';'),
            ("phone,Nome; apelido", &[], b','),
            ("Nome, completo;PHONE", &[], b';'),
            ("Nome; apelido|\"Phone\"", &[], b'|'),
            ("Id,\"a; b; c\nd\",phone\n1;2;3;4;5", &[], b','),
            ("\"a, \"\"b\"\";\n\";Nome\n1,2,3,4", &[], b';'),
            ("Tela 12\",phone", &[], b','),
            ("phone,\"name\n1;a;b", &[], b','),
        ];
        for (header, wanted, expected) in cases {
            assert_eq!(found(header, wanted), *expected, "{header}");
        }
    }

    #[test]
    fn a_quoted_name_may_go_on_in_the_next_line() {
        let cases =
            [("a,\"b", true), ("a;\"b", true), ("a,\"b\"\"", true), ("a,\"b\"", false), ("a \"b", false), ("", false)];
        for (line, expected) in cases {
            assert_eq!(is_open(line), expected, "{line}");
        }
    }
}
