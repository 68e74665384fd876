//! No more file descriptors: clients wait, nothing is lost, the node says what to do and goes on by
//! itself.

use phaki_tests::samples;
use phaki_tests::wait;
use tokio::net::UnixStream;

use crate::federation;

const SPACE: &str = "plans";

/// Files and connections that the node may have open. It needs some thirty itself.
const LIMIT: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_file_descriptors_loses_nothing_says_so_and_goes_on_when_it_has_some() {
    let federation = federation();
    let mut hub = federation.found().await;
    hub.expect_errors();
    hub.local().create_space(SPACE).await;
    assert!(hub.stop().await.0.success());
    hub.wrap(Some(&format!("ulimit -n {LIMIT}")));
    hub.start().await;
    let put = async |number| hub.local().put(SPACE, &[samples::plan(1, number)]).await;
    put(0).await.unwrap();

    // More than there is room for; those that are not accepted wait in the queue of the system.
    let mut crowd = Vec::new();
    for _ in 0..LIMIT {
        crowd.push(
            UnixStream::connect(hub.data().join("phaki.sock"))
                .await
                .unwrap(),
        );
    }
    wait::until("the node says what is missing", async || {
        let problems = hub.local().status().await.ok()?.problems;
        problems
            .iter()
            .any(|one| one.contains("LimitNOFILE"))
            .then_some(())
    })
    .await;
    let mut acknowledged = vec![samples::plan_id(1, 0)];
    for number in 1..20 {
        if put(number).await.is_ok() {
            acknowledged.push(samples::plan_id(1, number));
        }
    }
    drop(crowd);

    wait::until("a new client is served", async || {
        let socket = hub.data().join("phaki.sock");
        let mut local = phaki_tests::local::Local::connect(&socket).await.ok()?;
        local.put(SPACE, &[samples::plan(1, 20)]).await.ok()
    })
    .await;
    acknowledged.push(samples::plan_id(1, 20));
    hub.kill();
    hub.wrap(None);
    hub.start().await;
    let held = hub.local().export(SPACE).await;
    for id in &acknowledged {
        assert!(held.contains_key(id), "{id} is lost");
    }
    assert!(hub.command(&["verify"]).contains("as it was written"));
}
