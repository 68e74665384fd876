//! Projects in the columns that local health security funds report in, without the name and the
//! telephone of a coordinator.

use std::collections::BTreeMap;

use phaki_documents::area::province_of;
use phaki_documents::schema::vocabulary;
use phaki_documents::{DocumentId, Kind};
use serde_json::Value;

use crate::cell::{Cell, Style, Table};
use crate::language::Language;
use crate::value::baht;

/// What each column is called, and how it looks.
const COLUMNS: [(&str, &str, Style); 18] = [
    ("เขต", "Zone", Style::Text),
    ("จังหวัด", "Province", Style::Text),
    ("อำเภอ", "District", Style::Text),
    ("รหัสกองทุน", "Fund code", Style::Text),
    ("รหัสโครงการ", "Project code", Style::Text),
    ("ชื่อโครงการ", "Title", Style::Text),
    ("ปีงบประมาณ", "Fiscal year", Style::Text),
    ("ประเภทการสนับสนุน", "Support type", Style::Text),
    ("หน่วยงานรับผิดชอบ", "Agency", Style::Text),
    ("วันเริ่ม", "Start", Style::Text),
    ("วันสิ้นสุด", "End", Style::Text),
    ("งบที่ขอ (บาท)", "Budget asked (baht)", Style::Baht),
    ("งบที่อนุมัติ (บาท)", "Budget approved (baht)", Style::Baht),
    ("วันที่อนุมัติ", "Approved on", Style::Text),
    ("รหัสเอกสารในระบบ", "Document", Style::Text),
    ("กลุ่มเป้าหมาย", "Target group", Style::Text),
    ("จำนวนเป้าหมาย", "Size", Style::Number),
    ("กิจกรรม", "Activity", Style::Text),
];

/// A table with a row for each activity; organisations among the documents give names and codes.
pub fn table(documents: &[(DocumentId, Value)], language: Language) -> Table {
    let orgs: BTreeMap<String, &Value> = documents
        .iter()
        .filter(|(id, _)| matches!(id.kind(), Some(Kind::Org | Kind::Network)))
        .map(|(id, json)| (id.to_string(), json))
        .collect();
    let activities = documents
        .iter()
        .filter(|(id, _)| id.kind() == Some(Kind::Activity));
    let rows = activities.map(|(id, json)| {
        Project {
            id: *id,
            json,
            orgs: &orgs,
            language,
        }
        .row()
    });
    Table {
        name: "local_fund".to_owned(),
        title: language
            .pick("โครงการกองทุน", "Projects of funds")
            .to_owned(),
        columns: COLUMNS
            .iter()
            .map(|(th, en, style)| (language.pick(*th, *en).to_owned(), *style))
            .collect(),
        rows: rows.collect(),
    }
}

struct Project<'a> {
    id: DocumentId,
    json: &'a Value,
    orgs: &'a BTreeMap<String, &'a Value>,
    language: Language,
}

