//! Codes and words for recipients: E3xx and W3xx.

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::recipient::{Fault, Length, Note};

const EMPTY: Code = Code { id: "E301", title: "recipient is empty" };
const SCIENTIFIC: Code = Code { id: "E302", title: "number in scientific notation" };
const TRAILING_ZERO: Code = Code { id: "E303", title: "number with decimals" };
const SEVERAL_NUMBERS: Code = Code { id: "E304", title: "several numbers in one cell" };
const CHARACTER: Code = Code { id: "E305", title: "character that no number has" };
const TOO_SHORT: Code = Code { id: "E306", title: "number too short" };
const TOO_LONG: Code = Code { id: "E307", title: "number too long" };
const NO_COUNTRY_CODE: Code = Code { id: "E308", title: "number without country code" };
const AMBIGUOUS: Code = Code { id: "E309", title: "number of two countries" };
const TRUNK_PREFIX: Code = Code { id: "E310", title: "prefix before the area code" };
const NOT_IN_PLAN: Code = Code { id: "E311", title: "number that does not exist" };
const GROUP_ID: Code = Code { id: "E312", title: "malformed group id" };
const WHATSAPP_SPELLING: Code = Code { id: "E313", title: "id as WhatsApp spells it" };
const LID: Code = Code { id: "E314", title: "malformed private id" };
const BROADCAST: Code = Code { id: "E315", title: "broadcast list" };
const NEWSLETTER: Code = Code { id: "E316", title: "channel" };
const AT: Code = Code { id: "E317", title: "neither number nor id" };
const DUPLICATE: Code = Code { id: "W301", title: "recipient listed twice" };
const PERSONS: Code = Code { id: "W302", title: "persons as recipients" };
const NINTH_DIGIT: Code = Code { id: "W303", title: "ninth digit missing" };

pub const CODES: &[&Code] = &[
    &EMPTY,
    &SCIENTIFIC,
    &TRAILING_ZERO,
    &SEVERAL_NUMBERS,
    &CHARACTER,
    &TOO_SHORT,
    &TOO_LONG,
    &NO_COUNTRY_CODE,
    &AMBIGUOUS,
    &TRUNK_PREFIX,
    &NOT_IN_PLAN,
    &GROUP_ID,
    &WHATSAPP_SPELLING,
    &LID,
    &BROADCAST,
    &NEWSLETTER,
    &AT,
    &DUPLICATE,
    &PERSONS,
    &NINTH_DIGIT,
];

/// What a recipient may look like, for faults that leave open what was meant.
const SHAPES: &str =
    "write a phone with its country code, such as 5511999998888, or a group id, such as 120363019502650977-group";
const AS_TEXT: &str = "format the column as text in the spreadsheet, enter the number again, then export";

