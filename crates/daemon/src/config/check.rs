//! From settings to a typed configuration; every problem is found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use phaki_documents::limits::ACCOUNT_BYTES_MAX;
use phaki_replication::limits::{ADDRESSES_MAX, NAME_BYTES_MAX};
use tracing_subscriber::EnvFilter;

use super::option::Setting;
use super::units::parse_duration;
use super::{Config, LineTerms, Log, LogFormat, Problem, address, line};
use crate::limits::{DRAIN_DEADLINE_MAX, RETRY_MAX_MAX, RETRY_MAX_MIN, SOCKET_PATH_BYTES_MAX};
use crate::quiet_hours::QuietHours;
use crate::quote::quoted;

/// The setting in force of every option, and those of single peers.
pub(super) struct Checking<'a> {
    pub(super) options: &'a BTreeMap<&'static str, Setting>,
    pub(super) peers: &'a BTreeMap<String, Setting>,
    pub(super) lines: &'a BTreeMap<String, BTreeMap<&'static str, Setting>>,
    pub(super) problems: Vec<Problem>,
}

impl Checking<'_> {
    /// The configuration; only valid while there are no problems.
    pub(super) fn config(&mut self) -> Config {
        let data = self.path("data").unwrap_or_default();
        if data.as_os_str().is_empty() {
            self.problem("data", "is empty", "name the folder of the node's data");
        }
        Config {
            listen: self.listen(),
            addresses: self.addresses(),
            account: self.account(),
            socket: self.socket(&data),
            default_spaces: self.setting("spaces.defaults").as_one() == "true",
            peers: self.peers(),
            lines: self.lines(),
            retry_max: self.duration("dial.retry_max", RETRY_MAX_MIN, RETRY_MAX_MAX),
            log: Log {
                format: self.log_format(),
                level: self.log_level(),
            },
            drain_deadline: self.duration(
                "stop.drain_deadline",
                Duration::ZERO,
                DRAIN_DEADLINE_MAX,
            ),
            data,
        }
    }

    fn setting(&self, key: &'static str) -> Setting {
        self.options
            .get(key)
            .cloned()
            .unwrap_or_else(|| Setting::one(key, ""))
    }

    fn problem(&mut self, key: &'static str, wrong: &str, remedy: &str) {
        let setting = self.setting(key);
        self.problem_of(&setting.place, setting.as_one(), wrong, remedy);
    }

    fn problem_of(&mut self, place: &str, value: &str, wrong: &str, remedy: &str) {
        self.problems.push(Problem {
            key: place.to_owned(),
            value: Some(quoted(value).to_string()),
            wrong: wrong.to_owned(),
            remedy: remedy.to_owned(),
        });
    }

    /// The path of an option; relative ones are relative to the folder of the file that says so.
    fn path(&self, key: &'static str) -> Option<PathBuf> {
        let setting = self.setting(key);
        let text = setting.as_one();
        (!text.is_empty()).then(|| match &setting.folder {
            Some(folder) => folder.join(text),
            None => PathBuf::from(text),
        })
    }

    fn listen(&mut self) -> Option<String> {
        let setting = self.setting("listen");
        let text = setting.as_one();
        if text.is_empty() {
            return None;
        }
        if let Err(wrong) = address::check(text) {
            self.problem("listen", &wrong, "write host:port, or \"\" to dial only");
        }
        Some(text.to_owned())
    }

    fn addresses(&mut self) -> Vec<String> {
        let setting = self.setting("addresses");
        for text in setting.as_many() {
            if let Err(wrong) = address::check_reachable(text) {
                let remedy = "write the host:port at which other nodes reach this one";
                self.problem_of(&setting.place, text, &wrong, remedy);
            }
        }
        self.few_addresses(&setting);
        setting.as_many().to_vec()
    }

    fn few_addresses(&mut self, setting: &Setting) {
        let count = setting.as_many().len();
        if count > ADDRESSES_MAX {
            let wrong = format!("has {count} addresses, and {ADDRESSES_MAX} are allowed");
            self.problem_of(&setting.place, "", &wrong, "keep those that work best");
        }
    }

    fn account(&mut self) -> String {
        let text = self.setting("account").as_one().to_owned();
        if text.is_empty() || text.len() > ACCOUNT_BYTES_MAX {
            let wrong = format!("is not between 1 and {ACCOUNT_BYTES_MAX} bytes long");
            self.problem("account", &wrong, "name an account, not a person");
        }
        text
    }

    fn socket(&mut self, data: &std::path::Path) -> PathBuf {
        let path = self.path("local.socket");
        let path = path.unwrap_or_else(|| data.join("phaki.sock"));
        let bytes = path.as_os_str().len();
        if bytes > SOCKET_PATH_BYTES_MAX {
            let place = self.setting("local.socket").place;
            let wrong = format!(
                "is {bytes} bytes long, and Unix allows {SOCKET_PATH_BYTES_MAX} for a socket"
            );
            let remedy = "set local.socket (--socket) to a shorter path, such as \
                          /run/phaki/phaki.sock";
            self.problem_of(&place, &path.display().to_string(), &wrong, remedy);
        }
        path
    }

    fn peers(&mut self) -> BTreeMap<String, Vec<String>> {
        let mut peers = BTreeMap::new();
        for (name, setting) in self.peers {
            if name.is_empty() || name.len() > NAME_BYTES_MAX {
                let wrong = format!("names a node with {} bytes", name.len());
                self.problem_of(&setting.place, name, &wrong, "use the name in the roster");
            }
            for text in setting.as_many() {
                if let Err(wrong) = address::check_reachable(text) {
                    self.problem_of(&setting.place, text, &wrong, "write host:port");
                }
            }
            self.few_addresses(setting);
            peers.insert(name.clone(), setting.as_many().to_vec());
        }
        peers
    }

    fn lines(&mut self) -> BTreeMap<String, LineTerms> {
        let mut lines = BTreeMap::new();
        for (name, settings) in self.lines {
            let quiet = settings.get(line::QUIET);
            let quiet = quiet.map(|setting| self.quiet_hours(setting));
            let terms = LineTerms {
                upload: self.rate(settings.get(line::UPLOAD)),
                download: self.rate(settings.get(line::DOWNLOAD)),
                quiet: quiet.unwrap_or_default(),
            };
            lines.insert(name.clone(), terms);
        }
        lines
    }

    /// An empty text is no cap.
    fn rate(&mut self, setting: Option<&Setting>) -> Option<u64> {
        let setting = setting.filter(|setting| !setting.as_one().is_empty())?;
        let rate = line::parse_rate(setting.as_one());
        if let Err(wrong) = &rate {
            let remedy = "write a number and kbit/s or Mbit/s, such as \"256 kbit/s\"";
            self.problem_of(&setting.place, setting.as_one(), wrong, remedy);
        }
        rate.ok()
    }

    fn quiet_hours(&mut self, setting: &Setting) -> Vec<QuietHours> {
        let mut all = Vec::new();
        for text in setting.as_many() {
            match QuietHours::parse(text) {
                Some(hours) => all.push(hours),
                None => {
                    let remedy = "write it as \"mon-fri 08:30-16:30\" or \"22:00-05:00\", in Thai \
                                  time";
                    self.problem_of(&setting.place, text, "is no time of the week", remedy);
                }
            }
        }
        all
    }

    fn duration(&mut self, key: &'static str, min: Duration, max: Duration) -> Duration {
        let text = self.setting(key).as_one().to_owned();
        match parse_duration(&text) {
            Some(duration) if (min..=max).contains(&duration) => return duration,
            Some(_) => {
                let wrong = format!("is not between {min:?} and {max:?}");
                self.problem(key, &wrong, "choose a value between");
            }
            None => {
                let remedy = "write a number and ms, s, m, h or d, such as \"30s\"";
                self.problem(key, "is no duration", remedy);
            }
        }
        Duration::ZERO
    }

    fn log_format(&mut self) -> LogFormat {
        match self.setting("log.format").as_one() {
            "text" => return LogFormat::Text,
            "json" => return LogFormat::Json,
            _ => {}
        }
        self.problem("log.format", "is no format", "write \"text\" or \"json\"");
        LogFormat::Text
    }

    fn log_level(&mut self) -> String {
        const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
        let text = self.setting("log.level").as_one().to_owned();
        // A lone word that is no level would silently mean a module of that name.
        let is_level = |part: &str| part.contains('=') || LEVELS.contains(&part.trim());
        let understood = EnvFilter::builder().parse(&text).is_ok() && text.split(',').all(is_level);
        if !understood {
            let remedy = "write off, error, warn, info, debug or trace, for single modules as \
                          \"info,phaki_net=debug\"";
            self.problem("log.level", "is no level", remedy);
        }
        text
    }
}
