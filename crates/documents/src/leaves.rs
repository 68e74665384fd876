//! JSON and leaves: a value becomes entries of the flat root map, and entries become a value.
//!
//! Writing is relative to what is there: a list item that is still wanted keeps its id and, where
//! the order allows, its order key, so that only what differs is written.

mod list;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub(crate) use list::{order_at_end, plan_append};

use crate::path::{self, EMPTY, ORDER, Path, PathError, Segment};

/// Encoded path to shown value; order keys and markers included, touches not.
pub(crate) type Leaves = BTreeMap<String, Value>;

/// One list item as it is stored.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) order: Option<String>,
    pub(crate) value: Value,
}

/// The leaves at and below a path.
pub(crate) fn subtree<'a>(
    leaves: &'a Leaves,
    path: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    // '0' is the character after '/'.
    let (low, high) = (format!("{path}/"), format!("{path}0"));
    leaves
        .get_key_value(path)
        .into_iter()
        .chain(leaves.range(low..high))
}

/// The value at a path, or `None` when nothing is there.
pub(crate) fn value_at(leaves: &Leaves, path: &str) -> Option<Value> {
    node_at(leaves, path).into_value()
}

/// The items of the list at a path, in order; `None` when what is there is not a list.
pub(crate) fn items_at(leaves: &Leaves, path: &str) -> Option<Vec<Item>> {
    let node = node_at(leaves, path);
    if node.children.is_empty() {
        return match node.into_value() {
            None => Some(Vec::new()),
            Some(Value::Array(_)) => Some(Vec::new()),
            Some(_) => None,
        };
    }
    node.is_list().then(|| node.into_items())
}

/// The whole document as nested JSON, without `id` and `kind`.
pub(crate) fn whole(leaves: &Leaves) -> Map<String, Value> {
    let mut root = Node::default();
    for (path, value) in leaves {
        root.insert(path, value);
    }
    root.into_object()
}

/// The values that share one place although their shapes differ (a scalar, a map and a list made
/// concurrently): each with the encoded path of its last leaf. One or none is the normal case.
pub(crate) fn shapes_at(leaves: &Leaves, path: &str) -> Vec<(Value, Vec<String>)> {
    let mut scalar = None;
    let mut parts: [(Node, Vec<String>); 2] = Default::default();
    for (key, value) in subtree(leaves, path) {
        match key.get(path.len() + 1..) {
            None => scalar = Some((value.clone(), vec![key.clone()])),
            Some(EMPTY | ORDER) => {}
            Some(rest) => {
                let part = &mut parts[usize::from(rest.starts_with('#'))];
                part.0.insert(rest, value);
                part.1.push(key.clone());
            }
        }
    }
    let containers = parts
        .into_iter()
        .filter_map(|(node, keys)| node.into_value().map(|value| (value, keys)));
    scalar.into_iter().chain(containers).collect()
}

/// The leaves that make `value` appear at `path`, given what is there now.
///
/// # Errors
/// When a path would exceed its limits.
pub(crate) fn plan(
    current: &Leaves,
    path: &Path,
    value: &Value,
    out: &mut Leaves,
) -> Result<(), PathError> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.insert(path.as_str().to_owned(), value.clone());
        }
        Value::Object(fields) if fields.is_empty() => {
            out.insert(format!("{path}/{EMPTY}"), Value::from("map"));
        }
        Value::Array(items) if items.is_empty() => {
            out.insert(format!("{path}/{EMPTY}"), Value::from("list"));
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                plan(current, &path.key(key)?, field, out)?;
            }
        }
        Value::Array(wanted) => {
            let existing = items_at(current, path.as_str()).unwrap_or_default();
            let ids = list::assign_ids(&existing, wanted);
            let orders = list::assign_orders(&existing, &ids);
            for ((id, order), item) in ids.iter().zip(orders).zip(wanted) {
                let item_path = path.item(id)?;
                out.insert(format!("{item_path}/{ORDER}"), Value::from(order));
                plan(current, &item_path, item, out)?;
            }
        }
    }
    Ok(())
}

