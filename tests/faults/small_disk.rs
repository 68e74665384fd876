//! A file system of a few megabytes, in memory.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system in memory; gone when dropped.
#[derive(Debug)]
pub(crate) struct SmallDisk {
    pub(crate) at: PathBuf,
}

impl SmallDisk {
    /// `None` where mounting is not permitted.
    pub(crate) fn mount(at: &Path, megabytes: u32) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        let options = format!("size={megabytes}m,mode=700");
        mount
            .args(["-t", "tmpfs", "-o", &options, "phaki-tests"])
            .arg(at);
        mount
            .output()
            .ok()?
            .status
            .success()
            .then(|| Self { at: at.to_owned() })
    }

    /// Takes all its room but so many kilobytes.
    pub(crate) fn fill_but(&self, kilobytes: usize) {
        let mut ballast = OpenOptions::new();
        let ballast = ballast.create(true).append(true).open(self.ballast());
        let mut ballast = ballast.unwrap();
        while ballast.write_all(&[1; 4096]).is_ok() {}
        let filled = ballast.metadata().unwrap().len();
        let left = u64::try_from(kilobytes).unwrap() * 1024;
        ballast.set_len(filled.saturating_sub(left)).unwrap();
    }

    /// Gives it back.
    pub(crate) fn make_room(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.at.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, since the node may still end.
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}
