//! Nodes running in this process, over real sockets: what the parts do together.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "running/nodes.rs"]
mod nodes;

use std::collections::BTreeSet;

use nodes::{Client, Region, author, until};
use phaki_wire::proto::local::v1 as pb;
use serde_json::json;
use tonic::Code;

const PLAN: &str = "plan_018f0000-0000-7000-8000-000000000001";

fn plan(title: &str) -> String {
    json!({"id": PLAN, "kind": "plan", "title": {"th": title}}).to_string()
}

fn put(space: &str, documents: Vec<String>) -> pb::PutDocumentsRequest {
    pb::PutDocumentsRequest {
        space: space.to_owned(),
        documents_json: documents,
        author: author("import"),
        ..pb::PutDocumentsRequest::default()
    }
}

fn set(path: &str, value: &serde_json::Value) -> pb::EditDocumentRequest {
    pb::EditDocumentRequest {
        id: PLAN.to_owned(),
        space: String::new(),
        edits: vec![pb::FieldEdit {
            path: path.to_owned(),
            act: Some(pb::field_edit::Act::SetJson(value.to_string())),
        }],
        author: author("edit"),
        heads: Vec::new(),
    }
}

fn show() -> pb::ShowDocumentRequest {
    pb::ShowDocumentRequest {
        id: PLAN.to_owned(),
        space: String::new(),
    }
}

async fn conflicts(client: &mut Client) -> Vec<pb::Conflict> {
    let reply = client
        .list_conflicts(pb::ListConflictsRequest::default())
        .await;
    reply.unwrap().into_inner().conflicts
}

async fn status(client: &mut Client) -> pb::StatusReply {
    client
        .status(pb::StatusRequest {})
        .await
        .unwrap()
        .into_inner()
}

