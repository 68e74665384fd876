//! The frontier of a space: how many entries of each feed a node holds.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::id::{FeedId, Hash, ShortDigest};

/// Feed -> number of entries. Feeds of length 0 are not in it.
pub type Frontier = BTreeMap<FeedId, u64>;

/// A digest over feeds with their lengths and heads, in ascending order of feeds: equal exactly
/// when two nodes hold the same entries.
pub fn digest<'a>(feeds: impl IntoIterator<Item = (&'a FeedId, u64, Hash)>) -> ShortDigest {
    let mut hasher = Sha256::new();
    hasher.update(b"phaki/frontier/v1\0");
    for (feed, length, head) in feeds {
        hasher.update(feed.author.0);
        hasher.update(feed.epoch.0);
        hasher.update(length.to_be_bytes());
        hasher.update(head.0);
    }
    Hash(hasher.finalize().into()).shorten()
}
