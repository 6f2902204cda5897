//! Digits against the numbering plans of the world (`rlibphonenumber`), with a fast path for plain Brazilian mobiles.
//!
//! Expects digits only; `spelling` removes masks before. Loading the plans takes some milliseconds, so nothing here
//! touches them before it has to.

use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, ParseError, ValidationError, get_national_significant_number_owned,
};

use super::fault::Length;
use super::{Fault, Kind, Parsed};

/// Brazil's area codes, as bits per first digit: bit n of row m is `mn`.
const AREA_CODES: [u16; 10] = [
    0,
    0b11_1111_1110,
    0b01_1001_0110,
    0b01_1011_1110,
    0b11_1111_1110,
    0b00_0011_1010,
    0b11_1111_1110,
    0b10_1011_1010,
    0b11_1111_1110,
    0b11_1111_1110,
];

/// `55DD9########`: what nearly every row of a Brazilian campaign looks like. Held against the plan by a test.
pub(super) fn is_plain_brazilian_mobile(text: &[u8]) -> bool {
    let [b'5', b'5', a, b, b'9', rest @ ..] = text else { return false };
    rest.len() == 8 && rest.iter().all(u8::is_ascii_digit) && is_area_code(*a, *b)
}

fn is_area_code(tens: u8, units: u8) -> bool {
    tens.is_ascii_digit() && units.is_ascii_digit() && AREA_CODES[usize::from(tens - b'0')] >> (units - b'0') & 1 == 1
}

/// Whether the country code was marked as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    /// `+` or `00` stood in front.
    International,
    /// None, and so many of the first digits stood in brackets, as an area code does and a country code hardly ever.
    Brackets(usize),
    None,
}

impl Prefix {
    /// Whether a country code cannot be meant, since the brackets end within it or behind it. Four digits in them are one
    /// with an area code of its own, as in `(5511) 99999-8888`, unless ten digits make a national number of it all.
    fn splits(self, country_code: i32, digits: &str) -> bool {
        let Self::Brackets(width) = self else { return false };
        let is_national = width < 4 || (width == 4 && digits.len() == NATIONAL_DIGITS);
        is_national && country_code.to_string() != digits[..width]
    }
}

/// The digits of a national number in most countries whose area codes stand in brackets.
const NATIONAL_DIGITS: usize = 10;

/// A number without area code has no more digits than this, in Brazil and nearly everywhere.
const LOCAL_DIGITS_MAX: usize = 9;

/// Checks a number of at most 15 digits.
pub(super) fn check(digits: &str, prefix: Prefix) -> Result<Parsed, Fault> {
    if is_plain_brazilian_mobile(digits.as_bytes()) {
        return Ok(Parsed::plain(Kind::Person, digits));
    }
    if let Some(full) = with_ninth_digit(digits) {
        return Ok(Parsed::without_ninth_digit(digits, &full));
    }
    let reading = read(digits);
    if prefix != Prefix::International
        && let Some(fault) = local_brazilian(digits, &reading, prefix)
    {
        return Err(fault);
    }
    if let Prefix::Brackets(width) = prefix
        && let Some(fault) = behind_area_code(digits, width, &reading)
    {
        return Err(fault);
    }
    match reading {
        Reading::Unassigned { .. } | Reading::NoCountry
            if prefix != Prefix::International && digits.len() <= LOCAL_DIGITS_MAX =>
        {
            Err(Fault::TooShort { digits: digits.len() })
        }
        Reading::Number { canonical, .. } if canonical == digits => Ok(Parsed::plain(Kind::Person, digits)),
        Reading::Number { canonical, .. } => Err(Fault::TrunkPrefix { write: canonical }),
        Reading::Unassigned { country_code, length } => Err(Fault::NotInPlan { country_code, length }),
        Reading::NoCountry => Err(Fault::UnknownCountry),
    }
}

/// `55DD[6-9]#######` with the ninth digit put in.
fn with_ninth_digit(digits: &str) -> Option<String> {
    let [b'5', b'5', a, b, b'6'..=b'9', ..] = digits.as_bytes() else { return None };
    (digits.len() == 12 && is_area_code(*a, *b)).then(|| format!("{}9{}", &digits[..4], &digits[4..]))
}

/// What digits are when they are taken to begin with a country code.
enum Reading {
    /// A number; `canonical` lacks what is dialled within the country only.
    Number {
        country_code: i32,
        canonical: String,
    },
    Unassigned {
        country_code: i32,
        length: Length,
    },
    NoCountry,
}

