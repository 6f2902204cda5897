//! What is said about templates: their syntax, the names they use, what comes of them for a row.

mod rendering;

use super::{shorten, unlike};
use crate::diagnostic::Diagnostic;

pub use rendering::{ENGINE_FAILED, cannot_render, not_a_date, not_a_number};

codes! {
    TEMPLATE_SYNTAX = "E101", "template syntax";
    UNKNOWN_FILTER = "E102", "unknown filter";
    UNKNOWN_TEST = "E103", "unknown test";
    UNKNOWN_FUNCTION = "E104", "unknown function";
    UNSUPPORTED = "E105", "part of the template language that texts of events do without";
    METHOD = "E106", "method on a value";
    HYPHEN = "E107", "hyphen in a variable's name";
    STRAY_BRACES = "E108", "braces that do not make a template";
    UNKNOWN_NAME = "E109", "variable that is neither a column nor a var";
    VALUE_MISSING = "E110", "value missing in a row";
    CANNOT_RENDER = "E111", "template that cannot be rendered for a row";
    OUT_OF_FUEL = "E112", "template that takes too long";
    TOO_LONG = "E113", "text that is too long";
    DATE_FORMAT = "E114", "date format that cannot be read";
    TEXT_AND_NUMBER = "E115", "text compared with a number";
    SINGLE_BRACES = "W101", "single braces";
}

/// The first dozen of what there is, and how many more.
pub fn listed(known: &[&str]) -> String {
    const SHOWN_MAX: usize = 12;
    match known.len() {
        0 => "nothing".to_owned(),
        count if count <= SHOWN_MAX => known.join(", "),
        count => format!("{} and {} more", known[..SHOWN_MAX].join(", "), count - SHOWN_MAX),
    }
}

fn meant(diagnostic: Diagnostic, near: Option<&str>, otherwise: &str) -> Diagnostic {
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(otherwise),
    }
}

/// `message` is the template language's own.
pub fn template_syntax(message: &str) -> Diagnostic {
    Diagnostic::new(&TEMPLATE_SYNTAX, format!("the template cannot be read: {message}"))
        .help("a value is written {{ name }}, a choice {% if name is defined %}...{% endif %}")
}

pub fn unknown_filter(name: &str, near: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::new(&UNKNOWN_FILTER, format!("there is no filter `{}`", shorten(name)));
    meant(diagnostic, near, "among those there are: default, upper, lower, title, trim, replace, parse_date")
}

pub fn unknown_test(name: &str, near: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::new(&UNKNOWN_TEST, format!("there is no test `is {}`", shorten(name)));
    meant(diagnostic, near, "among those there are: defined, undefined, even, odd, startingwith")
}

pub fn unknown_function(name: &str, near: Option<&str>, is_filter: bool) -> Diagnostic {
    let diagnostic = Diagnostic::new(&UNKNOWN_FUNCTION, format!("there is no function `{}`", shorten(name)));
    if is_filter {
        return diagnostic.help(format!("it is a filter: write {{{{ name | {name} }}}}"));
    }
    meant(diagnostic, near, "there are range and dict; most things are done with filters: {{ name | upper }}")
}

pub fn unsupported(what: &str) -> Diagnostic {
    Diagnostic::new(&UNSUPPORTED, format!("`{}` cannot be used in the text of an event", shorten(what)))
        .help("there are values {{ }}, filters, if, for, set and with")
}

pub fn reserved(name: &str) -> Diagnostic {
    Diagnostic::new(&UNSUPPORTED, format!("`{name}` is no variable"))
        .help("give the column another name under `columns`")
}

pub fn multiplied() -> Diagnostic {
    Diagnostic::new(&UNSUPPORTED, "only numbers can be multiplied, and every value is text")
        .help("turn it into a number first: (price | float) * 2")
}

pub fn loop_over_text(name: &str) -> Diagnostic {
    Diagnostic::new(&UNSUPPORTED, format!("`loop.{name}` is not known in a loop over the letters of a text"))
        .help("loop over what it is made of, | split(\",\"), or write | list behind it")
}

pub fn cycle_of_nothing() -> Diagnostic {
    Diagnostic::new(&UNSUPPORTED, "`loop.cycle` needs what it goes through in turn")
        .help("write it as loop.cycle(\"first\", \"second\")")
}

