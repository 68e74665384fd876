//! Invitations: once, in time, for one node.

use phaki_replication::consent::Consent;
use phaki_replication::id::{Hash, NodeId};
use phaki_replication::roster::NodeRole;
use phaki_replication::sign::Signature;
use phaki_store::limits::PENDING_MAX;
use phaki_store::{
    AuditDraft, AuditFilter, Closed, Decision, Invite, InviteRefusal, Pending, Redemption,
};

use crate::world::Opened;

fn invite(number: u8) -> Invite {
    Invite {
        secret_hash: Hash([number; 32]),
        name: format!("TH-{number}"),
        area: number.to_string(),
        role: NodeRole::Province,
        created_ms: i64::from(number),
        expires_ms: 1000,
        approval: false,
        replaces: None,
        stolen: false,
        used_by: None,
        closed: None,
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
    let unknown = writer.redeem_invite(Hash([1; 32]), one, 5, None).unwrap();
    assert_eq!(unknown, refused(InviteRefusal::Unknown));
    let late = writer.redeem_invite(hash, one, 1000, None).unwrap();
    assert_eq!(late, refused(InviteRefusal::Expired));
    let redeemed = Redemption::Redeemed(Invite {
        used_by: Some(one),
        ..invite(90)
    });
    assert_eq!(
        writer.redeem_invite(hash, one, 999, None).unwrap(),
        redeemed
    );
    assert_eq!(
        writer.redeem_invite(hash, other, 999, None).unwrap(),
        refused(InviteRefusal::Used)
    );
    // The answer was lost on a bad line: the same node may ask again, also later.
    assert_eq!(
        writer.redeem_invite(hash, one, 2000, None).unwrap(),
        redeemed
    );
    assert!(!writer.forget_invite(hash).unwrap());
    assert!(!writer.decide(Decision::Withdraw(hash), None).unwrap());
}

#[test]
fn invitations_are_listed_newest_first_until_forgotten() {
    let opened = Opened::new();
    for number in [1, 3, 2] {
        opened.writer.insert_invite(invite(number)).unwrap();
    }
    let opened = opened.reopen();
    assert!(opened.writer.forget_invite(Hash([3; 32])).unwrap());
    assert!(!opened.writer.forget_invite(Hash([3; 32])).unwrap());
    assert_eq!(opened.reader().invites().unwrap(), [invite(2), invite(1)]);
}

#[test]
fn a_withdrawn_invitation_is_refused_for_that_reason_and_stays_listed() {
    let opened = Opened::new();
    let (hash, node) = (Hash([90; 32]), NodeId([1; 32]));
    opened.writer.insert_invite(invite(90)).unwrap();
    assert!(
        opened
            .writer
            .decide(Decision::Withdraw(hash), None)
            .unwrap()
    );
    assert!(
        !opened
            .writer
            .decide(Decision::Withdraw(hash), None)
            .unwrap()
    );
    let refused = opened.writer.redeem_invite(hash, node, 5, None).unwrap();
    assert_eq!(refused, Redemption::Refused(InviteRefusal::Withdrawn));
    let listed = opened.reader().invites().unwrap();
    assert_eq!(listed[0].closed, Some(Closed::Withdrawn));
}

fn pending(number: u8, since_ms: i64) -> Pending {
    Pending {
        secret_hash: Hash([number; 32]),
        node: NodeId([number; 32]),
        addresses: vec!["10.0.0.1:7440".to_owned(), "[fd00::1]:7440".to_owned()],
        software: "phaki 0.1.0".to_owned(),
        consent: Consent {
            parent: NodeId([7; 32]),
            signature: Signature([number; 64]),
        },
        since_ms,
    }
}

#[test]
fn a_node_waits_from_its_first_request_on_until_it_is_admitted() {
    let opened = Opened::new();
    for number in [1, 2] {
        opened.writer.insert_invite(invite(number)).unwrap();
    }
    let wait = |pending| opened.writer.decide(Decision::Wait(pending), None).unwrap();
    assert!(wait(pending(2, 20)) && wait(pending(1, 30)));
    let renewed = Pending {
        addresses: Vec::new(),
        ..pending(2, 99)
    };
    assert!(wait(renewed));
    let opened = opened.reopen();
    let second = Pending {
        addresses: Vec::new(),
        ..pending(2, 20)
    };
    let expected = [(second, invite(2)), (pending(1, 30), invite(1))];
    assert_eq!(opened.reader().pending().unwrap(), expected);
    let admit = Decision::Admit(NodeId([2; 32]));
    assert!(opened.writer.decide(admit.clone(), None).unwrap());
    assert!(!opened.writer.decide(admit, None).unwrap());
    assert_eq!(opened.reader().pending().unwrap(), expected[1..]);
}

#[test]
fn a_rejected_node_is_told_so_and_its_invitation_is_spent() {
    let opened = Opened::new();
    let writer = &opened.writer;
    let (hash, one, other) = (Hash([1; 32]), NodeId([1; 32]), NodeId([2; 32]));
    writer.insert_invite(invite(1)).unwrap();
    writer.redeem_invite(hash, one, 5, None).unwrap();
    writer.decide(Decision::Wait(pending(1, 5)), None).unwrap();
    let reject = Decision::Reject {
        secret_hash: hash,
        reason: "เครื่องไม่ใช่ของสำนักงาน".to_owned(),
    };
    assert!(writer.decide(reject.clone(), None).unwrap());
    assert!(!writer.decide(reject, None).unwrap());
    assert!(opened.reader().pending().unwrap().is_empty());
    let again = |node| writer.redeem_invite(hash, node, 6, None).unwrap();
    let refused = |refusal| Redemption::Refused(refusal);
    assert_eq!(again(one), refused(InviteRefusal::Rejected));
    assert_eq!(again(other), refused(InviteRefusal::Used));
    let closed = opened.reader().invites().unwrap().remove(0).closed;
    let reason = "เครื่องไม่ใช่ของสำนักงาน".to_owned();
    assert_eq!(closed, Some(Closed::Rejected { reason }));
}

#[test]
fn a_node_with_two_invitations_waits_once() {
    let opened = Opened::new();
    for number in [1, 2] {
        opened.writer.insert_invite(invite(number)).unwrap();
        let waiting = Pending {
            node: NodeId([7; 32]),
            ..pending(number, i64::from(number))
        };
        opened.writer.decide(Decision::Wait(waiting), None).unwrap();
    }
    let waiting = opened.reader().pending().unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].1, invite(2));
}

