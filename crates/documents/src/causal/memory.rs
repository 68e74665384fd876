//! The change index in ordered maps, for the simulator and for tests.

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::{ChangeIndex, ChangeLink, ChangeState, MissingKey, Refusal, Waiting};
use crate::change::ChangeHash;
use crate::kind::DocumentId;

/// A [`ChangeIndex`] in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryIndex<P> {
    documents: BTreeMap<DocumentId, Known<P>>,
}

#[derive(Debug, Clone)]
struct Known<P> {
    states: BTreeMap<ChangeHash, (ChangeState, P)>,
    links: BTreeMap<ChangeHash, ChangeLink>,
    sequences: BTreeMap<(Vec<u8>, u64), ChangeHash>,
    waiting: BTreeMap<(MissingKey, ChangeHash), Waiting<P>>,
    heads: Vec<ChangeHash>,
}

impl<P: Copy> MemoryIndex<P> {
    /// An index that knows nothing.
    pub fn new() -> MemoryIndex<P> {
        MemoryIndex {
            documents: BTreeMap::new(),
        }
    }

    /// The documents of which a change is known, ascending.
    pub fn documents(&self) -> impl Iterator<Item = &DocumentId> {
        self.documents.keys()
    }

    /// The places of the applied changes of a document, by hash.
    pub fn applied(&self, document: &DocumentId) -> Vec<(ChangeHash, P)> {
        let Some(known) = self.documents.get(document) else {
            return Vec::new();
        };
        known
            .states
            .iter()
            .filter(|(_, (state, _))| matches!(state, ChangeState::Applied { .. }))
            .map(|(hash, (_, place))| (*hash, *place))
            .collect()
    }

    /// How many changes of a document wait.
    pub fn waiting(&self, document: &DocumentId) -> usize {
        self.documents
            .get(document)
            .map_or(0, |known| known.waiting.len())
    }

    fn known(&mut self, document: &DocumentId) -> &mut Known<P> {
        self.documents.entry(*document).or_insert_with(|| Known {
            states: BTreeMap::new(),
            links: BTreeMap::new(),
            sequences: BTreeMap::new(),
            waiting: BTreeMap::new(),
            heads: Vec::new(),
        })
    }
}

impl<P: Copy> ChangeIndex for MemoryIndex<P> {
    type Place = P;
    type Error = Infallible;

    fn state(
        &mut self,
        document: &DocumentId,
        hash: &ChangeHash,
    ) -> Result<Option<ChangeState>, Infallible> {
        let known = self.documents.get(document);
        Ok(known.and_then(|known| Some(known.states.get(hash)?.0)))
    }

    fn hash_of(
        &mut self,
        document: &DocumentId,
        actor: &[u8],
        seq: u64,
    ) -> Result<Option<ChangeHash>, Infallible> {
        let known = self.documents.get(document);
        Ok(known.and_then(|known| known.sequences.get(&(actor.to_vec(), seq)).copied()))
    }

    fn put_applied(
        &mut self,
        document: &DocumentId,
        link: &ChangeLink,
        place: P,
    ) -> Result<(), Infallible> {
        let known = self.known(document);
        known.links.insert(link.hash, link.clone());
        let state = ChangeState::Applied {
            last_op: link.last_op,
        };
        known.states.insert(link.hash, (state, place));
        known
            .sequences
            .insert((link.actor.clone(), link.seq), link.hash);
        Ok(())
    }

    fn put_waiting(
        &mut self,
        document: &DocumentId,
        link: &ChangeLink,
        missing: &MissingKey,
        place: P,
    ) -> Result<(), Infallible> {
        let known = self.known(document);
        known.links.insert(link.hash, link.clone());
        known
            .states
            .insert(link.hash, (ChangeState::Waiting, place));
        known
            .sequences
            .insert((link.actor.clone(), link.seq), link.hash);
        let waiting = Waiting {
            link: link.clone(),
            place,
        };
        known.waiting.insert((*missing, link.hash), waiting);
        Ok(())
    }

    fn put_refused(
        &mut self,
        document: &DocumentId,
        link: &ChangeLink,
        _refusal: Refusal,
        place: P,
    ) -> Result<(), Infallible> {
        let known = self.known(document);
        known.links.insert(link.hash, link.clone());
        known
            .states
            .insert(link.hash, (ChangeState::Refused, place));
        known
            .sequences
            .entry((link.actor.clone(), link.seq))
            .or_insert(link.hash);
        Ok(())
    }

    fn take_waiting_for(
        &mut self,
        document: &DocumentId,
        missing: &MissingKey,
    ) -> Result<Vec<Waiting<P>>, Infallible> {
        let Some(known) = self.documents.get_mut(document) else {
            return Ok(Vec::new());
        };
        let keys: Vec<_> = known
            .waiting
            .range((*missing, [0; 32])..=(*missing, [0xff; 32]))
            .map(|(key, _)| *key)
            .collect();
        Ok(keys
            .iter()
            .filter_map(|key| known.waiting.remove(key))
            .collect())
    }

    fn take_all(&mut self, document: &DocumentId) -> Result<Vec<Waiting<P>>, Infallible> {
        let Some(known) = self.documents.remove(document) else {
            return Ok(Vec::new());
        };
        let place = |hash| known.states.get(hash).map(|(_, place)| *place);
        let taken = known.links.iter().filter_map(|(hash, link)| {
            Some(Waiting {
                link: link.clone(),
                place: place(hash)?,
            })
        });
        Ok(taken.collect())
    }

    fn heads(&mut self, document: &DocumentId) -> Result<Vec<ChangeHash>, Infallible> {
        let known = self.documents.get(document);
        Ok(known.map(|known| known.heads.clone()).unwrap_or_default())
    }

    fn set_heads(&mut self, document: &DocumentId, heads: &[ChangeHash]) -> Result<(), Infallible> {
        self.known(document).heads = heads.to_vec();
        Ok(())
    }
}