/// A province that holds a plan of the national node and may write it.
async fn sharing() -> Region {
    let mut region = Region::found().await;
    region.join("TH-90", "90").await;
    let (mut national, mut province) = (region.client("TH").await, region.client("TH-90").await);
    region.share("TH", "แผน", "TH-90").await;
    until("the space is known", async || {
        status(&mut province)
            .await
            .spaces
            .iter()
            .any(|space| space.may_write)
    })
    .await;
    let reply = national
        .put_documents(put("แผน", vec![plan("แผนสุขภาพ")]))
        .await
        .unwrap();
    assert_eq!(reply.into_inner().documents[0].outcome, "created");
    until("the document arrives", async || {
        province.show_document(show()).await.is_ok()
    })
    .await;
    region
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_made_apart_are_a_conflict_at_both_until_one_resolves_it() {
    let mut region = sharing().await;
    let mut province = region.client("TH-90").await;
    region.stop("TH").await;
    province
        .edit_document(set("status", &json!("active")))
        .await
        .unwrap();
    region.stop("TH-90").await;
    region.start("TH").await;
    let mut national = region.client("TH").await;
    national
        .edit_document(set("status", &json!("ended")))
        .await
        .unwrap();
    region.start("TH-90").await;
    let mut province = region.client("TH-90").await;
    until("both see the conflict", async || {
        let (one, other) = (
            conflicts(&mut national).await,
            conflicts(&mut province).await,
        );
        one.len() == 1 && one == other
    })
    .await;
    let conflict = conflicts(&mut national).await.remove(0);
    let nodes: BTreeSet<_> = conflict
        .values
        .iter()
        .map(|value| value.node.as_str())
        .collect();
    assert_eq!(nodes, BTreeSet::from(["TH", "TH-90"]));
    assert_eq!(conflict.path, "status");
    assert!(!conflict.label_th.is_empty() && !conflict.label_en.is_empty());
    let resolve = pb::ResolveConflictRequest {
        id: PLAN[..13].to_owned(),
        path: "status".to_owned(),
        value_json: "\"ended\"".to_owned(),
        author: author("resolve"),
        ..pb::ResolveConflictRequest::default()
    };
    assert!(
        province
            .resolve_conflict(resolve)
            .await
            .unwrap()
            .into_inner()
            .changed
    );
    until("the conflict is gone everywhere", async || {
        conflicts(&mut national).await.is_empty()
    })
    .await;
    until("both hold the same", async || {
        let (one, other) = (status(&mut national).await, status(&mut province).await);
        assert!(one.accepts_writes && one.problems.is_empty() && other.problems.is_empty());
        one.spaces[0].heads_digest == other.spaces[0].heads_digest
    })
    .await;
    region.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_what_was_seen_does_not_overwrite_what_came_since() {
    let mut region = Region::found().await;
    region.create_space("TH", "แผน").await;
    let mut client = region.client("TH").await;
    client
        .put_documents(put("แผน", vec![plan("แผน")]))
        .await
        .unwrap();
    let seen = client
        .show_document(show())
        .await
        .unwrap()
        .into_inner()
        .heads;
    client
        .edit_document(set("status", &json!("active")))
        .await
        .unwrap();
    // The first digits that `phaki show` prints are enough.
    let late = pb::EditDocumentRequest {
        heads: seen.iter().map(|head| head[..8].to_owned()).collect(),
        ..set("status", &json!("ended"))
    };
    assert!(
        client
            .edit_document(late)
            .await
            .unwrap()
            .into_inner()
            .changed
    );
    let conflict = conflicts(&mut client).await.remove(0);
    assert_eq!(conflict.values.len(), 2);
    // A value that comes after the conflict was read is not settled with the others.
    client
        .edit_document(set("title/th", &json!("แผนใหม่")))
        .await
        .unwrap();
    let third = pb::EditDocumentRequest {
        heads: seen,
        ..set("status", &json!("draft"))
    };
    client.edit_document(third).await.unwrap();
    let resolve = pb::ResolveConflictRequest {
        id: PLAN.to_owned(),
        path: "status".to_owned(),
        value_json: "\"ended\"".to_owned(),
        heads: conflict.heads,
        ..pb::ResolveConflictRequest::default()
    };
    client.resolve_conflict(resolve).await.unwrap();
    let left = conflicts(&mut client).await.remove(0).values;
    let left: BTreeSet<_> = left.iter().map(|value| value.value_json.as_str()).collect();
    assert_eq!(left, BTreeSet::from(["\"draft\"", "\"ended\""]));
    let exported = client.export_documents(pb::ExportDocumentsRequest::default());
    let mut exported = exported.await.unwrap().into_inner();
    let document = exported.message().await.unwrap().unwrap();
    assert_eq!(document.conflicts, 1, "the export says that it is not all");
    let unknown = pb::EditDocumentRequest {
        heads: vec!["00000000".to_owned()],
        ..set("status", &json!("ended"))
    };
    let refused = client.edit_document(unknown).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    region.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn simultaneous_edits_of_one_document_become_consecutive_changes() {
    let mut region = Region::found().await;
    let client = region.client("TH").await;
    region.create_space("TH", "แผน").await;
    let mut first = client.clone();
    first
        .put_documents(put("แผน", vec![plan("ก")]))
        .await
        .unwrap();
    let edits = (0..24).map(|number: u32| {
        let mut client = client.clone();
        tokio::spawn(async move {
            let path = format!("external_ids/test-{number}");
            client
                .edit_document(set(&path, &json!(number.to_string())))
                .await
                .unwrap();
        })
    });
    for edit in edits.collect::<Vec<_>>() {
        edit.await.unwrap();
    }
    let reply = first.show_document(show()).await.unwrap().into_inner();
    let whole: serde_json::Value = serde_json::from_str(&reply.document_json).unwrap();
    assert_eq!(whole["external_ids"].as_object().unwrap().len(), 24);
    assert_eq!(reply.heads.len(), 1, "edits were made one after the other");
    let history = pb::ShowHistoryRequest {
        id: PLAN.to_owned(),
        space: String::new(),
    };
    let entries = first
        .show_history(history)
        .await
        .unwrap()
        .into_inner()
        .entries;
    assert_eq!(entries.len(), 25);
    assert!(
        entries
            .iter()
            .all(|entry| entry.node == "TH" && entry.time_ms > 0)
    );
    let status = first
        .status(pb::StatusRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(status.spaces[0].refused, 0);
    region.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_whose_client_goes_away_does_not_spoil_the_next_one() {
    let mut region = Region::found().await;
    let client = region.client("TH").await;
    region.create_space("TH", "แผน").await;
    let mut first = client.clone();
    first
        .put_documents(put("แผน", vec![plan("ก")]))
        .await
        .unwrap();
    for number in 0..40_u32 {
        let mut client = client.clone();
        let hasty = tokio::spawn(async move {
            let path = format!("external_ids/hasty-{number}");
            client.edit_document(set(&path, &json!("x"))).await
        });
        tokio::time::sleep(std::time::Duration::from_micros(u64::from(number) * 100)).await;
        hasty.abort();
        let path = format!("external_ids/calm-{number}");
        first.edit_document(set(&path, &json!("x"))).await.unwrap();
    }
    let status = first
        .status(pb::StatusRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!((status.spaces[0].refused, status.spaces[0].waiting), (0, 0));
    region.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_documents_are_put_all_or_none() {
    let mut region = Region::found().await;
    let mut client = region.client("TH").await;
    region.create_space("TH", "แผน").await;
    let document = |number: u32| {
        let title = format!("แผนที่ {number}");
        json!({"kind": "plan", "title": {"th": title}}).to_string()
    };
    let good: Vec<String> = (0..1000).map(document).collect();
    let mut bad = good.clone();
    bad[700] = json!({"kind": "plan", "fy_be": {"no": []}, "title": 5}).to_string();
    let refused = client.put_documents(put("แผน", bad)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    let mut list = async || {
        let request = pb::ListDocumentsRequest::default();
        let mut stream = client.list_documents(request).await.unwrap().into_inner();
        let mut rows = Vec::new();
        while let Some(row) = stream.message().await.unwrap() {
            rows.push(row);
        }
        rows
    };
    assert_eq!(list().await.len(), 0);
    let mut other = region.client("TH").await;
    let mut dry = put("แผน", good.clone());
    dry.dry_run = true;
    let reply = other.put_documents(dry).await.unwrap().into_inner();
    assert!(
        reply
            .documents
            .iter()
            .all(|document| document.outcome == "created")
    );
    assert_eq!(list().await.len(), 0);
    let reply = other
        .put_documents(put("แผน", good))
        .await
        .unwrap()
        .into_inner();
    let rows = list().await;
    assert_eq!((rows.len(), reply.documents.len()), (1000, 1000));
    assert!(
        rows.iter()
            .all(|row| row.title.starts_with("แผนที่") && row.broken.is_empty())
    );
    region.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invites_are_good_once_and_answered_again_to_the_same_node() {
    let mut region = Region::found().await;
    let invite = region.invite("TH-90", "90").await;
    let joined = region.present("TH-90", &invite).await.unwrap();
    assert_eq!(
        (joined.name.as_str(), joined.nodes, joined.already),
        ("TH-90", 2, false)
    );
    assert!(region.present("TH-90", &invite).await.unwrap().already);
    let stolen = region.present("thief", &invite).await.unwrap_err();
    assert!(format!("{stolen:#}").contains("invite-used"), "{stolen:#}");
    // The answer was lost: the node has its key, but no store.
    region.forget_store("TH-90");
    assert!(!region.present("TH-90", &invite).await.unwrap().already);
    let taken = region.try_invite("TH-90", "90").await.unwrap_err();
    assert!(taken.message().contains("choose another"), "{taken}");
    region.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_whose_name_was_taken_meanwhile_is_not_used_up() {
    let mut region = Region::found().await;
    let first = region.invite("TH-90", "90").await;
    let second = region.invite("TH-90", "90").await;
    region.present("TH-90", &first).await.unwrap();
    // The second may still be used by anybody it was given to, once the name is free.
    for late in ["late", "later"] {
        let refused = region.present(late, &second).await.unwrap_err();
        assert!(format!("{refused:#}").contains("name-taken"), "{refused:#}");
    }
    region.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_join_at_once_are_all_admitted() {
    let mut region = Region::found().await;
    let mut joins = Vec::new();
    for number in 10..20 {
        let name = format!("TH-{number}");
        let invite = region.invite(&name, &number.to_string()).await;
        joins.push(tokio::spawn(region.presentation(&name, &invite)));
    }
    for join in joins {
        join.await.unwrap().unwrap();
    }
    let mut client = region.client("TH").await;
    let roster = client
        .show_roster(pb::ShowRosterRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!((roster.version, roster.nodes.len()), (11, 11));
    region.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_serves_one_node_at_a_time_and_is_clean_afterwards() {
    let mut region = Region::found().await;
    let refused = region.try_start("TH").await.unwrap_err();
    assert!(
        format!("{refused:#}").contains("is in use by process"),
        "{refused:#}"
    );
    region.stop_all().await;
    let left: BTreeSet<String> = region.files("TH");
    let expected = [
        "federation.key",
        "node.key",
        "phaki.db",
        "phaki.db.keys",
        "phaki.db.keys-journal",
        "phaki.db.lock",
        "phaki.lock",
    ];
    assert_eq!(left, expected.map(str::to_owned).into());
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_reflection_are_served_and_end_with_the_node() {
    use tonic_health::pb::health_check_response::ServingStatus;
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    use tonic_reflection::pb::v1::{ListServiceResponse, ServerReflectionRequest};

    let mut region = Region::found().await;
    let channel = region.channel("TH").await;
    let service = "phaki.local.v1.Local".to_owned();
    let check = HealthCheckRequest { service };
    let reply = HealthClient::new(channel.clone())
        .check(check)
        .await
        .unwrap();
    assert_eq!(reply.into_inner().status(), ServingStatus::Serving);
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let requests = tokio_stream::once(request);
    let mut client = ServerReflectionClient::new(channel);
    let mut replies = client
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
    let MessageResponse::ListServicesResponse(ListServiceResponse { service }) = reply else {
        panic!("another answer: {reply:?}");
    };
    let names: BTreeSet<_> = service.into_iter().map(|service| service.name).collect();
    for name in ["phaki.local.v1.Local", "grpc.health.v1.Health"] {
        assert!(names.contains(name), "{name} is not in {names:?}");
    }
    region.stop_all().await;
}
