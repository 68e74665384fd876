//! What nodes said last of what they hold durably.

use phaki_replication::id::SpaceId;
use phaki_replication::receipt::Receipt;

use super::{ReadError, Reader};

impl Reader {
    /// The newest receipts of a space, by node. They were verified before they were stored.
    ///
    /// # Errors
    /// When reading fails or a stored receipt is damaged.
    pub fn receipts(&self, space: &SpaceId) -> Result<Vec<Receipt>, ReadError> {
        let stored: Vec<Vec<u8>> = self.with(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT bytes FROM receipt JOIN space ON space.key = receipt.space
                 WHERE space.id = ?1 ORDER BY node",
            )?;
            select.query_map([space.0], |row| row.get(0))?.collect()
        })?;
        let receipts = stored.iter().map(|bytes| Receipt::decode(bytes));
        let receipts = receipts.collect::<Result<_, _>>();
        receipts.map_err(|_| self.damaged("receipt"))
    }
}
