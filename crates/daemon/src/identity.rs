//! Secret keys in files: 32 random bytes in hexadecimal, readable by their owner alone.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use data_encoding::HEXLOWER;
use phaki_replication::sign::SecretKey;

use crate::data_folder::write_private;

/// Draws a key and writes it to a file that does not exist yet.
pub(crate) fn create(path: &Path) -> anyhow::Result<SecretKey> {
    let key = SecretKey::from_seed(&random()?);
    let text = format!("{}\n", HEXLOWER.encode(&key.seed()));
    write_private(path, text.as_bytes())
        .with_context(|| format!("write key {}", path.display()))?;
    Ok(key)
}

/// Reads a key. Refused when others than the owner may read the file.
pub(crate) fn read(path: &Path) -> anyhow::Result<SecretKey> {
    let shown = path.display();
    let mode = std::fs::metadata(path)
        .with_context(|| format!("read key {shown}"))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        bail!("read key {shown}: others may read it: `chmod 600` it, or draw a new one");
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("read key {shown}"))?;
    let seed = HEXLOWER.decode(text.trim().as_bytes()).ok();
    let seed: Option<[u8; 32]> = seed.and_then(|seed| seed.try_into().ok());
    let Some(seed) = seed else {
        bail!("read key {shown}: it is not 32 bytes in hexadecimal: restore it from a backup");
    };
    Ok(SecretKey::from_seed(&seed))
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("draw random bytes: {error}"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_is_refused_when_others_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.key");
        let key = create(&path).unwrap();
        assert_eq!(read(&path).unwrap().node(), key.node());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = read(&path).unwrap_err().to_string();
        assert!(refused.contains("chmod 600"), "{refused}");
    }
}
