//! Requests about the directory and about what differs.

use phaki_wire::proto::local::v1::{
    DiffDocumentReply, DiffDocumentRequest, FindDuplicatesReply, FindDuplicatesRequest,
    ShowTreeReply, ShowTreeRequest,
};

use super::{Client, answer};

impl Client {
    pub(crate) async fn diff(
        &mut self,
        request: DiffDocumentRequest,
    ) -> anyhow::Result<DiffDocumentReply> {
        answer("compare document", self.api.diff_document(request)).await
    }

    pub(crate) async fn duplicates(
        &mut self,
        request: FindDuplicatesRequest,
    ) -> anyhow::Result<FindDuplicatesReply> {
        answer("find duplicates", self.api.find_duplicates(request)).await
    }

    pub(crate) async fn tree(&mut self, request: ShowTreeRequest) -> anyhow::Result<ShowTreeReply> {
        answer("show tree", self.api.show_tree(request)).await
    }
}
