//! What the audit log knows to have been done or refused: one word each.

/// Something that is recorded. A word never changes its meaning, since old records keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    /// This node founded its federation.
    FederationFounded,
    /// This node was admitted to a federation.
    FederationJoined,
    /// The program started, with its version.
    NodeStarted,
    /// It stopped because somebody asked it to.
    NodeStopped,
    /// An invitation was made.
    InviteMade,
    /// A node showed its secret first.
    InviteRedeemed,
    /// An invitation that nobody had used was taken back.
    InviteWithdrawn,
    /// A node that redeemed an invitation waits until a person decides.
    JoinPending,
    /// A node was entered into the roster as its invitation said.
    NodeAdmitted,
    /// A node that waited was entered into the roster.
    NodeApproved,
    /// A node that waited was turned away.
    NodeRejected,
    /// A node may not take part for now.
    NodeSuspended,
    /// A suspended node may take part again.
    NodeReinstated,
    /// A node may never take part again.
    NodeRemoved,
    /// Another key took the place of a node's in the roster.
    KeyReplaced,
    /// This node goes on under another key.
    OwnKeyReplaced,
    /// A roster was made, to be signed elsewhere.
    RosterPrepared,
    /// A roster was brought that was signed elsewhere.
    RosterEnacted,
    /// A roster is in force from now on.
    RosterInForce,
    /// A space was created here.
    SpaceCreated,
    /// A node or group became reader or writer of a space.
    SpaceGranted,
    /// A node or group lost its right in a space.
    SpaceRevoked,
    /// Another node was offered a space of this one.
    SpaceOffered,
    /// The offer of a space was taken back.
    OfferWithdrawn,
    /// This node became the steward of a space that it was offered.
    SpaceTransferred,
    /// A manifest is in force from now on.
    ManifestInForce,
    /// A node's list of the nodes that it admitted is in force from now on.
    BranchInForce,
    /// This node goes on under a new epoch.
    EpochBegun,
    /// Own entries that others could not count were published again.
    EntriesRepublished,
    /// The steward published entries in quarantine again as its own act.
    EntriesAdopted,
    /// Entries in quarantine need nobody's attention any more.
    EntriesDiscarded,
    /// Entries are kept without effect, since their author may not write them.
    EntriesQuarantined,
    /// An author signed two different entries at one place.
    FeedForked,
    /// Two machines have the key of a peer.
    KeyOnTwoMachines,
    /// A peer says that another machine has this node's key.
    OwnKeyElsewhere,
    /// This data folder was proved to be an older copy of one that wrote on.
    StoreSuperseded,
    /// A backup was put in the place of the store.
    StoreRestored,
    /// A damaged store was made anew from what could be read.
    StoreRepaired,
    /// Somebody copied the store to a file.
    StoreBackedUp,
    /// Somebody recorded contact data of a person.
    ContactRecorded,
    /// Somebody read it.
    ContactRead,
    /// Somebody read all that is held of a person, to answer a request for access.
    ContactExported,
    /// The steward of a space, which is this node, ordered that a person be erased.
    ErasureOrdered,
    /// A person was erased here by the order of another node.
    PersonErased,
    /// All contact data of a space was erased, since this node may hold it no longer.
    VaultLeft,
    /// What a peer said of people was not taken.
    StatementRefused,
    /// A peer holds other entries of a feed than this node.
    FeedsDiffer,
    /// A peer says that it holds more of this node's entries than the node itself.
    OwnFeedAhead,
    /// A connection got no session, or its session ended for what it sent.
    ConnectionRefused,
    /// A request to join the federation was refused.
    JoinRefused,
    /// Entries of a peer were not taken.
    EntriesRefused,
    /// A roster or manifest of a peer was not taken.
    ActRefused,
    /// A session was ended for what the peer did in it.
    PeerRefused,
    /// A request of a client on this machine was refused for want of a right.
    RequestRefused,
}

