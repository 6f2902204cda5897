//! How recipients are written: masks, ids, and what spreadsheets and people make of them.
//!
//! Takes the text apart and leaves the numbering plan to `numbering`.

use super::numbering::{self, Prefix};
use super::{Fault, Kind, Parsed};

/// No number has more digits than this with its country code (E.164), and no dialable one fewer.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// The shortest number that any plan has, its country code included.
const DIGITS_ABROAD_MIN: usize = 7;
/// The shortest number behind an area code.
const LOCAL_DIGITS_MIN: usize = 4;
/// Bare digits of this length are group ids that lack their suffix.
const GROUP_DIGITS: std::ops::RangeInclusive<usize> = 17..=20;

/// Late in 2010, in seconds since 1970: `WhatsApp` got groups soon after.
const GROUPS_SINCE: &str = "1290000000";

/// `120363019502650977-group`, or the older `5511999999999-1623281429`: phone of whoever made it, and when.
pub(super) fn is_group_id(text: &str) -> bool {
    let Some((left, right)) = text.split_once('-') else { return false };
    if right == "group" {
        return (DIGITS.start() + 2..=25).contains(&left.len()) && is_digits(left);
    }
    is_old_group_id(left, right)
}

/// The older ids' phone and time. Ten digits are enough for a phone with country code only outside of Brazil; there,
/// `1199998888-1333334444` is two phones. So is `5511999998888-1133334444`: there were no groups in 2005.
fn is_old_group_id(phone: &str, made_at: &str) -> bool {
    (11..=15).contains(&phone.len())
        && is_digits(phone)
        && made_at.len() == 10
        && is_digits(made_at)
        && (GROUPS_SINCE.."2").contains(&made_at)
}

/// Everything that is not on the fast path.
pub(super) fn parse(text: &str) -> Result<Parsed, Fault> {
    let text = bare(text);
    if text.is_empty() {
        return Err(Fault::Empty);
    }
    if is_group_id(text) {
        return Ok(Parsed::plain(Kind::Group, text));
    }
    if let Some((name, domain)) = text.split_once('@') {
        return at(text, name, domain);
    }
    if let Some(Ok(found)) = linked(text).map(phone) {
        return Err(Fault::Link { write: found.recipient.address.as_str().to_owned() });
    }
    if exponent(text).is_some() {
        return Err(Fault::Scientific);
    }
    if let Some(digits) = before_trailing_zero(text) {
        return Err(Fault::TrailingZero { write: digits.to_owned() });
    }
    if let Some(fault) = group_like(text) {
        return Err(fault);
    }
    if has_several_numbers(text) {
        return Err(Fault::SeveralNumbers);
    }
    phone(text)
}

/// A text without the blanks around it, and without a spreadsheet's marks for "this is text", which sometimes survive an
/// export: `'5511999998888`, `="5511999998888"`.
fn bare(text: &str) -> &str {
    let text = text.trim_matches(is_blank);
    let formula = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    formula.or_else(|| text.strip_prefix('\'')).unwrap_or(text).trim_matches(is_blank)
}

/// What a link to a chat or a number leads to: `5511999998888` for `https://wa.me/5511999998888?text=Hi`.
fn linked(text: &str) -> Option<&str> {
    let behind = |text: &'_ str, start: &str| -> Option<usize> {
        text.get(..start.len()).filter(|head| head.eq_ignore_ascii_case(start)).map(str::len)
    };
    let site = ["https://", "http://"].iter().find_map(|scheme| behind(text, scheme)).unwrap_or(0);
    let starts = ["wa.me/", "api.whatsapp.com/send?phone=", "tel:", "whatsapp:"];
    let number = starts.iter().find_map(|start| behind(&text[site..], start)).map(|at| &text[site + at..])?;
    number.split(['?', '&', ';']).next()
}

/// A phone with or without a mask.
fn phone(text: &str) -> Result<Parsed, Fault> {
    let (rest, plus) = without_plus(text).map_or((text, false), |rest| (rest, true));
    let joined = if plus { without_slash(rest) } else { None };
    let rest = joined.as_deref().unwrap_or(rest);
    if let Some(found) = rest.chars().find(|c| !c.is_ascii_digit() && !is_mask(*c)) {
        return Err(Fault::Character { found });
    }
    let mut digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let in_brackets = rest.trim_start_matches(is_blank).strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let code = in_brackets.map(|(code, _)| code).filter(|code| is_digits(code) && code.len() < digits.len());
    let mut prefix = match (plus, code) {
        (true, _) => Prefix::International,
        (false, Some(code)) => Prefix::Brackets(code.len()),
        (false, None) => Prefix::None,
    };
    if let Some(dialled) = digits.strip_prefix("00") {
        digits = dialled.to_owned();
        prefix = Prefix::International;
    }
    let count = digits.len();
    if prefix != Prefix::International && GROUP_DIGITS.contains(&count) && digits.starts_with('1') {
        return Err(Fault::BareGroupId { rounded: digits.ends_with("000"), write: format!("{digits}-group") });
    }
    // Behind a `+` the numbering plan decides: some islands have numbers of four digits.
    let least = if prefix == Prefix::International { DIGITS_ABROAD_MIN } else { *DIGITS.start() };
    match count {
        _ if count < least => Err(Fault::TooShort { digits: count }),
        _ if count > *DIGITS.end() => Err(Fault::TooLong { digits: count }),
        _ => numbering::check(&digits, prefix),
    }
}

