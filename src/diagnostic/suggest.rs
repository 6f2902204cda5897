//! "Did you mean": the candidate that a misspelt word was probably meant to be.

/// The candidate nearest to `word`, if any is near enough to be worth naming. Case, `-` and `_` do not count. One that
/// looks the same is the nearest, however many characters it differs by.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer words than this are no misspelling of anything.
    const WORD_BYTES_MAX: usize = 100;
    /// Nobody reads a manifest with more names than this.
    const CANDIDATES_MAX: usize = 2000;
    if word.len() > WORD_BYTES_MAX {
        return None;
    }
    let (shown, word) = (seen(word), folded(word));
    let mut best: Option<(usize, &str)> = None;
    let length = word.chars().count();
    for candidate in candidates.into_iter().take(CANDIDATES_MAX) {
        if candidate.len() > WORD_BYTES_MAX {
            continue;
        }
        if !(candidate.is_ascii() && shown.is_ascii()) && seen(candidate) == shown {
            return Some(candidate);
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
        // What has no letter in common is another word, however short.
        if (distance > allowed || length > 0 && distance >= length.max(other)) && !contained {
            continue;
        }
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// A text as it looks.
pub(super) fn seen(text: &str) -> String {
    let shown = text.trim().chars().filter(|c| !is_unseen(*c)).flat_map(decomposed);
    shown.map(|c| if c.is_whitespace() { ' ' } else { c }).collect()
}

pub(super) fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// A letter and its accent, for those that Portuguese and Spanish have.
fn decomposed(c: char) -> impl Iterator<Item = char> {
    const ACCENTS: [(char, &str, &str); 6] = [
        ('\u{300}', "aeiouAEIOU", "àèìòùÀÈÌÒÙ"),
        ('\u{301}', "aeiouAEIOU", "áéíóúÁÉÍÓÚ"),
        ('\u{302}', "aeiouAEIOU", "âêîôûÂÊÎÔÛ"),
        ('\u{303}', "aonAON", "ãõñÃÕÑ"),
        ('\u{308}', "aeiouAEIOU", "äëïöüÄËÏÖÜ"),
        ('\u{327}', "cC", "çÇ"),
    ];
    let pairs = ACCENTS.iter().flat_map(|(accent, plain, accented)| {
        plain.chars().zip(accented.chars()).map(|(plain, accented)| (accented, plain, *accent))
    });
    let found = pairs.into_iter().find(|(accented, _, _)| *accented == c);
    let (plain, accent) = found.map_or((c, None), |(_, plain, accent)| (plain, Some(accent)));
    [plain].into_iter().chain(accent)
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
            (
                "Código de inscrição",
                &["Codigo", "Co\u{301}digo de inscric\u{327}a\u{303}o"],
                Some("Co\u{301}digo de inscric\u{327}a\u{303}o"),
            ),
        ] {
            assert_eq!(nearest(word, candidates.iter().copied()), expected, "{word}");
        }
    }
}
