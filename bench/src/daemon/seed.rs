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
const CREATED_AT_ONCE: usize = 100;

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
        create(hub.local(), SPACE, (0..documents).collect()).await;
        edit_all(hub.local(), (0..documents).flat_map(later_changes)).await;
        let space = hub.local().space(SPACE).await.unwrap();
        assert_eq!(space.entries, changes_of_all(documents));
        stop([&mut hub, &mut province]).await;
        Self { federation }
    }

    /// Two nodes that know each other, and nothing else.
    pub(crate) async fn bare(program: &Program) -> Self {
        let federation = Federation::new(program.clone());
        let mut hub = federation.found().await;
        let (mut province, _line) = federation.admit(&hub, PROVINCE).await;
        stop([&mut hub, &mut province]).await;
        Self { federation }
    }

    /// The hub holds plan 0 with so many changes, in a space that the province may not read yet.
    pub(crate) async fn long(program: &Program, changes: u64) -> Self {
        let federation = Federation::new(program.clone());
        let mut hub = federation.found().await;
        let (mut province, _line) = federation.admit(&hub, PROVINCE).await;
        hub.local().create_space(SPACE).await;
        create(hub.local(), SPACE, vec![0]).await;
        let small = small_edits(1, changes).map(of_plan_0);
        let later = later_changes(0).chain(small);
        let others = usize::try_from(changes - 1).unwrap();
        edit_all(hub.local(), later.take(others)).await;
        let space = hub.local().space(SPACE).await.unwrap();
        assert_eq!(space.entries, changes);
        stop([&mut hub, &mut province]).await;
        Self { federation }
    }

    /// Both hold plan 0, and each has changed it so many times without the other.
    pub(crate) async fn apart(program: &Program, edits: u64) -> Self {
        let federation = Federation::new(program.clone());
        let mut hub = federation.found().await;
        let (mut province, line) = federation.admit(&hub, PROVINCE).await;
        share(&hub, SPACE, &[&province]).await;
        create(hub.local(), SPACE, vec![0]).await;
        edit_all(hub.local(), later_changes(0)).await;
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
pub(crate) async fn edit(local: &mut Local, number: u64, change: &Change) {
    let reply = local
        .client()
        .edit_document(request(SPACE, number, change))
        .await;
    assert!(reply.unwrap().into_inner().changed, "{change:?}");
}

/// Makes changes of documents that exist, one behind the other; all are durable then.
pub(crate) async fn edit_all(
    local: Local,
    changes: impl Iterator<Item = (u64, Change)> + Send + 'static,
) {
    edit_all_in(local, SPACE, changes).await;
}

/// The same in any space.
pub(crate) async fn edit_all_in(
    mut local: Local,
    space: &str,
    changes: impl Iterator<Item = (u64, Change)> + Send + 'static,
) {
    let space = space.to_owned();
    let requests = changes.map(move |(number, change)| request(&space, number, &change));
    let answers = local.client().edit_documents(tokio_stream::iter(requests));
    let mut answers = answers.await.unwrap().into_inner();
    while let Some(answer) = answers.message().await.unwrap() {
        let changed = answer.edited.as_ref().is_some_and(|edited| edited.changed);
        assert!(changed, "{answer:?}");
    }
}

pub(crate) fn request(space: &str, number: u64, change: &Change) -> EditDocumentRequest {
    EditDocumentRequest {
        id: flat::id(number),
        space: space.to_owned(),
        edits: flat::edits(change),
        author: None,
        heads: Vec::new(),
    }
}

fn of_plan_0(change: Change) -> (u64, Change) {
    (0, change)
}

/// Makes plans with the first change of each.
pub(crate) async fn create(mut local: Local, space: &str, numbers: Vec<u64>) {
    for numbers in numbers.chunks(CREATED_AT_ONCE) {
        let created = numbers.iter().copied();
        let created: Vec<_> = created
            .map(|number| flat::created(number, &plan(number)[0]))
            .collect();
        local.put(space, &created).await.unwrap();
    }
}

/// All changes of a plan but the first.
pub(crate) fn later_changes(number: u64) -> impl Iterator<Item = (u64, Change)> + Send {
    let changes = plan(number).into_iter().skip(1);
    changes.map(move |change| (number, change))
}

async fn stop(nodes: [&mut Node; 2]) {
    for node in nodes {
        assert!(node.stop().await.0.success());
    }
}
