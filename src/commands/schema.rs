//! `schema`: the manifest's JSON Schema, for editors.

use super::failure::Failure;
use crate::exit::Exit;
use crate::manifest;
use crate::report::Stream;

pub(super) fn run() -> Result<Exit, Failure> {
    let schema =
        serde_json::to_string_pretty(&manifest::schema()).map_err(|error| Failure::refused(error.to_string()))?;
    Stream::Stdout.say(&(schema + "\n"))?;
    Ok(Exit::Done)
}
