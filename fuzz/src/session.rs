//! A node in conversation with peers that say anything, in any order: valid messages, broken
//! ones, stolen ones.
//!
//! The bytes choose what happens next. After each event the node's invariants hold, a peer is told
//! nothing of the space that it may not read, and at the end all that was stored verifies.

#[path = "../../crates/replication/tests/conversation/disk.rs"]
#[expect(
    dead_code,
    reason = "other tests of the same disk start nodes anew from it"
)]
mod disk;
mod world;

use bytes::Bytes;
use phaki_replication::entry::EntryKind;
use phaki_replication::id::{Epoch, NodeId};
use phaki_replication::invariants;
use phaki_replication::message::{
    CloseReason, FeedReport, FrontierReport, Heartbeat, Hello, Message, Range, SpaceState,
};
use phaki_replication::node::{Effect, Event, LinkId, NewEntry, Now, RequestId};
use phaki_wire::{codec, frame};

use self::world::{PEERS, World};
use crate::input::Input;

/// Events after which a case ends.
const STEPS_MAX: usize = 400;

/// Plays what the bytes say.
pub fn session(data: &[u8]) {
    let mut input = Input::new(data);
    let mut world = World::new();
    world.give(Event::Start);
    for _ in 0..STEPS_MAX {
        if input.is_used_up() {
            break;
        }
        let event = next(&mut input, &mut world);
        world.give(event);
    }
    world.check_disk();
}

fn next(input: &mut Input<'_>, world: &mut World) -> Event {
    match input.below(24) {
        0 | 1 => world.open(input.below(PEERS), input.below(2) == 1),
        2 => Event::LinkClosed {
            link: world.link(input.byte()),
        },
        3 => {
            world.time_ms += u64::from(input.byte()) * 500;
            Event::Tick
        }
        4 => append(input, world),
        5 => Event::StoreFailed,
        6 => Event::Alive {
            link: world.link(input.byte()),
        },
        7 => Event::EpochDrawn {
            epoch: Epoch([input.byte(); 16]),
        },
        8 => raw(input, world),
        _ => {
            let link = world.link(input.byte());
            let message = message(input, world, link);
            Event::Received { link, message }
        }
    }
}

fn append(input: &mut Input<'_>, world: &mut World) -> Event {
    world.requests += 1;
    let count = usize::from(input.below(4));
    let entry = NewEntry {
        kind: EntryKind(input.below(6)),
        payload: Bytes::copy_from_slice(input.bytes(80)),
    };
    Event::Append {
        request: RequestId(world.requests),
        epoch: world.node.epoch(),
        space: world.space(input.byte()),
        entries: vec![entry; count],
    }
}

/// A frame as it might come from the wire.
fn raw(input: &mut Input<'_>, world: &World) -> Event {
    let link = world.link(input.byte());
    let bytes = Bytes::copy_from_slice(input.bytes(255));
    let message = codec::decode(bytes).and_then(frame::from_wire);
    match message {
        Ok(message) => Event::Received { link, message },
        Err(_) => Event::LinkClosed { link },
    }
}

fn message(input: &mut Input<'_>, world: &mut World, link: LinkId) -> Message {
    match input.below(18) {
        0 | 1 => Message::Hello(hello(input, world)),
        2 => Message::Have(vec![state(input, world)]),
        3 | 4 => Message::Frontier(report(input, world)),
        5 => Message::Want(range(input, world)),
        6 => Message::Plan {
            space: world.space(input.byte()),
            entries: input.number(),
            bytes: input.number(),
        },
        7..=9 => world.batch(input),
        10 => Message::Ack {
            space: world.space(input.byte()),
            feeds: vec![(world.feed(input), input.number())],
        },
        11 => Message::Heartbeat(Heartbeat {
            time_ms: 0,
            shared: world.digest(input),
        }),
        12 => Message::Manifest(world.manifest(input)),
        13 => Message::Roster(world.roster(input)),
        14 => Message::Branch(world.branch(input)),
        15 => world.fork(input),
        16 => world.receipts(input),
        _ => {
            let reason = usize::from(input.byte()) % CloseReason::ALL.len();
            let _ = link;
            Message::Close(CloseReason::ALL[reason].0)
        }
    }
}

