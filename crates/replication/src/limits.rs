//! Every limit on what a peer or a client can make a node hold or do, with its reason.

use std::time::Duration;

/// Bytes of one entry's payload. An Automerge change of an officer's edit has hundreds of bytes;
/// the largest sample document is one change of 8 KiB.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// Bytes of one entry's payload when it is published again, with the name of the place where it
/// stood.
pub const ENTRY_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 56;

/// Bytes of payload that a run aims at: enough for compression to see repeated phrases. On a slow
/// line runs are shorter, see [`PACE_TARGET`].
pub const RUN_BYTES_TARGET: usize = 256 << 10;

/// Entries of one run: bounds the work between two signatures.
pub const RUN_ENTRIES_MAX: usize = 2048;

/// Bytes of payload of one run: one entry of the largest size may follow a nearly full run.
pub const RUN_BYTES_MAX: usize = RUN_BYTES_TARGET + ENTRY_BYTES_MAX;

/// Bytes of one batch when decompressed; a frame that inflates to more is refused before it does.
/// One run of the largest size with its framing.
pub const BATCH_BYTES_MAX: usize = 2 * RUN_BYTES_MAX;

/// Runs of one batch: a batch carries what is small of many feeds together.
pub const BATCH_RUNS_MAX: usize = 256;

/// Bytes of payload sent to one peer and not yet acknowledged. Covers 300 ms of a 100 Mbit/s line
/// and bounds the memory that a slow peer costs.
pub const IN_FLIGHT_BYTES_MAX: usize = 4 << 20;

/// Bytes of payload after which an author signs: as much as a slow line carries in half a second. A
/// run can end nowhere else; on a fast line one run has several of them, of which only the last
/// signature travels.
pub const SIGNED_BYTES_TARGET: usize = 32 << 10;

/// What is on its way to a peer should be acknowledged within this time: an edit that is sent now
/// waits about so long behind it. Much shorter than that, and the line rests whenever a packet is lost.
pub const PACE_TARGET: Duration = Duration::from_millis(1_500);

/// Bytes of payload that may be on their way before anything was acknowledged: four seconds of the
/// slowest line in use, a few milliseconds of a fast one.
pub const PACE_BYTES_START: usize = 128 << 10;

/// Bytes of payload that may be on their way at least: smaller runs compress badly.
pub const PACE_BYTES_MIN: usize = 16 << 10;

/// Payload bytes of what counts as small: it goes before bulk, and need not wait for a place among
/// what is on its way. A day's edits of an office.
pub const SMALL_BYTES_MAX: u64 = 64 << 10;

/// Entries of what counts as small.
pub const SMALL_ENTRIES_MAX: u64 = 256;

/// Reads of the store under way for one link: one being sent, one being read.
pub const READS_PER_LINK_MAX: usize = 2;

/// Ranges that a peer may have asked for and not yet received. An honest peer asks for at most
/// [`ASKS_PER_LINK_MAX`]; those that it gave up come on top.
pub const WANTS_PER_LINK_MAX: usize = 65_536;

/// Feeds of one space: a thousand writers with several epochs each.
pub const FEEDS_PER_SPACE_MAX: usize = 16_384;

/// Feeds of one author in one space: one for each life of its store.
pub const FEEDS_PER_AUTHOR_MAX: usize = 64;

/// Feeds of one author in one space of which nothing counts. An honest node makes one for each life
/// of its store that did not know yet that its right was gone, so hardly any; a mere reader cannot
/// take the places of writers.
pub const FEEDS_IN_QUARANTINE_MAX: usize = 8;

/// Spaces that a node holds.
pub const SPACES_MAX: usize = 4096;

/// Spaces of one steward that a node holds: its drafts, its directory, its agreements with some
/// neighbours. One node cannot take the places of all others.
pub const SPACES_PER_STEWARD_MAX: usize = 64;

/// Ranges that a node asks of one peer at a time; the others follow.
pub const ASKS_PER_LINK_MAX: usize = 1024;

/// Members of one space: every node of a federation and more.
pub const MEMBERS_MAX: usize = 4096;

/// Nodes of a federation: 77 provinces, 928 districts, 9,872 health centres, and as many again.
pub const NODES_MAX: usize = 32_768;

/// Keys that one node has one after the other: one a year, and some after thefts.
pub const KEYS_OF_A_NODE_MAX: usize = 64;

/// Areas around the area of a node: district, province, region, country.
pub const WITHIN_MAX: usize = 8;

/// Nodes on the branch of one node: the districts and health centres of the largest province, and
/// as many laptops.
pub const BRANCH_NODES_MAX: usize = 1024;

/// Groups of nodes to which one space is granted: every role, every region, every province.
pub const GROUPS_MAX: usize = 128;

/// Stewards that a space has one after the other.
pub const HANDOVERS_MAX: usize = 64;

/// Bytes of a name: a space's or a node's.
pub const NAME_BYTES_MAX: usize = 256;

/// Bytes of one network address with its port.
pub const ADDRESS_BYTES_MAX: usize = 255;

/// Addresses of one node.
pub const ADDRESSES_MAX: usize = 8;

/// Bytes of a signed roster: [`NODES_MAX`] nodes with a name and an address each.
pub const ROSTER_BYTES_MAX: usize = 8 << 20;

/// Bytes of a signed manifest: [`MEMBERS_MAX`] members and as many capped feeds.
pub const MANIFEST_BYTES_MAX: usize = 2 << 20;

/// Entries of one feed that are kept in quarantine, and one run more. Others are not asked for
/// until the steward grants the right.
pub const QUARANTINE_ENTRIES_MAX: u64 = 10_000;

