//! `quarantine`: entries that are kept without effect, and what becomes of them.

use clap::{Args, Subcommand};
use phaki_wire::proto::local::v1::{
    AdoptQuarantinedRequest, ListQuarantineRequest, QuarantinedEntry, ShowQuarantinedReply,
};

use super::history::change_table;
use super::{Invocation, kind_of};
use crate::output::{Align, Language, Output, Table, harmless, machine, number, words};

/// Columns of a title in the list.
const TITLE_COLUMNS: usize = 32;

/// List, show, adopt and discard entries that are kept without effect
///
/// An entry is in quarantine when its author had no right to write it, or when it lies behind the
/// place where its author's feed was cut because it had been signed in two ways.
#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    List(ListArgs),
    Show(ShowArgs),
    Adopt(AdoptArgs),
    Discard(DiscardArgs),
}

/// List the entries in quarantine that nobody has decided about
///
/// With --json one entry a line.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki quarantine list
  phaki quarantine list --space province-41 --all --json")]
pub(crate) struct ListArgs {
    /// Only this space, by name or id
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
    /// Also entries that were adopted or discarded
    #[arg(long)]
    all: bool,
}

/// Show what an entry would change if it counted, field by field
///
/// When it follows changes that do not count either, these are named instead.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki quarantine show 3f29a0c81d")]
pub(crate) struct ShowArgs {
    /// Id of the entry, or the first digits of it
    id: String,
}

/// Publish entries again as an act of this node, so that they count everywhere; only the space's
/// steward can
///
/// The changes stay those of their authors; the history names both. All of them are adopted, or
/// none. To adopt what was adopted before changes nothing.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki quarantine adopt 3f29a0c81d 77be01a2c4
  phaki quarantine adopt --author TH-41 --space province-41")]
pub(crate) struct AdoptArgs {
    /// Ids of entries, or the first digits of each
    #[arg(required_unless_present_any = ["document", "author"])]
    ids: Vec<String>,
    /// All entries that change this document, instead of ids
    #[arg(
        long,
        conflicts_with = "ids",
        default_value = "",
        hide_default_value = true
    )]
    document: String,
    /// All entries of this node, by name or key, instead of ids
    #[arg(
        long,
        conflicts_with = "ids",
        default_value = "",
        hide_default_value = true
    )]
    author: String,
    /// Only in this space, by name or id
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
}

/// Put entries out of sight: they go on counting for nobody, and are no problem any more
///
/// This node alone decides that for itself. They stay in the store, `phaki quarantine list --all`
/// shows them, and the space's steward can adopt them later.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki quarantine discard 3f29a0c81d")]
pub(crate) struct DiscardArgs {
    /// Ids of entries, or the first digits of each
    #[arg(required = true)]
    ids: Vec<String>,
}

pub(crate) async fn quarantine(
    invocation: &mut Invocation,
    command: QuarantineCommand,
) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let output = &mut invocation.output;
    match command {
        QuarantineCommand::List(args) => {
            let (space, all) = (args.space, args.all);
            let reply = client.quarantine(ListQuarantineRequest { space, all });
            let reply = reply.await?;
            list(output, &reply.entries, reply.more)
        }
        QuarantineCommand::Show(args) => {
            let reply = client.show_quarantined(&args.id).await?;
            show(output, &reply)
        }
        QuarantineCommand::Adopt(args) => {
            let request = AdoptQuarantinedRequest {
                ids: args.ids,
                document: args.document,
                author: args.author,
                space: args.space,
            };
            let reply = client.adopt(request).await?;
            let adopted = Said {
                field: "adopted",
                done: ["รับรองแล้ว", "adopted, and published as an act of this node"],
                before: [
                    "รับรองไว้ก่อนแล้ว ไม่มีอะไรเปลี่ยน",
                    "adopted before, so nothing changed",
                ],
            };
            adopted.tell(output, &reply.adopted, &reply.already)
        }
        QuarantineCommand::Discard(args) => {
            let reply = client.discard(args.ids).await?;
            let discarded = Said {
                field: "discarded",
                done: ["ทิ้งแล้ว", "discarded at this node"],
                before: [
                    "มีการตัดสินไว้ก่อนแล้ว ไม่มีอะไรเปลี่ยน",
                    "adopted or discarded before, so nothing changed",
                ],
            };
            discarded.tell(output, &reply.discarded, &reply.already)
        }
    }
}

