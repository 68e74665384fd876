//! Many edits of one client, one behind the other, each answered when it is durable.

use std::pin::Pin;

use futures_util::stream::{Stream, StreamExt};
use phaki_wire::proto::local::v1 as pb;
use tonic::{Status, Streaming};

use super::auditing::Auditing;
use super::border::account_of;
use super::denial::Denial;
use super::editing::Editing;
use super::making::Begun;
use crate::limits::EDITS_UNDER_WAY_MAX;

/// The answers, in the order of the edits.
pub(super) type Edited = Pin<Box<dyn Stream<Item = Result<pb::EditDocumentsReply, Status>> + Send>>;

impl Editing {
    /// Makes edits as they come. The next one is made while those before become durable.
    pub(super) fn edit_all(
        &self,
        requests: Streaming<pb::EditDocumentRequest>,
        auditing: &Auditing,
    ) -> Edited {
        let (this, auditing) = (self.clone(), auditing.clone());
        let begun = requests.then(move |request| {
            let (this, auditing) = (this.clone(), auditing.clone());
            async move {
                let request = request?;
                let (id, account) = (request.id.clone(), account_of(request.author.as_ref()));
                let begun = this.begin_edit(request).await;
                if let Err(denial) = &begun {
                    auditing.denied("edit", &id, &account, denial).await;
                }
                Ok::<_, Status>(begun)
            }
        });
        let answers = begun.map(async |begun| begun.map(answer)?.await);
        Box::pin(answers.buffered(EDITS_UNDER_WAY_MAX))
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
