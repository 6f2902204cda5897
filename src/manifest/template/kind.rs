//! Texts and numbers: what an expression can only be, and where the two are compared, which has the same answer for
//! everybody. Every value of a row and every var is text.

use std::ops::Range;

use minijinja::machinery::ast::{BinOpKind, CallArg, Compare, CompareOp, CompareOpKind, Expr, Test};

use super::expression::{is_number, is_row, range};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::text::template as words;

/// What an expression can only be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// `true` or `false`.
    Truth,
}

/// How two values meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meeting {
    /// By `==` and its like.
    Same,
    /// By `<` and its like, or in a sum.
    Order,
}

/// Texts that stay texts.
const TEXT_FILTERS: &[&str] =
    &["capitalize", "indent", "join", "lower", "parse_date", "replace", "string", "title", "trim", "upper"];
/// Filters that leave a text one, and other things what they are.
const KEEPING_FILTERS: &[&str] = &["d", "default", "first", "last", "reverse", "safe"];

/// What a name stands for: `None` where that cannot be told.
pub(super) type Names<'n> = dyn Fn(&str) -> Option<Kind> + 'n;

/// What an expression can only be.
pub(super) fn of(expression: &Expr<'_>, names: &Names<'_>) -> Option<Kind> {
    let of = |expression: &Expr<'_>| of(expression, names);
    match expression {
        Expr::Const(constant) if constant.value.as_str().is_some() => Some(Kind::Text),
        Expr::Const(constant) if matches!(constant.value.kind(), minijinja::value::ValueKind::Bool) => {
            Some(Kind::Truth)
        }
        Expr::Var(var) => names(var.id),
        Expr::GetAttr(get) if is_row(&get.expr) => Some(Kind::Text),
        Expr::GetItem(get) if is_row(&get.expr) => Some(Kind::Text),
        Expr::Slice(slice) => of(&slice.expr).filter(|kind| *kind == Kind::Text),
        Expr::Filter(filter) if TEXT_FILTERS.contains(&filter.name) => Some(Kind::Text),
        Expr::Filter(filter) if KEEPING_FILTERS.contains(&filter.name) => {
            of(filter.expr.as_ref()?).filter(|kind| *kind == Kind::Text)
        }
        Expr::BinOp(op) if matches!(op.op, BinOpKind::Concat) => Some(Kind::Text),
        Expr::BinOp(op) if matches!(op.op, BinOpKind::ScAnd | BinOpKind::ScOr) => {
            of(&op.left).filter(|kind| of(&op.right) == Some(*kind))
        }
        Expr::IfExpr(choice) => {
            let other = of(choice.false_expr.as_ref()?);
            of(&choice.true_expr).filter(|kind| other == Some(*kind))
        }
        other => is_number(other).then_some(Kind::Number),
    }
}

/// What the members of a list can only be.
pub(super) fn of_members(list: &Expr<'_>, names: &Names<'_>) -> Option<Kind> {
    match list {
        Expr::Filter(filter) if matches!(filter.name, "split" | "lines") => Some(Kind::Text),
        Expr::List(list) => {
            let mut kinds = list.items.iter().map(|item| of(item, names));
            let first = kinds.next()??;
            kinds.all(|kind| kind == Some(first)).then_some(first)
        }
        text => of(text, names).filter(|kind| *kind == Kind::Text),
    }
}

/// What is wrong with an operator between two expressions, and where.
pub(super) fn operator(
    text: &str,
    op: BinOpKind,
    (left, right): (&Expr<'_>, &Expr<'_>),
    names: &Names<'_>,
) -> Option<(Range<usize>, Diagnostic)> {
    let meeting = match op {
        BinOpKind::Eq | BinOpKind::Ne => Meeting::Same,
        BinOpKind::Lt | BinOpKind::Lte | BinOpKind::Gt | BinOpKind::Gte => Meeting::Order,
        BinOpKind::Add | BinOpKind::Sub | BinOpKind::Div | BinOpKind::FloorDiv | BinOpKind::Rem | BinOpKind::Pow => {
            Meeting::Order
        }
        BinOpKind::In => {
            let Expr::List(list) = right else { return None };
            let kind = of_members(right, names)?;
            return differ(text, Meeting::Same, (left, of(left, names)?), (list.items.first()?, kind));
        }
        // Multiplied texts have words of their own.
        BinOpKind::ScAnd | BinOpKind::ScOr | BinOpKind::Mul | BinOpKind::Concat => return None,
    };
    differ(text, meeting, (left, of(left, names)?), (right, of(right, names)?))
}

/// The same for several comparisons in a row, of which the first is enough.
pub(super) fn comparisons(text: &str, compare: &Compare<'_>, names: &Names<'_>) -> Option<(Range<usize>, Diagnostic)> {
    let lefts = [&compare.expr].into_iter().chain(compare.ops.iter().map(|op| &op.expr));
    lefts.zip(&compare.ops).find_map(|(left, CompareOp { op, expr: right })| {
        let op = match op {
            CompareOpKind::Eq => BinOpKind::Eq,
            CompareOpKind::Ne => BinOpKind::Ne,
            CompareOpKind::Lt => BinOpKind::Lt,
            CompareOpKind::Lte => BinOpKind::Lte,
            CompareOpKind::Gt => BinOpKind::Gt,
            CompareOpKind::Gte => BinOpKind::Gte,
            CompareOpKind::In | CompareOpKind::NotIn => BinOpKind::In,
        };
        operator(text, op, (left, right), names)
    })
}

/// The same for a test, whose name stands at `word`: `n is gt 100`, `n is even`.
pub(super) fn tested(
    text: &str,
    asked: &Test<'_>,
    word: Range<usize>,
    names: &Names<'_>,
) -> Option<(Range<usize>, Diagnostic)> {
    let meeting = match asked.name {
        "eq" | "equalto" | "==" | "ne" | "!=" => Meeting::Same,
        "lt" | "lessthan" | "<" | "le" | "<=" | "gt" | "greaterthan" | ">" | "ge" | ">=" => Meeting::Order,
        "even" | "odd" | "divisibleby" if of(&asked.expr, names)? == Kind::Text => {
            return Some((word, words::text_as_number(written(text, &asked.expr)?)));
        }
        _ => return None,
    };
    let [CallArg::Pos(other)] = &*asked.args else { return None };
    differ(text, meeting, (&asked.expr, of(&asked.expr, names)?), (other, of(other, names)?))
}

/// Says at the number, or the truth, that the other side is a text.
fn differ(
    text: &str,
    meeting: Meeting,
    (left, left_kind): (&Expr<'_>, Kind),
    (right, right_kind): (&Expr<'_>, Kind),
) -> Option<(Range<usize>, Diagnostic)> {
    let (value, other, kind) = match (left_kind, right_kind) {
        (Kind::Text, Kind::Number | Kind::Truth) => (left, right, right_kind),
        (Kind::Number | Kind::Truth, Kind::Text) => (right, left, left_kind),
        _ => return None,
    };
    let (value, shown) = (written(text, value)?, written(text, other)?);
    let diagnostic = match (kind, meeting) {
        (Kind::Truth, _) => words::text_and_truth(value, shown),
        (_, Meeting::Same) => words::text_and_number(value, shown),
        (_, Meeting::Order) => words::text_beside_number(value, shown),
    };
    Some((range(other.span()), diagnostic))
}

fn written<'t>(text: &'t str, expression: &Expr<'_>) -> Option<&'t str> {
    text.get(range(expression.span())).map(str::trim)
}