/// What is wrong with a recipient; `text` is what was written.
pub fn fault(fault: &Fault, text: &str) -> Diagnostic {
    let shown = super::shorten(text);
    let found = |code: &'static Code, message: String| Diagnostic::new(code, message);
    match fault {
        Fault::Empty => found(&EMPTY, "the recipient is empty".to_owned()).help(SHAPES),
        Fault::Scientific => found(
            &SCIENTIFIC,
            format!("a spreadsheet has turned the number into `{shown}`: digits that it does not show are lost"),
        )
        .help(AS_TEXT),
        Fault::TrailingZero { write } => {
            found(&TRAILING_ZERO, format!("a spreadsheet has turned the number into `{shown}`"))
                .help(format!("write {write}, if no digit was lost; {AS_TEXT}"))
        }
        Fault::SeveralNumbers => found(&SEVERAL_NUMBERS, format!("`{shown}` holds more than one number"))
            .help("keep one of them, or give every recipient a row of its own"),
        Fault::Character { found: strange } => {
            found(&CHARACTER, format!("`{shown}` is no phone number: it holds `{}`", strange.escape_debug()))
                .help(SHAPES)
        }
        Fault::TooShort { digits } => too_short(*digits, &shown),
        Fault::TooLong { digits } => too_long(*digits, &shown),
        Fault::NoCountryCode { write } => no_country_code(write.as_deref(), &shown),
        Fault::Ambiguous { abroad, brazil, country_code } => {
            ambiguous(abroad, brazil.as_deref(), *country_code, &shown)
        }
        Fault::TrunkPrefix { write } => {
            found(&TRUNK_PREFIX, format!("`{shown}` has digits that are dialled within the country only"))
                .help(format!("write {write}"))
        }
        Fault::NotInPlan { country_code, length } => not_in_plan(*country_code, *length, &shown),
        Fault::UnknownCountry => found(&NOT_IN_PLAN, format!("`{shown}` begins with no country code")).help(SHAPES),
        Fault::BareGroupId { write, rounded } => bare_group_id(write, *rounded, &shown),
        Fault::GroupId { write } => group_id(write.as_deref(), &shown),
        Fault::GroupJid { write } | Fault::PersonJid { write } => {
            found(&WHATSAPP_SPELLING, format!("`{shown}` is spelled as WhatsApp does, which Z-API does not take"))
                .help(format!("write {write}"))
        }
        Fault::Link { write } => found(&WHATSAPP_SPELLING, format!("`{shown}` is a link, which Z-API does not take"))
            .help(format!("write {write}")),
        Fault::Lid => found(&LID, format!("`{shown}` is no private id"))
            .help("a private id is digits and @lid, such as 999999999999999@lid"),
        Fault::Broadcast => found(&BROADCAST, format!("`{shown}` is a broadcast list: it takes no events"))
            .help("list the recipients themselves"),
        Fault::Newsletter => {
            found(&NEWSLETTER, format!("`{shown}` is a channel: it takes no events")).help("invite a group instead")
        }
        Fault::At => found(&AT, format!("`{shown}` is neither a phone nor a group id")).help(SHAPES),
    }
}

fn too_short(digits: usize, shown: &str) -> Diagnostic {
    Diagnostic::new(&TOO_SHORT, format!("`{shown}` has {}: too few for a phone number", digits_of(digits)))
        .help("write the number with country code and area code, such as 5511999998888")
}

fn too_long(digits: usize, shown: &str) -> Diagnostic {
    Diagnostic::new(&TOO_LONG, format!("`{shown}` has {}: no phone number has more than 15", digits_of(digits)))
        .help("write one number only; a group id ends in -group")
}

fn no_country_code(write: Option<&str>, shown: &str) -> Diagnostic {
    let help = write.map_or_else(
        || "put + and the country code before the area code in brackets".to_owned(),
        |write| format!("for a number in Brazil write {write}"),
    );
    Diagnostic::new(&NO_COUNTRY_CODE, format!("`{shown}` lacks its country code")).help(help)
}

fn ambiguous(abroad: &str, brazil: Option<&str>, country_code: i32, shown: &str) -> Diagnostic {
    let (other, help) = match brazil {
        Some(brazil) => {
            ("a Brazilian one", format!("write {brazil} for the number in Brazil, +{abroad} for the one abroad"))
        }
        None => (
            "one",
            format!(
                "write +{abroad} for the number of country code {country_code}; else put + and the right one in front"
            ),
        ),
    };
    let message = format!("`{shown}` can be a number of country code {country_code} or {other} without country code");
    Diagnostic::new(&AMBIGUOUS, message).help(help)
}

fn not_in_plan(country_code: i32, length: Length, shown: &str) -> Diagnostic {
    let why = match length {
        Length::Short => "has too few digits for",
        Length::Long => "has too many digits for",
        Length::Possible => "is not in the numbering plan of",
    };
    let help = match (country_code, length) {
        (55, _) => {
            "a number in Brazil is 55, the area code of two digits, and 8 digits or, for a mobile, 9 that begin with 9"
        }
        (52, Length::Long) => {
            "a number in Mexico is 52 and 10 digits; the 1 that once stood before mobiles is left out"
        }
        _ if shown.starts_with('+') => "check the digits",
        _ => "check the digits; if the number is Brazilian, put 55 in front",
    };
    Diagnostic::new(&NOT_IN_PLAN, format!("`{shown}` {why} country code {country_code}")).help(help)
}

fn bare_group_id(write: &str, rounded: bool, shown: &str) -> Diagnostic {
    let help = if rounded {
        format!("the zeros at its end look as if a spreadsheet had rounded it: copy the id again; {AS_TEXT}")
    } else {
        format!("write {write}")
    };
    Diagnostic::new(&GROUP_ID, format!("`{shown}` looks like a group id without -group")).help(help)
}

