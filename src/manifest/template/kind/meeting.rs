//! Where texts and numbers meet: beside one another they have the same answer for everybody, or none.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use minijinja::machinery::ast::{BinOpKind, CallArg, Compare, CompareOp, CompareOpKind, Expr, Test};

use super::super::expression::range;
use super::{Kind, Names, common, given, of};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::text::template as words;

/// What is wrong, and where.
type Fault = (Range<usize>, Diagnostic);

/// How two values meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meeting {
    /// By `==` and its like.
    Same,
    /// By `<` and its like, or in a sum.
    Order,
}

/// What is wrong with an operator between two expressions.
pub(in super::super) fn operator(
    text: &str,
    op: BinOpKind,
    (left, right): (&Expr<'_>, &Expr<'_>),
    names: &Names<'_>,
) -> Option<Fault> {
    match op {
        BinOpKind::Eq | BinOpKind::Ne => meet(text, Meeting::Same, left, right, names),
        BinOpKind::Lt
        | BinOpKind::Lte
        | BinOpKind::Gt
        | BinOpKind::Gte
        | BinOpKind::Add
        | BinOpKind::Sub
        | BinOpKind::Div
        | BinOpKind::FloorDiv
        | BinOpKind::Rem
        | BinOpKind::Pow => meet(text, Meeting::Order, left, right, names),
        BinOpKind::In => contained(text, left, right, names),
        // Multiplied texts have words of their own.
        BinOpKind::ScAnd | BinOpKind::ScOr | BinOpKind::Mul | BinOpKind::Concat => None,
    }
}

/// The same for several comparisons in a row, of which the first is enough.
pub(in super::super) fn comparisons(text: &str, compare: &Compare<'_>, names: &Names<'_>) -> Option<Fault> {
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
pub(in super::super) fn tested(text: &str, asked: &Test<'_>, word: Range<usize>, names: &Names<'_>) -> Option<Fault> {
    let op = match asked.name {
        "eq" | "equalto" | "==" => BinOpKind::Eq,
        "ne" | "!=" => BinOpKind::Ne,
        "lt" | "lessthan" | "<" => BinOpKind::Lt,
        "le" | "<=" => BinOpKind::Lte,
        "gt" | "greaterthan" | ">" => BinOpKind::Gt,
        "ge" | ">=" => BinOpKind::Gte,
        "in" => BinOpKind::In,
        "even" | "odd" | "divisibleby" => {
            return asked_of_numbers(text, &asked.expr, "int", names).map(|fault| (word, fault));
        }
        _ => return None,
    };
    let [CallArg::Pos(other)] = &*asked.args else { return None };
    operator(text, op, (&asked.expr, other), names)
}

/// What is wrong with a text of which is asked what can be said of numbers only; `filter` would make one of it.
pub(in super::super) fn asked_of_numbers(
    text: &str,
    value: &Expr<'_>,
    filter: &str,
    names: &Names<'_>,
) -> Option<Diagnostic> {
    match given(value, names)? {
        Kind::Text => Some(words::text_as_number(&written(text, value)?, filter)),
        Kind::Texts => Some(words::texts_as_numbers(&written(text, value)?, filter)),
        Kind::Number | Kind::Truth | Kind::Numbers => None,
    }
}

/// What is wrong with a list that is put in order, or summed up.
pub(in super::super) fn mixed(text: &str, list: &Expr<'_>, names: &Names<'_>) -> Option<Fault> {
    let items = literal(list)?;
    let first = |kind: Kind| items.iter().find(|item| of(item, names) == Some(kind)).map(|item| (item, kind));
    differ(text, Meeting::Order, first(Kind::Text)?, first(Kind::Number)?)
}

fn meet(text: &str, meeting: Meeting, left: &Expr<'_>, right: &Expr<'_>, names: &Names<'_>) -> Option<Fault> {
    let kind = |side: &Expr<'_>| match meeting {
        Meeting::Same => of(side, names),
        // Whatever stands for a value that is missing: of one that is there it is wrong.
        Meeting::Order => given(side, names),
    };
    differ(text, meeting, (left, kind(left)?), (right, kind(right)?))
}

