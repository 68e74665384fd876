//! No more memory: whether the process ends or not, nothing acknowledged is lost, and it goes on
//! when there is some.

use phaki_tests::samples;

use crate::federation;

const SPACE: &str = "plans";

/// Requests that there is memory for.
const REQUESTS: u64 = 5;

/// Plans of one request that needs more than there is.
const TOO_MANY: u64 = 800;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_gets_no_more_memory_loses_nothing_that_it_acknowledged() {
    let federation = federation();
    let mut hub = federation.found().await;
    // A process that gets no memory says so on its way out.
    hub.expect_errors();
    hub.local().create_space(SPACE).await;
    assert!(hub.stop().await.0.success());
    hub.start().await;
    let plain = address_space_kib(hub.pid());
    assert!(hub.stop().await.0.success());
    let limit = plain + (48 << 10);
    hub.wrap(Some(&format!("ulimit -v {limit}")));
    hub.start().await;

    let mut acknowledged = Vec::new();
    let mut local = hub.local();
    let plans = |numbers: std::ops::Range<u64>| {
        let plans = numbers.map(|number| samples::bulky_plan(1, number, 60_000));
        plans.collect::<Vec<_>>()
    };
    for request in 0..REQUESTS {
        let plans = plans(request * 4..(request + 1) * 4);
        local.put(SPACE, &plans).await.unwrap();
        acknowledged.extend(plans.iter().map(|plan| plan["id"].to_string()));
    }
    let refused = local.put(SPACE, &plans(1_000..1_000 + TOO_MANY)).await;
    assert!(refused.is_err(), "the limit was never reached");
    hub.kill();
    hub.wrap(None);
    hub.start().await;
    let held = hub.local().export(SPACE).await;
    for id in &acknowledged {
        assert!(held.contains_key(id.trim_matches('"')), "{id} is lost");
    }
    hub.local()
        .put(SPACE, &[samples::plan(2, 0)])
        .await
        .unwrap();
    assert!(hub.command(&["verify"]).contains("as it was written"));
}

/// The address space of a process, in KiB.
fn address_space_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmSize:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
