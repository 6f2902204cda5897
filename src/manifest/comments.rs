//! Texts that YAML cuts short: behind a blank `#` begins a comment, in `Grande festa #verao` too, and nothing says so.
//!
//! A warning only, since a comment may be meant; most of those have a blank behind their `#`.

use saphyr_parser::ScalarStyle;

use super::tree::{Kind, Node};
use crate::diagnostic::Diagnostics;
use crate::diagnostic::source::Source;
use crate::diagnostic::text::values as words;

/// Where texts stand that people are shown, or that say who they are.
const PARTS: [&str; 5] = ["events", "recipients", "sends", "suppress", "test"];

/// Warns of every unquoted text with a comment directly behind it that may be the rest of it.
pub(super) fn warn(root: &Node, source: &Source, diagnostics: &mut Diagnostics) {
    for entry in root.entries().iter().filter(|entry| PARTS.contains(&entry.key.as_str())) {
        walk(&entry.value, source, diagnostics);
    }
}

fn walk(node: &Node, source: &Source, diagnostics: &mut Diagnostics) {
    match &node.kind {
        Kind::Scalar { style: ScalarStyle::Plain, .. } if !node.is_null() => {
            if let Some(range) = comment_behind(&source.text, node.bytes) {
                let cut = source.text[range.clone()].to_owned();
                diagnostics.push(words::cut_by_comment(&cut).at(source.place(range)));
            }
        }
        Kind::Scalar { .. } | Kind::Faulty => {}
        Kind::List(items) => items.iter().for_each(|item| walk(item, source, diagnostics)),
        Kind::Map(entries) => entries.iter().for_each(|entry| walk(&entry.value, source, diagnostics)),
    }
}

/// The comment in the line in which a text ends, if it begins like a word. The text itself holds no ` #`.
fn comment_behind(text: &str, (start, end): (u32, u32)) -> Option<std::ops::Range<usize>> {
    let (start, end) = (start as usize, end as usize);
    let written = text.get(start..end)?.trim_end();
    let end = start + written.len();
    let rest = text[end..].split(['\n', '\r']).next().unwrap_or_default();
    let comment = rest.trim_start_matches([' ', '\t']);
    let begins_word = comment.strip_prefix('#').is_some_and(|word| word.starts_with(char::is_alphanumeric));
    let from = end + rest.len() - comment.len();
    begins_word.then(|| from..from + comment.trim_end().len())
}
