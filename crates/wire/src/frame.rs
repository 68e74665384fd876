//! Messages of a session as frames, and frames as messages once every field is checked.

use phaki_replication::branch::SignedBranch;
use phaki_replication::fork::ForkProof;
use phaki_replication::id::{Epoch, FederationId, FeedId, ShortDigest, SpaceId};
use phaki_replication::limits::{
    BRANCH_BYTES_MAX, FEEDS_PER_SPACE_MAX, FORK_BYTES_MAX, MANIFEST_BYTES_MAX, ROSTER_BYTES_MAX,
    SPACES_MAX,
};
use phaki_replication::manifest::SignedManifest;
use phaki_replication::message::{
    CloseReason, FeedReport, FrontierReport, Heartbeat, Hello, Message, Range, SpaceState,
};
use phaki_replication::roster::SignedRoster;
use prost::Message as _;

use crate::batch;
use crate::field::{self, DecodeError, at_most, copy, fixed, one_to};
use crate::proto::sync::v1 as pb;
use crate::proto::sync::v1::frame::Body;
use crate::{receipts, severed, vault};

/// The frame of a message.
pub fn to_wire(message: Message) -> pb::Frame {
    let body = match message {
        Message::Hello(hello) => Body::Hello(hello_to_wire(&hello)),
        Message::Roster(roster) => Body::Roster(pb::Roster {
            content: roster.bytes.into(),
            signature: copy(&roster.signature.0),
        }),
        Message::Manifest(manifest) => Body::Manifest(pb::Manifest {
            content: manifest.bytes.into(),
            signature: copy(&manifest.signature.0),
        }),
        Message::Branch(branch) => Body::Branch(pb::Branch {
            content: branch.bytes.into(),
            signature: copy(&branch.signature.0),
        }),
        Message::Fork(proof) => Body::Fork(pb::Fork {
            content: proof.encode().into(),
        }),
        Message::Severed {
            space,
            previous,
            run,
        } => Body::Severed(severed::to_wire(&space, &previous, run)),
        Message::SeveredHeld { space, runs } => {
            Body::SeveredHeld(severed::held_to_wire(&space, &runs))
        }
        Message::WantSevered { space, run } => {
            Body::WantSevered(severed::want_to_wire(&space, &run))
        }
        Message::Receipts { space, receipts } => {
            Body::Receipts(receipts::to_wire(&space, receipts))
        }
        Message::ReceiptsHeld { space, numbers } => {
            Body::ReceiptsHeld(receipts::held_to_wire(&space, &numbers))
        }
        Message::Vault { space, statements } => Body::Vault(vault::to_wire(&space, statements)),
        Message::VaultHeld {
            space,
            answer,
            subjects,
        } => Body::VaultHeld(vault::held_to_wire(&space, answer, &subjects)),
        Message::Have(states) => Body::Have(pb::Have {
            spaces: states.iter().map(state_to_wire).collect(),
        }),
        Message::Frontier(report) => Body::Frontier(frontier_to_wire(&report)),
        Message::Want(range) => Body::Want(pb::Want {
            space: copy(&range.space.0),
            feed: field::feed_to_wire(&range.feed),
            from: range.from,
            count: range.to.saturating_sub(range.from),
        }),
        Message::Plan {
            space,
            entries,
            bytes,
        } => Body::Plan(plan_to_wire(&space, entries, bytes)),
        Message::Batch { space, runs } => Body::Batch(batch::to_wire(&space, runs)),
        Message::Ack { space, feeds } => Body::Ack(pb::Ack {
            space: copy(&space.0),
            feeds: feeds.iter().map(acked_to_wire).collect(),
        }),
        Message::Heartbeat(heartbeat) => Body::Heartbeat(pb::Heartbeat {
            time_ms: heartbeat.time_ms,
            shared: copy(&heartbeat.shared.0),
        }),
        Message::Close(reason) => Body::Close(pb::Close {
            reason: reason.code().into(),
        }),
    };
    pb::Frame { body: Some(body) }
}

