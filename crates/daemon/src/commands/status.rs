//! `status`: the node, its spaces and links, and what a person must look at, on one screen.

mod under_way;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use phaki_wire::proto::local::v1::{Link, Peer, Space, StatusReply};

use super::{Invocation, contact};
use crate::output::{Align, Language, Output, Table, machine, number, words};

/// Show what is in sync, what is not and why, and what needs a person
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki status
  phaki status --watch 5
  phaki status --json | jq '.spaces[] | {name, documents, conflicts}'")]
pub(crate) struct StatusArgs {
    /// Show it again every so many seconds, until interrupted
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        default_missing_value = "2",
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    watch: Option<u64>,
}

pub(crate) async fn status(
    invocation: &mut Invocation,
    args: &StatusArgs,
) -> anyhow::Result<ExitCode> {
    let mut client = invocation.connect().await?;
    loop {
        let reply = client.status().await?;
        if args.watch.is_some() && !invocation.output.json {
            invocation.output.clear()?;
        }
        show(&mut invocation.output, &reply)?;
        let Some(seconds) = args.watch else {
            return Ok(ExitCode::SUCCESS);
        };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
        }
    }
}

fn show(output: &mut Output, reply: &StatusReply) -> anyhow::Result<()> {
    if output.json {
        return output.value(&machine::status(reply));
    }
    let language = output.language;
    node(output, reply)?;
    section(
        output,
        language.of(words::SPACES),
        &spaces(language, &reply.spaces),
    )?;
    let durable = coverage(output, &reply.spaces);
    section(
        output,
        language.pick("อยู่บนดิสก์ของโหนดอื่น", "On disk elsewhere"),
        &durable,
    )?;
    section(
        output,
        language.of(words::LINKS),
        &links(language, &reply.links),
    )?;
    section(
        output,
        language.pick("กำลังรับส่ง", "Under way"),
        &under_way::table(output, reply),
    )?;
    let erasures = contact::open_erasures(output, &reply.erasures);
    section(
        output,
        language.pick("การลบข้อมูลบุคคลที่ยังไม่ครบ", "Erasures under way"),
        &erasures,
    )?;
    let apart = apart(language, &reply.peers);
    section(
        output,
        language.pick("โหนดที่ไม่ได้เชื่อมต่อ", "Nodes without a link"),
        &apart,
    )?;
    output.line("")?;
    output.line(language.of(words::PROBLEMS))?;
    for problem in &reply.problems {
        output.line(format!("  ! {problem}"))?;
    }
    let conflicts: u64 = reply.spaces.iter().map(|space| space.conflicts).sum();
    if conflicts > 0 {
        let conflicts = number::grouped(conflicts);
        output.line(language.pick(
            format!("  ! {conflicts} เอกสารมีค่าที่ขัดแย้งกัน: ดูด้วย `phaki conflicts`"),
            format!("  ! documents with conflicting values: {conflicts}; see `phaki conflicts`"),
        ))?;
    }
    if reply.problems.is_empty() && conflicts == 0 {
        output.line(language.pick("  ไม่มี", "  none"))?;
    }
    Ok(())
}

fn node(output: &mut Output, reply: &StatusReply) -> anyhow::Result<()> {
    let language = output.language;
    let uptime = number::span(reply.uptime_ms, language);
    output.line(language.pick(
        format!(
            "{}  phaki {}  ทำงานมาแล้ว {uptime}",
            reply.name, reply.version
        ),
        format!(
            "{}  phaki {}  running for {uptime}",
            reply.name, reply.version
        ),
    ))?;
    let listen = match reply.listen.as_str() {
        "" => language.pick("ไม่รับการเชื่อมต่อเข้า", "nowhere, it only dials out"),
        listen => listen,
    };
    let writes = match reply.accepts_writes {
        true => language.pick("ได้", "accepted"),
        false => language.pick("หยุดรับ", "REFUSED, see the problems below"),
    };
    let version = number::grouped(reply.roster_version);
    let roster = language.pick(
        format!("{} (บัญชีโหนดรุ่นที่ {version})", reply.federation),
        format!("{} (roster version {version})", reply.federation),
    );
    let mut table = Table::pairs().indent(2);
    for (name, value) in [
        (language.of(words::KEY), reply.node.clone()),
        (language.of(words::FEDERATION), roster),
        (language.of(words::DATA), reply.data.clone()),
        (language.pick("รับฟังที่", "Listens on"), listen.to_owned()),
        (language.of(words::WRITES), writes.to_owned()),
    ] {
        table.row([name.to_owned(), value]);
    }
    output.table(&table)
}

fn section(output: &mut Output, title: &str, table: &Table) -> anyhow::Result<()> {
    if table.is_empty() {
        return Ok(());
    }
    output.line("")?;
    output.line(title)?;
    output.table(table)
}