impl Project<'_> {
    fn row(&self) -> Vec<Cell> {
        let area = self
            .json
            .pointer("/areas/0")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let province = province_of(area);
        let name = |province: &'static phaki_documents::area::Province| {
            self.language.pick(province.th, province.en)
        };
        let funding = self.with_role(&["funding"]);
        let fund = funding
            .iter()
            .find_map(|(_, org)| (*org)?.pointer("/identifiers/nhso_fund/value"));
        vec![
            Cell::text(
                province
                    .map(|one| one.region.to_string())
                    .unwrap_or_default(),
            ),
            Cell::text(province.map(name).unwrap_or_default()),
            Cell::text(self.district(area)),
            Cell::text(fund.and_then(Value::as_str).unwrap_or_default()),
            Cell::text(self.text("/number")),
            Cell::text(self.localised(self.json.get("title"))),
            Cell::text(self.years()),
            Cell::text(self.labels("support_type", "budget", "support_type")),
            Cell::text(self.agencies()),
            Cell::text(self.day("from")),
            Cell::text(self.day("to")),
            self.budget("requested"),
            self.budget("approved"),
            Cell::text(self.approved_on()),
            Cell::text(self.id.to_string()),
            Cell::text(self.labels("target.group", "targets", "group")),
            self.size(),
            Cell::text(self.text("/description")),
        ]
    }

    fn text(&self, pointer: &str) -> String {
        self.json
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    fn localised(&self, value: Option<&Value>) -> String {
        let text = |value: &Value| {
            let chosen = value
                .get(self.language.pick("th", "en"))
                .or_else(|| value.get("th"))?;
            chosen.as_str().map(str::to_owned)
        };
        value.and_then(text).unwrap_or_default()
    }

    /// The district, by its name as it was written, or else by its code.
    fn district(&self, area: &str) -> String {
        let Some(code) = area
            .get(..4)
            .filter(|code| code.bytes().all(|b| b.is_ascii_digit()))
        else {
            return String::new();
        };
        match self
            .json
            .pointer(&format!("/area_names/{code}"))
            .and_then(Value::as_str)
        {
            Some(name) => name.to_owned(),
            None => code.to_owned(),
        }
    }

    fn years(&self) -> String {
        let years: Vec<String> = match self.json.get("fy_be") {
            Some(Value::Array(years)) => years.iter().map(Value::to_string).collect(),
            Some(Value::Number(year)) => vec![year.to_string()],
            _ => Vec::new(),
        };
        years.join("\n")
    }

    fn entries(&self, field: &str) -> impl Iterator<Item = &Value> {
        self.json
            .get(field)
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(|map| map.values())
    }

    /// The different codes of the entries of a field, by their labels.
    fn labels(&self, vocabulary: &str, field: &str, code: &str) -> String {
        let mut labels: Vec<String> = Vec::new();
        for code in self
            .entries(field)
            .filter_map(|entry| entry.get(code)?.as_str())
        {
            let known = vocabulary::label(vocabulary, code);
            let label = known.map_or(code, |known| self.language.pick(known.th, known.en));
            if !labels.iter().any(|known| known == label) {
                labels.push(label.to_owned());
            }
        }
        labels.join("\n")
    }

    /// The organisations that have one of these roles.
    fn with_role(&self, wanted: &[&str]) -> Vec<(String, Option<&Value>)> {
        let roles = self.json.get("roles").and_then(Value::as_object);
        let has = |roles: &Value| match roles {
            Value::Array(all) => all
                .iter()
                .filter_map(Value::as_str)
                .any(|role| wanted.contains(&role)),
            role => role.as_str().is_some_and(|role| wanted.contains(&role)),
        };
        let found = roles.into_iter().flatten().filter(|(_, roles)| has(roles));
        found
            .map(|(org, _)| (org.clone(), self.orgs.get(org).copied()))
            .collect()
    }

    fn agencies(&self) -> String {
        let names = self.with_role(&["implementing", "accountable"]);
        let name = |(id, org): (String, Option<&Value>)| {
            let name = org
                .map(|org| self.localised(org.get("name")))
                .unwrap_or_default();
            if name.is_empty() { id } else { name }
        };
        names.into_iter().map(name).collect::<Vec<_>>().join("\n")
    }

    fn day(&self, side: &str) -> String {
        ["/schedule/planned", "/schedule", "/schedule/actual"]
            .iter()
            .map(|place| self.text(&format!("{place}/{side}")))
            .find(|day| !day.is_empty())
            .unwrap_or_default()
    }

    /// The sum of the budget lines of a stage; empty when there is none.
    fn budget(&self, stage: &str) -> Cell {
        let of_stage = |line: &&Value| line.get("stage").and_then(Value::as_str) == Some(stage);
        let amounts: Vec<i64> = self
            .entries("budget")
            .filter(of_stage)
            .filter_map(|line| line.get("amount_satang")?.as_i64())
            .collect();
        let sum = amounts
            .iter()
            .try_fold(0_i64, |sum, amount| sum.checked_add(*amount));
        match (amounts.is_empty(), sum) {
            (false, Some(sum)) => Cell::Number(baht(sum)),
            _ => Cell::Empty,
        }
    }

    fn approved_on(&self) -> String {
        let approved = |entry: &&Value| {
            ["status", "to", "decision"]
                .iter()
                .any(|field| entry.get(*field).and_then(Value::as_str) == Some("approved"))
        };
        let at = self
            .entries("status_log")
            .find(approved)
            .and_then(|entry| entry.get("at"));
        let day = at.and_then(|at| at.as_str().or_else(|| at.get("from")?.as_str()));
        day.unwrap_or_default().to_owned()
    }

    fn size(&self) -> Cell {
        let counts: Vec<i64> = self
            .entries("targets")
            .filter_map(|target| target.get("count")?.as_i64())
            .collect();
        match counts
            .iter()
            .try_fold(0_i64, |sum, count| sum.checked_add(*count))
        {
            Some(sum) if !counts.is_empty() => Cell::Number(sum.to_string()),
            _ => Cell::Empty,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_project_is_one_row_with_names_sums_and_codes_and_no_person() {
        let fund = DocumentId::from_code(Kind::Org, "nhso_fund", "L8010");
        let project = DocumentId::from_code(Kind::Activity, "localfund", "66-3357-04-001");
        let documents = [
            (
                fund,
                json!({"name": {"th": "กองทุนฯ ควนโส"}, "identifiers": {"nhso_fund": {"value": "L8010"}}}),
            ),
            (
                project,
                json!({"title": {"th": "คัดกรอง"}, "number": "66-3357-04-001", "areas": ["901302"],
                    "fy_be": [2566], "roles": {fund.to_string(): ["funding", "implementing"]},
                    "contact": "person_070465bc-080a-5b77-b21c-686140b76a93",
                    "area_names": {"9013": "ควนเนียง"},
                    "schedule": {"from": "2023-01-01", "to": "2023-09-30"},
                    "budget": {"b1": {"stage": "requested", "amount_satang": 1_000_050},
                        "b2": {"stage": "requested", "amount_satang": 50}},
                    "targets": {"t": {"count": 40}, "u": {"count": 2}}}),
            ),
        ];
        let table = table(&documents, Language::Thai);
        assert_eq!(table.rows.len(), 1);
        let shown: Vec<String> = table.rows[0].iter().map(Cell::shown).collect();
        assert_eq!(
            shown[..7],
            [
                "12",
                "สงขลา",
                "ควนเนียง",
                "L8010",
                "66-3357-04-001",
                "คัดกรอง",
                "2566"
            ]
        );
        assert_eq!(
            shown[8..13],
            ["กองทุนฯ ควนโส", "2023-01-01", "2023-09-30", "10001.00", ""]
        );
        assert_eq!(shown[16], "42");
        assert!(!shown.iter().any(|text| text.contains("person_")));
    }
}