/// The message of a frame.
pub fn from_wire(frame: pb::Frame) -> Result<Message, DecodeError> {
    Ok(
        match frame.body.ok_or(DecodeError::Missing("body of a frame"))? {
            Body::Hello(hello) => Message::Hello(hello_from_wire(&hello)?),
            Body::Roster(roster) => Message::Roster(roster_from_wire(&roster)?),
            Body::Manifest(manifest) => Message::Manifest(manifest_from_wire(&manifest)?),
            Body::Branch(branch) => Message::Branch(branch_from_wire(&branch)?),
            Body::Fork(fork) => Message::Fork(fork_from_wire(&fork)?),
            Body::Severed(body) => severed::from_wire(body)?,
            Body::SeveredHeld(held) => severed::held_from_wire(&held)?,
            Body::WantSevered(want) => severed::want_from_wire(&want)?,
            Body::Receipts(body) => receipts::from_wire(body)?,
            Body::ReceiptsHeld(body) => receipts::held_from_wire(&body)?,
            Body::Vault(body) => vault::from_wire(body)?,
            Body::VaultHeld(body) => vault::held_from_wire(&body)?,
            Body::Have(have) => {
                at_most("number of spaces", have.spaces.len(), SPACES_MAX)?;
                Message::Have(
                    have.spaces
                        .iter()
                        .map(state_from_wire)
                        .collect::<Result<_, _>>()?,
                )
            }
            Body::Frontier(frontier) => Message::Frontier(frontier_from_wire(&frontier)?),
            Body::Want(want) => Message::Want(want_from_wire(&want)?),
            Body::Plan(plan) => Message::Plan {
                space: field::space(&plan.space)?,
                entries: plan.entries,
                bytes: plan.bytes,
            },
            Body::Batch(batch) => batch::from_wire(batch)?,
            Body::Ack(ack) => {
                one_to("number of feeds", ack.feeds.len(), FEEDS_PER_SPACE_MAX)?;
                Message::Ack {
                    space: field::space(&ack.space)?,
                    feeds: ack
                        .feeds
                        .iter()
                        .map(acked_from_wire)
                        .collect::<Result<_, _>>()?,
                }
            }
            Body::Heartbeat(heartbeat) => Message::Heartbeat(Heartbeat {
                time_ms: heartbeat.time_ms,
                shared: field::digest("digest of shared spaces", &heartbeat.shared)?,
            }),
            Body::Close(close) => Message::Close(reason_from_wire(close.reason)?),
        },
    )
}

/// About how many bytes of memory the message of a frame needs. Known without decompressing.
pub fn cost(frame: &pb::Frame) -> usize {
    match &frame.body {
        Some(Body::Batch(batch)) => batch::cost(batch),
        _ => frame.encoded_len(),
    }
}

fn plan_to_wire(space: &SpaceId, entries: u64, bytes: u64) -> pb::Plan {
    pb::Plan {
        space: copy(&space.0),
        entries,
        bytes,
    }
}

fn hello_to_wire(hello: &Hello) -> pb::Hello {
    pb::Hello {
        protocol: hello.protocol,
        protocol_min: hello.protocol_min,
        federation: copy(&hello.federation.0),
        epoch: copy(&hello.epoch.0),
        roster_version: hello.roster_version,
        time_ms: hello.time_ms,
        roster: copy(&hello.roster.0),
        branches: copy(&hello.branches.0),
        instance: copy(&hello.instance),
    }
}

fn hello_from_wire(hello: &pb::Hello) -> Result<Hello, DecodeError> {
    Ok(Hello {
        protocol: hello.protocol,
        protocol_min: hello.protocol_min,
        federation: FederationId(fixed("federation", &hello.federation)?),
        epoch: Epoch(fixed("epoch", &hello.epoch)?),
        roster_version: hello.roster_version,
        roster: field::digest("digest of a roster", &hello.roster)?,
        branches: field::digest("digest of branches", &hello.branches)?,
        instance: fixed("instance", &hello.instance)?,
        time_ms: hello.time_ms,
    })
}

fn roster_from_wire(roster: &pb::Roster) -> Result<SignedRoster, DecodeError> {
    at_most("bytes of a roster", roster.content.len(), ROSTER_BYTES_MAX)?;
    let signature = field::signature(&roster.signature)?;
    Ok(SignedRoster {
        bytes: roster.content.to_vec(),
        signature,
    })
}

fn branch_from_wire(branch: &pb::Branch) -> Result<SignedBranch, DecodeError> {
    at_most("bytes of a branch", branch.content.len(), BRANCH_BYTES_MAX)?;
    let signature = field::signature(&branch.signature)?;
    Ok(SignedBranch {
        bytes: branch.content.to_vec(),
        signature,
    })
}

