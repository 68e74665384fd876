//! What nodes said about people, with the keys that open it.

use std::collections::BTreeMap;

use phaki_replication::id::{SpaceId, Subject};
use phaki_replication::sign::Signature;
use phaki_replication::vault::{Content, SignedStatement, Statement, Told};

use super::{ReadError, Reader};
use crate::connection::open_reader;
use crate::vault;

impl Reader {
    /// All statements of the vaults of all spaces. Records whose key is not here, as after a backup
    /// was put back, are left out: they come again from others, unless they were erased.
    ///
    /// # Errors
    /// When reading fails.
    pub fn vaults(&self) -> Result<Vec<Told>, ReadError> {
        let signed: Vec<SignedStatement> = self.with(|connection| {
            let mut select = connection.prepare(
                "SELECT bytes, signature FROM vault ORDER BY space, subject, kind, node",
            )?;
            let rows = select.query_map([], |row| {
                let bytes: Vec<u8> = row.get(0)?;
                Ok(SignedStatement {
                    bytes: bytes.into(),
                    signature: Signature(row.get(1)?),
                })
            })?;
            rows.collect()
        })?;
        let path = vault::keys_beside(self.path());
        let keys: BTreeMap<(SpaceId, Subject), _> = match path.exists() {
            false => BTreeMap::new(),
            true => open_reader(&path)
                .and_then(|connection| vault::keys(&connection))
                .map_err(|source| ReadError::Sqlite { path, source })?
                .into_iter()
                .collect(),
        };
        let with_key = |signed: SignedStatement| {
            let said = Statement::decode(&signed.bytes).ok()?;
            let record = matches!(said.content, Content::Record(_));
            let key = keys.get(&(said.space, said.subject)).filter(|_| record);
            let told = Told {
                signed,
                key: key.cloned(),
            };
            told.read(&said.federation, &said.space).ok().map(|_| told)
        };
        Ok(signed.into_iter().filter_map(with_key).collect())
    }
}
