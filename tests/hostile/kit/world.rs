//! The honest nodes around an attack: a hub that is its victim, a province that writes, and what
//! must still be true of both when it is over.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use phaki_replication::entry::Payload;
use phaki_replication::feed::Run;
use phaki_replication::id::{FederationId, Hash, SpaceId};
use phaki_replication::manifest::{Manifest, SignedManifest};
use phaki_replication::message::Message;
use phaki_replication::node::Act;
use phaki_replication::roster::{NodeStatus, Roster, SignedRoster};
use phaki_replication::sign::SecretKey;
use phaki_store::Store;
use phaki_tests::federation::{Federation, share};
use phaki_tests::node::Node;
use phaki_tests::proxy::Proxy;
use phaki_tests::samples;
use phaki_tests::wait;
use phaki_wire::proto::local::v1::Space;

use super::evidence::nothing_leaked;
use super::peer::Peer;
use super::pen::Pen;
use super::{enrol, say};

/// The province that writes honestly, and dials the hub.
const WITNESS: &str = "TH-41";

/// The node whose key the attacker has.
pub(crate) const ATTACKER: &str = "TH-66";

/// A reader of everything, which tells the attacker what it likes.
const SPY: &str = "TH-77";

/// The space under attack.
pub(crate) const PLANS: &str = "plans";

/// The space of which the attacker must not learn anything.
const SECRET: &str = "budget-of-the-minister";

/// An honest edit reaches the hub within this time also during an attack.
const PATIENCE: Duration = Duration::from_secs(5);

const SERIES: u16 = 1;
const SECRET_SERIES: u16 = 9;

/// A federation, and the keys of an attacker in it.
pub(crate) struct World {
    pub(crate) hub: Node,
    pub(crate) witness: Node,
    /// From the witness to the hub.
    pub(crate) line: Proxy,
    pub(crate) id: FederationId,
    /// The attacker's key, that of an active node.
    pub(crate) attacker: SecretKey,
    pub(crate) plans: SpaceId,
    pub(crate) secret: SpaceId,
    /// In force when the attack begins; learned once there is something in the spaces.
    manifest: Option<SignedManifest>,
    roster: Option<SignedRoster>,
    /// What of the secret space must not be told: its id, its name, and what is in it.
    secrets: Vec<Vec<u8>>,
    spy: SecretKey,
    /// Plans that the witness has written.
    honest: u64,
    /// Plans of others that were valid when they were made, and stay so.
    others: BTreeSet<String>,
    /// Holds the folders of the nodes.
    federation: Federation,
}

/// What of an attack is kept, none of it applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Entries by one who may not write.
    pub(crate) quarantined: u64,
    /// Entries by one who may write, of which no change can come.
    pub(crate) refused: u64,
    /// Entries by one who may write, whose change needs what is not there.
    pub(crate) waiting: u64,
}

/// Nothing at all.
pub(crate) const NOTHING: Kept = Kept {
    quarantined: 0,
    refused: 0,
    waiting: 0,
};

impl World {
    /// A world in which the attacker's node has that role in the space under attack.
    pub(crate) async fn with_attacker_as(role: Option<&str>) -> Self {
        let federation = crate::federation();
        let hub = federation.found().await;
        let (attacker, spy) = (key(0x66), key(0x77));
        for (name, key) in [(ATTACKER, &attacker), (SPY, &spy)] {
            let area = name.strip_prefix("TH-").unwrap();
            let invite = hub.local().invite(name, area, "127.0.0.1:9").await;
            let request = enrol::request(enrol::read(&invite), key);
            enrol::join(hub.listen(), key, request).await.unwrap();
        }
        let mut witness = federation.node(WITNESS);
        witness.accept_peers();
        let (witness, line) = federation.admit_with(&hub, witness).await;
        hub.local().create_space(PLANS).await;
        let members = role.map(|role| (ATTACKER, role));
        for (node, role) in members.into_iter().chain([(SPY, "reader")]) {
            hub.local().grant(PLANS, node, role).await;
        }
        hub.local().grant(PLANS, WITNESS, "writer").await;
        witness.local().until_writer(PLANS).await;
        share(&hub, SECRET, &[&witness]).await;
        hub.local().grant(SECRET, SPY, "reader").await;
        let status = hub.local().status().await.unwrap();
        let found = |name| status.spaces.iter().find(|space| space.name == name);
        let space = |name| SpaceId::from_hex(&found(name).unwrap().id).unwrap();
        let mut world = Self {
            id: FederationId::from_hex(&status.federation).unwrap(),
            plans: space(PLANS),
            secret: space(SECRET),
            manifest: None,
            roster: None,
            secrets: Vec::new(),
            honest: 0,
            others: BTreeSet::new(),
            hub,
            witness,
            line,
            attacker,
            spy,
            federation,
        };
        world.write_honestly(3).await;
        let secret = samples::plan(SECRET_SERIES, 1);
        world.witness.local().put(SECRET, &[secret]).await.unwrap();
        world.until_held(&world.hub, SECRET, 1).await;
        world.until_held(&world.hub, PLANS, 3).await;
        world.learn().await;
        world
    }

