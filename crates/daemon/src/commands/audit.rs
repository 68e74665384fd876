//! `audit`: what was done at this node and what was refused, and whether that is unaltered.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use phaki_wire::proto::local::v1::{
    AuditRecord, ListAuditRequest, VerifyAuditReply, VerifyAuditRequest,
};

use super::Invocation;
use super::span::span;
use crate::audit::{Deed, reading};
use crate::client::Client;
use crate::node_loop::{InForce, wall_ms};
use crate::output::{Align, Language, Output, Table, machine, number, words};
use crate::run::opened::{self, Opened};

/// Digits of a key or an id that stand for it beside what has a name.
const DIGITS: usize = 12;

/// Show what was done at this node and what was refused, the newest first
///
/// Everybody's acts of administration are here, and every refusal: who, what, which key, why.
/// A refusal that repeats is recorded at once the first time, then as a count: after a minute, and
/// at longer and longer intervals while it goes on. With --json one record a line.
///
/// Without a running node the log is read from the data folder. The records are linked by hashes. --verify checks them all; the last hash that it prints, written
/// down elsewhere and given as --known later, proves that nothing before it was altered or removed.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki audit --since 2d
  phaki audit --act join-refused --json
  phaki audit --verify --known \"$(cat audit-hash-of-last-month)\"")]
pub(crate) struct AuditArgs {
    /// Only what happened within this time, such as 12h or 2d
    #[arg(long, value_name = "SPAN", value_parser = span)]
    since: Option<Duration>,
    /// Only this act, such as space-granted or connection-refused
    #[arg(long, value_name = "WORD")]
    act: Option<String>,
    /// At most so many records
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Begin with the oldest
    #[arg(long)]
    oldest_first: bool,
    /// Check that no record was altered or removed; exit code 1 when one was
    #[arg(long, conflicts_with_all = ["since", "act", "limit", "oldest_first"])]
    verify: bool,
    /// With --verify: a hash that an earlier --verify printed, and that must still be there
    #[arg(long, value_name = "HASH", requires = "verify")]
    known: Option<String>,
}

