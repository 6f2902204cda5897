//! One row's values under their names, whether the row stands in a CSV or in the manifest.

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::Arc;

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::spreadsheet;
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::manifest::{InlineEntry, Missing, Offered, Values, Var};
use crate::rows::{Row, Rows};

/// The fields of a CSV by name, looked up once a file rather than once a row.
#[derive(Debug)]
pub(super) struct Lookup {
    names: Fields,
    headers: Fields,
    /// The headers by their index.
    written: Vec<String>,
    phone: Option<usize>,
}

/// Names of fields. Asked several times a row, so with a hash that is fast for short texts.
#[derive(Debug)]
pub(super) struct Fields(HashTable<(String, usize)>);

impl Fields {
    fn of(named: impl Iterator<Item = (String, usize)>) -> Self {
        let mut table = HashTable::new();
        for (name, index) in named {
            let hash = xxh3_64(name.as_bytes());
            if table.find(hash, |(known, _): &(String, usize)| *known == name).is_some() {
                continue; // the first one counts
            }
            table.insert_unique(hash, (name, index), |(name, _)| xxh3_64(name.as_bytes()));
        }
        Self(table)
    }

    fn get(&self, name: &str) -> Option<usize> {
        self.0.find(xxh3_64(name.as_bytes()), |(known, _)| known == name).map(|(_, index)| *index)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

/// A send's values under their names.
#[derive(Debug)]
pub(super) struct Vars<'m> {
    vars: &'m [Var],
    names: Fields,
}

impl<'m> Vars<'m> {
    pub(super) fn of(vars: &'m [Var]) -> Self {
        Self { vars, names: Fields::of(vars.iter().map(|var| var.name.clone()).zip(0..)) }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'m Var> {
        self.names.get(name).map(|index| &self.vars[index])
    }
}

impl Lookup {
    pub(super) fn of(rows: &Rows) -> Self {
        let names = rows.names().into_iter().filter_map(|name| Some((rows.index_of(&name)?, name)));
        let headers = rows.headers().iter().filter_map(|header| Some((rows.index_of_header(header)?, header)));
        Self {
            names: Fields::of(names.map(|(index, name)| (name, index))),
            headers: Fields::of(headers.map(|(index, header)| (header.clone(), index))),
            written: rows.headers().to_vec(),
            phone: rows.phone(),
        }
    }
}

/// What templates may use of a CSV.
pub(super) fn offered_by(rows: &Rows) -> Offered {
    Offered { names: rows.names(), headers: rows.headers().to_vec() }
}

/// What templates may use of a list in the manifest: whatever any of its entries has.
pub(super) fn offered_by_entries(entries: &[InlineEntry]) -> Offered {
    let mut known = HashSet::from(["phone"]);
    let used = entries.iter().flat_map(|entry| &entry.values).map(|(name, _)| name.as_str());
    let others = used.filter(|name| known.insert(name)).map(str::to_owned);
    let names: Vec<String> = ["phone".to_owned()].into_iter().chain(others).collect();
    // `row["name"]` works for entries too, whose names are what a CSV's headers are.
    let headers = names.clone();
    Offered { names, headers }
}

/// The values of an entry by name.
pub(super) fn values_of(entry: &InlineEntry) -> Fields {
    Fields::of(entry.values.iter().map(|(name, _)| name.clone()).zip(0..))
}

/// One row.
pub(super) enum Cells<'a> {
    Csv {
        row: &'a Row<'a>,
        lookup: &'a Lookup,
    },
    /// With what the list offers: a name that other entries have is one that this one lacks, not one that nobody knows.
    Entry {
        entry: &'a InlineEntry,
        /// Of [`values_of`].
        values: &'a Fields,
        number: u32,
        offered: &'a Offered,
    },
}

