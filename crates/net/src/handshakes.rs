//! Places for connections that have no session yet: bounded, and the oldest gives way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::limits::HANDSHAKES_MAX;

/// The places. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handshakes {
    places: Arc<Mutex<Places>>,
}

#[derive(Debug, Default)]
struct Places {
    next: u64,
    taken: BTreeMap<u64, CancellationToken>,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    number: u64,
    evicted: CancellationToken,
    handshakes: Handshakes,
}

impl Handshakes {
    /// Takes a place; when none is free, the oldest connection loses its own.
    pub(crate) fn admit(&self) -> Place {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.taken.len() >= HANDSHAKES_MAX
            && let Some((_, oldest)) = places.taken.pop_first()
        {
            oldest.cancel();
        }
        let (number, evicted) = (places.next, CancellationToken::new());
        places.next += 1;
        places.taken.insert(number, evicted.clone());
        Place {
            number,
            evicted,
            handshakes: self.clone(),
        }
    }
}

impl Place {
    /// Resolves when the connection has to give way to a younger one.
    pub(crate) fn evicted(&self) -> CancellationToken {
        self.evicted.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self
            .handshakes
            .places
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        places.taken.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_gives_way_when_all_places_are_taken() {
        let handshakes = Handshakes::default();
        let places: Vec<_> = (0..HANDSHAKES_MAX).map(|_| handshakes.admit()).collect();
        assert!(!places[0].evicted.is_cancelled());
        let _late = handshakes.admit();
        assert!(places[0].evicted.is_cancelled());
        assert!(!places[1].evicted.is_cancelled());
    }

    #[test]
    fn a_place_given_back_is_free() {
        let handshakes = Handshakes::default();
        let mut places: Vec<_> = (0..HANDSHAKES_MAX).map(|_| handshakes.admit()).collect();
        places.pop();
        let _late = handshakes.admit();
        assert!(places.iter().all(|place| !place.evicted.is_cancelled()));
    }
}
