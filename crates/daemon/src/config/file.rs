//! The configuration file as settings: which keys it may have, of which shape, and on which line.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Problem;
use super::line;
use super::option::{OPTIONS, Setting, Shape, Text};

/// The settings of a file; what is wrong goes to `problems`.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) options: BTreeMap<&'static str, Setting>,
    /// The addresses to use for a node, by its name.
    pub(super) peers: BTreeMap<String, Setting>,
    /// The options of the line with a node, by its name.
    pub(super) lines: BTreeMap<String, BTreeMap<&'static str, Setting>>,
}

/// Reads the text of a file. All problems are found, not only the first.
pub(super) fn parse(path: &Path, text: &str, problems: &mut Vec<Problem>) -> File {
    let mut reading = Reading {
        path,
        text,
        problems,
        file: File::default(),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let line = error.span().map_or(1, |span| reading.line(span.start));
        reading.problems.push(Problem {
            key: format!("{}, line {line}", path.display()),
            value: None,
            wrong: error.message().to_owned(),
            remedy: "write it as TOML".to_owned(),
        });
    }
    reading.table("", table.get_ref());
    reading.file
}

struct Reading<'a> {
    path: &'a Path,
    text: &'a str,
    problems: &'a mut Vec<Problem>,
    file: File,
}

impl Reading<'_> {
    fn table(&mut self, above: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full = match above {
                "" => name.to_owned(),
                above => format!("{above}.{name}"),
            };
            let place = self.place(&full, key.span().start);
            if full == "peers" {
                self.peers(&place, value);
            } else if let Some(option) = OPTIONS.iter().find(|option| option.key == full) {
                let setting = self.setting(&place, option.shape, value);
                self.file
                    .options
                    .extend(setting.map(|setting| (option.key, setting)));
            } else if is_section(&full)
                && let Some(table) = value.get_ref().as_table()
            {
                self.table(&full, table);
            } else {
                self.unknown(place, &full);
            }
        }
    }

    fn peers(&mut self, place: &str, value: &Spanned<DeValue<'_>>) {
        let Some(peers) = value.get_ref().as_table() else {
            self.wrong_shape(place, "a section for each peer", value);
            return;
        };
        for (name, value) in peers {
            let full = format!("peers.{}", name.get_ref());
            let place = self.place(&full, name.span().start);
            let Some(table) = value.get_ref().as_table() else {
                self.wrong_shape(
                    &place,
                    "a section with addresses = [..] and the like",
                    value,
                );
                continue;
            };
            for (key, value) in table {
                let full = format!("{full}.{}", key.get_ref());
                let place = self.place(&full, key.span().start);
                self.peer_option(name.get_ref(), key.get_ref(), (place, &full), value);
            }
        }
    }

    fn peer_option(
        &mut self,
        peer: &str,
        key: &str,
        (place, full): (String, &str),
        value: &Spanned<DeValue<'_>>,
    ) {
        let known = [
            ("addresses", Shape::List),
            (line::UPLOAD, Shape::Text),
            (line::DOWNLOAD, Shape::Text),
            (line::QUIET, Shape::List),
        ];
        let Some((key, shape)) = known.into_iter().find(|(known, _)| *known == key) else {
            return self.unknown(place, full);
        };
        let Some(setting) = self.setting(&place, shape, value) else {
            return;
        };
        if key == "addresses" {
            self.file.peers.insert(peer.to_owned(), setting);
        } else {
            let line = self.file.lines.entry(peer.to_owned()).or_default();
            line.insert(key, setting);
        }
    }

    fn setting(
        &mut self,
        place: &str,
        shape: Shape,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Setting> {
        let texts = match shape {
            Shape::Text => value.get_ref().as_str().map(|text| vec![text.to_owned()]),
            Shape::Switch => value.get_ref().as_bool().map(|on| vec![on.to_string()]),
            Shape::List => value.get_ref().as_array().and_then(|items| {
                let text = |item: &Spanned<DeValue<'_>>| item.get_ref().as_str().map(str::to_owned);
                items.iter().map(text).collect()
            }),
        };
        let Some(mut texts) = texts else {
            let expected = match shape {
                Shape::Text => "a text in quotes",
                Shape::List => "a list of texts in quotes",
                Shape::Switch => "true or false",
            };
            self.wrong_shape(place, expected, value);
            return None;
        };
        let text = match shape {
            Shape::Text | Shape::Switch => Text::One(texts.pop()?),
            Shape::List => Text::Many(texts),
        };
        let folder = self.path.parent().map(Path::to_owned);
        Some(Setting {
            place: place.to_owned(),
            text,
            folder,
        })
    }

    fn wrong_shape(&mut self, place: &str, expected: &str, value: &Spanned<DeValue<'_>>) {
        self.problems.push(Problem {
            key: place.to_owned(),
            value: self.text.get(value.span()).map(str::to_owned),
            wrong: format!("is of type {}", value.get_ref().type_str()),
            remedy: format!("write {expected}"),
        });
    }

    fn unknown(&mut self, place: String, full: &str) {
        let nearest = OPTIONS
            .iter()
            .map(|option| (distance(option.key, full), option.key))
            .min()
            .filter(|(distance, _)| *distance <= 3);
        let remedy = nearest.map_or_else(
            || "remove it; config/phaki.toml lists every option".to_owned(),
            |(_, key)| format!("perhaps {key} is meant"),
        );
        self.problems.push(Problem {
            key: place,
            value: None,
            wrong: "is no option".to_owned(),
            remedy,
        });
    }

    fn place(&self, key: &str, at: usize) -> String {
        format!("{key} in {}, line {}", self.path.display(), self.line(at))
    }

    fn line(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or(self.text);
        before.matches('\n').count() + 1
    }
}

fn is_section(name: &str) -> bool {
    OPTIONS.iter().any(|option| {
        option
            .key
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// The number of letters to insert, remove or replace (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in other.chars().enumerate() {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}
