//! The data folder of a node: what lies in it, and the lock that only one process can hold.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use phaki_replication::id::{FederationId, NodeId};
use phaki_replication::sign::SecretKey;

use crate::identity;

/// What [`init`] found or made.
#[derive(Clone, Debug)]
pub struct Initialised {
    /// The key of the node as others know it.
    pub node: NodeId,
    /// Whether the key was made now; otherwise the folder had one already.
    pub created: bool,
}

/// Makes the data folder (mode 0700) and the node's key, unless they exist. The node belongs to
/// no federation until [`crate::federation::create`] or [`crate::enrolment::join`].
pub fn init(data: &Path) -> anyhow::Result<Initialised> {
    let folder = DataFolder::make(data)?;
    let _lock = folder.lock()?;
    folder.init()
}

/// A data folder by its path.
#[derive(Clone, Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
}

/// Held while a process works in a data folder; given up when it ends in whatever way.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl DataFolder {
    /// The folder, which is made when there is none.
    pub(crate) fn make(path: &Path) -> anyhow::Result<Self> {
        if !path.exists() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .with_context(|| format!("make data folder {}", path.display()))?;
        }
        Self::open(path)
    }

    /// A folder that exists. Nobody but its owner may enter it.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let path = path.to_owned();
        let shown = path.display();
        let found = match std::fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!("data folder {shown} does not exist: `phaki init` makes it");
            }
            found => found.with_context(|| format!("open data folder {shown}"))?,
        };
        if !found.is_dir() {
            bail!("open data folder {shown}: it is no folder");
        }
        if found.permissions().mode() & 0o077 != 0 {
            let empty = std::fs::read_dir(&path)
                .with_context(|| format!("read data folder {shown}"))?
                .next()
                .is_none();
            if !empty && !path.join("node.key").exists() {
                bail!(
                    "open data folder {shown}: others may enter it, and it holds other files: \
                     name a folder of its own, or `chmod 700` it"
                );
            }
            std::fs::set_permissions(&path, Permissions::from_mode(0o700))
                .with_context(|| format!("make data folder {shown} private"))?;
        }
        Ok(Self { path })
    }

    /// The folder of a node that runs, which has opened it.
    pub(crate) fn at(path: &Path) -> Self {
        let path = path.to_owned();
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn node_key(&self) -> PathBuf {
        self.path.join("node.key")
    }

    /// The key that is to replace the node's, until it has.
    pub(crate) fn next_node_key(&self) -> PathBuf {
        self.path.join("node.key.next")
    }

    /// The key that is to replace the node's: the one that was drawn before, should there be one,
    /// so that whoever asks again asks with the same.
    pub(crate) fn draw_next_node_key(&self) -> anyhow::Result<SecretKey> {
        let path = self.next_node_key();
        match path.exists() {
            true => identity::read(&path),
            false => identity::create(&path),
        }
    }

    /// Puts the next key in the place of the node's when the store, which is that of `node`, is the
    /// next key's already: a crash may have come between. The key before is gone then. Whether there
    /// was anything to do.
    pub(crate) fn finish_rotation(&self, node: NodeId) -> anyhow::Result<bool> {
        let (next, path) = (self.next_node_key(), self.node_key());
        let unfinished = next.exists() && identity::read(&next)?.node() == node;
        if unfinished {
            std::fs::rename(&next, &path)
                .and_then(|()| File::open(&self.path)?.sync_all())
                .with_context(|| format!("name key {}", path.display()))?;
        }
        Ok(unfinished)
    }

    /// Lies where the federation was founded, unless it was moved to a safer place.
    pub(crate) fn federation_key(&self) -> PathBuf {
        self.path.join("federation.key")
    }

    /// The key of that federation, if it lies here now: it may be moved to another machine while
    /// the node runs, and back.
    pub(crate) fn read_federation_key(
        &self,
        federation: FederationId,
    ) -> anyhow::Result<Option<SecretKey>> {
        let path = self.federation_key();
        if !path.exists() {
            return Ok(None);
        }
        let key = identity::read(&path)?;
        if key.federation() != federation {
            bail!(
                "{} is the key of another federation: take it out of the data folder",
                path.display()
            );
        }
        Ok(Some(key))
    }

    /// The federation's key until the store exists: the name tells what a crash interrupted from
    /// a store that was lost.
    pub(crate) fn federation_key_unused(&self) -> PathBuf {
        self.path.join("federation.key.unused")
    }

    /// Gives the key of a federation that was founded its name, should a crash have come between.
    pub(crate) fn finish_founding(&self) -> anyhow::Result<()> {
        let (unused, path) = (self.federation_key_unused(), self.federation_key());
        if unused.exists() && self.database().exists() {
            std::fs::rename(&unused, &path)
                .and_then(|()| File::open(&self.path)?.sync_all())
                .with_context(|| format!("name key {}", path.display()))?;
        }
        Ok(())
    }

    /// Says which node the key of this one was shown to, in asking it to join.
    fn asked(&self) -> PathBuf {
        self.path.join("node.asked")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("phaki.db")
    }

    /// Takes the lock. Refused, with the number of the process that has it, when there is one.
    pub(crate) fn lock(&self) -> anyhow::Result<Lock> {
        let path = self.path.join("phaki.lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("open lock {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let holder = match file.read_to_string(&mut text) {
                    Ok(_) if !text.trim().is_empty() => format!("process {}", text.trim()),
                    Ok(_) | Err(_) => "another process".to_owned(),
                };
                bail!(
                    "data folder {} is in use by {holder}: stop it first, or name another folder",
                    self.path.display()
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("lock {}", path.display()));
            }
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .with_context(|| format!("write lock {}", path.display()))?;
        Ok(Lock { _file: file })
    }

    /// Makes the node's key unless there is one. The lock must be held.
    pub(crate) fn init(&self) -> anyhow::Result<Initialised> {
        let path = self.node_key();
        let created = !path.exists();
        if created && self.database().exists() {
            bail!(
                "data folder {}: its key {} is gone, and without it the node is nobody: restore \
                 the key from a backup, or put the folder aside and join again with a new invite",
                self.path.display(),
                path.display()
            );
        }
        let key = if created {
            identity::create(&path)?
        } else {
            identity::read(&path)?
        };
        let node = key.node();
        Ok(Initialised { node, created })
    }

    /// Makes the node's key for asking `inviter`, unless there is one. A key asks one node in its
    /// life, so that no other can say that it was asked: when another was asked before, and has
    /// not admitted it, a new key takes its place. The lock must be held.
    pub(crate) fn init_to_ask(&self, inviter: NodeId) -> anyhow::Result<Initialised> {
        let path = self.asked();
        let before = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).context(format!("read {}", path.display())),
        };
        let asked = format!("{inviter}\n");
        if before.is_some_and(|before| before != asked) {
            identity::create(&self.node_key())?;
        }
        let initialised = self.init()?;
        write_private(&path, asked.as_bytes())
            .with_context(|| format!("write {}", path.display()))?;
        Ok(initialised)
    }
}

