//! What the modes that mount need: root, `mount`, `losetup` and `mkfs.ext4`; and mounts that never outlive their use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a command of the system; its words are the error.
pub(crate) fn system(program: &str, args: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(args).output().map_err(|error| format!("{program} is needed: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{program} {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}

/// A mounted file system, unmounted when dropped.
pub(crate) struct Mount {
    pub(crate) at: PathBuf,
    _keep: tempfile::TempDir,
}

impl Mount {
    /// `mount ARGS FOLDER`, into a new folder.
    pub(crate) fn new(args: &[&str]) -> Result<Self, String> {
        let keep = tempfile::Builder::new().prefix("torture-mount-").tempdir().map_err(|error| error.to_string())?;
        let at = keep.path().join("fs");
        fs::create_dir(&at).map_err(|error| error.to_string())?;
        let mut all = args.to_vec();
        let shown = at.display().to_string();
        all.push(&shown);
        system("mount", &all).map_err(|fault| format!("this mode needs root and mounts: {fault}"))?;
        Ok(Self { at, _keep: keep })
    }

    pub(crate) fn image(image: &Path) -> Result<Self, String> {
        Self::new(&["-o", "loop", &image.display().to_string()])
    }

    pub(crate) fn tmpfs(kilobytes: u64) -> Result<Self, String> {
        Self::new(&["-t", "tmpfs", "-o", &format!("size={kilobytes}k"), "tmpfs"])
    }

    pub(crate) fn resize(&self, kilobytes: u64) -> Result<(), String> {
        system("mount", &["-o", &format!("remount,size={kilobytes}k"), &self.at.display().to_string()])
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let at = self.at.display().to_string();
        if system("umount", &[&at]).is_err() {
            let _ = system("umount", &["-l", &at]);
        }
    }
}
