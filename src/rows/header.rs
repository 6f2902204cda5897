//! The header: names, slugs, and which field is which variable.

use std::collections::HashMap;

use csv::StringRecord;
use unicode_ident::{is_xid_continue, is_xid_start};

use super::place::RawRow;
use crate::diagnostic::text::rows as text;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::recipient;

/// More columns than a spreadsheet has that a person filled in; a limit on what a hostile file can make us do.
const COLUMNS_MAX: usize = 4096;

/// The columns of a file, and how they can be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// As written, trimmed.
    pub(super) names: Vec<String>,
    /// Beside each name; empty for a blank one.
    pub(super) slugs: Vec<String>,
    /// The variables of `columns`, with the field of each.
    pub(super) variables: Vec<(String, usize)>,
    /// The variables of `columns` whose column there is not, which has been reported.
    pub(super) lacking: Vec<String>,
}

/// Two columns that cannot be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Twins {
    pub(super) first: usize,
    pub(super) second: usize,
}

impl Header {
    /// The columns that a file's first row names; what is wrong where it cannot be a header.
    pub(super) fn of(fields: &StringRecord, row: &RawRow<'_>) -> Result<Self, Box<Diagnostic>> {
        if fields.len() > COLUMNS_MAX {
            let found = text::too_many_columns(fields.len(), COLUMNS_MAX);
            return Err(Box::new(found.at(row.field(COLUMNS_MAX))));
        }
        match fields.iter().position(recipient::looks_like_one) {
            Some(index) => Err(Box::new(text::no_header().at(row.field(index)))),
            None => Ok(Self::new(fields.iter())),
        }
    }

    fn new<'a>(fields: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<String> = fields.map(|field| field.trim().to_owned()).collect();
        let slugs = names.iter().map(|name| slug(name)).collect();
        Self { names, slugs, variables: Vec::new(), lacking: Vec::new() }
    }

    /// A column exactly as it is written.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// A variable of `columns`, else a slug.
    pub(super) fn index_of(&self, name: &str) -> Option<usize> {
        let variable = self.variables.iter().find(|(variable, _)| variable == name).map(|(_, index)| *index);
        variable.or_else(|| self.slugs.iter().position(|slug| slug == name && !slug.is_empty()))
    }

    /// Columns with one slug: the same name twice, or names that differ in case, accents or blanks only.
    pub(super) fn twins(&self) -> Vec<Twins> {
        let mut first_of: HashMap<&str, usize> = HashMap::new();
        let mut twins = Vec::new();
        for (second, slug) in self.slugs.iter().enumerate().filter(|(_, slug)| !slug.is_empty()) {
            let first = *first_of.entry(slug).or_insert(second);
            if first != second {
                twins.push(Twins { first, second });
            }
        }
        twins
    }

    /// The column that is most likely the phone, for advice.
    pub(super) fn likely_phone(&self) -> Option<&str> {
        // The likelier before the others; of an export's columns about a phone, one holds the number.
        const WORDS: [&str; 20] = [
            "whatsapp",
            "celular",
            "mobile",
            "cell",
            "movil",
            "handy",
            "mobil",
            "mobiltelefon",
            "phone",
            "telefone",
            "telephone",
            "telefono",
            "telefon",
            "fone",
            "zap",
            "rufnummer",
            "tel",
            "numero",
            "contato",
            "grupo",
        ];
        const ABOUT: [&str; 9] = ["type", "label", "tipo", "verified", "opt", "optin", "consent", "status", "country"];
        let has = |slug: &str, words: &[&str]| slug.split('_').any(|word| words.contains(&word));
        let is_likely = |slug: &String, word: &str| has(slug, &[word]) && !has(slug, &ABOUT);
        let whole = WORDS.iter().find_map(|word| self.slugs.iter().position(|slug| is_likely(slug, word)));
        // `telefonecelular`, `Telefones`; not what only begins alike, such as `Phonetic Name`.
        let long = WORDS.iter().filter(|word| word.len() > 5);
        let within = || long.clone().find_map(|word| self.slugs.iter().position(|slug| slug.contains(word)));
        let index = whole.or_else(within)?;
        self.names.get(index).map(String::as_str)
    }

    /// All names, for messages.
    pub(super) fn listed(&self) -> String {
        const NAMES_MAX: usize = 20;
        let shown: Vec<String> = self
            .names
            .iter()
            .filter(|name| !name.is_empty())
            .take(NAMES_MAX)
            .map(|name| format!("`{}`", on_one_line(name.chars().take(40))))
            .collect();
        let more = self.names.len().saturating_sub(NAMES_MAX);
        if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
    }

    /// Reports columns that cannot be told apart, or cannot be named at all.
    pub(super) fn report(&self, row: &RawRow<'_>, diagnostics: &mut Diagnostics) {
        /// More than these are only counted, and a place in a long line is not free.
        const PLACED_MAX: usize = 100;
        for (count, twins) in self.twins().into_iter().enumerate() {
            let (first, second) = (&self.names[twins.first], &self.names[twins.second]);
            let place = |index| if count < 2 * PLACED_MAX { row.field(index) } else { row.beginning() };
            let first_place = place(twins.first);
            let found = if first == second {
                text::duplicate_header(second, first_place)
            } else {
                text::twin_header(second, first, &self.slugs[twins.second], first_place)
            };
            diagnostics.push(found.at(place(twins.second)));
        }
        let blank = (0..self.names.len()).filter(|index| self.names[*index].is_empty());
        for (count, index) in blank.enumerate() {
            let place = if count < PLACED_MAX { row.field(index) } else { row.beginning() };
            diagnostics.push(text::blank_header().at(place));
        }
    }
}

