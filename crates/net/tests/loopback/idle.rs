//! What an idle reconnect costs: a session opens, both sides agree, and nothing more is said.

use phaki_net::traffic::LinkCounters;
use phaki_replication::id::{Epoch, FederationId, ShortDigest, SpaceId};
use phaki_replication::message::{CloseReason, Hello, Message, SpaceState};
use phaki_wire::frame::to_wire;

use crate::node::pair;

/// A reconnect with one shared space costs less than this, both directions, inside TLS.
const IDLE_BYTES_MAX: u64 = 1024;

fn hello() -> Message {
    Message::Hello(Hello {
        protocol: 1,
        protocol_min: 1,
        federation: FederationId([1; 32]),
        epoch: Epoch([2; 16]),
        roster_version: 300,
        instance: [9; 8],
        roster: ShortDigest([6; 16]),
        branches: ShortDigest([7; 16]),
        time_ms: 1_700_000_000_000,
    })
}

fn have() -> Message {
    Message::Have(vec![SpaceState {
        space: SpaceId([3; 16]),
        manifest: ShortDigest([4; 16]),
        receipts: ShortDigest([5; 16]),
        frontier: ShortDigest([5; 16]),
        severed: None,
        vault: None,
    }])
}

fn both_ways(counters: &LinkCounters) -> (u64, u64) {
    let sum = |read: u64, written: u64| read + written;
    (
        sum(counters.plain.read(), counters.plain.written()),
        sum(counters.tcp.read(), counters.tcp.written()),
    )
}

#[tokio::test]
#[expect(
    clippy::print_stdout,
    reason = "the numbers are the point of this test"
)]
async fn an_idle_reconnect_costs_less_than_a_kilobyte() {
    let ((mut one, dialled), (mut two, accepted)) = pair().await;
    dialled.outbox.send(hello());
    accepted.outbox.send(hello());
    assert_eq!(two.received().await.1, hello());
    dialled.outbox.send(have());
    accepted.outbox.send(have());
    assert_eq!(two.received().await.1, have());
    assert_eq!(one.received().await.1, hello());
    assert_eq!(one.received().await.1, have());
    let (open_plain, open_tcp) = both_ways(&dialled.counters);

    dialled.outbox.close(CloseReason::Shutdown);
    one.closed().await;
    let counters = dialled.counters.clone();
    one.stop().await;
    let (plain, tcp) = both_ways(&counters);
    let payload = [hello(), have()].map(encoded_length).iter().sum::<u64>() * 2;
    println!("in sync after {open_plain} bytes inside tls, {open_tcp} on tcp");
    println!("and closed after {plain} bytes inside tls, {tcp} on tcp; {payload} are messages");
    assert!(open_plain < IDLE_BYTES_MAX, "{open_plain}");
    assert!(plain < IDLE_BYTES_MAX, "{plain}");
}

fn encoded_length(message: Message) -> u64 {
    phaki_wire::frame::cost(&to_wire(message))
        .try_into()
        .unwrap()
}