pub(crate) async fn audit(
    invocation: &mut Invocation,
    args: AuditArgs,
) -> anyhow::Result<ExitCode> {
    let mut log = Log::open(invocation).await?;
    let output = &mut invocation.output;
    if args.verify {
        let known_hash = args.known.unwrap_or_default();
        let reply = log.verify(VerifyAuditRequest { known_hash }).await?;
        return report(output, &reply);
    }
    let since_ms = args.since.map_or(0, |since| {
        let since = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        wall_ms().saturating_sub(since)
    });
    let request = ListAuditRequest {
        since_ms,
        act: args.act.unwrap_or_default(),
        limit: args.limit,
        oldest_first: args.oldest_first,
    };
    let records = log.list(request).await?;
    if output.json {
        for record in &records {
            output.value(&machine::audit_record(record))?;
        }
    } else {
        output.table(&table(output, &records))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Where the log is read.
enum Log {
    /// At the running node.
    Running(Client),
    /// In the data folder of a node that does not run.
    Stopped(Box<Opened>),
}

impl Log {
    async fn open(invocation: &Invocation) -> anyhow::Result<Self> {
        let settings = invocation.global.settings()?;
        match Client::connect(&settings).await {
            Ok(client) => Ok(Self::Running(client)),
            // Not possible while a node runs, whatever keeps one from reaching it.
            Err(unreached) => match opened::open(&settings) {
                Ok(folder) => Ok(Self::Stopped(Box::new(folder))),
                Err(_) => Err(unreached),
            },
        }
    }

    async fn list(&mut self, request: ListAuditRequest) -> anyhow::Result<Vec<AuditRecord>> {
        match self {
            Self::Running(client) => client.audit(request).await,
            Self::Stopped(folder) => {
                let filter = reading::filter(request).map_err(anyhow::Error::msg)?;
                let in_force = InForce::of(&folder.node);
                let records = reading::list(&folder.store.reader(), &in_force, &filter);
                records.context("read the audit log")
            }
        }
    }

    async fn verify(&mut self, request: VerifyAuditRequest) -> anyhow::Result<VerifyAuditReply> {
        match self {
            Self::Running(client) => client.verify_audit(request).await,
            Self::Stopped(folder) => {
                let known = reading::known_hash(&request.known_hash);
                let known = known.map_err(anyhow::Error::msg)?;
                let check = reading::verify(&folder.store.reader(), known.as_ref());
                check.context("verify the audit log")
            }
        }
    }
}

fn table(output: &Output, records: &[AuditRecord]) -> Table {
    let language = output.language;
    let word = |text| (language.of(text), Align::Left);
    let mut table = Table::new(&[
        (language.pick("ลำดับ", "NO."), Align::Right),
        word(words::WHEN),
        word(words::WHO),
        word(words::ACT),
        word(words::SUBJECT),
        word(words::DETAIL),
        (language.pick("ครั้ง", "TIMES"), Align::Right),
    ]);
    for record in records {
        table.row([
            number::grouped(record.number),
            output.moment(record.time_ms),
            named(&record.who, &record.who_name),
            act(&record.act, language),
            named(&record.subject, &record.subject_name),
            record.detail.clone(),
            number::grouped(record.count),
        ]);
    }
    table
}

/// The name of a node or space; otherwise the beginning of its key, or the text itself.
fn named(text: &str, name: &str) -> String {
    let is_key = text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match (name, text) {
        ("", "") => "–".to_owned(),
        ("", key) if is_key => key.chars().take(DIGITS).chain(['…']).collect(),
        ("", text) => text.to_owned(),
        (name, _) => name.to_owned(),
    }
}

/// The word itself, since it is what one types; in Thai what it means stands before it.
fn act(word: &str, language: Language) -> String {
    let known = Deed::ALL.iter().find(|(_, known, _)| *known == word);
    match known {
        Some((_, _, thai)) => language.pick(format!("{thai} ({word})"), word.to_owned()),
        None => word.to_owned(),
    }
}

fn report(output: &mut Output, reply: &VerifyAuditReply) -> anyhow::Result<ExitCode> {
    let sound = reply.broken_record == 0 && reply.known_hash_found;
    let code = match sound {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    };
    if output.json {
        output.value(&machine::audit_check(reply))?;
        return Ok(code);
    }
    let (records, hash) = (number::grouped(reply.records), &reply.last_hash);
    if reply.broken_record != 0 {
        let (broken, why) = (number::grouped(reply.broken_record), &reply.broken_why);
        output.line(output.language.pick(
            format!(
                "บันทึกที่ {broken} ถูกแก้ไขหรือหายไป ({why}) ตรวจแล้วถูกต้อง {records} บันทึกก่อนหน้านั้น\n\
                 ขั้นต่อไป: สำเนาโฟลเดอร์ข้อมูลไว้เป็นหลักฐาน และเทียบกับข้อมูลสำรอง"
            ),
            format!(
                "record {broken} {why}; the {records} before it are sound\n\
                 next: keep a copy of the data folder as it is, and compare it with a backup"
            ),
        ))?;
        return Ok(code);
    }
    output.line(output.language.pick(
        format!("ตรวจ {records} บันทึก ไม่มีการแก้ไข แฮชสุดท้าย {hash}"),
        format!("checked {records} records, none was altered; the last hash is {hash}"),
    ))?;
    if !reply.known_hash_found {
        output.line(output.language.pick(
            "แต่ไม่พบแฮชที่ระบุด้วย --known: บันทึกถูกตัดหรือถูกแทนที่ \
             สำเนาโฟลเดอร์ข้อมูลไว้เป็นหลักฐาน และเทียบกับข้อมูลสำรอง",
            "but the hash given as --known is not there: the log was cut or replaced. Keep a copy \
             of the data folder as it is, and compare it with a backup",
        ))?;
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_name_is_shown_by_it_and_a_stranger_by_the_beginning_of_its_key() {
        let key = "ab".repeat(32);
        assert_eq!(named(&key, "TH-41"), "TH-41");
        assert_eq!(named(&key, ""), "abababababab…");
        assert_eq!(named("officer@TH", ""), "officer@TH");
        assert_eq!(named("", ""), "–");
    }

    #[test]
    fn an_act_is_shown_with_the_word_that_one_types() {
        assert_eq!(act("space-granted", Language::English), "space-granted");
        let thai = act("space-granted", Language::Thai);
        assert_eq!(thai, "ให้สิทธิ์ในพื้นที่ข้อมูล (space-granted)");
        assert_eq!(
            act("of-a-newer-program", Language::Thai),
            "of-a-newer-program"
        );
    }
}
