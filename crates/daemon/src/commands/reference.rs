//! `reference`: the sets that everybody looks things up in, and publishing them as a national node.

mod publish;

use clap::{Args, Subcommand};
use phaki_documents::reference::Set;
use phaki_wire::proto::local::v1::{ReferenceVersion, ShowReferenceReply};
use serde_json::{Map, Value, json};

use super::Invocation;
use crate::cli::Misuse;
use crate::output::{Align, Language, Output, Table, complain, number, time};

/// Show and publish the reference sets: areas, codes, abbreviations, figures
#[derive(Debug, Subcommand)]
pub(crate) enum ReferenceCommand {
    List(ListArgs),
    Show(ShowArgs),
    Publish(publish::PublishArgs),
}

/// List the versions of the reference sets, and which of them are in force
///
/// A version is in force from its first day until another one of its set and part begins. The rules for a
/// fiscal year are those in force on its 1 October. With --json one version a line.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki reference list
  phaki reference list --at 2018-10-01 --json")]
pub(crate) struct ListArgs {
    /// As it is or was on that day (yyyy-mm-dd), by default today
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "DATE"
    )]
    at: String,
}

/// Show what a reference set says
///
/// With --json the document of each version in force, one a line: the form of a file for
/// `phaki reference publish`.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki reference show areas --at 2024-10-01
  phaki reference show figures --lang th
  phaki reference show figures --json > figures.json")]
pub(crate) struct ShowArgs {
    /// areas, codes, abbreviations or figures
    #[arg(value_parser = set)]
    set: Set,
    /// As it is or was on that day (yyyy-mm-dd), by default today
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "DATE"
    )]
    at: String,
}

fn set(text: &str) -> Result<Set, String> {
    Set::from_name(text).ok_or_else(|| {
        let known = Set::ALL.map(Set::name).join(", ");
        format!("is none of {known}")
    })
}

pub(crate) async fn reference(
    invocation: &mut Invocation,
    command: ReferenceCommand,
) -> anyhow::Result<()> {
    match command {
        ReferenceCommand::List(args) => {
            let reply = invocation.connect().await?.reference(&args.at).await?;
            list(&mut invocation.output, &reply)
        }
        ReferenceCommand::Show(args) => {
            let reply = invocation.connect().await?.reference(&args.at).await?;
            show(&mut invocation.output, args.set, &reply)
        }
        ReferenceCommand::Publish(args) => publish::publish(invocation, args).await,
    }
}

fn list(output: &mut Output, reply: &ShowReferenceReply) -> anyhow::Result<()> {
    if output.json {
        return reply
            .versions
            .iter()
            .try_for_each(|version| output.value(&to_json(version)));
    }
    let language = output.language;
    let columns = language.pick(
        ["ชุดข้อมูล", "รุ่น", "เริ่มใช้", "มีผล", "รายการ", "ที่มา", "ชื่อ"],
        [
            "SET",
            "VERSION",
            "FROM",
            "IN FORCE",
            "ENTRIES",
            "FROM WHERE",
            "TITLE",
        ],
    );
    let aligned = |name| match name {
        "รายการ" | "ENTRIES" => (name, Align::Right),
        name => (name, Align::Left),
    };
    let mut table = Table::new(&columns.map(aligned));
    for version in &reply.versions {
        table.row([
            named(version),
            version.version.clone(),
            match version.from.as_str() {
                "" => "–".to_owned(),
                from => time::date(from, language),
            },
            match version.in_force {
                true => language.pick("ใช่", "yes").to_owned(),
                false => language.pick("ไม่", "no").to_owned(),
            },
            number::grouped(version.entries),
            match version.space.as_str() {
                "" => language.pick("ในโปรแกรม", "the program").to_owned(),
                space => space.to_owned(),
            },
            title(version, language).to_owned(),
        ]);
        for path in &version.unreadable {
            let what = named(version);
            complain(language.pick(
                format!("{what} {}: อ่าน {path} ไม่ได้ จึงไม่มีผล", version.version),
                format!(
                    "{what} {}: {path} cannot be read and has no effect",
                    version.version
                ),
            ));
        }
    }
    output.table(&table)
}

/// The set, and the part of it if it has any.
fn named(version: &ReferenceVersion) -> String {
    match version.part.as_str() {
        "" => version.set.clone(),
        part => format!("{} {part}", version.set),
    }
}

fn title(version: &ReferenceVersion, language: Language) -> &str {
    match (language, version.title_en.as_str()) {
        (Language::Thai, _) | (Language::English, "") => &version.title_th,
        (Language::English, title) => title,
    }
}

fn to_json(version: &ReferenceVersion) -> Value {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "set": version.set,
        "part": given(&version.part),
        "version": version.version,
        "title_th": version.title_th,
        "title_en": given(&version.title_en),
        "from": given(&version.from),
        "to": given(&version.to),
        "in_force": version.in_force,
        "entries": version.entries,
        "unreadable": version.unreadable,
        "id": version.id,
        "space": given(&version.space),
    })
}

fn show(output: &mut Output, set: Set, reply: &ShowReferenceReply) -> anyhow::Result<()> {
    let all = reply.versions.iter();
    let shown = all.filter(|version| version.set == set.name() && version.in_force);
    let mut table = Table::new(&[("", Align::Left); 4]);
    let mut any = false;
    for version in shown {
        any = true;
        if output.json {
            output.json_line(&version.document_json)?;
            continue;
        }
        let document: Value = serde_json::from_str(&version.document_json)?;
        let empty = Map::new();
        for (key, value) in document[set.name()].as_object().unwrap_or(&empty) {
            match set {
                Set::Codes => {
                    for (code, labels) in value.as_object().unwrap_or(&empty) {
                        let [th, en] = ["th", "en"].map(|language| plain(&labels[language]));
                        table.row([key.clone(), code.clone(), th, en]);
                    }
                }
                Set::Areas => {
                    let [th, en, region] = ["th", "en", "region"].map(|field| plain(&value[field]));
                    table.row([key.clone(), th, en, region]);
                }
                Set::Abbreviations | Set::Figures => {
                    table.row([key.clone(), plain(value), String::new(), String::new()]);
                }
            }
        }
    }
    if !any && !output.json {
        let at = time::date(&reply.at, output.language);
        return output.line(output.language.pick(
            format!("ไม่มีรุ่นใดของ {} มีผลในวันที่ {at}", set.name()),
            format!("no version of {} is in force on {at}", set.name()),
        ));
    }
    if output.json {
        Ok(())
    } else {
        output.table(&table)
    }
}

/// A text as it is, several parted by commas, nothing for what is not there.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// A mistake in a file, with where it is.
fn wrong(file: &std::path::Path, what: impl std::fmt::Display) -> Misuse {
    Misuse(format!("{}: {what}", file.display()))
}
