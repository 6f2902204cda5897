//! What can be told of an expression by looking at it.

use std::ops::Range;

use minijinja::machinery::ast::Expr;

/// Filters that make nothing of a value that is not there.
pub(super) const NEEDING: &[&str] =
    &["capitalize", "indent", "lower", "parse_date", "replace", "title", "trim", "upper"];

/// What of `loop` is a number.
pub(super) const LOOP_NUMBERS: &[&str] = &["depth", "depth0", "index", "index0", "length", "revindex", "revindex0"];

pub(super) fn range(span: minijinja::machinery::Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset.max(span.start_offset) as usize
}

/// The value without which an expression comes to nothing.
pub(super) fn needed(expression: &Expr<'_>) -> Option<Range<usize>> {
    match expression {
        Expr::Var(var) => Some(range(var.span())),
        Expr::GetAttr(get) if is_row(&get.expr) => Some(range(get.span())),
        Expr::GetItem(get) if is_row(&get.expr) => Some(range(get.span())),
        Expr::Filter(filter) if NEEDING.contains(&filter.name) => needed(filter.expr.as_ref()?),
        _ => None,
    }
}

/// The names that an expression hands on as they are, without a value if they have none.
pub(super) fn handed_on(expression: &Expr<'_>) -> Vec<Range<usize>> {
    match expression {
        Expr::Var(var) => vec![range(var.span())],
        Expr::GetAttr(get) if is_row(&get.expr) => vec![range(get.span())],
        Expr::GetItem(get) if is_row(&get.expr) => vec![range(get.span())],
        Expr::IfExpr(choice) => {
            [Some(&choice.true_expr), choice.false_expr.as_ref()].into_iter().flatten().flat_map(handed_on).collect()
        }
        _ => Vec::new(),
    }
}

/// The same of the members of a list.
pub(super) fn members(expression: &Expr<'_>) -> Vec<Range<usize>> {
    match expression {
        Expr::List(list) => list.items.iter().flat_map(handed_on).collect(),
        Expr::Tuple(tuple) => tuple.items.iter().flat_map(handed_on).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn is_row(expression: &Expr<'_>) -> bool {
    matches!(expression, Expr::Var(var) if var.id == "row")
}

pub(super) fn constant_text(expression: &Expr<'_>) -> Option<String> {
    match expression {
        Expr::Const(constant) => constant.value.as_str().map(str::to_owned),
        _ => None,
    }
}
