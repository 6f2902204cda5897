//! What is said about the values of a manifest: names, limits, references, lists, secrets.

use super::shorten;
use crate::diagnostic::Diagnostic;

codes! {
    VERSION = "E020", "unknown version of the manifest's format";
    NAME = "E021", "name with characters that names may not have";
    VARIABLE_NAME = "E022", "variable name that templates cannot use";
    VARIABLE_OUTSIDE = "E023", "environment variable outside `instances`";
    VARIABLE_SYNTAX = "E024", "environment variable that cannot be read";
    RATE = "E025", "rate that cannot be read";
    RANGE = "E026", "number out of range";
    DURATION = "E027", "duration that cannot be read";
    WINDOW = "E028", "window that cannot be read or is empty";
    MOMENT = "E029", "moment that cannot be read";
    MOMENTS_CROSSED = "E030", "`notAfter` is not after `notBefore`";
    UNKNOWN_EVENT = "E031", "unknown event";
    UNKNOWN_LIST = "E032", "unknown recipient list";
    UNKNOWN_INSTANCE = "E033", "unknown instance";
    SENDS_NEEDED = "E034", "several events and no `sends`";
    LIST_FORM = "E035", "recipient list that is neither a CSV nor a list, or both";
    CSV_PATH = "E036", "path of a CSV that is not allowed";
    RESULT_COLUMN = "E037", "results column that is not allowed";
    PHONE_EMPTY = "E038", "recipient without a phone";
    SAME_INSTANCE = "E039", "instance with the id of another";
    LITERAL_SECRET = "W001", "secret written in the manifest";
    NO_CLIENT_TOKEN = "W002", "instance without a client token";
    UNUSED_EVENT = "W003", "event that no send names";
    UNUSED_LIST = "W004", "recipient list that no send names";
    TEMPLATE_IN_DATA = "W005", "template in a value that is never rendered";
    NAMED_TWICE = "W006", "named twice";
    NOT_AFTER_PAST = "W007", "`notAfter` in the past";
    CUT_BY_COMMENT = "W008", "comment that may be the rest of a text";
}

pub fn version(found: i64) -> Diagnostic {
    Diagnostic::new(&VERSION, format!("this program reads version 1 of the manifest, and this one says {found}"))
        .help("write `version: 1`, or use a newer zapi-batch")
}

/// `what` is such as "the campaign's name"; `near` the same with the wrong characters replaced.
pub fn name(what: &str, found: &str, near: &str) -> Diagnostic {
    let message =
        format!("{what} `{}` may have only the letters a-z, digits and `-`, at most 64 of them", shorten(found));
    let diagnostic = Diagnostic::new(&NAME, message);
    if near.is_empty() { diagnostic } else { diagnostic.help(format!("for example `{near}`")) }
}

pub fn variable_name(found: &str, near: &str) -> Diagnostic {
    let message = format!(
        "`{}` cannot be used in a template: a variable has letters a-z, digits and `_`, no digit first",
        shorten(found)
    );
    let diagnostic = Diagnostic::new(&VARIABLE_NAME, message);
    if near.is_empty() { diagnostic } else { diagnostic.help(format!("for example `{near}`")) }
}

pub fn cut_by_comment(comment: &str) -> Diagnostic {
    let message = format!("`{}` is a comment, and no part of the text before it", shorten(comment));
    Diagnostic::new(&CUT_BY_COMMENT, message)
        .help("put quotes around the whole text, or a blank behind the `#` of a comment")
}

pub fn same_instance(name: &str, other: &str) -> Diagnostic {
    let message = format!("the instances `{}` and `{}` have the same id", shorten(other), shorten(name));
    Diagnostic::new(&SAME_INSTANCE, message)
        .help("one WhatsApp number is one instance; give this one its own id, or take it out")
}

pub fn variable_reserved(found: &str) -> Diagnostic {
    Diagnostic::new(&VARIABLE_NAME, format!("`{found}` means something else in templates"))
        .help("choose another name for the variable")
}

pub fn variable_outside(variable: &str) -> Diagnostic {
    Diagnostic::new(
        &VARIABLE_OUTSIDE,
        format!("`{}` is an environment variable, and those work under `instances` only", shorten(variable)),
    )
    .help("write the value itself, or a template such as {{ name }}")
}

