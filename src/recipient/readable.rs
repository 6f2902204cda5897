//! What has digits and is no person's number: group ids, dates, clocks, amounts, companies' numbers.
//!
//! Looks at no more than the runs of digits at the front of a text, so that it can be asked at each of them. When in
//! doubt it says no: then the digits are hidden.

use super::mask::{gap, is_digit};
use super::spelling::{is_digits, is_group_id};

/// What stands before the digits that are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing that could belong to the same number.
    Nothing,
    /// A `+`: a phone follows.
    Plus,
    /// `R$`, `€`.
    Currency,
    /// Digits that could belong to the same number.
    Digits,
}

/// A phone has no more digits than this.
const PHONE_DIGITS_MAX: usize = 15;

/// The length of what begins like a number and is none.
pub(super) fn length(text: &str, before: Before) -> Option<usize> {
    let digits = run(text);
    group(text, digits).or_else(|| match before {
        Before::Digits | Before::Plus => None,
        Before::Currency => amount(text),
        Before::Nothing => old_group(text, digits)
            .or_else(|| date(text))
            .or_else(|| day_of_moment(text))
            .or_else(|| clock(text))
            .or_else(|| patterned(text, COMPANY))
            .or_else(|| is_basic_date(text, digits).then_some(digits)),
    })
}

/// An id that has more digits than any phone, with its suffix, without it, or cut.
fn group(text: &str, digits: usize) -> Option<usize> {
    let rest = &text[digits..];
    let is_long = (PHONE_DIGITS_MAX + 2..=20).contains(&digits) && text.starts_with("1203");
    // More digits than a number in North America has, whose country code and an area code are the same.
    let is_cut = digits >= 12 && text.starts_with("120363") && (rest.starts_with('…') || rest.starts_with("..."));
    ((is_long && !starts_with_digit(rest)) || is_cut).then_some(digits)
}

/// An id that could be a phone by its first digits: `5511999999999-1623281429`, or whatever else counts as one.
fn old_group(text: &str, digits: usize) -> Option<usize> {
    let rest = &text[digits..];
    let suffixes = ["-group", "@g.us"];
    let suffix = suffixes.iter().any(|suffix| rest.strip_prefix(suffix).is_some_and(|rest| !goes_on(rest)));
    if suffix && digits > PHONE_DIGITS_MAX {
        return Some(digits);
    }
    if rest.starts_with("-group") && !goes_on(&rest["-group".len()..]) && is_group_id(&text[..digits + "-group".len()])
    {
        return Some(digits);
    }
    let end = digits + 1 + run(rest.strip_prefix('-')?);
    (is_group_id(&text[..end]) && !starts_with_digit(&text[end..])).then_some(end)
}

fn goes_on(rest: &str) -> bool {
    rest.starts_with(char::is_alphanumeric)
}

/// A date with its clock, also one that does not exist: it may be what is being said. Dots and hyphens stand in phones
/// as well, so there must be nothing behind that could belong to one.
fn date(text: &str) -> Option<usize> {
    let end = bare_date(text)?;
    let rest = &text[end..];
    let mut gap = 0;
    while let Some(length) = self::gap(&rest[gap..]) {
        gap += length;
    }
    let (between, next) = rest.split_at(gap);
    if !starts_with_digit(next) {
        return Some(end);
    }
    if !between.starts_with(char::is_whitespace) {
        return None;
    }
    if let Some(clock) = clock(next) {
        return Some(end + gap + clock);
    }
    // With so many more digits it is no phone.
    let is_apart = run(next) > PHONE_DIGITS_MAX - 8 || bare_date(next).is_some();
    is_apart.then_some(end)
}

/// `9999-12-31T23:59`, up to the T, of any year: no phone goes on like that.
fn day_of_moment(text: &str) -> Option<usize> {
    let end = patterned(text, "dddd-dd-dd").filter(|_| is_part(&text[5..7]) && is_part(&text[8..10]))?;
    clock(text[end..].strip_prefix('T')?).map(|_| end)
}

/// `2026-12-04`, `04.12.2026`, `4/12/26`.
fn bare_date(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let first = short_run(text);
    let separator = *bytes.get(first).filter(|byte| matches!(byte, b'-' | b'/' | b'.'))?;
    let second = first + 1 + short_run(&text[first + 1..]);
    if bytes.get(second) != Some(&separator) {
        return None;
    }
    let end = second + 1 + short_run(&text[second + 1..]);
    let (a, b, c) = (&text[..first], &text[first + 1..second], &text[second + 1..end]);
    let is_short = separator == b'/' && c.len() == 2 && is_part(a) && is_part(b) && is_part(c);
    let is_date = is_short || (is_year(a) && is_part(b) && is_part(c)) || (is_part(a) && is_part(b) && is_year(c));
    (is_date && !starts_with_digit(&text[end..])).then_some(end)
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && within(text, 1900..=2199)
}

/// A day or a month, right or mistyped; not `00`, which a phone begins with.
fn is_part(text: &str) -> bool {
    (1..=2).contains(&text.len()) && within(text, 1..=39)
}

fn within(text: &str, range: std::ops::RangeInclusive<u32>) -> bool {
    is_digits(text) && text.parse().is_ok_and(|value| range.contains(&value))
}

/// `20261204T190000Z`, up to the T.
fn is_basic_date(text: &str, digits: usize) -> bool {
    digits == 8 && text[8..].starts_with('T') && is_year(&text[..4]) && is_part(&text[4..6]) && is_part(&text[6..8])
}

/// `19:00`, `19:00:30`: no phone has a colon.
fn clock(text: &str) -> Option<usize> {
    let hour = short_run(text);
    let two = |at: usize| text.as_bytes().get(at) == Some(&b':') && short_run(&text[at + 1..]) == 2;
    if !(1..=2).contains(&hour) || !two(hour) {
        return None;
    }
    let end = if two(hour + 3) { hour + 6 } else { hour + 3 };
    (!starts_with_digit(&text[end..])).then_some(end)
}

/// `1.234.567,00`. Asked only behind a currency: phones are written with dots, too.
fn amount(text: &str) -> Option<usize> {
    let mut end = short_run(text);
    if end > 3 {
        return None;
    }
    while text.as_bytes().get(end) == Some(&b'.') && short_run(&text[end + 1..]) == 3 {
        end += 4;
    }
    if text.as_bytes().get(end) == Some(&b',') && short_run(&text[end + 1..]) == 2 {
        end += 3;
    }
    (!starts_with_digit(&text[end..])).then_some(end)
}

/// How Brazil writes a company's number.
const COMPANY: &str = "dd.ddd.ddd/dddd-dd";

/// The length of a pattern, `d` for a digit, if the text begins so and does not go on with a digit.
fn patterned(text: &str, pattern: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let fits = |(index, wanted): (usize, u8)| match wanted {
        b'd' => bytes.get(index).is_some_and(u8::is_ascii_digit),
        other => bytes.get(index) == Some(&other),
    };
    let is_whole = pattern.bytes().enumerate().all(fits) && !starts_with_digit(&text[pattern.len()..]);
    is_whole.then_some(pattern.len())
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(is_digit)
}

/// How many ASCII digits a text begins with.
fn run(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The same, but no more are counted than tell a part of a date or an amount from something longer.
fn short_run(text: &str) -> usize {
    text.bytes().take(5).take_while(u8::is_ascii_digit).count()
}
