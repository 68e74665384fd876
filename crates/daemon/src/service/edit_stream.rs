//! Many edits of one client, one behind the other, each answered when it is durable.

use std::pin::Pin;

use futures_util::stream::{self, Stream, StreamExt};
use phaki_wire::proto::local::v1 as pb;
use tonic::{Status, Streaming};

use super::auditing::Auditing;
use super::border::account_of;
use super::denial::Denial;
use super::editing::Editing;
use super::making::Begun;
use crate::limits::{EDITS_TOGETHER_MAX, EDITS_UNDER_WAY_MAX};

/// The answers, in the order of the edits.
pub(super) type Edited = Pin<Box<dyn Stream<Item = Result<pb::EditDocumentsReply, Status>> + Send>>;

impl Editing {
    /// Makes edits as they come, those that have come together. The next ones are made while those
    /// before become durable.
    pub(super) fn edit_all(
        &self,
        requests: Streaming<pb::EditDocumentRequest>,
        auditing: &Auditing,
    ) -> Edited {
        let (this, auditing) = (self.clone(), auditing.clone());
        let begun = requests
            .ready_chunks(EDITS_TOGETHER_MAX)
            .then(move |requests| {
                let (this, auditing) = (this.clone(), auditing.clone());
                async move { stream::iter(this.begin_chunk(requests, &auditing).await) }
            })
            .flatten();
        let answers = begun.map(async |begun| begun.map(answer)?.await);
        Box::pin(answers.buffered(EDITS_UNDER_WAY_MAX))
    }

    /// Begins what has come; behind an error of the stream there is nothing.
    async fn begin_chunk(
        &self,
        requests: Vec<Result<pb::EditDocumentRequest, Status>>,
        auditing: &Auditing,
    ) -> Vec<Result<Result<Begun, Denial>, Status>> {
        let mut broken = None;
        let mut whole = Vec::with_capacity(requests.len());
        for request in requests {
            match request {
                Ok(request) => whole.push(request),
                Err(status) => broken = Some(Err(status)),
            }
        }
        let named = whole.iter();
        let named: Vec<_> = named
            .map(|request| (request.id.clone(), account_of(request.author.as_ref())))
            .collect();
        let begun = self.begin_edits(whole).await;
        for ((id, account), begun) in named.iter().zip(&begun) {
            if let Err(denial) = begun {
                auditing.denied("edit", id, account, denial).await;
            }
        }
        begun.into_iter().map(Ok).chain(broken).collect()
    }
}

async fn answer(begun: Result<Begun, Denial>) -> Result<pb::EditDocumentsReply, Status> {
    let edited = match begun {
        Ok(begun) => begun.durable().await,
        Err(denial) => Err(denial),
    };
    Ok(match edited {
        Ok(edited) => pb::EditDocumentsReply {
            edited: Some(edited),
            ..pb::EditDocumentsReply::default()
        },
        Err(denial) => pb::EditDocumentsReply {
            edited: None,
            reason: denial.reason.to_owned(),
            sentence: denial.sentence,
        },
    })
}
