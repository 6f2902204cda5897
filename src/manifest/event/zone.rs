//! Names of timezones.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::tz::{self, TimeZone};

use crate::diagnostic::Diagnostic;
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::text::event as words;

/// Names for what is not known, and for what the machine happens to be set to. Some are jiff's own.
const NO_PLACES: [&str; 5] = ["Etc/Unknown", "local", "localtime", "posixrules", "Factory"];

fn is_place(name: &str) -> bool {
    !name.is_empty() && !NO_PLACES.iter().any(|none| none.eq_ignore_ascii_case(name))
}

/// A zone of the tz database by its name, in any case.
pub(in crate::manifest) fn read_zone(text: &str) -> Result<TimeZone, Box<Diagnostic>> {
    let name = text.trim();
    let upper = name.to_ascii_uppercase();
    let offset = upper.trim_start_matches("UTC").trim_start_matches("GMT");
    if offset.len() < name.len() + usize::from(name.starts_with(['+', '-'])) && offset.starts_with(['+', '-']) {
        return Err(Box::new(words::zone_is_offset(name)));
    }
    match TimeZone::get(name) {
        Ok(zone) if is_place(name) => Ok(zone),
        Ok(_) | Err(_) => Err(Box::new(unknown(name))),
    }
}

/// The search goes over 600 zones, and a column of a million rows may be wrong in each: every name is looked for once,
/// and only so many of them.
fn unknown(name: &str) -> Diagnostic {
    const NAMES_MAX: usize = 100;
    static FOUND: Mutex<BTreeMap<String, Option<String>>> = Mutex::new(BTreeMap::new());
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if !found.contains_key(name) && found.len() < NAMES_MAX {
        found.insert(name.to_owned(), meant(name));
    }
    words::zone(name, found.get(name).and_then(Option::as_deref))
}

fn meant(name: &str) -> Option<String> {
    let plain: String = name.chars().map(|c| if c == 'ã' || c == 'á' { 'a' } else { c }).collect();
    let city = |full: &str| full.rsplit('/').next().unwrap_or_default().to_owned();
    let names: Vec<String> = tz::db().available().map(|name| name.to_string()).filter(|name| is_place(name)).collect();
    let whole = nearest(&plain, names.iter().map(String::as_str));
    let cities: Vec<String> = names.iter().map(|name| city(name)).collect();
    let by_city = nearest(&city(&plain), cities.iter().map(String::as_str));
    let by_city =
        by_city.and_then(|found| cities.iter().position(|city| city == found)).map(|index| names[index].as_str());
    // `Brazil/Sao_Paulo` is near to `Brazil/West` as a whole, and means the city.
    let brasilia = ["brasilia", "brasília", "brt"].contains(&plain.to_lowercase().as_str());
    if brasilia { Some("America/Sao_Paulo") } else { by_city.or(whole) }.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones() {
        for name in ["America/Sao_Paulo", "america/sao_paulo", "UTC", "Asia/Kolkata", "Europe/Lisbon"] {
            assert!(read_zone(name).is_ok(), "{name}");
        }
        for (name, help) in [
            ("America/São_Paulo", "did you mean `America/Sao_Paulo`?"),
            ("Brazil/Sao_Paulo", "did you mean `America/Sao_Paulo`?"),
            ("Sao Paulo", "did you mean `America/Sao_Paulo`?"),
            ("BRT", "did you mean `America/Sao_Paulo`?"),
            ("UTC-3", "name a city of the tz database, such as America/Sao_Paulo: offsets change with summer time"),
            ("-03:00", "name a city of the tz database, such as America/Sao_Paulo: offsets change with summer time"),
            ("", "name a city of the tz database, such as America/Sao_Paulo or Europe/Lisbon"),
            ("Etc/Unknown", ""),
            ("local", "name a city of the tz database, such as America/Sao_Paulo or Europe/Lisbon"),
            ("localtime", "name a city of the tz database, such as America/Sao_Paulo or Europe/Lisbon"),
            ("LocalTime", "name a city of the tz database, such as America/Sao_Paulo or Europe/Lisbon"),
            ("posixrules", "name a city of the tz database, such as America/Sao_Paulo or Europe/Lisbon"),
            ("Factory", "name a city of the tz database, such as America/Sao_Paulo or Europe/Lisbon"),
        ] {
            let fault = read_zone(name).unwrap_err();
            assert!(help.is_empty() || fault.help.as_deref() == Some(help), "{name}: {:?}", fault.help);
        }
    }
}
