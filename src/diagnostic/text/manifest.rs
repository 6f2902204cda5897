//! What is said about the text and the structure of a manifest: encodings, syntax, keys, kinds.
//!
//! What is said about its values stands in `values`, about templates and times in `template`.

use super::shorten;
use crate::diagnostic::Diagnostic;

codes! {
    UNREADABLE = "E001", "manifest cannot be read";
    ENCODING = "E002", "manifest is not text in a known encoding";
    CONTROL_CHARACTER = "E003", "control character in the manifest";
    SYNTAX = "E004", "YAML syntax";
    TAB = "E005", "tab in the indentation";
    EMPTY_FILE = "E006", "empty manifest";
    SEVERAL_DOCUMENTS = "E007", "several YAML documents";
    DUPLICATE_KEY = "E008", "duplicate key";
    ANCHOR = "E009", "YAML anchor or alias";
    TAG = "E010", "YAML tag";
    TOO_MUCH = "E011", "nested too deep, or too many values";
    UNKNOWN_KEY = "E012", "unknown key";
    WRONG_KIND = "E013", "wrong kind of value";
    MISSING_KEY = "E014", "missing key";
    NOT_ALLOWED = "E015", "value that is not allowed";
    CURLY_QUOTES = "E016", "typographic quotation mark";
    UNQUOTED_TEMPLATE = "E017", "template without quotes";
    KEY_NOT_TEXT = "E018", "key that is not text";
    EMPTY = "E019", "nothing in it";
}

pub fn unreadable(reason: &str) -> Diagnostic {
    Diagnostic::new(&UNREADABLE, format!("the manifest cannot be read: {reason}"))
        .help("look at the path and its permissions; `zapi-batch init` writes a manifest to begin with")
}

pub fn not_a_file(what: &str) -> Diagnostic {
    Diagnostic::new(&UNREADABLE, format!("the manifest is {what}, not a file")).help("name a YAML file")
}

pub fn too_large(bytes_max: u64) -> Diagnostic {
    let mib = bytes_max / (1024 * 1024);
    Diagnostic::new(&UNREADABLE, format!("the manifest is larger than {mib} MiB"))
        .help("move the recipients into a CSV and name it under `recipients`: a CSV may be of any size")
}

pub fn encoding() -> Diagnostic {
    Diagnostic::new(&ENCODING, "the manifest is not valid UTF-8").help("save it again as UTF-8")
}

pub fn control_character(character: char) -> Diagnostic {
    Diagnostic::new(
        &CONTROL_CHARACTER,
        format!("there is an invisible control character here (U+{:04X})", u32::from(character)),
    )
    .help("delete it; it often comes along when text is copied from another program")
}

pub fn syntax(message: &str) -> Diagnostic {
    if message.contains("trailing content") {
        return Diagnostic::new(&SYNTAX, "this is not valid YAML: the text in quotation marks has ended before this").help(
            "inside double quotes write `'` or `\\\"`, inside single quotes `''`; or was a quotation mark above never closed?",
        );
    }
    let diagnostic = Diagnostic::new(&SYNTAX, format!("this is not valid YAML: {message}"));
    if message.contains("mapping values") {
        diagnostic.help("a text with `: ` in it needs quotes around it, and keys of one level must stand in one column")
    } else if message.contains("quoted scalar") {
        diagnostic.help("a quotation mark was opened and never closed")
    } else if message.contains("unexpected character") {
        diagnostic.help("a text that begins with this character needs quotes around it")
    } else {
        diagnostic
            .help("look at this line and the one above: the indentation, a missing `:` or a missing quotation mark")
    }
}

pub fn escape(written: &str) -> Diagnostic {
    Diagnostic::new(&SYNTAX, format!("this is not valid YAML: there is no escape `{written}`"))
        .help("in double quotes a backslash begins an escape: put the text into single quotes, or write `\\\\` for a backslash")
}

pub fn tab_after_colon() -> Diagnostic {
    Diagnostic::new(&SYNTAX, "this is not valid YAML: there is a tab after the colon")
        .help("put a space between the colon and the value")
}

pub fn tab() -> Diagnostic {
    Diagnostic::new(&TAB, "the line is indented with a tab")
        .help("YAML is indented with spaces: replace each tab by two spaces")
}

pub fn empty_file() -> Diagnostic {
    Diagnostic::new(&EMPTY_FILE, "the manifest is empty").help("`zapi-batch init` writes one to start from")
}