impl Cells<'_> {
    pub(super) fn line(&self) -> u32 {
        match self {
            Self::Csv { row, .. } => row.line,
            Self::Entry { entry, .. } => entry.place.span.map_or(1, |span| span.line),
        }
    }

    /// What the row is found again by: its line in a CSV, its place among the entries of a list in the manifest, of which
    /// several may stand on one line.
    pub(super) fn number(&self) -> u32 {
        match self {
            Self::Csv { row, .. } => row.line,
            Self::Entry { number, .. } => *number,
        }
    }

    /// The recipient as written; empty when there is none.
    pub(super) fn phone(&self) -> &str {
        match self {
            Self::Csv { row, lookup } => lookup.phone.and_then(|index| row.get(index)).unwrap_or_default(),
            Self::Entry { .. } => self.own("phone").unwrap_or_default(),
        }
    }

    /// The file that the row stands in.
    pub(super) fn file(&self) -> &Arc<str> {
        match self {
            Self::Csv { row, .. } => row.file(),
            Self::Entry { entry, .. } => &entry.place.file,
        }
    }

    /// Adds what is to be said about the row, at a place that is worked out only where it will be shown.
    pub(super) fn report(&self, diagnostic: Diagnostic, diagnostics: &mut Diagnostics, place: impl FnOnce() -> Place) {
        let is_shown = !diagnostics.only_counts(diagnostic.code, self.file());
        diagnostics.push(diagnostic.at(if is_shown { place() } else { Place::file(self.file()) }));
    }

    pub(super) fn phone_place(&self) -> Place {
        match self {
            Self::Csv { row, lookup } => lookup.phone.map_or_else(|| row.place(), |index| row.place_of(index)),
            Self::Entry { entry, .. } => entry.phone_place.clone(),
        }
    }

    pub(super) fn place(&self) -> Place {
        match self {
            Self::Csv { row, .. } => row.place(),
            Self::Entry { entry, .. } => entry.place.clone(),
        }
    }

    /// Where a variable's cell stands; the row when it has none.
    pub(super) fn place_of(&self, name: &str) -> Place {
        match self {
            Self::Csv { row, lookup } => match lookup.names.get(name) {
                Some(index) => row.place_of(index),
                None => row.place(),
            },
            Self::Entry { entry, values, .. } => {
                values.get(name).map_or_else(|| entry.place.clone(), |index| self.place_at(index))
            }
        }
    }

    /// Where the cell of a missing value stands; the row when it has none.
    pub(super) fn place_of_missing(&self, missing: &Missing) -> Place {
        match self {
            Self::Csv { row, lookup } if missing.of_row => {
                lookup.headers.get(&missing.name).map_or_else(|| row.place(), |index| row.place_of(index))
            }
            Self::Csv { .. } | Self::Entry { .. } => self.place_of(&missing.name),
        }
    }

    /// Whether what is missing has been reported as a fault of its own: a recipient that is empty, a value that is none.
    pub(super) fn was_reported(&self, missing: &Missing) -> bool {
        match self {
            Self::Csv { lookup, .. } => {
                let fields = if missing.of_row { &lookup.headers } else { &lookup.names };
                fields.get(&missing.name).is_some_and(|index| lookup.phone == Some(index))
            }
            Self::Entry { entry, .. } => missing.name == "phone" || entry.faulty.contains(&missing.name),
        }
    }

    /// The cell that a template uses by a name, or by a header when `of_row`; `None` for the recipient's, of which all is
    /// said elsewhere.
    pub(super) fn used(&self, name: &str, of_row: bool) -> Option<Used<'_>> {
        match self {
            Self::Csv { row, lookup } => {
                let index = if of_row { &lookup.headers } else { &lookup.names }.get(name)?;
                let (column, value) = (lookup.written.get(index)?, row.get(index)?);
                (lookup.phone != Some(index)).then_some(Used { index, column, value })
            }
            Self::Entry { entry, values, .. } => {
                let index = values.get(name).filter(|_| name != "phone")?;
                let (column, value) = &entry.values[index];
                Some(Used { index, column, value })
            }
        }
    }

    /// Where the cell with this index stands.
    pub(super) fn place_at(&self, index: usize) -> Place {
        match self {
            Self::Csv { row, .. } => row.place_of(index),
            Self::Entry { entry, .. } => entry.places.get(index).unwrap_or(&entry.place).clone(),
        }
    }

    /// The row's own value; `None` when it has none, or nothing but blanks.
    pub(super) fn own(&self, name: &str) -> Option<&str> {
        let value = match self {
            Self::Csv { row, lookup } => row.get(lookup.names.get(name)?)?,
            Self::Entry { entry, values, .. } => entry.values[values.get(name)?].1.as_str(),
        };
        (!value.trim().is_empty()).then_some(value)
    }
}

