//! `schema`: the manifest's JSON Schema, for editors.

use super::failure::Failure;
use crate::exit::Exit;
use crate::manifest;
use crate::report::Stream;

pub(super) fn run() -> Result<Exit, Failure> {
    Stream::Stdout.say(&format!("{}\n", manifest::schema().trim_end()))?;
    Ok(Exit::Done)
}
