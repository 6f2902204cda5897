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
    let prefix = line.get(..4)?;
    match line.as_bytes().get(4..)? {
        [delimiter]
            if prefix.eq_ignore_ascii_case("sep=") && delimiter.is_ascii_punctuation() && *delimiter != b'"' =>
        {
            Some(*delimiter)
        }
        // The tab was cut off with the blanks at the line's end.
        [] if prefix.eq_ignore_ascii_case("sep=") => Some(b'\t'),
        _ => None,
    }
}

/// The delimiter of a header line: the one that brings out most of the columns that are wanted (`phone` is, by whatever
/// spelling has that name), then the one there is most of.
pub(super) fn found(header: &str, wanted: &[&str]) -> u8 {
    let score = |delimiter: u8| {
        let fields: Vec<String> = unquoted(header, delimiter);
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

/// What a file separates its columns by, where the manifest's `delimiter` makes one column of all of them. Whatever else
/// could be said of such a file would be said of a column that there is not.
pub(super) fn missed(names: &[String], wanted: &[&str]) -> Option<char> {
    let [only] = names else { return None };
    if wanted.contains(&only.as_str()) {
        return None;
    }
    only.chars().find(|c| DELIMITERS.contains(c))
}

/// The fields of a line, without quotes and the blanks around them; delimiters within quotes do not count.
fn unquoted(line: &str, delimiter: u8) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            c if c == char::from(delimiter) && !is_quoted => fields.push(String::new()),
            c => fields.last_mut().into_iter().for_each(|field| field.push(c)),
        }
    }
    fields.iter().map(|field| field.trim().to_owned()).collect()
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
            ("sep=\t", Some(b'\t')),
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
        ];
        for (header, wanted, expected) in cases {
            assert_eq!(found(header, wanted), *expected, "{header}");
        }
    }
}
