//! What the person who runs a node relies on: one process a folder, a clean end, clear refusals.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use phaki_tests::federation::{converged, share};
use phaki_tests::local::{self, Local};
use phaki_tests::node::Node;
use phaki_tests::samples;
use phaki_tests::wait;
use serde_json::json;
use tokio::task::JoinSet;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::{federation, program};

const SERVICE: &str = "phaki.local.v1.Local";

/// As in the configuration that nodes have by default.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);

fn refusal(output: &Output, code: i32) -> String {
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{err}");
    assert!(!err.contains("panicked"), "{err}");
    err
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_the_same_folder_is_refused() {
    let federation = federation();
    let hub = federation.found().await;
    let err = refusal(&hub.run(&["serve"]), 1);
    assert!(err.contains("is in use by process"), "{err}");
    assert!(err.contains(&hub.pid().to_string()), "{err}");
    assert!(err.contains(&hub.data().display().to_string()), "{err}");
    let elsewhere = federation.folder().join("elsewhere.sock");
    let err = refusal(
        &hub.run(&["serve", "--socket", elsewhere.to_str().unwrap()]),
        1,
    );
    assert!(err.contains("is in use by process"), "{err}");
    // The first one is unharmed.
    assert!(hub.local().status().await.unwrap().accepts_writes);
}

/// Creates plans one by one until the node refuses; how many were acknowledged.
async fn create_until_refused(mut local: Local, editor: u16, acknowledged: Arc<AtomicU64>) -> u64 {
    for number in 0.. {
        if local
            .put("plans", &[samples::plan(editor, number)])
            .await
            .is_err()
        {
            return number;
        }
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    unreachable!("a node that stops refuses at some time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_told_to_stop_finishes_what_it_acknowledged() {
    let federation = federation();
    let mut hub = federation.found().await;
    let (province, line) = federation.admit(&hub, "TH-41").await;
    share(&hub, "plans", &[&province]).await;
    let acknowledged = Arc::new(AtomicU64::new(0));
    let mut editors = JoinSet::new();
    for editor in 0..4 {
        editors.spawn(create_until_refused(
            hub.local(),
            editor,
            Arc::clone(&acknowledged),
        ));
    }
    wait::until("edits are acknowledged", async || {
        (acknowledged.load(Ordering::Relaxed) >= 20).then_some(())
    })
    .await;

    let (status, took) = hub.stop().await;
    assert_eq!(status.code(), Some(0));
    assert!(took < DRAIN_DEADLINE, "stopping took {took:?}");
    assert!(
        !hub.data().join("phaki.sock").exists(),
        "the socket was left behind"
    );
    let mut created = 0;
    while let Some(number) = editors.join_next().await {
        created += number.unwrap();
    }
    assert_eq!(created, acknowledged.load(Ordering::Relaxed));

    hub.start().await;
    line.set_target(hub.listen());
    // Of each editor one more may have become durable whose answer did not get out.
    let entries = hub.local().space("plans").await.unwrap().entries;
    assert!(
        (created..=created + 4).contains(&entries),
        "{created} acknowledged, {entries} held"
    );
    converged(&[&hub, &province], "plans", entries).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_signals_stop_a_node_that_is_idle_at_once() {
    let federation = federation();
    let mut hub = federation.found().await;
    for signal in ["INT", "TERM"] {
        hub.signal(signal);
        assert_eq!(hub.ended().await.code(), Some(0), "SIG{signal}");
        hub.start().await;
    }
}

#[test]
fn every_mistake_in_a_configuration_is_told_at_once() {
    let federation = federation();
    let config = federation.folder().join("wrong.toml");
    let wrong = "lissten = \"127.0.0.1:0\"\n[dial]\nretry_max = \"soon\"\n[tls]\nverify = false\n";
    fs::write(&config, wrong).unwrap();
    let config = config.to_str().unwrap();
    for arguments in [
        &["serve", "--config", config][..],
        &["check-config", config],
    ] {
        let err = refusal(&program().command().args(arguments).output().unwrap(), 2);
        for expected in [
            "lissten",
            "perhaps listen is meant",
            "dial.retry_max",
            "soon",
            "tls",
        ] {
            assert!(
                err.contains(expected),
                "{arguments:?} does not tell {expected}: {err}"
            );
        }
    }
    assert!(!federation.folder().join("phaki.db").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lies_in_the_data_folder_is_for_its_owner_only() {
    let federation = federation();
    let hub = federation.found().await;
    hub.local().create_space("plans").await;
    hub.local()
        .put("plans", &[samples::plan(1, 1)])
        .await
        .unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(hub.data()), 0o700);
    let socket = hub.data().join("phaki.sock");
    assert!(fs::metadata(&socket).unwrap().file_type().is_socket());
    for entry in fs::read_dir(hub.data()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_socket_tells_its_health_and_describes_itself() {
    let federation = federation();
    let hub = federation.found().await;
    let channel = local::channel(&hub.data().join("phaki.sock"))
        .await
        .unwrap();

    let mut health = HealthClient::new(channel.clone());
    for service in ["", SERVICE] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let reply = health.check(request).await.unwrap().into_inner();
        assert_eq!(reply.status(), ServingStatus::Serving, "{service:?}");
    }

    let mut reflection = ServerReflectionClient::new(channel);
    for (request, expected) in [
        (MessageRequest::ListServices(String::new()), SERVICE),
        (
            MessageRequest::FileContainingSymbol(SERVICE.to_owned()),
            "EditDocument",
        ),
    ] {
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(request),
        };
        let requests = tokio_stream::once(request);
        let mut replies = reflection
            .server_reflection_info(requests)
            .await
            .unwrap()
            .into_inner();
        let reply = replies
            .message()
            .await
            .unwrap()
            .unwrap()
            .message_response
            .unwrap();
        assert!(tells(&reply, expected), "{expected}: {reply:?}");
    }
}

fn tells(reply: &MessageResponse, expected: &str) -> bool {
    match reply {
        MessageResponse::ListServicesResponse(list) => {
            list.service.iter().any(|service| service.name == expected)
        }
        MessageResponse::FileDescriptorResponse(files) => files
            .file_descriptor_proto
            .iter()
            .any(|file| String::from_utf8_lossy(file).contains(expected)),
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_say_what_is_missing_when_no_node_runs() {
    let federation = federation();
    let node = federation.node("TH");
    let err = refusal(&node.run(&["status"]), 1);
    assert!(err.contains("phaki serve"), "{err}");
    let err = refusal(&node.run(&["serve"]), 1);
    assert!(
        err.contains("phaki init") || err.contains("phaki join"),
        "{err}"
    );
    node.command(&["init"]);
    let err = refusal(&node.run(&["serve"]), 1);
    assert!(err.contains("phaki join"), "{err}");
}

/// Edits that a node cannot accept are refused with their reason, and change nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_that_is_refused_says_why_and_changes_nothing() {
    let federation = federation();
    let hub = federation.found().await;
    hub.local().create_space("plans").await;
    let plan = samples::plan(1, 1);
    hub.local()
        .put("plans", std::slice::from_ref(&plan))
        .await
        .unwrap();
    let entries = hub.local().space("plans").await.unwrap().entries;

    let unknown = hub
        .local()
        .put("nowhere", std::slice::from_ref(&plan))
        .await
        .unwrap_err();
    assert!(unknown.message().contains("nowhere"), "{unknown}");
    let mut half_wrong = vec![samples::plan(1, 2), plan.clone()];
    half_wrong[1]["kind"] = json!("org");
    hub.local().put("plans", &half_wrong).await.unwrap_err();
    let id = samples::plan_id(1, 404);
    let missing = hub
        .local()
        .edit(&id, "status", &json!("active"))
        .await
        .unwrap_err();
    assert!(missing.message().contains(&id), "{missing}");
    let id = samples::plan_id(1, 1);
    hub.local()
        .edit(&id, "status//x", &json!("active"))
        .await
        .unwrap_err();

    assert_eq!(hub.local().space("plans").await.unwrap().entries, entries);
    assert_eq!(hub.local().export("plans").await.len(), 1);
    assert_unharmed(&hub).await;
}

async fn assert_unharmed(node: &Node) {
    let status = node.local().status().await.unwrap();
    assert!(
        status.accepts_writes && status.problems.is_empty(),
        "{status:?}"
    );
}
