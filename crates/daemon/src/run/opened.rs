//! A node as it lies in its data folder: checked and ready to run.

use anyhow::{Context, bail};
use phaki_replication::node::Node;
use phaki_replication::sign::SecretKey;
use phaki_store::{Identity, Store};
use tracing::warn;

use crate::config::Config;
use crate::data_folder::{DataFolder, Lock};
use crate::identity;

/// What a node is before its tasks run.
pub(crate) struct Opened {
    pub(crate) folder: DataFolder,
    pub(crate) lock: Lock,
    pub(crate) key: SecretKey,
    pub(crate) store: Store,
    pub(crate) node: Node,
}

/// Opens what lies in the data folder, for this process alone.
pub(crate) fn open(config: &Config) -> anyhow::Result<Opened> {
    let folder = DataFolder::open(&config.data)?;
    let lock = folder.lock()?;
    let path = folder.database();
    folder.finish_founding()?;
    if !path.exists() && folder.federation_key().exists() {
        bail!(
            "the store {} is gone, and this node holds the key of its federation: restore the \
             data folder from a backup",
            path.display()
        );
    }
    if !path.exists() {
        bail!(
            "the node in {} belongs to no federation yet: `phaki join` with an invite, or \
             `phaki federation create`",
            folder.path().display()
        );
    }
    let store = Store::open(&path).context("open the store")?;
    let Identity {
        federation,
        node,
        epoch,
    } = *store.identity();
    folder.finish_rotation(node)?;
    let key = identity::read(&folder.node_key())?;
    if node != key.node() {
        bail!(
            "database {} belongs to node {node}, and {} is the key of {}: put the key back that \
             belongs to it",
            path.display(),
            folder.node_key().display(),
            key.node()
        );
    }
    // Not kept: it may be moved to another machine while the node runs, and back.
    folder.read_federation_key(federation)?;
    let durable = store.durable().context("read the store")?;
    let node = Node::new(key.clone(), epoch, identity::random()?, federation, durable)
        .context("start the node")?;
    let former = store.former_keys().context("read the store")?;
    let record = node.roster().nodes.get(&node.id());
    let replaced = record.and_then(|record| record.replaces);
    // Written under no key before: it is filled by its peers.
    let node = match replaced.is_some_and(|key| !former.contains(&key)) {
        true => node.refilled(),
        false => node,
    };
    if folder.next_node_key().exists() {
        warn!(
            "a change of this node's key was begun and is not finished: stop it and repeat `phaki \
             rotate-key`"
        );
    }
    Ok(Opened {
        folder,
        lock,
        key,
        store,
        node,
    })
}
