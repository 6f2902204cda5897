//! The template language: minijinja's, without what a text of an event has no use for, and with `parse_date`.
//!
//! What could make a short template produce gigabytes is left out or limited, since manifests come from pull requests.

use std::sync::LazyLock;

use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, escape_formatter};

use super::parse_date::parse_date;
use crate::diagnostic::text::template as words;

/// Steps of the engine for one text, 64 bytes of what it makes counted as one: a loop over a few hundred things, not a
/// loop for ever.
const FUEL: u64 = 50_000;
/// What a filter may produce on the way to a text.
const INTERMEDIATE_BYTES_MAX: usize = 4 * super::OUTPUT_BYTES_MAX;

/// Names that mean something of their own in a template.
pub(in crate::manifest) const RESERVED: &[&str] = &[
    "row", "loop", "self", "true", "false", "none", "True", "False", "None", "not", "and", "or", "in", "is", "if",
    "else", "elif", "for", "set", "with", "range", "dict",
];

pub(super) const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "first",
    "float",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "parse_date",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "trim",
    "unique",
    "upper",
    "zip",
];
/// What multiplies without limit, or prints what people should not see.
const REMOVED_FILTERS: &[&str] = &["batch", "slice", "format", "pprint", "escape", "e"];

pub(super) const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "safe",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
];

pub(super) const FUNCTIONS: &[&str] = &["dict", "range"];
const REMOVED_FUNCTIONS: &[&str] = &["debug", "namespace"];

/// Tests that are spelled like operators.
pub(super) const OPERATORS: &[&str] = &["!=", "<", "<=", "==", ">", ">="];
/// Tests that have an answer where there is no value, and those that ask about the language.
const LENIENT_TESTS: &[&str] = &["defined", "filter", "test", "undefined"];

/// The engine's own tests.
static PLAIN: LazyLock<Environment<'static>> = LazyLock::new(Environment::new);

static BASE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(50);
    environment.set_debug(true);
    for name in REMOVED_FILTERS {
        environment.remove_filter(name);
    }
    for name in REMOVED_FUNCTIONS {
        environment.remove_global(name);
    }
    environment.add_filter("parse_date", parse_date);
    for name in TESTS.iter().chain(OPERATORS).filter(|name| !LENIENT_TESTS.contains(name)) {
        environment.add_test(*name, |values: Rest<Value>| tested(name, &values));
    }
    environment.set_formatter(|out, state, value| {
        if matches!(value.kind(), ValueKind::Seq | ValueKind::Map) {
            whole(value)?;
        }
        escape_formatter(out, state, value)
    });
    environment.add_filter("replace", replace);
    environment.add_filter("join", join);
    environment.add_filter("indent", indent);
    for name in ["float", "int"] {
        environment.add_filter(name, |value: &Value, arguments: Rest<Value>, named: Kwargs| {
            number(name, value, arguments, named)
        });
    }
    environment
});

/// An environment of its own, to hold one template.
pub(super) fn environment() -> Environment<'static> {
    BASE.clone()
}

/// A test, once its values are there: the engine's own call a value that there is not even, equal or none, or not.
fn tested(name: &str, values: &[Value]) -> Result<bool, Error> {
    values.iter().try_for_each(there)?;
    PLAIN.empty_state().perform_test(name, values)
}

fn there(value: &Value) -> Result<(), Error> {
    if value.is_undefined() { Err(Error::from(ErrorKind::UndefinedError)) } else { Ok(()) }
}

/// Whether all of a list is there, which would be written `undefined` otherwise.
fn whole(value: &Value) -> Result<(), Error> {
    there(value)?;
    match value.kind() {
        ValueKind::Seq => value.try_iter()?.try_for_each(|member| whole(&member)),
        ValueKind::Map => value.try_iter()?.try_for_each(|key| whole(&value.get_item(&key)?)),
        _ => Ok(()),
    }
}

fn too_long() -> Error {
    Error::new(ErrorKind::InvalidOperation, "the text would become too long")
}