/// Also shown by `space list`.
pub(crate) fn spaces(language: Language, spaces: &[Space]) -> Table {
    let word = |text| language.of(text);
    let mut table = Table::new(&[
        (word(words::NAME), Align::Left),
        (word(words::STEWARD), Align::Left),
        (word(words::RIGHT), Align::Left),
        (word(words::DOCUMENTS), Align::Right),
        (word(words::ENTRIES), Align::Right),
        (word(words::CONFLICTS), Align::Right),
        (word(words::QUARANTINED), Align::Right),
        (word(words::WAITING), Align::Right),
        (language.pick("ใช้ไม่ได้", "UNUSABLE"), Align::Right),
    ])
    .indent(2);
    for space in spaces {
        let right = match space.may_write {
            true => language.pick("อ่าน เขียน", "write"),
            false => language.pick("อ่าน", "read"),
        };
        let count = |count: u64| match count {
            0 => "–".to_owned(),
            count => number::grouped(count),
        };
        table.row([
            space.name.clone(),
            space.steward.clone(),
            right.to_owned(),
            number::grouped(space.documents),
            number::grouped(space.entries),
            count(space.conflicts),
            count(space.quarantined),
            count(space.waiting),
            count(space.refused),
        ]);
    }
    table
}

/// Of each space that others may read: how many of them hold everything, by their receipts.
fn coverage(output: &Output, spaces: &[Space]) -> Table {
    let language = output.language;
    let mut table = Table::pairs().indent(2);
    for space in spaces {
        let Some(known) = space.coverage.as_ref().filter(|known| known.readers > 0) else {
            continue;
        };
        let (complete, all) = (
            number::grouped(known.complete),
            number::grouped(known.readers),
        );
        let mut says = language.pick(
            format!("ครบทุกรายการที่ {complete} จาก {all} โหนด"),
            format!("everything at {complete} of {all} nodes"),
        );
        if !known.oldest.is_empty() {
            let (node, when) = (&known.oldest, output.moment(known.oldest_ms));
            says.push_str(&language.pick(
                format!("  ใบรับที่เก่าที่สุดจาก {node} เมื่อ {when}"),
                format!(", oldest receipt: {node}, {when}"),
            ));
        }
        if known.silent > 0 {
            let silent = number::grouped(known.silent);
            says.push_str(&language.pick(
                format!("  ไม่มีใบรับจาก {silent} โหนด"),
                format!(", no receipt of {silent}"),
            ));
        }
        table.row([space.name.clone(), says]);
    }
    table
}

fn links(language: Language, links: &[Link]) -> Table {
    let word = |text| language.of(text);
    let mut table = Table::new(&[
        (word(words::PEER), Align::Left),
        (word(words::STATE), Align::Left),
        (word(words::OPEN_FOR), Align::Right),
        (word(words::SENT), Align::Right),
        (word(words::RECEIVED), Align::Right),
    ])
    .indent(2);
    for link in links {
        table.row([
            link.peer.clone(),
            link_state(language, link),
            number::span(link.since_ms, language),
            number::size(link.bytes_sent),
            number::size(link.bytes_received),
        ]);
    }
    table
}

fn link_state(language: Language, link: &Link) -> String {
    let (come, go) = (link.entries_to_come, link.entries_to_go);
    let mut state = match (link.in_sync, come, go) {
        (true, ..) => language.pick("ตรงกันแล้ว", "in sync").to_owned(),
        (false, 0, 0) => language.pick("กำลังเทียบข้อมูล", "comparing").to_owned(),
        (false, 0, _) => {
            let (entries, bytes) = (number::grouped(go), number::size(link.bytes_to_go));
            language.pick(
                format!("กำลังส่ง อีก {entries} รายการ ({bytes})"),
                format!("{entries} entries to go ({bytes})"),
            )
        }
        (false, ..) => {
            let (entries, bytes) = (number::grouped(come), number::size(link.bytes_to_come));
            language.pick(
                format!("กำลังรับ อีก {entries} รายการ ({bytes})"),
                format!("{entries} entries to come ({bytes})"),
            )
        }
    };
    // Below a second the difference says more about the line than about the clocks.
    if link.clock_skew_ms.unsigned_abs() >= 1_000 {
        let skew = number::span(link.clock_skew_ms.unsigned_abs(), language);
        state.push_str(&match link.clock_skew_ms > 0 {
            true => language.pick(
                format!(" นาฬิกาเร็วไป {skew}"),
                format!(", its clock is {skew} ahead"),
            ),
            false => language.pick(
                format!(" นาฬิกาช้าไป {skew}"),
                format!(", its clock is {skew} behind"),
            ),
        });
    }
    state
}

fn apart(language: Language, peers: &[Peer]) -> Table {
    let mut table = Table::pairs().indent(2);
    for peer in peers.iter().filter(|peer| !peer.linked) {
        let mut says = match peer.status.as_str() {
            "active" => String::new(),
            status => format!("{status}  "),
        };
        if peer.retry_in_ms > 0 {
            let next = number::span(peer.retry_in_ms, language);
            says.push_str(&language.pick(
                format!("ลองใหม่ใน {next}  "),
                format!("next attempt in {next}  "),
            ));
        }
        says.push_str(&peer.last_error);
        if says.is_empty() {
            says = language
                .pick("รอให้โหนดนั้นติดต่อมา", "waits for it to call")
                .to_owned();
        }
        table.row([peer.name.clone(), says]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_says_what_is_to_come_and_a_wrong_clock() {
        let mut link = Link {
            entries_to_come: 1_200,
            bytes_to_come: 2_048,
            ..Link::default()
        };
        let state = |link: &Link| link_state(Language::English, link);
        assert_eq!(state(&link), "1,200 entries to come (2.0 KiB)");
        link.clock_skew_ms = -90_000;
        link.in_sync = true;
        assert_eq!(state(&link), "in sync, its clock is 1 min 30 s behind");
    }
}
