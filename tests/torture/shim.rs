//! The preloaded library `shim.c`: compiled once a round, then told for each run what to count, break or write down.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::world::World;

/// The compiled library; removed when the program ends is not needed, it lives in cargo's own scratch folder.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture/shim.c");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("torture-shim-{}.so", std::process::id()));
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-o"])
            .args([&target, &source])
            .output()
            .expect("the torture program needs a C compiler called `cc`");
        assert!(compiled.status.success(), "shim.c: {}", String::from_utf8_lossy(&compiled.stderr));
        target
    })
}

/// Removes the compiled library at the end of a round.
pub(crate) fn clean() {
    let _ = fs::remove_file(library());
}

/// Preloads the shim into a run and tells it what to do, in the words of `shim.c`.
pub(crate) fn with(world: &World, mut command: Command, orders: &str) -> Command {
    let _ = fs::remove_file(page(world));
    command.env("LD_PRELOAD", library());
    command.env("TORTURE_SHIM", format!("root={},count={},{orders}", world.base().display(), page(world).display()));
    command
}

fn page(world: &World) -> PathBuf {
    world.out("page")
}

/// What the shim left behind: the calls it counted, and the path of the first one that it made fail.
pub(crate) struct Counted {
    pub(crate) calls: u64,
    pub(crate) failed: Option<String>,
}

pub(crate) fn counted(world: &World) -> Counted {
    let bytes = fs::read(page(world)).unwrap_or_default();
    let _ = fs::remove_file(page(world));
    let number = |at: usize| bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_ne_bytes);
    let path = bytes.get(16..).unwrap_or_default().split(|byte| *byte == 0).next().unwrap_or_default();
    let failed = (number(8) > 0).then(|| String::from_utf8_lossy(path).into_owned());
    Counted { calls: number(0), failed }
}
