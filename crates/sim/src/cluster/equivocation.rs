//! Somebody has the key of a machine and signs with it what the machine does not know.

use bytes::Bytes;
use phaki_documents::document::{Document, Edit, Editor};
use phaki_documents::kind::{DocumentId, Kind};
use phaki_documents::path::Path;
use phaki_documents::payload;
use phaki_replication::entry::{Entry, EntryKind, Payload};
use phaki_replication::feed::Run;
use phaki_replication::id::{FeedId, SpaceId};
use phaki_replication::message::Message;
use serde_json::json;

use super::Cluster;
use crate::machine::Attachment;

impl Cluster {
    /// Shows different continuations of the feed of a machine to its peers, one to each.
    pub(super) fn equivocate(
        &mut self,
        index: usize,
        space: SpaceId,
        back: u64,
        salt: u64,
        sides: u8,
    ) {
        let machine = &self.machines[index];
        let feed = machine.feed();
        let links: Vec<Attachment> = machine
            .links
            .values()
            .filter(|link| link.opened)
            .copied()
            .collect();
        let Some(stored) = machine.disk.contents.feeds.get(&(space, feed)).cloned() else {
            return;
        };
        let at = stored.length().saturating_sub(back);
        let place = machine.disk.contents.place(&space, &feed, at);
        let Some(place) = place.filter(|_| at > 0) else {
            return;
        };
        self.tally.equivocations += 1;
        for (side, attachment) in (0..sides).zip(links) {
            let entries = (0..=side)
                .filter_map(|nth| hostile_entry(&feed, salt, side, nth))
                .collect();
            let machine = &self.machines[index];
            let federation = self.federation.federation();
            let start = (at, place.head);
            let run = Run::sign(&machine.key, &federation, &space, feed, start, entries);
            self.reference.misused(space, &run, &stored);
            let message = Message::Batch {
                space,
                runs: vec![run],
            };
            let (connection, from) = (attachment.connection, attachment.side);
            self.network
                .send(&mut self.schedule, &mut self.rng, connection, from, message);
        }
    }
}

/// A change of a document of its own, under an actor that all sides share.
fn hostile_entry(feed: &FeedId, salt: u64, side: u8, nth: u8) -> Option<Entry> {
    let mut id = [nth; 16];
    id[..8].copy_from_slice(&salt.to_be_bytes());
    let id = DocumentId::new(Kind::Plan, id);
    let editor = Editor {
        actor: feed.actor(salt.to_be_bytes()),
        account: "stranger",
        time_secs: 0,
        message: None,
    };
    let edit = Edit::Set {
        path: Path::of_key("f0").ok()?,
        value: json!(format!("{salt} {side}")),
    };
    let change = Document::empty(id).edit(&editor, &[edit]).ok()??;
    let payload = payload::encode(&id, &change.bytes);
    Some(Entry {
        kind: EntryKind::CHANGE,
        time_ms: 0,
        payload: Payload::Present(Bytes::from(payload)),
    })
}
