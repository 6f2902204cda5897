//! Renders an event for one row. What does not depend on the row is built, and its faults are said, once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::cells::{Cells, Context, Vars};
use super::spreadsheet;
use crate::diagnostic::text::event::NO_ZONE;
use crate::diagnostic::text::rows::error_of_spreadsheet;
use crate::diagnostic::text::template::{OUT_OF_FUEL, VALUE_MISSING, out_of_fuel_before};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Place, Related, Severity};
use crate::manifest::event::{Builder, Built, Field, Finding, Texts, Unbuilt, Warning, Warnings, Zone};
use crate::manifest::{EventTemplate, EventZone, Missing, Nothing, Reason, RenderFault, Template, Values, Var};

/// A rendered event: the wire's JSON, and what the plan shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Worded {
    pub json: String,
    pub name: String,
    pub date_time: String,
    pub time_zone: Option<String>,
    pub at: Option<Timestamp>,
    pub canceled: bool,
}

/// What was found about a row.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub said: Vec<Diagnostic>,
    /// Names that the row's list does not offer, and where they are used: no fault of the row.
    pub unknown: Vec<(Missing, Place)>,
}

impl Found {
    /// The first thing that is wrong.
    pub(super) fn error(&self) -> Option<&str> {
        let error = self.said.iter().find(|diagnostic| diagnostic.severity() == Severity::Error);
        error.map(|diagnostic| diagnostic.message.as_str())
    }
}

/// Beside a fault of a row, of the template.
const USED_HERE: &str = "used here";

const FIELDS: [Field; 7] = [
    Field::Name,
    Field::Description,
    Field::DateTime,
    Field::Timezone,
    Field::LocationName,
    Field::CallLinkType,
    Field::Canceled,
];

/// A text that is out of fuel costs all of it for every row; after so many rows it is not tried any more.
const SPENT_ROWS_MAX: u32 = 100;

/// The wording of one event within one send.
pub(super) struct Wording<'m> {
    event: &'m EventTemplate,
    vars: Arc<Vars<'m>>,
    builder: Builder,
    /// Findings about texts that depend on no row, by code: said once.
    said: HashSet<(Field, usize, &'static str)>,
    /// How many rows each text took too many steps for, and what is said of those after them.
    spent: HashMap<(Field, usize), (u32, RenderFault)>,
    /// Per variant: the event, when none of its texts depends on the row.
    fixed: Vec<Option<Worded>>,
    /// The texts of the row being rendered, in the order of [`FIELDS`]; kept so that a row allocates little.
    texts: [String; FIELDS.len()],
}

impl<'m> Wording<'m> {
    /// Builds, and reports on, what does not depend on rows.
    pub(super) fn new(
        event: &'m EventTemplate,
        vars: &'m [Var],
        now: Timestamp,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut wording = Self {
            event,
            vars: Arc::new(Vars::of(vars)),
            builder: Builder::for_event(event, now),
            said: HashSet::new(),
            spent: HashMap::new(),
            fixed: Vec::new(),
            texts: Default::default(),
        };
        for variant in 0..event.variants() {
            let built = wording.render_fixed(variant, diagnostics);
            wording.fixed.push(built);
        }
        wording
    }

