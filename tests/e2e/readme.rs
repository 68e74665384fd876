//! The walk-through of the README, followed word for word.
//!
//! Its lines go to one shell, one after the other. Where a reader looks up to see what happened,
//! the test waits until the nodes that run have told each other everything.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use phaki_tests::local::Local;
use phaki_tests::wait;
use phaki_wire::proto::local::v1::{Space, StatusReply};
use serde_json::Value;
use std::io::Write;
use tempfile::TempDir;

use crate::program;

const README: &str = include_str!("../../README.md");
const CHAPTER: &str = "## Two nodes by hand";
/// Where the README lets the national node listen.
const ADDRESS: &str = "127.0.0.1:7440";
/// The data folders of the two nodes.
const FOLDERS: [&str; 2] = ["try/th", "try/th-90"];

/// The lines that the chapter tells the reader to type.
fn lines() -> Vec<&'static str> {
    let (_, chapter) = README.split_once(CHAPTER).unwrap();
    let chapter = chapter.split("\n## ").next().unwrap();
    let blocks = chapter.split("```sh\n").skip(1);
    blocks
        .flat_map(|block| block.split("```").next().unwrap().lines())
        .filter(|line| !line.trim().is_empty())
        .collect()
}

/// An address that nobody uses. Not one that the system would give to a connection meanwhile.
fn free_address() -> String {
    let first = usize::try_from(std::process::id() % 10_000).unwrap();
    let mut ports = (20_000..30_000u16).cycle().skip(first).take(10_000);
    let free = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    format!("127.0.0.1:{}", free.unwrap())
}

/// A shell in a folder of its own; it ends with everything that it started.
struct Shell {
    folder: TempDir,
    process: Child,
    typed: usize,
}

impl Shell {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("phaki-").tempdir().unwrap();
        // What the reader builds is built: a link stands where Cargo would put it.
        let built = folder.path().join("target/release");
        fs::create_dir_all(&built).unwrap();
        symlink(program().path(), built.join("phaki")).unwrap();
        let open = |name: &str| File::create(folder.path().join(name)).unwrap();
        let process = program()
            .shell()
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(open("out.txt"))
            .stderr(open("err.txt"))
            .process_group(0)
            .spawn()
            .unwrap();
        let mut shell = Self {
            folder,
            process,
            typed: 0,
        };
        shell.write("set -eu; cargo() { :; }; sleep() { :; }");
        shell
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn said(&self) -> String {
        ["out.txt", "err.txt", "try/th.log", "try/th-90.log"]
            .map(|file| fs::read_to_string(self.at(file)).unwrap_or_default())
            .join("\n----\n")
    }

    fn write(&mut self, line: &str) {
        let stdin = self.process.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap();
    }

    /// Types a line and waits until its command has ended well; what it printed.
    async fn run(&mut self, line: &str) -> String {
        let before = fs::read_to_string(self.at("out.txt")).unwrap().len();
        self.typed += 1;
        let done = self.at(&format!("done-{}", self.typed));
        self.write(line);
        self.write(&format!(": > '{}'", done.display()));
        wait::until(line, async || {
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("`{line}`: {status}\n{}", self.said());
            }
            done.exists().then_some(())
        })
        .await;
        fs::read_to_string(self.at("out.txt"))
            .unwrap()
            .split_off(before)
    }

    /// What the node with that data folder says of itself, if it runs.
    async fn status(&self, folder: &str) -> Option<StatusReply> {
        let socket = self.at(folder).join("phaki.sock");
        Local::connect(&socket).await.ok()?.status().await.ok()
    }

    /// Waits until the nodes that run have told each other everything.
    async fn settled(&self, line: &str) {
        wait::until(&format!("settled after `{line}`"), async || {
            let [national, province] = FOLDERS;
            let national = self.status(national).await;
            let province = self.status(province).await;
            let settled = match (national, province) {
                (Some(national), Some(province)) => agree(&national, &province),
                _ => true,
            };
            settled.then_some(())
        })
        .await;
    }

    /// Waits until a node that was started answers.
    async fn answers(&self, line: &str) {
        let folder = FOLDERS
            .into_iter()
            .rfind(|folder| line.contains(&format!("--data {folder} ")))
            .unwrap();
        wait::until(&format!("{folder} answers"), async || {
            self.status(folder).await
        })
        .await;
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // The group may be empty already, as it should be at the end.
        let group = format!("-{}", self.process.id());
        let mut kill = Command::new("kill");
        let _ = kill
            .args(["-s", "KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        let _ = self.process.wait();
    }
}

/// Linked, and of one opinion about every space that both may read.
fn agree(one: &StatusReply, other: &StatusReply) -> bool {
    let shared = |status: &StatusReply| -> Vec<_> {
        // Those of the province: what the national node founds for itself, it alone reads.
        let both = |space: &&Space| space.members.len() > 1 && space.steward != "TH";
        status
            .spaces
            .iter()
            .filter(both)
            .map(|space| {
                (
                    space.manifest_version,
                    space.frontier_digest.clone(),
                    space.heads_digest.clone(),
                )
            })
            .collect()
    };
    !one.links.is_empty() && !other.links.is_empty() && shared(one) == shared(other)
}

/// The two values of the status, in the list that follows behind the entries.
async fn until_in_conflict(shell: &Shell) {
    let socket = shell.at(FOLDERS[0]).join("phaki.sock");
    wait::until("the conflict is listed", async || {
        let conflicts = Local::connect(&socket).await.ok()?.conflicts("").await;
        (conflicts.len() == 1).then_some(())
    })
    .await;
}

/// What both nodes show before the reader cleans up.
async fn assert_settled(shell: &mut Shell) {
    for folder in FOLDERS {
        let shown = shell
            .run(&format!("phaki show --data {folder} \"$PLAN\" --json"))
            .await;
        let plan: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(plan["status"], "in_progress", "{folder}: {plan}");
        assert_eq!(plan["goal"]["th"], "คนควนเนียงได้รับบริการที่ดี", "{folder}");
        assert_eq!(plan["title"]["en"], "Khuan Niang plan", "{folder}");
    }
}

fn assert_clean(folder: &Path) {
    assert!(!folder.join("try").exists(), "something was left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_walk_through_of_the_readme_works_as_it_is_written() {
    let mut shell = Shell::start();
    let address = free_address();
    let mut told = String::new();
    let lines = lines();
    assert!(lines.len() > 20, "the chapter was not found: {lines:?}");
    for line in lines {
        if line.starts_with("phaki conflicts") {
            until_in_conflict(&shell).await;
        }
        if line.starts_with("kill") && line.contains("$TH $PROVINCE") {
            assert_settled(&mut shell).await;
        }
        told += &shell.run(&line.replace(ADDRESS, &address)).await;
        if line.contains("phaki serve") {
            shell.answers(line).await;
        }
        if line.starts_with("kill") && !line.contains("wait") {
            shell.run("wait").await;
        }
        shell.settled(line).await;
    }
    for expected in ["แผนสุขภาพอำเภอควนเนียง", "approved", "in_progress"]
    {
        assert!(told.contains(expected), "{expected} was not shown: {told}");
    }
    assert!(!shell.said().contains("ERROR"), "{}", shell.said());
    assert_clean(shell.folder.path());
}
