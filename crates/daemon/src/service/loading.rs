//! Loading a document from the store.

use phaki_documents::Document;
use phaki_store::Reader;
use tonic::Code;

use super::denial::Denial;
use super::find::Found;

/// The document, or why it cannot be loaded.
pub(super) fn load(reader: &Reader, found: Found) -> Result<Document, Denial> {
    load_counted(reader, found).map(|(document, _)| document)
}

/// The document and the number of its changes, or why it cannot be loaded.
pub(super) fn load_counted(reader: &Reader, found: Found) -> Result<(Document, u64), Denial> {
    load_counted_if_any(reader, found)?.ok_or_else(|| {
        let sentence = format!(
            "there is no document {} in its space any more",
            found.document
        );
        Denial::new(Code::NotFound, "unknown-document", sentence)
    })
}

/// The document; `None` when the space has no such document.
pub(super) fn load_if_any(reader: &Reader, found: Found) -> Result<Option<Document>, Denial> {
    Ok(load_counted_if_any(reader, found)?.map(|(document, _)| document))
}

fn load_counted_if_any(reader: &Reader, found: Found) -> Result<Option<(Document, u64)>, Denial> {
    let Found { space, document } = found;
    let stored = reader
        .document_changes(&space, &document)
        .map_err(Denial::unreadable)?;
    let Some(stored) = stored else {
        return Ok(None);
    };
    let broken = match stored.load(&document) {
        Ok(loaded) if loaded.heads() == stored.heads => return Ok(Some((loaded, stored.count))),
        Ok(_) => "its changes lead to other heads than the index says".to_owned(),
        Err(error) => format!("{:#}", anyhow::Error::from(error)),
    };
    if stored.snapshot.is_some() {
        // The snapshot is only a copy: the changes decide.
        let whole = reader
            .all_document_changes(&space, &document)
            .map_err(Denial::unreadable)?;
        if let Some(whole) = whole
            && let Ok(loaded) = whole.load(&document)
            && loaded.heads() == whole.heads
        {
            return Ok(Some((loaded, whole.count)));
        }
    }
    let sentence = format!(
        "document {document} cannot be read: {broken}: its changes are kept, ask for help with \
         the output of `phaki status`"
    );
    Err(Denial::new(Code::DataLoss, "broken-document", sentence))
}