/// What is said of entries that were decided about, in Thai and English.
struct Said {
    field: &'static str,
    done: [&'static str; 2],
    before: [&'static str; 2],
}

impl Said {
    fn tell(&self, output: &mut Output, done: &[String], before: &[String]) -> anyhow::Result<()> {
        if output.json {
            return output.value(&machine::decided(self.field, done, before));
        }
        let language = output.language;
        for (ids, [th, en]) in [(done, self.done), (before, self.before)] {
            if !ids.is_empty() {
                let (count, said) = (ids.len(), language.pick(th, en));
                let ids = ids.join(" ");
                output.line(language.pick(
                    format!("{count} รายการ: {said}: {ids}"),
                    format!("{count} {said}: {ids}"),
                ))?;
            }
        }
        if done.is_empty() && before.is_empty() {
            output.line(language.pick(
                "ไม่มีรายการที่รอการตัดสิน: ดูด้วย `phaki quarantine list`",
                "no such entry waits for a decision: see `phaki quarantine list`",
            ))?;
        }
        Ok(())
    }
}

fn list(output: &mut Output, entries: &[QuarantinedEntry], more: bool) -> anyhow::Result<()> {
    if output.json {
        for entry in entries {
            output.value(&machine::quarantined(entry))?;
        }
        return Ok(());
    }
    let language = output.language;
    if entries.is_empty() {
        return output.line(language.pick(
            "ไม่มีรายการที่ถูกกักไว้และรอการตัดสิน",
            "no entry in quarantine waits for a decision",
        ));
    }
    let word = |text| (language.of(text), Align::Left);
    let mut table = Table::new(&[
        word(words::ID),
        (language.pick("ผู้เขียน", "AUTHOR"), Align::Left),
        word(words::SPACE),
        (language.pick("เอกสาร", "DOCUMENT"), Align::Left),
        word(words::TITLE),
        (language.pick("ลำดับ", "NO."), Align::Right),
        word(words::WHEN),
        (language.pick("เพราะ", "WHY"), Align::Left),
        word(words::STATE),
        (language.pick("รออยู่", "WAIT FOR IT"), Align::Right),
    ]);
    for entry in entries {
        let waiting = match entry.waiting {
            0 => "–".to_owned(),
            count => number::grouped(count),
        };
        table.row([
            entry.id.clone(),
            entry.author.clone(),
            entry.space.clone(),
            entry.document.clone(),
            output.fit(&harmless::line(&entry.title), TITLE_COLUMNS),
            number::grouped(entry.position + 1),
            output.moment(entry.time_ms),
            why(&entry.reason, language).to_owned(),
            state(&entry.state, language).to_owned(),
            waiting,
        ]);
    }
    output.table(&table)?;
    if more {
        output.line(language.pick(
            "ยังมีอีก: ระบุพื้นที่ข้อมูลด้วย --space หรือตัดสินรายการข้างต้นก่อน",
            "there are more: name a space with --space, or decide about these first",
        ))?;
    }
    Ok(())
}

fn why(reason: &str, language: Language) -> &str {
    match reason {
        "no-right" => language.pick("ไม่มีสิทธิ์เขียน", "no right to write"),
        "revoked" => language.pick("ถูกถอนสิทธิ์", "right revoked"),
        "suspended" => language.pick("ผู้เขียนถูกระงับ", "author suspended"),
        "key-replaced" => language.pick("ผู้เขียนเปลี่ยนกุญแจแล้ว", "author has another key now"),
        "behind-cut" => language.pick("อยู่หลังจุดที่ตัดสาย", "behind a cut"),
        other => other,
    }
}

fn state(state: &str, language: Language) -> &str {
    match state {
        "waiting" => language.pick("รอตัดสิน", "waits"),
        "adopted" => language.pick("รับรองแล้ว", "adopted"),
        "discarded" => language.pick("ทิ้งแล้ว", "discarded"),
        other => other,
    }
}

fn show(output: &mut Output, reply: &ShowQuarantinedReply) -> anyhow::Result<()> {
    if output.json {
        return output.value(&machine::quarantined_in_full(reply));
    }
    let language = output.language;
    let entry = reply.entry.clone().unwrap_or_default();
    head(output, &entry, reply)?;
    if !reply.unreadable.is_empty() {
        let why = harmless::line(&reply.unreadable);
        return output.line(language.pick(
            format!("รายการนี้มีผลไม่ได้: {why}"),
            format!("it could never count: {why}"),
        ));
    }
    if !reply.missing.is_empty() {
        output.line(language.pick(
            "รายการนี้ต่อจากการแก้ไขที่ยังไม่มีผล:",
            "it follows changes that do not count yet:",
        ))?;
        for missing in &reply.missing {
            let change: String = missing.change.chars().take(8).collect();
            output.line(match missing.quarantined.as_str() {
                "" => language.pick(
                    format!("  {change} ยังมาไม่ถึง"),
                    format!("  {change}, which has not arrived"),
                ),
                id => language.pick(
                    format!("  {id} ซึ่งถูกกักไว้เช่นกัน"),
                    format!("  {id}, which is in quarantine itself"),
                ),
            })?;
        }
        return Ok(());
    }
    if reply.fields.is_empty() {
        return output.line(language.pick(
            "รายการนี้จะไม่เปลี่ยนสิ่งที่แสดงอยู่",
            "it would change nothing of what is shown",
        ));
    }
    output.line(language.pick("ถ้ามีผล จะเปลี่ยน:", "if it counted, it would change:"))?;
    let table = change_table(output, kind_of(&entry.document), &reply.fields);
    output.table(&table)?;
    if reply.conflicts > 0 {
        let count = number::grouped(reply.conflicts);
        output.line(language.pick(
            format!("และจะมีค่าขัดแย้งเพิ่มใน {count} ช่อง"),
            format!("and leave concurrent values in fields that have none now: {count}"),
        ))?;
    }
    Ok(())
}

fn head(
    output: &mut Output,
    entry: &QuarantinedEntry,
    reply: &ShowQuarantinedReply,
) -> anyhow::Result<()> {
    let language = output.language;
    let mut line = format!("{}  {}", output.moment(entry.time_ms), entry.author);
    for part in [&reply.account, &reply.message] {
        if !part.is_empty() {
            line.push_str("  ");
            line.push_str(&harmless::line(part));
        }
    }
    output.line(format!("{line}  [{}]", entry.id))?;
    let (space, title) = (&entry.space, harmless::line(&entry.title));
    output.line(language.pick(
        format!("พื้นที่ข้อมูล {space}  {}  {title}", entry.document),
        format!("space {space}  {}  {title}", entry.document),
    ))?;
    let (why, state) = (why(&entry.reason, language), state(&entry.state, language));
    output.line(format!("{why}, {state}"))
}