fn read(digits: &str) -> Reading {
    let util = &*PHONE_NUMBER_UTIL;
    let number = match util.parse(format!("+{digits}"), None) {
        Ok(number) => number,
        Err(ParseError::TooShortNsn) => return unparsed(digits, Length::Short),
        Err(ParseError::TooLongNsn) => return unparsed(digits, Length::Long),
        Err(ParseError::InvalidCountryCode | ParseError::NotANumber(_) | ParseError::TooShortAfterIdd) => {
            return Reading::NoCountry;
        }
    };
    let country_code = number.country_code;
    if util.is_valid_number(&number) {
        let canonical = format!("{country_code}{}", get_national_significant_number_owned(&number));
        return Reading::Number { country_code, canonical };
    }
    match util.is_possible_number_with_reason(&number) {
        Err(ValidationError::TooShort) => Reading::Unassigned { country_code, length: Length::Short },
        Err(ValidationError::TooLong) => Reading::Unassigned { country_code, length: Length::Long },
        Err(ValidationError::InvalidCountryCode) => Reading::NoCountry,
        Err(ValidationError::InvalidLength)
        | Ok(NumberLengthType::IsPossible | NumberLengthType::IsPossibleLocalOnly) => {
            Reading::Unassigned { country_code, length: Length::Possible }
        }
    }
}

/// The country code of digits whose rest is too short or too long to be looked at.
fn unparsed(digits: &str, length: Length) -> Reading {
    let known = |width: &usize| {
        let code: i32 = digits.get(..*width)?.parse().ok()?;
        PHONE_NUMBER_UTIL.get_supported_calling_codes().any(|supported| supported == code).then_some(code)
    };
    (1..=3)
        .find_map(|width| known(&width))
        .map_or(Reading::NoCountry, |country_code| Reading::Unassigned { country_code, length })
}

/// The fault of digits that look like a Brazilian number without its country code, given what they are abroad.
fn local_brazilian(digits: &str, abroad: &Reading, prefix: Prefix) -> Option<Fault> {
    let local = digits.strip_prefix('0').unwrap_or(digits);
    // Brazil's area codes have two digits, or three with the zero in front.
    let is_abroad = matches!(prefix, Prefix::Brackets(3 | 4)) && local == digits;
    if is_abroad || !matches!(local.len(), 10 | 11) {
        return None;
    }
    let brazil = format!("55{local}");
    let is_mobile = is_plain_brazilian_mobile(brazil.as_bytes());
    let write = with_ninth_digit(&brazil).unwrap_or(brazil);
    let is_brazilian = || matches!(read(&write), Reading::Number { canonical, .. } if canonical == write);
    match abroad {
        Reading::Number { country_code, canonical } if canonical == digits && !prefix.splits(*country_code, digits) => {
            let is_ambiguous = is_mobile || (prefix == Prefix::Brackets(2) && is_brazilian());
            let (abroad, country_code) = (digits.to_owned(), *country_code);
            is_ambiguous.then_some(Fault::Ambiguous { abroad, brazil: Some(write), country_code })
        }
        Reading::Number { .. } | Reading::Unassigned { .. } | Reading::NoCountry => {
            is_brazilian().then_some(Fault::NoCountryCode { write: Some(write) })
        }
    }
}

/// The countries that write an area code of three digits in brackets before seven more: the United States with their
/// neighbours, Mexico, Argentina.
const SHORT_AREA_CODES: [&str; 3] = ["1", "52", "54"];

