//! The frontier of a space: how many entries of each feed a node holds.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::id::{FeedId, Hash, ShortDigest};

/// Feed -> number of entries. Feeds of length 0 are not in it.
pub type Frontier = BTreeMap<FeedId, u64>;

/// A digest that is equal exactly when frontiers are (accidents and honest peers; it secures
/// nothing, since every entry is verified by itself).
pub fn digest<'a>(frontier: impl IntoIterator<Item = (&'a FeedId, &'a u64)>) -> ShortDigest {
    let mut hasher = Sha256::new();
    hasher.update(b"phaki/frontier/v1\0");
    for (feed, length) in frontier {
        hasher.update(feed.author.0);
        hasher.update(feed.epoch.0);
        hasher.update(length.to_be_bytes());
    }
    Hash(hasher.finalize().into()).shorten()
}
