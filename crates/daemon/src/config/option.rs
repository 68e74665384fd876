//! Every option with its default, and where a value for it came from.

use std::path::PathBuf;

/// What an option is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    List,
    /// True or false.
    Switch,
}

/// An option of the configuration file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) key: &'static str,
    pub(super) shape: Shape,
    /// Empty for a list.
    pub(super) default: &'static str,
}

/// All options but those of single peers.
pub(super) const OPTIONS: [Known; 10] = [
    text("data", "/var/lib/phaki"),
    text("listen", "0.0.0.0:7440"),
    Known {
        key: "addresses",
        shape: Shape::List,
        default: "",
    },
    text("account", "local"),
    text("local.socket", ""),
    Known {
        key: "spaces.defaults",
        shape: Shape::Switch,
        default: "true",
    },
    text("dial.retry_max", "1m"),
    text("log.format", "text"),
    text("log.level", "info"),
    text("stop.drain_deadline", "10s"),
];

const fn text(key: &'static str, default: &'static str) -> Known {
    Known {
        key,
        shape: Shape::Text,
        default,
    }
}

/// A value for an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// As people know it: `listen in phaki.toml, line 3`, `PHAKI_LISTEN`, `--listen`.
    pub(super) place: String,
    pub(super) text: Text,
    /// To which a path is relative; `None`: to the working folder.
    pub(super) folder: Option<PathBuf>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Text {
    One(String),
    Many(Vec<String>),
}

impl Setting {
    pub(super) fn one(place: &str, text: &str) -> Self {
        Self {
            place: place.to_owned(),
            text: Text::One(text.to_owned()),
            folder: None,
        }
    }

    pub(super) fn default_of(option: &Known) -> Self {
        let text = match option.shape {
            Shape::Text | Shape::Switch => Text::One(option.default.to_owned()),
            Shape::List => Text::Many(Vec::new()),
        };
        Self {
            place: option.key.to_owned(),
            text,
            folder: None,
        }
    }

    /// The text of an option that has one.
    pub(super) fn as_one(&self) -> &str {
        match &self.text {
            Text::One(text) => text,
            Text::Many(_) => "",
        }
    }

    /// The texts of an option that has several.
    pub(super) fn as_many(&self) -> &[String] {
        match &self.text {
            Text::One(text) => std::slice::from_ref(text),
            Text::Many(texts) => texts,
        }
    }
}
