//! Hides persons' numbers in texts that leave the terminal.
//!
//! Works on free text, since numbers stand in messages and in excerpts of files in any spelling. What only looks like a
//! number stays readable (`readable`). When in doubt a number is hidden.

use std::borrow::Cow;

use super::readable::{self, Before};
use super::spelling::is_mask;

/// How many digits stay readable at the front (country and area code, and one) and at the end; at least four are hidden.
const FRONT: usize = 5;
const BACK: usize = 4;
const HIDDEN_MIN: usize = 4;
/// A stretch of so many digits is a whole number with its area code.
const WHOLE_DIGITS: usize = 12;

/// Masks every person's number in a free text: `5511999998888` -> `55119****8888`. The number of characters stays the
/// same, so that columns and carets still fit.
pub fn mask_in_text(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let (mut at, mut copied) = (0, 0);
    let mut before = Before::Nothing;
    while let Some(c) = text[at..].chars().next() {
        if !is_digit(c) {
            if let Some(gap) = gap(&text[at..]) {
                at += gap;
            } else {
                before = Before::from(c);
                at += c.len_utf8();
            }
            continue;
        }
        let rest = &text[at..];
        let kept = readable::length(rest, before);
        let length = kept.unwrap_or_else(|| number(rest));
        if kept.is_none()
            && let Some(hidden) = hidden(&rest[..length])
        {
            masked.push_str(&text[copied..at]);
            masked.push_str(&hidden);
            copied = at + length;
        }
        at += length;
        before = Before::Nothing;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[copied..]);
    Cow::Owned(masked)
}

impl From<char> for Before {
    fn from(c: char) -> Self {
        match c {
            '+' | '\u{ff0b}' => Self::Plus,
            '$' | '€' | '£' => Self::Currency,
            _ => Self::Nothing,
        }
    }
}

/// A stretch of digits and what joins them, with stars; `None` when it is too short to name a person.
fn hidden(stretch: &str) -> Option<String> {
    let count = joined(stretch).filter(|(_, is_digit)| *is_digit).count();
    let front = FRONT.min(count.checked_sub(BACK + HIDDEN_MIN)?);
    let mut seen = 0;
    let mut shown = String::with_capacity(stretch.len());
    for (part, is_digit) in joined(stretch) {
        seen += usize::from(is_digit);
        let is_hidden = is_digit && seen > front && seen <= count - BACK;
        shown.push_str(if is_hidden { "*" } else { part });
    }
    Some(shown)
}

/// The digits of a stretch, one by one, and the gaps between them.
fn joined(stretch: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &stretch[at..];
        let c = rest.chars().next()?;
        let gap = gap(rest).filter(|_| !is_digit(c));
        let part = &rest[..gap.unwrap_or(c.len_utf8())];
        at += part.len();
        Some((part, gap.is_none()))
    })
}

/// The length of a stretch of digits with gaps between them, ending with a digit.
fn number(text: &str) -> usize {
    let (mut at, mut end, mut digits) = (0, 0, 0);
    let mut has_blank = false;
    while let Some(c) = text[at..].chars().next() {
        if is_digit(c) {
            if at > end && begins_anew(&text[at..], has_blank && digits >= WHOLE_DIGITS) {
                return end;
            }
            digits += 1;
            at += c.len_utf8();
            end = at;
            has_blank = false;
        } else if let Some(gap) = gap(&text[at..]) {
            has_blank |= c.is_whitespace();
            at += gap;
        } else {
            break;
        }
    }
    end
}

/// Whether digits behind a gap belong to something else. Two numbers side by side are told apart by a blank: each is
/// masked for itself.
fn begins_anew(text: &str, is_whole: bool) -> bool {
    let before = if is_whole { Before::Nothing } else { Before::Digits };
    (is_whole && text.chars().nth(1).is_some_and(is_digit)) || readable::length(text, before).is_some()
}

/// A digit in any script.
pub(super) fn is_digit(c: char) -> bool {
    c.is_numeric()
}

/// What may stand between the digits of one number: all that a recipient is read with, and what makes it a fault but no
/// less a number.
fn joins(c: char) -> bool {
    let is_foreign = !c.is_ascii() && !c.is_alphanumeric() && !matches!(c, '…' | '€' | '£' | '\u{ff0b}');
    is_mask(c) || is_foreign || c.is_ascii_control() || matches!(c, '/' | '_')
}

