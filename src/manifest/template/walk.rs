//! Walks a template's syntax tree: the variables it uses, and what would only fail when rendered, such as an unknown
//! filter in a branch that is not taken.

mod calls;
mod methods;
mod size;

use std::collections::HashSet;
use std::ops::Range;

use minijinja::machinery::ast::{BinOpKind, Expr, Stmt, UnaryOpKind};

use super::super::check::plain_letters;
use super::Need;
use super::expression::{constant_text, handed_on, is_row, members, needed, range};
use super::kind::{self, Kind};
use super::language::{FUNCTIONS, RESERVED};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::text::template as words;

/// What a template uses and what is wrong with it. Ranges are bytes of the template's text.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) uses: Vec<Use>,
    pub(super) faults: Vec<(Range<usize>, Diagnostic)>,
    /// `row` is used otherwise than by a constant header.
    pub(super) whole_row: bool,
    /// The stretches that are sent as they stand, those of `{% raw %}` too.
    pub(super) plain: Vec<Range<usize>>,
}

#[derive(Debug)]
pub(super) struct Use {
    pub(super) name: String,
    pub(super) of_row: bool,
    pub(super) need: Need,
    pub(super) range: Range<usize>,
}

pub(super) fn walk(text: &str, root: &Stmt<'_>) -> Found {
    let mut walker = Walker { text, found: Found::default(), locals: Vec::new(), tested: HashSet::new(), branches: 0 };
    walker.statement(root);
    let Walker { mut found, tested, .. } = walker;
    for one in &mut found.uses {
        if tested.contains(&(one.of_row, one.name.clone())) {
            one.need = Need::Guarded;
        }
    }
    found.uses.sort_by_key(|one| one.range.start);
    found
}

struct Walker<'a> {
    text: &'a str,
    found: Found,
    /// Names that the template gives itself.
    locals: Vec<Local>,
    /// Names that are tested for being there at all, anywhere in the template.
    tested: HashSet<(bool, String)>,
    /// Within how many choices and loops we are.
    branches: usize,
}

/// A name that the template gives itself.
struct Local {
    name: String,
    /// Of how many parts it is made.
    size: usize,
    /// Of `loop`: what the loop goes over.
    kind: Option<Kind>,
}

