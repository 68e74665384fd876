//! Every limit of the daemon on what a client or a peer can make it hold or do, with its reason.

use std::time::Duration;

/// Bytes of the path of a Unix socket: Linux has room for 107, macOS for 103, and the socket gets
/// four bytes more until it is in place.
pub(crate) const SOCKET_PATH_BYTES_MAX: usize = 99;

/// The shortest allowed longest pause between attempts to reach a peer: less would load the line
/// of a peer that is down.
pub(crate) const RETRY_MAX_MIN: Duration = Duration::from_secs(1);

/// The longest allowed one: a peer that is back must be noticed within the hour.
pub(crate) const RETRY_MAX_MAX: Duration = Duration::from_secs(60 * 60);

/// The longest time that a stopping node may wait; systemd kills after 90 seconds by default.
pub(crate) const DRAIN_DEADLINE_MAX: Duration = Duration::from_secs(80);

/// Requests of local clients that wait for the node's loop. Beyond, clients wait in turn.
pub(crate) const COMMANDS_MAX: usize = 256;

/// Reads of feeds for peers at one time: two cores have nothing from more.
pub(crate) const FEED_READS_MAX: usize = 2;

/// Refusals of one peer that the log tells at once: more than any mistake of an honest node makes.
pub(crate) const COMPLAINTS_MAX: u32 = 64;

/// Afterwards one more is told each time this passes, with the number of those left out: a peer
/// that does wrong without end fills some 20 MB a day, which log rotation copes with.
pub(crate) const COMPLAINT_EVERY: Duration = Duration::from_secs(1);

/// After an attempt to accept a client that failed, for want of a file descriptor mostly: others must
/// end before more can come.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// That this happened is told for so long: whoever heard of it has time to look.
pub(crate) const STARVED_TOLD: Duration = Duration::from_secs(10 * 60);

/// While the disk does not take writes, it is tried again this often.
pub(crate) const PROBE_EVERY: Duration = Duration::from_secs(5);

/// How long an invite is valid when nothing is said: a week, to reach a person by letter.
pub(crate) const INVITE_VALID_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// The longest validity of an invite: 90 days. A string that admits a node must not lie around.
pub(crate) const INVITE_VALID_MS_MAX: u64 = 90 * 24 * 60 * 60 * 1000;

/// Digits of the id of an entry in quarantine: short enough to type, and two of ten thousand have
/// the same in one case of twenty thousand; then more digits tell them apart.
pub(crate) const QUARANTINE_ID_DIGITS: usize = 10;

/// Digits of it that a person must type: fewer would often mean another one by mistake.
pub(crate) const QUARANTINE_ID_DIGITS_MIN: usize = 6;

/// Pieces of document work (load, edit, summarise) at one time: more than two cores cannot do.
pub(crate) const DOCUMENT_WORKERS_MAX: usize = 4;

/// Documents or spaces named in an error: enough to choose from on one screen.
pub(crate) const CANDIDATES_MAX: usize = 10;

/// Bytes of one request of a local client: a thousand documents of the largest sample's size.
pub(crate) const LOCAL_REQUEST_BYTES_MAX: usize = 64 << 20;

/// Requests with many documents at one time: each may hold [`LOCAL_REQUEST_BYTES_MAX`].
pub(crate) const PUTS_MAX: usize = 2;

/// Rows that a client has not read yet of a list.
pub(crate) const ROWS_WAITING_MAX: usize = 64;

/// Payload bytes of local edits that are not yet durable: the largest request has room, and a slow
/// disk does not fill the memory. Beyond, edits wait in turn.
pub(crate) const APPENDS_WAITING_BYTES_MAX: u32 = 64 << 20;

/// Documents of one request.
pub(crate) const PUT_DOCUMENTS_MAX: usize = 10_000;

/// Documents of one request that one thread prepares in a row: enough that handing them over costs
/// nothing, few enough that all threads end at one time.
pub(crate) const PUT_DOCUMENTS_PART: usize = 64;

/// Documents that are kept in memory because they were edited last, and the next edit is likely
/// theirs: as many as all officers of a province edit at one time.
pub(crate) const TIPS_MAX: usize = 128;

/// Applied changes of all of these together, each some 2 KB in memory; the document that was edited
/// last may have more by itself.
pub(crate) const TIPS_CHANGES_MAX: u64 = 10_000;

/// After so long without an edit a document is kept in memory no longer: to load it again takes
/// milliseconds, and most documents are left alone for days.
pub(crate) const TIP_IDLE_MAX: Duration = Duration::from_secs(15);

