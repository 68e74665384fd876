//! Clocks that are wrong by hours, years and 543 years, while a node runs and between two starts:
//! they are shown and told of, and decide nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use phaki_tests::federation::{converged, share};
use phaki_tests::node::Node;
use phaki_tests::samples;
use phaki_tests::wait;
use serde_json::json;

use crate::federation;

const SPACE: &str = "plans";
const HOUR: i64 = 60 * 60;
const YEAR: i64 = 8766 * HOUR;

/// A wall clock that can be moved.
struct Clock {
    shift: PathBuf,
    library: PathBuf,
}

impl Clock {
    /// Compiled by whatever compiles SQLite, too.
    fn build(folder: &Path) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults/clock.c");
        let library = folder.join("clock.so");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .status();
        assert!(built.unwrap().success());
        let shift = folder.join("shift");
        Self { shift, library }
    }

    /// The shell line after which programs go by this clock.
    fn script(&self) -> String {
        let (library, shift) = (self.library.display(), self.shift.display());
        format!("export LD_PRELOAD='{library}' CLOCK_SHIFT='{shift}'")
    }

    fn set(&self, seconds: i64) {
        // Never half written when it is read.
        let new = self.shift.with_extension("new");
        fs::write(&new, seconds.to_string()).unwrap();
        fs::rename(new, &self.shift).unwrap();
    }
}

/// What the node says about clocks.
async fn problems(node: &Node) -> Vec<String> {
    let problems = node.local().status().await.unwrap().problems;
    problems
        .into_iter()
        .filter(|problem| problem.contains("clock"))
        .collect()
}

/// The second node edits, then the first: what was written last, knowing of what was before, counts
/// at both, whatever the clocks say.
async fn edit_in_turn([hub, province]: [&Node; 2], text: &str, entries: u64) {
    let id = samples::plan_id(1, 0);
    let (mine, theirs) = (json!(text), json!(format!("{text} at the hub")));
    province.local().edit(&id, "goal/th", &mine).await.unwrap();
    converged(&[hub, province], SPACE, entries + 1).await;
    hub.local().edit(&id, "goal/th", &theirs).await.unwrap();
    converged(&[hub, province], SPACE, entries + 2).await;
    for node in [hub, province] {
        let shown = node.local().show(&id).await.unwrap();
        assert_eq!(shown["goal"]["th"], theirs, "{}", node.name());
        assert!(node.local().conflicts(SPACE).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_by_hours_years_or_an_era_refuses_and_loses_nothing_and_is_told_of() {
    let federation = federation();
    let clock = Clock::build(federation.folder());
    clock.set(0);
    let hub = federation.found().await;
    let mut province = federation.node("TH-41");
    province.wrap(Some(&clock.script()));
    let (mut province, _line) = federation.admit_with(&hub, province).await;
    share(&hub, SPACE, &[&province]).await;
    let plan = samples::plan(1, 0);
    let id = samples::plan_id(1, 0);
    province.local().put(SPACE, &[plan]).await.unwrap();
    let mut entries = 1;
    let jumps = [
        0,
        5 * HOUR,
        -5 * HOUR,
        9 * YEAR,
        -9 * YEAR,
        543 * YEAR,
        -543 * YEAR,
    ];
    for between_starts in [false, true] {
        for (turn, shift) in jumps.into_iter().enumerate() {
            if between_starts {
                assert!(province.stop().await.0.success());
            }
            clock.set(shift);
            if between_starts {
                province.start().await;
            }
            edit_in_turn([&hub, &province], &format!("{shift} s {turn}"), entries).await;
            entries += 2;
            province.command(&["history", &id]);
            province.command(&["audit"]);
            province.command(&["status"]);
            hub.command(&["history", &id]);
        }
        // One clock ahead by the difference of two eras is called that, at both ends.
        assert!(province.stop().await.0.success());
        clock.set(543 * YEAR);
        province.start().await;
        for node in [&hub, &province] {
            let what = format!("{} tells of the era", node.name());
            wait::until(&what, async || {
                let problems = problems(node).await;
                problems
                    .iter()
                    .any(|one| one.contains("Buddhist"))
                    .then_some(())
            })
            .await;
        }
    }
    assert!(province.stop().await.0.success());
    let verified = province.command(&["verify"]);
    assert!(verified.contains("as it was written"), "{verified}");
}
