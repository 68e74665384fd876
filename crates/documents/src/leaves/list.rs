//! Lists: which item of a wanted list is which item of the list that is there, and in what order.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Item, canonical};
use crate::order;

/// The id and order key under which `value` is appended to a list; `None` when the list is one
/// of codes and has it already.
pub(crate) fn plan_append(existing: &[Item], value: &Value) -> Option<(String, String)> {
    if is_code(value).is_some() && existing.iter().any(|item| item.value == *value) {
        return None;
    }
    let taken: BTreeSet<&str> = existing.iter().map(|item| item.id.as_str()).collect();
    let id = free_id(&content_id(value), &mut 0, |id| taken.contains(id));
    Some((id, order_at_end(existing)))
}

/// An order key after those of all items.
pub(crate) fn order_at_end(existing: &[Item]) -> String {
    let last = existing
        .iter()
        .rev()
        .filter_map(|item| item.order.as_deref())
        .find(|order| order::is_key(order));
    order::keys_between(last, None, 1).pop().unwrap_or_default()
}

/// An id per wanted item: that of the equal item, else that of the item it seems to have
/// replaced, else one made from its content.
pub(super) fn assign_ids(existing: &[Item], wanted: &[Value]) -> Vec<String> {
    let mut by_value: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, item) in existing.iter().enumerate().rev() {
        by_value
            .entry(canonical(&item.value))
            .or_default()
            .push(index);
    }
    let mut matched: Vec<Option<usize>> = wanted
        .iter()
        .map(|value| by_value.get_mut(&canonical(value)).and_then(Vec::pop))
        .collect();
    let mut taken = vec![false; existing.len()];
    for index in matched.iter().flatten() {
        taken[*index] = true;
    }
    for position in 0..wanted.len() {
        if matched[position].is_some() {
            continue;
        }
        let before = match position.checked_sub(1) {
            None => Some(0),
            Some(previous) => matched[previous].map(|index| index + 1),
        };
        let after = match matched.get(position + 1) {
            None => existing.len().checked_sub(1),
            Some(next) => next.and_then(|index| index.checked_sub(1)),
        };
        let candidate = [before, after].into_iter().flatten().find(|index| {
            existing
                .get(*index)
                .is_some_and(|item| !taken[*index] && may_replace(&item.value, &wanted[position]))
        });
        if let Some(index) = candidate {
            taken[index] = true;
            matched[position] = Some(index);
        }
    }
    name_items(existing, wanted, &matched)
}

fn name_items(existing: &[Item], wanted: &[Value], matched: &[Option<usize>]) -> Vec<String> {
    let mut used: BTreeSet<String> = matched
        .iter()
        .flatten()
        .map(|index| existing[*index].id.clone())
        .collect();
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut ids = Vec::with_capacity(wanted.len());
    for (value, matched) in wanted.iter().zip(matched) {
        let id = match matched {
            Some(index) => existing[*index].id.clone(),
            None => {
                let base = content_id(value);
                // Thousands of equal items must not each count from one again.
                let count = counts.entry(base.clone()).or_default();
                free_id(&base, count, |id| used.contains(id))
            }
        };
        used.insert(id.clone());
        ids.push(id);
    }
    ids
}

/// True when the new value may be an edit of the old one rather than another item. A code is its
/// own identity, so codes are added and removed, never edited.
fn may_replace(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(_), Value::Object(_)) | (Value::Array(_), Value::Array(_)) => true,
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => false,
        (old, new) => is_code(old).is_none() && is_code(new).is_none(),
    }
}

/// Order keys for the wanted ids: the longest run of items already in order keeps its keys.
pub(super) fn assign_orders(existing: &[Item], ids: &[String]) -> Vec<String> {
    let current: BTreeMap<&str, &str> = existing
        .iter()
        .filter_map(|item| Some((item.id.as_str(), item.order.as_deref()?)))
        .filter(|(_, order)| order::is_key(order))
        .collect();
    // Equal keys, made concurrently, are in the order of their ids.
    let keys: Vec<Option<(&str, &str)>> = ids
        .iter()
        .map(|id| Some((*current.get(id.as_str())?, id.as_str())))
        .collect();
    let kept = longest_ascending(&keys);
    let mut out: Vec<String> = Vec::with_capacity(ids.len());
    let mut position = 0;
    while position < ids.len() {
        let last = out.last().cloned();
        let kept_key = |index: &usize| keys[*index].filter(|_| kept[*index]).map(|key| key.0);
        if let Some(key) = kept_key(&position).filter(|key| last.as_deref() <= Some(*key)) {
            out.push(key.to_owned());
            position += 1;
            continue;
        }
        // Up to the next kept key that leaves room; one equal to the last leaves none.
        let leaves_room =
            |index: &usize| kept_key(index).is_some_and(|key| last.as_deref() < Some(key));
        let end = (position..ids.len()).find(leaves_room).unwrap_or(ids.len());
        let before = keys.get(end).copied().flatten().map(|key| key.0);
        out.extend(order::keys_between(last.as_deref(), before, end - position));
        position = end;
    }
    out
}

/// Marks a longest strictly ascending subsequence of what is present.
fn longest_ascending<T: Ord + Copy>(keys: &[Option<T>]) -> Vec<bool> {
    // tails[n] is the position of the smallest key that ends an ascending run of n + 1.
    let mut tails: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = vec![None; keys.len()];
    for (position, key) in keys.iter().enumerate() {
        let Some(key) = key else { continue };
        let length = tails.partition_point(|tail| keys[*tail] < Some(*key));
        previous[position] = length.checked_sub(1).map(|n| tails[n]);
        match tails.get_mut(length) {
            Some(tail) => *tail = position,
            None => tails.push(position),
        }
    }
    let mut kept = vec![false; keys.len()];
    let mut at = tails.last().copied();
    while let Some(position) = at {
        kept[position] = true;
        at = previous[position];
    }
    kept
}

/// The id that a new item gets from its content.
pub(super) fn content_id(value: &Value) -> String {
    if let Some(code) = is_code(value) {
        return code;
    }
    let digest = Sha256::digest(canonical(value).as_bytes());
    digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// `base`, or `base-2`, `base-3` … when that is taken; `count` is the last number tried.
fn free_id(base: &str, count: &mut u32, taken: impl Fn(&str) -> bool) -> String {
    loop {
        *count += 1;
        let id = match *count {
            1 => base.to_owned(),
            count => format!("{base}-{count}"),
        };
        if !taken(&id) {
            return id;
        }
    }
}

/// The text of a value that is its own identity in a list: an integer or a short code.
fn is_code(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        Value::String(text) => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_:.-".contains(&byte);
            let code = !text.is_empty() && text.len() <= 64 && text.bytes().all(plain);
            code.then(|| text.clone())
        }
        Value::Number(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}
