//! Texts that may hold `${VAR}`: the credentials under `instances`.
//!
//! The value is looked up by whoever sends, never here; `Debug` shows the names of variables and no text.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::diagnostic::Place;

/// A credential as written: text and environment variables in turn.
#[derive(Clone)]
pub struct SecretText {
    parts: Vec<Part>,
    place: Place,
}

#[derive(Clone)]
enum Part {
    Text(SecretString),
    Variable(String),
}

/// The environment has no such variable, or it is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingVariable {
    pub name: String,
    /// Of the credential in the manifest.
    pub place: Place,
}

/// Why a text with `${` in it cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VariableFault {
    /// `${` without `}`.
    Unclosed,
    /// What stands between the braces is no name: letters, digits and `_`, no digit first.
    BadName,
}

impl SecretText {
    /// Of a credential that is missing or faulty, which has been reported.
    pub(super) fn empty(place: Place) -> Self {
        Self { parts: Vec::new(), place }
    }

    /// Reads `${VAR}` in `text`.
    pub(super) fn parse(text: &str, place: Place) -> Result<Self, VariableFault> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            if start > 0 {
                parts.push(Part::Text(rest[..start].into()));
            }
            let end = rest[start..].find('}').ok_or(VariableFault::Unclosed)? + start;
            let name = &rest[start + 2..end];
            if !is_variable_name(name) {
                return Err(VariableFault::BadName);
            }
            parts.push(Part::Variable(name.to_owned()));
            rest = &rest[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.into()));
        }
        Ok(Self { parts, place })
    }

    /// The value with its variables filled in. Blanks around it, as a pasted token or a Windows `.env` file leaves them,
    /// are cut: no credential has any.
    pub fn resolve(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Result<SecretString, MissingVariable> {
        let mut value = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => value.push_str(text.expose_secret()),
                Part::Variable(name) => match lookup(name).filter(|found| !found.trim().is_empty()) {
                    Some(found) => value.push_str(&found),
                    None => return Err(MissingVariable { name: name.clone(), place: self.place.clone() }),
                },
            }
        }
        Ok(SecretString::from(value.trim()))
    }

    /// The environment variables it names.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Whether the secret itself stands in the manifest.
    pub(super) fn is_literal(&self) -> bool {
        self.variables().next().is_none()
    }

    /// Whether both are written alike, so that they come to the same wherever this is read.
    pub(super) fn is_written_like(&self, other: &Self) -> bool {
        let alike = |(one, other): (&Part, &Part)| match (one, other) {
            (Part::Text(one), Part::Text(other)) => one.expose_secret() == other.expose_secret(),
            (Part::Variable(one), Part::Variable(other)) => one == other,
            (Part::Text(_), Part::Variable(_)) | (Part::Variable(_), Part::Text(_)) => false,
        };
        !self.parts.is_empty()
            && self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(alike)
    }

    pub fn place(&self) -> &Place {
        &self.place
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretText").field(&self.variables().collect::<Vec<_>>()).finish()
    }
}

fn is_variable_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place::file(&"m.yaml".into())
    }

    #[test]
    fn variables_are_filled_in_and_never_shown() {
        let text = SecretText::parse("a-${ONE}${TWO}", place()).unwrap();
        assert_eq!(text.variables().collect::<Vec<_>>(), ["ONE", "TWO"]);
        assert!(!text.is_literal());
        let lookup = |name: &str| Some(format!("<{name}>"));
        assert_eq!(text.resolve(&lookup).unwrap().expose_secret(), "a-<ONE><TWO>");
        assert_eq!(text.resolve(&|_| None).unwrap_err().name, "ONE");
        assert_eq!(text.resolve(&|name| (name == "ONE").then(|| "1".into())).unwrap_err().name, "TWO");
        assert_eq!(format!("{text:?}"), r#"SecretText(["ONE", "TWO"])"#);
        assert_eq!(format!("{:?}", SecretText::parse("F3A9", place()).unwrap()), "SecretText([])");
    }

    #[test]
    fn faults_of_variables() {
        for (text, fault) in [
            ("${ONE", VariableFault::Unclosed),
            ("${}", VariableFault::BadName),
            ("${1A}", VariableFault::BadName),
            ("${A-B}", VariableFault::BadName),
            ("${A:-x}", VariableFault::BadName),
        ] {
            assert_eq!(SecretText::parse(text, place()).unwrap_err(), fault, "{text}");
        }
    }
}
