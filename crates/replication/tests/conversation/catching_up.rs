//! Whoever missed something receives it, once.

use super::WRITER;
use super::network::Network;
use phaki_replication::message::Message;

#[test]
fn a_new_member_receives_manifest_and_all_entries() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.append(0, space, 5000).unwrap();
    net.connect(0, 1);
    assert_eq!(net.length(1, space), 5000);
    assert_eq!(net.entries_sent(), 5000);
    assert!(net.all_links_in_sync());
}

#[test]
fn both_sides_catch_up_after_working_apart() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.connect(0, 1);
    net.disconnect(0, 1);
    net.append(0, space, 10).unwrap();
    net.append(1, space, 20).unwrap();
    net.connect(1, 0);
    assert_eq!((net.length(0, space), net.length(1, space)), (30, 30));
    assert_eq!(net.entries_sent(), 30);
    assert!(net.all_links_in_sync());
}

#[test]
fn a_live_edit_is_sent_once_and_without_being_asked_for() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.connect(0, 1);
    net.append(0, space, 1).unwrap();
    net.messages.clear();
    net.append(0, space, 1).unwrap();
    assert_eq!(net.length(1, space), 2);
    assert!(
        !net.messages
            .iter()
            .any(|(.., m)| matches!(m, Message::Want(_)))
    );
    assert_eq!(net.entries_sent(), 1);
    assert!(net.all_links_in_sync());
}

#[test]
fn nodes_that_never_meet_converge_through_a_third() {
    let mut net = Network::new(3);
    let space = net.found(0, &[(1, WRITER), (2, WRITER)]);
    net.connect(0, 1);
    net.connect(0, 2);
    net.append(1, space, 3).unwrap();
    net.append(2, space, 4).unwrap();
    for machine in 0..3 {
        assert_eq!(net.length(machine, space), 7);
    }
    assert!(net.all_links_in_sync());
}

#[test]
fn in_a_triangle_nothing_is_sent_twice() {
    let mut net = Network::new(3);
    let space = net.found(0, &[(1, WRITER), (2, WRITER)]);
    net.connect(0, 1);
    net.connect(0, 2);
    net.connect(1, 2);
    net.append(0, space, 1).unwrap();
    net.messages.clear();
    net.append(0, space, 10).unwrap();
    assert_eq!(net.entries_sent(), 20);
    net.tick(2_000);
    assert_eq!(net.entries_sent(), 20);
}
