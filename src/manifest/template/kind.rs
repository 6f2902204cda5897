//! Texts and numbers: what an expression can only be. Every value of a row and every var is text.
//!
//! Where that cannot be told nothing is said: to refuse a template that is right would be worse than to let one pass
//! that is not.

mod meeting;

use minijinja::machinery::ast::{BinOpKind, Call, CallArg, CallType, Expr, Filter, UnaryOpKind};
use minijinja::value::ValueKind;

use super::expression::{LOOP_NUMBERS, constant_text, is_row};
pub(super) use meeting::{asked_of_numbers, comparisons, mixed, operator, tested, written};

/// What an expression can only be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// `true` or `false`.
    Truth,
    /// A list of nothing but texts.
    Texts,
    /// A list of nothing but numbers.
    Numbers,
}

impl Kind {
    /// What stands in it: of a text, its letters.
    pub(super) fn members(self) -> Option<Self> {
        match self {
            Self::Text | Self::Texts => Some(Self::Text),
            Self::Numbers => Some(Self::Number),
            Self::Number | Self::Truth => None,
        }
    }

    /// A list of such.
    fn listed(self) -> Option<Self> {
        match self {
            Self::Text => Some(Self::Texts),
            Self::Number => Some(Self::Numbers),
            Self::Truth | Self::Texts | Self::Numbers => None,
        }
    }

    /// What has no parts that could be more than it.
    pub(super) fn is_plain(self) -> bool {
        matches!(self, Self::Number | Self::Truth)
    }
}

/// What a name stands for: `None` where that cannot be told.
pub(super) type Names<'n> = dyn Fn(&str) -> Option<Kind> + 'n;

/// Filters that make a text of whatever they get.
const TEXT_FILTERS: &[&str] =
    &["capitalize", "indent", "join", "lower", "parse_date", "replace", "string", "title", "trim", "upper"];
/// Filters that make a number of whatever they get.
const NUMBER_FILTERS: &[&str] = &["abs", "count", "length", "round"];

/// What an expression can only be.
pub(super) fn of(expression: &Expr<'_>, names: &Names<'_>) -> Option<Kind> {
    let of = |expression: &Expr<'_>| of(expression, names);
    match expression {
        Expr::Const(constant) => match constant.value.kind() {
            ValueKind::String => Some(Kind::Text),
            ValueKind::Number => Some(Kind::Number),
            ValueKind::Bool => Some(Kind::Truth),
            _ => None,
        },
        Expr::Var(var) => names(var.id),
        Expr::GetAttr(get) if is_row(&get.expr) => Some(Kind::Text),
        Expr::GetItem(get) if is_row(&get.expr) => Some(Kind::Text),
        Expr::GetAttr(get) if is_loop(&get.expr) => LOOP_NUMBERS.contains(&get.name).then_some(Kind::Number),
        Expr::GetItem(get) if !is_loop(&get.expr) => of(&get.expr)?.members(),
        Expr::GetAttr(_) | Expr::GetItem(_) | Expr::Map(_) => None,
        Expr::Slice(slice) => of(&slice.expr).filter(|kind| !kind.is_plain()),
        Expr::Filter(filter) => of_filter(filter, names),
        Expr::Test(_) | Expr::Compare(_) => Some(Kind::Truth),
        Expr::UnaryOp(op) => Some(match op.op {
            UnaryOpKind::Not => Kind::Truth,
            UnaryOpKind::Neg => Kind::Number,
        }),
        Expr::BinOp(op) => of_operator(op.op, of(&op.left), of(&op.right)),
        Expr::IfExpr(choice) => {
            let other = of(choice.false_expr.as_ref()?);
            of(&choice.true_expr).filter(|kind| other == Some(*kind))
        }
        Expr::Call(call) => is_range(call).then_some(Kind::Numbers),
        Expr::List(list) => common(&list.items, names)?.listed(),
        Expr::Tuple(tuple) => common(&tuple.items, names)?.listed(),
    }
}

/// What the members of a list, or the letters of a text, can only be.
pub(super) fn of_members(list: &Expr<'_>, names: &Names<'_>) -> Option<Kind> {
    of(list, names)?.members()
}

