//! `zapi-batch schema` and the walk over a manifest come from the same types, and agree: the schema accepts what is
//! valid, and refuses what a schema can refuse. Editors show what it says while a manifest is written.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use zapi_batch::diagnostic::Diagnostics;
use zapi_batch::{expand, manifest};

use crate::world::World;

/// What a schema can see: keys, kinds, what must be there, what a value may be.
const IN_THE_SCHEMA: [&str; 8] = ["E012", "E013", "E014", "E015", "E019", "E020", "E022", "E035"];
/// What it sees in part: ranges and patterns are in the schema, what they mean is not.
const PARTLY: [&str; 12] =
    ["E006", "E011", "E021", "E024", "E025", "E026", "E027", "E028", "E037", "E120", "E121", "E122"];

fn validator() -> jsonschema::Validator {
    let text = World::new().run(&["schema"]).expect(0).stdout;
    let schema: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

/// The manifest as an editor's YAML support hands it to a schema; `None` when it is no YAML of one document, or has
/// what JSON has not, such as one key twice.
fn as_json(path: &Path) -> Option<Value> {
    serde_yaml::from_str(&fs::read_to_string(path).ok()?).ok()
}

fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect()
}

/// The codes of a manifest's faults, those of its rows included.
fn codes(path: &Path) -> Vec<&'static str> {
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let mut diagnostics = Diagnostics::new();
    if let Some(manifest) = manifest::load_at(path, now, &mut diagnostics) {
        expand::expand(&manifest, now, &mut diagnostics, &mut |_| Ok(())).unwrap();
    }
    diagnostics.by_code().into_keys().collect()
}

#[test]
fn valid_manifests_are_accepted() {
    let validator = validator();
    let manifests = yaml_files("manifests");
    assert!(manifests.len() >= 3);
    for path in &manifests {
        let value = as_json(path).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{} {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    }
}

#[test]
fn invalid_manifests_are_refused_where_a_schema_can() {
    let validator = validator();
    let mut wrong = Vec::new();
    let mut refused = 0;
    for path in yaml_files("tests/manifests/invalid") {
        let Some(value) = as_json(&path) else { continue };
        let found = codes(&path);
        let must = found.iter().any(|code| IN_THE_SCHEMA.contains(code));
        let may = must || found.iter().any(|code| PARTLY.contains(code));
        let is_valid = validator.is_valid(&value);
        refused += usize::from(!is_valid);
        if (must && is_valid) || (!may && !is_valid) {
            let why: Vec<String> =
                validator.iter_errors(&value).map(|error| format!("{} {error}", error.instance_path())).collect();
            wrong.push(format!("{} {found:?}: valid {is_valid} {why:?}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused >= 25, "only {refused}");
}
