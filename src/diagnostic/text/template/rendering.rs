//! What is said where a template cannot be rendered: the reason is often the engine's own, the help is ours.

use super::super::shorten;
use super::CANNOT_RENDER;
use crate::diagnostic::Diagnostic;

/// The engine hands a filter's fault on as a text: these words are what tells one from others.
const NOT_A_DATE: &str = "is not a date written as";
const NOT_A_NUMBER: &str = "is not a number";

/// A reason for [`cannot_render`], where the engine itself is at fault.
pub const ENGINE_FAILED: &str = "the template engine failed";

/// What stands in a reason, and what to do about it. The first that fits.
const HELP: &[(&str, &str)] = &[
    (NOT_A_DATE, "write the date in the list that way, or another format in the template"),
    (
        NOT_A_NUMBER,
        "write it with digits and a point before the decimals, or say what counts instead: int(0), float(0)",
    ),
    (ENGINE_FAILED, "write it in another way; it is a fault of the program, and worth a report"),
    ("too many arguments", "a filter, a test or a function is given more than it takes: take some of it away"),
    ("missing argument", "a filter, a test or a function is given less than it takes, which is replace(\"a\", \"b\")"),
    ("filter name", "map names a filter in quotes: map(\"upper\")"),
    ("unknown filter", "map names a filter that there is, in quotes: map(\"upper\")"),
    ("unknown test", "select and reject name a test that there is, in quotes: select(\"startingwith\", \"A\")"),
    ("keyword argument", "most filters take their values in order, without names: replace(\"a\", \"b\")"),
    ("undefined", "there is no such part of it; say what stands for it: | default(\"...\")"),
    ("unable to calculate", "nothing can be divided by 0, and no number is longer than 38 digits"),
    (
        "operator on unsupported types",
        "only numbers are computed with, which | int makes of texts; texts are joined with ~",
    ),
    ("value is not iterable", "several names take pairs apart: for key, value in row | items"),
    ("into pair", "only what has keys has pairs: row | items"),
    ("zip filter", "zip takes lists, which | split(\",\") makes of texts"),
    ("is not iterable", "only a list can be gone through, which | split(\",\") makes of a text"),
    ("value to list", "only a list has an order, which | split(\",\") makes of a text"),
    ("cannot reverse", "only texts and lists can be turned round"),
    ("item from value", "only texts and lists have a first and a last"),
    ("calculate length", "only texts and lists have a length; | string makes a text of a number"),
    ("be sliced", "only texts and lists have parts; | string makes a text of a number"),
    ("step", "leave the step away, or write another than 0"),
    ("to i", "a number is wanted there: write it without quotes, or put | int behind it"),
    ("to u", "a number that is not below 0 is wanted there: write it without quotes, or put | int behind it"),
    ("to bool", "true or false is wanted there, without quotes"),
    ("not a string", "a text is wanted there, which | string makes of a number"),
    ("to string", "a text is wanted there, which | string makes of a number"),
    ("too many elements", "make the range shorter"),
    ("containment check", "behind `in` stands a text or a list"),
    ("cannot round", "only a number can be rounded, which | float makes of a text"),
    ("absolute value", "only a number has one, which | float makes of a text"),
    ("only sum numbers", "numbers of texts are made with | map(\"int\")"),
    ("ceil or floor", "write it as round(2, \"floor\")"),
    ("has no method", "a loop has loop.cycle(\"a\", \"b\") and loop.changed(name)"),
    ("too long", "let the filters make less of it"),
    ("invalid operation", "only numbers have a sign, and dict takes names: dict(a=1)"),
];

pub fn cannot_render(reason: &str) -> Diagnostic {
    let diagnostic = Diagnostic::new(&CANNOT_RENDER, format!("the template cannot be rendered: {reason}"));
    match HELP.iter().find(|(part, _)| reason.contains(part)) {
        Some((_, help)) => diagnostic.help(*help),
        None => diagnostic,
    }
}

/// A reason for [`cannot_render`].
pub fn not_a_date(written: &str, format: &str) -> String {
    format!("`{written}` {NOT_A_DATE} {format}")
}

/// A reason for [`cannot_render`].
pub fn not_a_number(written: &str) -> String {
    format!("`{}` {NOT_A_NUMBER}", shorten(written))
}
