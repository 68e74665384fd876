//! The one string that admits one node: everything it must know to find and recognise the node
//! that invites it.
//!
//! `phaki1`, then base32 of the canonical encoding and a checksum, so that a wrong or missing
//! character is told before anybody is asked. `phaki2` when it is for another key of a node.

use std::fmt;

use crate::quote::quoted;
use data_encoding::BASE32_NOPAD;
use phaki_replication::canonical::{DecodeError, Decoder, Encoder};
use phaki_replication::id::{FederationId, Hash, NodeId};
use phaki_replication::limits::{ADDRESS_BYTES_MAX, ADDRESSES_MAX, NAME_BYTES_MAX};
use phaki_replication::roster::NodeRole;
use phaki_wire::enrol::InviteSecret;
use thiserror::Error;

const PREFIX: &str = "phaki";
const FOR_A_NODE: &str = "1";
const FOR_A_KEY: &str = "2";
const CHECKSUM_BYTES: usize = 5;

/// An invitation for one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invite {
    /// The federation to join.
    pub(crate) federation: FederationId,
    /// The node that made the invitation and alone knows of it.
    pub(crate) inviter: NodeId,
    /// Where that node is reached, `host:port`.
    pub(crate) addresses: Vec<String>,
    /// Proves that the bearer was invited.
    pub(crate) secret: InviteSecret,
    /// Milliseconds since 1970 from when on it is worthless, by the inviter's clock.
    pub(crate) expires_ms: i64,
    /// The name that the new node gets.
    pub(crate) name: String,
    /// What it is to be.
    pub(crate) role: NodeRole,
    /// The area it stands for.
    pub(crate) area: String,
    /// The key of a node that another one is to replace; `None` for a new node.
    pub(crate) replaces: Option<Replaced>,
}

/// A key that another one is to replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replaced {
    /// The key.
    pub(crate) key: NodeId,
    /// Whether it is in other hands, so that it need not vouch for the new one.
    pub(crate) stolen: bool,
}

/// Why a text is no invitation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum InviteError {
    #[error(
        "the text does not begin with phaki1 or phaki2: copy the whole line that `phaki federation \
             invite` or `rotate-key` printed"
    )]
    Prefix,
    #[error("the invite is of a newer program: update phaki on this machine")]
    Version,
    #[error("character {position} of the invite, {found:?}, cannot be in one: copy it again")]
    Character { position: usize, found: char },
    #[error("a character of the invite is wrong or missing: copy it again, whole")]
    Checksum,
    #[error("read invite")]
    Decode(#[source] DecodeError),
    #[error("the invite names the unknown role {}", quoted(.0))]
    Role(String),
}

impl Invite {
    /// What the inviter keeps: nobody who reads its database can use an invite.
    pub(crate) fn secret_hash(secret: &InviteSecret) -> Hash {
        Hash::of("phaki/invite-secret/v1", &[&secret.0])
    }

    /// Whether its time is over at `now_ms`.
    pub(crate) fn is_expired(&self, now_ms: i64) -> bool {
        self.expires_ms <= now_ms
    }

    /// Reads the string, whatever spaces, line breaks and capitals were added on the way.
    pub(crate) fn parse(text: &str) -> Result<Self, InviteError> {
        let text: String = text
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        let rest = text.strip_prefix(PREFIX).ok_or(InviteError::Prefix)?;
        let for_a_node = rest.strip_prefix(FOR_A_NODE).map(|rest| (rest, false));
        let for_a_key = || rest.strip_prefix(FOR_A_KEY).map(|rest| (rest, true));
        let (rest, replaces) = match for_a_node.or_else(for_a_key) {
            Some(known) => known,
            None if rest.starts_with(|letter: char| letter.is_ascii_digit()) => {
                return Err(InviteError::Version);
            }
            None => return Err(InviteError::Prefix),
        };
        let foreign = |letter: char| !matches!(letter, 'a'..='z' | '2'..='7');
        if let Some((at, found)) = rest
            .chars()
            .enumerate()
            .find(|(_, letter)| foreign(*letter))
        {
            let position = PREFIX.len() + 2 + at;
            return Err(InviteError::Character { position, found });
        }
        let bytes = BASE32_NOPAD.decode(rest.to_ascii_uppercase().as_bytes());
        let bytes = bytes.map_err(|_| InviteError::Checksum)?;
        let Some((content, sum)) = bytes
            .len()
            .checked_sub(CHECKSUM_BYTES)
            .and_then(|content| bytes.split_at_checked(content))
        else {
            return Err(InviteError::Checksum);
        };
        if sum != checksum(content) {
            return Err(InviteError::Checksum);
        }
        Self::decode(content, replaces)
    }

    fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.fixed(&self.federation.0);
        encoder.fixed(&self.inviter.0);
        encoder.length(self.addresses.len());
        for address in &self.addresses {
            encoder.bytes(address.as_bytes());
        }
        encoder.fixed(&self.secret.0);
        encoder.i64(self.expires_ms);
        encoder.bytes(self.name.as_bytes());
        encoder.bytes(self.role.name().as_bytes());
        encoder.bytes(self.area.as_bytes());
        if let Some(replaced) = &self.replaces {
            encoder.fixed(&replaced.key.0);
            encoder.u8(u8::from(replaced.stolen));
        }
        encoder.finish()
    }

    fn decode(bytes: &[u8], replaces: bool) -> Result<Self, InviteError> {
        let mut decoder = Decoder::new(bytes);
        let mut read = || -> Result<(Self, String), DecodeError> {
            let federation = FederationId(decoder.fixed()?);
            let inviter = NodeId(decoder.fixed()?);
            let count = decoder.length("number of addresses", ADDRESSES_MAX)?;
            let addresses = (0..count)
                .map(|_| decoder.text("address", ADDRESS_BYTES_MAX))
                .collect::<Result<_, _>>()?;
            let secret = InviteSecret(decoder.fixed()?);
            let expires_ms = i64::from_be_bytes(decoder.fixed()?);
            let name = decoder.text("name", NAME_BYTES_MAX)?;
            let role = decoder.text("role", NAME_BYTES_MAX)?;
            let area = decoder.text("area", NAME_BYTES_MAX)?;
            let replaces = match replaces {
                true => Some(Replaced {
                    key: NodeId(decoder.fixed()?),
                    stolen: decoder.u8()? != 0,
                }),
                false => None,
            };
            let invite = Self {
                federation,
                inviter,
                addresses,
                secret,
                expires_ms,
                name,
                role: NodeRole::Edge,
                area,
                replaces,
            };
            Ok((invite, role))
        };
        let (mut invite, role) = read().map_err(InviteError::Decode)?;
        decoder.finish().map_err(InviteError::Decode)?;
        invite.role = NodeRole::from_name(&role).ok_or(InviteError::Role(role))?;
        Ok(invite)
    }
}

impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.encode();
        bytes.extend(checksum(&bytes));
        let text = BASE32_NOPAD.encode(&bytes).to_ascii_lowercase();
        let kind = match self.replaces {
            Some(_) => FOR_A_KEY,
            None => FOR_A_NODE,
        };
        write!(f, "{PREFIX}{kind}{text}")
    }
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let hash = Hash::of("phaki/invite/v1", &[content]);
    let mut sum = [0; CHECKSUM_BYTES];
    sum.copy_from_slice(&hash.0[..CHECKSUM_BYTES]);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Invite {
        Invite {
            federation: FederationId([1; 32]),
            inviter: NodeId([2; 32]),
            addresses: vec!["10.0.0.1:7440".to_owned(), "[fd00::1]:7440".to_owned()],
            secret: InviteSecret([3; 32]),
            expires_ms: 1_800_000_000_000,
            name: "TH-90".to_owned(),
            role: NodeRole::Province,
            area: "90".to_owned(),
            replaces: None,
        }
    }

    #[test]
    fn one_for_another_key_says_which_and_looks_different() {
        for stolen in [false, true] {
            let key = NodeId([7; 32]);
            let invite = Invite {
                replaces: Some(Replaced { key, stolen }),
                ..sample()
            };
            let text = invite.to_string();
            assert!(text.starts_with("phaki2"), "{text}");
            assert_eq!(Invite::parse(&text), Ok(invite));
            let disguised = text.replacen("phaki2", "phaki1", 1);
            assert!(Invite::parse(&disguised).is_err());
        }
    }

    #[test]
    fn reads_back_also_when_wrapped_and_in_capitals() {
        let text = sample().to_string();
        assert_eq!(Invite::parse(&text), Ok(sample()));
        let (one, two) = text.split_at(70);
        let wrapped = format!("  {}\r\n\t{}\n", one.to_uppercase(), two);
        assert_eq!(Invite::parse(&wrapped), Ok(sample()));
    }

    #[test]
    fn every_wrong_missing_or_swapped_character_is_recognised() {
        let text = sample().to_string();
        for at in 6..text.len() {
            let (before, after) = text.split_at(at);
            let other = if after.starts_with('a') { 'b' } else { 'a' };
            let wrong = format!("{before}{other}{}", &after[1..]);
            assert_eq!(Invite::parse(&wrong), Err(InviteError::Checksum), "{at}");
            let missing = format!("{before}{}", &after[1..]);
            assert_eq!(Invite::parse(&missing), Err(InviteError::Checksum), "{at}");
        }
        let foreign = format!("{}8{}", &text[..20], &text[21..]);
        assert!(matches!(
            Invite::parse(&foreign),
            Err(InviteError::Character { .. })
        ));
    }

    #[test]
    fn tells_what_is_no_invite_and_what_is_of_a_newer_program() {
        assert_eq!(Invite::parse("hello"), Err(InviteError::Prefix));
        assert_eq!(Invite::parse(""), Err(InviteError::Prefix));
        assert_eq!(Invite::parse("phaki3abc"), Err(InviteError::Version));
        assert_eq!(Invite::parse("phaki1"), Err(InviteError::Checksum));
    }

    #[test]
    fn expires_at_its_time() {
        let invite = sample();
        assert!(!invite.is_expired(invite.expires_ms - 1));
        assert!(invite.is_expired(invite.expires_ms));
    }

    #[test]
    fn prints_no_secret_in_its_debug_form() {
        assert!(format!("{:?}", sample()).contains("InviteSecret(…)"));
    }
}
