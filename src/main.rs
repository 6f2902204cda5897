//! Doorway: parse, run, return the exit code.

fn main() {}
