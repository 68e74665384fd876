//! Links between nodes: gRPC over TLS 1.3 with the keys of the roster.
//!
//! [`network::create`] gives a handle, the driver that runs everything, and the events: streams of
//! peers become [`event::NetEvent`]s, and messages go out through each link's [`outbox::Outbox`].
//! Nothing here knows what the messages mean.

pub mod event;
pub mod network;
pub mod outbox;

pub mod dial;
pub mod enrol;
pub mod peers;
pub mod socket;
pub mod traffic;
pub mod valve;

pub mod limits;

mod accept;
mod backoff;
mod bucket;
mod connect;
mod dialled;
mod handshakes;
mod http2;
mod links;
mod session;
mod status;
mod tasks;
mod tls;
