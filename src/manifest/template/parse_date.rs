//! `parse_date("DD/MM/YYYY HH:mm")`: a date as Excel writes it, to a date as `dateTime` wants it.
//!
//! Whether the date exists is not asked here: what comes out is read again like any other date.

use minijinja::{Error, ErrorKind, Value};

use super::language::text_of;
use crate::diagnostic::text::template as words;

/// The filter. `DD`, `MM`, `YYYY` or `YY`, `HH`, `mm`, `ss`; everything else in the format stands for itself. A day, a
/// month or an hour may be written with one digit. Without `HH` a date without a time comes out.
pub(super) fn parse_date(value: &Value, format: &str) -> Result<String, Error> {
    let fields = fields(format).map_err(|reason| Error::new(ErrorKind::InvalidOperation, reason))?;
    let text = text_of(value)?;
    read(text.trim(), &fields).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        Error::new(ErrorKind::InvalidOperation, words::not_a_date(&shown, format))
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateField {
    Year,
    ShortYear,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Literal(char),
}

/// The fields of a format, or what is wrong with it.
pub(super) fn fields(format: &str) -> Result<Vec<DateField>, String> {
    const CODES: [(&str, DateField); 7] = [
        ("YYYY", DateField::Year),
        ("YY", DateField::ShortYear),
        ("MM", DateField::Month),
        ("DD", DateField::Day),
        ("HH", DateField::Hour),
        ("mm", DateField::Minute),
        ("ss", DateField::Second),
    ];
    let mut fields = Vec::new();
    let mut rest = format;
    while let Some(character) = rest.chars().next() {
        if let Some((code, field)) = CODES.iter().find(|(code, _)| rest.starts_with(code)) {
            if fields.contains(field) {
                return Err(format!("`{code}` stands twice in the date format `{format}`"));
            }
            fields.push(*field);
            rest = &rest[code.len()..];
        } else if character.is_ascii_alphabetic() && character != 'T' {
            return Err(format!(
                "the date format `{format}` may have DD, MM, YYYY, YY, HH, mm and ss, and `{character}` is none of them"
            ));
        } else {
            fields.push(DateField::Literal(character));
            rest = &rest[character.len_utf8()..];
        }
    }
    let year = fields.contains(&DateField::Year) != fields.contains(&DateField::ShortYear);
    if !year || !fields.contains(&DateField::Month) || !fields.contains(&DateField::Day) {
        return Err(format!("the date format `{format}` must have a day, a month and a year: DD, MM and YYYY"));
    }
    if fields.contains(&DateField::Minute) && !fields.contains(&DateField::Hour) {
        return Err(format!("the date format `{format}` has minutes and no hour: months are MM, minutes are mm"));
    }
    if fields.contains(&DateField::Second) && !fields.contains(&DateField::Minute) {
        return Err(format!("the date format `{format}` has seconds and no minutes: minutes are mm, seconds are ss"));
    }
    Ok(fields)
}

fn read(text: &str, fields: &[DateField]) -> Option<String> {
    let (mut year, mut month, mut day) = (None, None, None);
    let (mut hour, mut minute, mut second) = (None, None, None);
    let mut rest = text;
    for field in fields {
        if let DateField::Literal(literal) = field {
            rest = rest.strip_prefix(*literal)?;
            continue;
        }
        let (least, most) = match field {
            DateField::Year => (4, 4),
            DateField::Day | DateField::Month | DateField::Hour => (1, 2),
            DateField::ShortYear | DateField::Minute | DateField::Second | DateField::Literal(_) => (2, 2),
        };
        let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if digits < least {
            return None;
        }
        let number: u16 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        match field {
            DateField::Year => year = Some(number),
            DateField::ShortYear => year = Some(2000 + number),
            DateField::Month => month = Some(number),
            DateField::Day => day = Some(number),
            DateField::Hour => hour = Some(number),
            DateField::Minute => minute = Some(number),
            DateField::Second => second = Some(number),
            DateField::Literal(_) => {}
        }
    }
    if !rest.is_empty() {
        return None;
    }
    let date = format!("{:04}-{:02}-{:02}", year?, month?, day?);
    Some(match (hour, second) {
        (None, _) => date,
        (Some(hour), None) => format!("{date}T{hour:02}:{:02}", minute.unwrap_or(0)),
        (Some(hour), Some(second)) => format!("{date}T{hour:02}:{:02}:{second:02}", minute.unwrap_or(0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_excel_writes_them() {
        for (text, format, expected) in [
            ("04/12/2026 19:00", "DD/MM/YYYY HH:mm", Some("2026-12-04T19:00")),
            ("4/1/2026 9:05", "DD/MM/YYYY HH:mm", Some("2026-01-04T09:05")),
            (" 04/12/2026 19:00:30 ", "DD/MM/YYYY HH:mm:ss", Some("2026-12-04T19:00:30")),
            ("12/04/26", "MM/DD/YY", Some("2026-12-04")),
            ("2026-12-04T19:00", "YYYY-MM-DDTHH:mm", Some("2026-12-04T19:00")),
            ("4 de 12 de 2026", "DD de MM de YYYY", None),
            ("31/02/2026 19:00", "DD/MM/YYYY HH:mm", Some("2026-02-31T19:00")),
            ("04/12/2026", "DD/MM/YYYY HH:mm", None),
            ("04/12/2026 19:00 h", "DD/MM/YYYY HH:mm", None),
            ("04/12/26 19:00", "DD/MM/YYYY HH:mm", None),
            ("amanhã", "DD/MM/YYYY HH:mm", None),
        ] {
            assert_eq!(parse_date(&Value::from(text), format).ok().as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn formats() {
        for format in [
            "DD/MM",
            "dd/mm/yyyy",
            "DD/MM/YYYY hh:mm",
            "DD/DD/YYYY",
            "DD/MM/YYYY mm",
            "DD/MM/YYYY HH:ss",
            "DD/MM/YYYY ss",
            "",
            "YYYY YY MM DD",
        ] {
            assert!(fields(format).is_err(), "{format}");
        }
        assert!(fields("DD/MM/YYYY HH:mm").is_ok());
    }
}
