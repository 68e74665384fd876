//! `list`: the documents of this node, by space, kind and words of the title.

use clap::Args;
use phaki_documents::schema::{self, vocabulary};
use phaki_documents::text::Collator;
use phaki_documents::{Kind, Path};
use phaki_wire::proto::local::v1::{DocumentRow, ListDocumentsRequest};

use super::Invocation;
use crate::output::{Align, Language, Output, Table, machine, number, words};

/// Columns of a title on a terminal: with an id and four short columns it fits into 150.
const TITLE_COLUMNS: usize = 60;

/// Letters of the id of the record that stands for another: enough to type it.
const MERGED_LETTERS: usize = 12;

/// List documents, all or those whose title contains a text
///
/// In the order of a Thai dictionary, kind by kind. Spelling variants of Thai count as equal;
/// `phaki search` looks into all texts. With --json one object a line, as the node sends them.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki list --kind plan
  phaki list --space province-90 ควนเนียง")]
pub(crate) struct ListArgs {
    /// Only titles that contain this
    text: Option<String>,
    /// Only this space, by name or id
    #[arg(long)]
    space: Option<String>,
    /// Only this kind
    #[arg(long)]
    kind: Option<String>,
}

pub(crate) async fn list(invocation: &mut Invocation, args: ListArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let mut listing = client
        .list(ListDocumentsRequest {
            space: args.space.unwrap_or_default(),
            kind: args.kind.unwrap_or_default(),
            text: args.text.unwrap_or_default(),
        })
        .await?;
    let output = &mut invocation.output;
    let mut rows = Vec::new();
    while let Some(row) = listing.next().await? {
        if output.json {
            output.value(&machine::row(&row))?;
        } else {
            rows.push(row);
        }
    }
    if output.json {
        return Ok(());
    }
    // Equal titles stay as the node sends them: by space and id.
    let (collator, language) = (Collator::thai(), output.language);
    rows.sort_by(|a, b| {
        let order = rank(a).cmp(&rank(b));
        let by_title = || collator.compare(title(a, language), title(b, language));
        order.then_with(by_title)
    });
    show(output, &rows)
}

/// The title in that language, when there is one.
fn title(row: &DocumentRow, language: Language) -> &str {
    match language.pick(row.title.as_str(), row.title_en.as_str()) {
        "" => &row.title,
        own => own,
    }
}

/// Kinds in the order of their codes; those of newer programs last.
fn rank(row: &DocumentRow) -> usize {
    let known = Kind::from_name(&row.kind).map(|kind| usize::from(kind.code()));
    known.unwrap_or(usize::MAX)
}

fn show(output: &mut Output, rows: &[DocumentRow]) -> anyhow::Result<()> {
    let language = output.language;
    let word = |text| (language.of(text), Align::Left);
    let mut table = Table::new(&[
        word(words::TITLE),
        word(words::KIND),
        word(words::SPACE),
        word(words::AREA),
        word(words::STATE),
        word(words::ID),
    ]);
    for row in rows {
        table.row([
            output.fit(title(row, language), TITLE_COLUMNS),
            kind_name(&row.kind, language),
            row.space.clone(),
            row.areas.join(","),
            state(row, language),
            row.id.clone(),
        ]);
    }
    if !table.is_empty() {
        output.table(&table)?;
    }
    let count = number::grouped(rows.len() as u64);
    output.line(language.pick(format!("{count} เอกสาร"), format!("{count} documents")))
}

/// The kind as people call it; as it is when it is of a newer program.
pub(crate) fn kind_name(kind: &str, language: Language) -> String {
    match Kind::from_name(kind) {
        Some(kind) => language.pick(kind.label_th(), kind.label_en()).to_owned(),
        None => kind.to_owned(),
    }
}

fn state(row: &DocumentRow, language: Language) -> String {
    let mut parts = Vec::new();
    if !row.broken.is_empty() {
        parts.push(language.pick("อ่านไม่ได้: ", "unreadable: ").to_owned() + &row.broken);
    }
    if !row.merged_into.is_empty() {
        let into: String = row.merged_into.chars().take(MERGED_LETTERS).collect();
        parts.push(language.pick(format!("รวมเข้ากับ {into}…"), format!("merged into {into}…")));
    }
    if row.conflicts > 0 {
        let count = row.conflicts;
        parts.push(language.pick(format!("ขัดแย้ง {count} จุด"), format!("{count} in conflict")));
    }
    if !row.status.is_empty() {
        let kind = Kind::from_name(&row.kind);
        // The row's status is that of the field `status`, or else `state`.
        let label = ["status", "state"]
            .iter()
            .filter_map(|field| schema::field_at(kind, &Path::of_key(field).ok()?)?.at)
            .find_map(|field| vocabulary::label(field.vocabulary()?, &row.status));
        parts.push(match label {
            Some(known) => language.pick(known.th, known.en).to_owned(),
            None => row.status.clone(),
        });
    }
    parts.join(", ")
}
