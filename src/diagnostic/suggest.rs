//! "Did you mean": the candidate that a misspelt word was probably meant to be.

/// The candidate nearest to `word`, if any is near enough to be worth naming. Case, `-` and `_` do not count.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer words than this are no misspelling of anything.
    const WORD_BYTES_MAX: usize = 100;
    if word.len() > WORD_BYTES_MAX {
        return None;
    }
    let word = folded(word);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let folded = folded(candidate);
        if folded.len() > WORD_BYTES_MAX {
            continue;
        }
        let distance = strsim::damerau_levenshtein(&word, &folded);
        // One slip in a short word, a third of a long one.
        let allowed = (word.chars().count().max(folded.chars().count()) / 3).clamp(1, 4);
        let contained = word.len() >= 4 && (folded.contains(&word) || (folded.len() >= 4 && word.contains(&folded)));
        if distance > allowed && !contained {
            continue;
        }
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn folded(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_is_named_and_the_far_is_not() {
        for (word, candidates, expected) in [
            ("dateTme", &["name", "dateTime", "timezone"][..], Some("dateTime")),
            ("date_time", &["name", "dateTime"], Some("dateTime")),
            ("lunch", &["launch", "lounge"], Some("launch")),
            ("first", &["first_name", "phone"], Some("first_name")),
            ("xyz", &["launch"], None),
            ("to", &["via", "event"], None),
            ("", &["a"], Some("a")),
        ] {
            assert_eq!(nearest(word, candidates.iter().copied()), expected, "{word}");
        }
    }
}
