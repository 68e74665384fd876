//! Founding a federation, and its roster's next versions where its key lies.

mod place;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, bail};
use phaki_replication::id::{Epoch, FederationId, NodeId};
use phaki_replication::limits::ADDRESSES_MAX;
use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus, Roster};
use phaki_store::{Identity, Store};

pub(crate) use self::place::{areas_around, check_area, check_name, check_place};
use crate::audit::Deed;
use crate::config::check_reachable;
use crate::data_folder::DataFolder;
use crate::identity;
use crate::quote::quoted;

/// What a new federation begins with. The data folder is initialised when it is not yet.
#[derive(Clone, Debug)]
pub struct Create {
    /// The data folder of the founding node.
    pub data: PathBuf,
    /// The name of the founding node, such as `TH`.
    pub name: String,
    /// The area it stands for, such as `TH`.
    pub area: String,
    /// Where others reach it, `host:port`; may be empty.
    pub addresses: Vec<String>,
    /// The account that founds it, for the audit log.
    pub account: String,
}

/// A node as it is when it is new to the federation.
pub(crate) fn new_record(
    name: String,
    role: NodeRole,
    area: String,
    addresses: Vec<String>,
) -> NodeRecord {
    NodeRecord {
        name,
        role,
        within: areas_around(&area),
        area,
        addresses,
        status: NodeStatus::Active,
        replaces: None,
        admitted_by: None,
    }
}

/// A federation that was founded.
#[derive(Clone, Debug)]
pub struct Created {
    /// The federation.
    pub federation: FederationId,
    /// The founding node.
    pub node: NodeId,
    /// Where the federation's secret key lies, to be kept safe.
    pub federation_key: PathBuf,
}

/// Makes the federation's key, its first roster with this node in the role `national`, and the
/// node's store. Refused when the node already belongs to a federation.
pub fn create(create: &Create) -> anyhow::Result<Created> {
    check_name(&create.name)?;
    check_place(NodeRole::National, &create.area)?;
    check_addresses(&create.addresses)?;
    let folder = DataFolder::make(&create.data)?;
    let _lock = folder.lock()?;
    folder.finish_founding()?;
    if folder.database().exists() {
        bail!(
            "data folder {} belongs to a federation already: found another one in another folder",
            folder.path().display()
        );
    }
    let node = folder.init()?.node;
    let path = folder.federation_key();
    if path.exists() {
        bail!(
            "data folder {} holds the key of a federation, but its store is gone: restore the \
             store from a backup. To found the same federation again would part it from its nodes",
            folder.path().display()
        );
    }
    // What a crash left was never used.
    let unused = folder.federation_key_unused();
    let key = if unused.exists() {
        identity::read(&unused)?
    } else {
        identity::create(&unused)?
    };
    let federation = key.federation();
    let (name, area) = (create.name.clone(), create.area.clone());
    let record = new_record(name, NodeRole::National, area, create.addresses.clone());
    let roster = Roster {
        federation,
        version: 1,
        nodes: BTreeMap::from([(node, record)]),
    };
    let epoch = Epoch(identity::random()?);
    let identity = Identity {
        federation,
        node,
        epoch,
    };
    let founding = Deed::FederationFounded.by(&create.account, federation, &create.name);
    Store::create(
        &folder.database(),
        &identity,
        &roster.sign(&key),
        &[],
        &founding,
    )
    .context("create the store")?;
    folder.finish_founding()?;
    Ok(Created {
        federation,
        node,
        federation_key: path,
    })
}

/// Whether other nodes can dial these addresses.
pub(crate) fn check_addresses(addresses: &[String]) -> anyhow::Result<()> {
    if addresses.len() > ADDRESSES_MAX {
        bail!(
            "{} addresses are given, and {ADDRESSES_MAX} are allowed",
            addresses.len()
        );
    }
    for address in addresses {
        if let Err(wrong) = check_reachable(address) {
            bail!(
                "address {} {wrong}: write host:port as other nodes reach it",
                quoted(address)
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_founds_one_federation_only() {
        let parent = tempfile::tempdir().unwrap();
        let founding = Create {
            data: parent.path().join("data"),
            name: "TH".to_owned(),
            area: "TH".to_owned(),
            addresses: vec!["127.0.0.1:7440".to_owned()],
            account: "officer".to_owned(),
        };
        let created = create(&founding).unwrap();
        let store = Store::open(&founding.data.join("phaki.db")).unwrap();
        assert_eq!(store.identity().federation, created.federation);
        let roster = store
            .durable()
            .unwrap()
            .roster
            .open(&created.federation)
            .unwrap();
        assert_eq!(
            (roster.version, roster.name(&created.node).as_str()),
            (1, "TH")
        );
        drop(store);
        let refused = create(&founding).unwrap_err().to_string();
        assert!(
            refused.contains("belongs to a federation already"),
            "{refused}"
        );
    }

    fn founding(parent: &tempfile::TempDir) -> Create {
        Create {
            data: parent.path().join("data"),
            name: "TH".to_owned(),
            area: "TH".to_owned(),
            addresses: vec![],
            account: "officer".to_owned(),
        }
    }

    #[test]
    fn a_federation_whose_store_is_lost_is_not_founded_again() {
        let parent = tempfile::tempdir().unwrap();
        let founding = founding(&parent);
        create(&founding).unwrap();
        std::fs::remove_file(founding.data.join("phaki.db")).unwrap();
        let refused = create(&founding).unwrap_err().to_string();
        assert!(refused.contains("from a backup"), "{refused}");
        assert!(!founding.data.join("phaki.db").exists());
    }

    #[test]
    fn a_founding_that_was_interrupted_can_be_repeated() {
        let parent = tempfile::tempdir().unwrap();
        let founding = founding(&parent);
        let folder = DataFolder::make(&founding.data).unwrap();
        // Before the store was made.
        let key = identity::create(&folder.federation_key_unused()).unwrap();
        let created = create(&founding).unwrap();
        assert_eq!(created.federation, key.federation());
        // After it was made, before the key got its name.
        std::fs::rename(folder.federation_key(), folder.federation_key_unused()).unwrap();
        let refused = create(&founding).unwrap_err().to_string();
        assert!(refused.contains("already"), "{refused}");
        let named = identity::read(&folder.federation_key()).unwrap();
        assert_eq!(named.federation(), created.federation);
    }

    #[test]
    fn addresses_that_nobody_could_use_are_refused() {
        assert!(check_addresses(&["0.0.0.0:7440".to_owned()]).is_err());
    }
}
