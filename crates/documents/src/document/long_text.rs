//! Rewriting a long text so that concurrent edits of other parts of it merge.

use automerge::transaction::{Transactable, Transaction};
use automerge::{AutomergeError, ObjId};
use unicode_segmentation::UnicodeSegmentation;

/// Grapheme clusters, old and new together, that are compared one by one. Comparing takes the
/// product of length and difference: at this size milliseconds, for the longest text a minute.
const COMPARED_MAX: usize = 4_000;

/// Makes the text object read `new`. What both texts begin and end with stays untouched; in
/// between, a passage of moderate size is compared cluster by cluster and a larger one is
/// replaced as a whole. A Thai cluster (consonant with its vowel and tone marks) is never split.
pub(super) fn rewrite(
    transaction: &mut Transaction<'_>,
    object: &ObjId,
    old: &str,
    new: &str,
) -> Result<(), AutomergeError> {
    let passage = Passage::between(old, new);
    if passage.clusters <= COMPARED_MAX {
        return transaction.update_text(object, new);
    }
    let deleted = isize::try_from(passage.deleted).unwrap_or(isize::MAX);
    transaction.splice_text(object, passage.start, deleted, passage.inserted)
}

/// Where two texts differ, in code points, the unit of text positions in our documents.
struct Passage<'a> {
    start: usize,
    deleted: usize,
    inserted: &'a str,
    clusters: usize,
}

impl<'a> Passage<'a> {
    fn between(old: &str, new: &'a str) -> Passage<'a> {
        let old: Vec<&str> = old.graphemes(true).collect();
        let new_clusters: Vec<&str> = new.graphemes(true).collect();
        let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
        let prefix = old.iter().zip(&new_clusters).take_while(same).count();
        let (old, middle) = (&old[prefix..], &new_clusters[prefix..]);
        let suffix = old
            .iter()
            .rev()
            .zip(middle.iter().rev())
            .take_while(same)
            .count();
        let (old, middle) = (&old[..old.len() - suffix], &middle[..middle.len() - suffix]);
        let bytes = |clusters: &[&str]| clusters.iter().map(|cluster| cluster.len()).sum::<usize>();
        let points = |clusters: &[&str]| {
            let counts = clusters.iter().map(|cluster| cluster.chars().count());
            counts.sum::<usize>()
        };
        let from = bytes(&new_clusters[..prefix]);
        Passage {
            start: points(&new_clusters[..prefix]),
            deleted: points(old),
            inserted: new.get(from..from + bytes(middle)).unwrap_or_default(),
            clusters: old.len() + middle.len(),
        }
    }
}
