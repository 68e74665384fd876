//! What differs in a document since it was approved, or since other heads.

use phaki_documents::approval;
use phaki_documents::change::ChangeHash;
use phaki_documents::document::Difference;
use phaki_documents::{Document, Path};
use phaki_wire::proto::local::v1 as pb;
use serde_json::Value;
use tonic::Code;

use super::denial::Denial;
use super::editing::{heads_from_wire, hex};
use super::find;
use super::loading::load;
use super::reading::{Reading, label};

impl Reading {
    /// Compares a document with what was approved last, or with what it was at some heads.
    pub(super) async fn diff(
        &self,
        request: pb::DiffDocumentRequest,
    ) -> Result<pb::DiffDocumentReply, Denial> {
        let in_force = self.requests.in_force();
        let reader = self.reader.clone();
        let compare = move || {
            let found = find::document(&reader, &in_force, &request.id, &request.space)?;
            let document = load(&reader, found)?;
            let compared = match request.heads.as_slice() {
                [] => with_approved(&document)?,
                heads => with_heads(&document, heads)?,
            };
            let differences = compared.differences.into_iter();
            Ok(pb::DiffDocumentReply {
                id: found.document.to_string(),
                space: in_force.space_name(&found.space),
                title: document.summary().title,
                approval: compared.approval,
                heads: compared.heads.iter().map(|head| hex(head)).collect(),
                differences: differences.map(|one| to_wire(&document, one)).collect(),
            })
        };
        self.workers.run(compare).await
    }
}

/// What a document was compared with, and what differs.
struct Compared {
    approval: String,
    heads: Vec<ChangeHash>,
    differences: Vec<Difference>,
}

fn with_approved(document: &Document) -> Result<Compared, Denial> {
    let approved = approval::last(document).ok_or_else(|| {
        let sentence = format!(
            "document {} has not been approved: `phaki approve` records an approval",
            document.id()
        );
        Denial::new(Code::NotFound, "never-approved", sentence)
    })?;
    let then = approved.document.ok_or_else(|| {
        let sentence = format!(
            "what was approved by {} of document {} has not arrived here yet: see `phaki status`",
            approved.path,
            document.id()
        );
        Denial::new(Code::NotFound, "unknown-heads", sentence)
    })?;
    Ok(Compared {
        differences: approval::differences(document, &then),
        approval: approved.path,
        heads: approved.heads,
    })
}

fn with_heads(document: &Document, heads: &[String]) -> Result<Compared, Denial> {
    let heads = heads_from_wire(document, heads)?;
    let then = document
        .at(&heads)
        .ok_or_else(|| Denial::invalid("unknown heads"))?;
    Ok(Compared {
        approval: String::new(),
        differences: document.differences(&then, &[]),
        heads,
    })
}

fn to_wire(document: &Document, difference: Difference) -> pb::Difference {
    let json = |value: Option<Value>| value.map(|value| value.to_string()).unwrap_or_default();
    let path: &Path = &difference.path;
    let (label_th, label_en) = label(document, path);
    pb::Difference {
        path: path.as_str().to_owned(),
        label_th,
        label_en,
        from_json: json(difference.from),
        to_json: json(difference.to),
    }
}
