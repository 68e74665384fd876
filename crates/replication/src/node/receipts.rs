//! Receipts: signed a moment after the durable frontier of a space has changed, passed on to those
//! who keep them.

use super::held::Held;
use super::state::Node;
use super::stored::Purpose;
use super::timing::ms;
use super::{Change, Effect, LinkId, Now};
use crate::id::{Hash, NodeId, ShortDigest, SpaceId};
use crate::limits::{
    RECEIPT_DELAY, RECEIPT_FEEDS_MAX, RECEIPTS_AT_ONCE_BYTES, RECEIPTS_PER_SPACE_MAX,
};
use crate::manifest::Keeping;
use crate::message::{CloseReason, Message};
use crate::receipt::{Receipt, SignedReceipt};
use crate::roster::Roster;

/// A receipt that is held.
type Kept = (Receipt, SignedReceipt);

impl Held {
    /// Digest over the receipts that both this node and the peer keep.
    pub(super) fn receipts_digest(&mut self, roster: &Roster, peer: &NodeId) -> ShortDigest {
        let both = self.kept_by_both(roster, peer);
        if both.iter().all(Keeping::collects) {
            let known = self.receipts_digest;
            let digest = known.unwrap_or_else(|| digest(self.receipts.values()));
            return *self.receipts_digest.insert(digest);
        }
        digest(self.shared_receipts(&both))
    }

    /// What this node keeps, and what the peer does.
    fn kept_by_both<'a>(&self, roster: &'a Roster, peer: &NodeId) -> [Keeping<'a>; 2] {
        [&self.me, peer].map(|node| self.manifest.keeping(roster, node))
    }

    fn shared_receipts(&self, both: &[Keeping<'_>; 2]) -> impl Iterator<Item = &Kept> {
        let kept = |signer: &NodeId| both.iter().all(|keeping| keeping.keeps(signer));
        let shared = self.receipts.iter().filter(move |(signer, _)| kept(signer));
        shared.map(|(_, held)| held)
    }

    fn put_receipt(&mut self, receipt: Receipt, signed: SignedReceipt) {
        self.receipts.insert(receipt.node, (receipt, signed));
        self.receipts_digest = None;
    }

    /// Whether a receipt of that node and number is news.
    fn is_newer_receipt(&self, node: &NodeId, number: u64) -> bool {
        match self.receipts.get(node) {
            Some((held, _)) => held.number < number,
            None => self.receipts.len() < RECEIPTS_PER_SPACE_MAX,
        }
    }

    /// Whether anybody else could want to know what is durable here.
    fn has_members(&self) -> bool {
        !self.manifest.members.is_empty()
            || !self.manifest.groups.is_empty()
            || self.manifest.steward() != self.me
    }
}

impl Node {
    /// The durable frontier of a space has changed: a receipt is due a moment later, for all that
    /// comes until then.
    pub(super) fn receipt_becomes_due(&mut self, now: Now, space: &SpaceId) {
        if let Some(held) = self.spaces.get_mut(space)
            && held.has_members()
            && held.feeds.len() <= RECEIPT_FEEDS_MAX
        {
            let due = now.monotonic_ms.saturating_add(ms(RECEIPT_DELAY));
            held.receipt_due.get_or_insert(due);
        }
    }

    /// Nobody knows what the process before did not come to sign.
    pub(super) fn receipts_become_due(&mut self, now: Now) {
        for space in self.spaces.keys().copied().collect::<Vec<_>>() {
            self.receipt_becomes_due(now, &space);
        }
    }

    pub(super) fn sign_due_receipts(&mut self, now: Now, out: &mut Vec<Effect>) {
        let is_due = |held: &Held| held.receipt_due.is_some_and(|due| due <= now.monotonic_ms);
        let due = self.spaces.iter().filter(|(_, held)| is_due(held));
        for space in due.map(|(space, _)| *space).collect::<Vec<_>>() {
            let Some(held) = self.spaces.get_mut(&space) else {
                continue;
            };
            held.receipt_due = None;
            let feeds = held.frontier();
            let last = held.receipts.get(&self.id).map(|(receipt, _)| receipt);
            let unchanged = last.map_or(feeds.is_empty(), |last| last.feeds == feeds);
            if unchanged || feeds.len() > RECEIPT_FEEDS_MAX {
                continue;
            }
            // Also behind a number that an older copy of this store forgot.
            let number = last.map_or(0, |last| last.number).saturating_add(1);
            let receipt = Receipt {
                federation: self.federation,
                space,
                node: self.id,
                number: number.max(u64::try_from(now.wall_ms).unwrap_or(0)),
                time_ms: now.wall_ms,
                feeds,
            };
            let signed = receipt.sign(&self.key);
            held.put_receipt(receipt, signed.clone());
            self.keep_receipts(space, vec![(self.id, signed)], None, out);
        }
    }

    fn keep_receipts(
        &mut self,
        space: SpaceId,
        receipts: Vec<(NodeId, SignedReceipt)>,
        from: Option<LinkId>,
        out: &mut Vec<Effect>,
    ) {
        let purpose = Purpose::Receipts {
            space,
            receipts: receipts.clone(),
            from,
        };
        let receipts = receipts.into_iter().map(|(_, signed)| signed).collect();
        let effect = self.store(Change::Receipts { space, receipts }, purpose);
        out.push(effect);
    }

