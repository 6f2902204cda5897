//! One row as the rest of the program sees it: its fields by index, and where they stand.

use std::sync::Arc;

use super::place::RawRow;
use super::reader::Split;
use crate::diagnostic::Place;

/// One row.
#[derive(Debug)]
pub struct Row<'a> {
    /// The line on which the row starts, from 1.
    pub line: u32,
    /// What is wrong with the row as a row, already reported: such a row has to be counted, and its fields are not to
    /// be relied on.
    pub fault: Option<String>,
    raw: RawRow<'a>,
    fields: &'a csv::StringRecord,
}

impl<'a> Row<'a> {
    pub(super) fn new(split: Split<'a>) -> Self {
        Self { line: split.raw.line, fault: split.fault, raw: split.raw, fields: split.fields }
    }

    /// A field by its index, without what keeps spreadsheets from running it; `None` when the row is too short.
    pub fn get(&self, index: usize) -> Option<&'a str> {
        self.fields.get(index).map(without_guard)
    }

    /// Where a field stands, with the row's text.
    pub fn place_of(&self, index: usize) -> Place {
        self.raw.field(index)
    }

    /// The file that it stands in.
    pub fn file(&self) -> &'a Arc<str> {
        self.raw.file
    }

    /// The row as a whole.
    pub fn place(&self) -> Place {
        self.raw.whole()
    }
}

/// One `'` before what would begin a formula is no part of the text: `groups` and the results write it, and people who know
/// spreadsheets do.
fn without_guard(cell: &str) -> &str {
    let begins_formula = |rest: &&str| rest.trim_start_matches('\'').starts_with(['=', '+', '-', '@']);
    cell.strip_prefix('\'').filter(begins_formula).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guard_against_formulas_is_no_part_of_a_text() {
        let table = [
            ("'+Vida", "+Vida"),
            ("'=1+1", "=1+1"),
            ("'-x", "-x"),
            ("'@x", "@x"),
            ("''=x", "'=x"),
            ("'tis the season", "'tis the season"),
            ("'", "'"),
            ("+Vida", "+Vida"),
        ];
        for (cell, text) in table {
            assert_eq!(without_guard(cell), text);
        }
    }
}