/// How often an edit is made anew because what it was to build on came from elsewhere or was lost.
pub(crate) const EDIT_TRIES_MAX: usize = 8;

/// Local edits of one client that are made and appended together: enough that taking turns between
/// threads costs little of each, few enough that others wait for milliseconds only.
pub(crate) const EDITS_TOGETHER_MAX: usize = 64;

/// Local edits that are not durable yet: what one sync of the disk can carry. Beyond, they wait.
pub(crate) const EDITS_UNDER_WAY_MAX: usize = 512;

/// Commits that a client who watches has not been told of yet: some seconds of the busiest node.
/// Beyond, it is told that it missed something.
pub(crate) const COMMITS_UNWATCHED_MAX: usize = 1024;

/// Documents named in one message to a client who watches.
pub(crate) const WATCHED_AT_ONCE_MAX: usize = 1000;

/// Rows of a list that are made up for while the summaries of many documents are behind: what a
/// person sees first, at once. For the others the list waits, since all would be made twice.
pub(crate) const ROWS_MADE_UP_MAX: usize = 256;

/// How long a list waits for summaries: those of some ten thousand documents. Then it makes up for
/// all of them.
pub(crate) const SUMMARIES_PATIENCE: Duration = Duration::from_secs(5);

/// Hits of a search that asks for no number: a screen of a terminal.
pub(crate) const SEARCH_HITS: usize = 20;

/// Documents of reference sets that count: one for the areas of each province, for some ten years. All are
/// held in memory.
pub(crate) const REFERENCE_DOCUMENTS_MAX: usize = 1000;

/// Rows of a list read from the store at once.
pub(crate) const ROWS_PAGE: usize = 256;

/// Documents whose conflicts are listed in one answer: more than anybody settles in a day.
pub(crate) const CONFLICTED_LISTED_MAX: usize = 10_000;

/// Requests of one local connection at one time: more than a program on the same machine needs,
/// and as many as may wait together for one sync of the disk.
pub(crate) const LOCAL_REQUESTS_MAX: u32 = 128;

/// Digits by which a client may name a change of a document: what `phaki show` prints, and enough
/// that two of ten thousand changes hardly ever share them.
pub(crate) const HEAD_DIGITS_MIN: usize = 8;

/// Bytes of a file with a roster to be signed: two rosters of the largest size in base64, with line
/// breaks, and a letter around.
pub(crate) const ROSTER_FILE_BYTES_MAX: usize = 3 * phaki_replication::limits::ROSTER_BYTES_MAX;

/// The first pause before a node that waits for approval asks again: somebody may be at the screen.
pub(crate) const JOIN_PAUSE_FIRST: Duration = Duration::from_secs(1);

/// The longest pause between two such requests: nobody minds a minute, and a thousand nodes that
/// wait are not felt.
pub(crate) const JOIN_PAUSE_MAX: Duration = Duration::from_secs(60);

/// Bytes of the reason that a person gives for an act of administration: a few sentences in Thai.
/// The audit log takes it whole.
pub(crate) const REASON_BYTES_MAX: usize = 2048;

/// Equal refusals within this time become two records: the first, and the count of the others.
pub(crate) const AUDIT_WINDOW_MS: u64 = 60 * 1000;

/// While they keep coming, that time doubles up to this: six records a day for one that never ends.
pub(crate) const AUDIT_WINDOW_MS_MAX: u64 = 4 * 60 * 60 * 1000;

/// Kinds of refusals that are told apart at one time: every province misconfigured at once, and
/// some strangers.
pub(crate) const AUDIT_KINDS_MAX: usize = 128;

/// Once so many new kinds came, one more is told apart each time this passes. With the limits
/// above, strangers who do nothing else for a year make some 400,000 records, about 120 MB.
pub(crate) const AUDIT_KIND_EVERY_MS: u64 = 5 * 60 * 1000;

/// Bytes of the path of a backup in the audit log: the longest path that Linux takes.
pub(crate) const BACKUP_PATH_BYTES_MAX: usize = 4096;

/// How often a roster, branch or manifest is made because another one came in force meanwhile: the
/// node itself makes a manifest for each suspended author, and more than a few in a row are no
/// chance.
pub(crate) const ENACT_ATTEMPTS_MAX: u32 = 8;

/// Bits a second that a cap on a line leaves at least: less, and a message takes so long that the
/// peer takes the line for dead.
pub(crate) const LINE_BITS_MIN: u64 = 16_000;

/// Records that are read to find the one that stands for another: a chain of merges has two or three,
/// and somebody who makes a longer one must not make a list slow.
pub(crate) const MERGES_FOLLOWED_MAX: usize = 16;
