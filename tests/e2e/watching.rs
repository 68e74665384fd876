//! A local program is told of every change as soon as it is durable, whoever made it.

use phaki_tests::federation::{converged, share};
use phaki_tests::samples;

use crate::federation;

const SPACE: &str = "plans";
const OTHER: &str = "drafts-of-41";
const SERIES: u16 = 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_watches_is_told_of_own_and_foreign_changes_and_of_the_end() {
    let federation = federation();
    let hub = federation.found().await;
    let (mut udon, _line) = federation.admit(&hub, "TH-41").await;
    share(&hub, SPACE, &[&udon]).await;
    udon.local().create_space(OTHER).await;
    let mut everything = udon.local().watch("").await;
    let mut shared = udon.local().watch(SPACE).await;

    let id = |number| samples::plan_id(SERIES, number);
    let put = async |node: &phaki_tests::node::Node, space: &str, number: u64| {
        let plan = samples::plan(SERIES, number);
        node.local().put(space, &[plan]).await.unwrap();
    };
    put(&udon, OTHER, 1).await;
    put(&udon, SPACE, 2).await;
    converged(&[&hub, &udon], SPACE, 1).await;
    put(&hub, SPACE, 3).await;

    let other = (OTHER.to_owned(), vec![id(1)]);
    let own = (SPACE.to_owned(), vec![id(2)]);
    let foreign = (SPACE.to_owned(), vec![id(3)]);
    assert_eq!(everything.next().await, Some(other));
    for watch in [&mut everything, &mut shared] {
        assert_eq!(watch.next().await.as_ref(), Some(&own));
        assert_eq!(watch.next().await.as_ref(), Some(&foreign));
    }
    // What is told can be read.
    assert!(udon.local().show(&id(3)).await.is_ok());
    // Nobody who watches keeps a node from stopping.
    assert!(udon.stop().await.0.success());
    assert_eq!(shared.next().await, None);
}
