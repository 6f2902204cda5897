//! Makes text of the service fit to be shown, logged and stored: one line, capped, without the instance's secrets.
//!
//! Servers like to echo the path that they were asked for, and the path holds the credentials.

use secrecy::{ExposeSecret, SecretString};

use crate::instance::Credentials;

/// The longest error text that is kept, in characters.
const CHARACTERS_MAX: usize = 300;

/// A shorter secret (a rehearsal's instance is called like the one in the manifest) is removed only where it is a word of
/// its own; real ones are 20 characters and more.
const ANYWHERE_BYTES_MIN: usize = 6;

const REDACTED: &str = "[REDACTED]";

/// Knows the secrets of one instance in every spelling in which a server may give them back.
pub struct Redactor {
    /// Longest first, so that a secret which holds another is removed whole.
    spellings: Vec<SecretString>,
}

impl Redactor {
    pub fn new(credentials: &Credentials) -> Self {
        let secrets = [Some(&credentials.id), Some(&credentials.token), credentials.client_token.as_ref()];
        let mut spellings: Vec<String> = Vec::new();
        for secret in secrets.into_iter().flatten() {
            let raw = secret.expose_secret();
            for spelling in [raw.to_owned(), percent_encoded(raw, is_unreserved), percent_encoded(raw, is_path)] {
                if !spelling.is_empty() && !spellings.contains(&spelling) {
                    spellings.push(spelling);
                }
            }
        }
        spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        Self { spellings: spellings.into_iter().map(SecretString::from).collect() }
    }

    /// The text as one line of at most 300 characters, without control characters and without secrets.
    pub fn line(&self, text: &str) -> String {
        // Secrets go before anything is cut or joined, so that no half of one is left.
        let mut text = text.to_owned();
        for spelling in &self.spellings {
            text = replace_ignoring_case(&text, spelling.expose_secret());
        }
        let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let mut line = words.collect::<Vec<_>>().join(" ");
        line.retain(|c| !is_invisible(c));
        cut(&mut line);
        line
    }
}

fn cut(line: &mut String) {
    if line.chars().nth(CHARACTERS_MAX).is_some()
        && let Some((at, _)) = line.char_indices().nth(CHARACTERS_MAX - 1)
    {
        line.truncate(at);
        line.push('…');
    }
}

/// Also finds a secret in other letter case: servers lower-case paths, and percent-encoding knows both.
fn replace_ignoring_case(text: &str, secret: &str) -> String {
    let (folded, wanted) = (text.to_ascii_lowercase(), secret.to_ascii_lowercase());
    let is_inside_word = |at: usize, end: usize| {
        let is_of_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        is_of_word(text[..at].chars().next_back()) || is_of_word(text[end..].chars().next())
    };
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, found) in folded.match_indices(&wanted) {
        let end = at + found.len();
        if secret.len() >= ANYWHERE_BYTES_MIN || !is_inside_word(at, end) {
            out.push_str(&text[from..at]);
            out.push_str(REDACTED);
            from = end;
        }
    }
    out.push_str(&text[from..]);
    out
}

/// Zero-width and bidirectional marks: a text must look like what it is.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn percent_encoded(text: &str, is_kept: fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_kept(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    out
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// What may stand in a path segment as it is, so most libraries leave it.
fn is_path(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,;=:@".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(id: &str, token: &str, client_token: Option<&str>) -> Redactor {
        Redactor::new(&Credentials {
            id: SecretString::from(id),
            token: SecretString::from(token),
            client_token: client_token.map(SecretString::from),
        })
    }

    #[test]
    fn secrets_go_in_every_spelling() {
        let redactor = redactor("ID1", "t+k/n=é", Some("Client Token"));
        for (text, line) in [
            ("ID1", "[REDACTED]"),
            ("/instances/id1/token/t%2Bk%2Fn%3D%C3%A9/x", "/instances/[REDACTED]/token/[REDACTED]/x"),
            ("/token/t+k%2Fn=%C3%A9", "/token/[REDACTED]"),
            ("t%2bk%2fn%3d%c3%a9", "[REDACTED]"),
            ("raw t+k/n=é.", "raw [REDACTED]."),
            ("is Client Token", "is [REDACTED]"),
            ("is Client%20Token", "is [REDACTED]"),
            ("is clean", "is clean"),
        ] {
            assert_eq!(redactor.line(text), line, "{text}");
        }
    }

    #[test]
    fn a_secret_within_another_does_not_spoil_it() {
        let redactor = redactor("abc", "abcdef", None);
        assert_eq!(redactor.line("x abcdef y abc z"), "x [REDACTED] y [REDACTED] z");
        assert_eq!(redactor.line("/abc/ abcd xabcdefx"), "/[REDACTED]/ abcd x[REDACTED]x");
    }

    #[test]
    fn the_line_is_one_and_short() {
        let redactor = redactor("id", "TOKEN-9", None);
        assert_eq!(redactor.line(" a\r\n\tb\u{0}c \u{1b}[31m\u{202e}d\u{200b} "), "a b c [31md");
        assert_eq!(redactor.line(&"é".repeat(300)), "é".repeat(300));
        let cut = redactor.line(&"é".repeat(301));
        assert_eq!((cut.chars().count(), cut.ends_with("é…")), (300, true));
        // A secret at the cut is removed before anything is cut.
        let long = format!("{}TOKEN-9", "x".repeat(295));
        assert!(!redactor.line(&long).to_lowercase().contains("to"));
    }
}