pub fn variable_unclosed() -> Diagnostic {
    Diagnostic::new(&VARIABLE_SYNTAX, "`${` is never closed").help("write \"${NAME}\"")
}

pub fn variable_bad_name() -> Diagnostic {
    Diagnostic::new(
        &VARIABLE_SYNTAX,
        "between `${` and `}` must stand the name of an environment variable and nothing else",
    )
    .help("a name has letters, digits and `_`, such as \"${ZAPI_INSTANCE_TOKEN}\"")
}

pub fn credential_empty(key: &str) -> Diagnostic {
    Diagnostic::new(&VARIABLE_SYNTAX, format!("`{key}` is empty"))
        .help("write the name of an environment variable, such as \"${ZAPI_INSTANCE_TOKEN}\"")
}

pub fn literal_secret(key: &str, variable: &str) -> Diagnostic {
    Diagnostic::new(
        &LITERAL_SECRET,
        format!("`{key}` is a secret, and it stands here for everybody who can read the manifest"),
    )
    .help(format!(
        "write \"${{{variable}}}\", with its quotes, and put the secret into the environment or into a .env file that is not committed"
    ))
}

pub fn no_client_token(instance: &str) -> Diagnostic {
    Diagnostic::new(&NO_CLIENT_TOKEN, format!("instance `{instance}` has no `clientToken`"))
        .help("Z-API refuses every request without it, unless the check is switched off in the account")
}

pub fn rate(found: &str, near: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::new(&RATE, format!("`{}` is not a rate", shorten(found)));
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help("write 20/min, 2/s, 500/h or unlimited"),
    }
}

pub fn range(key: &str, found: &str, least: &str, most: &str) -> Diagnostic {
    Diagnostic::new(&RANGE, format!("`{key}` must be from {least} to {most}, and this is {found}"))
}

pub fn duration(key: &str, found: &str, near: Option<String>) -> Diagnostic {
    let diagnostic = Diagnostic::new(
        &DURATION,
        format!("`{key}` must be a number of seconds such as 30s, and this is `{}`", shorten(found)),
    );
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}

pub fn window_days(found: &str, near: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::new(&WINDOW, format!("`{}` is not a day of the week", shorten(found)));
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => {
            diagnostic.help("write mon, tue, wed, thu, fri, sat, sun, a range such as mon-fri, or several with commas")
        }
    }
}

pub fn window_time(key: &str, found: &str) -> Diagnostic {
    Diagnostic::new(&WINDOW, format!("`{key}` must be a time of day, and this is `{}`", shorten(found)))
        .help("write it as 09:00 or 18:30, from 00:00 to 24:00")
}

pub fn window_empty(time: &str) -> Diagnostic {
    Diagnostic::new(&WINDOW, format!("the window is empty: it opens and closes at {time}"))
        .help("for the whole day write from: \"00:00\", to: \"24:00\"")
}

pub fn window_from_end() -> Diagnostic {
    Diagnostic::new(&WINDOW, "a window cannot open at 24:00, the end of its day")
        .help("write from: \"00:00\", and the day after under `days`")
}

pub fn window_without_zone() -> Diagnostic {
    Diagnostic::new(&WINDOW, "the window has no timezone, and neither has the manifest")
        .help("add `timezone: America/Sao_Paulo` (or your own) to the manifest or to the window")
}

pub fn moment(key: &str, found: &str) -> Diagnostic {
    Diagnostic::new(&MOMENT, format!("`{key}` must be a date with a time, and this is `{}`", shorten(found)))
        .help("write it as 2026-12-01T09:00")
}

pub fn moment_without_zone(key: &str) -> Diagnostic {
    Diagnostic::new(&MOMENT, format!("`{key}` has neither an offset nor a timezone"))
        .help("add `timezone:` to the manifest, or an offset such as 2026-12-01T09:00-03:00")
}

pub fn moment_too_late(key: &str, found: &str) -> Diagnostic {
    Diagnostic::new(&MOMENT, format!("`{key}`: `{}` lies behind the year 9999", shorten(found)))
        .help("write an earlier date")
}

