//! Who gets an invitation: the address that goes on the wire, and the identity that says whether two addresses are one.
//!
//! Pure: text in, [`Parsed`] or [`Fault`] out. The words for people stand in `diagnostic::text::recipient`. Nothing here
//! guesses: what is not certainly a recipient is a [`Fault`] that knows what to write instead.

mod fault;
mod mask;
mod numbering;
mod readable;
mod spelling;

use std::borrow::Cow;
use std::fmt;

pub use fault::{Fault, Length};
pub use mask::mask_in_text;

/// What kind of chat an address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A phone number, digits with country code.
    Person,
    /// `digits-group`, or the older `digits-digits`.
    Group,
    /// A private id, `digits@lid`.
    Lid,
}

/// What goes on the wire as `phone`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address(Box<str>);

/// The address with the Brazilian mobile number folded to one spelling, whether or not the ninth digit is written.
/// Two rows with the same identity are one person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity(Box<str>);

/// A checked recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    pub kind: Kind,
    pub address: Address,
    pub identity: Identity,
}

/// A recipient, and what should be said about the way it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    pub recipient: Recipient,
    pub note: Option<Note>,
}

/// Something about a recipient that is not wrong but worth a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A Brazilian mobile number written without its ninth digit; `full` has it.
    NinthDigit { written: Box<str>, full: Box<str> },
}

/// Understands what stands in a cell as a recipient: a phone number with its country code (masks such as
/// `+55 (11) 99999-8888` are removed), a group id, or a private id.
pub fn parse(text: &str) -> Result<Parsed, Fault> {
    if numbering::is_plain_brazilian_mobile(text.as_bytes()) {
        return Ok(Parsed::plain(Kind::Person, text));
    }
    if spelling::is_group_id(text) {
        return Ok(Parsed::plain(Kind::Group, text));
    }
    spelling::parse(text)
}

/// Whether a text is a recipient, or was one before something damaged it. Numbers of ordinary texts (years, house
/// numbers, postal codes, prices) are none: they have too few digits.
pub fn looks_like_one(text: &str) -> bool {
    let Err(fault) = parse(text) else { return true };
    match fault {
        Fault::TrailingZero { .. }
        | Fault::NoCountryCode { .. }
        | Fault::Ambiguous { .. }
        | Fault::TrunkPrefix { .. }
        | Fault::NotInPlan { .. }
        | Fault::BareGroupId { .. }
        | Fault::GroupJid { .. }
        | Fault::PersonJid { .. }
        | Fault::Link { .. }
        | Fault::Lid
        | Fault::Broadcast
        | Fault::Newsletter => true,
        Fault::Scientific => spelling::is_long_scientific(text),
        // `Nome do grupo` ends like a group id as well.
        Fault::GroupId { .. } => spelling::has_digits_of_a_number(text),
        Fault::Empty
        | Fault::SeveralNumbers
        | Fault::Character { .. }
        | Fault::TooShort { .. }
        | Fault::TooLong { .. }
        | Fault::UnknownCountry
        | Fault::At => false,
    }
}

impl Parsed {
    /// An address that is its own identity.
    fn plain(kind: Kind, address: &str) -> Self {
        let recipient = Recipient { kind, address: Address::new(address), identity: Identity::new(address) };
        Self { recipient, note: None }
    }

    /// A Brazilian mobile number without its ninth digit: sent to as written, known by the full number.
    fn without_ninth_digit(written: &str, full: &str) -> Self {
        let recipient = Recipient { kind: Kind::Person, address: Address::new(written), identity: Identity::new(full) };
        Self { recipient, note: Some(Note::NinthDigit { written: written.into(), full: full.into() }) }
    }
}

impl Address {
    /// Whether it is a group's, in either spelling.
    pub fn is_group(&self) -> bool {
        spelling::is_group_id(&self.0)
    }

    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A person's number as it is shown off a terminal, `55119****8888`; group ids whole.
    pub fn masked(&self) -> Cow<'_, str> {
        mask_in_text(&self.0)
    }
}

impl Identity {
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_recipients_look_like_ones_and_numbers_of_ordinary_texts_do_not() {
        let recipients = [
            "5511999998888",
            "+55 (11) 99999-888",
            "511999998888",
            "1199999888",
            "'5.51199E+12",
            "5,51199e12",
            "1.20363E+17",
            "5511999998888.0",
            "120363019502650977",
            "12036301950265097",
            "120363019502650977-grupo",
            "12036301950265 0977-group",
            "120363019502650977@g.us",
            "5511999998888@c.us",
            "99999x@lid",
            "status@broadcast",
        ];
        for text in recipients {
            assert!(looks_like_one(text), "{text}");
        }
        let others = [
            "",
            "Ana",
            "2026",
            "Rua Augusta 1200",
            "1200",
            "12E3",
            "01310-100",
            "20040-020",
            "04.12.2026",
            "2026-12-04",
            "2026-12-04 19:00",
            "12.12.2026 19h - 13.12.2026 22h",
            "31.12.2026 - 01.01.2027",
            "1.500.000",
            "R$ 1.200,00",
            "12.345.678/0001-90",
            "ramal 3",
            "Nome do grupo",
            "Festa 2026-group",
            "ana@example.com",
            "Contatos: 11 99999-8888 ou 11 98888-7777",
        ];
        for text in others {
            assert!(!looks_like_one(text), "{text}");
        }
    }
}