impl Walker<'_> {
    fn statements(&mut self, statements: &[Stmt<'_>]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitExpr(emit) => self.asked(&emit.expr),
            Stmt::EmitRaw(raw) => {
                // The span may be longer: blanks are cut from its end.
                let start = raw.span().start_offset as usize;
                self.found.plain.push(start..start + raw.raw.len());
            }
            Stmt::ForLoop(lp) => {
                self.expression(&lp.iter);
                self.lenient(&members(&lp.iter));
                let scope = self.locals.len();
                let kind = kind::of_members(&lp.iter, &|name| self.kind_of(name));
                let size = self.size_of(&lp.iter);
                self.assign(&lp.target, size, kind);
                let over = self.kind(&lp.iter).filter(|_| lp.filter_expr.is_none());
                self.locals.push(Local { name: "loop".to_owned(), size, kind: over });
                lp.filter_expr.iter().for_each(|filter| self.expression(filter));
                self.branches += 1;
                self.statements(&lp.body);
                self.locals.truncate(scope);
                self.statements(&lp.else_body);
                self.branches -= 1;
            }
            Stmt::IfCond(condition) => {
                self.asked(&condition.expr);
                self.branches += 1;
                self.statements(&condition.true_body);
                self.statements(&condition.false_body);
                self.branches -= 1;
            }
            Stmt::WithBlock(with) => {
                let scope = self.locals.len();
                for (target, value) in &with.assignments {
                    self.set(target, value);
                }
                self.statements(&with.body);
                self.locals.truncate(scope);
            }
            Stmt::Set(set) => {
                self.set(&set.target, &set.expr);
            }
            Stmt::SetBlock(inner) => self.unsupported("set ... endset", inner.span()),
            Stmt::AutoEscape(inner) => self.unsupported("autoescape", inner.span()),
            Stmt::FilterBlock(inner) => self.unsupported("filter ... endfilter", inner.span()),
            Stmt::Block(inner) => self.unsupported("block", inner.span()),
            Stmt::Import(inner) => self.unsupported("import", inner.span()),
            Stmt::FromImport(inner) => self.unsupported("import", inner.span()),
            Stmt::Extends(inner) => self.unsupported("extends", inner.span()),
            Stmt::Include(inner) => self.unsupported("include", inner.span()),
            Stmt::Macro(inner) => self.unsupported("macro", inner.span()),
            Stmt::CallBlock(inner) => self.unsupported("call", inner.span()),
            Stmt::Do(inner) => self.unsupported("do", inner.span()),
        }
    }

    /// An expression that is written, or that something is made to depend on.
    fn asked(&mut self, expression: &Expr<'_>) {
        let before = self.found.uses.len();
        self.size_of(expression);
        self.expression(expression);
        if let Some(needed) = needed(expression).filter(|_| self.branches == 0) {
            for one in self.found.uses[before..].iter_mut().filter(|one| one.range == needed) {
                one.need = Need::Certain;
            }
        }
    }

    fn expression(&mut self, expression: &Expr<'_>) {
        match expression {
            Expr::Const(_) => {}
            Expr::Var(var) => self.variable(var.id, range(var.span())),
            Expr::GetAttr(get) if is_row(&get.expr) => self.header(get.name, range(get.span())),
            Expr::GetItem(get) if is_row(&get.expr) => {
                if let Some(header) = constant_text(&get.subscript_expr) {
                    self.header(&header, range(get.span()));
                } else {
                    self.found.whole_row = true;
                    self.expression(&get.subscript_expr);
                }
            }
            Expr::GetAttr(get) => {
                if matches!(&get.expr, Expr::Var(var) if var.id == "loop") {
                    self.of_loop(get.name, range(get.span()));
                }
                self.expression(&get.expr);
            }
            Expr::GetItem(get) => {
                self.expression(&get.expr);
                self.expression(&get.subscript_expr);
            }
            Expr::Slice(slice) => {
                self.expression(&slice.expr);
                [&slice.start, &slice.stop, &slice.step].into_iter().flatten().for_each(|part| self.expression(part));
            }
            Expr::UnaryOp(op) => {
                if matches!(op.op, UnaryOpKind::Neg) {
                    let sign = range(op.span()).start;
                    self.wants_number(&op.expr, "int", sign..sign + 1);
                }
                self.expression(&op.expr);
            }
            Expr::BinOp(op) => {
                self.operator(op.op, &op.left, &op.right, range(op.span()));
                self.expression(&op.left);
                self.expression(&op.right);
            }
            Expr::Compare(compare) => {
                self.expression(&compare.expr);
                let fault = kind::comparisons(self.text, compare, &|name| self.kind_of(name));
                self.found.faults.extend(fault);
                compare.ops.iter().for_each(|op| self.expression(&op.expr));
            }
            Expr::IfExpr(choice) => {
                self.expression(&choice.test_expr);
                self.expression(&choice.true_expr);
                choice.false_expr.iter().for_each(|other| self.expression(other));
            }
            Expr::Filter(filter) => self.filter(filter.name, filter.expr.as_ref(), &filter.args, range(filter.span())),
            Expr::Test(test) => self.test(test, range(test.span())),
            Expr::Call(call) => self.call(call, range(call.span())),
            Expr::List(list) => list.items.iter().for_each(|item| self.expression(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.expression(item)),
            Expr::Map(map) => map.keys.iter().chain(&map.values).for_each(|part| self.expression(part)),
        }
    }

    fn variable(&mut self, name: &str, range: Range<usize>) {
        if self.locals.iter().any(|local| local.name == name) {
            return;
        }
        match name {
            "row" => self.found.whole_row = true,
            "self" => self.fault(range, words::unsupported("self")),
            name if FUNCTIONS.contains(&name) || name == "loop" => self.fault(range, words::reserved(name)),
            name => self.found.uses.push(Use { name: name.to_owned(), of_row: false, need: Need::Asked, range }),
        }
    }

    /// The engine does not count the letters of a text before it goes over them.
    fn of_loop(&mut self, name: &str, range: Range<usize>) {
        let over = self.locals.iter().rfind(|local| local.name == "loop").and_then(|local| local.kind);
        if over == Some(Kind::Text) && matches!(name, "last" | "length" | "revindex" | "revindex0") {
            self.fault(range, words::loop_over_text(name));
        }
    }

    /// Blanks around a header are no part of its name.
    fn header(&mut self, header: &str, range: Range<usize>) {
        self.found.uses.push(Use { name: header.trim().to_owned(), of_row: true, need: Need::Asked, range });
    }

    fn operator(&mut self, op: BinOpKind, left: &Expr<'_>, right: &Expr<'_>, span: Range<usize>) {
        let fault = kind::operator(self.text, op, (left, right), &|name| self.kind_of(name));
        self.found.faults.extend(fault);
        match op {
            BinOpKind::Sub => {
                let (from, to) = (range(left.span()), range(right.span()));
                let between = self.text.get(from.end..to.start).unwrap_or_default();
                if let (Expr::Var(first), Expr::Var(second), "-") = (left, right, between) {
                    let name = format!("{}-{}", first.id, second.id);
                    self.fault(from.start..to.end, words::hyphen(&name, &plain_letters(&name, '_')));
                }
            }
            BinOpKind::Mul if [left, right].into_iter().any(|side| self.kind(side) != Some(Kind::Number)) => {
                self.fault(span, words::multiplied());
            }
            _ => {}
        }
    }

    /// What an expression can only be.
    fn kind(&self, expression: &Expr<'_>) -> Option<Kind> {
        kind::of(expression, &|name| self.kind_of(name))
    }

    /// What a name stands for. One that the template gives itself in several ways may be any of them.
    fn kind_of(&self, name: &str) -> Option<Kind> {
        let mut kinds = self.locals.iter().filter(|local| local.name == name).map(|local| local.kind);
        match kinds.next() {
            Some(first) => first.filter(|_| kinds.all(|kind| kind == first)),
            None => (!RESERVED.contains(&name)).then_some(Kind::Text),
        }
    }

    /// Says at `place` that a text is none of which this can be asked; `filter` would make a number of it.
    fn wants_number(&mut self, value: &Expr<'_>, filter: &str, place: Range<usize>) {
        if let Some(fault) = kind::asked_of_numbers(self.text, value, filter, &|name| self.kind_of(name)) {
            self.fault(place, fault);
        }
    }

    fn set(&mut self, target: &Expr<'_>, value: &Expr<'_>) {
        self.expression(value);
        self.lenient(&handed_on(value));
        let size = self.size_of(value);
        let kind = self.kind(value);
        self.assign(target, size, kind);
    }

    /// Names on the left of `=` or after `for`.
    fn assign(&mut self, target: &Expr<'_>, size: usize, kind: Option<Kind>) {
        match target {
            Expr::Var(var) => self.locals.push(Local { name: var.id.to_owned(), size, kind }),
            // What each of several names gets is not followed.
            Expr::List(list) => list.items.iter().for_each(|item| self.assign(item, size, None)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.assign(item, size, None)),
            _ => self.fault(range(target.span()), words::unsupported("setting anything but a name")),
        }
    }

    fn unsupported(&mut self, what: &str, span: minijinja::machinery::Span) {
        self.fault(range(span), words::unsupported(what));
    }

    fn fault(&mut self, range: Range<usize>, diagnostic: Diagnostic) {
        self.found.faults.push((range, diagnostic));
    }

    /// The word itself within, or right behind, the span of the expression that uses it.
    fn word(&self, name: &str, span: &Range<usize>) -> Range<usize> {
        let inside = self.text.get(span.clone()).and_then(|text| text.rfind(name)).map(|at| span.start + at);
        let behind = || self.text.get(span.start..).and_then(|text| text.find(name)).map(|at| span.start + at);
        inside.or_else(behind).map_or(span.clone(), |at| at..at + name.len())
    }
}