    /// Receipts became durable: everybody else who keeps them hears of them.
    pub(super) fn receipts_stored(
        &self,
        space: SpaceId,
        receipts: &[(NodeId, SignedReceipt)],
        from: Option<LinkId>,
        out: &mut Vec<Effect>,
    ) {
        let Some(held) = self.spaces.get(&space) else {
            return;
        };
        for (link, session) in &self.sessions {
            let told = session.hello.is_some() && Some(*link) != from;
            if told && held.is_shared_with(&self.roster, &session.peer) {
                let keeping = held.manifest.keeping(&self.roster, &session.peer);
                let kept = receipts.iter().filter(|(signer, _)| keeping.keeps(signer));
                send_in_parts(*link, space, kept.map(|(_, signed)| signed), out);
            }
        }
    }

    pub(super) fn receipts_received(
        &mut self,
        now: Now,
        link: LinkId,
        space: SpaceId,
        receipts: Vec<SignedReceipt>,
        out: &mut Vec<Effect>,
    ) {
        let (Some(session), Some(held)) = (self.sessions.get(&link), self.spaces.get_mut(&space))
        else {
            return;
        };
        if !held.is_shared_with(&self.roster, &session.peer) {
            return;
        }
        let mut news = Vec::new();
        let keeping = held.manifest.keeping(&self.roster, &self.id);
        for signed in receipts {
            // Most come over several links: what is no news need not be verified.
            let told = Receipt::decode(&signed.bytes);
            let is_news = |told: &Receipt| {
                let reader = held.manifest.may_read(&self.roster, &told.node);
                let kept = reader && keeping.keeps(&told.node);
                kept && held.is_newer_receipt(&told.node, told.number)
            };
            if told.is_ok_and(|told| !is_news(&told)) {
                continue;
            }
            match signed.open(&self.federation, &space) {
                Ok(receipt) => {
                    let signer = receipt.node;
                    held.put_receipt(receipt, signed.clone());
                    news.push((signer, signed));
                }
                Err(error) => return self.refuse_act(link, &error, out),
            }
        }
        // One of its own that is news is of another life of its store: the next has a number behind.
        if news.iter().any(|(signer, _)| *signer == self.id) {
            self.receipt_becomes_due(now, &space);
        }
        if !news.is_empty() {
            self.keep_receipts(space, news, Some(link), out);
        }
    }

    /// Tells which receipts this node holds of a space, of those that the peer keeps as well.
    pub(super) fn tell_receipts(&self, link: LinkId, space: SpaceId, out: &mut Vec<Effect>) {
        let (Some(session), Some(held)) = (self.sessions.get(&link), self.spaces.get(&space))
        else {
            return;
        };
        let both = held.kept_by_both(&self.roster, &session.peer);
        let receipts = held.shared_receipts(&both);
        let numbers = receipts.map(|(receipt, _)| (receipt.node, receipt.number));
        let message = Message::ReceiptsHeld {
            space,
            numbers: numbers.collect(),
        };
        out.push(Effect::Send { link, message });
    }

    /// The peer tells which receipts it holds: it gets the newer ones, and is told what is held here
    /// when it has some that are newer.
    pub(super) fn receipts_held(
        &mut self,
        link: LinkId,
        space: SpaceId,
        numbers: &[(NodeId, u64)],
        out: &mut Vec<Effect>,
    ) {
        if numbers.len() > RECEIPTS_PER_SPACE_MAX {
            return self.refuse_peer(link, CloseReason::Limit, out);
        }
        let (Some(session), Some(held)) = (self.sessions.get(&link), self.spaces.get(&space))
        else {
            return;
        };
        if !held.is_shared_with(&self.roster, &session.peer) {
            return;
        }
        let theirs: std::collections::BTreeMap<_, _> = numbers.iter().copied().collect();
        let both = held.kept_by_both(&self.roster, &session.peer);
        let newer = held.shared_receipts(&both).filter(|(receipt, _)| {
            let known = theirs.get(&receipt.node);
            known.is_none_or(|known| *known < receipt.number)
        });
        send_in_parts(link, space, newer.map(|(_, signed)| signed), out);
        let [own, _] = both;
        let lacking = numbers.iter().any(|(node, number)| {
            let reader = held.manifest.may_read(&self.roster, node);
            reader && own.keeps(node) && held.is_newer_receipt(node, *number)
        });
        if lacking {
            self.tell_receipts(link, space, out);
        }
    }

    /// The newest receipts that this node keeps of a space, by node.
    pub fn receipts(&self, space: &SpaceId) -> impl Iterator<Item = &Receipt> {
        let held = self.spaces.get(space).into_iter();
        held.flat_map(|held| held.receipts.values().map(|(receipt, _)| receipt))
    }
}

fn digest<'a>(receipts: impl Iterator<Item = &'a Kept>) -> ShortDigest {
    let mut bytes = Vec::new();
    for (receipt, _) in receipts {
        bytes.extend_from_slice(&receipt.node.0);
        bytes.extend_from_slice(&receipt.number.to_be_bytes());
    }
    Hash::of("phaki/receipts/v1", &[&bytes]).shorten()
}

fn send_in_parts<'a>(
    link: LinkId,
    space: SpaceId,
    receipts: impl Iterator<Item = &'a SignedReceipt>,
    out: &mut Vec<Effect>,
) {
    let (mut part, mut bytes) = (Vec::new(), 0);
    let mut send = |part: Vec<SignedReceipt>| {
        let message = Message::Receipts {
            space,
            receipts: part,
        };
        out.push(Effect::Send { link, message });
    };
    for receipt in receipts {
        bytes += receipt.bytes.len();
        part.push(receipt.clone());
        if bytes >= RECEIPTS_AT_ONCE_BYTES {
            send(std::mem::take(&mut part));
            bytes = 0;
        }
    }
    if !part.is_empty() {
        send(part);
    }
}
