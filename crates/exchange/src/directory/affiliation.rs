//! Who belongs to whom, and which positions there are: never who holds them.

use phaki_documents::{DocumentId, Kind};
use serde_json::{Value, json};

use super::{Bundle, concept, entries, part_of, period, reference, reference_to, text};
use crate::language::Language;

/// One organisation's part in another one or in an agreement.
struct Affiliation<'a> {
    id: DocumentId,
    organization: Value,
    participant: Value,
    code: Option<Value>,
    entry: &'a Value,
}

impl Bundle {
    fn affiliation(&mut self, made: Affiliation<'_>) {
        let ended = made.entry.get("to").is_some_and(|to| !to.is_null());
        let gone = made.entry.get("state").and_then(Value::as_str) == Some("withdrawn");
        let resource = json!({
            "resourceType": "OrganizationAffiliation",
            "active": !ended && !gone,
            "period": period(made.entry.get("from"), made.entry.get("to")),
            "organization": made.organization,
            "participatingOrganization": made.participant,
            "code": made.code.into_iter().collect::<Vec<_>>(),
        });
        self.add(made.id, resource);
    }

    /// The dated parents of an organisation.
    pub(super) fn parents(&mut self, id: DocumentId, json: &Value, language: Language) {
        for (key, entry) in entries(json.get("parents")) {
            let Some(parent) = reference(entry.get("org")) else {
                continue;
            };
            self.affiliation(Affiliation {
                id: part_of(Kind::Org, "parent", &[&id.to_string(), &key]),
                organization: parent,
                participant: reference_to(id),
                code: concept("parent.kind", entry.get("kind"), language),
                entry,
            });
        }
    }

    /// The members of a network.
    pub(super) fn members(&mut self, id: DocumentId, json: &Value, language: Language) {
        for (key, entry) in entries(json.get("members")) {
            let member = Value::from(key.as_str());
            let Some(member) = reference(entry.get("org").or(Some(&member))) else {
                continue;
            };
            self.affiliation(Affiliation {
                id: part_of(Kind::Network, "member", &[&id.to_string(), &key]),
                organization: reference_to(id),
                participant: member,
                code: concept("member.role", entry.get("role"), language),
                entry,
            });
        }
    }

    /// The parties of an agreement, as affiliates of the organisation that coordinates it.
    pub(super) fn parties(&mut self, id: DocumentId, json: &Value, language: Language) {
        let Some(coordinator) = reference(json.get("coordinator")) else {
            return;
        };
        for (key, entry) in entries(json.get("parties")) {
            let party = Value::from(key.as_str());
            let Some(party) = reference(entry.get("org").or(Some(&party))) else {
                continue;
            };
            self.affiliation(Affiliation {
                id: part_of(Kind::Agreement, "party", &[&id.to_string(), &key]),
                organization: coordinator.clone(),
                participant: party,
                code: concept("party.role", entry.get("role"), language),
                entry,
            });
        }
    }

    /// The positions of a person, of whom nothing else is said.
    pub(super) fn roles(&mut self, id: DocumentId, json: &Value) {
        for (key, entry) in entries(json.get("roles")) {
            let organization =
                reference(entry.get("org")).or_else(|| reference(entry.get("network")));
            let former = entry.get("former").and_then(Value::as_bool) == Some(true);
            let made = part_of(Kind::Person, "role", &[&id.to_string(), &key]);
            self.position(made, organization, entry, former);
        }
    }

    /// The seats of a network.
    pub(super) fn seats(&mut self, id: DocumentId, json: &Value) {
        for (key, entry) in entries(json.get("seats")) {
            let made = part_of(Kind::Network, "seat", &[&id.to_string(), &key]);
            self.position(made, Some(reference_to(id)), entry, false);
        }
    }

    fn position(
        &mut self,
        id: DocumentId,
        organization: Option<Value>,
        entry: &Value,
        former: bool,
    ) {
        let Some(title) = text(entry, "title", Language::Thai) else {
            return;
        };
        let resource = json!({
            "resourceType": "PractitionerRole",
            "active": !former && entry.get("to").is_none_or(Value::is_null),
            "period": period(entry.get("from"), entry.get("to")),
            "organization": organization,
            "code": [{"text": title}],
        });
        self.add(id, resource);
    }
}
