//! The credentials of the manifest's instances: from the environment, else from an `.env` file.
//!
//! Says on stderr which file it read. Never shows a value; what is missing is named by its variable.

use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::failure::Failure;
use crate::instance::{Credentials, Instance};
use crate::manifest::{InstanceSpec, Manifest, MissingVariable, SecretText};
use crate::report::Stream;

/// Nobody's `.env` is larger.
const BYTES_MAX: u64 = 1024 * 1024;

/// What an `.env` file sets.
type Variables = HashMap<String, SecretString>;

/// Fills in the credentials of every instance, in the manifest's order. `env_file` is `--env-file`; without it the `.env`
/// beside the manifest is read if it is there. The environment wins.
pub(super) fn read(manifest: &Manifest, env_file: Option<&Path>) -> Result<Vec<Instance>, Failure> {
    let (file, variables) = match env_file {
        Some(path) => (Some(path.to_owned()), read_file(path)?),
        None => beside(&manifest.folder)?,
    };
    if let Some(file) = &file {
        Stream::Stderr.say(&format!("credentials: {} (the environment wins)\n", file.display()))?;
    }
    let lookup = |name: &str| {
        let set = env::var(name).ok().filter(|value| !value.trim().is_empty());
        set.or_else(|| variables.get(name).map(|value| value.expose_secret().to_owned()))
    };
    resolve(&manifest.instances, &lookup, file.as_deref())
}

fn beside(folder: &Path) -> Result<(Option<PathBuf>, Variables), Failure> {
    let path = folder.join(".env");
    if path.is_file() {
        read_file(&path).map(|variables| (Some(path), variables))
    } else {
        Ok((None, Variables::new()))
    }
}

fn read_file(path: &Path) -> Result<Variables, Failure> {
    let cannot = |why: String| Failure::refused(format!("{} cannot be read: {why}", path.display()));
    let found = path.metadata().map_err(|error| cannot(error.to_string()))?;
    if !found.is_file() {
        return Err(cannot("it is not a plain file".to_owned()));
    }
    if found.len() > BYTES_MAX {
        return Err(cannot("it is too large for a file of credentials".to_owned()));
    }
    let bytes = SecretSlice::from(std::fs::read(path).map_err(|error| cannot(error.to_string()))?);
    parse(bytes.expose_secret()).map_err(|fault| match fault {
        Fault::Entry(number) => cannot(format!("entry {number} is not NAME=value"))
            .help("a value with blanks, # or $ in it stands in single quotes: NAME='value'"),
        Fault::Encoding => cannot("it is not in UTF-8".to_owned()).help("save it as UTF-8"),
    })
}

enum Fault {
    /// The number of the entry, from 1. The library's own message would show the line, so the secret.
    Entry(usize),
    Encoding,
}

fn parse(bytes: &[u8]) -> Result<Variables, Fault> {
    // An editor's mark of the encoding.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.contains(&0) || std::str::from_utf8(bytes).is_err() {
        return Err(Fault::Encoding);
    }
    let mut variables = Variables::new();
    for (entry, number) in dotenvy::from_read_iter(bytes).zip(1..) {
        match entry {
            Ok((name, value)) => {
                variables.entry(name).or_insert_with(|| SecretString::from(value));
            }
            Err(_) => return Err(Fault::Entry(number)),
        }
    }
    Ok(variables)
}

/// What an instance's credential is called in the manifest.
#[derive(Debug, Clone, Copy)]
enum Role {
    Id,
    Token,
    ClientToken,
}

impl Role {
    fn key(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Token => "token",
            Self::ClientToken => "clientToken",
        }
    }
}

fn resolve(
    instances: &[InstanceSpec],
    lookup: &dyn Fn(&str) -> Option<String>,
    file: Option<&Path>,
) -> Result<Vec<Instance>, Failure> {
    let mut missing: Vec<String> = Vec::new();
    let mut variables: Vec<String> = Vec::new();
    let mut known = Vec::with_capacity(instances.len());
    for spec in instances {
        let mut credential = |text: &SecretText, role: Role| {
            text.resolve(lookup).unwrap_or_else(|MissingVariable { name, place }| {
                let line = place.span.map(|span| format!(" ({}:{})", place.file, span.line)).unwrap_or_default();
                missing.push(format!("{name} for {}.{}{line}", spec.name, role.key()));
                if !variables.contains(&name) {
                    variables.push(name);
                }
                SecretString::default()
            })
        };
        let credentials = Credentials {
            id: credential(&spec.id, Role::Id),
            token: credential(&spec.token, Role::Token),
            client_token: spec.client_token.as_ref().map(|text| credential(text, Role::ClientToken)),
        };
        known.push(Instance { name: std::sync::Arc::clone(&spec.name), credentials });
    }
    if missing.is_empty() {
        return distinct(known);
    }
    let place = file.map_or_else(|| ".env beside the manifest".to_owned(), |file| file.display().to_string());
    Err(Failure::refused(format!("credentials are missing: {}", missing.join("; ")))
        .help(format!("set {} in the environment or in {place}", variables.join(", "))))
}