/// What is behind the `+` of `+55 11 99999-8888` or `(+55) 11 99999-8888`.
fn without_plus(text: &str) -> Option<&str> {
    let text = text.strip_prefix('(').map_or(text, |inner| inner.trim_start_matches(is_blank));
    text.strip_prefix('+')
}

/// `49 170/1234567` without its slash. It stands behind an area code, and not between two numbers, where what is before it
/// is too short for a number, and none of itself, and what is behind it is more than another ending, as in `123456/78`.
fn without_slash(international: &str) -> Option<String> {
    let (area, number) = international.split_once('/')?;
    let digits = |part: &str| -> String { part.chars().filter(char::is_ascii_digit).collect() };
    let (code, local) = (digits(area), digits(number));
    let is_one = code.len() <= DIGITS_ABROAD_MIN
        && local.len() >= LOCAL_DIGITS_MIN
        && numbering::check(&code, Prefix::International).is_err();
    is_one.then(|| format!("{area} {number}"))
}

/// Ids as `WhatsApp` itself spells them, and what else has an `@`.
fn at(text: &str, name: &str, domain: &str) -> Result<Parsed, Fault> {
    // A device (`5511999998888:12`) or agent suffix is no part of who is meant.
    let digits = name.split([':', '.']).next().unwrap_or(name);
    match domain.to_ascii_lowercase().as_str() {
        "lid" if domain == "lid" && (5..=20).contains(&name.len()) && is_digits(name) => {
            Ok(Parsed::plain(Kind::Lid, text))
        }
        "lid" => Err(Fault::Lid),
        "g.us" if name.contains('-') => Err(Fault::GroupJid { write: name.to_owned() }),
        "g.us" => Err(Fault::GroupJid { write: format!("{name}-group") }),
        "s.whatsapp.net" | "c.us" => Err(Fault::PersonJid { write: digits.to_owned() }),
        "broadcast" => Err(Fault::Broadcast),
        "newsletter" => Err(Fault::Newsletter),
        _ => Err(Fault::At),
    }
}

/// The exponent of `5.51199E+12` or `5,51199e12`.
fn exponent(text: &str) -> Option<usize> {
    let (mantissa, exponent) = text.split_once(['e', 'E'])?;
    let mantissa = mantissa.trim_start_matches(['+', '-']);
    let exponent = exponent.trim_start_matches(['+', '-']);
    let is_number = mantissa.splitn(2, ['.', ',']).all(is_digits);
    (is_number && exponent.len() <= 3 && is_digits(exponent)).then(|| exponent.parse().ok())?
}

/// Whether a number in scientific notation had the digits of a phone at least: `2E3` is a flat's number, too.
pub(super) fn is_long_scientific(text: &str) -> bool {
    exponent(bare(text)).is_some_and(|exponent| exponent + 1 >= *DIGITS.start())
}

/// Whether a text has as many digits as a phone at least.
pub(super) fn has_digits_of_a_number(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= *DIGITS.start()
}

/// The digits of `5511999998888.0` or `5511999998888,00`.
fn before_trailing_zero(text: &str) -> Option<&str> {
    let (digits, zeros) = text.split_once(['.', ','])?;
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let is_decimal = digits.len() >= *DIGITS.start() && is_digits(digits);
    (is_decimal && !zeros.is_empty() && zeros.bytes().all(|b| b == b'0')).then_some(digits)
}

/// What ends in `group` and is no group id: `1203...-Group`, `1203... group`, `55...-16...-group`; and one whose hyphen a
/// text program has made a dash.
fn group_like(text: &str) -> Option<Fault> {
    let lower = text.to_ascii_lowercase().replace(is_dash, "-");
    if is_group_id(&lower) {
        return Some(Fault::GroupId { write: Some(lower) });
    }
    let name = lower.strip_suffix("group").or_else(|| lower.strip_suffix("grupo"))?;
    let name = name.trim_end_matches(|c: char| is_blank(c) || matches!(c, '-' | '_' | '.'));
    let write = [format!("{name}-group"), name.to_owned()].into_iter().find(|id| is_group_id(id));
    Some(Fault::GroupId { write })
}

