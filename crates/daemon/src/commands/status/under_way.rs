//! What is to come and to go on each link: of which space, how much, how long it takes, and what holds
//! it back.

use phaki_wire::proto::local::v1::{Link, SpaceProgress, StatusReply};

use crate::output::{Language, Output, Table, bar, number};

/// A row for each space and direction, with a bar for what the receiver holds already.
pub(super) fn table(output: &Output, reply: &StatusReply) -> Table {
    let mut table = Table::pairs().indent(2);
    for link in &reply.links {
        for space in &link.spaces {
            let known = reply.spaces.iter().find(|known| known.name == space.space);
            let here = known.map_or(0, |known| known.entries);
            rows(output.language, link, space, here, &mut table);
        }
        if let Some(reason) = held_back(output, link) {
            table.row([link.peer.clone(), reason]);
        }
    }
    table
}

/// `here` is what this node holds of the space.
fn rows(language: Language, link: &Link, space: &SpaceProgress, here: u64, table: &mut Table) {
    let (come, go) = (space.entries_to_come, space.entries_to_go);
    if come > 0 {
        let what = language.pick("รับจาก", "from");
        let bar = bar::text(here, here.saturating_add(come));
        let says = amount(language, come, space.bytes_to_come, link.to_come_ms);
        table.row([
            format!("{what} {}: {}", link.peer, space.space),
            format!("{bar} {says}"),
        ]);
    }
    if go > 0 {
        let what = language.pick("ส่งถึง", "to");
        let bar = bar::text(here.saturating_sub(go), here);
        let says = amount(language, go, space.bytes_to_go, link.to_go_ms);
        table.row([
            format!("{what} {}: {}", link.peer, space.space),
            format!("{bar} {says}"),
        ]);
    }
}

fn amount(language: Language, entries: u64, bytes: u64, left_ms: Option<u64>) -> String {
    let (entries, bytes) = (number::grouped(entries), number::size(bytes));
    let mut text = language.pick(
        format!("อีก {entries} รายการ ({bytes})"),
        format!("{entries} entries ({bytes})"),
    );
    if let Some(left_ms) = left_ms {
        let span = number::span(left_ms.max(1_000), language);
        text.push_str(&language.pick(
            format!(" ทุกปริภูมิเสร็จในราว {span}"),
            format!(", all spaces in about {span}"),
        ));
    }
    text
}

/// Why a link is slower than its line, in words.
fn held_back(output: &Output, link: &Link) -> Option<String> {
    let language = output.language;
    match link.held_back.as_str() {
        "" => None,
        "quiet-hours" => {
            let until = output.moment(link.quiet_until_ms);
            Some(language.pick(
                format!("อยู่ในช่วงงดส่งข้อมูลมาก จนถึง {until} การแก้ไขยังส่งได้"),
                format!("quiet hours until {until}: bulk waits, edits still travel"),
            ))
        }
        "capped" => {
            let limits = [
                (language.pick("ส่ง", "up"), link.upload_limit),
                (language.pick("รับ", "down"), link.download_limit),
            ];
            let limits = limits.iter().filter(|(_, limit)| *limit > 0);
            let limits = limits.map(|(way, limit)| format!("{way} {} kbit/s", limit / 1_000));
            let limits = limits.collect::<Vec<_>>().join(", ");
            Some(language.pick(
                format!("จำกัดความเร็วตามที่ตั้งไว้: {limits}"),
                format!("kept to the configured speed: {limits}"),
            ))
        }
        reason => Some(reason.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phaki_wire::proto::local::v1::Space;

    #[test]
    fn what_is_under_way_is_told_by_space_with_the_time_that_is_left_and_what_holds_it_back() {
        let space = SpaceProgress {
            space: "plans".to_owned(),
            entries_to_go: 1_200,
            bytes_to_go: 2_048,
            ..SpaceProgress::default()
        };
        let link = Link {
            peer: "TH-90".to_owned(),
            spaces: vec![space],
            to_go_ms: Some(90_000),
            held_back: "capped".to_owned(),
            upload_limit: 256_000,
            ..Link::default()
        };
        let known = Space {
            name: "plans".to_owned(),
            entries: 2_400,
            ..Space::default()
        };
        let reply = StatusReply {
            links: vec![link],
            spaces: vec![known],
            ..StatusReply::default()
        };
        let shown = |language| {
            let output = Output::standard(language, false);
            table(&output, &reply).to_string()
        };
        let english = shown(Language::English);
        assert!(english.contains("to TH-90: plans"), "{english}");
        let left =
            "[==========          ] 50% 1,200 entries (2.0 KiB), all spaces in about 1 min 30 s";
        assert!(english.contains(left), "{english}");
        assert!(
            english.contains("kept to the configured speed: up 256 kbit/s"),
            "{english}"
        );
        assert!(shown(Language::Thai).contains("จำกัดความเร็วตามที่ตั้งไว้"));
    }
}
