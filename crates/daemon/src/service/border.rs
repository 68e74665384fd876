//! The border of the local API: each request goes to whom it concerns, and what is denied becomes a
//! status.

use phaki_wire::proto::local::v1 as pb;
use phaki_wire::proto::local::v1::local_server::Local;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::LocalApi;
use super::denial::Denial;
use super::edit_stream::Edited;
use super::listing::Rows;
use super::watching::Watched;

impl LocalApi {
    /// As [`answer`], for what takes a right: when it is missing, that is recorded.
    async fn answer_by_right<T>(
        &self,
        (what, subject, account): (&'static str, String, String),
        outcome: Result<T, Denial>,
    ) -> Result<Response<T>, Status> {
        if let Err(denial) = &outcome {
            let denied = self.auditing.denied(what, &subject, &account, denial);
            denied.await;
        }
        answer(outcome)
    }
}

pub(super) fn account_of(author: Option<&pb::Author>) -> String {
    author
        .map(|author| author.account.clone())
        .unwrap_or_default()
}

/// The border: what is denied becomes a status.
fn answer<T>(outcome: Result<T, Denial>) -> Result<Response<T>, Status> {
    outcome.map(Response::new).map_err(Denial::into_status)
}

#[async_trait]
impl Local for LocalApi {
    type ListDocumentsStream = Rows<pb::DocumentRow>;
    type CheckDocumentsStream = Rows<pb::CheckedDocument>;
    type ExportDocumentsStream = Rows<pb::ExportedDocument>;
    type WatchDocumentsStream = Watched;
    type EditDocumentsStream = Edited;

    async fn status(
        &self,
        _: Request<pb::StatusRequest>,
    ) -> Result<Response<pb::StatusReply>, Status> {
        let others = [
            self.enrolling.problem().await,
            self.facts.rotation_problem(),
        ];
        let others = others.into_iter().flatten().collect();
        answer(self.spaces.status(&self.facts, others).await)
    }

    async fn create_invite(
        &self,
        request: Request<pb::CreateInviteRequest>,
    ) -> Result<Response<pb::CreateInviteReply>, Status> {
        answer(self.enrolling.invite(request.into_inner()).await)
    }

    async fn rotate_key(
        &self,
        request: Request<pb::RotateKeyRequest>,
    ) -> Result<Response<pb::RotateKeyReply>, Status> {
        answer(self.enrolling.rotate_key(request.into_inner()).await)
    }

    async fn list_invites(
        &self,
        _: Request<pb::ListInvitesRequest>,
    ) -> Result<Response<pb::ListInvitesReply>, Status> {
        answer(self.enrolling.invites().await)
    }

    async fn withdraw_invite(
        &self,
        request: Request<pb::WithdrawInviteRequest>,
    ) -> Result<Response<pb::WithdrawInviteReply>, Status> {
        answer(self.enrolling.withdraw(request.into_inner()).await)
    }

    async fn list_pending(
        &self,
        _: Request<pb::ListPendingRequest>,
    ) -> Result<Response<pb::ListPendingReply>, Status> {
        answer(self.enrolling.list_pending().await)
    }

    async fn show_pending(
        &self,
        request: Request<pb::ShowPendingRequest>,
    ) -> Result<Response<pb::ShowPendingReply>, Status> {
        answer(self.enrolling.show_pending(request.into_inner()).await)
    }

    async fn reject_pending(
        &self,
        request: Request<pb::RejectPendingRequest>,
    ) -> Result<Response<pb::RejectPendingReply>, Status> {
        answer(self.enrolling.reject(request.into_inner()).await)
    }

    async fn change_roster(
        &self,
        request: Request<pb::ChangeRosterRequest>,
    ) -> Result<Response<pb::ChangeRosterReply>, Status> {
        answer(self.enrolling.change(request.into_inner()).await)
    }

    async fn enact_roster(
        &self,
        request: Request<pb::EnactRosterRequest>,
    ) -> Result<Response<pb::EnactRosterReply>, Status> {
        answer(self.enrolling.enact(request.into_inner()).await)
    }

    async fn show_roster(
        &self,
        _: Request<pb::ShowRosterRequest>,
    ) -> Result<Response<pb::ShowRosterReply>, Status> {
        answer(self.spaces.roster().await)
    }

    async fn list_audit(
        &self,
        request: Request<pb::ListAuditRequest>,
    ) -> Result<Response<pb::ListAuditReply>, Status> {
        answer(self.auditing.list(request.into_inner()).await)
    }

    async fn verify_audit(
        &self,
        request: Request<pb::VerifyAuditRequest>,
    ) -> Result<Response<pb::VerifyAuditReply>, Status> {
        answer(self.auditing.verify(request.into_inner()).await)
    }

