//! Which lines of a manifest may hold credentials, and how excerpts show them: with every value starred.
//!
//! Goes by the text alone, so that it holds for manifests with faults too, and rather hides too much: excerpts end up in
//! logs of CI. Characters stay where they are, so that carets point to the right place. Knows nothing of diagnostics.

use std::collections::BTreeMap;

/// Keys of an instance whose values are no secrets.
const OPEN_KEYS: [&str; 11] =
    ["rate", "jitter", "dailyLimit", "window", "days", "from", "to", "timezone", "notBefore", "notAfter", "maxQueued"];

/// The lines, by number from 1, that excerpts show otherwise than they are.
pub(super) fn hidden_lines(text: &str) -> BTreeMap<u32, String> {
    let (mut hidden, mut block) = (BTreeMap::new(), None);
    for (number, line) in (1..).zip(text.lines()) {
        let indent = line.len() - line.trim_start().len();
        let goes_on = line.trim_start().is_empty() || line.trim_start().starts_with(['#', '}', ']', '-']);
        if block.is_some_and(|outer| indent <= outer && !goes_on) {
            block = None;
        }
        if block.is_none() && keys(line).any(|key| key == "instances") {
            block = Some(indent);
        }
        if block.is_some() || keys(line).any(|key| key == "id" || key.to_ascii_lowercase().contains("token")) {
            let shown = star(line);
            if shown != line {
                hidden.insert(number, shown);
            }
        }
    }
    hidden
}

/// The words of a line that a colon follows.
fn keys(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices(':').filter(|(at, _)| ends_key(&line[at + 1..])).map(|(at, _)| {
        let before = line[..at].trim_end().trim_end_matches(['"', '\'']);
        before.rsplit(|c: char| c.is_whitespace() || "{,[\"'".contains(c)).next().unwrap_or_default()
    })
}

fn ends_key(rest: &str) -> bool {
    rest.chars().next().is_none_or(|next| next.is_whitespace() || "{[\"'".contains(next))
}

/// The line with a star for every character of a value; keys, variables, quotes and brackets stay.
fn star(line: &str) -> String {
    let (mut shown, mut rest, mut is_open) = (String::with_capacity(line.len()), line, false);
    while let Some(first) = rest.chars().next() {
        if let Some(variable) = variable(rest) {
            shown.push_str(variable);
            rest = &rest[variable.len()..];
            continue;
        }
        let word = rest.find(|c: char| c.is_whitespace() || "{}[],\"':$".contains(c)).unwrap_or(rest.len());
        let (text, after) = rest.split_at(word.max(first.len_utf8()));
        let colon = after.trim_start_matches(['"', '\'']).trim_start();
        if word == 0 {
            shown.push_str(text);
        } else if colon.starts_with(':') && ends_key(&colon[1..]) {
            is_open = OPEN_KEYS.contains(&text);
            shown.push_str(text);
        } else if is_open {
            shown.push_str(text);
        } else {
            shown.extend(text.chars().map(|_| '*'));
        }
        rest = after;
    }
    shown
}

/// `${NAME}` at the start of the text.
fn variable(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.as_bytes();
    // Only as far as a name goes: a hostile line may open a variable at every other byte, and close none.
    let end = name.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')? + 2;
    (text.as_bytes()[end] == b'}' && end > 2).then(|| &text[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_instances_are_starred_and_nothing_else() {
        for (line, shown) in [
            ("    token: 3C0FFEE", "    token: *******"),
            ("    token: ${TOKEN}", "    token: ${TOKEN}"),
            ("    token: ab${TOKEN}c", "    token: **${TOKEN}*"),
            ("    token: 3C0FFEE${", "    token: *******${"),
            ("    token: ${3C0 FFEE}", "    token: ${*** ****}"),
            ("    tokn: \"3C0:FFEE\" # or é1", "    tokn: \"***:****\" * ** **"),
            ("  main: { id: A1, token: 'B 2' }", "  main: { id: **, token: '* *' }"),
            ("    rate: 20/min", "    rate: 20/min"),
            ("      3C0FFEE", "      *******"),
        ] {
            assert_eq!(star(line), shown);
            assert_eq!(shown.chars().count(), line.chars().count());
        }
    }

    #[test]
    fn the_block_ends_where_the_next_key_stands() {
        let text = "campaign: a\ninstances:\n  main:\n    id: X1\n\n    token: |\n      Y2\n# Z3\nevents:\n  a:\n    name: N\n";
        let hidden = hidden_lines(text);
        assert_eq!(hidden.keys().copied().collect::<Vec<_>>(), [4, 6, 7, 8]);
        assert_eq!(hidden[&7], "      **");
        let json =
            "{\n  \"instances\": {\"main\": {\"id\": \"X1\",\n    \"token\": \"Y2\"}\n  },\n  \"campaign\": \"a\"\n}";
        assert_eq!(hidden_lines(json).keys().copied().collect::<Vec<_>>(), [2, 3]);
        assert_eq!(hidden_lines(json)[&3], "    \"token\": \"**\"}");
        assert!(hidden_lines("{campaign: a, instances: {main: {token: Y2}}, events: {}}")[&1].contains("token: **"));
        assert_eq!(hidden_lines("instance:\n  main:\n    clientToken: Y2\n").len(), 1);
    }
}
