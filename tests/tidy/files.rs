//! Every file says what it is for, holds one idea, and has a name that tells it.

use super::{project_files, read, report, sources};

const LINES_MAX: usize = 500;
const VAGUE: [&str; 8] = [
    "util", "utils", "common", "misc", "types", "imp", "helpers", "mod",
];

#[test]
fn every_source_file_begins_with_what_it_is_for() {
    let broken: Vec<String> = sources()
        .into_iter()
        .filter(|name| !read(name).starts_with("//! "))
        .collect();
    report("does not begin with `//!` and a sentence", &broken);
}

#[test]
fn no_source_file_holds_two_ideas() {
    let long = sources().into_iter().filter_map(|name| {
        let lines = read(&name).lines().count();
        (lines > LINES_MAX).then(|| format!("{name}: {lines} lines"))
    });
    report("longer than 500 lines", &long.collect::<Vec<_>>());
}

#[test]
fn no_file_name_says_nothing() {
    let stem = |name: &str| {
        name.rsplit('/')
            .next()
            .and_then(|f| f.split('.').next())
            .map(str::to_owned)
    };
    let vague = |name: &String| stem(name).is_some_and(|stem| VAGUE.contains(&stem.as_str()));
    let broken: Vec<String> = sources().into_iter().filter(vague).collect();
    report("file name that could hold anything", &broken);
}

#[test]
fn every_migration_is_listed() {
    let listing: String = sources()
        .into_iter()
        .filter(|name| name.starts_with("crates/store/src/"))
        .map(|name| read(&name))
        .collect();
    let migrations = project_files()
        .into_iter()
        .filter(|name| name.starts_with("crates/store/migrations/") && name.ends_with(".sql"));
    let forgotten: Vec<String> = migrations
        .filter(|name| !listing.contains(name.rsplit('/').next().unwrap_or(name)))
        .collect();
    report("migration that no list names", &forgotten);
}

#[test]
fn every_module_file_is_part_of_its_crate() {
    // A file that no `mod` names is dead, however well it reads.
    let all = sources();
    let mut dead = Vec::new();
    for name in all.iter().filter(|name| name.contains("/src/")) {
        let (folder, file) = name.rsplit_once('/').unwrap();
        let stem = file.trim_end_matches(".rs");
        if ["lib", "main"].contains(&stem) || folder.ends_with("/bin") {
            continue;
        }
        let parents = [
            format!("{folder}.rs"),
            format!("{folder}/lib.rs"),
            format!("{folder}/main.rs"),
        ];
        let named = parents
            .iter()
            .filter(|parent| all.contains(parent))
            .any(|parent| {
                let text = read(parent);
                text.lines().any(|line| {
                    let line = line.trim_start().trim_start_matches("pub ");
                    let line = line
                        .trim_start_matches("pub(crate) ")
                        .trim_start_matches("pub(super) ");
                    line == format!("mod {stem};")
                })
            });
        if !named {
            dead.push(name.clone());
        }
    }
    report("file that no module names", &dead);
}
