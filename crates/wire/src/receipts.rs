//! Receipts on the wire.

use phaki_replication::id::{NodeId, SpaceId};
use phaki_replication::limits::{RECEIPT_BYTES_MAX, RECEIPTS_AT_ONCE_MAX, RECEIPTS_PER_SPACE_MAX};
use phaki_replication::message::Message;
use phaki_replication::receipt::SignedReceipt;

use crate::field::{self, DecodeError, at_most, copy, fixed, one_to};
use crate::proto::sync::v1 as pb;

pub(crate) fn to_wire(space: &SpaceId, receipts: Vec<SignedReceipt>) -> pb::Receipts {
    let receipt = |receipt: SignedReceipt| pb::Receipt {
        content: receipt.bytes.into(),
        signature: copy(&receipt.signature.0),
    };
    pb::Receipts {
        space: copy(&space.0),
        receipts: receipts.into_iter().map(receipt).collect(),
    }
}

pub(crate) fn from_wire(receipts: pb::Receipts) -> Result<Message, DecodeError> {
    one_to(
        "number of receipts",
        receipts.receipts.len(),
        RECEIPTS_AT_ONCE_MAX,
    )?;
    let receipt = |receipt: &pb::Receipt| {
        at_most(
            "bytes of a receipt",
            receipt.content.len(),
            RECEIPT_BYTES_MAX,
        )?;
        Ok(SignedReceipt {
            bytes: receipt.content.to_vec(),
            signature: field::signature(&receipt.signature)?,
        })
    };
    Ok(Message::Receipts {
        space: field::space(&receipts.space)?,
        receipts: receipts
            .receipts
            .iter()
            .map(receipt)
            .collect::<Result<_, _>>()?,
    })
}

pub(crate) fn held_to_wire(space: &SpaceId, numbers: &[(NodeId, u64)]) -> pb::ReceiptsHeld {
    let number = |(node, number): &(NodeId, u64)| pb::ReceiptNumber {
        node: copy(&node.0),
        number: *number,
    };
    pb::ReceiptsHeld {
        space: copy(&space.0),
        receipts: numbers.iter().map(number).collect(),
    }
}

pub(crate) fn held_from_wire(held: &pb::ReceiptsHeld) -> Result<Message, DecodeError> {
    at_most(
        "number of receipts",
        held.receipts.len(),
        RECEIPTS_PER_SPACE_MAX,
    )?;
    let number =
        |receipt: &pb::ReceiptNumber| Ok((NodeId(fixed("node", &receipt.node)?), receipt.number));
    Ok(Message::ReceiptsHeld {
        space: field::space(&held.space)?,
        numbers: held.receipts.iter().map(number).collect::<Result<_, _>>()?,
    })
}
