//! "Did you mean": the candidate that a misspelt word was probably meant to be.

/// The candidate nearest to `word`, if any is near enough to be worth naming. Case, `-` and `_` do not count.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer words than this are no misspelling of anything.
    const WORD_BYTES_MAX: usize = 100;
    /// Nobody reads a manifest with more names than this.
    const CANDIDATES_MAX: usize = 2000;
    if word.len() > WORD_BYTES_MAX {
        return None;
    }
    let word = folded(word);
    let mut best: Option<(usize, &str)> = None;
    let length = word.chars().count();
    for candidate in candidates.into_iter().take(CANDIDATES_MAX) {
        if candidate.len() > WORD_BYTES_MAX {
            continue;
        }
        let other = candidate.chars().filter(|c| !is_left_out(*c)).count();
        // One slip in a short word, a third of a long one.
        let allowed = (length.max(other) / 3).clamp(1, 4);
        // Words of other lengths cannot be nearer than that, which is cheap to know.
        if length.abs_diff(other) > allowed && length.min(other) < 4 {
            continue;
        }
        let folded = folded(candidate);
        let contained = word.len() >= 4 && (folded.contains(&word) || (folded.len() >= 4 && word.contains(&folded)));
        if length.abs_diff(other) > allowed && !contained {
            continue;
        }
        let distance = strsim::damerau_levenshtein(&word, &folded);
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
    word.chars().filter(|c| !is_left_out(*c)).flat_map(char::to_lowercase).collect()
}

fn is_left_out(c: char) -> bool {
    matches!(c, '-' | '_' | ' ')
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
