//! Random histories: the store equals a model in ordered maps, and order does not matter.

use std::collections::BTreeMap;

use phaki_documents::Document;
use phaki_replication::entry::{Entry, EntryKind, Payload, root};
use phaki_replication::feed::Checkpoint;
use phaki_replication::feed::Run;
use phaki_replication::id::FeedId;
use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::world::{Author, Opened, enact, federation, manifest, plan, runs, space};

/// One feed as a list.
#[derive(Default)]
struct ModelFeed {
    entries: Vec<Entry>,
    checkpoints: BTreeMap<u64, Checkpoint>,
}

impl ModelFeed {
    fn run(&self, feed: FeedId, from: u64, bytes_target: usize) -> Option<Run> {
        let at = |seq: u64| usize::try_from(seq).unwrap();
        let bytes = |to: u64| -> usize {
            self.entries[at(from)..at(to)]
                .iter()
                .map(|entry| entry.payload.length())
                .sum()
        };
        let mut later = self
            .checkpoints
            .range(from + 1..)
            .map(|(_, checkpoint)| *checkpoint);
        let first = later.next()?;
        let checkpoint = later
            .take_while(|later| bytes(later.length) <= bytes_target)
            .last()
            .unwrap_or(first);
        let entries = self.entries[at(from)..at(checkpoint.length)].to_vec();
        Some(Run {
            feed,
            from,
            entries,
            checkpoint,
        })
    }
}

#[derive(Clone, Debug)]
enum Step {
    Append {
        author: usize,
        sizes: Vec<usize>,
        dropped: bool,
        together: bool,
    },
    Cap {
        author: usize,
        length: u64,
    },
    Reopen,
    Read {
        author: usize,
        from: u64,
        bytes_target: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let sizes = prop::collection::vec(0..5000_usize, 1..6);
    prop_oneof![
        6 => (0..3_usize, sizes, any::<bool>(), any::<bool>()).prop_map(
            |(author, sizes, dropped, together)| Step::Append { author, sizes, dropped, together }
        ),
        1 => (0..3_usize, 0..20_u64).prop_map(|(author, length)| Step::Cap { author, length }),
        1 => Just(Step::Reopen),
        4 => (0..3_usize, 0..20_u64, 0..30_000_usize).prop_map(
            |(author, from, bytes_target)| Step::Read { author, from, bytes_target }
        ),
    ]
}

fn entries(sizes: &[usize], dropped: bool) -> Vec<Entry> {
    let entry = |size: &usize| {
        let present = Payload::Present(vec![5; *size].into());
        let length = u32::try_from(*size).unwrap();
        let drop = dropped && size.is_multiple_of(2);
        let without = Payload::Dropped {
            hash: present.hash(),
            length,
        };
        let payload = if drop { without } else { present };
        Entry {
            kind: EntryKind::RECORD,
            time_ms: -1,
            payload,
        }
    };
    sizes.iter().map(entry).collect()
}

fn check(opened: &Opened, model: &BTreeMap<FeedId, ModelFeed>, caps: &BTreeMap<FeedId, u64>) {
    let durable = opened.store.durable().unwrap();
    let mut found: Vec<_> = durable.feeds;
    found.sort_by_key(|feed| feed.feed);
    assert_eq!(found.len(), model.len());
    for (stored, (feed, model)) in found.iter().zip(model) {
        let bytes: usize = model
            .entries
            .iter()
            .map(|entry| entry.payload.length())
            .sum();
        let head = model
            .checkpoints
            .last_key_value()
            .map_or(root(&federation(), &space(), feed), |(_, checkpoint)| {
                checkpoint.head
            });
        assert_eq!(
            (stored.space, stored.feed, stored.head),
            (space(), *feed, head)
        );
        assert_eq!(stored.length, u64::try_from(model.entries.len()).unwrap());
        assert_eq!(stored.bytes, u64::try_from(bytes).unwrap());
    }
    for row in opened.reader().feeds(&space()).unwrap() {
        let cap = caps.get(&row.feed).copied().unwrap_or(u64::MAX);
        assert_eq!(row.applied, row.length.min(cap));
    }
}

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_store_equals_a_map_of_lists_under_random_writes_and_reopening(
        steps in prop::collection::vec(step(), 1..40)
    ) {
        let mut opened = Opened::new();
        let mut authors = [2, 3, 4].map(Author::new);
        let mut model = BTreeMap::<FeedId, ModelFeed>::new();
        let mut caps = BTreeMap::new();
        let mut pending = Vec::new();
        for step in steps {
            match step {
                Step::Append { author, sizes, dropped, together } => {
                    let author = &mut authors[author];
                    let run = author.sign(entries(&sizes, dropped));
                    let feed = model.entry(author.feed).or_default();
                    feed.entries.extend(run.entries.clone());
                    feed.checkpoints.insert(run.checkpoint.length, run.checkpoint);
                    let cap = caps.get(&author.feed).copied().unwrap_or(u64::MAX);
                    pending.push((run, cap));
                    if together {
                        continue;
                    }
                }
                Step::Cap { author, length } => {
                    caps.insert(authors[author].feed, length);
                    put(&mut opened, &mut pending);
                    let mut manifest = manifest(1);
                    manifest.caps.clone_from(&caps);
                    let feeds: Vec<_> = authors.iter().map(|author| author.feed).collect();
                    opened.put(enact(&manifest, &feeds));
                }
                Step::Reopen => {
                    put(&mut opened, &mut pending);
                    opened = opened.reopen();
                }
                Step::Read { author, from, bytes_target } => {
                    put(&mut opened, &mut pending);
                    let feed = authors[author].feed;
                    let read = opened.reader().run(&space(), &feed, from, bytes_target).unwrap();
                    let expected = model
                        .get(&feed)
                        .filter(|model| from < u64::try_from(model.entries.len()).unwrap())
                        .and_then(|model| model.run(feed, from, bytes_target));
                    prop_assert_eq!(read, expected);
                }
            }
            put(&mut opened, &mut pending);
            check(&opened, &model, &caps);
        }
        put(&mut opened, &mut pending);
        check(&opened, &model, &caps);
        prop_assert_eq!(opened.reader().verify(&federation()).unwrap().problems, []);
    }

