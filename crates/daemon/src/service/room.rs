//! Room in memory for edits that wait for the disk.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::denial::Denial;

/// A number of bytes that is given away and comes back. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Room {
    free: Arc<Semaphore>,
    bytes: u32,
}

impl Room {
    pub(super) fn new(bytes: u32) -> Self {
        let free = usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            free: Arc::new(Semaphore::new(free)),
            bytes,
        }
    }

    /// Waits, in turn, until so many bytes are free, and keeps them until the answer is dropped.
    /// What is larger than all the room gets all of it.
    pub(super) async fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Denial> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.bytes);
        let taken = Arc::clone(&self.free).acquire_many_owned(bytes).await;
        taken.map_err(|_| Denial::stopping())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn what_does_not_fit_waits_in_turn_until_there_is_room() {
        let room = Room::new(100);
        let large = room.take(80).now_or_never().unwrap().unwrap();
        let mut waiting = Box::pin(room.take(50));
        assert!((&mut waiting).now_or_never().is_none());
        assert!(
            room.take(10).now_or_never().is_none(),
            "the other was first"
        );
        drop(large);
        let taken = waiting.now_or_never().unwrap().unwrap();
        drop(taken);
        assert!(room.take(usize::MAX).now_or_never().unwrap().is_ok());
    }
}
