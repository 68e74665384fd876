//! A receipt: a node's signed statement of what it holds durably of a space.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::canonical::{DecodeError, Decoder, Encoder};
use crate::frontier::Frontier;
use crate::id::{FederationId, FeedId, NodeId, SpaceId};
use crate::limits::RECEIPT_FEEDS_MAX;
use crate::sign::{SecretKey, Signature, verify};

const DOMAIN: &str = "phaki/receipt/v1";

/// What one node holds durably of one space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The federation in which it counts.
    pub federation: FederationId,
    /// The space.
    pub space: SpaceId,
    /// The node that says so.
    pub node: NodeId,
    /// Grows with every receipt of that node for that space; an older one never replaces a newer.
    pub number: u64,
    /// The node's clock when it signed, milliseconds since 1970. For display only.
    pub time_ms: i64,
    /// Entries held durably, by feed.
    pub feeds: Frontier,
}

/// A receipt in the bytes that were signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedReceipt {
    /// The canonical encoding.
    pub bytes: Vec<u8>,
    /// By the node that the bytes name.
    pub signature: Signature,
}

/// Why a receipt is not believed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReceiptError {
    /// The bytes are no receipt.
    #[error("read receipt")]
    Decode(#[source] DecodeError),
    /// It belongs to another federation or another space.
    #[error("receipt is of another federation or space")]
    Place,
    /// The signature is not that of the node that it names.
    #[error("receipt is not signed by the node that it names")]
    Signature,
}

impl Receipt {
    /// Whether the node holds the entry at `seq` (from 0) of a feed.
    pub fn covers(&self, feed: &FeedId, seq: u64) -> bool {
        self.feeds.get(feed).is_some_and(|length| *length > seq)
    }

    /// The canonical encoding, with its domain tag.
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::with_domain(DOMAIN);
        encoder.fixed(&self.federation.0);
        encoder.fixed(&self.space.0);
        encoder.fixed(&self.node.0);
        encoder.u64(self.number);
        encoder.i64(self.time_ms);
        encoder.length(self.feeds.len());
        for (feed, length) in &self.feeds {
            feed.encode(&mut encoder);
            encoder.u64(*length);
        }
        encoder.finish()
    }

    /// Reads the canonical encoding.
    ///
    /// # Errors
    /// When the bytes are not exactly one receipt within the limits.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new(bytes);
        decoder.domain(DOMAIN)?;
        let receipt = Self {
            federation: FederationId(decoder.fixed()?),
            space: SpaceId(decoder.fixed()?),
            node: NodeId(decoder.fixed()?),
            number: decoder.u64()?,
            time_ms: decoder.i64()?,
            feeds: decode_feeds(&mut decoder)?,
        };
        decoder.finish()?;
        Ok(receipt)
    }

    /// Signs the receipt with the key of its node.
    pub fn sign(&self, key: &SecretKey) -> SignedReceipt {
        let bytes = self.encode();
        let signature = key.sign(&bytes);
        SignedReceipt { bytes, signature }
    }
}

fn decode_feeds(decoder: &mut Decoder<'_>) -> Result<BTreeMap<FeedId, u64>, DecodeError> {
    decoder.map("feeds of a receipt", RECEIPT_FEEDS_MAX, |decoder| {
        let feed = FeedId::decode(decoder)?;
        Ok((feed, decoder.u64()?))
    })
}

impl SignedReceipt {
    /// Checks signature and place.
    ///
    /// # Errors
    /// When its node did not sign it for that space.
    pub fn open(
        &self,
        federation: &FederationId,
        space: &SpaceId,
    ) -> Result<Receipt, ReceiptError> {
        let receipt = Receipt::decode(&self.bytes).map_err(ReceiptError::Decode)?;
        if (&receipt.federation, &receipt.space) != (federation, space) {
            return Err(ReceiptError::Place);
        }
        if !verify(&receipt.node.0, &self.bytes, &self.signature) {
            return Err(ReceiptError::Signature);
        }
        Ok(receipt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Epoch;

    #[test]
    fn a_signed_receipt_reads_back_equal_and_counts_in_its_place_only() {
        let key = SecretKey::from_seed(&[5; 32]);
        let feed = FeedId {
            author: NodeId([3; 32]),
            epoch: Epoch([4; 16]),
        };
        let (federation, space) = (FederationId([1; 32]), SpaceId([2; 16]));
        let receipt = Receipt {
            federation,
            space,
            node: key.node(),
            number: 7,
            time_ms: 1_700_000_000_000,
            feeds: BTreeMap::from([(feed, 9)]),
        };
        let signed = receipt.sign(&key);
        assert_eq!(signed.open(&federation, &space), Ok(receipt.clone()));
        let elsewhere = signed.open(&federation, &SpaceId([9; 16]));
        assert_eq!(elsewhere, Err(ReceiptError::Place));
        let forged = receipt.sign(&SecretKey::from_seed(&[6; 32]));
        assert_eq!(
            forged.open(&federation, &space),
            Err(ReceiptError::Signature)
        );
        assert!(receipt.covers(&feed, 8) && !receipt.covers(&feed, 9));
    }
}
