//! Sessions begin, live and end.

use bytes::Bytes;
use phaki_replication::entry::EntryKind;
use phaki_replication::message::CloseReason;
use phaki_replication::node::{Effect, Event, LinkId, NewEntry, Now, Refusal, RequestId};

use super::network::Network;
use super::{READER, WRITER};

#[test]
fn an_idle_reconnect_is_two_messages_each_way_however_much_is_held() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.append(0, space, 3000).unwrap();
    net.connect(0, 1);
    net.disconnect(0, 1);
    net.messages.clear();
    net.connect(0, 1);
    let kinds: Vec<_> = net
        .messages
        .iter()
        .map(|(from, _, m)| (*from, m.clone()))
        .collect();
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    assert!(net.all_links_in_sync());
}

#[test]
fn heartbeats_keep_a_silent_session_and_silence_ends_one() {
    let mut net = Network::new(2);
    net.connect(0, 1);
    for _ in 0..10 {
        net.tick(20_000);
    }
    assert_eq!(net.machines[0].node.links().len(), 1);
    net.links.clear();
    net.tick(70_000);
    assert!(net.machines[0].node.links().is_empty());
    assert_eq!(net.machines[0].closed, [CloseReason::Silence]);
}

#[test]
fn bytes_that_keep_coming_keep_a_session_but_not_for_ever() {
    let mut net = Network::new(2);
    net.connect(0, 1);
    let here = net.machines[0].node.links()[0].link;
    // Machine 1 sends one large message on a slow line: nothing else gets through.
    net.links.retain(|(machine, _), _| *machine != 1);
    for _ in 0..30 {
        net.events.push_back((0, Event::Alive { link: here }));
        net.tick(19_000);
    }
    assert_eq!(net.machines[0].closed, []);
    for _ in 0..6 {
        net.events.push_back((0, Event::Alive { link: here }));
        net.tick(19_000);
    }
    assert_eq!(net.machines[0].closed, [CloseReason::Silence]);
}

#[test]
fn of_two_links_that_cross_both_sides_keep_the_same() {
    let mut net = Network::new(2);
    let (one, two) = ((LinkId(1001), LinkId(1002)), (LinkId(1003), LinkId(1004)));
    for (here, there) in [one, two] {
        net.links.insert((0, here), (1, there));
        net.links.insert((1, there), (0, here));
    }
    let (a, b) = (net.id(0), net.id(1));
    let opened = |link, peer, dialled| Event::LinkOpened {
        link,
        peer,
        dialled,
    };
    net.events.push_back((0, opened(one.0, b, true)));
    net.events.push_back((1, opened(two.1, a, true)));
    net.events.push_back((0, opened(two.0, b, false)));
    net.events.push_back((1, opened(one.1, a, false)));
    net.settle();
    let kept = |n: usize| {
        net.machines[n]
            .node
            .links()
            .iter()
            .map(|l| l.dialled)
            .collect::<Vec<_>>()
    };
    assert_eq!(kept(0).len(), 1);
    assert_eq!(kept(1).len(), 1);
    assert_ne!(kept(0), kept(1));
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, READER)]);
    let now = Now {
        monotonic_ms: 0,
        wall_ms: 0,
    };
    let entries = vec![NewEntry {
        kind: EntryKind::CHANGE,
        payload: Bytes::from_static(b"x"),
    }];
    let request = RequestId(7);
    let node = &mut net.machines[0].node;
    let epoch = node.epoch();
    node.handle(
        now,
        Event::Append {
            request,
            epoch,
            space,
            entries,
        },
    );
    let effects = node.handle(now, Event::StoreFailed);
    assert!(matches!(
        effects[..],
        [Effect::Refuse {
            refusal: Refusal::Storage,
            ..
        }]
    ));
    assert_eq!(net.length(0, space), 0);
    net.append(0, space, 1).unwrap();
    net.connect(0, 1);
    assert_eq!(net.length(1, space), 1);
}

#[test]
fn a_peer_that_dials_again_replaces_a_link_that_only_one_side_believes_in() {
    let mut net = Network::new(2);
    net.connect(0, 1);
    // The line is cut, and only one side learns it.
    let lost = net.machines[1].node.links()[0].link;
    net.links.clear();
    net.time_ms += 15_000;
    net.events.push_back((1, Event::LinkClosed { link: lost }));
    net.connect(1, 0);
    assert_eq!(net.machines[1].node.links().len(), 1);
    net.connect(0, 1);
    assert_eq!(net.machines[1].node.links().len(), 1);
}
