//! `tree`: which organisation belonged to which on a day.

use clap::Args;
use phaki_documents::schema::vocabulary;
use phaki_wire::proto::local::v1::{DatedParent, ShowTreeRequest, TreePlace};

use super::{Invocation, whole_id};
use crate::output::{Language, Output, harmless, machine, time};

/// Show which organisations belong to which, today or on another day
///
/// With an organisation: all its parents with their dates, and what belongs to it. A line that would give
/// a unit a second parent of the same kind, or close a circle, is shown but does not count; of two
/// such lines the later one. Merged records appear as the one that stands for them.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki tree --lang th
  phaki tree org_18f262d4-… --at 2022-09-30")]
pub(crate) struct TreeArgs {
    /// Id of an organisation, or the first letters of it
    id: Option<String>,
    /// Day, as yyyy-mm-dd; today when not given
    #[arg(long, default_value = "", hide_default_value = true)]
    at: String,
    /// Only organisations of this space, by name or id
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
}

pub(crate) async fn tree(invocation: &mut Invocation, args: TreeArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let id = match args.id {
        Some(id) => whole_id(&mut client, &id, &args.space).await?,
        None => String::new(),
    };
    let request = ShowTreeRequest {
        id,
        space: args.space,
        at: args.at,
    };
    let reply = client.tree(request).await?;
    let output = &mut invocation.output;
    if output.json {
        return output.value(&machine::tree(&reply));
    }
    let language = output.language;
    for line in &reply.parents {
        output.line(parent(line, language))?;
    }
    let day = time::date(&reply.at, language);
    output.line(language.pick(format!("ณ วันที่ {day}"), format!("on {day}")))?;
    for place in &reply.places {
        show(output, place)?;
    }
    if reply.places.is_empty() {
        output.line(language.pick("ไม่มีหน่วยงานที่มีต้นสังกัด", "no organisation has a parent"))?;
    }
    // Of one organisation they stand among its parents.
    for line in reply.dropped.iter().filter(|_| reply.parents.is_empty()) {
        let unit = line.unit.clone().unwrap_or_default();
        output.line(format!(
            "! {}: {}",
            harmless::line(&unit.title),
            parent(line, language)
        ))?;
    }
    Ok(())
}

fn show(output: &mut Output, place: &TreePlace) -> anyhow::Result<()> {
    let depth = usize::try_from(place.depth).unwrap_or_default();
    let office = place.organisation.clone().unwrap_or_default();
    let merged = match place.merged.len() {
        0 => String::new(),
        count => output.language.pick(
            format!("  (แทน {count} รายการที่รวมแล้ว)"),
            format!("  (stands for {count} merged)"),
        ),
    };
    let title = harmless::line(&office.title);
    output.line(format!(
        "{}{title}  {}{merged}",
        "  ".repeat(depth),
        office.id
    ))
}

/// `องค์การบริหารส่วนจังหวัดสงขลา  ถ่ายโอน  1 ตุลาคม 2565 –`
fn parent(line: &DatedParent, language: Language) -> String {
    let parent = line.parent.clone().unwrap_or_default();
    let kind = match vocabulary::label("parent.kind", &line.kind) {
        Some(known) => language.pick(known.th, known.en),
        None => &line.kind,
    };
    let day = |text: &str| match text {
        "" => String::new(),
        text => time::date(text, language),
    };
    let why = match line.why_not.as_str() {
        "second" => language.pick("  ไม่นับ: มีต้นสังกัดอยู่แล้ว", "  does not count: a second parent"),
        "circle" => language.pick("  ไม่นับ: เป็นวง", "  does not count: closes a circle"),
        _ => "",
    };
    let title = harmless::line(&parent.title);
    format!(
        "{title}  {kind}  {} – {}{why}",
        day(&line.from),
        day(&line.to)
    )
}
