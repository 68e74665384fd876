//! Rules about the tree itself, as tests with precise messages.
#![expect(
    clippy::unwrap_used,
    reason = "a rule that cannot be checked is broken"
)]

mod crates;
mod files;
mod words;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The top of the checkout.
fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// All files that belong to the project, relative to its top: those that git tracks or would.
fn project_files() -> Vec<String> {
    let listing = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(top())
        .output()
        .expect("git lists the files of a checkout");
    assert!(
        listing.status.success(),
        "git ls-files failed: run the tests in a git checkout"
    );
    let names = String::from_utf8(listing.stdout).unwrap();
    let present = names.lines().filter(|name| top().join(name).is_file());
    let mut files: Vec<String> = present.map(str::to_owned).collect();
    files.sort();
    files.dedup();
    files
}

/// Rust sources that people write.
fn sources() -> Vec<String> {
    let ours = |name: &String| name.ends_with(".rs") && !name.contains("/gen/");
    project_files().into_iter().filter(ours).collect()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(top().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Fails with everything that breaks a rule at once.
fn report(rule: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}
