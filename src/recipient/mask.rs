//! Hides persons' numbers in texts that leave the terminal.
//!
//! Works on free text, since numbers stand in messages and in excerpts of files in any spelling. Group ids, dates and
//! times stay readable. When in doubt a number is hidden.

use std::borrow::Cow;

use super::spelling::{is_digits, is_mask, is_old_group_id};

/// How many digits stay readable at the front (country and area code, and one) and at the end; at least four are hidden.
const FRONT: usize = 5;
const BACK: usize = 4;
const HIDDEN_MIN: usize = 4;
/// A stretch of so many digits is a whole number with its area code.
const WHOLE_DIGITS: usize = 12;

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
    if rest.starts_with("-group") || rest.starts_with("@g.us") {
        return Some(digits);
    }
    if let Some(after) = rest.strip_prefix('-') {
        let second = run(after.as_bytes());
        if is_old_group_id(&text[..digits], &after[..second]) {
            return Some(digits + 1 + second);
        }
    }
    // A group id that lacks its suffix, or was cut.
    let is_cut = digits >= 7 && text.starts_with("1203630") && rest.starts_with('…');
    if is_cut || (17..=20).contains(&digits) && text.starts_with("1203") {
        return Some(digits);
    }
    let is_basic_date = digits == 8 && rest.starts_with('T') && is_date(&text[..4], &text[4..6], &text[6..8]);
    if is_basic_date {
        return Some(8);
    }
    date(text).or_else(|| amount(text)).or_else(|| patterned(text, COMPANY))
}

/// The length of a date such as `2026-12-04`, `04/12/2026` or `4.12.2026`, one that does not exist included: it may be what
/// is being said.
fn date(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let first = run(bytes);
    let separator = *bytes.get(first).filter(|byte| matches!(byte, b'-' | b'/' | b'.'))?;
    let second = run(&bytes[first + 1..]);
    let third = first + 1 + second + 1;
    if bytes.get(third - 1) != Some(&separator) {
        return None;
    }
    let end = third + run(&bytes[third..]);
    let (a, b, c) = (&text[..first], &text[first + 1..third - 1], &text[third..end]);
    let found = is_date(a, b, c) || is_date(c, b, a) || is_date(c, a, b);
    // What goes on like this is no date.
    let goes_on = bytes.get(end) == Some(&separator) && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    (found && !goes_on).then_some(end)
}

fn is_date(year: &str, month: &str, day: &str) -> bool {
    let within = |text: &str, length: std::ops::RangeInclusive<usize>, range: std::ops::RangeInclusive<u32>| {
        length.contains(&text.len()) && is_digits(text) && text.parse().is_ok_and(|value| range.contains(&value))
    };
    within(year, 4..=4, 1900..=2199) && within(month, 1..=2, 0..=19) && within(day, 1..=2, 0..=39)
}

/// The length of `1.234.567,00`.
fn amount(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut end = run(bytes);
    if end > 3 {
        return None;
    }
    while bytes.get(end) == Some(&b'.') && run(&bytes[end + 1..]) == 3 {
        end += 4;
    }
    (bytes.get(end) == Some(&b',') && run(&bytes[end + 1..]) == 2).then_some(end + 3)
}

/// How Brazil writes a company's number.
const COMPANY: &str = "dd.ddd.ddd/dddd-dd";

/// The length of a pattern, `d` for a digit, if the text begins so and goes on with anything but a digit.
fn patterned(text: &str, pattern: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let fits = |(index, wanted): (usize, u8)| match wanted {
        b'd' => bytes.get(index).is_some_and(u8::is_ascii_digit),
        other => bytes.get(index) == Some(&other),
    };
    let is_whole = !bytes.get(pattern.len()).is_some_and(u8::is_ascii_digit);
    (is_whole && pattern.bytes().enumerate().all(fits)).then_some(pattern.len())
}

/// The length of a stretch of digits with mask characters between them, ending with a digit.
fn number(text: &str) -> usize {
    let (mut end, mut gap, mut digits) = (0, 0, 0);
    for (index, c) in text.char_indices() {
        if c.is_ascii_digit() {
            // Two numbers side by side are told apart by a blank: each is masked for itself.
            let apart = gap > 0
                && text[end..index].contains(' ')
                && digits >= WHOLE_DIGITS
                && run(&text.as_bytes()[index..]) >= 2;
            if apart || (gap > 0 && kept(&text[index..]).is_some()) {
                return end;
            }
            end = index + 1;
            (gap, digits) = (0, digits + 1);
        } else if gap < 4 && c != '\n' && (is_mask(c) || matches!(c, '/' | '_')) {
            gap += 1;
        } else {
            break;
        }
    }
    end
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
            ("04.12.2026 19:00 and 31/02/2027", "04.12.2026 19:00 and 31/02/2027"),
            ("`2026-13-14` does not exist", "`2026-13-14` does not exist"),
            ("campaigns/2026/12/04/list.csv", "campaigns/2026/12/04/list.csv"),
            ("R$ 1.234.567.890,00", "R$ 1.234.567.890,00"),
            ("CNPJ 12.345.678/0001-90", "CNPJ 12.345.678/0001-90"),
            ("120363019502…", "120363019502…"),
            ("1199998888-1333334444", "11999*****-******4444"),
            ("5511999998888-1133334444", "55119********-******4444"),
            ("55\u{2009}11\u{2009}99999\u{200b}8888", "55\u{2009}11\u{2009}9****\u{200b}8888"),
            ("11/99999/8888", "11/9****/8888"),
            ("11_99999_8888", "11_9****_8888"),
            ("21.99.2026.8888", "21.99.****.8888"),
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
