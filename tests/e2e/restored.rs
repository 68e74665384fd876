//! An older copy of a data folder is put back behind the daemon's back: what would be written on
//! it would reach nobody, so it takes no more edits and says what to do.

use std::path::Path;

use phaki_tests::federation::{converged, share};
use phaki_tests::samples;
use phaki_tests::wait;

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
async fn a_folder_that_lacks_what_its_node_wrote_takes_no_edits_and_loses_none() {
    let federation = federation();
    let hub = federation.found().await;
    let (mut province, line) = federation.admit(&hub, "TH-41").await;
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

    let mut number = 2;
    let refusal = wait::until("the folder is known to be old", async || {
        number += 1;
        province.local().put(SPACE, &plan(number)).await.err()
    })
    .await;
    assert!(refusal.message().contains("older copy"), "{refusal:?}");
    assert!(refusal.message().contains("join"), "{refusal:?}");
    let problems = province.local().status().await.unwrap().problems;
    assert!(
        problems.iter().any(|one| one.contains("older copy")),
        "{problems:?}"
    );
    let proved = province.command(&["audit", "--act", "store-superseded", "--json"]);
    assert!(proved.contains("\"who_name\":\"TH\""), "{proved}");
    let denied = province.command(&["audit", "--act", "request-refused", "--json"]);
    assert!(denied.contains("put: superseded"), "{denied}");
    let here = province.local().export(SPACE).await;
    let there = hub.local().export(SPACE).await;
    assert!(here.contains_key(&samples::plan_id(SERIES, 2)));
    assert!(there.contains_key(&samples::plan_id(SERIES, 1)));
}
