//! The index of a search: the tokens of a document, and what it takes to keep them.
//!
//! The index proposes documents and may propose too many; `phaki_documents::search` decides.

use phaki_documents::search::{Gram, Part, Query, Texts, Word, grams};
use phaki_replication::id::SpaceId;
use rusqlite::{Connection, OptionalExtension, params};

use crate::fault::Fault;

/// Before a gram of a name. Folding leaves no such sign, so it begins nothing else.
const IN_NAME: char = '§';

/// Before where a document belongs.
const BELONGS: char = '¤';

/// What the index holds of a document, besides where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Searchable {
    /// What the grams were made of.
    pub texts: Texts,
    /// Each once, each with a space behind it.
    pub(crate) tokens: String,
}

impl Searchable {
    /// Of texts.
    pub(crate) fn of(texts: Texts) -> Self {
        let (of_names, mut all) = (grams(&texts.names), grams(&texts.body));
        all.extend_from_slice(&of_names);
        all.sort_unstable();
        all.dedup();
        let mut tokens = String::with_capacity(10 * (all.len() + of_names.len()));
        let mut push = |sign: Option<char>, gram: Gram| {
            tokens.extend(sign.into_iter().chain(gram.letters()));
            tokens.push(' ');
        };
        of_names
            .into_iter()
            .for_each(|gram| push(Some(IN_NAME), gram));
        all.into_iter().for_each(|gram| push(None, gram));
        Self { texts, tokens }
    }

    /// Bytes in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.texts.names.len() + self.texts.body.len() + self.tokens.len()
    }
}

/// Where a document belongs, by which a search may be narrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Belongs {
    /// To the space with this key.
    Space(i64),
    /// To the kind with this code.
    Kind(u8),
}

impl Belongs {
    pub(crate) fn token(self) -> String {
        match self {
            Self::Space(key) => format!("{BELONGS}s{key}e"),
            Self::Kind(code) => format!("{BELONGS}k{code}e"),
        }
    }
}

/// Writes what is searched of the document with that key, when it is not written already.
pub(crate) fn put(
    connection: &Connection,
    (key, space, kind_code): (i64, i64, u8),
    searchable: &Searchable,
) -> Result<(), Fault> {
    let Searchable { texts, tokens } = searchable;
    let same: Option<bool> = connection
        .prepare_cached("SELECT names = ?2 AND body = ?3 FROM searchable WHERE document = ?1")?
        .query_row(params![key, texts.names, texts.body], |row| row.get(0))
        .optional()?;
    if same == Some(true) {
        return Ok(());
    }
    let belongs = [Belongs::Space(space), Belongs::Kind(kind_code)].map(Belongs::token);
    connection
        .prepare_cached(
            "INSERT INTO searchable (document, names, body) VALUES (?1, ?2, ?3)
             ON CONFLICT (document) DO UPDATE SET names = ?2, body = ?3",
        )?
        .execute(params![key, texts.names, texts.body])?;
    if same.is_some() {
        connection
            .prepare_cached("DELETE FROM gram WHERE rowid = ?1")?
            .execute([key])?;
    }
    connection
        .prepare_cached("INSERT INTO gram (rowid, tokens) VALUES (?1, ?2)")?
        .execute(params![key, format!("{tokens}{}", belongs.join(" "))])?;
    Ok(())
}

/// Removes what is searched of all documents of the space with that key.
pub(crate) fn forget_space(connection: &Connection, key: i64) -> rusqlite::Result<()> {
    let of_space = "(SELECT key FROM document WHERE space = ?1)";
    for (table, column) in [("gram", "rowid"), ("searchable", "document")] {
        let delete = format!("DELETE FROM {table} WHERE {column} IN {of_space}");
        connection.execute(&delete, [key])?;
    }
    Ok(())
}

/// In which texts words are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    Names,
    AllTexts,
}

/// The expression by which the index proposes documents.
pub(crate) fn expression(query: &Query, within: Within, belongs: &[Belongs]) -> String {
    let words = query.words().iter().map(|word| of_word(word, within));
    let belongs = belongs
        .iter()
        .map(|belongs| format!("\"{}\"", belongs.token()));
    belongs.chain(words).collect::<Vec<_>>().join(" AND ")
}

fn of_word(word: &Word, within: Within) -> String {
    let part = |part: &Part| {
        let grams = part.grams().into_iter();
        grams
            .map(|gram| of_gram(gram, within))
            .collect::<Vec<_>>()
            .join(" AND ")
    };
    let forms = word.forms().iter().map(|form| {
        let parts = form.iter().map(part).collect::<Vec<_>>();
        format!("({})", parts.join(" AND "))
    });
    format!("({})", forms.collect::<Vec<_>>().join(" OR "))
}

fn of_gram(gram: Gram, within: Within) -> String {
    let mut token = String::from("\"");
    token.extend((within == Within::Names).then_some(IN_NAME));
    token.extend(gram.letters());
    // One that is not whole stands for all that begin with it.
    let end = if gram.is_whole() { "\"" } else { "\" *" };
    token + end
}

/// The key of a space.
pub(crate) fn space_key(connection: &Connection, space: &SpaceId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT key FROM space WHERE id = ?1")?
        .query_row([space.0], |row| row.get(0))
        .optional()
}
