//! Requests about the rights in spaces.

use anyhow::Context;
use phaki_wire::proto::local::v1::{
    PreviewSpaceReply, PreviewSpaceRequest, RevokeSpaceRequest, ShowRightsReply, ShowRightsRequest,
    ShowSpaceReply, ShowSpaceRequest, Space, TransferSpaceRequest,
};

use super::{Client, answer};

impl Client {
    pub(crate) async fn revoke_space(
        &mut self,
        request: RevokeSpaceRequest,
    ) -> anyhow::Result<Space> {
        let reply = answer("revoke space", self.api.revoke_space(request)).await?;
        reply.space.context("read the revoked space")
    }

    pub(crate) async fn preview_space(
        &mut self,
        request: PreviewSpaceRequest,
    ) -> anyhow::Result<PreviewSpaceReply> {
        answer("preview", self.api.preview_space(request)).await
    }

    pub(crate) async fn show_space(&mut self, space: &str) -> anyhow::Result<ShowSpaceReply> {
        let space = space.to_owned();
        let request = ShowSpaceRequest { space };
        answer("show space", self.api.show_space(request)).await
    }

    /// With an empty `space`: in all that the node knows.
    pub(crate) async fn rights(
        &mut self,
        node: &str,
        space: &str,
    ) -> anyhow::Result<ShowRightsReply> {
        let (node, space) = (node.to_owned(), space.to_owned());
        let request = ShowRightsRequest { node, space };
        answer("show rights", self.api.show_rights(request)).await
    }

    pub(crate) async fn transfer_space(
        &mut self,
        request: TransferSpaceRequest,
    ) -> anyhow::Result<Space> {
        let reply = answer("transfer space", self.api.transfer_space(request)).await?;
        reply.space.context("read the space")
    }
}