#[test]
fn no_more_nodes_wait_than_the_limit_allows() {
    let opened = Opened::new();
    let hash = |number: usize| {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_be_bytes());
        Hash(hash)
    };
    let ask = |number: usize| {
        let kept = opened.writer.insert_invite(Invite {
            secret_hash: hash(number),
            ..invite(1)
        });
        kept.unwrap();
        let waiting = Pending {
            secret_hash: hash(number),
            node: NodeId(hash(number).0),
            ..pending(1, 5)
        };
        opened.writer.decide(Decision::Wait(waiting), None).unwrap()
    };
    assert!((0..PENDING_MAX).all(ask));
    assert!(!ask(PENDING_MAX));
    assert!(ask(7), "who waits already may ask again");
}

#[test]
fn a_decision_is_recorded_with_what_it_changed_and_not_when_it_changed_nothing() {
    let opened = Opened::new();
    let writer = &opened.writer;
    let (hash, one, other) = (Hash([1; 32]), NodeId([1; 32]), NodeId([2; 32]));
    let draft = |act: &str| Some(AuditDraft::new(5, "officer", act, "", ""));
    writer.insert_invite(invite(1)).unwrap();
    for (node, act) in [(one, "first"), (one, "again"), (other, "refused")] {
        writer.redeem_invite(hash, node, 5, draft(act)).unwrap();
    }
    let withdraw = Decision::Withdraw(hash);
    assert!(!writer.decide(withdraw, draft("withdrawn")).unwrap());
    let wait = Decision::Wait(pending(1, 5));
    assert!(writer.decide(wait, draft("waits")).unwrap());
    let everything = AuditFilter {
        since_ms: None,
        act: None,
        oldest_first: true,
        limit: 100,
    };
    let records = opened.reader().audit(&everything).unwrap();
    let acts: Vec<_> = records.iter().map(|record| &record.what.act[..]).collect();
    assert_eq!(acts[acts.len() - 2..], ["first", "waits"]);
    assert!(!acts.contains(&"again") && !acts.contains(&"refused"));
}
