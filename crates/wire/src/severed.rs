//! What was cut off, on the wire: a run, which ones are kept, and which one is wanted.

use phaki_replication::feed::Run;
use phaki_replication::id::{Hash, SpaceId};
use phaki_replication::limits::SEVERED_AT_ONCE_MAX;
use phaki_replication::message::{Message, SeveredRun};

use crate::batch;
use crate::field::{self, DecodeError, copy, one_to};
use crate::proto::sync::v1 as pb;

pub(crate) fn to_wire(space: &SpaceId, previous: &Hash, run: Run) -> pb::Severed {
    pb::Severed {
        space: copy(&space.0),
        previous: copy(&previous.0),
        run: Some(batch::run_to_wire(run)),
    }
}

pub(crate) fn from_wire(severed: pb::Severed) -> Result<Message, DecodeError> {
    Ok(Message::Severed {
        space: field::space(&severed.space)?,
        previous: field::hash("hash of an entry", &severed.previous)?,
        run: batch::run_from_wire(severed.run.ok_or(DecodeError::Missing("run"))?)?,
    })
}

fn run_to_wire(run: &SeveredRun) -> pb::SeveredRun {
    pb::SeveredRun {
        feed: field::feed_to_wire(&run.feed),
        from: run.from,
        head: copy(&run.head.0),
    }
}

fn run_from_wire(run: &pb::SeveredRun) -> Result<SeveredRun, DecodeError> {
    Ok(SeveredRun {
        feed: field::feed(&run.feed)?,
        from: run.from,
        head: field::hash("hash of an entry", &run.head)?,
    })
}

pub(crate) fn held_to_wire(space: &SpaceId, runs: &[SeveredRun]) -> pb::SeveredHeld {
    pb::SeveredHeld {
        space: copy(&space.0),
        runs: runs.iter().map(run_to_wire).collect(),
    }
}

pub(crate) fn held_from_wire(held: &pb::SeveredHeld) -> Result<Message, DecodeError> {
    let name = "number of cut-off runs";
    one_to(name, held.runs.len(), SEVERED_AT_ONCE_MAX)?;
    Ok(Message::SeveredHeld {
        space: field::space(&held.space)?,
        runs: held
            .runs
            .iter()
            .map(run_from_wire)
            .collect::<Result<_, _>>()?,
    })
}

pub(crate) fn want_to_wire(space: &SpaceId, run: &SeveredRun) -> pb::WantSevered {
    pb::WantSevered {
        space: copy(&space.0),
        run: Some(run_to_wire(run)),
    }
}

pub(crate) fn want_from_wire(want: &pb::WantSevered) -> Result<Message, DecodeError> {
    let run = want.run.as_ref().ok_or(DecodeError::Missing("run"))?;
    Ok(Message::WantSevered {
        space: field::space(&want.space)?,
        run: run_from_wire(run)?,
    })
}
