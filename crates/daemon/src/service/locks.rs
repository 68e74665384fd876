//! One edit of a document at a time: the next one must see the change that the last one made.
//!
//! Otherwise both would become changes of the same number by the same actor, of which only one
//! can count.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use phaki_documents::DocumentId;
use phaki_replication::id::SpaceId;
use tokio::sync::OwnedMutexGuard;

type Key = (SpaceId, DocumentId);

/// The documents being edited. Holds as many entries as edits are under way. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Locks {
    held: Arc<Mutex<BTreeMap<Key, Arc<tokio::sync::Mutex<()>>>>>,
}

/// Documents that nobody else edits while this lives.
#[derive(Debug)]
pub(super) struct Locked {
    locks: Locks,
    keys: Vec<Key>,
    guards: Vec<OwnedMutexGuard<()>>,
}

impl Locks {
    /// Waits until nobody edits these documents. Several are locked in one order everywhere, so
    /// nobody waits in a circle.
    pub(super) async fn lock(&self, mut keys: Vec<Key>) -> Locked {
        keys.sort_unstable();
        keys.dedup();
        let mut locked = Locked {
            locks: self.clone(),
            keys: Vec::with_capacity(keys.len()),
            guards: Vec::with_capacity(keys.len()),
        };
        for key in keys {
            let lock = Arc::clone(self.held().entry(key).or_default());
            // Noted before waiting: a waiter that gives up must forget the document, too.
            locked.keys.push(key);
            locked.guards.push(lock.lock_owned().await);
        }
        locked
    }

    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<Key, Arc<tokio::sync::Mutex<()>>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.guards.clear();
        let mut held = self.locks.held();
        for key in &self.keys {
            // Whoever waits for it holds another reference.
            if held
                .get(key)
                .is_some_and(|lock| Arc::strong_count(lock) == 1)
            {
                held.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phaki_documents::Kind;
    use std::time::Duration;

    fn key(number: u8) -> Key {
        let document = DocumentId::new(Kind::Plan, [number; 16]);
        (SpaceId([1; 16]), document)
    }

    #[tokio::test]
    async fn waits_for_the_same_document_only_and_forgets_it_afterwards() {
        let locks = Locks::default();
        let first = locks.lock(vec![key(2), key(1)]).await;
        let other = locks.lock(vec![key(3)]).await;
        let mut waiting = tokio::spawn({
            let locks = locks.clone();
            async move { drop(locks.lock(vec![key(1), key(3)]).await) }
        });
        let early = tokio::time::timeout(Duration::from_millis(20), &mut waiting).await;
        assert!(early.is_err());
        drop(first);
        drop(other);
        waiting.await.unwrap();
        assert!(locks.held().is_empty());
    }

    #[tokio::test]
    async fn a_waiter_that_gives_up_leaves_nothing_behind() {
        let locks = Locks::default();
        let first = locks.lock(vec![key(1)]).await;
        let given_up =
            tokio::time::timeout(Duration::from_millis(20), locks.lock(vec![key(1)])).await;
        assert!(given_up.is_err());
        drop(first);
        assert!(locks.held().is_empty());
    }
}
