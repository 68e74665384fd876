//! Everything that the fuzzers once found worth keeping is tried again.

use std::fs;
use std::path::Path;

use phaki_fuzz::TARGETS;

#[test]
fn the_corpus_of_every_target_is_replayed_without_a_finding() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(name);
        let mut files: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        files.sort();
        assert!(files.len() >= 10, "{name} has {} files", files.len());
        for file in files {
            target(&fs::read(&file).unwrap());
        }
    }
}

/// Every prefix of a case is a case, and so is each with a byte changed.
#[test]
fn neighbours_of_the_corpus_lead_to_no_finding_either() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(name);
        let mut files: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        files.sort();
        for file in files.iter().step_by(files.len().div_ceil(12)) {
            let bytes = fs::read(file).unwrap();
            let step = bytes.len().div_ceil(8).max(1);
            for at in (0..bytes.len()).step_by(step) {
                target(&bytes[..at]);
                let mut changed = bytes.clone();
                changed[at] ^= 0x55;
                target(&changed);
            }
        }
    }
}
