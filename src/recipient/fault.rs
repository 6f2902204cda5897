//! Every way in which a text can fail to be a recipient. Data only: the words stand in `diagnostic::text::recipient`.

/// Why a text is no recipient. Fields named `write` hold what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing, or nothing but blanks.
    Empty,
    /// `5.51199E+12`: a spreadsheet has kept only the first digits.
    Scientific,
    /// `5511999998888.0`: a spreadsheet took it for a number.
    TrailingZero { write: String },
    /// Several numbers in one cell.
    SeveralNumbers,
    /// A character that belongs to no number: the first of them.
    Character { found: char },
    /// Not even a local number with its country code has so few digits.
    TooShort { digits: usize },
    /// More digits than any number has.
    TooLong { digits: usize },
    /// Digits that are a Brazilian number once `55` is put in front, or, without `write`, of some country: they begin with
    /// an area code in brackets.
    NoCountryCode { write: Option<String> },
    /// Digits without `+` that are a Brazilian mobile number without its country code, or, without `brazil`, one of another
    /// country, and just as well a number of the country with this code. A spreadsheet that takes a phone for a number
    /// drops the `+`.
    Ambiguous { abroad: String, brazil: Option<String>, country_code: i32 },
    /// Digits that are dialled before the area code within a country only, such as the Brazilian zero.
    TrunkPrefix { write: String },
    /// No such number exists in the numbering plan of the country with this code.
    NotInPlan { country_code: i32, length: Length },
    /// It begins with no country code.
    UnknownCountry,
    /// A group id without `-group`; `rounded` when a spreadsheet seems to have replaced its last digits by zeros.
    BareGroupId { write: String, rounded: bool },
    /// Ends like a group id, but is none.
    GroupId { write: Option<String> },
    /// `...@g.us`, as `WhatsApp` itself spells groups.
    GroupJid { write: String },
    /// `...@s.whatsapp.net` or `...@c.us`, as `WhatsApp` itself spells persons.
    PersonJid { write: String },
    /// A link to a chat (`https://wa.me/...`), or to a number (`tel:...`).
    Link { write: String },
    /// `@lid` without proper digits in front.
    Lid,
    /// `...@broadcast`: a broadcast list, which takes no events.
    Broadcast,
    /// `...@newsletter`: a channel, which takes no events.
    Newsletter,
    /// Another text with `@`, such as a mail address.
    At,
}

/// Whether the number of digits alone is wrong for the country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    Short,
    Possible,
    Long,
}
