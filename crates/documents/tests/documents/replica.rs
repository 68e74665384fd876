//! A document at one node, with the person who edits it there.

use phaki_documents::document::{ChangeBytes, EditError};
use phaki_documents::{Document, DocumentId, Edit, Editor, Kind, Path};
use serde_json::Value;

#[derive(Debug, Clone)]
pub(crate) struct Replica {
    pub(crate) document: Document,
    node: u8,
    clock: i64,
}

impl Replica {
    /// A node that has nothing of the document yet. `node` makes its actor and its account.
    pub(crate) fn new(id: DocumentId, node: u8) -> Replica {
        Replica {
            document: Document::empty(id),
            node,
            clock: 1_700_000_000 + i64::from(node) * 10_000,
        }
    }

    /// Two nodes that both have the document with these fields.
    pub(crate) fn pair(kind: Kind, json: &Value) -> (Replica, Replica) {
        let id = DocumentId::new(kind, [9; 16]);
        let mut one = Replica::new(id, 1);
        one.create(json);
        let mut two = Replica::new(id, 2);
        two.receive(&one);
        (one, two)
    }

    pub(crate) fn create(&mut self, json: &Value) -> Option<ChangeBytes> {
        let edits = phaki_documents::document::create_edits(&self.document.id(), json).unwrap();
        self.edit(&edits)
    }

    pub(crate) fn edit(&mut self, edits: &[Edit]) -> Option<ChangeBytes> {
        self.try_edit(edits).unwrap()
    }

    pub(crate) fn try_edit(&mut self, edits: &[Edit]) -> Result<Option<ChangeBytes>, EditError> {
        self.clock += 1;
        let account = account(self.node);
        let by = Editor {
            actor: [self.node; 24],
            account: &account,
            time_secs: self.clock,
            message: Some("แก้ไข"),
        };
        self.document.edit(&by, edits)
    }

    pub(crate) fn set(&mut self, path: &str, value: impl Into<Value>) -> Option<ChangeBytes> {
        self.edit(&[set(path, value)])
    }

    pub(crate) fn remove(&mut self, path: &str) -> Option<ChangeBytes> {
        self.edit(&[Edit::Remove { path: at(path) }])
    }

    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.document.get(&at(path))
    }

    /// Applies all that the other node has.
    pub(crate) fn receive(&mut self, other: &Replica) {
        let changes = other.document.changes();
        self.document
            .apply(changes.iter().map(Vec::as_slice))
            .unwrap();
    }
}

/// Each receives from the other; both must then agree in everything that is derived.
pub(crate) fn exchange(one: &mut Replica, two: &mut Replica) {
    one.receive(two);
    two.receive(one);
    assert_eq!(one.document.heads(), two.document.heads());
    assert_eq!(one.document.to_json(), two.document.to_json());
    assert_eq!(one.document.conflicts(), two.document.conflicts());
    assert_eq!(one.document.history(), two.document.history());
}

pub(crate) fn account(node: u8) -> String {
    format!("account-{node}")
}

pub(crate) fn at(path: &str) -> Path {
    Path::parse(path).unwrap()
}

pub(crate) fn set(path: &str, value: impl Into<Value>) -> Edit {
    Edit::Set {
        path: at(path),
        value: value.into(),
    }
}
