//! What a spreadsheet writes into a cell whose formula has failed, in the languages that it is used in here.

/// Whether a cell holds such an error, and nothing else.
pub(super) fn is_error(cell: &str) -> bool {
    may_be_error(cell) && ERRORS.contains(&cell.trim())
}

/// Whether it is worth a closer look.
pub(super) fn may_be_error(cell: &str) -> bool {
    cell.starts_with('#')
}

const ERRORS: [&str; 26] = [
    "#REF!",
    "#N/A",
    "#VALUE!",
    "#DIV/0!",
    "#NAME?",
    "#NULL!",
    "#NUM!",
    "#SPILL!",
    "#CALC!",
    "#ERROR!",
    // Portuguese
    "#N/D",
    "#VALOR!",
    "#NOME?",
    "#NÚM!",
    "#NULO!",
    "#DESPEJAR!",
    // Spanish
    "#¡REF!",
    "#¡VALOR!",
    "#¿NOMBRE?",
    "#¡NUM!",
    "#¡NULO!",
    "#¡DIV/0!",
    // German
    "#BEZUG!",
    "#WERT!",
    "#NV",
    "#ZAHL!",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_whole_cells() {
        for cell in ["#REF!", "#N/A", "#N/D", "#NÚM!", "#¿NOMBRE?", "#NV", "#DIV/0! "] {
            assert!(is_error(cell), "{cell}");
        }
        for cell in ["", "#", "#natal", "#N/A ou outro", "Sala #REF!", "n/a", "#n/a", "#1"] {
            assert!(!is_error(cell), "{cell}");
        }
    }
}
