//! Codes and words for files of rows: E2xx and W2xx.

use super::{in_yaml, shorten, unlike};
use crate::diagnostic::{Code, Diagnostic, Place};

const UNREADABLE: Code = Code { id: "E201", title: "list cannot be read" };
const NOT_A_FILE: Code = Code { id: "E202", title: "list is no plain file" };
const OUTSIDE: Code = Code { id: "E203", title: "list outside of the manifest's folder" };
const WORKBOOK: Code = Code { id: "E204", title: "workbook or web page instead of a CSV" };
const ENCODING: Code = Code { id: "E205", title: "broken encoding" };
const EMPTY_FILE: Code = Code { id: "E206", title: "empty file" };
const NO_HEADER: Code = Code { id: "E207", title: "no header" };
const DUPLICATE_HEADER: Code = Code { id: "E208", title: "duplicate header" };
const TWIN_HEADER: Code = Code { id: "E209", title: "headers with one name" };
const NO_COLUMN: Code = Code { id: "E210", title: "no such column" };
const NO_PHONE: Code = Code { id: "E211", title: "no column for the recipient" };
const RAGGED: Code = Code { id: "E212", title: "too many or too few fields" };
const UNCLOSED_QUOTE: Code = Code { id: "E213", title: "quote that never closes" };
const AFTER_QUOTE: Code = Code { id: "E214", title: "text after a closing quote" };
const NUL: Code = Code { id: "E215", title: "NUL character" };
const LONG_FIELD: Code = Code { id: "E216", title: "field too long" };
const LONG_LINE: Code = Code { id: "E217", title: "line too long" };
const TOO_MANY_COLUMNS: Code = Code { id: "E218", title: "too many columns" };
const NO_ROWS: Code = Code { id: "E219", title: "list without rows" };
const DOUBTFUL_QUOTE: Code = Code { id: "E220", title: "quote that may have swallowed rows" };
const WINDOWS_1252: Code = Code { id: "W201", title: "list is not UTF-8" };
const BLANK_HEADER: Code = Code { id: "W202", title: "column without a name" };
const ROW_WITHIN_TEXT: Code = Code { id: "W203", title: "line of a text that looks like a row" };
const ERROR_OF_SPREADSHEET: Code = Code { id: "W204", title: "spreadsheet's error in a cell" };
const ENCODED_TWICE: Code = Code { id: "W205", title: "letters that were encoded twice" };

pub const CODES: &[&Code] = &[
    &UNREADABLE,
    &NOT_A_FILE,
    &OUTSIDE,
    &WORKBOOK,
    &ENCODING,
    &EMPTY_FILE,
    &NO_HEADER,
    &DUPLICATE_HEADER,
    &TWIN_HEADER,
    &NO_COLUMN,
    &NO_PHONE,
    &RAGGED,
    &UNCLOSED_QUOTE,
    &AFTER_QUOTE,
    &NUL,
    &LONG_FIELD,
    &LONG_LINE,
    &TOO_MANY_COLUMNS,
    &NO_ROWS,
    &DOUBTFUL_QUOTE,
    &WINDOWS_1252,
    &BLANK_HEADER,
    &ROW_WITHIN_TEXT,
    &ERROR_OF_SPREADSHEET,
    &ENCODED_TWICE,
];

/// Why a row of a list without a column for the recipient is nobody's.
pub const UNNAMED: &str = "the list has no column for the recipient";

pub fn unreadable(file: &str, error: &std::io::Error) -> Diagnostic {
    let (message, help) = match error.kind() {
        std::io::ErrorKind::NotFound => (
            format!("there is no file {file}"),
            "the path counts from the manifest's folder; upper and lower case matter",
        ),
        std::io::ErrorKind::PermissionDenied => {
            (format!("{file} may not be read by you"), "give yourself the right to read it")
        }
        _ => (format!("{file} cannot be read: {error}"), "see whether the disk and the file are in order"),
    };
    Diagnostic::new(&UNREADABLE, message).help(help)
}

/// Between the look at its header and its last row.
pub fn changed(file: &str) -> Diagnostic {
    Diagnostic::new(&UNREADABLE, format!("{file} changed while it was read"))
        .help("run the command again once nothing writes to it any more")
}

