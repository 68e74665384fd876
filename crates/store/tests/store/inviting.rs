//! Invitations: once, in time, for one node.

use phaki_replication::id::{Hash, NodeId};
use phaki_replication::roster::NodeRole;
use phaki_store::{Invite, InviteRefusal, Redemption};

use crate::world::Opened;

fn invite(number: u8) -> Invite {
    Invite {
        secret_hash: Hash([number; 32]),
        name: format!("TH-{number}"),
        area: number.to_string(),
        role: NodeRole::Province,
        created_ms: i64::from(number),
        expires_ms: 1000,
        used_by: None,
    }
}

#[test]
fn an_invitation_is_redeemed_once_in_time_by_one_node() {
    let opened = Opened::new();
    let writer = &opened.writer;
    let (one, other) = (NodeId([1; 32]), NodeId([2; 32]));
    assert!(writer.insert_invite(invite(90)).unwrap());
    assert!(!writer.insert_invite(invite(90)).unwrap());
    let refused = |refusal| Redemption::Refused(refusal);
    let hash = Hash([90; 32]);
    let unknown = writer.redeem_invite(Hash([1; 32]), one, 5).unwrap();
    assert_eq!(unknown, refused(InviteRefusal::Unknown));
    let late = writer.redeem_invite(hash, one, 1000).unwrap();
    assert_eq!(late, refused(InviteRefusal::Expired));
    let redeemed = Redemption::Redeemed(Invite {
        used_by: Some(one),
        ..invite(90)
    });
    assert_eq!(writer.redeem_invite(hash, one, 999).unwrap(), redeemed);
    assert_eq!(
        writer.redeem_invite(hash, other, 999).unwrap(),
        refused(InviteRefusal::Used)
    );
    // The answer was lost on a bad line: the same node may ask again, also later.
    assert_eq!(writer.redeem_invite(hash, one, 2000).unwrap(), redeemed);
    assert!(!writer.withdraw_invite(hash).unwrap());
}

#[test]
fn invitations_are_listed_newest_first_until_withdrawn() {
    let opened = Opened::new();
    for number in [1, 3, 2] {
        opened.writer.insert_invite(invite(number)).unwrap();
    }
    let opened = opened.reopen();
    assert!(opened.writer.withdraw_invite(Hash([3; 32])).unwrap());
    assert!(!opened.writer.withdraw_invite(Hash([3; 32])).unwrap());
    assert_eq!(opened.reader().invites().unwrap(), [invite(2), invite(1)]);
}
