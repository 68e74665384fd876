//! What officers record of people, and what stewards have erased; and that all agree on it in the end.

use std::collections::BTreeSet;

use phaki_replication::id::{SpaceId, Subject};
use phaki_replication::manifest::Manifest;
use phaki_replication::node::Act;
use phaki_replication::vault::{Content, Ground, Record, Rights, Statement, VaultKey};

use super::Cluster;
use crate::check::Violation;
use crate::federation::{name, reachable};

impl Cluster {
    pub(super) fn record(
        &mut self,
        index: usize,
        space: SpaceId,
        person: u8,
        salt: u64,
    ) -> Result<(), Violation> {
        let node = self.machines[index].node.as_ref();
        let vault = node.and_then(|node| node.vault(&space));
        let held = vault.and_then(|vault| vault.subject(&subject(person)));
        let record = held.and_then(|held| held.record.as_ref());
        let number = record.and_then(|kept| kept.statement.number()).unwrap_or(0);
        let mut key = [person; 32];
        key[..8].copy_from_slice(&salt.to_be_bytes());
        let opens = VaultKey::new(key);
        let content = Content::Record(Record {
            number: number + 1,
            key: opens.hash(),
            sealed: salt.to_be_bytes().to_vec().into(),
        });
        self.say(index, space, person, content, Some(opens))
    }

    pub(super) fn erase(
        &mut self,
        index: usize,
        space: SpaceId,
        person: u8,
    ) -> Result<(), Violation> {
        let order = Content::Order(Ground::Objection);
        self.say(index, space, person, order, None)
    }

    fn say(
        &mut self,
        index: usize,
        space: SpaceId,
        person: u8,
        content: Content,
        opens: Option<VaultKey>,
    ) -> Result<(), Violation> {
        let machine = &self.machines[index];
        let statement = Statement {
            federation: self.federation.federation(),
            space,
            subject: subject(person),
            node: machine.id,
            time_ms: machine.now(self.schedule.now_us()).wall_ms,
            content,
        };
        let told = statement.sign(&machine.key, opens);
        self.enact(index, Act::Statement(space, told))
    }

    /// What a reader does not hold of the vault as others do: orders and acknowledgements as all
    /// readers, records as those who may hold them and between whom there is a way of such.
    pub(super) fn difference_of_people(
        &self,
        manifest: &Manifest,
        readers: &BTreeSet<usize>,
        reader: usize,
    ) -> Option<String> {
        let roster = &self.roster;
        let rights = Rights { manifest, roster };
        let holders = readers.iter().copied();
        let holders = holders.filter(|other| rights.holds(&self.machines[*other].id));
        let holders: BTreeSet<usize> = holders.collect();
        let held = |machine: usize, records: bool| {
            let vaults = &self.machines[machine].disk.contents.vaults;
            let vault = vaults.get(&manifest.space);
            vault.map_or_else(Vec::new, |vault| vault.digests(&rights, records))
        };
        let first = readers.first()?;
        if held(*first, false) != held(reader, false) {
            return Some(format!("holds other erasures than {}", name(*first)));
        }
        let near = match holders.contains(&reader) {
            true => reachable(&self.network.edges, reader, &holders),
            false => BTreeSet::new(),
        };
        let other = near
            .into_iter()
            .find(|other| held(*other, true) != held(reader, true))?;
        Some(format!(
            "holds other records of people than {}",
            name(other)
        ))
    }
}

fn subject(person: u8) -> Subject {
    Subject([person; 17])
}