/// A cell of a row, and the column that it stands in.
pub(super) struct Used<'a> {
    pub index: usize,
    pub column: &'a str,
    pub value: &'a str,
}

/// What a template sees: the row's own values, then the send's vars.
pub(super) struct Context<'a> {
    cells: &'a Cells<'a>,
    vars: &'a Vars<'a>,
    /// That a cell was asked for that may be a spreadsheet's error: hardly any row's is, and no other pays for it.
    may_have_error: Cell<bool>,
}

impl<'a> Context<'a> {
    pub(super) fn new(cells: &'a Cells<'a>, vars: &'a Vars<'a>) -> Self {
        Self { cells, vars, may_have_error: Cell::new(false) }
    }

    pub(super) fn may_have_error(&self) -> bool {
        self.may_have_error.get()
    }

    fn look_at(&self, value: &str) {
        if spreadsheet::may_be_error(value) {
            self.may_have_error.set(true);
        }
    }
}

impl Values for Context<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.cells.own(name).inspect(|value| self.look_at(value)).or_else(|| {
            let var = self.vars.get(name)?;
            var.value.as_deref().filter(|value| !value.trim().is_empty())
        })
    }

    fn row(&self, header: &str) -> Option<&str> {
        let value = match self.cells {
            Cells::Csv { row, lookup } => row.get(lookup.headers.get(header)?).filter(|value| !value.trim().is_empty()),
            Cells::Entry { .. } => self.cells.own(header),
        };
        value.inspect(|value| self.look_at(value))
    }

    fn names(&self) -> Vec<&str> {
        let own: Vec<&str> = match self.cells {
            Cells::Csv { lookup, .. } => lookup.names.names().collect(),
            Cells::Entry { offered, .. } => offered.names.iter().map(String::as_str).collect(),
        };
        own.into_iter().chain(self.vars.vars.iter().map(|var| var.name.as_str())).collect()
    }

    fn headers(&self) -> Vec<&str> {
        match self.cells {
            Cells::Csv { lookup, .. } => lookup.headers.names().collect(),
            Cells::Entry { offered, .. } => offered.headers.iter().map(String::as_str).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without a clock: what is searched for among all of them, one after the other, does not come to an end.
    #[test]
    fn thousands_of_names_are_each_found_at_once() {
        const COUNT: usize = 200_000;
        let place = Place::file(&"m.yaml".into());
        let name = |index: usize| format!("a_name_like_others_{index}");
        let vars: Vec<Var> = (0..COUNT)
            .map(|index| Var { name: name(index), value: Some("var".to_owned()), place: place.clone() })
            .collect();
        let own = |index| (name(2 * index), if index == 0 { " " } else { "own" }.to_owned());
        let entry = InlineEntry {
            values: (0..COUNT).map(own).collect(),
            places: vec![place.clone(); COUNT],
            faulty: Vec::new(),
            place: place.clone(),
            phone_place: place.clone(),
        };
        let offered = offered_by_entries(std::slice::from_ref(&entry));
        let values = values_of(&entry);
        let cells = Cells::Entry { entry: &entry, values: &values, number: 0, offered: &offered };
        let vars = Vars::of(&vars);
        let context = Context::new(&cells, &vars);
        for index in 0..2 * COUNT {
            let expected = match index {
                0 => Some("var"),
                index if index % 2 == 0 => Some("own"),
                index => (index < COUNT).then_some("var"),
            };
            assert_eq!(context.get(&name(index)), expected, "{index}");
        }
    }
}