    /// The attacker's session with the hub, after the greetings.
    pub(crate) async fn attack(&self) -> Peer {
        Peer::greet(self.hub.listen(), &self.attacker, self.id).await
    }

    /// The attacker's session with the witness, after the greetings.
    pub(crate) async fn attack_witness(&self) -> Peer {
        Peer::greet(self.witness.listen(), &self.attacker, self.id).await
    }

    /// The session of an honest reader of everything with the hub, after the greetings.
    pub(crate) async fn member(&self) -> Peer {
        Peer::greet(self.hub.listen(), &self.spy, self.id).await
    }

    /// Another honest node, which reads the space under attack and has a line to the witness alone.
    pub(crate) async fn behind_the_witness(&self) -> Node {
        let mut node = self.federation.node("TH-43");
        let address = self.hub.listen().to_string();
        let invite = self.hub.local().invite(node.name(), "43", &address).await;
        node.command(&["join", &invite]);
        node.dial(WITNESS, &self.witness.listen().to_string());
        node.start().await;
        self.hub.local().grant(PLANS, node.name(), "reader").await;
        self.until_held(&node, PLANS, self.entries()).await;
        node
    }

    /// The attack is one that the nodes tell the people at them about.
    pub(crate) fn expect_errors(&mut self) {
        self.hub.expect_errors();
        self.witness.expect_errors();
    }

    /// What the attacker writes in the space under attack.
    pub(crate) fn pen(&self) -> Pen {
        Pen::new(&self.attacker, self.id, self.plans)
    }

    /// A key of another active node.
    pub(crate) fn accomplice(&self) -> &SecretKey {
        &self.spy
    }

    /// The key that signs the manifests of the spaces.
    pub(crate) fn steward_key(&self) -> SecretKey {
        read_key(&self.hub.data().join("node.key"))
    }

    /// The witness's own key.
    pub(crate) fn witness_key(&self) -> SecretKey {
        read_key(&self.witness.data().join("node.key"))
    }

    /// The key that signs rosters.
    pub(crate) fn federation_key(&self) -> SecretKey {
        read_key(&self.hub.data().join("federation.key"))
    }

    /// The manifest of the space under attack that is in force when the attack begins.
    pub(crate) fn manifest(&self) -> &SignedManifest {
        self.manifest.as_ref().unwrap()
    }

    /// The roster in force when the attack begins.
    pub(crate) fn roster(&self) -> &SignedRoster {
        self.roster.as_ref().unwrap()
    }

    /// What that manifest says.
    pub(crate) fn manifest_in_force(&self) -> Manifest {
        self.manifest()
            .open(&self.id, &self.roster_in_force())
            .unwrap()
    }

    /// What that roster says.
    pub(crate) fn roster_in_force(&self) -> Roster {
        self.roster().open(&self.id).unwrap()
    }

    /// The manifest in force, changed and signed by the steward as the next one.
    pub(crate) fn next_manifest(&self, change: impl FnOnce(&mut Manifest)) -> SignedManifest {
        let mut manifest = self.manifest_in_force();
        manifest.version += 1;
        change(&mut manifest);
        manifest.sign(&self.steward_key())
    }

    /// The roster in force with another status of a node, signed as the next one.
    pub(crate) fn next_roster(&self, node: &SecretKey, status: NodeStatus) -> SignedRoster {
        let mut roster = self.roster_in_force();
        roster.version += 1;
        roster.nodes.get_mut(&node.node()).unwrap().status = status;
        roster.sign(&self.federation_key())
    }