    async fn record_backup(
        &self,
        request: Request<pb::RecordBackupRequest>,
    ) -> Result<Response<pb::RecordBackupReply>, Status> {
        answer(self.auditing.backed_up(request.into_inner()).await)
    }

    async fn list_quarantine(
        &self,
        request: Request<pb::ListQuarantineRequest>,
    ) -> Result<Response<pb::ListQuarantineReply>, Status> {
        answer(self.quarantine.list(request.into_inner()).await)
    }

    async fn show_quarantined(
        &self,
        request: Request<pb::ShowQuarantinedRequest>,
    ) -> Result<Response<pb::ShowQuarantinedReply>, Status> {
        answer(self.quarantine.show(request.into_inner()).await)
    }

    async fn adopt_quarantined(
        &self,
        request: Request<pb::AdoptQuarantinedRequest>,
    ) -> Result<Response<pb::AdoptQuarantinedReply>, Status> {
        let request = request.into_inner();
        let asked = ("adopt", request.space.clone(), String::new());
        self.answer_by_right(asked, self.quarantine.adopt(request).await)
            .await
    }

    async fn discard_quarantined(
        &self,
        request: Request<pb::DiscardQuarantinedRequest>,
    ) -> Result<Response<pb::DiscardQuarantinedReply>, Status> {
        answer(self.quarantine.discard(request.into_inner()).await)
    }

    async fn set_contact(
        &self,
        request: Request<pb::SetContactRequest>,
    ) -> Result<Response<pb::Contact>, Status> {
        let request = request.into_inner();
        let asked = (
            "contact set",
            request.person.clone(),
            request.account.clone(),
        );
        self.answer_by_right(asked, self.contacts.set(request).await)
            .await
    }

    async fn show_contact(
        &self,
        request: Request<pb::ShowContactRequest>,
    ) -> Result<Response<pb::Contact>, Status> {
        answer(self.contacts.show(request.into_inner()).await)
    }

    async fn list_contacts(
        &self,
        request: Request<pb::ListContactsRequest>,
    ) -> Result<Response<pb::ListContactsReply>, Status> {
        answer(self.contacts.list(request.into_inner()).await)
    }

    async fn erase_contact(
        &self,
        request: Request<pb::EraseContactRequest>,
    ) -> Result<Response<pb::Erasure>, Status> {
        let request = request.into_inner();
        let asked = ("erase", request.person.clone(), request.account.clone());
        self.answer_by_right(asked, self.contacts.erase(request).await)
            .await
    }

    async fn show_receipts(
        &self,
        request: Request<pb::ShowReceiptsRequest>,
    ) -> Result<Response<pb::ShowReceiptsReply>, Status> {
        answer(self.reading.receipts(request.into_inner()).await)
    }

    async fn create_space(
        &self,
        request: Request<pb::CreateSpaceRequest>,
    ) -> Result<Response<pb::CreateSpaceReply>, Status> {
        answer(self.spaces.create(request.into_inner()).await)
    }

    async fn grant_space(
        &self,
        request: Request<pb::GrantSpaceRequest>,
    ) -> Result<Response<pb::GrantSpaceReply>, Status> {
        let request = request.into_inner();
        let asked = ("grant", request.space.clone(), String::new());
        self.answer_by_right(asked, self.spaces.grant(request).await)
            .await
    }

    async fn revoke_space(
        &self,
        request: Request<pb::RevokeSpaceRequest>,
    ) -> Result<Response<pb::RevokeSpaceReply>, Status> {
        let request = request.into_inner();
        let asked = ("revoke", request.space.clone(), String::new());
        self.answer_by_right(asked, self.spaces.revoke(request).await)
            .await
    }

    async fn preview_space(
        &self,
        request: Request<pb::PreviewSpaceRequest>,
    ) -> Result<Response<pb::PreviewSpaceReply>, Status> {
        answer(self.spaces.preview(request.into_inner()).await)
    }

    async fn show_space(
        &self,
        request: Request<pb::ShowSpaceRequest>,
    ) -> Result<Response<pb::ShowSpaceReply>, Status> {
        answer(self.spaces.show(request.into_inner()).await)
    }

    async fn show_rights(
        &self,
        request: Request<pb::ShowRightsRequest>,
    ) -> Result<Response<pb::ShowRightsReply>, Status> {
        answer(self.spaces.rights(request.into_inner()).await)
    }

    async fn transfer_space(
        &self,
        request: Request<pb::TransferSpaceRequest>,
    ) -> Result<Response<pb::TransferSpaceReply>, Status> {
        let request = request.into_inner();
        let asked = ("transfer", request.space.clone(), String::new());
        self.answer_by_right(asked, self.spaces.transfer(request).await)
            .await
    }