/// The fault of digits of which the first `width` stand in brackets and are an area code, or may be one.
fn behind_area_code(digits: &str, width: usize, abroad: &Reading) -> Option<Fault> {
    let is_national = || {
        let is_number = |code: &&str| matches!(read(&format!("{code}{digits}")), Reading::Number { .. });
        width == 3 && digits.len() == NATIONAL_DIGITS && SHORT_AREA_CODES.iter().any(is_number)
    };
    match abroad {
        Reading::Number { country_code, .. } if Prefix::Brackets(width).splits(*country_code, digits) => {
            Some(Fault::NoCountryCode { write: None })
        }
        Reading::Number { country_code, .. } => {
            let (abroad, country_code) = (digits.to_owned(), *country_code);
            is_national().then_some(Fault::Ambiguous { abroad, brazil: None, country_code })
        }
        Reading::Unassigned { .. } | Reading::NoCountry => {
            is_national().then_some(Fault::NoCountryCode { write: None })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_path_agrees_with_the_numbering_plan() {
        for area in 0..100 {
            for rest in ["00000000", "12345678", "61234567", "77777777", "88887777", "99998888", "99999999"] {
                let digits = format!("55{area:02}9{rest}");
                let in_plan = matches!(read(&digits), Reading::Number { canonical, .. } if canonical == digits);
                assert_eq!(is_plain_brazilian_mobile(digits.as_bytes()), in_plan, "{digits}");
            }
        }
        for other in ["55119999988880", "551199999888", "5511899998888", "551199999888a", "5411999998888", ""] {
            assert!(!is_plain_brazilian_mobile(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn what_the_ninth_digit_completes_is_in_the_plan() {
        for area in 0..100 {
            for rest in ["61234567", "77777777", "88887777", "99998888"] {
                if let Some(full) = with_ninth_digit(&format!("55{area:02}{rest}")) {
                    assert!(matches!(read(&full), Reading::Number { canonical, .. } if canonical == full), "{full}");
                }
            }
        }
        assert_eq!(with_ninth_digit("551133334444"), None);
        assert_eq!(with_ninth_digit("551188887777").as_deref(), Some("5511988887777"));
    }

    #[test]
    fn numbers_of_the_world() {
        let not = |country_code, length| Err(Fault::NotInPlan { country_code, length });
        let cases: &[(&str, Prefix, Result<&str, Fault>)] = &[
            ("551133334444", Prefix::None, Ok("551133334444")),
            ("351912345678", Prefix::None, Ok("351912345678")),
            ("12125550123", Prefix::None, Ok("12125550123")),
            ("390612345678", Prefix::None, Ok("390612345678")),
            ("51999998888", Prefix::International, Ok("51999998888")),
            ("5523999998888", Prefix::International, not(55, Length::Possible)),
            ("55119999", Prefix::International, not(55, Length::Short)),
            ("55119999988887", Prefix::None, not(55, Length::Long)),
            ("999998888", Prefix::None, Err(Fault::TooShort { digits: 9 })),
            ("9991234567", Prefix::International, Err(Fault::UnknownCountry)),
            ("11999998888", Prefix::None, Err(Fault::NoCountryCode { write: Some("5511999998888".into()) })),
            ("011999998888", Prefix::None, Err(Fault::NoCountryCode { write: Some("5511999998888".into()) })),
            ("1133334444", Prefix::None, Err(Fault::NoCountryCode { write: Some("551133334444".into()) })),
            ("1188887777", Prefix::None, Err(Fault::NoCountryCode { write: Some("5511988887777".into()) })),
            ("55999998888", Prefix::None, Err(Fault::NoCountryCode { write: Some("5555999998888".into()) })),
            ("55011999998888", Prefix::None, Err(Fault::TrunkPrefix { write: "5511999998888".into() })),
            (
                "51999998888",
                Prefix::None,
                Err(Fault::Ambiguous {
                    abroad: "51999998888".into(),
                    brazil: Some("5551999998888".into()),
                    country_code: 51,
                }),
            ),
        ];
        for (digits, prefix, expected) in cases {
            let found = check(digits, *prefix).map(|parsed| parsed.recipient.address.as_str().to_owned());
            assert_eq!(found, expected.clone().map(str::to_owned), "{digits} {prefix:?}");
        }
    }

    #[test]
    fn what_stands_in_brackets_is_a_country_code_or_an_area_code() {
        let lacks_code = || Err(Fault::NoCountryCode { write: None });
        let brazil = |write: &str| Err(Fault::NoCountryCode { write: Some(write.into()) });
        let ambiguous = |abroad: &str, brazil: Option<&str>, country_code| {
            Err(Fault::Ambiguous { abroad: abroad.into(), brazil: brazil.map(str::to_owned), country_code })
        };
        let cases: &[(&str, usize, Result<&str, Fault>)] = &[
            // A whole country code, and a whole number behind it.
            ("351912345678", 3, Ok("351912345678")),
            ("212612345678", 3, Ok("212612345678")),
            ("12125550123", 1, Ok("12125550123")),
            ("442079460958", 2, Ok("442079460958")),
            ("50761234567", 3, Ok("50761234567")),
            ("5511999998888", 2, Ok("5511999998888")),
            // With its area code.
            ("5511999998888", 4, Ok("5511999998888")),
            ("551133334444", 4, Ok("551133334444")),
            ("12125550123", 4, Ok("12125550123")),
            ("351212345678", 5, Ok("351212345678")),
            // An area code: no country code is in the brackets, or its number behind it.
            ("6468807663", 3, lacks_code()),
            ("6043154398", 3, lacks_code()),
            ("3232269479", 3, lacks_code()),
            ("2125550123", 3, lacks_code()),
            ("3519123456", 3, lacks_code()),
            ("4951234567", 3, lacks_code()),
            ("13123456789", 3, lacks_code()),
            ("3545551234", 4, lacks_code()),
            ("2693212345", 2, lacks_code()),
            ("11999998888", 2, brazil("5511999998888")),
            ("38970123456", 2, brazil("5538970123456")),
            // Either.
            ("4799998888", 2, ambiguous("4799998888", Some("5547999998888"), 47)),
            ("5072345678", 3, ambiguous("5072345678", None, 507)),
            ("2382345678", 3, ambiguous("2382345678", None, 238)),
        ];
        for (digits, width, expected) in cases {
            let found =
                check(digits, Prefix::Brackets(*width)).map(|found| found.recipient.address.as_str().to_owned());
            assert_eq!(found, expected.clone().map(str::to_owned), "{digits} {width}");
        }
    }
}