    /// Brings an act to a node, as any peer may that has heard of it.
    pub(crate) async fn bring(&self, node: &Node, act: Act) {
        let mut courier = Peer::greet(node.listen(), &self.spy, self.id).await;
        match act {
            Act::Manifest(signed) => {
                let digest = signed.hash().shorten();
                courier.say(say::manifest(signed)).await;
                // Once it is durable, members are told so.
                let told = |message: &Message| match message {
                    Message::Have(states) => states
                        .iter()
                        .any(|state| state.manifest == digest)
                        .then_some(()),
                    _ => None,
                };
                courier.hear_until("the manifest is durable", told).await;
            }
            Act::Branch(signed) => courier.say(Message::Branch(signed)).await,
            Act::Statement(space, told) => {
                let statements = vec![told];
                courier.say(Message::Vault { space, statements }).await;
            }
            Act::Roster(signed) => {
                let version = signed.open(&self.id).unwrap().version;
                courier.say(say::roster(signed)).await;
                let version = format!("\"version\":{version}");
                let what = format!("{} has the roster of {version}", node.name());
                let words = ["roster in force", &version];
                wait::until(&what, async || node.log().says(&words).then_some(())).await;
            }
        }
        courier.was_ignored().await;
    }

    /// The honest work that the hub has already: one run of three entries.
    pub(crate) async fn known_run(&self) -> Run {
        self.copy(&self.hub, self.plans).await.0.remove(0)
    }

    /// Honest work that has reached the attacker and not the hub: one run of three entries. The
    /// line between the hub and its author stays cut until the attack is over.
    pub(crate) async fn withheld_run(&mut self) -> Run {
        self.cut().await;
        self.write_honestly(3).await;
        let (mut runs, _) = self.copy(&self.witness, self.plans).await;
        runs.pop().unwrap().starting_at(3)
    }

    /// Cuts the line between the two honest nodes, until the attack is over.
    pub(crate) async fn cut(&mut self) {
        self.line.cut();
        wait::until("the author has no line to the hub", async || {
            let links = self.hub.local().links().await;
            links.iter().all(|link| link.peer != WITNESS).then_some(())
        })
        .await;
    }

    /// The witness makes plans.
    pub(crate) async fn write_honestly(&mut self, count: u64) {
        let plans: Vec<_> = (self.honest..self.honest + count)
            .map(|number| samples::plan(SERIES, number))
            .collect();
        self.witness.local().put(PLANS, &plans).await.unwrap();
        self.honest += count;
    }

    /// The attack is over. It has told the attacker nothing that it may not know; of all that it
    /// sent only `kept` is there, and no document shows it; what an honest node writes now reaches
    /// the other; and both stores verify.
    pub(crate) async fn stands(mut self, attackers: impl IntoIterator<Item = Peer>, kept: Kept) {
        for attacker in attackers {
            self.leaks_nothing(&attacker);
        }
        self.line.restore();
        self.write_honestly(1).await;
        let entries = self.entries() + kept.quarantined + kept.refused + kept.waiting;
        let spaces = self.until_agreed(entries).await;
        for (node, space) in [&self.hub, &self.witness].into_iter().zip(&spaces) {
            assert_eq!(kept_of(space), kept, "kept by {}", node.name());
            let shown: BTreeSet<_> = node.local().export(PLANS).await.into_keys().collect();
            assert_eq!(shown, self.valid_plans(), "shown by {}", node.name());
            let secret = self.until_held(node, SECRET, 1).await;
            assert_eq!(
                kept_of(&secret),
                NOTHING,
                "of the secret at {}",
                node.name()
            );
        }
        let (hub, witness) = tokio::join!(self.hub.stop(), self.witness.stop());
        assert!(hub.0.success() && witness.0.success());
        for node in [self.hub, self.witness] {
            let store = Store::open(&node.data().join("phaki.db")).unwrap();
            let found = store.reader().verify(&self.id).unwrap();
            assert_eq!(found.problems, [], "in the store of {}", node.name());
        }
    }

    /// Nothing that the attacker heard is of the secret space.
    pub(crate) fn leaks_nothing(&self, attacker: &Peer) {
        nothing_leaked(attacker.heard(), &self.secrets);
    }

    /// A plan that the attacker makes while it may is valid for ever.
    pub(crate) fn is_valid(&mut self, plan: String) {
        self.others.insert(plan);
    }

    /// The witness writes a plan, and the hub has it at once, whatever else goes on.
    pub(crate) async fn goes_on(&mut self) {
        self.write_honestly(1).await;
        let what = "the honest link lives during the attack";
        wait::until_within(PATIENCE, what, async || {
            let found = self.hub.local().space(PLANS).await?;
            (found.documents == self.entries()).then_some(())
        })
        .await;
    }

