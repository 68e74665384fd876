//! The index of a search, held against the texts that it was made of.
//!
//! A document's tokens are added up as numbers: what the index adds up to in one reading of it must
//! be what the tokens computed anew do.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use phaki_documents::kind::DocumentId;
use phaki_documents::search::Texts;
use phaki_replication::id::SpaceId;
use rusqlite::Connection;

use crate::search::{Belongs, Searchable};

/// What is indexed of documents that are not behind, at one moment.
#[derive(Debug, Default)]
pub(super) struct Index {
    documents: BTreeMap<(SpaceId, DocumentId), Indexed>,
    /// Keys in the index that are of no document.
    pub(super) strangers: usize,
}

#[derive(Debug)]
struct Indexed {
    space_key: i64,
    heads: Vec<u8>,
    texts: Option<u64>,
    tokens: Sum,
}

/// How many, and what they add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum(u64, u64);

impl Sum {
    fn add(&mut self, token: &str) {
        self.0 += 1;
        self.1 = self.1.wrapping_add(number(token));
    }
}

fn number(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

fn of_texts(texts: &Texts) -> u64 {
    number((&texts.names, &texts.body))
}

impl Index {
    /// Reads all of it.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut sums: BTreeMap<i64, Sum> = BTreeMap::new();
        let mut select = connection.prepare("SELECT doc, term FROM gram_token")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let sum = sums.entry(row.get(0)?).or_default();
            sum.add(row.get_ref(1)?.as_str()?);
        }
        let mut index = Self::default();
        let mut select = connection.prepare(
            "SELECT document.key, space.key, space.id, document.id, document.heads,
                    document.dirty, searchable.names, searchable.body
             FROM document JOIN space ON space.key = document.space
             LEFT JOIN searchable ON searchable.document = document.key",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let names: Option<String> = row.get(6)?;
            let body: Option<String> = row.get(7)?;
            let texts = names.zip(body).map(|(names, body)| Texts { names, body });
            let indexed = Indexed {
                space_key: row.get(1)?,
                heads: row.get(4)?,
                texts: texts.as_ref().map(of_texts),
                tokens: sums.remove(&row.get(0)?).unwrap_or_default(),
            };
            if !row.get::<_, bool>(5)? {
                let document = DocumentId::from_bytes(&row.get(3)?);
                index
                    .documents
                    .insert((SpaceId(row.get(2)?), document), indexed);
            }
        }
        index.strangers = sums.len();
        Ok(index)
    }

    /// Whether the document is indexed as it should be. One that has moved on since is not known.
    pub(super) fn is_right(
        &self,
        (space, document): (SpaceId, DocumentId),
        heads: &[[u8; 32]],
        searchable: &Searchable,
    ) -> bool {
        let Some(found) = self.documents.get(&(space, document)) else {
            return true;
        };
        if found.heads != heads.as_flattened() {
            return true;
        }
        let mut tokens = Sum::default();
        searchable
            .tokens
            .split_terminator(' ')
            .for_each(|token| tokens.add(token));
        for belongs in [
            Belongs::Space(found.space_key),
            Belongs::Kind(document.kind_code),
        ] {
            tokens.add(&belongs.token());
        }
        (found.texts, found.tokens) == (Some(of_texts(&searchable.texts)), tokens)
    }
}
