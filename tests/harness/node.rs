//! A node: a child process with a data folder, a configuration, a log and a socket of its own.

use std::fs::{self, File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use crate::local::Local;
use crate::log::Log;
use crate::wait;

/// How long a node that nobody can reach pauses before it is dialled again, at most.
const RETRY_MAX: &str = "1s";

/// The program whose end is to be tested, and what its environment has besides.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    environment: Vec<(&'static str, &'static str)>,
    wrapper: Option<String>,
}

impl Program {
    /// The executable at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            environment: Vec::new(),
            wrapper: None,
        }
    }

    /// The same with a variable in its environment.
    #[must_use]
    pub fn with_variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }

    /// The executable.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A call of the program that inherits nothing of the settings of whoever runs the tests.
    pub fn command(&self) -> Command {
        let mut command = match &self.wrapper {
            Some(script) => {
                let mut shell = Command::new("sh");
                shell
                    .args(["-c", &format!("{script}; exec \"$0\" \"$@\"")])
                    .arg(&self.path);
                shell
            }
            None => Command::new(&self.path),
        };
        self.furnish(&mut command);
        command.stdin(Stdio::null());
        command
    }

    /// A shell that reads commands from its input, with the environment of the program.
    pub fn shell(&self) -> Command {
        let mut shell = Command::new("sh");
        self.furnish(&mut shell);
        shell
    }

    fn furnish(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PHAKI_") {
                command.env_remove(name);
            }
        }
        command
            .env("LANG", "C.UTF-8")
            .env("TZ", "Asia/Bangkok")
            .env("COLUMNS", "200")
            .envs(self.environment.iter().copied());
    }
}

/// One node. It is killed when dropped; an error in its log that nobody expected fails the test.
#[derive(Debug)]
pub struct Node {
    name: String,
    program: Program,
    folder: PathBuf,
    data: PathBuf,
    /// The host where it accepts peers.
    listens: Option<String>,
    kept: Option<SocketAddr>,
    peers: Vec<(String, String)>,
    /// Options of the line with a peer, as they stand in the configuration.
    terms: Option<(String, String)>,
    process: Option<Child>,
    local: Option<Local>,
    listen: Option<SocketAddr>,
    errors_expected: bool,
    default_spaces: bool,
}

impl Node {
    /// A node that does not exist yet; everything but its data lies in `folder`.
    pub fn new(program: &Program, name: &str, folder: &Path, data: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        Self {
            name: name.to_owned(),
            program: program.clone(),
            folder: folder.to_owned(),
            data: data.to_owned(),
            listens: None,
            kept: None,
            peers: Vec::new(),
            terms: None,
            process: None,
            local: None,
            listen: None,
            errors_expected: false,
            default_spaces: false,
        }
    }

