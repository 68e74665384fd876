//! Handing a space to another steward: offered by the one, accepted by the other.

use phaki_replication::id::NodeId;
use phaki_replication::limits::HANDOVERS_MAX;
use phaki_replication::manifest::{Handover, Manifest, MemberRole};
use phaki_replication::roster::Roster;
use phaki_wire::proto::local::v1 as pb;
use tonic::Code;

use super::denial::Denial;
use super::grantee;
use super::granting::{Counting, check_steward, stays_here};
use super::spaces::Spaces;
use crate::audit::Deed;
use crate::default_spaces::never_leaves;
use crate::node_loop::InForce;
use crate::quote::quoted;

impl Spaces {
    pub(super) async fn transfer(
        &self,
        request: pb::TransferSpaceRequest,
    ) -> Result<pb::TransferSpaceReply, Denial> {
        let change = |in_force: &InForce, manifest: &Manifest, _: &Counting| {
            let (next, deed, other) = match request.act.as_str() {
                "offer" => {
                    let to = grantee::node(in_force, &request.to)?;
                    (self.offer(in_force, manifest, to)?, Deed::SpaceOffered, to)
                }
                "withdraw" => {
                    let (next, to) = withdraw(in_force, manifest)?;
                    (next, Deed::OfferWithdrawn, to)
                }
                "accept" => {
                    let next = accept(&in_force.roster, manifest, &in_force.node)?;
                    (next, Deed::SpaceTransferred, manifest.steward())
                }
                other => {
                    let sentence = format!(
                        "there is no act {}: use offer, accept or withdraw",
                        quoted(other)
                    );
                    return Err(Denial::invalid(sentence));
                }
            };
            Ok(Some((next, self.audit.act(deed, manifest.space, other))))
        };
        let space = Some(self.amend(&request.space, change).await?);
        Ok(pb::TransferSpaceReply { space })
    }

    fn offer(
        &self,
        in_force: &InForce,
        manifest: &Manifest,
        to: NodeId,
    ) -> Result<Manifest, Denial> {
        let (name, roster) = (&manifest.name, &in_force.roster);
        check_steward(in_force, manifest, "hand it over")?;
        if never_leaves(name) {
            return Err(stays_here(name));
        }
        let other = in_force.name(&to);
        if manifest.is_steward(roster, &to) {
            let sentence = format!("{other} is the steward of space {name} already");
            return Err(Denial::invalid(sentence));
        }
        if !roster.is_active(&to) || !manifest.may_read(roster, &to) {
            return Err(not_possible(format!(
                "{other} does not know space {name}, so that it could not accept it: run \
                 `phaki space grant {name} {other} --role reader` first"
            )));
        }
        if manifest.handovers.len() >= HANDOVERS_MAX {
            return Err(not_possible(format!(
                "space {name} was handed over {HANDOVERS_MAX} times, which is the most: make a \
                 new space there"
            )));
        }
        let (federation, steward) = (&manifest.federation, manifest.steward());
        let offer = Handover::sign(&self.key, federation, &manifest.space, &steward, to);
        Ok(Manifest {
            offer: Some(offer),
            version: manifest.version.saturating_add(1),
            ..manifest.clone()
        })
    }
}

fn withdraw(in_force: &InForce, manifest: &Manifest) -> Result<(Manifest, NodeId), Denial> {
    check_steward(in_force, manifest, "take its offer back")?;
    let offer = manifest.offer.ok_or_else(|| no_offer(&manifest.name))?;
    let next = Manifest {
        offer: None,
        version: manifest.version.saturating_add(1),
        ..manifest.clone()
    };
    Ok((next, offer.to))
}

/// The manifest by which `node` takes the space over; the steward before becomes a writer.
fn accept(roster: &Roster, manifest: &Manifest, node: &NodeId) -> Result<Manifest, Denial> {
    let name = &manifest.name;
    let offer = manifest.offer.ok_or_else(|| no_offer(name))?;
    if !roster.succeeds(node, &offer.to) {
        let other = roster.name(&roster.newest(&offer.to));
        let sentence = format!("space {name} is offered to {other}, and only it can accept it");
        return Err(Denial::new(Code::PermissionDenied, "not-steward", sentence));
    }
    let before = roster.newest(&manifest.steward());
    if offer.by != before {
        let steward = roster.name(&before);
        return Err(not_possible(format!(
            "the offer of space {name} is signed with a key that {steward} has replaced since: \
             let it offer the space again"
        )));
    }
    let mut next = manifest.clone();
    next.handovers.push(offer);
    next.offer = None;
    for key in roster.lineage(node) {
        next.members.remove(&key);
    }
    next.members.insert(before, MemberRole::Writer);
    next.version = next.version.saturating_add(1);
    Ok(next)
}

fn no_offer(name: &str) -> Denial {
    not_possible(format!(
        "space {name} is offered to nobody: its steward offers it with `phaki space transfer \
         {name} --to NODE`"
    ))
}

fn not_possible(sentence: String) -> Denial {
    Denial::new(Code::FailedPrecondition, "not-possible", sentence)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use phaki_replication::id::FederationId;
    use phaki_replication::sign::SecretKey;

    use super::*;

    const FEDERATION: FederationId = FederationId([1; 32]);

    #[test]
    fn who_is_offered_a_space_takes_it_and_the_steward_before_goes_on_writing() {
        let (first, second) = (
            SecretKey::from_seed(&[5; 32]),
            SecretKey::from_seed(&[6; 32]),
        );
        let roster = Roster {
            federation: FEDERATION,
            version: 1,
            nodes: BTreeMap::new(),
        };
        let mut offered = Manifest::found(FEDERATION, first.node(), [2; 16], "plans");
        offered.members.insert(second.node(), MemberRole::Reader);
        let nobody = accept(&roster, &offered, &second.node());
        assert_eq!(nobody.unwrap_err().reason, "not-possible");
        let (space, from) = (offered.space, first.node());
        let offer = Handover::sign(&first, &FEDERATION, &space, &from, second.node());
        offered.offer = Some(offer);
        let thief = accept(&roster, &offered, &NodeId([7; 32]));
        assert_eq!(thief.unwrap_err().reason, "not-steward");
        let taken = accept(&roster, &offered, &second.node()).unwrap();
        let opened = taken.sign(&second).open(&FEDERATION, &roster).unwrap();
        assert!(opened.is_steward(&roster, &second.node()));
        assert!(!opened.is_steward(&roster, &first.node()));
        assert!(opened.may_write(&roster, &first.node()));
        assert_eq!((opened.offer, opened.version), (None, 2));
    }
}
