//! Which changes of a document are sound: whatever their operations refer to is there.
//!
//! A change that refers to an object, an element or a value that no sound change made would break
//! the document for everybody. It is left out, and with it what follows it. That depends on
//! nothing but the set of changes, so nodes with equal heads show equal documents. An honest
//! change never follows one that was left out: the document of its author did not contain it.

use std::collections::{BTreeMap, BTreeSet};

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId, OpType};
use automerge::{
    ActorId, Automerge, Change, ChangeHash, ExpandedChange, ObjId, ObjType, ROOT, ReadDoc,
};

use crate::change;

/// The changes to be applied, and those to be left out.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    pub(super) sound: Vec<Change>,
    pub(super) left_out: Vec<Change>,
}

/// Judges changes that are to be applied to a document all of whose changes are sound. A change
/// whose dependency is not known at all is not judged by that; Automerge will miss the other.
pub(super) fn sort(document: &Automerge, changes: Vec<Change>) -> Result<Sorted, String> {
    let mut judge = Judge::of(document);
    let mut sorted = Sorted::default();
    for change in in_causal_order(changes) {
        if judge.has(&change.hash()) {
            continue;
        }
        let misses = change.deps().iter().any(|dep| !judge.knows(dep));
        judge.judged.insert(change.hash());
        let expanded = change::guarded(|| change.decode())?;
        if misses || judge.accepts(expanded) {
            sorted.sound.push(change);
        } else {
            judge.leave_out(&change);
            sorted.left_out.push(change);
        }
    }
    Ok(sorted)
}

/// Each change after those it follows, otherwise by the number of its first operation, so that
/// an operation comes after all with lower numbers that its author can have known.
fn in_causal_order(changes: Vec<Change>) -> Vec<Change> {
    let mut by_hash: BTreeMap<ChangeHash, usize> = BTreeMap::new();
    let mut by_number: BTreeMap<(ActorId, u64), usize> = BTreeMap::new();
    for (index, change) in changes.iter().enumerate() {
        by_hash.entry(change.hash()).or_insert(index);
        let number = (change.actor_id().clone(), change.seq());
        by_number.entry(number).or_insert(index);
    }
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); changes.len()];
    let mut missing = vec![0_usize; changes.len()];
    let mut ready = BTreeSet::new();
    let place = |index: usize| (changes[index].start_op(), changes[index].hash(), index);
    for (index, change) in changes.iter().enumerate() {
        let own = (change.actor_id().clone(), change.seq().saturating_sub(1));
        let deps = change.deps().iter().filter_map(|dep| by_hash.get(dep));
        for dep in deps.chain(by_number.get(&own)) {
            followers[*dep].push(index);
            missing[index] += 1;
        }
        if missing[index] == 0 {
            ready.insert(place(index));
        }
    }
    let mut order = Vec::with_capacity(changes.len());
    while let Some((_, _, index)) = ready.pop_first() {
        order.push(index);
        for follower in &followers[index] {
            missing[*follower] -= 1;
            if missing[*follower] == 0 {
                ready.insert(place(*follower));
            }
        }
    }
    // No admitted changes wait for each other in a circle; what else might, comes last.
    let mut rest: Vec<usize> = (0..changes.len()).filter(|at| missing[*at] > 0).collect();
    rest.sort_by_key(|index| place(*index));
    order.extend(rest);
    let mut slots: Vec<Option<Change>> = changes.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|at| slots[at].take())
        .collect()
}

/// What is known of the document and the changes judged so far.
#[derive(Debug)]
struct Judge<'a> {
    document: &'a Automerge,
    /// The operations of the changes judged, and those of the document once they were needed.
    made: Operations,
    has_read_document: bool,
    judged: BTreeSet<ChangeHash>,
    left_out: BTreeSet<ChangeHash>,
    left_out_numbers: BTreeSet<(ActorId, u64)>,
}

