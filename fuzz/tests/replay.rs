//! Everything that the fuzzers once found worth keeping is tried again.

use std::path::Path;
use std::{fs, io};

use phaki_fuzz::TARGETS;

/// The cases of one target, in the order of their names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let read = || -> io::Result<Vec<Vec<u8>>> {
        let files = fs::read_dir(corpus.join(target))?;
        let mut paths = files
            .map(|file| Ok(file?.path()))
            .collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        paths.iter().map(fs::read).collect()
    };
    read().expect("the corpus can be read")
}

#[test]
fn the_corpus_of_every_target_is_replayed_without_a_finding() {
    for (name, target) in TARGETS {
        let cases = corpus(name);
        assert!(cases.len() >= 10, "{name} has {} files", cases.len());
        cases.iter().for_each(|case| target(case));
    }
}

/// Every prefix of a case is a case, and so is each with a byte changed.
#[test]
fn neighbours_of_the_corpus_lead_to_no_finding_either() {
    for (name, target) in TARGETS {
        let cases = corpus(name);
        for bytes in cases.iter().step_by(cases.len().div_ceil(12)) {
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