/// Payload bytes of a feed of which nothing counts, and one run more: with
/// [`FEEDS_IN_QUARANTINE_MAX`], a node without rights cannot fill another's disk.
pub const QUARANTINE_BYTES_MAX: u64 = 16 << 20;

/// Bytes of a proof that a feed was signed in two ways: two runs of headers.
pub const FORK_BYTES_MAX: usize = 2 * RUN_ENTRIES_MAX * 45 + 512;

/// Feeds of one space that are cut. An honest author adds one for each clone of its store; a
/// hostile one has as many as it may have feeds.
pub const CUTS_PER_SPACE_MAX: usize = FEEDS_PER_SPACE_MAX;

/// Runs of one author that were cut off in one space and are kept for it, or told of: an
/// officer's edits of some weeks. An author can sign branches without end; an honest one publishes
/// what is kept again, and more follows in its place.
pub const SEVERED_RUNS_MAX: usize = 256;

/// Payload bytes of these runs that are taken from others, and one run more: as much as a node
/// without rights may occupy with one feed.
pub const SEVERED_BYTES_MAX: u64 = QUARANTINE_BYTES_MAX;

/// Runs that one message names: those of a dozen authors. More go in further messages.
pub const SEVERED_AT_ONCE_MAX: usize = 4096;

/// Runs that a peer has told of and that are remembered until it was asked for them. What is
/// beyond it tells again in the next session.
pub const SEVERED_OFFERS_MAX: usize = SEVERED_AT_ONCE_MAX;

/// Entries that a node publishes again in one go: one run.
pub const REPUBLISHED_AT_ONCE: usize = 512;

/// Feeds that one receipt lists; in a space with more nobody signs receipts.
pub const RECEIPT_FEEDS_MAX: usize = 512;

/// Bytes of a signed receipt: [`RECEIPT_FEEDS_MAX`] feeds with their lengths.
pub const RECEIPT_BYTES_MAX: usize = RECEIPT_FEEDS_MAX * 56 + 256;

/// Receipts that are held of one space, one a node: every province, and its districts.
pub const RECEIPTS_PER_SPACE_MAX: usize = 1024;

/// Bytes of receipts after which one message ends.
pub const RECEIPTS_AT_ONCE_BYTES: usize = 128 << 10;

/// Receipts in one message: small ones up to [`RECEIPTS_AT_ONCE_BYTES`].
pub const RECEIPTS_AT_ONCE_MAX: usize = RECEIPTS_PER_SPACE_MAX;

/// A receipt is signed so long after a space has changed: one for all that comes together.
pub const RECEIPT_DELAY: Duration = Duration::from_secs(2);

/// Bytes of the sealed fields of one person: eight texts of 480 bytes, each written as JSON twice as
/// long at most, and what stands around them.
pub const VAULT_SEALED_BYTES_MAX: usize = 8 << 10;

/// Bytes of a signed statement about a person: what is sealed, and its place.
pub const VAULT_STATEMENT_BYTES_MAX: usize = VAULT_SEALED_BYTES_MAX + 512;

/// People whose contact data one space holds: those of the largest province's offices. They are in
/// memory, some kilobyte each.
pub const VAULT_RECORDS_MAX: usize = 4096;

/// Of these, those that one author recorded last: a hostile one leaves room for the others.
pub const VAULT_RECORDS_PER_AUTHOR_MAX: usize = VAULT_RECORDS_MAX / 2;

/// Erasure orders in one space. They stay for ever, and only a steward can fill them.
pub const VAULT_ORDERS_MAX: usize = 16_384;

/// Nodes whose acknowledgements of one order are kept: every province thrice.
pub const VAULT_ACKNOWLEDGEMENTS_MAX: usize = 256;

/// People of whom one message tells what is held.
pub const VAULT_SUBJECTS_MAX: usize = VAULT_RECORDS_MAX + VAULT_ORDERS_MAX;

/// Statements in one message: small ones up to [`VAULT_AT_ONCE_BYTES`].
pub const VAULT_AT_ONCE_MAX: usize = 1024;

/// Bytes of statements after which one message ends.
pub const VAULT_AT_ONCE_BYTES: usize = 128 << 10;

/// An erasure is to have reached every copy this long after it was ordered: the notification of
/// the Personal Data Protection Committee of 2567 (2024) on erasure, in force since 11 November of that year.
pub const ERASURE_TIME_MAX: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Bytes of a signed branch: [`BRANCH_NODES_MAX`] nodes with a name and an address each.
pub const BRANCH_BYTES_MAX: usize = 1 << 20;

/// Branches of a federation: every node that is no edge node.
pub const BRANCHES_MAX: usize = 1024;

/// Links at one time: a national node with every province and many districts.
pub const LINKS_MAX: usize = 4096;

/// Local appends accepted and not yet durable; beyond, clients are told to wait.
pub const APPENDS_PENDING_MAX: usize = 1024;

/// Payload bytes of one local append.
pub const APPEND_BYTES_MAX: usize = 64 << 20;

/// A session that is silent says so this often. Proxies cut idle connections after a minute.
pub const HEARTBEAT: Duration = Duration::from_secs(20);

/// A session that heard nothing for this long is closed: three heartbeats were lost.
pub const SILENCE_MAX: Duration = Duration::from_secs(65);

/// One message may take this long to arrive, while its bytes keep coming: the largest one on a
/// line of 16 kbit/s.
pub const MESSAGE_TIME_MAX: Duration = Duration::from_secs(600);

/// A new session must say hello within this time.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// The author of a feed is given this long to send its news itself before another is asked.
pub const AUTHOR_GRACE: Duration = Duration::from_secs(1);

/// A peer that was asked for a range and made no progress for this long is passed over.
pub const STALL_MAX: Duration = Duration::from_secs(15);
