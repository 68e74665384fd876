//! Automerge changes from arbitrary bytes, beside an honest document.

use phaki_documents::causal::{MemoryIndex, admit};
use phaki_documents::change::{normalise, summarise};
use phaki_documents::{Document, DocumentId, Edit, Editor, Kind, Path, payload};
use sha2::{Digest, Sha256};

/// The document to which everything is done.
fn id() -> DocumentId {
    DocumentId::new(Kind::Plan, [1; 16])
}

/// A document with two honest changes, and these.
fn honest() -> (Document, Vec<Vec<u8>>) {
    let mut document = Document::empty(id());
    let mut changes = Vec::new();
    for (second, value) in [(1, "แผนสุขภาพ"), (2, "แผนสุขภาพจังหวัด")]
    {
        let edit = Edit::Set {
            path: Path::parse("title/th").expect("is a path"),
            value: value.into(),
        };
        let editor = Editor {
            actor: [9; 24],
            account: "account-1",
            time_secs: 1_700_000_000 + second,
            message: None,
        };
        let made = document.edit(&editor, &[edit]).expect("is an edit");
        changes.extend(made.map(|made| made.bytes));
    }
    (document, changes)
}

/// A chunk of a change with a right length and checksum around arbitrary content, which a fuzzer
/// would never guess.
fn chunk(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut summed = vec![kind];
    let mut length = body.len();
    loop {
        let low = u8::try_from(length & 0x7f).unwrap_or_default();
        length >>= 7;
        if length == 0 {
            summed.push(low);
            break;
        }
        summed.push(low | 0x80);
    }
    summed.extend_from_slice(body);
    let sum = Sha256::digest(&summed);
    [&[0x85, 0x6f, 0x4a, 0x83], &sum[..4], &summed].concat()
}

/// Whatever the bytes are, they end as an error of the one change, and everything that a person can
/// ask of the document is answered.
pub fn change(data: &[u8]) {
    let Some((mode, body)) = data.split_first() else {
        return;
    };
    let bytes = match mode % 3 {
        0 => body.to_vec(),
        kind => chunk(kind, body),
    };
    if bytes.is_empty() {
        return;
    }
    let entry = payload::encode(&id(), &bytes);
    assert_eq!(
        payload::decode(&entry).map(|read| read.change),
        Ok(&bytes[..])
    );
    let Ok(summary) = summarise(&bytes) else {
        return;
    };
    let normal = normalise(&bytes).expect("what can be summarised can be normalised");
    assert_eq!(
        summarise(&normal).map(|normal| normal.hash),
        Ok(summary.hash)
    );
    let mut index = MemoryIndex::<u8>::new();
    let Ok(_) = admit(&mut index, &id(), &summary, 0);

    let (document, honest) = honest();
    let parts = honest.iter().map(Vec::as_slice).chain([bytes.as_slice()]);
    let Ok(both) = Document::load(id(), None, parts) else {
        return;
    };
    let shown = both.to_json();
    assert!(shown.is_object());
    both.summary();
    both.conflicts();
    both.history();
    for (path, _) in both.leaves() {
        both.get(&path);
    }
    let past = both
        .at(&document.heads())
        .expect("the honest part is there");
    assert_eq!(past.to_json(), document.to_json());
}
