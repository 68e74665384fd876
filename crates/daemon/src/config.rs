//! The configuration of a node: flag before environment before file before default.
//!
//! All problems are found in one reading. A key that is not known is a problem, since a mistyped
//! option must not be ignored.

mod address;
mod check;
mod file;
mod line;
mod option;
mod units;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use address::check_reachable;
pub use line::LineTerms;
pub use units::parse_duration;

use self::check::Checking;
use self::option::{OPTIONS, Setting};

/// The file that is read, if it exists, when no other is named.
pub const DEFAULT_FILE: &str = "/etc/phaki/phaki.toml";

/// The environment variables that are read, with the option that each sets.
pub const VARIABLES: [(&str, &str); 5] = [
    ("PHAKI_DATA", "data"),
    ("PHAKI_LISTEN", "listen"),
    ("PHAKI_SOCKET", "local.socket"),
    ("PHAKI_LOG", "log.level"),
    ("PHAKI_ACCOUNT", "account"),
];

/// What the command line says. What is `None` was not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// The configuration file. Without it and without `PHAKI_CONFIG`, `/etc/phaki/phaki.toml`
    /// is read if it exists.
    pub config: Option<PathBuf>,
    /// The data folder.
    pub data: Option<PathBuf>,
    /// Where to listen for peers, `host:port`; empty: not at all.
    pub listen: Option<String>,
    /// The socket for local clients.
    pub socket: Option<PathBuf>,
    /// The author of edits that name none.
    pub account: Option<String>,
    /// What is logged, such as `info` or `info,phaki_net=debug`.
    pub log: Option<String>,
    /// `text` or `json`.
    pub log_format: Option<String>,
}

/// A checked configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// Where to listen for peers, `host:port`; `None`: not at all.
    pub listen: Option<String>,
    /// Where others reach this node, `host:port`.
    pub addresses: Vec<String>,
    /// The author of edits that name none.
    pub account: String,
    /// The socket for local clients.
    pub socket: PathBuf,
    /// Whether this node founds its usual spaces when it first runs.
    pub default_spaces: bool,
    /// Addresses to use for a node of that name instead of the roster's.
    pub peers: BTreeMap<String, Vec<String>>,
    /// What is done to the line with a node of that name.
    pub lines: BTreeMap<String, LineTerms>,
    /// The longest pause between two attempts to reach a peer.
    pub retry_max: Duration,
    /// How to log.
    pub log: Log,
    /// How long a stopping node waits for what is under way.
    pub drain_deadline: Duration,
}

/// How to log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// For people or for programs.
    pub format: LogFormat,
    /// What is logged, in the notation of `tracing_subscriber::EnvFilter`.
    pub level: String,
}

/// The form of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which option, and where it was set: `dial.retry_max in /etc/phaki/phaki.toml`.
    pub key: String,
    /// The value found, if there is one.
    pub value: Option<String>,
    /// What is wrong.
    pub wrong: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        write!(f, ": {}; {}", self.wrong, self.remedy)
    }
}

/// Reads the configuration file and the environment and checks everything.
pub fn load(flags: &Flags) -> Result<Config, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut environment = BTreeMap::new();
    for name in VARIABLES
        .iter()
        .map(|(name, _)| *name)
        .chain(["PHAKI_CONFIG"])
    {
        match std::env::var(name) {
            Ok(value) => drop(environment.insert(name.to_owned(), value)),
            Err(std::env::VarError::NotPresent) => {}
            Err(std::env::VarError::NotUnicode(value)) => problems.push(Problem {
                key: name.to_owned(),
                value: Some(format!("{value:?}")),
                wrong: "is not UTF-8".to_owned(),
                remedy: "write it in UTF-8".to_owned(),
            }),
        }
    }
    let named = flags.config.clone();
    let named = named.or_else(|| environment.get("PHAKI_CONFIG").map(PathBuf::from));
    let path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            problems.push(Problem {
                key: path.display().to_string(),
                value: None,
                wrong: format!("cannot be read: {error}"),
                remedy: "name another file with --config, or make this one readable".to_owned(),
            });
            None
        }
    };
    let file = text.as_deref().map(|text| (path.as_path(), text));
    match check(file, &environment, flags) {
        Ok(config) if problems.is_empty() => Ok(config),
        Ok(_) => Err(problems),
        Err(more) => {
            problems.extend(more);
            Err(problems)
        }
    }
}

/// The configuration that a file, an environment and flags give; a function of these alone.
pub fn check(
    file: Option<(&Path, &str)>,
    environment: &BTreeMap<String, String>,
    flags: &Flags,
) -> Result<Config, Vec<Problem>> {
    let mut problems = Vec::new();
    let file = file.map(|(path, text)| file::parse(path, text, &mut problems));
    let file = file.unwrap_or_default();
    let mut options: BTreeMap<&'static str, Setting> = OPTIONS
        .iter()
        .map(|option| (option.key, Setting::default_of(option)))
        .collect();
    options.extend(file.options);
    for (name, key) in VARIABLES {
        let setting = environment.get(name).map(|text| Setting::one(name, text));
        options.extend(setting.map(|setting| (key, setting)));
    }
    options.extend(flags.settings());
    let mut checking = Checking {
        options: &options,
        peers: &file.peers,
        lines: &file.lines,
        problems,
    };
    let config = checking.config();
    match checking.problems {
        problems if problems.is_empty() => Ok(config),
        problems => Err(problems),
    }
}