pub fn not_a_file(file: &str, what: &str) -> Diagnostic {
    Diagnostic::new(&NOT_A_FILE, format!("{file} is {what}, not a plain file")).help("name a CSV file")
}

pub fn outside(file: &str) -> Diagnostic {
    Diagnostic::new(&OUTSIDE, format!("{file} leads out of the manifest's folder"))
        .help("put the list into the manifest's folder or below it; a link may not lead out of it")
}

pub fn workbook(file: &str) -> Diagnostic {
    Diagnostic::new(&WORKBOOK, format!("{file} is a spreadsheet's workbook, not a CSV"))
        .help("open it in the spreadsheet and save it as `CSV UTF-8`")
}

pub fn web_page(file: &str) -> Diagnostic {
    Diagnostic::new(&WORKBOOK, format!("{file} is a web page, not a CSV"))
        .help("open it in a spreadsheet and save it as `CSV UTF-8`, or choose CSV where it is exported")
}

pub fn encoding() -> Diagnostic {
    Diagnostic::new(&ENCODING, "the file holds bytes that are no text in the encoding of the rest")
        .help("save the file again as `CSV UTF-8`, then look at the letters with accents")
}

pub fn empty_file(file: &str) -> Diagnostic {
    Diagnostic::new(&EMPTY_FILE, format!("{file} is empty")).help("write a header with a column `phone`, then the rows")
}

pub fn no_header() -> Diagnostic {
    Diagnostic::new(&NO_HEADER, "the first row holds a recipient where a header should stand")
        .help("put a row with the names of the columns above it, such as `phone,name`")
}

pub fn duplicate_header(name: &str, first: Place) -> Diagnostic {
    Diagnostic::new(&DUPLICATE_HEADER, format!("there are two columns `{}`", shorten(name)))
        .help("rename one of them")
        .related(first, "first used here")
}

pub fn twin_header(name: &str, other: &str, slug: &str, first: Place) -> Diagnostic {
    let message = format!("columns `{}` and `{}` are both called `{slug}` in templates", shorten(other), shorten(name));
    Diagnostic::new(&TWIN_HEADER, message).help("rename one of them").related(first, "the other one")
}

/// A column that the manifest names and the file does not have; `headers` lists those it has.
pub fn no_column(column: &str, file: &str, headers: &str, nearest: Option<&str>) -> Diagnostic {
    let help = match nearest {
        Some(nearest) => unlike(column, nearest)
            .unwrap_or_else(|| format!("did you mean `{}`? its columns are {headers}", shorten(nearest))),
        None => format!("its columns are {headers}"),
    };
    Diagnostic::new(&NO_COLUMN, format!("{file} has no column `{}`", shorten(column))).help(help)
}

/// A header that is one column because its separator is not the one that the manifest names.
pub fn wrong_delimiter(file: &str, header: &str, separator: char) -> Diagnostic {
    let name = if separator == '\t' { "tab".to_owned() } else { separator.to_string() };
    one_column(file, header).help(format!("write `delimiter: \"{name}\"`, or leave `delimiter` away: it is found out"))
}

/// A header that is one column because its separator is not the one that the file's first line names.
pub fn wrong_sep_line(file: &str, header: &str, separator: char) -> Diagnostic {
    let name = if separator == '\t' { "a tab".to_owned() } else { format!("`{separator}`") };
    one_column(file, header)
        .help(format!("take away the file's first line, `sep=`: it names another separator than {name}"))
}

fn one_column(file: &str, header: &str) -> Diagnostic {
    Diagnostic::new(
        &NO_PHONE,
        format!("{file} has no column for the recipient: its header is read as the one column `{}`", shorten(header)),
    )
}

/// `headers` lists the names that there are, `likely` is the one of them that is most likely meant; `named` is how many
/// `columns` the manifest names.
pub fn no_phone(file: &str, headers: &str, likely: Option<&str>, named: usize) -> Diagnostic {
    // What is pasted has to name the column whole.
    let column = likely.map_or_else(|| "...".to_owned(), in_yaml);
    let written = match named {
        0 => format!("`columns: {{ phone: {column} }}`"),
        _ => format!("`phone: {column}` under `columns`"),
    };
    let help = match likely {
        Some(_) => format!("did you mean {written}? its columns are {headers}"),
        None => format!(
            "say which one it is with {written}; its columns are {headers}; if the header stands further down, take out what is above it"
        ),
    };
    Diagnostic::new(&NO_PHONE, format!("{file} has no column `phone`")).help(help)
}

