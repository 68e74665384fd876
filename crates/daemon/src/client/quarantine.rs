//! Requests about entries in quarantine, and about where documents are durable.

use phaki_wire::proto::local::v1::{
    AdoptQuarantinedReply, AdoptQuarantinedRequest, DiscardQuarantinedReply,
    DiscardQuarantinedRequest, ListQuarantineReply, ListQuarantineRequest, ShowQuarantinedReply,
    ShowQuarantinedRequest, ShowReceiptsReply, ShowReceiptsRequest,
};

use super::{Client, answer};

impl Client {
    pub(crate) async fn quarantine(
        &mut self,
        request: ListQuarantineRequest,
    ) -> anyhow::Result<ListQuarantineReply> {
        answer("list quarantine", self.api.list_quarantine(request)).await
    }

    pub(crate) async fn show_quarantined(
        &mut self,
        id: &str,
    ) -> anyhow::Result<ShowQuarantinedReply> {
        let id = id.to_owned();
        let request = ShowQuarantinedRequest { id };
        answer("show entry", self.api.show_quarantined(request)).await
    }

    pub(crate) async fn adopt(
        &mut self,
        request: AdoptQuarantinedRequest,
    ) -> anyhow::Result<AdoptQuarantinedReply> {
        answer("adopt entries", self.api.adopt_quarantined(request)).await
    }

    pub(crate) async fn discard(
        &mut self,
        ids: Vec<String>,
    ) -> anyhow::Result<DiscardQuarantinedReply> {
        let request = DiscardQuarantinedRequest { ids };
        answer("discard entries", self.api.discard_quarantined(request)).await
    }

    pub(crate) async fn receipts(
        &mut self,
        id: &str,
        space: &str,
    ) -> anyhow::Result<ShowReceiptsReply> {
        let (id, space) = (id.to_owned(), space.to_owned());
        let request = ShowReceiptsRequest { id, space };
        answer("read receipts", self.api.show_receipts(request)).await
    }
}
