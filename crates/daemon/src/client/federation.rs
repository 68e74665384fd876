//! Requests about the federation: invitations, nodes that wait, the roster.

use phaki_wire::proto::local::v1::{
    ChangeRosterReply, ChangeRosterRequest, CreateInviteReply, CreateInviteRequest,
    EnactRosterReply, EnactRosterRequest, Invite, ListInvitesRequest, ListPendingRequest,
    PendingNode, RejectPendingRequest, RotateKeyReply, RotateKeyRequest, ShowPendingReply,
    ShowPendingRequest, ShowRosterReply, ShowRosterRequest, WithdrawInviteRequest,
};

use super::{Client, answer};

impl Client {
    pub(crate) async fn create_invite(
        &mut self,
        request: CreateInviteRequest,
    ) -> anyhow::Result<CreateInviteReply> {
        answer("create invite", self.api.create_invite(request)).await
    }

    pub(crate) async fn rotate_key(
        &mut self,
        request: RotateKeyRequest,
    ) -> anyhow::Result<RotateKeyReply> {
        answer("rotate key", self.api.rotate_key(request)).await
    }

    pub(crate) async fn invites(&mut self) -> anyhow::Result<Vec<Invite>> {
        let reply = answer("list invites", self.api.list_invites(ListInvitesRequest {}));
        Ok(reply.await?.invites)
    }

    /// Takes back every open invite for that name; how many.
    pub(crate) async fn withdraw_invite(&mut self, name: &str) -> anyhow::Result<u64> {
        let name = name.to_owned();
        let request = WithdrawInviteRequest { name };
        let reply = answer("withdraw invite", self.api.withdraw_invite(request));
        Ok(reply.await?.withdrawn)
    }

    pub(crate) async fn pending(&mut self) -> anyhow::Result<Vec<PendingNode>> {
        let reply = answer("list pending", self.api.list_pending(ListPendingRequest {}));
        Ok(reply.await?.nodes)
    }

    pub(crate) async fn show_pending(&mut self, node: &str) -> anyhow::Result<ShowPendingReply> {
        let node = node.to_owned();
        let request = ShowPendingRequest { node };
        answer("show pending", self.api.show_pending(request)).await
    }

    pub(crate) async fn reject_pending(
        &mut self,
        request: RejectPendingRequest,
    ) -> anyhow::Result<PendingNode> {
        let reply = answer("reject", self.api.reject_pending(request)).await?;
        Ok(reply.node.unwrap_or_default())
    }

    pub(crate) async fn roster(&mut self) -> anyhow::Result<ShowRosterReply> {
        answer("read roster", self.api.show_roster(ShowRosterRequest {})).await
    }

    pub(crate) async fn change_roster(
        &mut self,
        request: ChangeRosterRequest,
    ) -> anyhow::Result<ChangeRosterReply> {
        answer("change roster", self.api.change_roster(request)).await
    }

    pub(crate) async fn enact_roster(
        &mut self,
        signed: String,
    ) -> anyhow::Result<EnactRosterReply> {
        let request = EnactRosterRequest { signed };
        answer("enact roster", self.api.enact_roster(request)).await
    }
}
