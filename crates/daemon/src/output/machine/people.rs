//! Contact data of people, and erasures.

use phaki_wire::proto::local::v1::{Contact, Erasure};
use serde_json::{Map, Value, json};

use super::rfc3339;

/// The answer to `contact show`, and a line of `contact list`.
pub(crate) fn contact(contact: &Contact) -> Value {
    let fields = contact.fields.iter();
    let fields = fields.map(|field| (field.name.clone(), json!(field.value)));
    json!({
        "person": contact.person,
        "space": contact.space,
        "fields": fields.collect::<Map<_, _>>(),
        "basis": contact.basis,
        "retain_until": contact.retain_until,
        "consent": contact.consent,
        "number": contact.number,
        "recorded_at": contact.recorded_at,
        "time": rfc3339(contact.time_ms).filter(|_| contact.number > 0),
        "erasure": contact.erasure.as_ref().map(erasure),
    })
}

/// The answer to `contact erase`, and an item of `status`.
pub(crate) fn erasure(erasure: &Erasure) -> Value {
    json!({
        "person": erasure.person,
        "space": erasure.space,
        "reason": erasure.ground,
        "ordered_at": erasure.ordered_at,
        "time": rfc3339(erasure.time_ms),
        "due": rfc3339(erasure.due_ms),
        "done": erasure.done,
        "open": erasure.open,
    })
}