/// Writes a file that only its owner may read, under its final name only once it is complete and
/// durable.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_is_refused_with_the_folder_and_the_process() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::make(&parent.path().join("data")).unwrap();
        let first = folder.lock().unwrap();
        let refused = folder.lock().unwrap_err().to_string();
        assert!(
            refused.contains(&folder.path().display().to_string()),
            "{refused}"
        );
        assert!(
            refused.contains(&format!("process {}", std::process::id())),
            "{refused}"
        );
        drop(first);
        folder.lock().unwrap();
    }

    #[test]
    fn init_draws_no_new_key_beside_a_store() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::make(&parent.path().join("data")).unwrap();
        std::fs::write(folder.database(), "").unwrap();
        let refused = init(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("restore the key"), "{refused}");
        assert!(!folder.node_key().exists());
    }

    #[test]
    fn a_key_asks_one_node_and_another_node_is_asked_with_a_new_key() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::make(&parent.path().join("data")).unwrap();
        let own = folder.init().unwrap().node;
        let ask = |inviter| folder.init_to_ask(NodeId([inviter; 32])).unwrap().node;
        assert_eq!((ask(1), ask(1)), (own, own));
        let other = ask(2);
        assert_ne!(other, own);
        assert_eq!(ask(2), other);
        assert_ne!(ask(1), own, "a key that was given up does not come back");
    }

    #[test]
    fn init_makes_a_private_folder_and_keeps_the_key_it_finds() {
        let parent = tempfile::tempdir().unwrap();
        let data = parent.path().join("data");
        let first = init(&data).unwrap();
        let again = init(&data).unwrap();
        assert!(first.created && !again.created);
        assert_eq!(first.node, again.node);
        for (path, mode) in [(data.clone(), 0o700), (data.join("node.key"), 0o600)] {
            let found = std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(found & 0o777, mode);
        }
    }

    #[test]
    fn the_next_key_is_drawn_once_and_takes_the_place_of_the_nodes_when_the_store_is_its_own() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::make(&parent.path().join("data")).unwrap();
        let old = folder.init().unwrap().node;
        assert!(!folder.finish_rotation(old).unwrap());
        let next = folder.draw_next_node_key().unwrap().node();
        assert_eq!(folder.draw_next_node_key().unwrap().node(), next);
        let mode = std::fs::metadata(folder.next_node_key()).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        // The store is still that of the key before.
        assert!(!folder.finish_rotation(old).unwrap());
        assert_eq!(folder.init().unwrap().node, old);
        assert!(folder.finish_rotation(next).unwrap());
        assert_eq!(folder.init().unwrap().node, next);
        assert!(!folder.next_node_key().exists());
        assert!(!folder.finish_rotation(next).unwrap());
    }

    #[test]
    fn a_folder_of_something_else_is_not_made_private() {
        let parent = tempfile::tempdir().unwrap();
        std::fs::set_permissions(parent.path(), Permissions::from_mode(0o755)).unwrap();
        std::fs::write(parent.path().join("thesis.txt"), "").unwrap();
        let refused = init(parent.path()).unwrap_err().to_string();
        assert!(refused.contains("holds other files"), "{refused}");
    }
}
