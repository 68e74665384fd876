//! Writing feeds by hand: runs that verify, of which an attack then breaks one part.

use bytes::Bytes;
use phaki_documents::document::create_edits;
use phaki_documents::{Document, DocumentId, Edit, Editor, Path, payload};
use phaki_replication::canonical::Encoder;
use phaki_replication::entry::{Entry, EntryKind, Payload, root};
use phaki_replication::feed::Run;
use phaki_replication::id::{FederationId, FeedId, Hash, SpaceId};
use phaki_replication::sign::{SecretKey, Signature};
use phaki_tests::samples;
use serde_json::{Value, json};

use super::say::EPOCH;

/// The documents that attackers make are of this series.
const SERIES: u16 = 0x6666;

/// Values of a plan that takes long to read: just under a mebibyte of change.
const LABORIOUS_VALUES: u64 = 14_000;

/// What one author writes in one space.
#[derive(Clone, Debug)]
pub(crate) struct Pen {
    pub(crate) key: SecretKey,
    pub(crate) federation: FederationId,
    pub(crate) space: SpaceId,
    pub(crate) feed: FeedId,
}

impl Pen {
    /// The feed of whoever has that key, in the attacker's epoch.
    pub(crate) fn new(key: &SecretKey, federation: FederationId, space: SpaceId) -> Self {
        let feed = FeedId {
            author: key.node(),
            epoch: EPOCH,
        };
        Self {
            key: key.clone(),
            federation,
            space,
            feed,
        }
    }

    /// The first entries of the feed: each makes a plan.
    pub(crate) fn plans(&self, count: u64) -> Run {
        self.sign((0..count).map(|number| self.plan(number)).collect())
    }

    /// The first entries of the feed, with these payloads.
    pub(crate) fn sign(&self, payloads: Vec<Bytes>) -> Run {
        self.continue_after(self.start(), payloads)
    }

    /// Entries behind those of another run.
    pub(crate) fn continue_after(&self, start: (u64, Hash), payloads: Vec<Bytes>) -> Run {
        let entries = payloads.into_iter().map(entry).collect();
        Run::sign(
            &self.key,
            &self.federation,
            &self.space,
            self.feed,
            start,
            entries,
        )
    }

    /// Where the first entry goes.
    pub(crate) fn start(&self) -> (u64, Hash) {
        (0, root(&self.federation, &self.space, &self.feed))
    }

    /// The payload of a change that makes a plan, under the actor of this feed.
    pub(crate) fn plan(&self, number: u64) -> Bytes {
        plan_by(&self.feed, number)
    }

    /// The payload of a change that makes a plan of as many values as a change can carry, and so
    /// takes as long to read as one change can.
    pub(crate) fn laborious_plan(&self, number: u64) -> Bytes {
        let mut json = samples::plan(SERIES, number);
        let problem = |nth: u64| (format!("p{nth}"), json!({"size_now": format!("{nth}.5")}));
        json["problems"] = (0..LABORIOUS_VALUES).map(problem).collect();
        made_from(&self.feed, &json).1
    }

    /// The payload of a change that follows one which nobody else has.
    pub(crate) fn second_change(&self) -> Bytes {
        let (mut document, _) = made_by(&self.feed, 0);
        let path = Path::parse("status").unwrap();
        let value = "active".into();
        let edit = Edit::Set { path, value };
        let second = document.edit(&editor(&self.feed), &[edit]).unwrap();
        payload::encode(&document.id(), &second.unwrap().bytes).into()
    }

    /// The checkpoint of a run signed under another tag than that of checkpoints.
    pub(crate) fn sign_as(&self, domain: &str, mut run: Run) -> Run {
        let mut encoder = Encoder::with_domain(domain);
        encoder.fixed(&self.federation.0);
        encoder.fixed(&self.space.0);
        encoder.fixed(&self.feed.author.0);
        encoder.fixed(&self.feed.epoch.0);
        encoder.u64(run.checkpoint.length);
        encoder.fixed(&run.checkpoint.head.0);
        run.checkpoint.signature = self.key.sign(&encoder.finish());
        run
    }
}

/// A change that makes a plan, under the actor of `feed`, whoever publishes it.
pub(crate) fn plan_by(feed: &FeedId, number: u64) -> Bytes {
    made_by(feed, number).1
}

fn made_by(feed: &FeedId, number: u64) -> (Document, Bytes) {
    made_from(feed, &samples::plan(SERIES, number))
}

fn made_from(feed: &FeedId, json: &Value) -> (Document, Bytes) {
    let id: DocumentId = json["id"].as_str().unwrap().parse().unwrap();
    let edits = create_edits(&id, json).unwrap();
    let mut document = Document::empty(id);
    let change = document.edit(&editor(feed), &edits).unwrap().unwrap();
    (document, payload::encode(&id, &change.bytes).into())
}

fn editor(feed: &FeedId) -> Editor<'static> {
    Editor {
        actor: feed.actor([6; 8]),
        account: "officer",
        time_secs: 1_700_000_000,
        message: None,
    }
}

/// The id of plan `number` that an attacker makes.
pub(crate) fn plan_id(number: u64) -> String {
    samples::plan_id(SERIES, number)
}

fn entry(payload: Bytes) -> Entry {
    Entry {
        kind: EntryKind::CHANGE,
        time_ms: 1_700_000_000_000,
        payload: Payload::Present(payload),
    }
}

/// The other form of a signature that careless verification takes for the same: its second half
/// grows by the order of the group (RFC 8032, section 5.1).
pub(crate) fn malleated(signature: &Signature) -> Signature {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut bytes = signature.0;
    let mut carry = 0;
    for (byte, order) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    Signature(bytes)
}
