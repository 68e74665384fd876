//! A key in twenty digits, to be read out by telephone and compared.

use phaki_replication::id::{Hash, NodeId};

/// Four groups of five digits: 66 bits of a hash of the key. To find another key with the same
/// digits is out of reach, and digits are read out in every language.
pub(crate) fn fingerprint(node: &NodeId) -> String {
    let hash = Hash::of("phaki/fingerprint/v1", &[&node.0]);
    let group = |bytes: &[u8]| {
        let number = bytes.iter().fold(0u64, |number, byte| {
            number.wrapping_mul(256).wrapping_add(u64::from(*byte))
        });
        format!("{:05}", number % 100_000)
    };
    let groups: Vec<String> = hash.0.chunks(8).map(group).collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_changes_and_differs_from_that_of_another_key() {
        assert_eq!(fingerprint(&NodeId([1; 32])), "45650 77019 70422 69124");
        assert_ne!(fingerprint(&NodeId([1; 32])), fingerprint(&NodeId([2; 32])));
    }
}