/// JSON with sorted keys: equal values have equal texts.
pub(crate) fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
            let parts: Vec<String> = sorted
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(items) => {
            let parts: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", parts.join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

fn node_at(leaves: &Leaves, path: &str) -> Node {
    let mut root = Node::default();
    for (key, value) in subtree(leaves, path) {
        match key.get(path.len() + 1..) {
            None => root.value = Some(value.clone()),
            Some(rest) => root.insert(rest, value),
        }
    }
    root
}

/// A place in the tree while it is put together. Depth is bounded by the depth of paths.
#[derive(Debug, Default)]
struct Node {
    value: Option<Value>,
    order: Option<String>,
    empty: Option<Value>,
    children: BTreeMap<String, Node>,
}

impl Node {
    fn insert(&mut self, rest: &str, value: &Value) {
        let mut node = self;
        for segment in rest.split('/') {
            match segment {
                ORDER => {
                    node.order = value.as_str().map(str::to_owned);
                    return;
                }
                EMPTY => {
                    node.empty = Some(value.clone());
                    return;
                }
                _ => node = node.children.entry(segment.to_owned()).or_default(),
            }
        }
        node.value = Some(value.clone());
    }

    fn is_list(&self) -> bool {
        !self.children.is_empty() && self.children.keys().all(|key| key.starts_with('#'))
    }

    /// Children win over a scalar, which is then reported as a conflict; an order key alone is
    /// nothing (its item was removed while it was moved).
    fn into_value(self) -> Option<Value> {
        let (value, empty) = (self.value.clone(), self.empty.clone());
        if self.is_list() {
            let items: Vec<Value> = self
                .into_items()
                .into_iter()
                .map(|item| item.value)
                .collect();
            if !items.is_empty() {
                return Some(Value::Array(items));
            }
        } else {
            let fields = self.into_object();
            if !fields.is_empty() {
                return Some(Value::Object(fields));
            }
        }
        value.or_else(|| match empty.as_ref().and_then(Value::as_str) {
            Some("map") => Some(Value::Object(Map::new())),
            Some("list") => Some(Value::Array(Vec::new())),
            _ => None,
        })
    }

    fn into_items(self) -> Vec<Item> {
        let mut items: Vec<Item> = self
            .children
            .into_iter()
            .filter_map(|(key, mut node)| {
                let Some(Segment::Item(id)) = path::decode_segment(&key) else {
                    return None;
                };
                let order = node.order.take();
                let value = node.into_value()?;
                Some(Item { id, order, value })
            })
            .collect();
        // An item whose order key was removed concurrently goes last.
        items.sort_by(|a, b| {
            (a.order.is_none(), &a.order, &a.id).cmp(&(b.order.is_none(), &b.order, &b.id))
        });
        items
    }

    fn into_object(self) -> Map<String, Value> {
        self.children
            .into_iter()
            .filter_map(|(key, node)| {
                let key = match path::decode_segment(&key)? {
                    Segment::Key(key) => key,
                    // A list item beside map keys: two shapes made concurrently.
                    Segment::Item(id) => format!("#{id}"),
                    Segment::Structure(_) => return None,
                };
                Some((key, node.into_value()?))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn written(current: &Leaves, value: &Value) -> Leaves {
        let mut out = Leaves::new();
        plan(current, &Path::of_key("f").unwrap(), value, &mut out).unwrap();
        out
    }

    #[test]
    fn codes_name_themselves_and_other_items_are_named_by_content() {
        let leaves = written(&Leaves::new(), &json!(["40", "40", {"a": 1}, 2552]));
        let keys: Vec<&str> = leaves.keys().map(String::as_str).collect();
        let made = list::content_id(&json!({"a": 1}));
        assert_eq!(keys[..2], [format!("f/#{made}/a"), format!("f/#{made}/~o")]);
        assert_eq!(
            keys[2..],
            [
                "f/#2552",
                "f/#2552/~o",
                "f/#40",
                "f/#40-2",
                "f/#40-2/~o",
                "f/#40/~o"
            ]
        );
    }

    #[test]
    fn an_unchanged_list_is_written_the_same() {
        let value = json!([{"a": 1}, {"a": 2}, "ข้อความ"]);
        let leaves = written(&Leaves::new(), &value);
        assert_eq!(written(&leaves, &value), leaves);
    }

    #[test]
    fn an_edited_item_keeps_its_id_and_the_others_stay() {
        let leaves = written(
            &Leaves::new(),
            &json!([{"a": 1, "b": 1}, {"a": 2}, {"a": 3}]),
        );
        let edited = written(&leaves, &json!([{"a": 1, "b": 1}, {"a": 5}, {"a": 3}]));
        let changed: Vec<_> = edited
            .iter()
            .filter(|(key, value)| leaves.get(*key) != Some(value))
            .collect();
        assert_eq!(changed.len(), 1);
        assert_eq!(changed[0].1, &json!(5));
    }

    #[test]
    fn a_move_writes_one_order_key() {
        let leaves = written(&Leaves::new(), &json!(["a", "b", "c", "d"]));
        let moved = written(&leaves, &json!(["d", "a", "b", "c"]));
        let changed: Vec<_> = moved
            .iter()
            .filter(|(key, value)| leaves.get(*key) != Some(value))
            .map(|(key, _)| key.as_str())
            .collect();
        assert_eq!(changed, ["f/#d/~o"]);
    }

    #[test]
    fn items_with_equal_order_keys_keep_them_until_something_goes_between() {
        let mut leaves = written(&Leaves::new(), &json!(["a", "b", "c"]));
        leaves.insert("f/#b/~o".to_owned(), json!("a0"));
        assert_eq!(written(&leaves, &json!(["a", "b", "c"])), leaves);
        let between = written(&leaves, &json!(["a", "x", "b", "c"]));
        assert_eq!(value_at(&between, "f"), Some(json!(["a", "x", "b", "c"])));
        let swapped = written(&leaves, &json!(["b", "a", "c"]));
        assert_eq!(value_at(&swapped, "f"), Some(json!(["b", "a", "c"])));
    }

    #[test]
    fn shapes_made_concurrently_are_all_seen() {
        let mut leaves = written(&Leaves::new(), &json!(["x"]));
        leaves.insert("f/k".to_owned(), json!(1));
        leaves.insert("f".to_owned(), json!("text"));
        assert_eq!(value_at(&leaves, "f"), Some(json!({"#x": "x", "k": 1})));
        let shapes: Vec<Value> = shapes_at(&leaves, "f").into_iter().map(|s| s.0).collect();
        assert_eq!(shapes, [json!("text"), json!({"k": 1}), json!(["x"])]);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1.0e9..1.0e9_f64).prop_map(Value::from),
            "[a-c~/#0-9]{0,4}".prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec(("[a-c~/#]{0,3}", inner), 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn any_value_reads_back_equal(value in any_json()) {
            let leaves = written(&Leaves::new(), &value);
            prop_assert_eq!(value_at(&leaves, "f"), Some(value));
        }

        #[test]
        fn any_value_replaces_any_other(old in any_json(), new in any_json()) {
            let leaves = written(&Leaves::new(), &old);
            prop_assert_eq!(value_at(&written(&leaves, &new), "f"), Some(new));
        }
    }
}