    /// The entries that count: each made one plan.
    fn entries(&self) -> u64 {
        self.honest + u64::try_from(self.others.len()).unwrap()
    }

    /// The ids of the plans of the witness.
    pub(crate) fn honest_plans(&self) -> BTreeSet<String> {
        (0..self.honest)
            .map(|number| samples::plan_id(SERIES, number))
            .collect()
    }

    /// The ids of all plans that count.
    fn valid_plans(&self) -> BTreeSet<String> {
        &self.honest_plans() | &self.others
    }

    /// Waits until a node holds so many entries of a space; the state of it then.
    pub(crate) async fn until_held(&self, node: &Node, space: &str, entries: u64) -> Space {
        let what = format!("{} holds {entries} entries of {space}", node.name());
        wait::until(&what, async || {
            let found = node.local().space(space).await?;
            (found.entries == entries).then_some(found)
        })
        .await
    }

    /// Waits until both nodes hold the same, so many entries; what each says of it.
    async fn until_agreed(&self, entries: u64) -> [Space; 2] {
        let what = format!("both nodes agree on {entries} entries");
        wait::until(&what, async || {
            let hub = self.hub.local().space(PLANS).await?;
            let witness = self.witness.local().space(PLANS).await?;
            let agree = hub.entries == entries
                && witness.entries == entries
                && hub.heads_digest == witness.heads_digest
                && hub.frontier_digest == witness.frontier_digest;
            agree.then_some([hub, witness])
        })
        .await
    }

    /// Reads everything of the secret space, to know it again, and the acts in force.
    async fn learn(&mut self) {
        let (runs, acts) = self.copy(&self.hub, self.secret).await;
        self.secrets = vec![
            self.secret.0.to_vec(),
            SECRET.as_bytes().to_vec(),
            "budget".as_bytes().to_vec(),
        ];
        for run in runs {
            self.secrets.push(run.checkpoint.head.0.to_vec());
            self.secrets.push(run.checkpoint.signature.0.to_vec());
            for entry in run.entries {
                let Payload::Present(payload) = entry.payload else {
                    panic!("a payload of the secret space is missing");
                };
                // The document's id.
                self.secrets.push(payload[..17].to_vec());
            }
        }
        for act in acts {
            match act {
                Act::Branch(_) | Act::Statement(..) => {}
                Act::Roster(signed) => self.roster = Some(signed),
                Act::Manifest(signed) => {
                    let manifest = Manifest::decode(&signed.bytes).unwrap();
                    if manifest.space == self.plans {
                        self.manifest = Some(signed);
                    }
                }
            }
        }
    }

    /// What a reader hears of a space: all runs, and the acts in force.
    async fn copy(&self, node: &Node, space: SpaceId) -> (Vec<Run>, Vec<Act>) {
        let mut peer = Peer::greet(node.listen(), &self.spy, self.id).await;
        peer.say(say::have([space])).await;
        let frontier = |message: &Message| match message {
            Message::Frontier(report) if report.space == space => Some(report.feeds.clone()),
            _ => None,
        };
        let feeds = peer.hear_until("the frontier is told", frontier).await;
        for feed in &feeds {
            peer.say(say::want(space, feed.feed)).await;
        }
        let mut missing: u64 = feeds.iter().map(|feed| feed.length).sum();
        let mut runs: Vec<Run> = Vec::new();
        while missing > 0 {
            let more = |message: &Message| match message {
                Message::Batch { runs, .. } => Some(runs.clone()),
                _ => None,
            };
            let more = peer.hear_until("the entries are sent", more).await;
            missing -= more.iter().map(|run| run.end() - run.from).sum::<u64>();
            runs.extend(more);
        }
        let act = |message| match message {
            Message::Roster(signed) => Some(Act::Roster(signed)),
            Message::Manifest(signed) => Some(Act::Manifest(signed)),
            _ => None,
        };
        let acts = peer.heard().iter().map(say::decoded).filter_map(act);
        let acts = acts.collect();
        (runs, acts)
    }
}

fn kept_of(space: &Space) -> Kept {
    Kept {
        quarantined: space.quarantined,
        refused: space.refused,
        waiting: space.waiting,
    }
}

/// A key that is the same in every run.
pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn read_key(path: &Path) -> SecretKey {
    let text = std::fs::read_to_string(path).unwrap();
    SecretKey::from_seed(&Hash::from_hex(text.trim()).unwrap().0)
}
