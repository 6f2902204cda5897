//! A scalar of the manifest to a [`Template`]: everything that can be known without a row is found out here.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use minijinja::machinery::ast::{CallArg, Expr, Stmt};
use minijinja::machinery::parse;

use super::super::tree::Node;
use super::expression::constant_text;
use super::walk::{self, Found};
use super::{
    EXPRESSION_BYTES_MAX, Form, NameUse, Nothing, OUTPUT_BYTES_MAX, Piece, Positions, STATEMENTS_MAX, Template, braces,
    language,
};
use crate::diagnostic::source::Source;
use crate::diagnostic::text::template as words;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity};

/// A text that holds no template.
pub(in crate::manifest) fn constant(text: &str, place: Place) -> Template {
    Template { form: Form::Constant(text.into()), written: text.into(), names: Arc::new([]), place }
}

/// Compiles a text. Of a faulty one, which has been reported, what is left are the names that it uses beside what is
/// wrong with it: whether there are such values can be checked all the same.
pub(in crate::manifest) fn compile(
    source: &Source,
    node: &Node,
    text: &str,
    diagnostics: &mut Diagnostics,
) -> Result<Template, Vec<NameUse>> {
    let place = node.place(source);
    let positions = OnceCell::new();
    let at = |range: Range<usize>| {
        let positions = positions.get_or_init(|| Positions::of(source, node, text));
        source.place_of(positions.span(source, node, range))
    };
    if text.len() > OUTPUT_BYTES_MAX {
        diagnostics.push(words::too_long().at(place));
        return Err(Vec::new());
    }
    if !["{{", "{%", "{#"].iter().any(|open| text.contains(open)) {
        let whole = 0..text.len();
        let strays = braces::stray(text, std::slice::from_ref(&whole));
        let faulty = strays.iter().any(|(_, stray)| stray.severity() == Severity::Error);
        diagnostics.extend(strays.into_iter().map(|(range, diagnostic)| diagnostic.at(at(range))));
        return if faulty { Err(Vec::new()) } else { Ok(constant(text, place)) };
    }
    let fed = fed(text);
    let root = match read(&fed) {
        Ok(root) => root,
        Err(fault) => {
            let (range, diagnostic) = braces::parted(text).unwrap_or(*fault);
            diagnostics.push(diagnostic.at(at(range)));
            return Err(Vec::new());
        }
    };
    let mut found = walk::walk(text, &root);
    let mut faults = std::mem::take(&mut found.faults);
    let strays = braces::stray(text, &found.plain).into_iter();
    let (wrong, doubtful): (Vec<_>, Vec<_>) = strays.partition(|(_, stray)| stray.severity() == Severity::Error);
    faults.extend(wrong);
    diagnostics.extend(doubtful.into_iter().map(|(range, diagnostic)| diagnostic.at(at(range))));
    if !faults.is_empty() {
        forget_covered(&mut found.uses, &faults);
    }
    let names = found.uses.iter().map(|one| NameUse {
        name: one.name.clone(),
        of_row: one.of_row,
        need: one.need,
        place: at(one.range.clone()),
    });
    let names: Vec<NameUse> = names.collect();
    if !faults.is_empty() {
        // A sum of sums is one mistake, however many it is made of.
        let mut said = HashSet::new();
        let faults = faults.into_iter().filter(|(range, fault)| said.insert((range.start, fault.code.id)));
        diagnostics.extend(faults.map(|(range, diagnostic)| diagnostic.at(at(range))));
        return Err(names);
    }
    let form = match pieces(&root, &found) {
        Some(pieces) => Form::Pieces(pieces.into()),
        None => match program(&fed, &found) {
            Ok(form) => form,
            Err(diagnostic) => {
                diagnostics.push((*diagnostic).at(place));
                return Err(names);
            }
        },
    };
    let template = Template { form, written: text.into(), names: names.into(), place };
    if found.uses.is_empty() && !found.whole_row {
        return template.evaluated(diagnostics).ok_or_else(Vec::new);
    }
    Ok(template)
}

/// A text as the engine gets it, which cuts one final newline: that is for the event to do, of all texts alike.
fn fed(text: &str) -> Cow<'_, str> {
    if text.ends_with('\n') { Cow::Owned(format!("{text}\n")) } else { Cow::Borrowed(text) }
}

/// The syntax tree of a text, or where and why there is none.
fn read(text: &str) -> Result<Stmt<'_>, Box<(Range<usize>, Diagnostic)>> {
    if let Some(fault) = too_much(text) {
        return Err(Box::new(fault));
    }
    parse(text, "", minijinja::syntax::SyntaxConfig::default()).map_err(|error| {
        let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        Box::new((error.range().unwrap_or(0..text.len()), words::template_syntax(&message)))
    })
}

