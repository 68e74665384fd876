//! What nodes ask their driver for besides writing: reads of the disk, and epochs.

use phaki_replication::node::{Effect, Event};
use rand::Rng;

use super::Cluster;
use crate::check::Violation;
use crate::options::Sabotage;
use crate::schedule::{Occurrence, Order};

impl Cluster {
    /// Begins what a node asks for; everything else has been carried out.
    pub(super) fn order(&mut self, index: usize, effect: Effect) {
        let order = match effect {
            Effect::Read {
                read,
                space,
                feed,
                from,
                bytes_target,
            } => Order::Run {
                read,
                space,
                feed,
                from,
                bytes_target,
            },
            Effect::Examine {
                read,
                space,
                feed,
                from,
            } => Order::Place {
                read,
                space,
                feed,
                from,
            },
            Effect::ReadSevered { read, space, run } => Order::Severed { read, space, run },
            Effect::ListSevered { space } => Order::List { space },
            Effect::Recall { space } => Order::Recall { space },
            Effect::DrawEpoch => Order::Epoch,
            _ => return,
        };
        let place = self.machines[index].place();
        let delay_us = self.rng.random_range(50..20_000);
        self.schedule
            .after(delay_us, Occurrence::OrderEnds { place, order });
    }

    /// Gives a node what it asked for. One read in a hundred fails where an
    /// answer can say so, whatever the reason.
    pub(super) fn deliver(&mut self, index: usize, order: Order) -> Result<(), Violation> {
        let fails = self.rng.random_bool(0.01) && !self.is_healed();
        let contents = &self.machines[index].disk.contents;
        let event = match order {
            Order::Run {
                read,
                space,
                feed,
                from,
                bytes_target,
            } => {
                let run = (!fails).then(|| contents.read(&space, &feed, from, bytes_target));
                let run = run.flatten();
                Event::Read { read, run }
            }
            Order::Place {
                read,
                space,
                feed,
                from,
            } => {
                let place = (!fails).then(|| contents.place(&space, &feed, from));
                let place = place.flatten();
                Event::Examined { read, place }
            }
            Order::Severed { read, space, run } => {
                let found = contents.severed_run(&space, &run);
                let found = found.filter(|_| !fails);
                Event::SeveredRead { read, found }
            }
            Order::List { space } => {
                let runs = Some(contents.kept(&space));
                Event::SeveredListed { space, runs }
            }
            Order::Recall { space } => {
                let entries = match self.options.sabotage {
                    Some(Sabotage::RepublishNothing) => Vec::new(),
                    _ => contents.recalled(&space, &self.machines[index].id),
                };
                Event::Recalled { space, entries }
            }
            Order::Epoch => {
                let epoch = phaki_replication::id::Epoch(self.rng.random());
                Event::EpochDrawn { epoch }
            }
        };
        self.handle(index, event)
    }
}
