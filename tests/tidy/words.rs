//! What may not stand in any file of the project.

use super::{project_files, read, report};

/// Endings of files that people read or programs parse.
const TEXTS: [&str; 10] = [
    "rs", "md", "toml", "proto", "sql", "json", "yml", "sh", "txt", "lock",
];

fn texts() -> Vec<String> {
    let is_text = |name: &String| {
        name.rsplit('.')
            .next()
            .is_some_and(|ending| TEXTS.contains(&ending))
            || name == ".ci/run"
    };
    project_files().into_iter().filter(is_text).collect()
}

#[test]
fn no_file_knows_a_path_of_one_machine() {
    // Put together here, so that this file does not break its own rule.
    let private = [
        ["/ro", "ot/"].concat(),
        ["/ho", "me/"].concat(),
        ["../sha", "red"].concat(),
    ];
    let mut broken = Vec::new();
    for name in texts().into_iter().filter(|name| name != "Cargo.lock") {
        for (number, line) in read(&name).lines().enumerate() {
            if private.iter().any(|path| line.contains(path.as_str())) {
                broken.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    report("path that exists on one machine only", &broken);
}

#[test]
fn continuous_integration_runs_the_test_command_of_the_readme() {
    let (readme, script) = (read("README.md"), read(".ci/run"));
    let command = "cargo test --workspace";
    assert!(
        readme.contains(command),
        "README.md does not tell `{command}`"
    );
    assert!(script.contains(command), ".ci/run does not run `{command}`");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let files = project_files();
    let mut broken = Vec::new();
    for name in files.iter().filter(|name| name.ends_with(".md")) {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        for target in read(name)
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = target.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let mut path: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
            for part in target
                .split('/')
                .filter(|part| !part.is_empty() && *part != ".")
            {
                if part == ".." {
                    path.pop();
                } else {
                    path.push(part);
                }
            }
            let path = path.join("/");
            if !files
                .iter()
                .any(|file| *file == path || file.starts_with(&format!("{path}/")))
            {
                broken.push(format!("{name} -> {target}"));
            }
        }
    }
    report("link to a file that is not there", &broken);
}
