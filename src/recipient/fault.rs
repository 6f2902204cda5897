//! Every way in which a text can fail to be a recipient. Data only: the words stand in `diagnostic::text::recipient`.

/// Why a text is no recipient. Fields named `write` hold what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing, or nothing but blanks.
    Empty,
    /// `5.51199E+12`: a spreadsheet has kept only the first digits.
    Scientific,
    /// `5511999998888.0`: a spreadsheet took it for a number.
    TrailingZero {
        write: String,
    },
    /// Several numbers in one cell.
    SeveralNumbers,
    /// Letters or other characters that belong to no number; the first of them.
    Character {
        found: char,
    },
    TooShort {
        digits: usize,
    },
    TooLong {
        digits: usize,
    },
    /// A group id without `-group`; `rounded` when a spreadsheet seems to have replaced its last digits by zeros.
    BareGroupId {
        write: String,
        rounded: bool,
    },
    /// Starts like a group id, but is none.
    GroupId {
        write: Option<String>,
    },
    /// `...@g.us`, as WhatsApp itself spells group ids.
    GroupJid {
        write: String,
    },
    /// `...@s.whatsapp.net` or `...@c.us`, as WhatsApp itself spells persons.
    PersonJid {
        write: String,
    },
    /// A private id (`@lid`) that has no proper digits.
    Lid,
    Broadcast,
    Newsletter,
    /// Another text with `@`, such as a mail address.
    At,
    /// A number that is a Brazilian one once `55` is put in front.
    NoCountryCode {
        write: String,
    },
    /// Digits without `+` that are a Brazilian mobile number without its country code as well as a number of another
    /// country.
    Ambiguous {
        abroad: String,
        brazil: String,
        country_code: u16,
    },
    /// A zero too many after the country code.
    TrunkZero {
        write: String,
    },
    /// No number of this kind exists; the country code, where there is one.
    NotInPlan {
        country_code: Option<u16>,
    },
}
