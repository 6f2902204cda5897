//! `zapi-batch schema`: the JSON Schema of a manifest, from the same types that the walk in `shape` uses.

use serde_json::Value;

use super::raw::RawManifest;

/// The schema (2020-12) as pretty-printed JSON with a final newline.
pub fn schema() -> String {
    let mut text = format!("{:#}", value());
    text.push('\n');
    text
}

/// The schema as the walk in `shape` reads it.
pub(super) fn value() -> Value {
    schemars::schema_for!(RawManifest).to_value()
}