/// The text of a value; nothing is defined by an undefined one.
pub(super) fn text_of(value: &Value) -> Result<String, Error> {
    there(value)?;
    Ok(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn replace(value: &Value, from: &Value, to: &Value) -> Result<String, Error> {
    let (text, from, to) = (text_of(value)?, text_of(from)?, text_of(to)?);
    let times = if from.is_empty() { text.chars().count() + 1 } else { text.matches(&*from).count() };
    if times.saturating_mul(to.len()).saturating_add(text.len()) > INTERMEDIATE_BYTES_MAX {
        return Err(too_long());
    }
    Ok(text.replace(&*from, &to))
}

#[allow(clippy::needless_pass_by_value)] // as the engine hands them over
fn join(values: &Value, between: Rest<Value>) -> Result<String, Error> {
    let between = match &between[..] {
        [] => String::new(),
        [between] => text_of(between)?,
        _ => return Err(Error::from(ErrorKind::TooManyArguments)),
    };
    let mut joined = String::new();
    for (index, value) in values.try_iter()?.enumerate() {
        if index > 0 {
            joined.push_str(&between);
        }
        joined.push_str(&text_of(&value)?);
        if joined.len() > INTERMEDIATE_BYTES_MAX {
            return Err(too_long());
        }
    }
    Ok(joined)
}

/// The engine's own, for as much as a text may hold.
#[allow(clippy::needless_pass_by_value)] // as the engine hands them over
fn indent(value: &Value, arguments: Rest<Value>, named: Kwargs) -> Result<Value, Error> {
    let wrong = |error: Error| {
        let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        Error::new(ErrorKind::InvalidOperation, format!("indent: {reason}"))
    };
    let text = text_of(value)?;
    arguments.iter().try_for_each(there)?;
    let argument = |index: usize, name: &str, otherwise: Value| match arguments.get(index) {
        Some(value) => Ok::<Value, Error>(value.clone()),
        None => Ok(named.get::<Option<Value>>(name)?.unwrap_or(otherwise)),
    };
    let width = usize::try_from(argument(0, "width", Value::from(4))?).map_err(wrong)?;
    let (first, blank) = (argument(1, "first", Value::from(false))?, argument(2, "blank", Value::from(false))?);
    named.assert_all_used().map_err(wrong)?;
    if text.lines().count().saturating_mul(width).saturating_add(text.len()) > INTERMEDIATE_BYTES_MAX {
        return Err(too_long());
    }
    let arguments = [Value::from(text), Value::from(width), first, blank];
    PLAIN.empty_state().apply_filter("indent", &arguments).map_err(wrong)
}

/// The engine's own `int` and `float`, for cells with blanks around the number too.
#[allow(clippy::needless_pass_by_value)] // as the engine hands them over
fn number(name: &str, value: &Value, arguments: Rest<Value>, named: Kwargs) -> Result<Value, Error> {
    there(value)?;
    let text = value.as_str().map(str::trim);
    let mut all = vec![text.map_or_else(|| value.clone(), Value::from)];
    all.extend(arguments.iter().cloned());
    if named.args().next().is_some() {
        all.push(Value::from(named));
    }
    PLAIN.empty_state().apply_filter(name, &all).map_err(|error| match text {
        // The engine does not say of what.
        Some(text) if text.parse::<f64>().is_err_and(|reason| error.detail() == Some(&*reason.to_string())) => {
            Error::new(ErrorKind::InvalidOperation, words::not_a_number(text))
        }
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_known(expression: &str, kind: ErrorKind) -> bool {
        let environment = environment();
        let compiled = environment.compile_expression(expression).unwrap();
        compiled.eval(()).err().is_none_or(|error| error.kind() != kind)
    }

    #[test]
    fn the_lists_are_what_the_environment_has() {
        for name in FILTERS {
            assert!(is_known(&format!("'1' | {name}"), ErrorKind::UnknownFilter), "{name}");
        }
        for name in REMOVED_FILTERS {
            assert!(!is_known(&format!("'1' | {name}"), ErrorKind::UnknownFilter), "{name}");
        }
        for name in TESTS {
            assert!(is_known(&format!("'1' is {name}"), ErrorKind::UnknownTest), "{name}");
        }
        let environment = environment();
        let mut globals: Vec<&str> = environment.globals().map(|(name, _)| name).collect();
        globals.sort_unstable();
        assert_eq!(globals, FUNCTIONS);
    }

    /// Those of Jinja2 3.1.
    const JINJA_FILTERS: &str = "abs attr batch capitalize center count d default dictsort e escape filesizeformat first \
        float forceescape format groupby indent int items join last length list lower map max min pprint random reject \
        rejectattr replace reverse round safe select selectattr slice sort string striptags sum title tojson trim \
        truncate unique upper urlencode urlize wordcount wordwrap xmlattr";
    const JINJA_FUNCTIONS: &str = "cycler dict joiner lipsum namespace range";

    #[test]
    fn the_readme_names_what_is_left_out() {
        let readme = include_str!("../../../README.md");
        let said = readme.split_once("the functions").unwrap().1.split_once(". `for header").unwrap().0;
        let (functions, filters) = said.split_once("and the filters").unwrap();
        let names = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let missing = |all: &str, known: &[&str]| {
            all.split_whitespace().filter(|name| !known.contains(name)).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(names(filters), missing(JINJA_FILTERS, FILTERS));
        assert_eq!(names(functions), missing(JINJA_FUNCTIONS, FUNCTIONS));
    }

    #[test]
    fn nothing_multiplies_without_limit() {
        let environment = environment();
        for expression in [
            "'a' * 1000000000",
            "('a' * 1000) | replace('a', 'b' * 1000)",
            "range(100000) | join('x' * 1000)",
            "'a\nb' | indent(100000000)",
            "'a\nb' | indent(width=100000000)",
            "range(1000000000)",
        ] {
            assert!(environment.compile_expression(expression).unwrap().eval(()).is_err(), "{expression}");
        }
        let joined = environment.compile_expression("['a', 'b'] | join(', ') | replace('a', 'c')").unwrap();
        assert_eq!(joined.eval(()).unwrap().as_str(), Some("c, b"));
    }
}
