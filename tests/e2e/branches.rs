//! A province admits a laptop by itself: without the federation's key, without asking anybody.

use phaki_tests::federation::{converged, share};
use phaki_tests::samples;
use phaki_tests::wait;
use serde_json::Value;

use crate::federation;

const SPACE: &str = "plans";
const SERIES: u16 = 1;
const LAPTOP: &str = "TH-41-laptop";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_province_admits_and_suspends_its_own_laptop_and_everybody_counts_its_work() {
    let federation = federation();
    let hub = federation.found().await;
    let mut province = federation.node("TH-41");
    province.accept_peers();
    let (province, _line) = federation.admit_with(&hub, province).await;
    share(&hub, SPACE, &[&province]).await;
    province.local().create_space("district").await;
    province.local().grant("district", "TH", "reader").await;

    let invite = |options: &[&str]| {
        let address = province.listen().to_string();
        let invite = ["federation", "invite", "--name", LAPTOP, "--role", "edge"];
        province.run(&[&invite[..], &["--address", &address, "--json"], options].concat())
    };
    let elsewhere = invite(&["--area", "9001"]);
    let said = String::from_utf8_lossy(&elsewhere.stderr).into_owned();
    assert!(said.contains("does not lie in 41"), "{said}");
    let made: Value = serde_json::from_slice(&invite(&["--area", "4101"]).stdout).unwrap();
    let mut laptop = federation.node(LAPTOP);
    let joined = laptop.command(&["join", made["invite"].as_str().unwrap()]);
    assert!(joined.contains(LAPTOP), "{joined}");
    laptop.dial("TH-41", &province.listen().to_string());
    laptop.start().await;

    province.local().grant("district", LAPTOP, "writer").await;
    laptop.local().until_writer("district").await;
    let plan = |number| [samples::plan(SERIES, number)];
    laptop.local().put("district", &plan(0)).await.unwrap();
    // The hub never meets the laptop; it knows it by the province's signature.
    converged(&[&hub, &province, &laptop], "district", 1).await;
    assert!(laptop.local().space(SPACE).await.is_none());
    let known = hub.command(&["federation", "roster", "--json"]);
    assert!(known.contains(LAPTOP), "{known}");
    let refused = hub.run(&["federation", "suspend", LAPTOP]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("TH-41"), "{said}");

    province.command(&["federation", "suspend", LAPTOP]);
    laptop.expect_errors();
    wait::until("the laptop has no session", async || {
        let links = province.local().links().await;
        links.iter().all(|link| link.peer != LAPTOP).then_some(())
    })
    .await;
    province.local().put("district", &plan(1)).await.unwrap();
    converged(&[&hub, &province], "district", 2).await;
    province.command(&["federation", "reinstate", LAPTOP]);
    converged(&[&hub, &province, &laptop], "district", 2).await;
}
