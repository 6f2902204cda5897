//! How large a value may become that is made of others: each name that the template gives itself counts as what it was
//! made of, so that what is doubled again and again is seen before the engine has to hold it.

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr};

use super::super::expression::range;
use super::super::kind::Kind;
use super::Walker;
use crate::diagnostic::text::template as words;

/// A text of more parts than this has no use.
const PARTS_MAX: usize = 100;

impl Walker<'_> {
    /// Of how many parts an expression is made. One of too many is a fault, and no larger than others for those that use
    /// it, since one is enough.
    pub(super) fn size_of(&mut self, expression: &Expr<'_>) -> usize {
        let size = self.parts(expression).max(1);
        if size <= PARTS_MAX {
            return size;
        }
        self.fault(range(expression.span()), words::too_many_parts(PARTS_MAX));
        1
    }

    fn parts(&self, expression: &Expr<'_>) -> usize {
        // However long a list is written out: alone it does not grow.
        if matches!(expression, Expr::Const(_)) {
            return 0;
        }
        if self.kind(expression).is_some_and(Kind::is_plain) {
            return 1;
        }
        let all = |parts: &[Expr<'_>]| self.sum(parts.iter());
        match expression {
            Expr::Var(var) => {
                self.locals.iter().filter(|local| local.name == var.id).map(|local| local.size).max().unwrap_or(1)
            }
            Expr::Const(_) | Expr::Test(_) | Expr::Compare(_) => 1,
            Expr::Slice(slice) => self.parts(&slice.expr),
            Expr::UnaryOp(op) => self.parts(&op.expr),
            Expr::BinOp(op) if matches!(op.op, BinOpKind::ScAnd | BinOpKind::ScOr) => {
                self.parts(&op.left).max(self.parts(&op.right))
            }
            Expr::BinOp(op) => self.sum([&op.left, &op.right]),
            Expr::IfExpr(choice) => {
                let other = choice.false_expr.as_ref().map_or(1, |other| self.parts(other));
                self.parts(&choice.true_expr).max(other)
            }
            Expr::Filter(filter) => self.sum(filter.expr.iter().chain(filter.args.iter().map(value_of))),
            Expr::GetAttr(get) => self.parts(&get.expr),
            Expr::GetItem(get) => self.parts(&get.expr),
            Expr::Call(call) => self.sum([&call.expr].into_iter().chain(call.args.iter().map(value_of))),
            Expr::List(list) => all(&list.items),
            Expr::Tuple(tuple) => all(&tuple.items),
            Expr::Map(map) => all(&map.keys).saturating_add(all(&map.values)),
        }
    }

    fn sum<'e, 'a: 'e>(&self, parts: impl IntoIterator<Item = &'e Expr<'a>>) -> usize {
        parts.into_iter().fold(0, |sum, part| sum.saturating_add(self.parts(part)))
    }
}

/// What an argument gives.
pub(super) fn value_of<'a, 'e>(arg: &'e CallArg<'a>) -> &'e Expr<'a> {
    match arg {
        CallArg::Pos(value) | CallArg::Kwarg(_, value) | CallArg::PosSplat(value) | CallArg::KwargSplat(value) => value,
    }
}