/// What is looked for in a text is made one; in a list it is only ever found as what it is.
fn contained(text: &str, value: &Expr<'_>, list: &Expr<'_>, names: &Names<'_>) -> Option<Fault> {
    let kind = of(value, names)?;
    if let Some(items) = literal(list) {
        return differ(text, Meeting::Same, (value, kind), (items.first()?, common(items, names)?));
    }
    let (shown, within) = (written(text, value)?, written(text, list)?);
    let diagnostic = match (kind, of(list, names)?) {
        (Kind::Text, Kind::Numbers) => words::text_among_numbers(&shown, &within),
        (Kind::Number, Kind::Texts) => words::number_among_texts(&shown, &within),
        _ => return None,
    };
    Some((range(list.span()), diagnostic))
}

/// The members of a list that is written out.
fn literal<'e, 'a>(list: &'e Expr<'a>) -> Option<&'e [Expr<'a>]> {
    match list {
        Expr::List(list) => Some(&list.items),
        Expr::Tuple(tuple) => Some(&tuple.items),
        _ => None,
    }
}

/// Says at the number, or the truth, that the other side is a text.
fn differ(
    text: &str,
    meeting: Meeting,
    (left, left_kind): (&Expr<'_>, Kind),
    (right, right_kind): (&Expr<'_>, Kind),
) -> Option<Fault> {
    let (value, other, kind) = match (left_kind, right_kind) {
        (Kind::Text, Kind::Number | Kind::Truth) => (left, right, right_kind),
        (Kind::Number | Kind::Truth, Kind::Text) => (right, left, left_kind),
        _ => return None,
    };
    let (value, shown) = (written(text, value)?, written(text, other)?);
    let diagnostic = match (kind, meeting) {
        (Kind::Truth, _) => words::text_and_truth(&value, &shown),
        (_, Meeting::Same) => words::text_and_number(&value, &shown),
        (_, Meeting::Order) => words::text_beside_number(&value, &shown),
    };
    Some((range(other.span()), diagnostic))
}

/// An expression as it stands in the text, such that a filter can be put behind it.
pub(in super::super) fn written<'t>(text: &'t str, expression: &Expr<'_>) -> Option<Cow<'t, str>> {
    let (mut start, end) = (start(expression), range(expression.span()).end);
    // The parentheses around a part are none of its own, and those around the whole may be.
    loop {
        let inside = text.get(start..end)?;
        let count = |bracket: char| inside.matches(bracket).count();
        let moved = match count('(').cmp(&count(')')) {
            Ordering::Less => text[..start].trim_end().strip_suffix('(').map(str::len),
            Ordering::Equal => None,
            Ordering::Greater => inside.strip_prefix('(').map(|inside| end - inside.len()),
        };
        // None of either is left to take: they stand in quotes.
        let Some(moved) = moved else { break };
        start = moved;
    }
    let shown = text[start..end].trim();
    match expression {
        Expr::BinOp(_) | Expr::Compare(_) | Expr::IfExpr(_) | Expr::Test(_) => Some(format!("({shown})").into()),
        _ => Some(shown.into()),
    }
}

/// Where an expression begins: the engine has a filter begin at its name.
fn start(expression: &Expr<'_>) -> usize {
    let own = range(expression.span()).start;
    let inner = match expression {
        Expr::Filter(filter) => filter.expr.as_ref().map(start),
        Expr::Test(test) => Some(start(&test.expr)),
        Expr::GetAttr(get) => Some(start(&get.expr)),
        Expr::GetItem(get) => Some(start(&get.expr)),
        Expr::Slice(slice) => Some(start(&slice.expr)),
        Expr::Call(call) => Some(start(&call.expr)),
        Expr::BinOp(op) => Some(start(&op.left)),
        Expr::Compare(compare) => Some(start(&compare.expr)),
        Expr::IfExpr(choice) => Some(start(&choice.true_expr)),
        _ => None,
    };
    inner.map_or(own, |inner| inner.min(own))
}
