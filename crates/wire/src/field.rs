//! Checks of single fields, and what can be wrong with them.

use bytes::Bytes;
use phaki_replication::id::{Epoch, FeedId, Hash, NodeId, ShortDigest, SpaceId};
use phaki_replication::sign::Signature;
use thiserror::Error;

/// Why bytes of a peer are not a message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes are no protobuf message of the expected type.
    #[error("read protobuf")]
    Protobuf(#[source] prost::DecodeError),
    /// The bytes are not even protobuf fields.
    #[error("bytes are no protobuf fields")]
    Fields,
    /// Something that must be there is not.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A byte string of fixed length has another one.
    #[error("{what} has {found} bytes instead of {expected}")]
    Length {
        /// What has the wrong length.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The only right one.
        expected: usize,
    },
    /// A number of items, of bytes, or a value is above its limit.
    #[error("{what} is {found} and may be {max} at most")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// What was found.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// An enumeration has a value without a meaning.
    #[error("{what} has the unknown code {code}")]
    UnknownCode {
        /// The enumeration.
        what: &'static str,
        /// The value.
        code: i32,
    },
    /// Bytes that were signed, or prove something, are not in canonical form.
    #[error("read canonical form")]
    Canonical(#[source] phaki_replication::canonical::DecodeError),
    /// A position leads beyond what can be counted.
    #[error("{0} ends beyond the largest number")]
    Overflow(&'static str),
    /// A compressed batch does not state the size of its content.
    #[error("compressed batch does not state its size")]
    UnstatedSize,
    /// A compressed batch does not have the content that it states.
    #[error("compressed batch does not decompress to its stated size")]
    Decompress,
    /// A change that was sent without its hashes cannot be put together again.
    #[error("shortened change cannot be restored")]
    Shortened,
}

impl DecodeError {
    /// Whether a limit was exceeded, rather than the form broken.
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::TooLarge { .. })
    }
}

/// Checks that `found` is at most `max`.
pub(crate) fn at_most(what: &'static str, found: usize, max: usize) -> Result<(), DecodeError> {
    if found > max {
        return Err(DecodeError::TooLarge { what, found, max });
    }
    Ok(())
}

/// Checks that a list is not empty and has at most `max` items.
pub(crate) fn one_to(what: &'static str, found: usize, max: usize) -> Result<(), DecodeError> {
    if found == 0 {
        return Err(DecodeError::Missing(what));
    }
    at_most(what, found, max)
}

/// The bytes as an array, when their number is right.
pub(crate) fn fixed<const N: usize>(
    what: &'static str,
    bytes: &[u8],
) -> Result<[u8; N], DecodeError> {
    bytes.try_into().map_err(|_| DecodeError::Length {
        what,
        found: bytes.len(),
        expected: N,
    })
}

pub(crate) fn space(bytes: &[u8]) -> Result<SpaceId, DecodeError> {
    fixed("space", bytes).map(SpaceId)
}

pub(crate) fn hash(what: &'static str, bytes: &[u8]) -> Result<Hash, DecodeError> {
    fixed(what, bytes).map(Hash)
}

pub(crate) fn digest(what: &'static str, bytes: &[u8]) -> Result<ShortDigest, DecodeError> {
    fixed(what, bytes).map(ShortDigest)
}

pub(crate) fn signature(bytes: &[u8]) -> Result<Signature, DecodeError> {
    fixed("signature", bytes).map(Signature)
}

const AUTHOR: usize = NodeId::LENGTH;
const FEED: usize = NodeId::LENGTH + Epoch::LENGTH;

/// Author and epoch, one behind the other.
pub(crate) fn feed_to_wire(feed: &FeedId) -> Bytes {
    let mut bytes = [0; FEED];
    bytes[..AUTHOR].copy_from_slice(&feed.author.0);
    bytes[AUTHOR..].copy_from_slice(&feed.epoch.0);
    Bytes::copy_from_slice(&bytes)
}

pub(crate) fn feed(bytes: &[u8]) -> Result<FeedId, DecodeError> {
    let both: [u8; FEED] = fixed("feed", bytes)?;
    let (mut author, mut epoch) = ([0; AUTHOR], [0; Epoch::LENGTH]);
    author.copy_from_slice(&both[..AUTHOR]);
    epoch.copy_from_slice(&both[AUTHOR..]);
    Ok(FeedId {
        author: NodeId(author),
        epoch: Epoch(epoch),
    })
}

/// Bytes of a fixed-length id for the wire.
pub(crate) fn copy(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}