fn fork_from_wire(fork: &pb::Fork) -> Result<ForkProof, DecodeError> {
    at_most("bytes of a proof", fork.content.len(), FORK_BYTES_MAX)?;
    ForkProof::decode(&fork.content).map_err(DecodeError::Canonical)
}

fn manifest_from_wire(manifest: &pb::Manifest) -> Result<SignedManifest, DecodeError> {
    at_most(
        "bytes of a manifest",
        manifest.content.len(),
        MANIFEST_BYTES_MAX,
    )?;
    let signature = field::signature(&manifest.signature)?;
    Ok(SignedManifest {
        bytes: manifest.content.to_vec(),
        signature,
    })
}

fn state_to_wire(state: &SpaceState) -> pb::SpaceState {
    pb::SpaceState {
        space: copy(&state.space.0),
        manifest: copy(&state.manifest.0),
        frontier: copy(&state.frontier.0),
        receipts: copy(&state.receipts.0),
        severed: state
            .severed
            .map_or_else(Default::default, |digest| copy(&digest.0)),
        vault: state
            .vault
            .map_or_else(Default::default, |digest| copy(&digest.0)),
    }
}

fn state_from_wire(state: &pb::SpaceState) -> Result<SpaceState, DecodeError> {
    Ok(SpaceState {
        space: field::space(&state.space)?,
        manifest: field::digest("digest of a manifest", &state.manifest)?,
        frontier: field::digest("digest of a frontier", &state.frontier)?,
        receipts: field::digest("digest of receipts", &state.receipts)?,
        severed: optional_digest("digest of cut-off runs", &state.severed)?,
        vault: optional_digest("digest of a vault", &state.vault)?,
    })
}

fn optional_digest(what: &'static str, bytes: &[u8]) -> Result<Option<ShortDigest>, DecodeError> {
    match bytes.is_empty() {
        true => Ok(None),
        false => field::digest(what, bytes).map(Some),
    }
}

fn frontier_to_wire(report: &FrontierReport) -> pb::Frontier {
    let feed_to_wire = |report: &FeedReport| pb::FeedReport {
        feed: field::feed_to_wire(&report.feed),
        length: report.length,
        bytes: report.bytes,
        head: copy(&report.head.0),
    };
    pb::Frontier {
        space: copy(&report.space.0),
        complete: report.complete,
        feeds: report.feeds.iter().map(feed_to_wire).collect(),
    }
}

fn frontier_from_wire(frontier: &pb::Frontier) -> Result<FrontierReport, DecodeError> {
    at_most("number of feeds", frontier.feeds.len(), FEEDS_PER_SPACE_MAX)?;
    let feed_from_wire = |report: &pb::FeedReport| {
        let feed = field::feed(&report.feed)?;
        Ok(FeedReport {
            feed,
            length: report.length,
            head: field::hash("head of a feed", &report.head)?,
            bytes: report.bytes,
        })
    };
    Ok(FrontierReport {
        space: field::space(&frontier.space)?,
        complete: frontier.complete,
        feeds: frontier
            .feeds
            .iter()
            .map(feed_from_wire)
            .collect::<Result<_, _>>()?,
    })
}

fn want_from_wire(want: &pb::Want) -> Result<Range, DecodeError> {
    Ok(Range {
        space: field::space(&want.space)?,
        feed: field::feed(&want.feed)?,
        from: want.from,
        to: want
            .from
            .checked_add(want.count)
            .ok_or(DecodeError::Overflow("wanted range"))?,
    })
}

fn acked_to_wire((feed, length): &(FeedId, u64)) -> pb::AckedFeed {
    pb::AckedFeed {
        feed: field::feed_to_wire(feed),
        length: *length,
    }
}

fn acked_from_wire(acked: &pb::AckedFeed) -> Result<(FeedId, u64), DecodeError> {
    Ok((field::feed(&acked.feed)?, acked.length))
}

fn reason_from_wire(code: i32) -> Result<CloseReason, DecodeError> {
    let known = u8::try_from(code).ok().and_then(CloseReason::from_code);
    known.ok_or(DecodeError::UnknownCode {
        what: "close reason",
        code,
    })
}