impl<'a> Judge<'a> {
    fn of(document: &'a Automerge) -> Judge<'a> {
        Judge {
            document,
            made: Operations::default(),
            has_read_document: false,
            judged: BTreeSet::new(),
            left_out: BTreeSet::new(),
            left_out_numbers: BTreeSet::new(),
        }
    }

    /// Whether the document contains a change already.
    fn has(&self, hash: &ChangeHash) -> bool {
        self.document.get_change_meta_by_hash(hash).is_some()
    }

    fn knows(&self, hash: &ChangeHash) -> bool {
        self.judged.contains(hash) || self.has(hash)
    }

    /// Whether a change is sound; its operations then can be referred to.
    fn accepts(&mut self, change: ExpandedChange) -> bool {
        let own = (change.actor_id.clone(), change.seq.saturating_sub(1));
        let follows_one_left_out = self.left_out_numbers.contains(&own)
            || change.deps.iter().any(|dep| self.left_out.contains(dep));
        if follows_one_left_out || change::check_operations(&change).is_err() {
            return false;
        }
        // An operation may refer to earlier ones of its own change.
        let place = self.made.add(change);
        let mut sound = self.all_resolve(&place);
        if !sound && !self.has_read_document {
            // Taking all changes out of a long history takes longer than all else.
            self.has_read_document = true;
            for change in self.document.get_changes(&[]) {
                self.made.add(change.decode());
            }
            sound = self.all_resolve(&place);
        }
        if !sound {
            self.made.remove(&place);
        }
        sound
    }

    fn all_resolve(&self, place: &(ActorId, u64)) -> bool {
        let mut ops = self.made.of(place).iter();
        ops.all(|op| self.made.resolves(op) || replaces_shown(self.document, op))
    }

    fn leave_out(&mut self, change: &Change) {
        self.left_out.insert(change.hash());
        let number = (change.actor_id().clone(), change.seq());
        self.left_out_numbers.insert(number);
    }
}

/// Whether an operation writes a field over values that it has in the document: the usual edit.
fn replaces_shown(document: &Automerge, op: &Op) -> bool {
    let (ObjectId::Root, Key::Map(key)) = (&op.obj, &op.key) else {
        return false;
    };
    let shown = document.get_all(ROOT, key.as_str()).unwrap_or_default();
    op.pred.iter().all(|id| {
        shown.iter().any(|(_, made)| {
            matches!(made, ObjId::Id(counter, actor, _)
                if *counter == id.counter() && actor == id.actor())
        })
    })
}

/// The operations of sound changes: by actor, then by the number of the first of each change.
#[derive(Debug, Default)]
struct Operations(BTreeMap<ActorId, BTreeMap<u64, Vec<Op>>>);

impl Operations {
    fn add(&mut self, change: ExpandedChange) -> (ActorId, u64) {
        let place = (change.actor_id, change.start_op.get());
        if !change.operations.is_empty() {
            let changes = self.0.entry(place.0.clone()).or_default();
            changes.insert(place.1, change.operations);
        }
        place
    }

    fn of(&self, (actor, start): &(ActorId, u64)) -> &[Op] {
        let of_actor = self.0.get(actor);
        of_actor
            .and_then(|changes| changes.get(start))
            .map_or(&[], Vec::as_slice)
    }

    fn remove(&mut self, (actor, start): &(ActorId, u64)) {
        if let Some(changes) = self.0.get_mut(actor) {
            changes.remove(start);
        }
    }

    fn get(&self, id: &OpId) -> Option<&Op> {
        let (start, ops) = self.0.get(id.actor())?.range(..=id.counter()).next_back()?;
        ops.get(usize::try_from(id.counter() - start).ok()?)
    }

    /// Whether everything an operation refers to is there and is what it must be. That each
    /// comes before it was checked with the change alone.
    fn resolves(&self, op: &Op) -> bool {
        let sequence = matches!(op.key, Key::Seq(_));
        let object = match &op.obj {
            ObjectId::Root => !sequence,
            ObjectId::Id(id) => self.get(id).is_some_and(|made| match made.action {
                OpType::Make(ObjType::Map) => !sequence,
                OpType::Make(ObjType::List | ObjType::Text) => sequence,
                OpType::Make(ObjType::Table)
                | OpType::Delete
                | OpType::Increment(_)
                | OpType::Put(_)
                | OpType::MarkBegin(_)
                | OpType::MarkEnd(_) => false,
            }),
        };
        let element = match &op.key {
            Key::Map(_) | Key::Seq(ElementId::Head) => true,
            Key::Seq(ElementId::Id(id)) => self
                .get(id)
                .is_some_and(|made| made.insert && made.obj == op.obj),
        };
        let superseded = op.pred.iter().all(|id| {
            self.get(id).is_some_and(|made| {
                let same_place = if made.insert {
                    matches!(&op.key, Key::Seq(ElementId::Id(at)) if at == id)
                } else {
                    made.key == op.key
                };
                same_place && made.obj == op.obj && supersedable(&made.action)
            })
        });
        object && element && superseded
    }
}

/// A removal leaves nothing to supersede.
fn supersedable(action: &OpType) -> bool {
    matches!(
        action,
        OpType::Make(_) | OpType::Put(_) | OpType::Increment(_)
    )
}