/// A spreadsheet has taken the number for an amount: `5,511,999,998,888`, `5'511'999'998'888`.
fn parts_thousands(c: char, text: &str) -> bool {
    let digits = text.chars().skip(1).take_while(|c| is_digit(*c)).take(4).count();
    matches!(c, ',' | '\'') && digits == 3
}

/// The length of what joins digits at the front of a text: a character, or the spelling of one that cannot be shown, such
/// as `\n` or `\u{200e}`.
pub(super) fn gap(text: &str) -> Option<usize> {
    let c = text.chars().next()?;
    if joins(c) || parts_thousands(c, text) {
        return Some(c.len_utf8());
    }
    let escape = text.strip_prefix('\\')?;
    if escape.starts_with(['n', 'r', 't']) {
        return Some(2);
    }
    let code = escape.strip_prefix("u{")?.bytes().take(7).position(|byte| byte == b'}')?;
    Some("\\u{}".len() + code)
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
            ("(+55) 11 99999-8888,Ana", "(+55) 11 9****-8888,Ana"),
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
            ("9999-12-31T23:59 9999-12-31", "9999-12-31T23:59 ****-12-31"),
            ("+9999-12-31T23:59", "+****-12-31T23:59"),
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
            ("Ana,\"5,511,999,998,833\"", "Ana,\"5,511,9**,**8,833\""),
            ("5'511'999'998'834", "5'511'9**'**8'834"),
            ("100,200 and 1,234,567", "100,200 and 1,234,567"),
            ("11_99999_8888", "11_9****_8888"),
            ("21.99.2026.8888", "21.99.****.8888"),
            ("55\u{a0}11     99999\n8888", "55\u{a0}11     9****\n8888"),
            (r"11\n9999\u{200e}8888", r"11\n****\u{200e}8888"),
            ("11（9999）8888", "11（****）8888"),
            ("５５１１９９９９９８８８８", "５５１１９****８８８８"),
            // Written as a date or an amount is, and a phone.
            ("+55 11 2026-12-04", "+55 11 ****-12-04"),
            ("2010-12-04-1900", "2010-**-**-1900"),
            ("+55 (11) 21.12.2026", "+55 (11) **.**.2026"),
            ("Ana,351.912.345.678,25", "Ana,351.9**.**5.678,25"),
            ("12036301950…", "120****1950…"),
            ("120363019502...", "120363019502..."),
            ("99998888-group", "****8888-group"),
            ("5511999998888-groups", "55119****8888-groups"),
            ("5511999998888@g.us", "55119****8888@g.us"),
            ("2026-12-04 19:00 - 2026-12-05 20:00", "2026-12-04 19:00 - 2026-12-05 20:00"),
            ("04/12/26 18:30", "04/12/26 18:30"),
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
    fn four_digits_of_a_phone_are_hidden_however_it_is_written() {
        let phones = ["5511999990000", "552133330000", "351912340000", "12125550000", "201012040000", "203120410000"];
        let gaps =
            [" ", "-", ".", "(", ") ", "\u{a0}", "\u{2009}", "\u{200b}", "\u{2212}", "     ", "\n", "/", "_", r"\n"];
        let fronts = ["", "+", "00", "`", "Ana,", "2026-12-04;"];
        let ends = ["", ",00", ",25", "…", ";Ana", "-"];
        let mut random = fastrand::Rng::with_seed(12);
        for _ in 0..50_000 {
            let mut text = fronts[random.usize(0..fronts.len())].to_owned();
            let phone = phones[random.usize(0..phones.len())];
            for (index, c) in phone.chars().enumerate() {
                if index > 0 && random.u8(0..4) == 0 {
                    text.push_str(gaps[random.usize(0..gaps.len())]);
                }
                // The last four are anybody's.
                text.push(if index + 4 < phone.len() { c } else { random.digit(10) });
            }
            text.push_str(ends[random.usize(0..ends.len())]);
            let masked = mask_in_text(&text);
            assert!(masked.matches('*').count() >= 4, "{text:?}: {masked:?}");
        }
    }

    /// Without a clock: what is counted anew at each of a million characters does not come to an end.
    #[test]
    fn long_rows_are_gone_through_once() {
        for row in ["1 ", "1-", "1.", ".123", "1     ", "2026-12-04 ", "5511999998888-16", r"1\u{200e}"] {
            let text = row.repeat(1_000_000 / row.len());
            assert_eq!(mask_in_text(&text).chars().count(), text.chars().count());
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
