//! Lists of any length are streamed: a large one costs little more memory than a small one.

use std::fmt::Write;
use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::world::World;

/// Runs `validate` to its end; its exit code, what it printed, and the most memory it ever had, in KiB.
pub fn validated(world: &World) -> (Option<i32>, String, u64) {
    let mut child = world.command(&["validate", "m.yaml"]).stdout(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        most = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(most);
        thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), most)
}

/// A million rows take at most 64 MiB; a fifth of them at most a fifth of what that leaves beside the program itself.
#[test]
fn two_hundred_thousand_rows_take_little_memory() {
    const ROWS: u64 = 200_000;
    const KIB_MAX: u64 = 30 * 1024;
    let world = World::new();
    world.campaign(1);
    let mut list = String::from("phone,label\n");
    for row in 0..ROWS {
        writeln!(list, "{}-group,Group {row}", 120_363_040_000_000_000 + row).unwrap();
    }
    world.write("list.csv", &list);
    let (code, said, most) = validated(&world);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("200000 messages"), "{said}");
    assert!((1..KIB_MAX).contains(&most), "{most} KiB");
    // Every row wrong: a hundred are shown, the rest is counted, and nothing is kept of it.
    world.write("list.csv", list.replace("-group", "@g.us"));
    let (code, said, most) = validated(&world);
    assert_eq!(code, Some(2));
    assert!(said.contains("E313 in list.csv: 200000 in all, the first 100 are shown"), "{said}");
    assert!((1..KIB_MAX).contains(&most), "{most} KiB");
}
