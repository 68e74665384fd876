//! Dependencies run one way, and ARCHITECTURE.md names them all.

use std::process::Command;

use serde_json::Value;

use super::{read, report, top};

/// Which of our crates each may use, development dependencies included.
const ALLOWED: [(&str, &[&str]); 11] = [
    ("phaki-replication", &[]),
    ("phaki-documents", &[]),
    ("phaki-exchange", &["phaki-documents"]),
    ("phaki-wire", &["phaki-replication"]),
    ("phaki-store", &["phaki-replication", "phaki-documents"]),
    ("phaki-net", &["phaki-replication", "phaki-wire"]),
    ("phaki-sim", &["phaki-replication", "phaki-documents"]),
    (
        "phaki",
        &[
            "phaki-replication",
            "phaki-documents",
            "phaki-exchange",
            "phaki-wire",
            "phaki-store",
            "phaki-net",
        ],
    ),
    (
        "phaki-tests",
        &[
            "phaki",
            "phaki-wire",
            "phaki-replication",
            "phaki-documents",
            "phaki-store",
        ],
    ),
    (
        "phaki-bench",
        &[
            "phaki",
            "phaki-wire",
            "phaki-tests",
            "phaki-documents",
            "phaki-replication",
            "phaki-store",
        ],
    ),
    (
        "phaki-fuzz",
        &["phaki-replication", "phaki-documents", "phaki-wire"],
    ),
];

fn packages() -> Vec<(String, Vec<String>)> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(top())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let uses = |package: &Value| {
        package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .map(name)
            .collect()
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| (name(package), uses(package)))
        .collect()
}

#[test]
fn crates_use_only_what_is_below_them() {
    let mut broken = Vec::new();
    for (package, uses) in packages() {
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == package) else {
            broken.push(format!(
                "{package} is not in the list of tests/tidy/crates.rs"
            ));
            continue;
        };
        for used in uses.iter().filter(|used| used.starts_with("phaki")) {
            if !allowed.contains(&used.as_str()) {
                broken.push(format!("{package} may not use {used}"));
            }
        }
    }
    report("a dependency runs the wrong way", &broken);
}

#[test]
fn architecture_names_every_crate_and_every_dependency() {
    let text = read("ARCHITECTURE.md");
    let words: Vec<&str> = text
        .split(|c: char| !(c.is_alphanumeric() || "-_/".contains(c)))
        .collect();
    let mut missing = Vec::new();
    for (package, uses) in packages() {
        let folder = package
            .strip_prefix("phaki-")
            .unwrap_or("daemon")
            .to_owned();
        let known = words
            .iter()
            .any(|w| *w == folder || *w == format!("crates/{folder}"));
        if !known {
            missing.push(format!("crate {package} (folder {folder})"));
        }
        for used in uses.iter().filter(|used| !used.starts_with("phaki")) {
            if !words.contains(&used.as_str()) {
                missing.push(format!("dependency {used} of {package}"));
            }
        }
    }
    missing.sort();
    missing.dedup();
    report("ARCHITECTURE.md does not mention", &missing);
}

#[test]
fn sql_stays_in_the_store() {
    let uses = |used: &[String]| used.iter().any(|name| name == "rusqlite");
    let users: Vec<String> = packages()
        .into_iter()
        .filter(|(_, used)| uses(used))
        .map(|(name, _)| name)
        .collect();
    let others: Vec<String> = users
        .into_iter()
        .filter(|n| !["phaki-store", "phaki-tests", "phaki-bench"].contains(&n.as_str()))
        .collect();
    report(
        "only the store, the tests that look into its files, and the floors of the measurements \
         may use SQL",
        &others,
    );
}