/// What is there when a value is: `default` says what stands for one that is not.
fn given(expression: &Expr<'_>, names: &Names<'_>) -> Option<Kind> {
    match expression {
        Expr::Filter(filter) if is_default(filter.name) => given(filter.expr.as_ref()?, names),
        other => of(other, names),
    }
}

/// What all of these can only be.
fn common(items: &[Expr<'_>], names: &Names<'_>) -> Option<Kind> {
    let mut kinds = items.iter().map(|item| of(item, names));
    let first = kinds.next()??;
    kinds.all(|kind| kind == Some(first)).then_some(first)
}

fn of_operator(op: BinOpKind, left: Option<Kind>, right: Option<Kind>) -> Option<Kind> {
    let same = left.filter(|kind| right == Some(*kind));
    match op {
        BinOpKind::Concat => Some(Kind::Text),
        BinOpKind::Sub | BinOpKind::Div | BinOpKind::FloorDiv | BinOpKind::Rem | BinOpKind::Pow => Some(Kind::Number),
        // A number and anything else but a number have no sum.
        BinOpKind::Add if left == Some(Kind::Number) || right == Some(Kind::Number) => Some(Kind::Number),
        BinOpKind::Add => same.filter(|kind| *kind != Kind::Truth),
        BinOpKind::Mul => same.filter(|kind| *kind == Kind::Number),
        BinOpKind::ScAnd | BinOpKind::ScOr => same,
        BinOpKind::Eq
        | BinOpKind::Ne
        | BinOpKind::Lt
        | BinOpKind::Lte
        | BinOpKind::Gt
        | BinOpKind::Gte
        | BinOpKind::In => Some(Kind::Truth),
    }
}

fn of_filter(filter: &Filter<'_>, names: &Names<'_>) -> Option<Kind> {
    let given = || of(filter.expr.as_ref()?, names);
    match filter.name {
        name if TEXT_FILTERS.contains(&name) => Some(Kind::Text),
        name if NUMBER_FILTERS.contains(&name) => Some(Kind::Number),
        // What it makes of a text that is no number may be anything.
        "int" | "float" => filter.args.iter().all(|arg| is_number(arg, names)).then_some(Kind::Number),
        "bool" => Some(Kind::Truth),
        "split" | "lines" => Some(Kind::Texts),
        name if is_default(name) => {
            let otherwise = match filter.args.first() {
                Some(CallArg::Pos(value)) => of(value, names),
                Some(_) => None,
                None => Some(Kind::Text),
            };
            given().filter(|kind| otherwise == Some(*kind))
        }
        "first" | "last" | "max" | "min" => given()?.members(),
        "reverse" => given().filter(|kind| !kind.is_plain()),
        "list" | "reject" | "select" | "sort" | "unique" => given()?.members()?.listed(),
        "safe" => given().filter(|kind| *kind == Kind::Text),
        "sum" => given().filter(|kind| *kind == Kind::Numbers && filter.args.is_empty())?.members(),
        "map" => match filter.args.first()? {
            CallArg::Pos(name) => of_mapped(&constant_text(name)?),
            _ => None,
        },
        _ => None,
    }
}

/// The list that `map` makes with a filter.
fn of_mapped(filter: &str) -> Option<Kind> {
    if TEXT_FILTERS.contains(&filter) {
        Some(Kind::Texts)
    } else {
        (NUMBER_FILTERS.contains(&filter) || matches!(filter, "int" | "float")).then_some(Kind::Numbers)
    }
}

fn is_number(arg: &CallArg<'_>, names: &Names<'_>) -> bool {
    match arg {
        CallArg::Pos(value) | CallArg::Kwarg(_, value) => of(value, names) == Some(Kind::Number),
        CallArg::PosSplat(_) | CallArg::KwargSplat(_) => false,
    }
}

fn is_default(filter: &str) -> bool {
    matches!(filter, "d" | "default")
}

pub(super) fn is_range(call: &Call<'_>) -> bool {
    matches!(call.identify_call(), CallType::Function("range"))
}

fn is_loop(expression: &Expr<'_>) -> bool {
    matches!(expression, Expr::Var(var) if var.id == "loop")
}
