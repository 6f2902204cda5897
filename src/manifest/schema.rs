//! `zapi-batch schema`: the JSON Schema of a manifest, from the same types that the walk in `shape` uses.

/// The schema (2020-12) as pretty-printed JSON with a final newline.
pub fn schema() -> String {
    todo!()
}
