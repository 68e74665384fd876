//! Data folders with the documents of a workload in them, made once and copied for every round.

use std::path::PathBuf;

use phaki_tests::federation::{Federation, converged, share};
use phaki_tests::local::Local;
use phaki_tests::node::{Node, Program};
use phaki_wire::proto::local::v1::EditDocumentRequest;

use super::SPACE;
use crate::workload::{Change, changes_of, changes_of_all, flat, plan, small_edits};

/// The one that receives.
pub(crate) const PROVINCE: &str = "TH-41";

/// Documents that are created with one request.
const CREATED_AT_ONCE: u64 = 100;

/// The stopped nodes of a federation.
#[derive(Debug)]
pub(crate) struct Seed {
    federation: Federation,
}

impl Seed {
    /// The hub holds so many plans in a space that the province may not read yet.
    pub(crate) async fn plans(program: &Program, documents: u64) -> Self {
        let federation = Federation::new(program.clone());
        let mut hub = federation.found().await;
        let (mut province, _line) = federation.admit(&hub, PROVINCE).await;
        hub.local().create_space(SPACE).await;
        create(&hub, documents).await;
        let rest = |number| {
            plan(number)
                .into_iter()
                .skip(1)
                .map(move |change| (number, change))
        };
        edit_all(hub.local(), (0..documents).flat_map(rest)).await;
        let space = hub.local().space(SPACE).await.unwrap();
        assert_eq!(space.entries, changes_of_all(documents));
        stop([&mut hub, &mut province]).await;
        Self { federation }
    }

    /// Both hold plan 0, and each has changed it so many times without the other.
    pub(super) async fn apart(program: &Program, edits: u64) -> Self {
        let federation = Federation::new(program.clone());
        let mut hub = federation.found().await;
        let (mut province, line) = federation.admit(&hub, PROVINCE).await;
        share(&hub, SPACE, &[&province]).await;
        create(&hub, 1).await;
        edit_all(hub.local(), plan(0).into_iter().skip(1).map(of_plan_0)).await;
        converged(&[&hub, &province], SPACE, changes_of(0)).await;
        line.cut();
        tokio::join!(
            edit_all(hub.local(), small_edits(1, edits).map(of_plan_0)),
            edit_all(province.local(), small_edits(2, edits).map(of_plan_0)),
        );
        stop([&mut hub, &mut province]).await;
        Self { federation }
    }

    /// The data folder of one of its nodes.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.federation.folder().join(name).join("data")
    }
}

/// Makes one change of a document that exists; it is durable then.
pub(super) async fn edit(local: &mut Local, number: u64, change: &Change) {
    let reply = local.client().edit_document(request(number, change)).await;
    assert!(reply.unwrap().into_inner().changed, "{change:?}");
}

/// Makes changes of documents that exist, one behind the other; all are durable then.
pub(super) async fn edit_all(
    mut local: Local,
    changes: impl Iterator<Item = (u64, Change)> + Send + 'static,
) {
    let requests = changes.map(|(number, change)| request(number, &change));
    let answers = local.client().edit_documents(tokio_stream::iter(requests));
    let mut answers = answers.await.unwrap().into_inner();
    while let Some(answer) = answers.message().await.unwrap() {
        let changed = answer.edited.as_ref().is_some_and(|edited| edited.changed);
        assert!(changed, "{answer:?}");
    }
}

fn request(number: u64, change: &Change) -> EditDocumentRequest {
    EditDocumentRequest {
        id: flat::id(number),
        space: SPACE.to_owned(),
        edits: flat::edits(change),
        author: None,
        heads: Vec::new(),
    }
}

fn of_plan_0(change: Change) -> (u64, Change) {
    (0, change)
}

async fn create(hub: &Node, documents: u64) {
    for first in (0..documents).step_by(usize::try_from(CREATED_AT_ONCE).unwrap()) {
        let numbers = first..documents.min(first + CREATED_AT_ONCE);
        let created: Vec<_> = numbers
            .map(|number| flat::created(number, &plan(number)[0]))
            .collect();
        hub.local().put(SPACE, &created).await.unwrap();
    }
}

async fn stop(nodes: [&mut Node; 2]) {
    for node in nodes {
        assert!(node.stop().await.0.success());
    }
}
