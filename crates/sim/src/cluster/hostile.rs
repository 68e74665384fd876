//! Messages that no honest node sends: old ones again, and forged ones.

use bytes::Bytes;
use phaki_replication::entry::Payload;
use phaki_replication::message::Message;

use super::Cluster;

impl Cluster {
    /// Puts a message that somebody sent somewhere on a live link, as it was or altered.
    pub(super) fn attack(&mut self, nth: usize, side: usize, captured: usize, mutation: u8) {
        let live = self.network.live();
        let connection = live.get(nth % live.len().max(1)).copied();
        let message = self
            .captured
            .get(captured % self.captured.len().max(1))
            .cloned();
        let (Some(connection), Some(mut message)) = (connection, message) else {
            return;
        };
        let author = self.machines[nth % self.machines.len()].id;
        match &mut message {
            Message::Batch { runs, .. } => {
                let Some(run) = runs.first_mut() else {
                    return;
                };
                match mutation {
                    1 => run.entries[0].payload = Payload::Present(Bytes::from_static(b"forged")),
                    2 => run.feed.author = author,
                    3 => drop(run.entries.pop()),
                    4 => run.from += 1,
                    5 => run.checkpoint.length += 1,
                    _ => {}
                }
            }
            Message::Ack { feeds, .. } if mutation > 3 => {
                feeds.iter_mut().for_each(|(_, length)| *length += 1_000);
            }
            Message::Frontier(report) if mutation > 3 => {
                report
                    .feeds
                    .iter_mut()
                    .for_each(|told| told.length += 1_000);
            }
            Message::Want(range) if mutation > 3 => range.to += 1_000,
            Message::Manifest(signed) if mutation > 5 => {
                let last = signed.bytes.len() - 1;
                signed.bytes[last] ^= 1;
            }
            Message::Roster(signed) if mutation > 5 => {
                let last = signed.bytes.len() - 1;
                signed.bytes[last] ^= 1;
            }
            _ => {}
        }
        self.network
            .send(&mut self.schedule, &mut self.rng, connection, side, message);
    }
}
