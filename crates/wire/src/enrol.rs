//! What a new node asks for when it joins, what it gets, and why it may be refused.

use std::fmt;

use phaki_replication::branch::SignedBranch;
use phaki_replication::limits::{
    ADDRESS_BYTES_MAX, ADDRESSES_MAX, BRANCH_BYTES_MAX, BRANCHES_MAX, MANIFEST_BYTES_MAX,
    NAME_BYTES_MAX, ROSTER_BYTES_MAX, SPACES_MAX,
};
use phaki_replication::manifest::SignedManifest;
use phaki_replication::roster::SignedRoster;
use phaki_replication::sign::Signature;

use crate::field::{self, DecodeError, at_most, copy, fixed};
use crate::limits::SOFTWARE_BYTES_MAX;
use crate::proto::enrol::v1 as pb;

/// The secret of an invite, good for one node. Prints as `…`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InviteSecret(pub [u8; 32]);

impl fmt::Debug for InviteSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteSecret(…)")
    }
}

/// Asks to be admitted to a federation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// From the invite.
    pub secret: InviteSecret,
    /// The name that the new node would like.
    pub name: Option<String>,
    /// Where peers may dial the new node, `host:port`.
    pub addresses: Vec<String>,
    /// The software's name and version.
    pub software: String,
    /// By the new node, over its consent to be admitted by the node that it asks (see
    /// [`phaki_replication::consent::Consent`]). Not verified yet.
    pub consent: Signature,
    /// By the key that this one is to replace, see [`phaki_replication::vouch`].
    pub voucher: Option<Signature>,
}

/// What an admitted node starts from. Nothing in it is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinResponse {
    /// In which the new node stands.
    pub roster: SignedRoster,
    /// Of spaces that it may read.
    pub manifests: Vec<SignedManifest>,
    /// The branch on which it stands, if it is on one.
    pub branches: Vec<SignedBranch>,
}

/// Why a node is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// No invite has that secret.
    InviteUnknown,
    /// The invite's time is over.
    InviteExpired,
    /// Another key has used the invite already.
    InviteUsed,
    /// The invite was taken back.
    InviteWithdrawn,
    /// The invite is for another key of a node, and the present one has not vouched for it.
    VoucherMissing,
    /// The voucher is not by the key that the invite names, or for another key.
    VoucherInvalid,
    /// Another node of the federation has the wished name.
    NameTaken,
    /// The key is in the roster, suspended or removed.
    NotActive,
    /// A person must approve first; ask again later.
    Pending,
    /// A person decided against it.
    Rejected,
    /// A field is missing, too long or malformed.
    InvalidRequest,
    /// Too many attempts at present; ask again later.
    TooMany,
    /// The node cannot admit anybody at present; ask again later.
    Unavailable,
}

impl Refusal {
    /// All refusals with their word on the wire and in output, and a sentence for people.
    pub const ALL: [(Self, &'static str, &'static str); 13] = [
        (
            Self::InviteUnknown,
            "invite-unknown",
            "no invite has that secret",
        ),
        (
            Self::InviteExpired,
            "invite-expired",
            "the invite has expired",
        ),
        (
            Self::InviteUsed,
            "invite-used",
            "another node has used the invite",
        ),
        (
            Self::InviteWithdrawn,
            "invite-withdrawn",
            "the invite was withdrawn",
        ),
        (
            Self::VoucherMissing,
            "voucher-missing",
            "the present key of the node has not vouched for the new one",
        ),
        (
            Self::VoucherInvalid,
            "voucher-invalid",
            "the voucher is not of the node's present key for this one",
        ),
        (Self::NameTaken, "name-taken", "another node has that name"),
        (
            Self::NotActive,
            "not-active",
            "the node is suspended or removed",
        ),
        (
            Self::Pending,
            "pending",
            "a person must approve the node first",
        ),
        (
            Self::Rejected,
            "rejected",
            "the federation's administrator did not approve the node",
        ),
        (
            Self::InvalidRequest,
            "invalid-request",
            "the request is malformed",
        ),
        (Self::TooMany, "too-many", "too many attempts at present"),
        (
            Self::Unavailable,
            "unavailable",
            "the node cannot admit anybody at present",
        ),
    ];

    /// The word on the wire and in output.
    pub fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(known, ..)| *known == self)
            .map_or("", |(_, word, _)| *word)
    }

    /// The refusal of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known, _)| *known == word)
            .map(|(refusal, ..)| *refusal)
    }

    /// A sentence for people.
    pub fn sentence(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(known, ..)| *known == self)
            .map_or("", |(.., text)| *text)
    }

    /// Whether the same request may succeed later.
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::Pending | Self::TooMany | Self::Unavailable)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl JoinRequest {
    /// The wire form.
    pub fn to_wire(self) -> pb::JoinRequest {
        pb::JoinRequest {
            secret: copy(&self.secret.0),
            name: self.name,
            addresses: self.addresses,
            software: self.software,
            consent: copy(&self.consent.0),
            voucher: self.voucher.map(|voucher| copy(&voucher.0)),
        }
    }

    /// The request in its wire form.
    pub fn from_wire(request: pb::JoinRequest) -> Result<Self, DecodeError> {
        let secret = InviteSecret(fixed("secret of an invite", &request.secret)?);
        if let Some(name) = &request.name {
            at_most("bytes of a name", name.len(), NAME_BYTES_MAX)?;
        }
        at_most(
            "number of addresses",
            request.addresses.len(),
            ADDRESSES_MAX,
        )?;
        for address in &request.addresses {
            at_most("bytes of an address", address.len(), ADDRESS_BYTES_MAX)?;
        }
        at_most(
            "bytes of a software version",
            request.software.len(),
            SOFTWARE_BYTES_MAX,
        )?;
        let consent = field::signature(&request.consent)?;
        let voucher = request.voucher.as_deref().map(field::signature);
        let voucher = voucher.transpose()?;
        let pb::JoinRequest {
            name,
            addresses,
            software,
            ..
        } = request;
        Ok(Self {
            secret,
            name,
            addresses,
            software,
            consent,
            voucher,
        })
    }
}

