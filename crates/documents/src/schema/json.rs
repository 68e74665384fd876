//! JSON Schema (draft 2020-12) of a kind of document, made from its declaration.
//!
//! What may be stored is wider than what is right: unknown fields are allowed, and known codes are
//! examples, since newer ones must be accepted.

use serde_json::{Map, Value, json};

use super::field::{Field, FieldType, Label};
use super::{fields, vocabulary};
use crate::kind::Kind;

/// The schema of a kind, with labels and help in the language that `pick` takes of each.
pub fn json_schema(kind: Kind, pick: fn(Label) -> &'static str) -> Value {
    let mut root = Node::default();
    for field in fields(kind) {
        root.insert(field);
    }
    let label = Label {
        th: kind.label_th(),
        en: kind.label_en(),
    };
    let required = fields(kind).filter(|field| field.required);
    let required: Vec<&str> = ["id", "kind"]
        .into_iter()
        .chain(required.map(|field| field.pattern))
        .collect();
    let mut properties = Map::new();
    properties.insert("id".to_owned(), document_id(&[kind]));
    properties.insert("kind".to_owned(), json!({"const": kind.name()}));
    properties.extend(root.properties(pick));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": pick(label),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": true,
    })
}

/// The declarations by the segments of their patterns, in the order of their declaration.
#[derive(Default)]
struct Node {
    field: Option<&'static Field>,
    below: Vec<(&'static str, Node)>,
}

impl Node {
    fn insert(&mut self, field: &'static Field) {
        let mut node = self;
        for segment in field.pattern.split('/') {
            let index = match node.below.iter().position(|(name, _)| *name == segment) {
                Some(index) => index,
                None => {
                    node.below.push((segment, Node::default()));
                    node.below.len() - 1
                }
            };
            node = &mut node.below[index].1;
        }
        node.field = Some(field);
    }

    /// The schemas of the keys that are declared by name.
    fn properties(&self, pick: fn(Label) -> &'static str) -> Map<String, Value> {
        let named = self.below.iter().filter(|(name, _)| *name != "*");
        named
            .map(|(name, node)| ((*name).to_owned(), node.schema(pick)))
            .collect()
    }

    /// What stands under each key or in each item.
    fn any(&self) -> Option<&Node> {
        self.below
            .iter()
            .find(|(name, _)| *name == "*")
            .map(|(_, node)| node)
    }

    fn schema(&self, pick: fn(Label) -> &'static str) -> Value {
        let field_type = self
            .field
            .map_or(FieldType::Group, |field| field.field_type);
        let mut schema = self.of_type(field_type, pick);
        let Some(field) = self.field else {
            return schema;
        };
        if let Some(object) = schema.as_object_mut() {
            object.insert("title".to_owned(), Value::from(pick(field.label)));
            let help = [pick(field.help), &codes(field.field_type, pick)]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join(" — ");
            if !help.is_empty() {
                object.insert("description".to_owned(), Value::from(help));
            }
        }
        schema
    }

    fn of_type(&self, field_type: FieldType, pick: fn(Label) -> &'static str) -> Value {
        let inner = |of: &FieldType| match (of, self.any()) {
            (FieldType::Group | FieldType::TextOrGroup | FieldType::Any, Some(node)) => {
                node.of_type(*of, pick)
            }
            _ => Node::default().of_type(*of, pick),
        };
        let list = |item: Value| json!({"type": "array", "items": item});
        let map = |entry: Value| json!({"type": "object", "additionalProperties": entry});
        match field_type {
            FieldType::List(of) => or_null(list(inner(of))),
            FieldType::Map(of) => or_null(map(inner(of))),
            FieldType::Many(of) => any_of([list(inner(of)), map(inner(of)), null()]),
            FieldType::OneOrMany(of) => any_of([inner(of), list(inner(of)), map(inner(of))]),
            FieldType::Groups => {
                let group = inner(&FieldType::Group);
                any_of([list(group.clone()), map(group), null()])
            }
            FieldType::Group => or_null(self.object(pick)),
            FieldType::TextOrGroup => {
                any_of([json!({"type": "string"}), self.object(pick), null()])
            }
            FieldType::PartialDate => {
                let mut span = partial_date();
                if let Some(properties) = span["properties"].as_object_mut() {
                    properties.extend(self.properties(pick));
                }
                or_null(span)
            }
            FieldType::ShortText
            | FieldType::LongText
            | FieldType::Localised
            | FieldType::LocalisedLong
            | FieldType::Code(_)
            | FieldType::Ref(_)
            | FieldType::Area
            | FieldType::Count
            | FieldType::Money
            | FieldType::Decimal
            | FieldType::FiscalYear
            | FieldType::Date
            | FieldType::Time
            | FieldType::DateOrText
            | FieldType::Bool
            | FieldType::Url
            | FieldType::Any => of_scalar(field_type),
        }
    }