pub fn too_many_parts(most: usize) -> Diagnostic {
    Diagnostic::new(
        &UNSUPPORTED,
        format!("this is put together of more than {most} parts, each name counted as what it was made of"),
    )
    .help("write the values one after the other: {{ a }}{{ b }}")
}

/// A text in an order or a sum with a number.
pub fn text_beside_number(value: &str, number: &str) -> Diagnostic {
    let (value, filter) = (shorten(value), filter_for(number));
    Diagnostic::new(
        &TEXT_AND_NUMBER,
        format!("`{}` is a number, and `{value}` a text, as every value is", shorten(number)),
    )
    .help(format!("turn the text into a number first: {value} | {filter}"))
}

/// A text that is asked to be a number's equal.
pub fn text_and_number(value: &str, number: &str) -> Diagnostic {
    let (value, number, filter) = (shorten(value), shorten(number), filter_for(number));
    Diagnostic::new(
        &TEXT_AND_NUMBER,
        format!("`{number}` is a number, and never the same as `{value}`, which is a text, as every value is"),
    )
    .help(format!("put the number in quotes, or turn the text into a number first: {value} | {filter}"))
}

pub fn text_and_truth(value: &str, truth: &str) -> Diagnostic {
    let (value, truth) = (shorten(value), shorten(truth));
    Diagnostic::new(
        &TEXT_AND_NUMBER,
        format!("`{value}` is a text, as every value is, and never the same as `{truth}`"),
    )
    .help(format!("put what the text says in quotes: {value} == \"{truth}\""))
}

/// A text in a list of numbers.
pub fn text_among_numbers(value: &str, list: &str) -> Diagnostic {
    let value = shorten(value);
    Diagnostic::new(
        &TEXT_AND_NUMBER,
        format!("`{}` holds numbers, and never `{value}`, which is a text, as every value is", shorten(list)),
    )
    .help(format!("turn the text into a number first: {value} | int"))
}

/// A number in a list of texts.
pub fn number_among_texts(number: &str, list: &str) -> Diagnostic {
    let (number, list) = (shorten(number), shorten(list));
    Diagnostic::new(
        &TEXT_AND_NUMBER,
        format!("`{list}` holds texts, as every value is one, and never `{number}`, which is a number"),
    )
    .help(format!("put the number in quotes, or turn the texts into numbers first: {list} | map(\"int\")"))
}

/// A text of which is asked what can be said of numbers only.
pub fn text_as_number(value: &str, filter: &str) -> Diagnostic {
    let value = shorten(value);
    Diagnostic::new(&TEXT_AND_NUMBER, format!("`{value}` is a text, as every value is, and this is asked of numbers"))
        .help(format!("turn the text into a number first: {value} | {filter}"))
}

/// The same of a list.
pub fn texts_as_numbers(list: &str, filter: &str) -> Diagnostic {
    let list = shorten(list);
    Diagnostic::new(
        &TEXT_AND_NUMBER,
        format!("`{list}` holds texts, as every value is one, and this is asked of numbers"),
    )
    .help(format!("turn the texts into numbers first: {list} | map(\"{filter}\")"))
}

/// What makes a number such as this one of a text.
fn filter_for(number: &str) -> &'static str {
    if number.contains('.') && number.parse::<f64>().is_ok() { "float" } else { "int" }
}

/// `instead` is the same without a method, where there is such a thing.
pub fn method(name: &str, instead: Option<&str>, near: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::new(&METHOD, format!("values have no method `{}`", shorten(name)));
    match (instead, near) {
        (Some(instead), _) => diagnostic.help(format!("write it as: {}", shorten(instead))),
        (None, Some(near)) => diagnostic.help(format!("there is a filter: {{{{ name | {near} }}}}")),
        (None, None) => diagnostic.help("use a filter instead, such as {{ name | upper }}"),
    }
}

/// `slug` is what a column of such a name is offered as; how its header is written in the file is not known here.
pub fn hyphen(name: &str, slug: &str) -> Diagnostic {
    Diagnostic::new(&HYPHEN, format!("`{}` is read as a subtraction", shorten(name))).help(format!(
        "a column is offered with underscores: {{{{ {} }}}}, or as row[\"...\"] with its header as the file has it",
        shorten(slug)
    ))
}