    #[test]
    fn stores_with_the_same_frontier_have_the_same_heads_whatever_came_first(
        edits in prop::collection::vec((0..3_usize, 1..3_u8, any::<bool>()), 1..30),
        orders in prop::collection::vec(prop::collection::vec(0..3_usize, 60), 2),
    ) {
        let mut authors = [2, 3, 4].map(Author::new);
        let mut replicas = [0, 1, 2].map(|_| BTreeMap::<u8, Document>::new());
        let mut feeds: [Vec<Run>; 3] = Default::default();
        for (turn, (who, number, see)) in edits.into_iter().enumerate() {
            if see {
                let all: Vec<Vec<u8>> = replicas
                    .iter()
                    .filter_map(|replica| replica.get(&number))
                    .flat_map(Document::changes)
                    .collect();
                let seen = replicas[who].entry(number).or_insert_with(|| {
                    Document::empty(plan(number))
                });
                seen.apply(all.iter().map(Vec::as_slice)).unwrap();
            }
            let document =
                replicas[who].entry(number).or_insert_with(|| Document::empty(plan(number)));
            let payload = authors[who].edit(document, "title/th", &format!("แผน {turn}"));
            feeds[who].push(authors[who].publish(&[payload]));
        }
        let mut states = Vec::new();
        for order in &orders {
            let mut opened = Opened::new();
            let mut next = [0; 3];
            for who in order.iter().copied().chain([0, 1, 2].into_iter().cycle().take(90)) {
                if let Some(run) = feeds[who].get(next[who]) {
                    opened.put(runs([run.clone()]));
                    next[who] += 1;
                }
            }
            prop_assert_eq!(opened.space_row().waiting, 0);
            for number in [1, 2] {
                opened.load(&plan(number));
            }
            states.push(opened.state());
        }
        prop_assert_eq!(&states[0], &states[1]);
    }
}

/// Stores what was collected, in one write.
fn put(opened: &mut Opened, pending: &mut Vec<(Run, u64)>) {
    if !pending.is_empty() {
        let runs = std::mem::take(pending);
        opened.put(phaki_replication::node::Change::Runs {
            space: space(),
            runs,
        });
    }
}