/// A name as a message can hold it.
fn on_one_line(name: impl Iterator<Item = char>) -> String {
    let mut shown = String::new();
    for c in name {
        if c.is_control() { shown.extend(c.escape_debug()) } else { shown.push(c) }
    }
    shown
}

/// The name by which a template can call a column: `Nome do grupo` -> `nome_do_grupo`, `Endereço` -> `endereco`, of what
/// the template language allows in a name. It cannot begin with a digit, so `2º nome` -> `_2o_nome`.
pub(super) fn slug(header: &str) -> String {
    let mut slug = String::new();
    for c in header.trim().chars().flat_map(char::to_lowercase) {
        match plain(c) {
            Some(letters) => slug.push_str(letters),
            // A combining accent belongs to the letter before it.
            None if ('\u{300}'..='\u{36F}').contains(&c) => {}
            None if c != '_' && is_xid_continue(c) => slug.push(c),
            None if slug.ends_with('_') || slug.is_empty() => {}
            None => slug.push('_'),
        }
    }
    let trimmed = slug.trim_end_matches('_');
    if trimmed.starts_with(|c: char| !is_xid_start(c)) { format!("_{trimmed}") } else { trimmed.to_owned() }
}

/// A letter without its accent.
fn plain(c: char) -> Option<&'static str> {
    let letters = match c {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' | 'ª' => "a",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' => "d",
        'é' | 'è' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'í' | 'ì' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' | 'º' => "o",
        'ř' => "r",
        'ś' | 'š' | 'ş' => "s",
        'ť' => "t",
        'ú' | 'ù' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'æ' => "ae",
        'œ' => "oe",
        'ß' => "ss",
        _ => return None,
    };
    Some(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for (header, expected) in [
            ("Nome do grupo", "nome_do_grupo"),
            ("Endereço", "endereco"),
            ("Endere\u{63}\u{327}o", "endereco"),
            ("  E-mail (pessoal) ", "e_mail_pessoal"),
            ("PHONE", "phone"),
            ("2º nome", "_2o_nome"),
            ("São  João -- Ação", "sao_joao_acao"),
            ("İlk", "ilk"),
            ("Имя", "имя"),
            ("दिनांक", "दिनांक"),
            ("名前", "名前"),
            ("Área (m²)", "area_m"),
            ("½ entrada", "entrada"),
            ("٣ اسم", "_٣_اسم"),
            ("---", ""),
            ("", ""),
        ] {
            assert_eq!(slug(header), expected, "{header}");
        }
    }

    #[test]
    fn columns_are_found_by_variable_then_by_slug() {
        let mut header = Header::new(["Celular", " Nome ", "nome", ""].into_iter());
        header.variables.push(("phone".to_owned(), 0));
        assert_eq!(header.index_of("phone"), Some(0));
        assert_eq!(header.index_of("celular"), Some(0));
        assert_eq!(header.index_of(""), None);
        assert_eq!(header.named("Nome"), Some(1));
        assert_eq!(header.twins(), [Twins { first: 1, second: 2 }]);
        assert_eq!(header.likely_phone(), Some("Celular"));
        for (columns, likely) in [
            ("First Name,Phonetic First Name,Phone 1 - Label,Phone 1 - Value", "Phone 1 - Value"),
            ("phone_verified,phone_number", "phone_number"),
            ("Phone opt-in,Phone Number", "Phone Number"),
            ("iPhone,Telefone celular", "Telefone celular"),
            ("Business Phone,Home Phone,Mobile Phone", "Mobile Phone"),
            ("Nome,Telefones", "Telefones"),
            ("Name,Mobiltelefon", "Mobiltelefon"),
            ("Name,Phonetic Name", ""),
        ] {
            let header = Header::new(columns.split(','));
            assert_eq!(header.likely_phone().unwrap_or_default(), likely, "{columns}");
        }
        assert_eq!(header.listed(), "`Celular`, `Nome`, `nome`");
    }
}