impl JoinResponse {
    /// The wire form.
    pub fn to_wire(self) -> pb::JoinResponse {
        let branch_to_wire = |branch: SignedBranch| pb::Branch {
            content: branch.bytes.into(),
            signature: copy(&branch.signature.0),
        };
        let manifest_to_wire = |manifest: SignedManifest| pb::Manifest {
            content: manifest.bytes.into(),
            signature: copy(&manifest.signature.0),
        };
        pb::JoinResponse {
            roster: Some(pb::Roster {
                content: self.roster.bytes.into(),
                signature: copy(&self.roster.signature.0),
            }),
            manifests: self.manifests.into_iter().map(manifest_to_wire).collect(),
            branches: self.branches.into_iter().map(branch_to_wire).collect(),
        }
    }

    /// The answer in its wire form.
    pub fn from_wire(response: pb::JoinResponse) -> Result<Self, DecodeError> {
        let roster = response.roster.ok_or(DecodeError::Missing("roster"))?;
        at_most("bytes of a roster", roster.content.len(), ROSTER_BYTES_MAX)?;
        at_most("number of manifests", response.manifests.len(), SPACES_MAX)?;
        at_most("number of branches", response.branches.len(), BRANCHES_MAX)?;
        let branch_from_wire = |branch: pb::Branch| {
            at_most("bytes of a branch", branch.content.len(), BRANCH_BYTES_MAX)?;
            let signature = field::signature(&branch.signature)?;
            Ok(SignedBranch {
                bytes: branch.content.into(),
                signature,
            })
        };
        let manifest_from_wire = |manifest: pb::Manifest| {
            at_most(
                "bytes of a manifest",
                manifest.content.len(),
                MANIFEST_BYTES_MAX,
            )?;
            let signature = field::signature(&manifest.signature)?;
            Ok(SignedManifest {
                bytes: manifest.content.into(),
                signature,
            })
        };
        Ok(Self {
            roster: SignedRoster {
                signature: field::signature(&roster.signature)?,
                bytes: roster.content.into(),
            },
            manifests: response
                .manifests
                .into_iter()
                .map(manifest_from_wire)
                .collect::<Result<_, _>>()?,
            branches: response
                .branches
                .into_iter()
                .map(branch_from_wire)
                .collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> JoinRequest {
        JoinRequest {
            secret: InviteSecret([7; 32]),
            name: Some("TH-90".to_owned()),
            addresses: vec!["10.0.0.1:7400".to_owned()],
            software: "phaki 0.1.0".to_owned(),
            consent: Signature([9; 64]),
            voucher: Some(Signature([5; 64])),
        }
    }

    #[test]
    fn request_and_response_survive_the_wire() {
        assert_eq!(JoinRequest::from_wire(request().to_wire()), Ok(request()));
        let unnamed = JoinRequest {
            name: None,
            voucher: None,
            ..request()
        };
        assert_eq!(
            JoinRequest::from_wire(unnamed.clone().to_wire()),
            Ok(unnamed)
        );
        let (bytes, signature) = (vec![1, 2, 3], Signature([4; 64]));
        let response = JoinResponse {
            roster: SignedRoster {
                bytes: bytes.clone(),
                signature,
            },
            branches: vec![SignedBranch {
                bytes: bytes.clone(),
                signature,
            }],
            manifests: vec![SignedManifest { bytes, signature }],
        };
        assert_eq!(
            JoinResponse::from_wire(response.clone().to_wire()),
            Ok(response)
        );
    }

    #[test]
    fn fields_that_are_missing_or_too_long_are_refused() {
        let refused = |change: fn(&mut pb::JoinRequest)| {
            let mut request = request().to_wire();
            change(&mut request);
            JoinRequest::from_wire(request).is_err()
        };
        assert!(refused(|request| request.secret.truncate(31)));
        assert!(refused(|request| request.consent.truncate(63)));
        assert!(refused(
            |request| request.name = Some("n".repeat(NAME_BYTES_MAX + 1))
        ));
        assert!(refused(
            |request| request.addresses = vec![String::new(); ADDRESSES_MAX + 1]
        ));
        assert!(refused(
            |request| request.addresses = vec!["a".repeat(ADDRESS_BYTES_MAX + 1)]
        ));
        assert!(refused(
            |request| request.software = "s".repeat(SOFTWARE_BYTES_MAX + 1)
        ));
        assert!(refused(|request| request.voucher = Some(vec![5; 63].into())));
        let empty = JoinResponse::from_wire(pb::JoinResponse::default());
        assert_eq!(empty, Err(DecodeError::Missing("roster")));
    }

    #[test]
    fn every_refusal_has_a_word_of_its_own() {
        for (refusal, word, sentence) in Refusal::ALL {
            assert_eq!(Refusal::from_word(word), Some(refusal));
            assert_eq!((refusal.word(), refusal.sentence()), (word, sentence));
        }
    }

    #[test]
    fn the_secret_is_never_printed() {
        assert_eq!(format!("{:?}", request().secret), "InviteSecret(…)");
    }
}