    fn object(&self, pick: fn(Label) -> &'static str) -> Value {
        let mut object = json!({"type": "object", "additionalProperties": true});
        let properties = self.properties(pick);
        if !properties.is_empty() {
            object["properties"] = Value::Object(properties);
        }
        if let Some(any) = self.any() {
            object["additionalProperties"] = any.schema(pick);
        }
        object
    }
}

/// The schema of a type that has nothing declared below it.
fn of_scalar(field_type: FieldType) -> Value {
    let text = |pattern: &str| json!({"type": ["string", "null"], "pattern": pattern});
    match field_type {
        FieldType::ShortText | FieldType::LongText => json!({"type": ["string", "null"]}),
        FieldType::Localised | FieldType::LocalisedLong => json!({
            "type": ["object", "null"],
            "properties": {"th": {"type": ["string", "null"]}, "en": {"type": ["string", "null"]}},
            "additionalProperties": {"type": ["string", "null"]},
        }),
        FieldType::Code(name) => {
            let codes = vocabulary::codes(name).unwrap_or_default();
            let examples: Vec<&str> = codes.iter().map(|code| code.code).collect();
            json!({"type": ["string", "null"], "examples": examples})
        }
        FieldType::Ref(kinds) => or_null(document_id(kinds)),
        FieldType::Area => text(r"^(TH|R([1-9]|1[0-3])|[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{8})$"),
        FieldType::Count => json!({"type": ["integer", "null"], "minimum": 0}),
        FieldType::Money => json!({"type": ["integer", "null"]}),
        FieldType::Decimal => json!({
            "type": ["string", "integer", "null"],
            "pattern": "^-?[0-9]{1,18}([.][0-9]{1,9})?$",
        }),
        FieldType::FiscalYear => {
            json!({"type": ["integer", "null"], "minimum": 2400, "maximum": 2699})
        }
        FieldType::Date => json!({"type": ["string", "null"], "format": "date"}),
        FieldType::Time => text("^([01][0-9]|2[0-3]):[0-5][0-9]$"),
        FieldType::DateOrText => any_of([json!({"type": "string"}), partial_date(), null()]),
        FieldType::Bool => json!({"type": ["boolean", "null"]}),
        FieldType::Url => json!({"type": ["string", "null"], "format": "uri"}),
        FieldType::List(_)
        | FieldType::Map(_)
        | FieldType::Many(_)
        | FieldType::OneOrMany(_)
        | FieldType::PartialDate
        | FieldType::TextOrGroup
        | FieldType::Group
        | FieldType::Groups
        | FieldType::Any => json!({}),
    }
}

fn partial_date() -> Value {
    json!({
        "type": "object",
        "properties": {
            "from": of_scalar(FieldType::Date),
            "to": of_scalar(FieldType::Date),
            "precision": of_scalar(FieldType::Code("date.precision")),
            "as_written": of_scalar(FieldType::ShortText),
            "inferred": of_scalar(FieldType::ShortText),
        },
        "additionalProperties": true,
    })
}

/// Ids of these kinds, or of any; a kind of a newer program has a number for a name.
fn document_id(kinds: &[Kind]) -> Value {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let kind = match names[..] {
        [] => "[a-z]+[0-9]*".to_owned(),
        _ => format!("({})", names.join("|")),
    };
    let uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
    json!({"type": "string", "pattern": format!("^{kind}_{uuid}$")})
}

/// The codes of a vocabulary with what they mean.
fn codes(field_type: FieldType, pick: fn(Label) -> &'static str) -> String {
    let known = field_type.vocabulary().and_then(vocabulary::codes);
    let meanings = known.unwrap_or_default().iter().map(|code| {
        let label = Label {
            th: code.th,
            en: code.en,
        };
        format!("{}: {}", code.code, pick(label))
    });
    meanings.collect::<Vec<_>>().join("; ")
}

fn any_of<const N: usize>(schemas: [Value; N]) -> Value {
    json!({"anyOf": schemas.to_vec()})
}

fn null() -> Value {
    json!({"type": "null"})
}

/// Any value may be known to be unknown.
fn or_null(mut schema: Value) -> Value {
    let Some(name) = schema["type"].as_str().map(str::to_owned) else {
        return any_of([schema, null()]);
    };
    schema["type"] = json!([name, "null"]);
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(kind: Kind) -> Value {
        json_schema(kind, |label| label.en)
    }

    #[test]
    fn a_field_has_its_type_label_and_codes() {
        let plan = schema(Kind::Plan);
        let properties = &plan["properties"];
        assert_eq!(properties["owner"]["title"], "Owner");
        assert_eq!(properties["status"]["type"], json!(["string", "null"]));
        let examples = properties["status"]["examples"].as_array().unwrap();
        assert!(examples.contains(&json!("approved")));
        let description = properties["status"]["description"].as_str().unwrap();
        assert!(description.contains("approved: "), "{description}");
        let thai = json_schema(Kind::Plan, |label| label.th);
        assert_eq!(thai["properties"]["owner"]["title"], "หน่วยงานเจ้าของแผน");
    }

    #[test]
    fn entries_of_maps_have_the_fields_that_are_declared_below_them() {
        let activity = schema(Kind::Activity);
        let line = &activity["properties"]["budget"]["additionalProperties"];
        assert_eq!(
            line["properties"]["amount_satang"]["type"],
            json!(["integer", "null"])
        );
        let plan = schema(Kind::Plan);
        let strategy = &plan["properties"]["strategies"]["anyOf"][1]["additionalProperties"];
        let measures = &strategy["properties"]["measures"]["anyOf"][0]["items"];
        assert_eq!(
            measures["anyOf"][1]["properties"]["text"]["title"],
            "Measure"
        );
    }

    #[test]
    fn every_declared_field_is_in_the_schema_and_others_are_allowed() {
        for kind in Kind::ALL {
            let schema = schema(kind);
            assert_eq!(schema["additionalProperties"], true);
            let text = schema.to_string();
            for field in fields(kind) {
                let label = Value::from(field.label.en).to_string();
                assert!(text.contains(&label), "{kind} {}", field.pattern);
                if field.required {
                    let required = schema["required"].as_array().unwrap();
                    assert!(
                        required.contains(&json!(field.pattern)),
                        "{}",
                        field.pattern
                    );
                }
            }
        }
    }
}