impl Flags {
    fn settings(&self) -> impl Iterator<Item = (&'static str, Setting)> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let given = [
            ("data", "--data", path(&self.data)),
            ("listen", "--listen", self.listen.clone()),
            ("local.socket", "--socket", path(&self.socket)),
            ("account", "--account", self.account.clone()),
            ("log.level", "--log", self.log.clone()),
            ("log.format", "--log-format", self.log_format.clone()),
        ];
        given
            .into_iter()
            .filter_map(|(key, flag, text)| Some((key, Setting::one(flag, &text?))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../config/phaki.toml");

    fn from_file(text: &str) -> Result<Config, Vec<Problem>> {
        check(
            Some((Path::new("/etc/phaki/phaki.toml"), text)),
            &BTreeMap::new(),
            &Flags::default(),
        )
    }

    #[test]
    fn the_shipped_file_has_every_option_with_its_default_and_a_comment() {
        let defaults = check(None, &BTreeMap::new(), &Flags::default());
        assert_eq!(from_file(SHIPPED), defaults);
        let mut problems = Vec::new();
        let file = file::parse(Path::new("phaki.toml"), SHIPPED, &mut problems);
        let listed: Vec<_> = file.options.keys().copied().collect();
        let mut known: Vec<_> = OPTIONS.iter().map(|option| option.key).collect();
        known.sort_unstable();
        assert_eq!(listed, known);
        let lines: Vec<&str> = SHIPPED.lines().collect();
        for (index, line) in lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.contains(" = "))
        {
            assert!(
                index > 0 && lines[index - 1].starts_with('#') || line.starts_with('#'),
                "{line}"
            );
        }
    }

    #[test]
    fn tells_all_problems_at_once() {
        let problems = from_file(
            "data = \"\"\nlisten = 7440\nlissten = \"a:1\"\naccount = \"\"\n\
             [dial]\nretry_max = \"5\"\n[log]\nlevel = \"inof\"\nformat = \"xml\"\n\
             [peers.TH]\naddresses = [\"0.0.0.0:1\"]\nport = 5\n\
             [spaces]\ndefaults = \"no\"\n\
             [peers.TH-9]\nupload_limit = \"2 kB/s\"\nquiet_hours = [\"8-16\"]\n",
        )
        .unwrap_err();
        let text: Vec<String> = problems.iter().map(Problem::to_string).collect();
        let text = text.join("\n");
        for expected in [
            "data in /etc/phaki/phaki.toml, line 1 = \"\": is empty",
            "spaces.defaults in /etc/phaki/phaki.toml, line 14 = \"no\": is of type string",
            "listen in /etc/phaki/phaki.toml, line 2 = 7440: is of type integer",
            "lissten in /etc/phaki/phaki.toml, line 3: is no option; perhaps listen is meant",
            "account in /etc/phaki/phaki.toml, line 4",
            "dial.retry_max in /etc/phaki/phaki.toml, line 6 = \"5\": is no duration",
            "log.level in /etc/phaki/phaki.toml, line 8 = \"inof\": is no level",
            "log.format in /etc/phaki/phaki.toml, line 9 = \"xml\": is no format",
            "peers.TH.addresses in /etc/phaki/phaki.toml, line 11 = \"0.0.0.0:1\"",
            "peers.TH.port in /etc/phaki/phaki.toml, line 12: is no option",
            "peers.TH-9.upload_limit in /etc/phaki/phaki.toml, line 16 = \"2 kB/s\": is no speed",
            "peers.TH-9.quiet_hours in /etc/phaki/phaki.toml, line 17 = \"8-16\": is no time",
        ] {
            assert!(text.contains(expected), "{expected}\nmissing in\n{text}");
        }
        assert_eq!(problems.len(), 12, "{text}");
    }

    #[test]
    fn the_line_with_a_peer_has_terms_and_its_addresses_stay_those_of_the_roster() {
        let config = from_file(
            "[peers.TH-90]\nupload_limit = \"256 kbit/s\"\nquiet_hours = [\"mon-fri 08:30-16:30\"]\n",
        );
        let config = config.unwrap();
        assert!(config.peers.is_empty());
        let terms = &config.lines["TH-90"];
        assert_eq!((terms.upload, terms.download), (Some(256_000), None));
        assert_eq!(terms.quiet.len(), 1);
    }

    #[test]
    fn a_flag_counts_before_the_environment_and_that_before_the_file() {
        let path = Path::new("/etc/phaki/phaki.toml");
        let text = "data = \"file\"\nlisten = \"file:1\"\naccount = \"file\"";
        let environment = BTreeMap::from([
            ("PHAKI_LISTEN".to_owned(), "environment:1".to_owned()),
            ("PHAKI_ACCOUNT".to_owned(), "environment".to_owned()),
        ]);
        let flags = Flags {
            account: Some("flag".to_owned()),
            ..Flags::default()
        };
        let config = check(Some((path, text)), &environment, &flags).unwrap();
        assert_eq!(config.data, Path::new("/etc/phaki/file"));
        assert_eq!(config.listen.as_deref(), Some("environment:1"));
        assert_eq!(config.account, "flag");
        assert_eq!(config.socket, Path::new("/etc/phaki/file/phaki.sock"));
        assert_eq!(config.retry_max, Duration::from_secs(60));
    }

    #[test]
    fn a_socket_path_that_unix_does_not_allow_is_a_problem() {
        let flags = Flags {
            data: Some(PathBuf::from(format!("/{}", "x".repeat(100)))),
            ..Flags::default()
        };
        let problems = check(None, &BTreeMap::new(), &flags).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].to_string().contains("is 112 bytes long"),
            "{}",
            problems[0]
        );
        assert!(problems[0].remedy.contains("local.socket"));
    }

    #[test]
    fn broken_toml_is_told_with_its_line() {
        let problems = from_file("data = \"x\"\nlisten = \n").unwrap_err();
        assert!(problems[0].key.ends_with("line 2"), "{problems:?}");
    }
}
