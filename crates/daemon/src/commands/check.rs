//! `check`: what is wrong or doubtful in documents, by the rules of docs/documents.md.

use std::process::ExitCode;

use clap::Args;
use phaki_wire::proto::local::v1::{
    AmountRange, CheckedDocument, Derived, Finding, Spread, YearRegions,
};

use super::Invocation;
use crate::output::{Align, Language, Output, Table, harmless, machine, number, time};

/// Check documents: errors and data-quality flags, field by field
///
/// An error says that a document is not fit to be published; a warning is a flag. Neither hinders
/// storing or sharing it. Exit code 1 when there is an error. With --json one checked document a line,
/// also those in which nothing is found, with what follows from it (totals, fiscal years,
/// completeness of a plan, end of an agreement).
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki check plan_6db237a0-c3de-50b5-8b38-068f561e7b75
  phaki check --space province-41 --lang th
  phaki check --json | jq -r '.findings[] | select(.severity == \"error\") | .code' | sort | uniq -c")]
pub(crate) struct CheckArgs {
    /// Ids of documents, or the first letters of them; all documents when there is none
    ids: Vec<String>,
    /// Only this space, by name or id
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
}

/// What was counted on the way.
#[derive(Default)]
struct Counts {
    documents: u64,
    errors: u64,
    warnings: u64,
}

