//! The bounded queue before the writer: everything that waits is taken at once.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::limits::{GROUP_BYTES_MAX, GROUP_JOBS_MAX, QUEUE_BYTES_MAX, QUEUE_JOBS_MAX};

/// What the queue must know of what stands in it.
pub(crate) trait Queued {
    /// Bytes in memory, roughly.
    fn bytes(&self) -> usize;
    /// Whether it must not share a transaction with anything else.
    fn alone(&self) -> bool;
}

/// A first-in-first-out queue with a limit on number and bytes.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    arrived: Condvar,
    left: Condvar,
}

#[derive(Debug)]
struct Waiting<T> {
    items: VecDeque<T>,
    bytes: usize,
    closed: bool,
}

impl<T: Queued> Queue<T> {
    pub(crate) fn new() -> Self {
        let waiting = Waiting {
            items: VecDeque::new(),
            bytes: 0,
            closed: false,
        };
        Self {
            waiting: Mutex::new(waiting),
            arrived: Condvar::new(),
            left: Condvar::new(),
        }
    }

    /// Adds an item, waiting for room; gives it back when the queue is closed.
    pub(crate) fn push(&self, item: T) -> Result<(), T> {
        let waiting = self
            .left
            .wait_while(self.lock(), |waiting| {
                !waiting.closed && !waiting.has_room_for(&item)
            })
            .unwrap_or_else(PoisonError::into_inner);
        self.add(waiting, item)
    }

    /// Adds an item if there is room; gives it back when there is none or the queue is closed.
    pub(crate) fn try_push(&self, item: T) -> Result<(), T> {
        let waiting = self.lock();
        if waiting.has_room_for(&item) {
            self.add(waiting, item)
        } else {
            Err(item)
        }
    }

    fn add(&self, mut waiting: MutexGuard<'_, Waiting<T>>, item: T) -> Result<(), T> {
        if waiting.closed {
            return Err(item);
        }
        waiting.bytes += item.bytes();
        waiting.items.push_back(item);
        self.arrived.notify_one();
        Ok(())
    }

    /// Waits for items and takes what may share a transaction; `None` when the queue is closed
    /// and empty.
    pub(crate) fn take(&self) -> Option<Vec<T>> {
        let mut waiting = self
            .arrived
            .wait_while(self.lock(), |waiting| {
                !waiting.closed && waiting.items.is_empty()
            })
            .unwrap_or_else(PoisonError::into_inner);
        let mut group = vec![waiting.pop()?];
        let mut bytes = group[0].bytes();
        while let Some(next) = waiting.items.front() {
            let full = group.len() >= GROUP_JOBS_MAX || bytes + next.bytes() > GROUP_BYTES_MAX;
            if full || next.alone() || group[0].alone() {
                break;
            }
            bytes += next.bytes();
            group.extend(waiting.pop());
        }
        self.left.notify_all();
        Some(group)
    }

    /// Waits for items; true when none came for so long.
    pub(crate) fn rests(&self, patience: Duration) -> bool {
        let (waiting, _) = self
            .arrived
            .wait_timeout_while(self.lock(), patience, |waiting| {
                !waiting.closed && waiting.items.is_empty()
            })
            .unwrap_or_else(PoisonError::into_inner);
        !waiting.closed && waiting.items.is_empty()
    }

    /// Refuses further items; those that wait can still be taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
        self.left.notify_all();
    }

    /// Closes the queue and gives up what waits.
    pub(crate) fn abandon(&self) -> Vec<T> {
        self.close();
        let mut waiting = self.lock();
        waiting.bytes = 0;
        waiting.items.drain(..).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Queued> Waiting<T> {
    fn has_room_for(&self, item: &T) -> bool {
        let fits = self.bytes + item.bytes() <= QUEUE_BYTES_MAX;
        self.items.is_empty() || (self.items.len() < QUEUE_JOBS_MAX && fits)
    }

    fn pop(&mut self) -> Option<T> {
        let item = self.items.pop_front()?;
        self.bytes -= item.bytes();
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Queued for (usize, bool) {
        fn bytes(&self) -> usize {
            self.0
        }
        fn alone(&self) -> bool {
            self.1
        }
    }

    #[test]
    fn takes_all_that_fits_in_order_and_singles_alone() {
        let queue = Queue::new();
        let items = [
            (1, false),
            (2, false),
            (3, true),
            (GROUP_BYTES_MAX, false),
            (1, false),
        ];
        for item in items {
            queue.push(item).unwrap();
        }
        queue.close();
        assert_eq!(queue.push((1, false)), Err((1, false)));
        assert_eq!(queue.take(), Some(vec![(1, false), (2, false)]));
        assert_eq!(queue.take(), Some(vec![(3, true)]));
        assert_eq!(queue.take(), Some(vec![(GROUP_BYTES_MAX, false)]));
        assert_eq!(queue.take(), Some(vec![(1, false)]));
        assert_eq!(queue.take(), None);
    }

    #[test]
    fn a_full_queue_makes_submitters_wait_and_an_oversized_item_still_gets_in() {
        let queue = Queue::new();
        let large = (QUEUE_BYTES_MAX + 1, false);
        queue.try_push(large).unwrap();
        assert_eq!(queue.try_push((1, false)), Err((1, false)));
        std::thread::scope(|scope| {
            let submitter = scope.spawn(|| queue.push((1, false)));
            assert_eq!(queue.take(), Some(vec![large]));
            assert_eq!(queue.take(), Some(vec![(1, false)]));
            assert!(submitter.join().unwrap().is_ok());
        });
    }
}