pub fn several_documents() -> Diagnostic {
    Diagnostic::new(&SEVERAL_DOCUMENTS, "a second YAML document begins here")
        .help("a manifest is one document: put the second one into a file of its own")
}

pub fn duplicate_key(key: &str) -> Diagnostic {
    Diagnostic::new(&DUPLICATE_KEY, format!("`{key}` is set twice")).help("keep one of the two")
}

pub fn alias(written: &str) -> Diagnostic {
    Diagnostic::new(&ANCHOR, format!("`{}` is read as a YAML alias, which a manifest may not have", shorten(written)))
        .help("a text that begins with `*` needs quotes around it: \"*bold*\"; otherwise write the value out")
}

pub fn anchor() -> Diagnostic {
    Diagnostic::new(&ANCHOR, "YAML anchors (`&name`) are not allowed")
        .help("write the value out at each place; a text that begins with `&` needs quotes around it")
}

pub fn tag() -> Diagnostic {
    Diagnostic::new(&TAG, "YAML tags (`!name`) are not allowed")
        .help("leave the tag out; a text that begins with `!` needs quotes around it")
}

pub fn too_deep() -> Diagnostic {
    Diagnostic::new(&TOO_MUCH, "the manifest is nested too deep here")
        .help("no part of a manifest goes that deep: is a bracket too many?")
}

pub fn too_many_values() -> Diagnostic {
    Diagnostic::new(&TOO_MUCH, "the manifest holds too many values")
        .help("move the recipients into a CSV and name it under `recipients`: a CSV may be of any size")
}

pub fn too_many_texts(most: usize) -> Diagnostic {
    Diagnostic::new(&TOO_MUCH, format!("the events have more than {most} texts"))
        .help("make several manifests of it, or one event whose texts take their words from the recipients' columns")
}

/// `known` is what may stand there; `near` the one that was probably meant.
pub fn unknown_key(key: &str, near: Option<&str>, known: &[&str]) -> Diagnostic {
    let diagnostic = Diagnostic::new(&UNKNOWN_KEY, format!("unknown key `{}`", shorten(key)));
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("here may stand: {}", known.join(", "))),
    }
}

pub fn wrong_kind(what: &str, wanted: &str, found: &str) -> Diagnostic {
    Diagnostic::new(&WRONG_KIND, format!("`{}` must be {wanted}, and this is {found}", shorten(what)))
}

pub fn missing_key(key: &str, of: Option<&str>) -> Diagnostic {
    let message = match of {
        Some(of) => format!("`{}` has no `{key}`", shorten(of)),
        None => format!("the manifest has no `{key}`"),
    };
    Diagnostic::new(&MISSING_KEY, message).help(format!("add `{key}:`"))
}

pub fn not_allowed(what: &str, found: &str, near: Option<&str>, allowed: &[String]) -> Diagnostic {
    let message = format!("`{}` cannot be `{}`", shorten(what), shorten(found));
    let diagnostic = Diagnostic::new(&NOT_ALLOWED, message);
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("it is one of: {}", allowed.join(" "))),
    }
}

pub fn curly_quotes() -> Diagnostic {
    Diagnostic::new(&CURLY_QUOTES, "the text begins with a typographic quotation mark, which YAML takes for a letter")
        .help("use straight quotation marks (\"); typographic ones that people should see go inside them")
}

pub fn unquoted_template(written: &str) -> Diagnostic {
    let quote = if written.contains('"') && !written.contains('\'') { '\'' } else { '"' };
    let help = if shorten(written) == written {
        let inside = if quote == '"' { written.replace('"', "\\\"") } else { written.to_owned() };
        format!("write {quote}{inside}{quote}")
    } else {
        format!("write `{quote}` before and behind the whole text")
    };
    Diagnostic::new(&UNQUOTED_TEMPLATE, "a text that begins with a template needs quotes around it").help(help)
}

pub fn key_not_text() -> Diagnostic {
    Diagnostic::new(&KEY_NOT_TEXT, "a key must be a word").help("a list or a map cannot stand before the `:`")
}

/// Leaving the key out is not the way to send nothing, so that is not said.
pub fn empty_sends() -> Diagnostic {
    empty(
        "sends",
        "add a line `- { event: ..., to: [...] }` for each event; without the key, one event goes to every list",
    )
}

pub fn empty(what: &str, help: &str) -> Diagnostic {
    Diagnostic::new(&EMPTY, format!("`{}` is empty", shorten(what))).help(help)
}
