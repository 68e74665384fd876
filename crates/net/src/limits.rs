//! Every limit on what the other end of a connection can make this node hold or wait for, with
//! its reason. Those on messages are in `phaki_replication::limits` and `phaki_wire::limits`.

use std::time::Duration;

use phaki_replication::limits::{IN_FLIGHT_BYTES_MAX, ROSTER_BYTES_MAX, WANTS_PER_LINK_MAX};

/// A connection must have finished TLS within this time: many round trips over a satellite.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// An authenticated peer must open its session within this time.
pub const SESSION_START_TIMEOUT: Duration = Duration::from_secs(10);

/// Inbound connections that have no session yet. When more come, the oldest is dropped: an honest
/// handshake takes two round trips, so whoever holds places for long is not one.
pub const HANDSHAKES_MAX: usize = 256;

/// Links with one peer at one time: one that lives, one that replaces it, and some that a NAT
/// forgot and that are not noticed yet.
pub const LINKS_PER_PEER_MAX: usize = 4;

/// Connections to join at one time; each holds a few kilobytes.
pub const JOINS_MAX: usize = 64;

/// A connection to join ends after this time, whatever it does.
pub const JOIN_CONNECTION_TIMEOUT: Duration = Duration::from_secs(60);

/// Attempts to join that may come at once: every province on the first day.
pub const JOIN_ATTEMPTS_MAX: u32 = 128;

/// Afterwards one more is admitted each time this passes. An invite's secret has 256 bits, so this
/// bounds work and log lines, not guessing.
pub const JOIN_ATTEMPT_EVERY: Duration = Duration::from_millis(125);

/// A new node waits for its answer this long, the connection included.
pub const JOIN_TIMEOUT: Duration = Duration::from_secs(30);

/// Establishing TCP to one address may take this long.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Addresses that one name may resolve to; the rest is ignored.
pub const RESOLVED_ADDRESSES_MAX: usize = 8;

/// Dials at one time: a national node that starts does not open all its handshakes together.
pub const DIALS_MAX: usize = 32;

/// Addresses of the plan may be asked for at once this often; more wait for the next turn.
pub const POKES_MAX: usize = 256;

/// Contact resets the backoff of a peer once in this time at most, so that two nodes that refuse
/// each other do not keep each other dialling.
pub const BACKOFF_RESET_EVERY: Duration = Duration::from_secs(10);

/// Events that the daemon has not taken yet. Reading from all links stops when there are more.
pub const EVENTS_MAX: usize = 1024;

/// Refusals of strangers are only counted when no more events than this have room, so that they
/// leave half of the queue to peers.
pub const REFUSALS_LEAVE_EVENTS: usize = EVENTS_MAX / 2;

/// Bytes of messages among these events, decompressed: a dozen batches of the largest size.
pub const EVENT_BYTES_MAX: usize = 32 << 20;

/// Messages that wait for one peer to read: it may be asked for everything that a session can
/// lack, and told as much.
pub const OUTBOX_MESSAGES_MAX: usize = 2 * WANTS_PER_LINK_MAX;

/// Bytes that wait for one peer to read: what may be in flight, a roster, and as many manifests
/// and frontiers as a session begins with.
pub const OUTBOX_BYTES_MAX: usize = 2 * (ROSTER_BYTES_MAX + IN_FLIGHT_BYTES_MAX);

/// Bytes that a peer may send before this side has taken them, per link: HTTP/2's window. Fills
/// 100 Mbit/s over 160 ms.
pub const WINDOW_BYTES: u32 = 2 << 20;

/// The window of a whole connection. It has one stream, so [`WINDOW_BYTES`] bounds the bytes; h2
/// derives from this how many small messages may wait to be taken, about 40,000, and ends a
/// connection that has more as an attack. The default would end one after 5,000 acknowledgements
/// that came while this node was busy for a second.
pub const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// Bytes of frames that HTTP/2 holds for a peer that does not read.
pub const SEND_BUFFER_BYTES_MAX: usize = 256 << 10;

/// Bytes of HTTP headers of one request or answer; gRPC needs two hundred.
pub const HEADER_BYTES_MAX: u32 = 4 << 10;

/// HTTP/2 streams that a peer may reset before the connection counts as an attack.
pub const RESET_STREAMS_MAX: usize = 8;

/// A connection that is quiet for this long is pinged: NATs forget idle ones after a minute.
pub const PING_EVERY: Duration = Duration::from_secs(20);

/// A ping must be answered within this time. On a slow line it waits behind what the system has
/// taken already, [`UNSENT_BYTES_MAX`] and what is on its way.
pub const PING_TIMEOUT: Duration = Duration::from_secs(45);

/// Bytes that the system takes before it has sent those before: little, so that pings and small
/// messages need not wait behind them on a slow line.
pub const UNSENT_BYTES_MAX: u32 = 16 << 10;

/// While a message arrives, the daemon is told this often that bytes keep coming.
pub const ALIVE_EVERY: Duration = Duration::from_secs(10);

/// So many bytes in that time are part of a message and not only pings: 1 kbit/s.
pub const ALIVE_BYTES_MIN: u64 = 1280;

/// TCP asks an idle line for a sign of life this often, beneath HTTP/2.
pub const TCP_KEEPALIVE_EVERY: Duration = Duration::from_secs(30);

/// A link that was closed from here waits this long for its last messages to arrive.
pub const LINGER: Duration = Duration::from_secs(2);
