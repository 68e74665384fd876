//! `contact export`: everything that is held of one person, in answer to a request for access.

use clap::Args;
use phaki_wire::proto::local::v1::{AuditRecord, ListAuditRequest, ShowContactRequest};
use serde_json::{Value, json};

use super::WhichArgs;
use crate::audit::Deed;
use crate::client::Client;
use crate::commands::Invocation;
use crate::output::machine;

/// Write everything that is held of one person as JSON, to answer a request for access
///
/// Contact data with its basis, the document with the person's positions, the erasure if there is one,
/// and who recorded, read or handed out the data at this node. The answer is due within 30 days.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki contact export person_6db237a0 > access-request-12.json")]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    which: WhichArgs,
}

/// Records of the audit log that are looked through for one kind of deed.
const RECORDS_MAX: u32 = 10_000;

pub(super) async fn export(invocation: &mut Invocation, args: &ExportArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let request = ShowContactRequest {
        person: args.which.person.clone(),
        space: args.which.space.clone(),
        export: true,
        account: args.which.account.clone(),
    };
    let contact = client.contact(request).await?;
    let document = client.show(&contact.person, &contact.space).await?;
    let access = accesses(&mut client, &contact.person).await?;
    let all = json!({
        "contact": machine::contact(&contact),
        "document": machine::embedded(&document.document_json),
        "access": access.iter().map(machine::audit_record).collect::<Vec<Value>>(),
    });
    let output = &mut invocation.output;
    if output.json {
        return output.value(&all);
    }
    output.line(format!("{all:#}"))
}

/// What the audit log knows of who dealt with the data of a person, the oldest first.
async fn accesses(client: &mut Client, person: &str) -> anyhow::Result<Vec<AuditRecord>> {
    let mut found = Vec::new();
    for deed in [
        Deed::ContactRecorded,
        Deed::ContactRead,
        Deed::ContactExported,
        Deed::ErasureOrdered,
        Deed::PersonErased,
    ] {
        let request = ListAuditRequest {
            act: deed.word().to_owned(),
            limit: RECORDS_MAX,
            oldest_first: true,
            ..ListAuditRequest::default()
        };
        let records = client.audit(request).await?.into_iter();
        found.extend(records.filter(|record| record.subject == person));
    }
    found.sort_by_key(|record| record.number);
    Ok(found)
}