/// Takes out the uses that lie within a fault: the names of `Primeiro-Nome` are none that anybody meant. Uses are in
/// order.
fn forget_covered(uses: &mut Vec<walk::Use>, faults: &[(Range<usize>, Diagnostic)]) {
    let mut ranges: Vec<&Range<usize>> = faults.iter().map(|(range, _)| range).collect();
    ranges.sort_unstable_by_key(|range| range.start);
    let (mut next, mut covered_to) = (ranges.into_iter().peekable(), 0);
    uses.retain(|one| {
        while let Some(range) = next.next_if(|range| range.start <= one.range.start) {
            covered_to = covered_to.max(range.end);
        }
        one.range.end > covered_to
    });
}

/// Each text out of fuel costs all of it, and a hostile manifest has thousands: these are enough to be shown.
const OUT_OF_FUEL_MAX: u64 = 20;

impl Template {
    /// A template that uses no value is a constant; what is wrong with it is wrong once, not for each row.
    fn evaluated(self, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut text = String::new();
        if diagnostics.count_of(&words::OUT_OF_FUEL) >= OUT_OF_FUEL_MAX {
            return Some(self);
        }
        match self.render(&Nothing, &mut text) {
            Ok(()) => Some(Self { form: Form::Constant(text.into()), ..self }),
            Err(faults) => {
                diagnostics.extend(faults.into_iter().map(|fault| {
                    let place = fault.place.clone();
                    fault.diagnostic().at(place)
                }));
                None
            }
        }
    }
}

fn program(text: &str, found: &Found) -> Result<Form, Box<Diagnostic>> {
    let mut environment = language::environment();
    environment
        .add_template_owned(super::render::TEMPLATE, text.to_owned())
        .map_err(|error| Box::new(words::template_syntax(&error.to_string())))?;
    let spans = found.uses.iter().map(|one| (one.range.start, one.range.end)).collect();
    Ok(Form::Program { environment: Arc::new(environment), whole_row: found.whole_row, spans, before: "".into() })
}

/// The template as text and names in turn, when it is nothing more than that.
fn pieces(root: &Stmt<'_>, found: &Found) -> Option<Vec<Piece>> {
    let Stmt::Template(template) = root else { return None };
    let mut next = 0;
    let mut pieces = Vec::with_capacity(template.children.len());
    for child in &template.children {
        pieces.push(match child {
            Stmt::EmitRaw(raw) => Piece::Text(raw.raw.into()),
            Stmt::EmitExpr(emit) => {
                let (of, otherwise) = match &emit.expr {
                    Expr::Filter(filter) if matches!(filter.name, "default" | "d") => match &*filter.args {
                        [CallArg::Pos(value)] => (filter.expr.as_ref()?, Some(constant_text(value)?)),
                        _ => return None,
                    },
                    other => (other, None),
                };
                let is_name = match of {
                    Expr::Var(_) => true,
                    Expr::GetAttr(get) => matches!(&get.expr, Expr::Var(var) if var.id == "row"),
                    Expr::GetItem(get) => matches!(&get.expr, Expr::Var(var) if var.id == "row"),
                    _ => false,
                };
                if !is_name || found.whole_row {
                    return None;
                }
                next += 1;
                match otherwise {
                    None => Piece::Name(next - 1),
                    Some(text) => Piece::NameOr(next - 1, text.into()),
                }
            }
            _ => return None,
        });
    }
    (next == found.uses.len()).then_some(pieces)
}

/// A text with more in it than the engine can be trusted with.
fn too_much(text: &str) -> Option<(Range<usize>, Diagnostic)> {
    let (mut at, mut statements) = (0, 0);
    while let Some(open) = text[at..].find("{{").into_iter().chain(text[at..].find("{%")).min() {
        let start = at + open;
        statements += usize::from(text[start..].starts_with("{%"));
        if statements > STATEMENTS_MAX {
            return Some((start..start + 2, words::too_many_statements(STATEMENTS_MAX)));
        }
        let (end, length) = expression(&text[start + 2..]);
        if length > EXPRESSION_BYTES_MAX {
            return Some((start..start + 2, words::expression_too_long(EXPRESSION_BYTES_MAX)));
        }
        at = start + 2 + end;
    }
    None
}

/// Where an expression ends, and how long it is without the texts in quotes.
fn expression(text: &str) -> (usize, usize) {
    let (mut quote, mut escaped, mut length) = (None, false, 0);
    for (at, byte) in text.bytes().enumerate() {
        match quote {
            Some(open) => {
                if byte == open && !escaped {
                    quote = None;
                }
                escaped = byte == b'\\' && !escaped;
            }
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None if matches!(byte, b'}' | b'%') && text.as_bytes().get(at + 1) == Some(&b'}') => return (at, length),
            None => length += 1,
        }
        // What is never closed is reported as that, by the engine, unless it is too long to be given to it.
        if length > EXPRESSION_BYTES_MAX {
            return (at, length);
        }
    }
    (text.len(), length)
}

/// The same text as the engine runs it, however plain it is.
#[cfg(test)]
pub(super) fn program_of(text: &str) -> Option<Form> {
    let fed = fed(text);
    let root = parse(&fed, "", minijinja::syntax::SyntaxConfig::default()).ok()?;
    program(&fed, &walk::walk(text, &root)).ok()
}
