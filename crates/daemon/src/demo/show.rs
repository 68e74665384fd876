//! Tables and lines of the demonstration.

use phaki_wire::proto::local::v1::Conflict;

use super::check::{self, Reading};
use super::edits::Field;
use super::federation::Federation;
use super::ledger::Wanted;
use super::report::Report;
use super::sample::SPACES;
use crate::commands::kind_of;
use crate::commands::names::Names;
use crate::output::{Align, Table, table, value};

/// Columns of a value in a line about an edit.
const VALUE_COLUMNS: usize = 36;

/// Documents by node and space; a dot where a node does not have the space.
pub(super) fn matrix(report: &mut Report<'_>, readings: &[Reading]) -> anyhow::Result<()> {
    let mut heads = vec![("", Align::Left)];
    heads.extend(readings.iter().map(|reading| (reading.node, Align::Right)));
    let mut rows = Table::new(&heads).indent(3);
    for plan in SPACES {
        let counts = readings.iter().map(|reading| check::count(reading, &plan));
        rows.cells(
            std::iter::once(plan.name.to_owned())
                .chain(counts)
                .collect(),
        );
    }
    let text = rows.to_string();
    report.say(text.trim_end())
}

/// Who changes what.
pub(super) fn edit(report: &mut Report<'_>, wanted: &Wanted) -> anyhow::Result<()> {
    let kind = kind_of(&wanted.id);
    let language = report.output.language;
    for (path, to) in &wanted.sets {
        let to = value::readable(kind, path, to, language);
        // Ids of parties inside a path say nothing to a reader.
        let path = path
            .split('/')
            .map(|key| table::shorten(key, 16))
            .collect::<Vec<_>>();
        report.say(format!(
            "     {:6} {:12} {} = {}",
            wanted.node,
            wanted.account,
            path.join("/"),
            table::shorten(&to, VALUE_COLUMNS)
        ))?;
    }
    Ok(())
}

/// Both values of each conflict, who wrote them and when.
pub(super) fn conflicts(
    report: &mut Report<'_>,
    names: &Names,
    found: &[Conflict],
) -> anyhow::Result<()> {
    let language = report.output.language;
    for conflict in found {
        let labels = [conflict.label_th.as_str(), &conflict.label_en];
        let label = names.label(labels, &conflict.path, language);
        report.say(format!("   {}", conflict.title))?;
        report.say(format!("     {label}"))?;
        let mut rows = Table::new(&[("", Align::Left); 4]).indent(6);
        for one in &conflict.values {
            rows.row([
                names.value(&conflict.id, &conflict.path, &one.value_json, language),
                one.node.clone(),
                one.account.clone(),
                report.output.moment(one.time_ms),
            ]);
        }
        let text = rows.to_string();
        report.say(text.trim_end())?;
    }
    Ok(())
}

/// Commands to try while the nodes keep running, with the conflict that is still open.
pub(super) fn by_hand(
    report: &mut Report<'_>,
    federation: &Federation,
    open: &Field,
) -> anyhow::Result<()> {
    let program = std::env::args()
        .next()
        .unwrap_or_else(|| "phaki".to_owned());
    let text = report.output.language.pick(
        "\nโหนดทั้งห้ายังทำงานอยู่ ลองเองได้ในอีกหน้าต่างหนึ่ง (กด Ctrl-C เพื่อหยุด):",
        "\nThe nodes keep running. Try them from another terminal (Ctrl-C ends them):",
    );
    report.say(text)?;
    let socket = |node: &str| -> anyhow::Result<String> {
        let socket = federation.node(node)?.socket();
        Ok(format!("{program} --socket {}", socket.display()))
    };
    let (th, udon) = (socket("TH")?, socket("TH-41")?);
    for line in [
        format!("{th} status"),
        format!("{th} list --kind plan --lang th"),
        format!("{th} conflicts"),
        format!("{th} resolve {} {} --value-of TH-90", open.id, open.path),
        format!("{udon} list --space province-41"),
        format!("{udon} new plan --space province-41 title/th=แผนทดลอง type=action_plan areas=41"),
        format!("{th} federation roster"),
    ] {
        report.say(format!("   {line}"))?;
    }
    Ok(())
}
