//! An older copy of a data folder is put back behind the daemon's back: the node finds out as soon
//! as it meets somebody, begins a new epoch, and nothing that any of its lives wrote is lost.

use std::path::Path;

use phaki_tests::federation::{converged, share};
use phaki_tests::samples;

use crate::federation;

const SPACE: &str = "plans";
const SERIES: u16 = 1;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_lacks_what_its_node_wrote_is_filled_again_and_loses_nothing() {
    let federation = federation();
    let hub = federation.found().await;
    let (mut province, line) = federation.admit(&hub, "TH-41").await;
    // The log says that the folder is an older copy.
    province.expect_errors();
    share(&hub, SPACE, &[&province]).await;
    let plan = |number| [samples::plan(SERIES, number)];
    province.local().put(SPACE, &plan(0)).await.unwrap();
    converged(&[&hub, &province], SPACE, 1).await;

    assert!(province.stop().await.0.success());
    let backup = federation.folder().join("backup");
    copy(province.data(), &backup);
    province.start().await;
    province.local().put(SPACE, &plan(1)).await.unwrap();
    converged(&[&hub, &province], SPACE, 2).await;

    assert!(province.stop().await.0.success());
    std::fs::remove_dir_all(province.data()).unwrap();
    copy(&backup, province.data());
    line.cut();
    province.start().await;
    // Without a line nobody can know; what is written now stays in the folder.
    province.local().put(SPACE, &plan(2)).await.unwrap();
    line.restore();

    converged(&[&hub, &province], SPACE, 3).await;
    province.local().put(SPACE, &plan(3)).await.unwrap();
    converged(&[&hub, &province], SPACE, 4).await;
    let there = hub.local().export(SPACE).await;
    for number in 0..=3 {
        assert!(
            there.contains_key(&samples::plan_id(SERIES, number)),
            "{number}"
        );
    }
    let problems = province.local().status().await.unwrap().problems;
    assert_eq!(problems, Vec::<String>::new());
    let proved = province.command(&["audit", "--act", "store-superseded", "--json"]);
    assert!(proved.contains("\"who_name\":\"TH\""), "{proved}");
    for act in ["epoch-begun", "entries-republished"] {
        let recorded = province.command(&["audit", "--act", act, "--json"]);
        assert!(recorded.contains(act), "{recorded}");
    }
}