/// `is_blank` says that what is too many is empty.
pub fn ragged(fields: usize, expected: usize, is_blank: bool) -> Diagnostic {
    let has = if fields == 1 { "1 field".to_owned() } else { format!("{fields} fields") };
    let help = if fields > expected && is_blank {
        "take the separator away at the end of the row"
    } else if fields > expected {
        "a text that holds the separator needs quotes around it"
    } else {
        "write the separator for empty fields too, or give the row what it lacks"
    };
    Diagnostic::new(&RAGGED, format!("the row has {has}, the header has {expected}")).help(help)
}

pub fn unclosed_quote() -> Diagnostic {
    Diagnostic::new(&UNCLOSED_QUOTE, "the quote that opens here never closes")
        .help("close it at the end of the field, or take it out; a quote within a quoted text is written twice")
}

/// `row` is a line after the quote that looks like a row.
pub fn doubtful_quote(row: Place) -> Diagnostic {
    Diagnostic::new(&DOUBTFUL_QUOTE, "the lines after this quote may be rows, or belong to one text: both can be read")
        .help("if they are rows, take the quote out; if they are a text, write its lines without the separator")
        .related(row, "this line looks like a row of its own")
}

pub fn row_within_text() -> Diagnostic {
    Diagnostic::new(&ROW_WITHIN_TEXT, "the line looks like a row, and lies within a quoted text: it is not read as one")
        .help("if it is a row, a quote above it was not closed; if it belongs to the text, all is well")
}

/// A cell that a text uses, and whose formula has failed.
pub fn error_of_spreadsheet(cell: &str, column: &str) -> Diagnostic {
    let message = format!(
        "`{}` in the column `{}` is a spreadsheet's error, and goes into the text as it is",
        shorten(cell),
        shorten(column)
    );
    Diagnostic::new(&ERROR_OF_SPREADSHEET, message)
        .help("mend the formula in the spreadsheet, or write the text, then export")
}

pub fn after_quote() -> Diagnostic {
    Diagnostic::new(&AFTER_QUOTE, "there is text after the closing quote of a field")
        .help("a quote within a quoted text is written twice: `\"Bar \"\"Zé\"\"\"`")
}

pub fn nul() -> Diagnostic {
    Diagnostic::new(&NUL, "the row holds a NUL character").help("save the file again from the program it came from")
}

pub fn long_field(bytes_max: usize) -> Diagnostic {
    Diagnostic::new(&LONG_FIELD, format!("the field is longer than {} KiB", bytes_max / 1024))
        .help("shorten it; if it should be several fields, see whether a quote is missing")
}

pub fn long_line(bytes_max: usize) -> Diagnostic {
    Diagnostic::new(&LONG_LINE, format!("the line is longer than {} MiB", bytes_max / (1024 * 1024)))
        .help("see whether this is a CSV at all, and whether its lines end")
}

pub fn too_many_columns(columns: usize, most: usize) -> Diagnostic {
    Diagnostic::new(&TOO_MANY_COLUMNS, format!("the header has {columns} columns, and a list may have {most}"))
        .help("leave out what the event does not use; see whether this is a CSV at all")
}

pub fn windows_1252() -> Diagnostic {
    Diagnostic::new(&WINDOWS_1252, "the file is not UTF-8: it is read as Windows-1252, as Excel writes it")
        .help("see whether the accents are right in `plan`; better, save it as `CSV UTF-8`")
}

pub fn encoded_twice() -> Diagnostic {
    Diagnostic::new(&ENCODED_TWICE, "letters with accents seem to have been spoilt before, as in `JoÃ£o` for `João`")
        .help("export the list again as `CSV UTF-8` from where it came from, then look at the texts in `plan`")
}

pub fn blank_header() -> Diagnostic {
    Diagnostic::new(&BLANK_HEADER, "the column has no name, so nothing can use it").help("name it, or take it out")
}

pub fn no_rows(file: &str) -> Diagnostic {
    Diagnostic::new(&NO_ROWS, format!("{file} has a header and no rows"))
        .help("did the export go wrong? A list that is not needed any more is taken out of the manifest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_unique() {
        assert!(CODES.windows(2).all(|pair| pair[0].id < pair[1].id));
    }
}
