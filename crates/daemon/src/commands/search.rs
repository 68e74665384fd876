//! `search`: the documents of this node that have some words, and where.

use clap::Args;
use phaki_wire::proto::local::v1::{Excerpt, SearchDocumentsRequest, SearchHit};

use super::Invocation;
use super::list::kind_name;
use crate::output::{Output, harmless, machine};

/// Find documents by words in their names and texts
///
/// A document must have every word, anywhere, also inside unspaced text. Spelling variants of Thai
/// count as equal, and an abbreviation as what it stands for: อบจ. finds องค์การบริหารส่วนจังหวัด and the
/// other way round. Documents that have the words in their names come first. With --json one hit a
/// line; the marks count code points.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki search ควนเนียง
  phaki search สช --kind agreement --limit 5
  phaki search อบจ. ขอนแก่น --space province-40 --json")]
pub(crate) struct SearchArgs {
    /// Words; one of two letters is enough
    #[arg(required = true)]
    words: Vec<String>,
    /// Only this kind
    #[arg(long, default_value = "", hide_default_value = true)]
    kind: String,
    /// Only this space, by name or id
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
    /// Documents at most, up to 1,000
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

pub(crate) async fn search(invocation: &mut Invocation, args: SearchArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let reply = client
        .search(SearchDocumentsRequest {
            words: args.words.join(" "),
            space: args.space,
            kind: args.kind,
            limit: args.limit,
        })
        .await?;
    let output = &mut invocation.output;
    for hit in &reply.hits {
        match output.json {
            true => output.value(&machine::hit(hit))?,
            false => show(output, hit)?,
        }
    }
    if !output.json {
        let language = output.language;
        let count = reply.hits.len();
        output.line(match (count, reply.more) {
            (0, _) => language.pick("ไม่พบเอกสาร".to_owned(), "no document found".to_owned()),
            (_, false) => language.pick(format!("พบ {count} เอกสาร"), format!("{count} found")),
            (_, true) => language.pick(
                format!("แสดง {count} เอกสาร ยังมีอีก: เพิ่มคำหรือใช้ --limit"),
                format!("{count} shown, there are more: add a word, or use --limit"),
            ),
        })?;
    }
    if reply.behind > 0 {
        let behind = reply.behind;
        crate::output::complain(output.language.pick(
            format!("เอกสาร {behind} ฉบับเพิ่งเปลี่ยนและยังค้นไม่พบ: ลองอีกครั้ง"),
            format!("{behind} documents have just changed and cannot be found yet: try again"),
        ));
    }
    Ok(())
}

fn show(output: &mut Output, hit: &SearchHit) -> anyhow::Result<()> {
    let row = hit.document.clone().unwrap_or_default();
    let title = hit.title.as_ref().map(|title| emphasised(output, title));
    output.composed(&title.unwrap_or_default())?;
    if let Some(found) = &hit.found {
        let text = emphasised(output, found);
        output.composed(&format!("  {text}"))?;
    }
    let kind = kind_name(&row.kind, output.language);
    output.line(format!("  {kind} · {} · {}", row.space, row.id))?;
    if row.merged_into.is_empty() {
        return Ok(());
    }
    let into = &row.merged_into;
    output.line(output.language.pick(
        format!("  รวมเข้ากับ {into} แล้ว"),
        format!("  merged into {into}"),
    ))
}

/// The text with what matched in bold on a terminal, and in brackets elsewhere.
fn emphasised(output: &Output, excerpt: &Excerpt) -> String {
    let (before, behind) = output.emphasis();
    let mut text = String::new();
    let mut letters = excerpt.text.chars();
    let mut at = 0;
    let mut take = |to: u32| {
        let count = usize::try_from(to.saturating_sub(at)).unwrap_or_default();
        at = at.max(to);
        harmless::line(&letters.by_ref().take(count).collect::<String>())
    };
    text.push_str(if excerpt.cut_before { "…" } else { "" });
    for mark in &excerpt.marks {
        text.push_str(&take(mark.from));
        text.push_str(before);
        text.push_str(&take(mark.to));
        text.push_str(behind);
    }
    text.push_str(&take(u32::MAX));
    text.push_str(if excerpt.cut_behind { "…" } else { "" });
    text
}
