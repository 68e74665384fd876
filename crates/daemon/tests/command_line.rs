//! The command line as a caller sees it: exit codes, where messages go, and what they say.

use std::path::Path;
use std::process::{Command, Output};

/// Runs the program in an empty folder, with nothing of this machine's configuration.
fn phaki(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phaki"));
    command.env_clear().current_dir(folder).args(words);
    command.args(["--data", "data"]);
    command
        .output()
        .expect("the program was built with this test")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn without_a_node_the_answer_says_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    let output = phaki(folder.path(), &["status"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let said = stderr(&output);
    assert!(
        said.contains("start it with `phaki serve --data data`"),
        "{said}"
    );
}

#[test]
fn a_wrong_call_and_a_wrong_configuration_have_their_own_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("wrong.toml"),
        "nobody_knows = 1\nlisten = \"x\"\n",
    )
    .unwrap();
    for words in [
        vec!["nonsense"],
        vec!["list", "--kind"],
        vec!["federation", "invite", "--name", "nameless"],
        vec!["new", "plan", "--space", "s", "title"],
        vec!["serve", "--listen", "host:port"],
        vec!["check-config", "wrong.toml"],
    ] {
        let output = phaki(folder.path(), &words);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{words:?}: {}",
            stderr(&output)
        );
    }
    // All problems of a configuration at once.
    let said = stderr(&phaki(folder.path(), &["check-config", "wrong.toml"]));
    assert!(
        said.contains("nobody_knows") && said.contains("listen"),
        "{said}"
    );
}

#[test]
fn a_node_is_made_once_and_answers_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let made = phaki(folder.path(), &["init", "--json"]);
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(made["created"], true);
    let again = phaki(folder.path(), &["init", "--lang", "th"]);
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    let node = made["node"].as_str().unwrap();
    assert!(said.contains("อยู่แล้ว") && said.contains(node), "{said}");
}

#[test]
fn the_schema_of_a_kind_needs_no_node() {
    let folder = tempfile::tempdir().unwrap();
    let output = phaki(folder.path(), &["schema", "plan", "--lang", "th"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema["title"], "แผน");
    assert_eq!(schema["properties"]["title"]["title"], "ชื่อแผน");
    let output = phaki(folder.path(), &["schema", "plans"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("resolution"),
        "{}",
        stderr(&output)
    );
}
