//! Templates: compiled once, rendered for each row.

use crate::diagnostic::Place;

/// A text of the manifest that may depend on the row.
#[derive(Debug, Clone)]
pub struct Template {
    place: Place,
}

/// What a row offers to a template. Everything is text, and an empty text counts as undefined.
pub trait Values {
    /// A variable: given under `columns`, a column's slug, or a var of the send. `None` when undefined or empty.
    fn get(&self, name: &str) -> Option<&str>;
    /// A column by its header as written, for `row["Nome do grupo"]`. `None` when there is none or the cell is empty.
    fn row(&self, header: &str) -> Option<&str>;
    /// Every variable that there is, empty ones included, for "did you mean".
    fn names(&self) -> Vec<&str>;
    /// Every header, for templates that walk over `row`.
    fn headers(&self) -> Vec<&str>;
}

/// Where a template uses a variable.
#[derive(Debug, Clone)]
pub struct NameUse {
    /// A variable, or a header when `of_row`.
    pub name: String,
    /// `row["..."]` rather than a variable.
    pub of_row: bool,
    /// The template says itself what happens without it: `default(...)`, `is defined`.
    pub guarded: bool,
    pub place: Place,
}

/// A row for which a template cannot be rendered.
#[derive(Debug, Clone)]
pub struct RenderFault {
    /// The undefined variable or header, when that is what is wrong.
    pub name: Option<String>,
    /// The whole of it without a place: the caller adds the row's.
    pub diagnostic: crate::diagnostic::Diagnostic,
    /// In the template.
    pub place: Place,
}

impl Template {
    /// The text, when it depends on nothing.
    pub fn is_constant(&self) -> Option<&str> {
        todo!()
    }

    /// The variables it uses, in order of appearance.
    pub fn names(&self) -> &[NameUse] {
        todo!()
    }

    /// Of the whole text in the manifest.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Appends the text for one row to `out`.
    pub fn render(&self, _values: &dyn Values, _out: &mut String) -> Result<(), Box<RenderFault>> {
        todo!()
    }
}
