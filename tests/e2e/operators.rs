//! The procedures for operators, followed word for word against real nodes.
//!
//! Each block of the document is typed at one machine as it stands. Words in capitals are replaced
//! by what the screen showed, as a reader would.

mod administration;
mod people;
mod recovery;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use phaki_tests::node::Node;

const OPERATORS: &str = include_str!("../../docs/operators.md");

/// The chapters that a test below follows.
const FOLLOWED: [&str; 10] = [
    "Enrol a node",
    "Keep the federation's key offline",
    "Share a space, and stop sharing it",
    "Contact data of people, and its erasure",
    "Suspend a node, and let it come back",
    "Back up a node, and restore it",
    "A damaged store",
    "A restored machine",
    "The federation's key is lost",
    "Read the audit log",
];

/// What the document still tells the reader to type in one chapter.
struct Chapter {
    lines: VecDeque<&'static str>,
    desk: PathBuf,
    /// What the words in capitals stand for by now.
    meant: Vec<(&'static str, String)>,
}

impl Chapter {
    /// From the beginning of a chapter; files that are not in a data folder lie on `desk`.
    fn open(title: &str, desk: &Path) -> Self {
        assert!(FOLLOWED.contains(&title), "{title} is not on the list");
        std::fs::create_dir_all(desk).unwrap();
        Self {
            lines: lines_of(title).into(),
            desk: desk.to_owned(),
            meant: Vec::new(),
        }
    }

    /// From now on the reader knows what `word` stands for.
    fn means(&mut self, word: &'static str, text: impl Into<String>) {
        self.meant.push((word, text.into()));
    }

    /// The next line, which must begin like this: so the reader of a test sees where it is.
    fn next(&mut self, beginning: &str) -> String {
        let line = self.lines.pop_front().unwrap();
        assert!(
            line.starts_with(beginning),
            "{line:?} comes next, not {beginning}"
        );
        let known = self.meant.iter();
        known.fold(line.to_owned(), |line, (word, text)| {
            line.replace(word, text)
        })
    }

    /// The call of the program that the next line asks for at a node, with what only a test needs.
    fn call(&mut self, node: &Node, beginning: &str, more: &[&str]) -> Command {
        let line = self.next(beginning);
        let words = words(&line);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let mut call = node.call(&[&words[1..], more].concat());
        call.current_dir(&self.desk);
        call
    }

    /// Types the next line at a node; what it prints.
    fn at(&mut self, node: &Node, beginning: &str) -> String {
        self.at_with(node, beginning, &[])
    }

    /// The same with words that only a test needs, such as a port that the system chose.
    fn at_with(&mut self, node: &Node, beginning: &str, more: &[&str]) -> String {
        printed(
            &self.call(node, beginning, more).output().unwrap(),
            beginning,
        )
    }

    /// Types the next line into a shell in `folder`, on a machine where no node needs to be.
    fn in_shell(&mut self, folder: &Path, beginning: &str) -> String {
        self.in_shell_with(folder, beginning, "")
    }

    /// The same with a word that only a test needs.
    fn in_shell_with(&mut self, folder: &Path, beginning: &str, more: &str) -> String {
        let line = self.next(beginning);
        let mut shell = crate::program().shell();
        let program = crate::program().path().display().to_string();
        let script = format!("phaki() {{ '{program}' \"$@\"; }}; {line} {more}");
        shell.args(["-c", &script]).current_dir(folder);
        printed(&shell.stdin(Stdio::null()).output().unwrap(), beginning)
    }

    /// The next line starts the node.
    async fn serve(&mut self, node: &mut Node) {
        self.next("phaki serve");
        node.start().await;
    }

    /// The chapter is at its end.
    fn ends(self) {
        assert_eq!(self.lines, [""; 0], "the test leaves lines out");
    }
}

fn printed(output: &Output, line: &str) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {said}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The lines to be typed in one chapter.
fn lines_of(title: &str) -> Vec<&'static str> {
    let (_, chapter) = OPERATORS.split_once(&format!("\n## {title}\n")).unwrap();
    let chapter = chapter.split("\n## ").next().unwrap();
    let blocks = chapter.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap().lines());
    lines.collect()
}

/// The words of a line; what stands in quotes is one.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    let words = parts.flat_map(|(number, part)| match number % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

/// The word that begins like this, in what a command printed.
fn word<'a>(printed: &'a str, beginning: &str) -> &'a str {
    let mut words = printed.split_whitespace();
    words.find(|word| word.starts_with(beginning)).unwrap()
}

#[test]
fn every_chapter_that_tells_what_to_type_is_followed_by_a_test() {
    let titles = OPERATORS
        .lines()
        .filter_map(|line| line.strip_prefix("## "));
    let told: Vec<_> = titles.filter(|title| !lines_of(title).is_empty()).collect();
    assert_eq!(told, FOLLOWED);
}
