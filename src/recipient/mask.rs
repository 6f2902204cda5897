//! Hides persons' numbers in texts that leave the terminal.
//!
//! Works on free text, since numbers stand in messages and in excerpts of files in any spelling. Group ids, dates and
//! times stay readable. When in doubt a number is hidden.

use std::borrow::Cow;

/// How many digits stay readable at the front (country and area code, and one) and at the end; at least four are hidden.
const FRONT: usize = 5;
const BACK: usize = 4;
const HIDDEN_MIN: usize = 4;

/// Masks every person's number in a free text: `5511999998888` -> `55119****8888`. The number of characters stays the
/// same, so that columns and carets still fit.
pub fn mask_in_text(text: &str) -> Cow<'_, str> {
    let mut masked: Option<Vec<u8>> = None;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
        } else if let Some(length) = kept(&text[at..]) {
            at += length;
        } else {
            let length = number(&text[at..]);
            if let Some(hidden) = hidden(&bytes[at..at + length]) {
                let masked = masked.get_or_insert_with(|| bytes.to_vec());
                hidden.for_each(|index| masked[at + index] = b'*');
            }
            at += length;
        }
    }
    // Only ASCII digits were replaced by ASCII stars, so the bytes are still UTF-8.
    masked.and_then(|bytes| String::from_utf8(bytes).ok()).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The indices to hide in a stretch of digits and mask characters; `None` when it is too short to name a person.
fn hidden(stretch: &[u8]) -> Option<impl Iterator<Item = usize>> {
    let digits: Vec<usize> = (0..stretch.len()).filter(|index| stretch[*index].is_ascii_digit()).collect();
    let count = digits.len();
    let front = FRONT.min(count.checked_sub(BACK + HIDDEN_MIN)?);
    Some(digits.into_iter().skip(front).take(count - front - BACK))
}

/// The length of what begins like a number but is none: a group id, a date.
fn kept(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = run(bytes);
    let rest = &text[digits..];
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_digit());
    if rest.starts_with("-group") || rest.starts_with("@g.us") {
        return Some(digits);
    }
    if let Some(after) = rest.strip_prefix('-') {
        let second = run(after.as_bytes());
        let is_old_group = (10..=15).contains(&digits) && second == 10 && after.starts_with('1');
        if is_old_group {
            return Some(digits + 1 + second);
        }
    }
    // A group id that lacks its suffix.
    if (17..=20).contains(&digits) && text.starts_with("1203") {
        return Some(digits);
    }
    let is_date = digits == 4
        && bytes.get(4) == Some(&b'-')
        && bytes.get(7) == Some(&b'-')
        && text.get(..10).is_some_and(|date| is_date(&date[..4], &date[5..7], &date[8..]))
        && ends(text.get(10..).unwrap_or(""));
    if is_date {
        return Some(10);
    }
    let is_basic_date = digits == 8 && rest.starts_with('T') && is_date_digits(text);
    is_basic_date.then_some(8)
}

fn is_date_digits(text: &str) -> bool {
    is_date(&text[..4], &text[4..6], &text[6..8])
}

fn is_date(year: &str, month: &str, day: &str) -> bool {
    let within = |text: &str, range: std::ops::RangeInclusive<u32>| {
        text.bytes().all(|b| b.is_ascii_digit()) && text.parse().is_ok_and(|value| range.contains(&value))
    };
    within(year, 1900..=2199) && within(month, 1..=12) && within(day, 1..=31)
}

/// The length of a stretch of digits with mask characters between them, ending with a digit.
fn number(text: &str) -> usize {
    let mut end = 0;
    let mut gap = 0;
    for (index, c) in text.char_indices() {
        if c.is_ascii_digit() {
            // Two numbers side by side are told apart by a blank: each is masked for itself.
            let apart = gap > 0
                && text[end..index].contains(' ')
                && is_whole(&text[..end])
                && run(&text.as_bytes()[index..]) >= 2;
            if apart || (gap > 0 && kept(&text[index..]).is_some()) {
                return end;
            }
            end = index + 1;
            gap = 0;
        } else if gap < 4 && matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}' | '\u{202f}' | '\u{2010}'..='\u{2015}')
        {
            gap += 1;
        } else {
            break;
        }
    }
    end
}

/// Whether a stretch is long enough to be a whole number with its area code.
fn is_whole(stretch: &str) -> bool {
    stretch.bytes().filter(u8::is_ascii_digit).count() >= 12
}

fn run(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipient::Address;

    #[test]
    fn numbers_are_hidden_and_nothing_else_is() {
        let cases = [
            ("5511999998888", "55119****8888"),
            ("551188887777", "5511****7777"),
            ("351912345678", "3519****5678"),
            ("12125550123", "121****0123"),
            ("99998888", "****8888"),
            ("+55 (11) 99999-8888,Ana", "+55 (11) 9****-8888,Ana"),
            ("5511999998888;Ana;5511988887777", "55119****8888;Ana;55119****7777"),
            ("5511999998888 5511988887777", "55119****8888 55119****7777"),
            ("55119999988885511988887777", "55119*****************7777"),
            ("5511999998888@c.us", "55119****8888@c.us"),
            ("999999999999999@lid", "99999******9999@lid"),
            ("tel5511999998888ramal", "tel55119****8888ramal"),
            ("São Paulo +55\u{a0}11\u{a0}99999\u{2011}8888", "São Paulo +55\u{a0}11\u{a0}9****\u{2011}8888"),
            ("120363019502650977-group", "120363019502650977-group"),
            ("120363019502650977", "120363019502650977"),
            ("120363019502650977@g.us", "120363019502650977@g.us"),
            ("5511999999999-1623281429", "5511999999999-1623281429"),
            ("2026-12-04T19:00:00.000Z", "2026-12-04T19:00:00.000Z"),
            ("2026-12-04 19:00", "2026-12-04 19:00"),
            ("20261204T190000Z", "20261204T190000Z"),
            ("04/12/2026 18:30", "04/12/2026 18:30"),
            ("5511999998888 2026-12-04", "55119****8888 2026-12-04"),
            ("lists/vip.csv:17: 1000000 rows", "lists/vip.csv:17: 1000000 rows"),
            ("", ""),
        ];
        for (text, expected) in cases {
            let masked = mask_in_text(text);
            assert_eq!(masked, expected);
            assert_eq!(masked.chars().count(), text.chars().count());
        }
    }

    #[test]
    fn whatever_the_text_its_length_stays_and_a_plain_number_never_shows() {
        let alphabet: Vec<char> = "0123456789012345 -+().,@:;Tgé\u{a0}\u{2011}".chars().collect();
        let mut random = fastrand::Rng::with_seed(11);
        for _ in 0..50_000 {
            let mut text: String =
                (0..random.usize(0..40)).map(|_| alphabet[random.usize(0..alphabet.len())]).collect();
            let masked = mask_in_text(&text);
            assert_eq!(masked.chars().count(), text.chars().count(), "{text}");
            assert_eq!(masked.len(), text.len(), "{text}");
            text.push_str(",5511987654321;");
            assert!(!mask_in_text(&text).contains("987654321"), "{text}");
            // Understanding it must not fail either, whatever it is.
            let _ = crate::recipient::parse(&text);
        }
    }

    #[test]
    fn addresses_of_persons_are_masked_and_groups_are_not() {
        assert_eq!(Address::new("5511999998888").masked(), "55119****8888");
        assert_eq!(Address::new("120363019502650977-group").masked(), "120363019502650977-group");
        assert_eq!(Address::new("5511999999999-1623281429").masked(), "5511999999999-1623281429");
    }
}