/// Two or more numbers in one cell, whatever stands between them.
fn has_several_numbers(text: &str) -> bool {
    let digits = |part: &str| part.bytes().filter(u8::is_ascii_digit).count();
    let between = |c: char| matches!(c, '/' | ',' | ';' | '|' | '&' | '\n' | '\t' | '\\') || c.is_alphabetic();
    let parts = text.split(between).filter(|part| digits(part) >= *DIGITS.start()).count();
    let whole = text.split(|c: char| !c.is_ascii_digit()).filter(|part| part.len() >= 10).count();
    let plus = text.split('+').skip(1).filter(|part| digits(part) > 0).count();
    let crowded = digits(text) > *DIGITS.end() && text.matches('(').count() > 1;
    parts > 1 || whole > 1 || plus > 1 || crowded
}

/// What people put between digits, and what comes along unseen when a number is copied from a chat.
pub(super) fn is_mask(c: char) -> bool {
    is_blank(c) || is_dash(c) || matches!(c, '-' | '(' | ')' | '.')
}

fn is_dash(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipient::{Note, parse};

    #[test]
    fn what_is_understood() {
        let person = Kind::Person;
        let cases: &[(&str, Kind, &str)] = &[
            ("5511999998888", person, "5511999998888"),
            ("+55 (11) 99999-8888", person, "5511999998888"),
            ("0055 11 99999 8888", person, "5511999998888"),
            ("\u{202a}+55\u{a0}11\u{a0}99999\u{2011}8888\u{202c}", person, "5511999998888"),
            ("'5511999998888", person, "5511999998888"),
            ("=\"5511999998888\"", person, "5511999998888"),
            ("55.11.99999.8888", person, "5511999998888"),
            ("+351 912 345 678", person, "351912345678"),
            ("+1 (212) 555-0123", person, "12125550123"),
            ("55 11 3333-4444", person, "551133334444"),
            ("120363019502650977-group", Kind::Group, "120363019502650977-group"),
            (" 120363019502650977-group ", Kind::Group, "120363019502650977-group"),
            ("5511999999999-1623281429", Kind::Group, "5511999999999-1623281429"),
            // As the wire has it, or marked: nothing says that it is not Norwegian.
            ("4799998888", person, "4799998888"),
            ("+(47) 9999-8888", person, "4799998888"),
            ("(351) 912 345 678", person, "351912345678"),
            ("(+55) 11 98888-7777", person, "5511988887777"),
            ("(+351) 912 345 678", person, "351912345678"),
            ("( +55 11 ) 98888-7777", person, "5511988887777"),
            ("+49 170/1234567", person, "491701234567"),
            ("+49 30 / 123456", person, "4930123456"),
            ("+49 35057/12345", person, "493505712345"),
            ("(64 6) 880 7663", person, "6468807663"),
            ("+1 (646) 880-7663", person, "16468807663"),
            ("999999999999999@lid", Kind::Lid, "999999999999999@lid"),
        ];
        for (text, kind, address) in cases {
            let parsed = parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
            assert_eq!((parsed.recipient.kind, parsed.recipient.address.as_str()), (*kind, *address), "{text}");
            assert_eq!((parsed.recipient.identity.as_str(), &parsed.note), (*address, &None), "{text}");
        }
    }

    #[test]
    fn the_ninth_digit_makes_no_second_person() {
        let with = parse("+55 11 98888-7777").unwrap().recipient;
        let without = parse("+55 11 8888-7777").unwrap();
        assert_eq!(without.recipient.identity, with.identity);
        assert_eq!(without.recipient.address.as_str(), "551188887777");
        let note = Note::NinthDigit { written: "551188887777".into(), full: "5511988887777".into() };
        assert_eq!(without.note, Some(note));
    }

    #[test]
    fn a_link_says_which_number_it_leads_to() {
        for link in [
            "https://wa.me/5511999998888",
            "WA.me/+55 11 99999-8888?text=Oi",
            "https://api.whatsapp.com/send?phone=5511999998888&text=Oi",
            "tel:+55-11-99999-8888",
            "whatsapp:+5511999998888",
        ] {
            assert_eq!(parse(link), Err(Fault::Link { write: "5511999998888".to_owned() }), "{link}");
        }
        assert_eq!(parse("https://wa.me/ana"), Err(Fault::Character { found: 'h' }));
    }

    #[test]
    fn what_is_refused_and_what_to_write_instead() {
        let write = |text: &str| text.to_owned();
        let cases: &[(&str, Fault)] = &[
            ("", Fault::Empty),
            (" \u{a0}\t", Fault::Empty),
            ("5.51199E+12", Fault::Scientific),
            ("5,51199E+12", Fault::Scientific),
            ("1.20363e17", Fault::Scientific),
            ("5511999998888.0", Fault::TrailingZero { write: write("5511999998888") }),
            ("5511999998888,00", Fault::TrailingZero { write: write("5511999998888") }),
            ("5511999998888 / 5511988887777", Fault::SeveralNumbers),
            ("5511999998888 5511988887777", Fault::SeveralNumbers),
            ("5511999998888-5511988887777", Fault::SeveralNumbers),
            ("11 99999-8888 ou 11 98888-7777", Fault::SeveralNumbers),
            ("+55 11 99999-8888 +55 11 98888-7777", Fault::SeveralNumbers),
            ("(11) 99999-8888 (11) 98888-7777", Fault::SeveralNumbers),
            ("1199998888-1333334444", Fault::SeveralNumbers),
            ("+5511999998888 ramal 3", Fault::Character { found: 'r' }),
            ("55119999O8888", Fault::Character { found: 'O' }),
            ("=5511999998888", Fault::Character { found: '=' }),
            ("55119999\u{ff11}8888", Fault::Character { found: '\u{ff11}' }),
            ("-", Fault::TooShort { digits: 0 }),
            ("99-8888", Fault::TooShort { digits: 6 }),
            ("6907290", Fault::TooShort { digits: 7 }),
            ("+690729", Fault::TooShort { digits: 6 }),
            ("+5511999", Fault::NotInPlan { country_code: 55, length: super::super::fault::Length::Short }),
            ("55119999988885511988887777", Fault::TooLong { digits: 26 }),
            ("(11) 99999-8888", Fault::NoCountryCode { write: Some(write("5511999998888")) }),
            (
                "(47) 9999-8888",
                Fault::Ambiguous {
                    abroad: "4799998888".into(),
                    brazil: Some("5547999998888".into()),
                    country_code: 47,
                },
            ),
            ("(646) 880-7663", Fault::NoCountryCode { write: None }),
            ("11988887777/11988886666", Fault::SeveralNumbers),
            ("+5511988887777/8888", Fault::Character { found: '/' }),
            ("+49 30 123456/78", Fault::Character { found: '/' }),
            ("+49 170/12", Fault::Character { found: '/' }),
            ("+49 170/123/4567", Fault::Character { found: '/' }),
            ("+690 7290/7291", Fault::Character { found: '/' }),
            ("170/1234567", Fault::Character { found: '/' }),
            ("12.345.678/0001-90", Fault::Character { found: '/' }),
            ("(+55) +5511988887777", Fault::SeveralNumbers),
            ("((+55) 11 98888-7777", Fault::Character { found: '+' }),
            ("++5511988887777", Fault::Character { found: '+' }),
            ("5511999998888-1133334444", Fault::SeveralNumbers),
            ("0 11 99999-8888", Fault::NoCountryCode { write: Some(write("5511999998888")) }),
            ("+55 (011) 99999-8888", Fault::TrunkPrefix { write: write("5511999998888") }),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).as_ref(), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn ids_that_are_refused_and_what_to_write_instead() {
        let write = |text: &str| text.to_owned();
        let cases: &[(&str, Fault)] = &[
            ("120363019502650977", Fault::BareGroupId { write: write("120363019502650977-group"), rounded: false }),
            ("120363019502650000", Fault::BareGroupId { write: write("120363019502650000-group"), rounded: true }),
            ("120363019502650977 group", Fault::GroupId { write: Some(write("120363019502650977-group")) }),
            ("120363019502650977-Grupo", Fault::GroupId { write: Some(write("120363019502650977-group")) }),
            ("5511999999999-1623281429-group", Fault::GroupId { write: Some(write("5511999999999-1623281429")) }),
            ("120363019502650977\u{2013}group", Fault::GroupId { write: Some(write("120363019502650977-group")) }),
            ("5511999999999\u{2011}1623281429", Fault::GroupId { write: Some(write("5511999999999-1623281429")) }),
            ("vip-group", Fault::GroupId { write: None }),
            ("120363019502650977@g.us", Fault::GroupJid { write: write("120363019502650977-group") }),
            ("5511999999999-1623281429@g.us", Fault::GroupJid { write: write("5511999999999-1623281429") }),
            ("5511999998888@s.whatsapp.net", Fault::PersonJid { write: write("5511999998888") }),
            ("5511999998888:12@c.us", Fault::PersonJid { write: write("5511999998888") }),
            ("status@broadcast", Fault::Broadcast),
            ("1234567890@newsletter", Fault::Newsletter),
            ("ana@example.com", Fault::At),
            ("abc@lid", Fault::Lid),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).as_ref(), Err(expected), "{text:?}");
        }
    }
}