    /// The send's values.
    pub(super) fn vars(&self) -> Arc<Vars<'m>> {
        Arc::clone(&self.vars)
    }

    /// The event for one row; `None` when the row, or the template, has a fault. Whatever has to be said is added to
    /// `found`; `said` is what was said before, of which no more than a number is shown.
    pub(super) fn render(
        &mut self,
        cells: &Cells<'_>,
        variant: usize,
        said: &Diagnostics,
        found: &mut Found,
    ) -> Option<Worded> {
        if let Some(worded) = &self.fixed[variant] {
            return Some(worded.clone());
        }
        self.render_row(cells, variant, |_| true, said, found)
    }

    /// What is wrong with the event for a row that names nobody. Which wording of several it would get is not known.
    pub(super) fn check(&mut self, cells: &Cells<'_>, said: &Diagnostics) -> Found {
        let mut found = Found::default();
        if self.fixed[0].is_none() {
            let event = self.event;
            self.render_row(cells, 0, |field| event.wordings_of(field) <= 1, said, &mut found);
        }
        found
    }

    fn render_row(
        &mut self,
        cells: &Cells<'_>,
        variant: usize,
        wanted: impl Fn(Field) -> bool,
        said: &Diagnostics,
        found: &mut Found,
    ) -> Option<Worded> {
        let vars = self.vars();
        let context = Context::new(cells, &vars);
        let faults = self.fill(variant, &context, &wanted);
        let unusable: Vec<Field> = faults.iter().map(|(field, _)| *field).collect();
        let may_have_error = context.may_have_error();
        if !faults.is_empty() {
            self.tell_faults(faults, variant, (cells, said), found);
        }
        // What could be rendered is checked all the same.
        let built = self.build(variant, |field| wanted(field) && !unusable.contains(&field));
        if may_have_error {
            let is_faulty =
                |field| built.as_ref().is_err_and(|unbuilt| unbuilt.faults.iter().any(|fault| fault.field == field));
            let is_right = |field| wanted(field) && !unusable.contains(&field) && !is_faulty(field);
            self.tell_errors_of_spreadsheets(is_right, variant, (cells, said), found);
        }
        match built {
            Ok(built) => {
                self.tell_warnings(built.warnings, variant, (cells, said), found);
                unusable.is_empty().then(|| Worded::of(built))
            }
            Err(unbuilt) => {
                for fault in unbuilt.faults {
                    found.said.extend(self.place(fault, variant, Some((cells, said))));
                }
                self.tell_warnings(unbuilt.warnings, variant, (cells, said), found);
                None
            }
        }
    }

    fn render_fixed(&mut self, variant: usize, diagnostics: &mut Diagnostics) -> Option<Worded> {
        let event = self.event;
        let is_fixed = |field| event.template(field, variant).is_none_or(|template| !template.depends_on_row());
        let faults = self.fill(variant, &Nothing, is_fixed);
        for (field, fault) in &faults {
            let diagnostic = fault.clone().diagnostic();
            if self.said.insert((*field, variant, diagnostic.code.id)) {
                diagnostics.push(diagnostic.at(fault.place.clone()));
            }
        }
        let is_usable = |field| is_fixed(field) && !faults.iter().any(|(faulty, _)| *faulty == field);
        match self.build(variant, is_usable) {
            Ok(built) => {
                for warning in built.warnings.into_iter().flatten() {
                    diagnostics.extend(self.place(warning.finding(), variant, None));
                }
                FIELDS.into_iter().all(is_usable).then(|| Worded::of(built))
            }
            Err(unbuilt) => {
                let warnings = unbuilt.warnings.into_iter().flatten().map(Warning::finding);
                for finding in unbuilt.faults.into_iter().chain(warnings) {
                    diagnostics.extend(self.place(finding, variant, None));
                }
                None
            }
        }
    }

    /// Renders the texts that `wanted` names into the buffers.
    fn fill(
        &mut self,
        variant: usize,
        values: &dyn Values,
        wanted: impl Fn(Field) -> bool,
    ) -> Vec<(Field, RenderFault)> {
        let mut faults = Vec::new();
        for (field, text) in FIELDS.into_iter().zip(&mut self.texts) {
            text.clear();
            let Some(template) = self.event.template(field, variant).filter(|_| wanted(field)) else { continue };
            if let Some((_, fault)) = self.spent.get(&(field, variant)).filter(|(rows, _)| *rows >= SPENT_ROWS_MAX) {
                faults.push((field, fault.clone()));
            } else if let Err(found) = template.render(values, text) {
                let is_spent = |fault: &&RenderFault| matches!(&fault.reason, Reason::Other(found) if found.code.id == OUT_OF_FUEL.id);
                if let Some(fault) = found.iter().find(is_spent) {
                    let reason = Reason::Other(out_of_fuel_before(SPENT_ROWS_MAX));
                    let untried = RenderFault { reason, place: fault.place.clone() };
                    self.spent.entry((field, variant)).or_insert((0, untried)).0 += 1;
                }
                faults.extend(found.into_iter().map(|fault| (field, fault)));
            }
        }
        faults
    }

    /// Builds the event from the buffers; texts that `usable` does not name count as missing.
    fn build(&mut self, variant: usize, usable: impl Fn(Field) -> bool) -> Result<Built, Unbuilt> {
        let text = |field: Field| {
            let index = FIELDS.iter().position(|known| *known == field)?;
            self.event.template(field, variant).filter(|_| usable(field)).map(|_| self.texts[index].as_str())
        };
        let texts = Texts {
            name: text(Field::Name),
            description: text(Field::Description),
            date_time: text(Field::DateTime),
            location_name: text(Field::LocationName),
            call_link_type: text(Field::CallLinkType),
            canceled: text(Field::Canceled),
        };
        let zone = match &self.event.timezone {
            EventZone::None => Zone::None,
            EventZone::Fixed(zone) => Zone::Known(zone),
            EventZone::Template(_) => text(Field::Timezone).map_or(Zone::Faulty, Zone::Text),
            EventZone::Faulty => Zone::Faulty,
        };
        self.builder.build(&texts, zone)
    }

    /// Says why texts cannot be rendered for a row. A value that several of them lack is missing once.
    fn tell_faults(
        &mut self,
        faults: Vec<(Field, RenderFault)>,
        variant: usize,
        (cells, said): (&Cells<'_>, &Diagnostics),
        found: &mut Found,
    ) {
        let mut told: Vec<(Missing, usize)> = Vec::new();
        let counts = |code| said.only_counts(code, cells.file());
        for (field, RenderFault { reason, place }) in faults {
            let diagnostic = match reason {
                Reason::Other(diagnostic) if self.said.contains(&(field, variant, diagnostic.code.id)) => continue,
                Reason::Other(diagnostic) if counts(diagnostic.code) => diagnostic.at(Place::file(cells.file())),
                Reason::Other(diagnostic) => diagnostic.at(self.place_in_row(field, variant, cells)),
                Reason::Missing(missing) if !missing.offered => {
                    found.unknown.push((missing, place));
                    continue;
                }
                Reason::Missing(missing) if self.was_reported(&missing, cells) => continue,
                Reason::Missing(missing) => {
                    if let Some((_, index)) = told.iter().find(|(known, _)| *known == missing) {
                        found.said[*index].related.push(Related { place, message: USED_HERE.to_owned() });
                        continue;
                    }
                    // The first one is also why the row is skipped.
                    let diagnostic = match counts(&VALUE_MISSING) {
                        true if found.said.is_empty() => missing.diagnostic().at(Place::file(cells.file())),
                        true => Diagnostic::new(&VALUE_MISSING, "").at(Place::file(cells.file())),
                        false => missing.diagnostic().at(cells.place_of_missing(&missing)),
                    };
                    told.push((missing, found.said.len()));
                    diagnostic
                }
            };
            found.said.push(diagnostic.related(place, USED_HERE));
        }
    }

    /// Says which of the cells that a row's texts use hold a spreadsheet's error, each once.
    fn tell_errors_of_spreadsheets(
        &self,
        is_right: impl Fn(Field) -> bool,
        variant: usize,
        (cells, said): (&Cells<'_>, &Diagnostics),
        found: &mut Found,
    ) {
        let mut told = Vec::new();
        let texts = FIELDS.into_iter().filter(|field| is_right(*field));
        for used in texts.filter_map(|field| self.event.template(field, variant)).flat_map(Template::names) {
            let Some(cell) = cells.used(&used.name, used.of_row).filter(|cell| spreadsheet::is_error(cell.value))
            else {
                continue;
            };
            if told.contains(&cell.index) {
                continue;
            }
            told.push(cell.index);
            let diagnostic = error_of_spreadsheet(cell.value, cell.column);
            let is_shown = !said.only_counts(diagnostic.code, cells.file());
            let place = if is_shown { cells.place_at(cell.index) } else { Place::file(cells.file()) };
            found.said.push(diagnostic.related(used.place.clone(), USED_HERE).at(place));
        }
    }

    /// Whether a value is missing because of a fault that was reported.
    fn was_reported(&self, missing: &Missing, cells: &Cells<'_>) -> bool {
        let is_faulty = || !missing.of_row && self.vars.get(&missing.name).is_some_and(|var| var.value.is_none());
        cells.was_reported(missing) || is_faulty()
    }

    fn tell_warnings(
        &mut self,
        warnings: Warnings,
        variant: usize,
        row: (&Cells<'_>, &Diagnostics),
        found: &mut Found,
    ) {
        for warning in warnings.into_iter().flatten() {
            found.said.extend(self.warn(warning, variant, row));
        }
    }

    /// What to say about a row's date; no more than that there is something where it is only counted.
    fn warn(&mut self, warning: Warning, variant: usize, row: (&Cells<'_>, &Diagnostics)) -> Option<Diagnostic> {
        let (cells, said) = row;
        if self.is_of_row(Field::DateTime, variant, warning.code()) && said.only_counts(warning.code(), cells.file()) {
            return Some(Diagnostic::new(warning.code(), "").at(Place::file(cells.file())));
        }
        self.place(warning.finding(), variant, Some(row))
    }

    /// Gives a finding its place: the row's when the text depends on the row, else the template's, and then only once.
    fn place(
        &mut self,
        finding: Finding,
        variant: usize,
        row: Option<(&Cells<'_>, &Diagnostics)>,
    ) -> Option<Diagnostic> {
        let Finding { field, diagnostic } = finding;
        let row = row.filter(|_| self.is_of_row(field, variant, diagnostic.code));
        if let Some((cells, said)) = row
            && said.only_counts(diagnostic.code, cells.file())
        {
            return Some(diagnostic.at(Place::file(cells.file())));
        }
        let template_place = self.event.place_of(field, variant).clone();
        match row {
            Some((cells, _)) => {
                Some(diagnostic.at(self.place_in_row(field, variant, cells)).related(template_place, "of this text"))
            }
            None => self.said.insert((field, variant, diagnostic.code.id)).then(|| diagnostic.at(template_place)),
        }
    }

    /// Whether it is the row that something is said about. That there is no zone is the manifest's fault, whatever the
    /// row says.
    fn is_of_row(&self, field: Field, variant: usize, code: &Code) -> bool {
        self.depends_on_row(field, variant)
            && (code.id != NO_ZONE.id || matches!(self.event.timezone, EventZone::Template(_)))
    }

    fn depends_on_row(&self, field: Field, variant: usize) -> bool {
        let uses_values = |field| self.event.template(field, variant).is_some_and(Template::depends_on_row);
        uses_values(field) || (field == Field::DateTime && uses_values(Field::Timezone))
    }

    /// The cell of a text that uses a single variable, the row of others.
    fn place_in_row(&self, field: Field, variant: usize, cells: &Cells<'_>) -> Place {
        match self.event.template(field, variant).map(Template::names) {
            Some([only]) if !only.of_row => cells.place_of(&only.name),
            _ => cells.place(),
        }
    }
}

impl Worded {
    fn of(built: Built) -> Self {
        Self {
            json: built.event.to_json(),
            name: built.event.name,
            date_time: built.event.date_time,
            time_zone: built.event.time_zone,
            at: built.at,
            canceled: built.event.canceled,
        }
    }
}
