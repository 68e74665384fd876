//! What of a plan goes on in another fiscal year, and what of its activities.
//!
//! What happened, was decided or was paid in one year stays with the document of that year; the rest
//! goes over, unknown fields included. The id follows from that of the old document and the year, so
//! two offices that carry over the same plan while apart make one document.

use serde_json::{Map, Value};

use crate::kind::{DocumentId, Kind};

/// Fields of plans and activities that stay behind.
const OF_ITS_YEAR: &[&str] = &[
    "allocation",
    "approvals",
    "as_written",
    "budget",
    "ceiling_satang",
    "created",
    "disbursements",
    "dq",
    "files",
    "income",
    "number",
    "overlaps",
    "reports",
    "retired",
    "review",
    "schedule",
    "sources",
    "status_log",
    "updated",
];

/// Statuses behind which nothing goes on.
const FINISHED: &[&str] = &["completed", "terminated", "cancelled", "rejected"];

/// The document that goes on from an older one in the fiscal year (Buddhist era), as a draft. An
/// activity follows its plan: give it that as `plan`.
pub fn carried(
    from: &DocumentId,
    fields: &Map<String, Value>,
    year: i64,
    plan: Option<&DocumentId>,
) -> (DocumentId, Map<String, Value>) {
    let stays = |name: &str| OF_ITS_YEAR.contains(&name);
    let goes = fields.iter().filter(|(name, _)| !stays(name));
    let mut next: Map<String, Value> = goes
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let id = carried_id(from, year);
    next.insert("id".to_owned(), Value::from(id.to_string()));
    next.insert("status".to_owned(), Value::from("draft"));
    next.insert("fy_be".to_owned(), Value::from(vec![year]));
    next.insert("carried_from".to_owned(), Value::from(from.to_string()));
    if let Some(plan) = plan {
        next.insert("plan".to_owned(), Value::from(plan.to_string()));
    }
    let targets = next.get_mut("targets").and_then(Value::as_object_mut);
    for target in targets.into_iter().flat_map(Map::values_mut) {
        target
            .as_object_mut()
            .map(|target| target.shift_remove("reached"));
    }
    (id, next)
}

/// The id of the document that goes on from another one in that year.
pub fn carried_id(from: &DocumentId, year: i64) -> DocumentId {
    let kind = from.kind().unwrap_or(Kind::Plan);
    DocumentId::from_code(kind, "carried", &format!("{from}|{year}"))
}

/// Whether a document has ended, or was given up, so that nothing of it goes on.
pub fn is_finished(fields: &Map<String, Value>) -> bool {
    let status = fields.get("status").and_then(Value::as_str);
    fields.contains_key("retired") || status.is_some_and(|status| FINISHED.contains(&status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_was_decided_and_paid_stays_and_what_is_wanted_goes_on() {
        let old = DocumentId::new(Kind::Plan, [7; 16]);
        let fields = map(json!({
            "id": old.to_string(),
            "kind": "plan",
            "title": {"th": "แผนสุขภาพ"},
            "status": "completed",
            "fy_be": [2567],
            "strategies": {"s1": {"th": "ยุทธศาสตร์ที่ 1", "measures": {"m1": {"text": "มาตรการ"}}}},
            "approvals": {"a1": {"decision": "approved"}},
            "review": {"success": "ครบทุกตำบล"},
            "allocation": {"10.1": 100},
            "of_a_newer_program": 1,
        }));
        let (id, next) = carried(&old, &fields, 2568, None);
        let expected = map(json!({
            "id": id.to_string(),
            "kind": "plan",
            "title": {"th": "แผนสุขภาพ"},
            "status": "draft",
            "fy_be": [2568],
            "strategies": {"s1": {"th": "ยุทธศาสตร์ที่ 1", "measures": {"m1": {"text": "มาตรการ"}}}},
            "of_a_newer_program": 1,
            "carried_from": old.to_string(),
        }));
        assert_eq!(next, expected);
        assert_eq!(
            carried(&old, &fields, 2568, None).0,
            id,
            "the same for everybody"
        );
        assert_ne!(carried_id(&old, 2569), id);
    }

    #[test]
    fn an_activity_follows_its_plan_and_begins_anew() {
        let (old, plan) = (
            DocumentId::new(Kind::Activity, [1; 16]),
            DocumentId::new(Kind::Plan, [2; 16]),
        );
        let fields = map(json!({
            "plan": "plan_of_before",
            "targets": {"t1": {"count": 41, "unit": "tambon", "reached": 38}},
            "budget": {"b1": {"amount_satang": 160_000_000}},
        }));
        let (_, next) = carried(&old, &fields, 2568, Some(&plan));
        assert_eq!(next["plan"], plan.to_string());
        assert_eq!(
            next["targets"],
            json!({"t1": {"count": 41, "unit": "tambon"}})
        );
        assert!(!next.contains_key("budget"));
        assert!(!is_finished(&fields));
        assert!(is_finished(&map(json!({"status": "completed"}))));
        assert!(is_finished(&map(json!({"retired": {"at": "2567-09-30"}}))));
    }
}
