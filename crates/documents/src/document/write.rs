//! What an edit does to one path of the root map, decided before the transaction begins.

use automerge::transaction::{Transactable, Transaction};
use automerge::{AutomergeError, ObjId, ObjType, ROOT, ScalarValue};
use serde_json::Value;

use super::{long_text, read};
use crate::path::TOUCH;

/// One path's share of the transaction.
pub(super) enum Write {
    Put {
        key: String,
        value: ScalarValue,
        touched: bool,
    },
    NewText {
        key: String,
        text: String,
        touched: bool,
    },
    Update {
        key: String,
        /// Each concurrent text object with what it reads now.
        objects: Vec<(ObjId, String)>,
        text: String,
        touched: bool,
    },
    Remove {
        key: String,
        remove_value: bool,
        touched: bool,
    },
}

impl Write {
    /// Does it.
    ///
    /// # Errors
    /// When Automerge refuses; the document must then be dropped.
    pub(super) fn perform(self, transaction: &mut Transaction<'_>) -> Result<(), AutomergeError> {
        match self {
            Write::Put {
                key,
                value,
                touched,
            } => {
                remove_touch(transaction, &key, touched)?;
                transaction.put(ROOT, key, value)
            }
            Write::NewText { key, text, touched } => {
                remove_touch(transaction, &key, touched)?;
                let object = transaction.put_object(ROOT, key, ObjType::Text)?;
                transaction.splice_text(&object, 0, 0, &text)
            }
            Write::Update {
                key,
                objects,
                text,
                touched,
            } => {
                // Writing an equal value again would be no operation, and this edit then would
                // not survive the removal of a text that had been edited before.
                remove_touch(transaction, &key, touched)?;
                for (object, old) in &objects {
                    long_text::rewrite(transaction, object, old, &text)?;
                }
                let objects = objects.iter().map(|(object, _)| object);
                transaction.put(ROOT, format!("{key}/{TOUCH}"), read::touch_value(objects))
            }
            Write::Remove {
                key,
                remove_value,
                touched,
            } => {
                remove_touch(transaction, &key, touched)?;
                if remove_value {
                    transaction.delete(ROOT, key)?;
                }
                Ok(())
            }
        }
    }
}

fn remove_touch(
    transaction: &mut Transaction<'_>,
    key: &str,
    touched: bool,
) -> Result<(), AutomergeError> {
    if touched {
        transaction.delete(ROOT, format!("{key}/{TOUCH}"))?;
    }
    Ok(())
}

pub(super) fn scalar(value: &Value) -> ScalarValue {
    match value {
        Value::Bool(value) => ScalarValue::Boolean(*value),
        Value::String(text) => ScalarValue::Str(text.as_str().into()),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), _, _) => ScalarValue::Int(value),
            (None, Some(value), _) => ScalarValue::Uint(value),
            (None, None, Some(value)) => ScalarValue::F64(value),
            (None, None, None) => ScalarValue::Null,
        },
        // Containers have been taken apart into leaves.
        Value::Null | Value::Array(_) | Value::Object(_) => ScalarValue::Null,
    }
}