/// The manifest sees that no two ids are written alike; that two variables hold the same one is seen only here.
fn distinct(instances: Vec<Instance>) -> Result<Vec<Instance>, Failure> {
    for (index, instance) in instances.iter().enumerate() {
        let fingerprint = instance.fingerprint();
        if let Some(twin) = instances[..index].iter().find(|other| other.fingerprint() == fingerprint) {
            let names = format!("the instances `{}` and `{}` have the same id", twin.name, instance.name);
            return Err(
                Failure::refused(names).help("one WhatsApp number is one instance; each needs an id of its own")
            );
        }
    }
    Ok(instances)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::manifest;

    const MANIFEST: &str = "\
version: 1
campaign: spring
timezone: UTC
instances:
  main: { id: \"${A_ID}\", token: \"${A_TOKEN}\", clientToken: \"${A_CLIENT}\" }
  second: { id: \"${B_ID}\", token: \"${A_TOKEN}\" }
events:
  launch: { name: Launch, dateTime: \"2030-01-01T10:00\" }
recipients:
  all: { list: [\"120363019502650977-group\"] }
";

    fn manifest(folder: &Path) -> Manifest {
        let path = folder.join("m.yaml");
        std::fs::write(&path, MANIFEST).unwrap();
        manifest::load(&path, &mut Diagnostics::new()).unwrap()
    }

    #[test]
    fn files_are_read_as_people_write_them() {
        let text = "# comment\nA_ID=abc\nexport A_TOKEN=\"with blank\"\r\nB_ID='x#y'\nA_ID=later\n\nEMPTY=\n";
        let Ok(variables) = parse(format!("\u{feff}{text}").as_bytes()) else { panic!("not read") };
        let value = |name: &str| variables[name].expose_secret().to_owned();
        assert_eq!((value("A_ID").as_str(), value("A_TOKEN").as_str()), ("abc", "with blank"));
        assert_eq!((value("B_ID").as_str(), value("EMPTY").as_str()), ("x#y", ""));
        assert!(matches!(parse("A=1\nno equals sign".as_bytes()), Err(Fault::Entry(2))));
        let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [&utf_16[..], b"A=\xE1\n"] {
            assert!(matches!(parse(bytes), Err(Fault::Encoding)));
        }
    }

    #[test]
    fn everything_that_is_missing_is_named_with_its_use() {
        let folder = tempfile::tempdir().unwrap();
        let instances = manifest(folder.path()).instances;
        let none = |_: &str| None;
        let failure = resolve(&instances, &none, None).unwrap_err();
        let shown = failure.to_string();
        for part in ["A_ID for main.id", "A_CLIENT for main.clientToken", "B_ID for second.id", "m.yaml:5", "A_TOKEN, "]
        {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let all = |name: &str| Some(format!("value-of-{name}"));
        let known = resolve(&instances, &all, None).unwrap();
        assert_eq!(known[1].credentials.id.expose_secret(), "value-of-B_ID");
        assert!(known[1].credentials.client_token.is_none());
    }

    #[test]
    fn two_variables_with_one_id_are_refused_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let instances = manifest(folder.path()).instances;
        let shown = resolve(&instances, &|_| Some("SECRET".to_owned()), None).unwrap_err().to_string();
        assert!(shown.contains("`main` and `second` have the same id") && !shown.contains("SECRET"), "{shown}");
    }

    #[test]
    fn a_bad_file_is_named_without_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("broken.env");
        std::fs::write(&path, "A_ID=ok\nSECRET-VALUE without equals\n").unwrap();
        let shown = read_file(&path).unwrap_err().to_string();
        assert!(shown.contains("entry 2") && !shown.contains("SECRET-VALUE"), "{shown}");
        assert!(read_file(folder.path()).unwrap_err().to_string().contains("plain file"));
        assert!(read_file(&folder.path().join("none.env")).is_err());
    }
}
