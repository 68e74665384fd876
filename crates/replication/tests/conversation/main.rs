//! Whole conversations between a few nodes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall stop")]

mod catching_up;
mod disk;
mod equivocation;
mod floods;
mod lies;
mod links;
mod network;
mod quiet;
mod receipts;
mod relays;
mod renewed;
mod restored;
mod rights;
mod rotation;
mod severed;
mod vaults;

use phaki_replication::manifest::MemberRole;

pub(crate) const WRITER: MemberRole = MemberRole::Writer;
pub(crate) const READER: MemberRole = MemberRole::Reader;