fn hello(input: &mut Input<'_>, world: &World) -> Hello {
    let honest = world.hello(input.below(4));
    match input.below(8) {
        0 => Hello {
            protocol: u32::from(input.byte()),
            protocol_min: u32::from(input.byte()),
            ..honest
        },
        1 => Hello {
            federation: phaki_replication::id::FederationId([input.byte(); 32]),
            ..honest
        },
        2 => Hello {
            roster_version: input.number(),
            roster: world.digest(input),
            ..honest
        },
        _ => honest,
    }
}

fn state(input: &mut Input<'_>, world: &World) -> SpaceState {
    SpaceState {
        space: world.space(input.byte()),
        manifest: world.digest(input),
        frontier: world.digest(input),
        receipts: world.digest(input),
        severed: None,
        vault: None,
    }
}

fn report(input: &mut Input<'_>, world: &World) -> FrontierReport {
    let count = input.below(4);
    let feed = |input: &mut Input<'_>| FeedReport {
        feed: world.feed(input),
        length: input.number(),
        head: world.hash(input),
        bytes: input.number(),
    };
    FrontierReport {
        space: world.space(input.byte()),
        complete: input.below(2) == 1,
        feeds: (0..count).map(|_| feed(input)).collect(),
    }
}

fn range(input: &mut Input<'_>, world: &World) -> Range {
    let (one, other) = (input.number(), input.number());
    Range {
        space: world.space(input.byte()),
        feed: world.feed(input),
        from: one.min(other),
        to: one.max(other),
    }
}

impl World {
    /// Lets something happen, with all that follows at once.
    fn give(&mut self, event: Event) {
        let mut events = std::collections::VecDeque::from([event]);
        let mut steps = 0;
        while let Some(event) = events.pop_front() {
            steps += 1;
            assert!(steps < 10_000, "the node does not come to rest");
            let now = Now {
                monotonic_ms: self.time_ms,
                wall_ms: i64::try_from(self.time_ms).unwrap_or(i64::MAX),
            };
            let effects = self.node.handle(now, event);
            assert_eq!(invariants::check(&self.node), Ok(()));
            for effect in effects {
                events.extend(self.carry_out(effect));
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Send { link, message } => {
                let peer = self.peer(link);
                self.check_told(&peer, &message);
                None
            }
            Effect::Store { write, change } => {
                self.disk.write(&change);
                Some(Event::Stored { write })
            }
            Effect::Read {
                read,
                space,
                feed,
                from,
                ..
            } => Some(Event::Read {
                read,
                run: self.disk.run(&space, &feed, from),
            }),
            Effect::Examine {
                read,
                space,
                feed,
                from,
            } => Some(Event::Examined {
                read,
                place: self.disk.place(&space, &feed, from),
            }),
            Effect::ReadSevered { read, space, run } => Some(Event::SeveredRead {
                read,
                found: self.disk.severed_run(&space, &run),
            }),
            Effect::ListSevered { space } => Some(Event::SeveredListed {
                space,
                runs: Some(self.disk.kept(&space)),
            }),
            Effect::Recall { space } => {
                let own: NodeId = self.node.id();
                let entries = self.disk.recalled(&space, &own);
                Some(Event::Recalled { space, entries })
            }
            Effect::DrawEpoch => {
                self.epochs += 1;
                Some(Event::EpochDrawn {
                    epoch: Epoch([self.epochs; 16]),
                })
            }
            Effect::Close { .. }
            | Effect::Accept { .. }
            | Effect::Refuse { .. }
            | Effect::RosterInForce
            | Effect::Notice(_) => None,
        }
    }
}