    async fn list_spaces(
        &self,
        _: Request<pb::ListSpacesRequest>,
    ) -> Result<Response<pb::ListSpacesReply>, Status> {
        let spaces = self.spaces.list().await;
        answer(spaces.map(|spaces| pb::ListSpacesReply { spaces }))
    }

    async fn put_documents(
        &self,
        request: Request<pb::PutDocumentsRequest>,
    ) -> Result<Response<pb::PutDocumentsReply>, Status> {
        let request = request.into_inner();
        let account = account_of(request.author.as_ref());
        let asked = ("put", request.space.clone(), account);
        self.answer_by_right(asked, self.editing.put(request).await)
            .await
    }

    async fn list_documents(
        &self,
        request: Request<pb::ListDocumentsRequest>,
    ) -> Result<Response<Self::ListDocumentsStream>, Status> {
        answer(self.reading.list(&request.into_inner()))
    }

    async fn search_documents(
        &self,
        request: Request<pb::SearchDocumentsRequest>,
    ) -> Result<Response<pb::SearchDocumentsReply>, Status> {
        answer(self.reading.search(request.into_inner()).await)
    }

    async fn show_document(
        &self,
        request: Request<pb::ShowDocumentRequest>,
    ) -> Result<Response<pb::ShowDocumentReply>, Status> {
        answer(self.reading.show(request.into_inner()).await)
    }

    async fn edit_document(
        &self,
        request: Request<pb::EditDocumentRequest>,
    ) -> Result<Response<pb::EditDocumentReply>, Status> {
        let request = request.into_inner();
        let account = account_of(request.author.as_ref());
        let asked = ("edit", request.id.clone(), account);
        self.answer_by_right(asked, self.editing.edit(request).await)
            .await
    }

    async fn edit_documents(
        &self,
        requests: Request<Streaming<pb::EditDocumentRequest>>,
    ) -> Result<Response<Self::EditDocumentsStream>, Status> {
        answer(Ok(self
            .editing
            .edit_all(requests.into_inner(), &self.auditing)))
    }

    async fn show_history(
        &self,
        request: Request<pb::ShowHistoryRequest>,
    ) -> Result<Response<pb::ShowHistoryReply>, Status> {
        answer(self.reading.history(request.into_inner()).await)
    }

    async fn list_conflicts(
        &self,
        request: Request<pb::ListConflictsRequest>,
    ) -> Result<Response<pb::ListConflictsReply>, Status> {
        answer(self.reading.conflicts(request.into_inner()).await)
    }

    async fn resolve_conflict(
        &self,
        request: Request<pb::ResolveConflictRequest>,
    ) -> Result<Response<pb::EditDocumentReply>, Status> {
        let request = request.into_inner();
        let account = account_of(request.author.as_ref());
        let asked = ("resolve", request.id.clone(), account);
        self.answer_by_right(asked, self.editing.resolve(request).await)
            .await
    }

    async fn export_documents(
        &self,
        request: Request<pb::ExportDocumentsRequest>,
    ) -> Result<Response<Self::ExportDocumentsStream>, Status> {
        answer(self.reading.export(&request.into_inner()))
    }

    async fn check_documents(
        &self,
        request: Request<pb::CheckDocumentsRequest>,
    ) -> Result<Response<Self::CheckDocumentsStream>, Status> {
        answer(self.reading.check(request.into_inner()).await)
    }

    async fn show_reference(
        &self,
        request: Request<pb::ShowReferenceRequest>,
    ) -> Result<Response<pb::ShowReferenceReply>, Status> {
        answer(self.reading.reference(request.into_inner()).await)
    }

    async fn diff_document(
        &self,
        request: Request<pb::DiffDocumentRequest>,
    ) -> Result<Response<pb::DiffDocumentReply>, Status> {
        answer(self.reading.diff(request.into_inner()).await)
    }

    async fn find_duplicates(
        &self,
        request: Request<pb::FindDuplicatesRequest>,
    ) -> Result<Response<pb::FindDuplicatesReply>, Status> {
        answer(self.reading.duplicates(request.into_inner()).await)
    }

    async fn show_tree(
        &self,
        request: Request<pb::ShowTreeRequest>,
    ) -> Result<Response<pb::ShowTreeReply>, Status> {
        answer(self.reading.tree(request.into_inner()).await)
    }

    async fn watch_documents(
        &self,
        request: Request<pb::WatchDocumentsRequest>,
    ) -> Result<Response<Self::WatchDocumentsStream>, Status> {
        answer(self.watching.watch(&request.into_inner()))
    }
}