pub fn stray_braces(wrong: &str, right: &str) -> Diagnostic {
    Diagnostic::new(&STRAY_BRACES, format!("`{wrong}` would be sent as it stands"))
        .help(format!("write `{right}`, without the blank"))
}

/// A single brace beside a template.
pub fn stray_brace(brace: &str) -> Diagnostic {
    Diagnostic::new(&STRAY_BRACES, format!("`{brace}` would be sent as it stands"))
        .help("take it away; a value is written {{ name }}")
}

pub fn never_opened(close: &str) -> Diagnostic {
    let open = if close == "}}" { "{{" } else { "{%" };
    Diagnostic::new(&STRAY_BRACES, format!("`{close}` closes what nothing opens"))
        .help(format!("put `{open}` before it, or take it away"))
}

pub fn single_braces(name: &str) -> Diagnostic {
    Diagnostic::new(&SINGLE_BRACES, format!("`{{{}}}` would be sent as it stands", shorten(name)))
        .help(format!("a value is written with two braces: {{{{ {} }}}}", shorten(name)))
}

/// A name that no row can have: neither a column nor a var.
pub fn unknown_name(name: &str, of_row: bool, near: Option<&str>, known: &[&str]) -> Diagnostic {
    let message = if of_row {
        format!("there is no column `{}`", shorten(name))
    } else {
        format!("`{}` is neither a column nor a var", shorten(name))
    };
    unknown(message, name, near, &format!("there are: {}", listed(known)))
}

/// A name that looks like another is not a misspelling that anybody could see.
fn unknown(message: String, name: &str, near: Option<&str>, otherwise: &str) -> Diagnostic {
    let diagnostic = Diagnostic::new(&UNKNOWN_NAME, message);
    match near.and_then(|near| unlike(name, near)) {
        Some(how) => diagnostic.help(how),
        None => meant(diagnostic, near, otherwise),
    }
}

/// The same, where some lists of the send have it.
pub fn unknown_name_in_list(name: &str, of_row: bool, list: &str, near: Option<&str>, known: &[&str]) -> Diagnostic {
    let message = if of_row {
        format!("the list `{list}` has no column `{}`", shorten(name))
    } else {
        format!("`{}` is neither a var nor a column of the list `{list}`", shorten(name))
    };
    let otherwise = format!("it has: {}; where it may be missing, write {}", listed(known), with_default(name, of_row));
    unknown(message, name, near, &otherwise)
}

pub fn value_missing(name: &str, of_row: bool) -> Diagnostic {
    let what = if of_row { "the column" } else { "the value" };
    Diagnostic::new(&VALUE_MISSING, format!("{what} `{}` is empty for this recipient", shorten(name)))
        .help(format!("fill it in, or write {} in the template", with_default(name, of_row)))
}

/// As a template says what stands for a value that is missing.
fn with_default(name: &str, of_row: bool) -> String {
    let name = shorten(name);
    let used = match name.contains('"') {
        _ if !of_row => name,
        true => format!("row['{name}']"),
        false => format!("row[\"{name}\"]"),
    };
    format!("{{{{ {used} | default(\"...\") }}}}")
}

pub fn out_of_fuel() -> Diagnostic {
    Diagnostic::new(&OUT_OF_FUEL, "the template takes too many steps").help("make its loops shorter")
}

pub fn out_of_fuel_before(rows: u32) -> Diagnostic {
    Diagnostic::new(
        &OUT_OF_FUEL,
        format!("the template takes too many steps: it did for {rows} rows before this one, and was not tried again"),
    )
    .help("make its loops shorter")
}

pub fn too_long() -> Diagnostic {
    Diagnostic::new(&TOO_LONG, "the text is longer than 64 KiB")
}

pub fn expression_too_long(bytes_max: usize) -> Diagnostic {
    Diagnostic::new(&TOO_LONG, format!("the expression is longer than {bytes_max} characters"))
        .help("make several of it, or put what it works out into a column")
}

pub fn too_many_statements(most: usize) -> Diagnostic {
    Diagnostic::new(&TOO_LONG, format!("the text has more than {most} `{{% %}}`"))
        .help("put what they work out into a column")
}

pub fn date_format(reason: &str) -> Diagnostic {
    Diagnostic::new(&DATE_FORMAT, reason.to_owned()).help("write it as parse_date(\"DD/MM/YYYY HH:mm\")")
}