pub fn moment_in_zone(key: &str, reason: &str) -> Diagnostic {
    Diagnostic::new(&MOMENT, format!("`{key}`: {reason}"))
}

pub fn moments_crossed() -> Diagnostic {
    Diagnostic::new(&MOMENTS_CROSSED, "`notAfter` is not after `notBefore`, so nothing could ever be sent")
}

/// No error: a campaign that is done is still valid.
pub fn not_after_past() -> Diagnostic {
    Diagnostic::new(&NOT_AFTER_PAST, "`notAfter` has passed, so nothing is sent any more")
        .help("choose a later moment, if the campaign is not over")
}

pub fn unknown_event(found: &str, near: Option<&str>, known: &[&str]) -> Diagnostic {
    unknown(Diagnostic::new(&UNKNOWN_EVENT, format!("there is no event `{}`", shorten(found))), near, "events", known)
}

pub fn unknown_list(found: &str, near: Option<&str>, known: &[&str]) -> Diagnostic {
    unknown(
        Diagnostic::new(&UNKNOWN_LIST, format!("there is no recipient list `{}`", shorten(found))),
        near,
        "recipients",
        known,
    )
}

pub fn unknown_instance(found: &str, near: Option<&str>, known: &[&str]) -> Diagnostic {
    unknown(
        Diagnostic::new(&UNKNOWN_INSTANCE, format!("there is no instance `{}`", shorten(found))),
        near,
        "instances",
        known,
    )
}

fn unknown(diagnostic: Diagnostic, near: Option<&str>, block: &str, known: &[&str]) -> Diagnostic {
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("`{block}` has: {}", super::template::listed(known))),
    }
}

pub fn sends_needed(events: usize) -> Diagnostic {
    Diagnostic::new(&SENDS_NEEDED, format!("the manifest has {events} events and no `sends` that says who gets which"))
        .help("add `sends:` with a line `- { event: ..., to: [...] }` for each")
}

pub fn list_neither(name: &str) -> Diagnostic {
    Diagnostic::new(&LIST_FORM, format!("`{name}` names no recipients"))
        .help("add `csv:` with a file, or `list:` with recipients")
}

pub fn list_both(name: &str) -> Diagnostic {
    Diagnostic::new(&LIST_FORM, format!("`{name}` has both `csv` and `list`")).help("make two lists of it")
}

pub fn csv_option(key: &str) -> Diagnostic {
    Diagnostic::new(&LIST_FORM, format!("`{key}` belongs to a CSV, and this is a list written in the manifest"))
        .help("take it away")
}

pub fn csv_path(found: &str, reason: &str, help: &str) -> Diagnostic {
    Diagnostic::new(&CSV_PATH, format!("`{}` {reason}", shorten(found))).help(help)
}

pub fn phone_empty() -> Diagnostic {
    Diagnostic::new(&PHONE_EMPTY, "the recipient's phone is empty").help("write a phone number or a group id")
}

pub fn result_column(found: &str, reason: &str) -> Diagnostic {
    Diagnostic::new(&RESULT_COLUMN, format!("the results cannot have a column `{}`: {reason}", shorten(found)))
}

pub fn result_column_unknown(found: &str, near: Option<&str>, known: &[&str]) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(&RESULT_COLUMN, format!("no recipient list has a column `{}` for the results", shorten(found)));
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("there are: {}", super::template::listed(known))),
    }
}

pub fn unused_event(id: &str) -> Diagnostic {
    Diagnostic::new(&UNUSED_EVENT, format!("no send names the event `{id}`: nobody will get it"))
        .help("name it under `sends`, or take it away")
}

pub fn unused_list(name: &str) -> Diagnostic {
    Diagnostic::new(&UNUSED_LIST, format!("no send names the list `{name}`: nobody on it will get anything"))
        .help("name it under `to`, or take it away")
}

pub fn template_in_data(name: &str) -> Diagnostic {
    Diagnostic::new(
        &TEMPLATE_IN_DATA,
        format!("`{}` would be sent with the braces: values are data and never rendered", shorten(name)),
    )
    .help("put the template into the event's text instead")
}

pub fn named_twice(name: &str) -> Diagnostic {
    Diagnostic::new(&NAMED_TWICE, format!("`{}` is named twice", shorten(name))).help("once is enough")
}