pub(crate) async fn check(
    invocation: &mut Invocation,
    args: CheckArgs,
) -> anyhow::Result<ExitCode> {
    let mut client = invocation.connect().await?;
    let ids = match args.ids.is_empty() {
        true => vec![String::new()],
        false => args.ids,
    };
    let output = &mut invocation.output;
    let mut counts = Counts::default();
    for id in ids {
        let named = !id.is_empty();
        let mut listing = client.check(&id, &args.space).await?;
        while let Some(document) = listing.next().await? {
            counts.note(&document);
            if output.json {
                output.value(&machine::checked(&document))?;
            } else if named || !document.findings.is_empty() {
                card(output, &document)?;
            }
        }
    }
    if !output.json {
        output.line(counts.sentence(output.language))?;
    }
    Ok(match counts.errors {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

impl Counts {
    fn note(&mut self, document: &CheckedDocument) {
        self.documents += 1;
        for finding in &document.findings {
            match finding.severity.as_str() {
                "error" => self.errors += 1,
                _ => self.warnings += 1,
            }
        }
    }

    fn sentence(&self, language: Language) -> String {
        let documents = number::grouped(self.documents);
        let errors = number::grouped(self.errors);
        let warnings = number::grouped(self.warnings);
        language.pick(
            format!("ตรวจ {documents} เอกสาร: ข้อผิดพลาด {errors} ข้อควรดู {warnings}"),
            format!("checked {documents} documents: {errors} errors, {warnings} warnings"),
        )
    }
}

/// The document, what follows from it, and a line for each finding.
fn card(output: &mut Output, document: &CheckedDocument) -> anyhow::Result<()> {
    let language = output.language;
    let title = harmless::line(&document.title);
    output.line(format!("{title}  ({})", document.space))?;
    output.line(format!("  {}", document.id))?;
    let computed = document
        .derived
        .as_ref()
        .map(|derived| computed(derived, language));
    if let Some(computed) = computed.filter(|text| !text.is_empty()) {
        output.line(format!("  {computed}"))?;
    }
    let mut table = Table::new(&[("", Align::Left); 4]).indent(2);
    for finding in &document.findings {
        let Finding { th, en, .. } = finding;
        table.row([
            severity(&finding.severity, language).to_owned(),
            finding.path.clone(),
            language.pick(th, en).clone(),
            finding.code.clone(),
        ]);
    }
    if !table.is_empty() {
        output.table(&table)?;
    }
    output.line("")
}

fn severity(name: &str, language: Language) -> &str {
    match name {
        "error" => language.pick("ผิด", "error"),
        "warning" => language.pick("ควรดู", "warning"),
        other => other,
    }
}

/// The sums that are not nothing; as long as something in them is in conflict, between what they
/// lie and what reports say.
fn sums(derived: &Derived, language: Language) -> Vec<String> {
    let Some(totals) = &derived.totals else {
        return Vec::new();
    };
    let spread = derived.spread.as_ref();
    let range = |satang: i64, range: Option<AmountRange>| match range {
        Some(range) => (range.least_satang, range.most_satang),
        None => (satang, satang),
    };
    let of = |range: fn(&Spread) -> Option<AmountRange>| spread.and_then(range);
    let sums = [
        (
            "เสนอขอ",
            "requested",
            range(totals.requested_satang, of(|one| one.requested)),
        ),
        (
            "อนุมัติ",
            "approved",
            range(totals.approved_satang, of(|one| one.approved)),
        ),
        (
            "เบิกจ่าย",
            "disbursed",
            range(totals.paid_satang, of(|one| one.paid)),
        ),
    ];
    let mut parts: Vec<String> = sums
        .into_iter()
        .filter(|(_, _, (least, most))| *least != 0 || *most != 0)
        .map(|(th, en, (least, most))| {
            let amount = number::baht_range(least, most, language);
            format!("{} {amount}", language.pick(th, en))
        })
        .collect();
    if let Some(spread) = spread {
        let count = spread.conflicts;
        let reported = spread
            .reported
            .as_ref()
            .map_or(0, |one| one.approved_satang);
        let reported = number::baht(reported, language);
        parts.push(language.pick(
            format!("มีข้อขัดแย้ง {count} รายการ (รายงานใช้ยอดอนุมัติ {reported})"),
            format!("{count} in conflict (reports say {reported} approved)"),
        ));
    }
    parts
}

/// What follows from a document, in one line.
fn computed(derived: &Derived, language: Language) -> String {
    let mut parts = Vec::new();
    if !derived.fiscal_years.is_empty() {
        let years: Vec<String> = derived.fiscal_years.iter().map(i64::to_string).collect();
        let years = years.join(", ");
        parts.push(language.pick(format!("ปีงบประมาณ {years}"), format!("fiscal year {years}")));
    }
    if !derived.regions.is_empty() {
        let of_year = |one: &YearRegions| format!("{} {}", one.fiscal_year, one.regions.join(", "));
        let regions: Vec<String> = derived.regions.iter().map(of_year).collect();
        let regions = regions.join("; ");
        parts.push(language.pick(
            format!("เขตสุขภาพ {regions}"),
            format!("health region {regions}"),
        ));
    }
    parts.extend(sums(derived, language));
    if !derived.expires.is_empty() {
        let end = time::date(&derived.expires, language);
        parts.push(language.pick(format!("สิ้นสุด {end}"), format!("ends {end}")));
    }
    if let Some(complete) = &derived.completeness {
        let there = [
            complete.data,
            complete.responsible,
            complete.activities,
            complete.evaluation,
        ];
        let score = there.into_iter().filter(|there| *there).count();
        parts.push(language.pick(
            format!("ความครบถ้วน {score}/4"),
            format!("completeness {score}/4"),
        ));
    }
    parts.join(language.pick("  ", "; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use phaki_wire::proto::local::v1::{Completeness, Totals};

    #[test]
    fn what_follows_from_a_document_is_one_line() {
        let derived = Derived {
            fiscal_years: vec![2552],
            totals: Some(Totals {
                approved_satang: 160_000_000,
                ..Totals::default()
            }),
            expires: "2024-01-14".to_owned(),
            completeness: Some(Completeness {
                responsible: true,
                activities: true,
                ..Completeness::default()
            }),
            ..Derived::default()
        };
        assert_eq!(
            computed(&derived, Language::English),
            "fiscal year 2552; approved 1,600,000.00 baht; ends 14 January 2024; completeness 2/4"
        );
        assert_eq!(computed(&Derived::default(), Language::Thai), "");
    }
}
