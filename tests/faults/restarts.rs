//! A node that starts again and again with an edit each time, half of the times after a SIGKILL at
//! some moment: nothing is lost, and nothing grows but by what was written.
//!
//! `PHAKI_RESTARTS=1000` makes it a thousand.

use std::time::{Duration, Instant};

use phaki_tests::federation::{converged, share};
use phaki_tests::node::Node;
use phaki_tests::samples::{self, Random};
use rusqlite::Connection;
use serde_json::json;

use crate::federation;

const SPACE: &str = "plans";
const RESTARTS: u64 = 30;

/// Bytes by which the store may grow with each restart: an edit, its audit records, and what of
/// pages is not full.
const GROWTH_BYTES_MAX: u64 = 12 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_and_kills_without_end_lose_nothing_and_let_nothing_grow_without_bound() {
    let restarts = std::env::var("PHAKI_RESTARTS");
    let restarts = restarts.map_or(RESTARTS, |text| text.parse().unwrap());
    let federation = federation();
    let hub = federation.found().await;
    let (mut province, _line) = federation.admit(&hub, "TH-41").await;
    share(&hub, SPACE, &[&province]).await;
    let id = samples::plan_id(1, 0);
    province
        .local()
        .put(SPACE, &[samples::plan(1, 0)])
        .await
        .unwrap();
    let (mut random, mut starts, mut sizes) = (Random::from_seed(1_000), Vec::new(), Vec::new());
    let mut lost = 0;
    for turn in 0..restarts {
        let text = json!(format!("restart {turn}"));
        match turn % 2 {
            0 => {
                province.local().edit(&id, "goal/th", &text).await.unwrap();
                assert!(province.stop().await.0.success());
            }
            // One more edit is under way while it is killed, sooner or later.
            _ => {
                province.local().edit(&id, "goal/th", &text).await.unwrap();
                let (mut local, id) = (province.local(), id.clone());
                let under_way =
                    tokio::spawn(
                        async move { local.edit(&id, "situation", &json!("under way")).await },
                    );
                for _ in 0..random.below(200) {
                    tokio::task::yield_now().await;
                }
                province.kill();
                if under_way.await.unwrap().is_err() {
                    lost += 1;
                }
            }
        }
        let started = Instant::now();
        province.start().await;
        starts.push(started.elapsed());
        let shown = province.local().show(&id).await.unwrap();
        assert_eq!(shown["goal"]["th"], text, "restart {turn}");
        sizes.push(province.data().join("phaki.db").metadata().unwrap().len());
    }
    let held = province.local().space(SPACE).await.unwrap().entries;
    assert!(
        held > restarts && held <= 1 + restarts + restarts / 2,
        "{held}, {lost} lost"
    );
    converged(&[&hub, &province], SPACE, held).await;
    assert!(province.stop().await.0.success());
    assert!(province.command(&["verify"]).contains("as it was written"));

    assert_eq!(own_epochs(&province), 1, "a restart is no new epoch");
    let grown = sizes[sizes.len() - 1] - sizes[0].min(sizes[sizes.len() - 1]);
    assert!(
        grown <= restarts * GROWTH_BYTES_MAX,
        "{grown} bytes in {restarts} restarts"
    );
    let third = starts.len() / 3;
    let (early, late) = (
        median(&starts[..third]),
        median(&starts[starts.len() - third..]),
    );
    assert!(
        late < 2 * early + Duration::from_millis(200),
        "{early:?} became {late:?}"
    );
}

/// Under how many epochs the node wrote.
fn own_epochs(node: &Node) -> u64 {
    let database = Connection::open(node.data().join("phaki.db")).unwrap();
    let select = "SELECT count(DISTINCT epoch) FROM feed WHERE author =
                  (SELECT value FROM meta WHERE name = 'node')";
    database.query_row(select, [], |row| row.get(0)).unwrap()
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}