impl Deed {
    /// All of them with their word, and what a Thai reader sees before it.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 54] = [
        (Self::FederationFounded, "federation-founded", "ก่อตั้งสหพันธ์"),
        (Self::FederationJoined, "federation-joined", "เข้าร่วมสหพันธ์"),
        (Self::NodeStarted, "node-started", "เริ่มทำงาน"),
        (Self::NodeStopped, "node-stopped", "หยุดทำงาน"),
        (Self::InviteMade, "invite-made", "สร้างคำเชิญ"),
        (Self::InviteRedeemed, "invite-redeemed", "ใช้คำเชิญ"),
        (Self::InviteWithdrawn, "invite-withdrawn", "ถอนคำเชิญ"),
        (Self::JoinPending, "join-pending", "รอการอนุมัติ"),
        (Self::NodeAdmitted, "node-admitted", "รับโหนดเข้า"),
        (Self::NodeApproved, "node-approved", "อนุมัติโหนด"),
        (Self::NodeRejected, "node-rejected", "ไม่อนุมัติโหนด"),
        (Self::NodeSuspended, "node-suspended", "ระงับโหนด"),
        (Self::NodeReinstated, "node-reinstated", "คืนสิทธิ์โหนด"),
        (Self::NodeRemoved, "node-removed", "ถอดโหนดออก"),
        (Self::KeyReplaced, "key-replaced", "เปลี่ยนกุญแจโหนด"),
        (
            Self::OwnKeyReplaced,
            "own-key-replaced",
            "เปลี่ยนกุญแจของโหนดนี้",
        ),
        (
            Self::RosterPrepared,
            "roster-prepared",
            "เตรียมบัญชีโหนดให้ลงนาม",
        ),
        (
            Self::RosterEnacted,
            "roster-enacted",
            "นำบัญชีโหนดที่ลงนามแล้วมาใช้",
        ),
        (Self::RosterInForce, "roster-in-force", "บัญชีโหนดมีผล"),
        (Self::SpaceCreated, "space-created", "สร้างพื้นที่ข้อมูล"),
        (Self::SpaceGranted, "space-granted", "ให้สิทธิ์ในพื้นที่ข้อมูล"),
        (Self::SpaceRevoked, "space-revoked", "ถอนสิทธิ์ในพื้นที่ข้อมูล"),
        (Self::SpaceOffered, "space-offered", "เสนอโอนพื้นที่ข้อมูล"),
        (
            Self::OfferWithdrawn,
            "offer-withdrawn",
            "ถอนข้อเสนอโอนพื้นที่ข้อมูล",
        ),
        (Self::SpaceTransferred, "space-transferred", "รับโอนพื้นที่ข้อมูล"),
        (Self::ManifestInForce, "manifest-in-force", "รายการสิทธิ์มีผล"),
        (Self::BranchInForce, "branch-in-force", "บัญชีโหนดสาขามีผล"),
        (Self::EpochBegun, "epoch-begun", "เริ่มยุคใหม่ของคลัง"),
        (
            Self::EntriesRepublished,
            "entries-republished",
            "เผยแพร่รายการข้อมูลอีกครั้ง",
        ),
        (
            Self::EntriesQuarantined,
            "entries-quarantined",
            "กักกันรายการข้อมูล",
        ),
        (Self::EntriesAdopted, "entries-adopted", "รับรองรายการที่กักไว้"),
        (Self::EntriesDiscarded, "entries-discarded", "ทิ้งรายการที่กักไว้"),
        (Self::FeedForked, "feed-forked", "พบสายข้อมูลแตกเป็นสองสาย"),
        (
            Self::KeyOnTwoMachines,
            "key-on-two-machines",
            "พบกุญแจเดียวบนสองเครื่อง",
        ),
        (
            Self::OwnKeyElsewhere,
            "own-key-elsewhere",
            "เครื่องอื่นใช้กุญแจของโหนดนี้",
        ),
        (Self::StoreSuperseded, "store-superseded", "พบว่าเป็นสำเนาเก่า"),
        (
            Self::StoreRestored,
            "store-restored",
            "กู้คืนคลังข้อมูลจากสำเนาสำรอง",
        ),
        (Self::StoreRepaired, "store-repaired", "ซ่อมคลังข้อมูล"),
        (Self::StoreBackedUp, "store-backed-up", "สำรองคลังข้อมูล"),
        (Self::ContactRecorded, "contact-recorded", "บันทึกข้อมูลติดต่อ"),
        (Self::ContactRead, "contact-read", "เปิดดูข้อมูลติดต่อ"),
        (
            Self::ContactExported,
            "contact-exported",
            "ส่งออกข้อมูลของบุคคล",
        ),
        (Self::ErasureOrdered, "erasure-ordered", "สั่งลบข้อมูลบุคคล"),
        (Self::PersonErased, "person-erased", "ลบข้อมูลบุคคลตามคำสั่ง"),
        (Self::VaultLeft, "vault-left", "ลบข้อมูลติดต่อเพราะไม่มีสิทธิ์แล้ว"),
        (
            Self::StatementRefused,
            "statement-refused",
            "ปฏิเสธข้อมูลบุคคลจากคู่",
        ),
        (Self::FeedsDiffer, "feeds-differ", "สายข้อมูลไม่ตรงกัน"),
        (
            Self::OwnFeedAhead,
            "own-feed-ahead",
            "คู่มีข้อมูลของเรามากกว่าเรา",
        ),
        (
            Self::ConnectionRefused,
            "connection-refused",
            "ปฏิเสธการเชื่อมต่อ",
        ),
        (Self::JoinRefused, "join-refused", "ปฏิเสธการเข้าร่วม"),
        (Self::EntriesRefused, "entries-refused", "ปฏิเสธรายการข้อมูล"),
        (Self::ActRefused, "act-refused", "ปฏิเสธบัญชีหรือรายการสิทธิ์"),
        (Self::PeerRefused, "peer-refused", "ปฏิเสธคู่"),
        (Self::RequestRefused, "request-refused", "ปฏิเสธคำขอ"),
    ];

    /// The word in the log and in output.
    pub(crate) fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(known, ..)| *known == self)
            .map_or("", |(_, word, _)| *word)
    }

    /// The deed of that word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known, _)| *known == word)
            .map(|(deed, ..)| *deed)
    }

    /// Whether two of these that differ in their detail alone are the same again. Otherwise the
    /// detail says why, and another reason is another refusal.
    pub(crate) fn detail_is_incidental(self) -> bool {
        matches!(
            self,
            Self::RosterInForce | Self::ManifestInForce | Self::BranchInForce | Self::OwnFeedAhead
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deed_has_a_word_of_its_own() {
        for (deed, word, thai) in Deed::ALL {
            assert_eq!(Deed::from_word(word), Some(deed));
            assert_eq!(deed.word(), word);
            assert!(!thai.is_empty());
            let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(word.chars().all(kebab), "{word}");
        }
        assert_eq!(Deed::from_word("unheard-of"), None);
    }
}
