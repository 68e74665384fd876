//! Every limit of documents and changes, each with its reason.
//!
//! A limit on what a person may write is checked at the edit; a limit on what a peer may send
//! is checked before Automerge sees the bytes.

/// Bytes of an encoded path: longer than any path of the schema with organisation ids in it,
/// short enough that a key is never the larger part of a change.
pub const PATH_BYTES_MAX: usize = 1024;

/// Segments of a path: the schema needs six; nested unknown data of newer programs gets room.
pub const PATH_DEPTH_MAX: usize = 16;

/// UTF-8 bytes of one text value, short or long: about 21,000 Thai characters, ten printed
/// pages, and a quarter of a million Automerge bytes at most when it is a long text.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Values of one document, markers and order keys not counted: a plan of 50 KB has about 1,000;
/// an indicator with 77 provinces and 16 periods has 6,000.
pub const LEAVES_MAX: usize = 20_000;

/// Uncompressed bytes of one change: one entry of a feed carries it, and a batch must be able
/// to hold it. Also the bound to which a compressed change may inflate.
pub const CHANGE_BYTES_MAX: usize = 1024 * 1024;

/// Operations of one change: a mebibyte of typed Thai text is about 260,000 of them. Run-length
/// coding lets thirty hostile bytes claim 2^60, so this is counted before decoding.
pub const CHANGE_OPS_MAX: u64 = 300_000;

/// Superseded operations named by one change, for the same reason.
pub const CHANGE_PREDS_MAX: u64 = 300_000;

/// Direct dependencies of one change: concurrent heads of one document; each node with an
/// unmerged edit adds one, and a federation has some hundred nodes.
pub const CHANGE_DEPS_MAX: usize = 4_096;

/// Distance by which a change's first operation number may exceed what it depends on. Honest
/// changes follow directly; editing an older state (a gateway client) skips a little. Without
/// it one change could use up the 32-bit operation counter and end all editing.
pub const CHANGE_OP_GAP_MAX: u64 = 1_000_000;

/// UTF-8 bytes of an author's account id.
pub const ACCOUNT_BYTES_MAX: usize = 128;

/// UTF-8 bytes of the message of an edit.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024;

/// Bytes of an Automerge actor id that a change may use: ours are 24, JavaScript's are 16.
pub const ACTOR_BYTES_MAX: usize = 64;

/// Edits in one call, and so in one change: each may be a whole object.
pub const EDITS_MAX: usize = 20_000;

/// UTF-8 bytes of the texts of one document that can be searched: a plan of 50 KB many times over,
/// and what a hostile document costs in the index is bounded. What is beyond is not found.
pub const SEARCHED_BYTES_MAX: usize = 256 * 1024;

/// UTF-8 bytes of a query: three hundred Thai letters, more than the longest name of an office.
pub const QUERY_BYTES_MAX: usize = 1024;

/// Words of a query; each costs a look into the index.
pub const QUERY_WORDS_MAX: usize = 16;

/// Grams by which one word is looked up: a dozen leave hardly a document that has not the word.
pub const QUERY_GRAMS_MAX: usize = 12;

/// UTF-8 bytes of one field of a person's contact data: three lines of Thai. Seven of them fit what
/// may be sealed as one record.
pub const CONTACT_TEXT_BYTES_MAX: usize = 480;
