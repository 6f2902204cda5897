//! A scalar of the manifest to a [`Template`]: everything that can be known without a row is found out here.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use minijinja::machinery::ast::{CallArg, Expr, Stmt};
use minijinja::machinery::parse;

use super::super::tree::Node;
use super::walk::{self, Found, constant_text};
use super::{
    EXPRESSION_BYTES_MAX, Form, NameUse, Nothing, OUTPUT_BYTES_MAX, Piece, Positions, STATEMENTS_MAX, Template,
    language,
};
use crate::diagnostic::source::Source;
use crate::diagnostic::text::template as words;
use crate::diagnostic::{Diagnostic, Diagnostics, Place};

/// A text that holds no template.
pub(in crate::manifest) fn constant(text: &str, place: Place) -> Template {
    Template { form: Form::Constant(text.into()), written: text.into(), names: Arc::new([]), place }
}

/// Compiles a text; `None` when it is faulty, which has been reported.
pub(in crate::manifest) fn compile(
    source: &Source,
    node: &Node,
    text: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Template> {
    let place = node.place(source);
    let positions = OnceCell::new();
    let at = |range: Range<usize>| {
        let positions = positions.get_or_init(|| Positions::of(source, node, text));
        source.place_of(positions.span(source, node, range))
    };
    if text.len() > OUTPUT_BYTES_MAX {
        diagnostics.push(words::too_long().at(place));
        return None;
    }
    if let Some((range, diagnostic)) = stray_braces(text) {
        let faulty = diagnostic.severity() == crate::diagnostic::Severity::Error;
        diagnostics.push(diagnostic.at(at(range)));
        if faulty {
            return None;
        }
    }
    if !["{{", "{%", "{#"].iter().any(|open| text.contains(open)) {
        return Some(constant(text, place));
    }
    if let Some((range, diagnostic)) = too_much(text) {
        diagnostics.push(diagnostic.at(at(range)));
        return None;
    }
    let root = match parse(text, "", minijinja::syntax::SyntaxConfig::default()) {
        Ok(root) => root,
        Err(error) => {
            let range = error.range().unwrap_or(0..text.len());
            let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            diagnostics.push(words::template_syntax(&message).at(at(range)));
            return None;
        }
    };
    let found = walk::walk(text, &root);
    if !found.faults.is_empty() {
        // A sum of sums is one mistake, however many it is made of.
        let mut said = HashSet::new();
        let faults = found.faults.into_iter().filter(|(range, fault)| said.insert((range.start, fault.code.id)));
        diagnostics.extend(faults.map(|(range, diagnostic)| diagnostic.at(at(range))));
        return None;
    }
    let names: Arc<[NameUse]> = found
        .uses
        .iter()
        .map(|one| NameUse {
            name: one.name.clone(),
            of_row: one.of_row,
            guarded: one.guarded,
            place: at(one.range.clone()),
        })
        .collect();
    let form = match pieces(&root, &found) {
        Some(pieces) => Form::Pieces(pieces.into()),
        None => program(text, &found).map_err(|diagnostic| diagnostics.push((*diagnostic).at(place.clone()))).ok()?,
    };
    let template = Template { form, written: text.into(), names, place };
    if found.uses.is_empty() && !found.whole_row {
        return template.evaluated(diagnostics);
    }
    Some(template)
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
            Err(fault) => {
                diagnostics.push(fault.diagnostic.at(fault.place));
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

/// `{ {`, `} }`, a `}}` that nothing opens, and `{name}` as other programs write it.
fn stray_braces(text: &str) -> Option<(Range<usize>, Diagnostic)> {
    for (wrong, right) in [("{ {", "{{"), ("} }", "}}"), ("{ %", "{%"), ("% }", "%}")] {
        if let Some(at) = text.find(wrong) {
            // `{{ {"a": {} } }}` is a map within an expression.
            let nested = wrong == "} }" && text[..at].contains("{{") && text[at..].contains("}}");
            let nested = nested || (wrong == "{ {" && text[..at].rfind("{{") > text[..at].rfind("}}"));
            if !nested {
                return Some((at..at + wrong.len(), words::stray_braces(wrong, right)));
            }
        }
    }
    if !text.contains("{{") && !text.contains("{%") {
        if let Some(at) = text.find("}}").or_else(|| text.find("%}")) {
            return Some((at..at + 2, words::never_opened(&text[at..at + 2])));
        }
        let open = text.find('{')?;
        let length = text[open..].find('}')?;
        let name = text[open + 1..open + length].trim();
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        // `${CITY}` is reported as what it is.
        if plain && !name.as_bytes()[0].is_ascii_digit() && !text[..open].ends_with('$') {
            return Some((open..open + length + 1, words::single_braces(name)));
        }
    }
    None
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
    let root = parse(text, "", minijinja::syntax::SyntaxConfig::default()).ok()?;
    program(text, &walk::walk(text, &root)).ok()
}