fn group_id(write: Option<&str>, shown: &str) -> Diagnostic {
    let help = write.map_or_else(
        || "a group id looks like 120363019502650977-group; `zapi-batch groups` lists yours".to_owned(),
        |write| format!("write {write}"),
    );
    Diagnostic::new(&GROUP_ID, format!("`{shown}` is no group id")).help(help)
}

/// A warning about the way a recipient is written.
pub fn note(note: &Note) -> Diagnostic {
    let Note::NinthDigit { written, full } = note;
    Diagnostic::new(&NINTH_DIGIT, format!("the mobile number {written} lacks its ninth digit"))
        .help(format!("write {full}; both spellings count as the same person"))
}

/// The same identity twice for one event: this row is skipped. The caller adds this row's place.
pub fn duplicate(address: &str, event: &str, first: Place) -> Diagnostic {
    Diagnostic::new(&DUPLICATE, format!("{address} is listed already for event `{event}`: this row is skipped"))
        .help("the first row counts; take one of the two out")
        .related(first, "first listed here")
}

/// The same list, or file, twice for one event: all of its rows are skipped the second time. The caller adds the second
/// place.
pub fn duplicate_list(list: &str, event: &str, first: Place) -> Diagnostic {
    let message = format!("everybody on `{list}` is listed already for event `{event}`: its rows are skipped here");
    Diagnostic::new(&DUPLICATE, message)
        .help("the first list counts; take one of the two out")
        .related(first, "first listed here")
}

/// One warning a list, at its first person: events hardly arrive there.
pub fn persons(list: &str, count: u64) -> Diagnostic {
    let whom = if count == 1 { "1 person".to_owned() } else { format!("{count} persons") };
    Diagnostic::new(&PERSONS, format!("list `{list}` invites {whom}, where an event will hardly arrive"))
        .help("Z-API delivers events to groups only: it accepts one for a person and drops it later; invite a group")
}

fn digits_of(count: usize) -> String {
    match count {
        0 => "no digits".to_owned(),
        1 => "1 digit".to_owned(),
        _ => format!("{count} digits"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipient::parse;

    #[test]
    fn every_fault_says_what_to_write() {
        let cases = [
            ("", "E301", "such as 5511999998888"),
            ("5.51199E+12", "E302", "as text"),
            ("5511999998888.0", "E303", "write 5511999998888"),
            ("5511999998888/5511988887777", "E304", "row of its own"),
            ("5511999998888 x3", "E305", "5511999998888"),
            ("99-8888", "E306", "country code and area code"),
            ("55119999988885511988887777", "E307", "one number only"),
            ("(11) 99999-8888", "E308", "write 5511999998888"),
            ("(646) 880-7663", "E308", "put + and the country code before"),
            ("(507) 234-5678", "E309", "write +5072345678"),
            ("51999998888", "E309", "write 5551999998888 for the number in Brazil, +51999998888"),
            ("55 011 99999-8888", "E310", "write 5511999998888"),
            ("+55 23 99999-8888", "E311", "area code of two digits"),
            ("+999 123 456 789", "E311", "country code"),
            ("120363019502650977", "E312", "write 120363019502650977-group"),
            ("vip-group", "E312", "zapi-batch groups"),
            ("120363019502650977@g.us", "E313", "write 120363019502650977-group"),
            ("5511999998888@c.us", "E313", "write 5511999998888"),
            ("https://wa.me/5511999998888", "E313", "write 5511999998888"),
            ("a@lid", "E314", "@lid"),
            ("1@broadcast", "E315", "themselves"),
            ("1@newsletter", "E316", "group instead"),
            ("ana@example.com", "E317", "such as"),
        ];
        for (text, code, help) in cases {
            let found = fault(&parse(text).unwrap_err(), text);
            assert_eq!(found.code.id, code, "{text}: {}", found.message);
            assert!(found.help.as_ref().is_some_and(|found| found.contains(help)), "{text}: {:?}", found.help);
        }
    }

    #[test]
    fn codes_are_in_order_and_unique() {
        assert!(CODES.windows(2).all(|pair| pair[0].id < pair[1].id));
    }
}