    /// Its name in the federation.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder.join("phaki.toml")
    }

    /// Its log.
    pub fn log(&self) -> Log {
        Log::at(&self.folder.join("log.json"))
    }

    /// Where it listens since its last start.
    pub fn listen(&self) -> SocketAddr {
        self.listen.unwrap()
    }

    /// Its interface for clients on this machine.
    pub fn local(&self) -> Local {
        self.local.clone().unwrap()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// From its next start on it accepts peers, on a port that the system chooses.
    pub fn accept_peers(&mut self) {
        self.accept_peers_at("127.0.0.1");
    }

    /// The same at another address than this machine's own.
    pub fn accept_peers_at(&mut self, host: &str) {
        self.listens = Some(host.to_owned());
    }

    /// From its next start on it listens where it listens now.
    pub fn keep_address(&mut self) {
        self.kept = Some(self.listen());
    }

    /// From its next start on it reaches that peer through that address.
    pub fn dial(&mut self, peer: &str, address: &str) {
        self.peers.retain(|(name, _)| name != peer);
        self.peers.push((peer.to_owned(), address.to_owned()));
    }

    /// From its next start on these options hold for the line with a peer that it does not dial.
    pub fn terms(&mut self, peer: &str, options: &str) {
        self.terms = Some((peer.to_owned(), options.to_owned()));
    }

    /// At its next start it founds the spaces that a node has by default.
    pub fn with_default_spaces(&mut self) {
        self.default_spaces = true;
    }

    /// Its log may contain errors: the test provokes them.
    pub fn expect_errors(&mut self) {
        self.errors_expected = true;
    }

    /// From its next start on a line of shell comes before it: limits, for instance.
    pub fn wrap(&mut self, script: Option<&str>) {
        self.program.wrapper = script.map(str::to_owned);
    }

    /// Starts it and waits until it answers.
    pub async fn start(&mut self) {
        self.launch();
        self.answers().await;
    }

    /// Waits until it answers after [`Node::launch`].
    pub async fn answers(&mut self) {
        let socket = self.data.join("phaki.sock");
        let what = format!("{} answers on its socket", self.name);
        let (local, status) = wait::until(&what, async || {
            if let Some(status) = self.process.as_mut().unwrap().try_wait().unwrap() {
                panic!("{} ended with {status} instead of starting", self.name);
            }
            let mut local = Local::connect(&socket).await.ok()?;
            let status = local.status().await.ok()?;
            Some((local, status))
        })
        .await;
        let listens = self.listens.is_some();
        self.listen = listens.then(|| status.listen.parse().unwrap());
        self.local = Some(local);
    }

    /// Starts the process without waiting for anything.
    pub fn launch(&mut self) {
        assert!(self.process.is_none(), "{} runs already", self.name);
        let serve = self
            .call(&["serve"])
            .stdout(self.open("out.txt"))
            .stderr(self.open("log.json"))
            .spawn();
        self.process = Some(serve.unwrap());
    }

    /// A call of the program for this node, not started yet.
    pub fn call(&self, arguments: &[&str]) -> Command {
        self.write_config();
        let mut command = self.program.command();
        command
            .args(arguments)
            .arg("--config")
            .arg(self.config())
            .arg("--data")
            .arg(&self.data);
        command
    }

    /// Runs a command of the program to its end, whatever that is.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.call(arguments).output().unwrap()
    }

    /// Runs a command that must succeed; what it printed.
    pub fn command(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (out, err) = (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(
            output.status.success(),
            "{arguments:?} at {}: {out}{err}",
            self.name
        );
        out
    }

    /// Kills the process (SIGKILL): it gets no chance to do anything.
    pub fn kill(&mut self) {
        self.local = None;
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Asks the process to end (SIGTERM) and waits until it has.
    pub async fn stop(&mut self) -> (ExitStatus, Duration) {
        let started = Instant::now();
        self.signal("TERM");
        (self.ended().await, started.elapsed())
    }

    /// Sends a signal by its name.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args(["-s", signal, &self.pid().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Waits until the process has ended.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut process = self.process.take().unwrap();
        let what = format!("{} ends", self.name);
        let status = wait::until(&what, async || process.try_wait().unwrap()).await;
        self.local = None;
        status
    }

    fn open(&self, file: &str) -> File {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join(file))
            .unwrap()
    }

    fn write_config(&self) {
        let listen = match (&self.listens, self.kept) {
            (None, _) => String::new(),
            (Some(host), None) => format!("{host}:0"),
            (Some(_), Some(address)) => address.to_string(),
        };
        let mut text = format!(
            "listen = \"{listen}\"\n\
             account = \"officer@{name}\"\n\
             spaces.defaults = {}\n\
             [dial]\n\
             retry_max = \"{RETRY_MAX}\"\n\
             [log]\n\
             format = \"json\"\n\
             level = \"info,phaki=debug,phaki_net=debug\"\n",
            self.default_spaces,
            name = self.name,
        );
        for (peer, address) in &self.peers {
            text.push_str(&format!("[peers.{peer}]\naddresses = [\"{address}\"]\n"));
        }
        if let Some((peer, options)) = &self.terms {
            text.push_str(&format!("[peers.{peer}]\n{options}\n"));
        }
        fs::write(self.config(), text).unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
        if std::thread::panicking() {
            #[expect(clippy::print_stderr, reason = "shown with the test that fails")]
            {
                eprintln!("---- log of {} ----\n{}", self.name, self.log().tail());
            }
        } else if !self.errors_expected {
            let errors = self.log().errors();
            assert!(
                errors.is_empty(),
                "errors in the log of {}: {errors:#?}",
                self.name
            );
        }
    }
}
