//! Documents as Automerge saves them: a file for each, with its whole history.

use std::collections::BTreeSet;

use anyhow::Context;
use phaki_wire::proto::local::v1::ExportDocumentsRequest;
use serde_json::{Value, json};

use super::{ExportArgs, writing};
use crate::cli::Misuse;
use crate::commands::Invocation;
use crate::output::{complain, number};

pub(super) async fn export(invocation: &mut Invocation, args: ExportArgs) -> anyhow::Result<()> {
    let Some(folder) = &args.out else {
        let reason = "each document is a file: add --out FOLDER".to_owned();
        return Err(Misuse(reason).into());
    };
    let mut client = invocation.connect().await?;
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let request = ExportDocumentsRequest {
        space: args.space,
        kind: args.kind,
        saved: true,
    };
    let mut listing = client.export_as(request).await?;
    let (mut written, mut left_out) = (BTreeSet::new(), 0_u64);
    while let Some(exported) = listing.next().await? {
        if exported.saved.is_empty() {
            left_out += 1;
            continue;
        }
        let json: Value =
            serde_json::from_str(&exported.document_json).context("read a document of the node")?;
        let id = json["id"].as_str().context("read the id of a document")?;
        if !written.insert(id.to_owned()) {
            let reason = format!("document {id} is in several spaces: add --space");
            return Err(Misuse(reason).into());
        }
        writing::write(&folder.join(format!("{id}.automerge")), &exported.saved)?;
    }
    let output = &mut invocation.output;
    if left_out > 0 {
        let count = number::grouped(left_out);
        complain(output.language.pick(
            format!("หมายเหตุ: {count} เอกสารมีการเปลี่ยนแปลงที่ใช้ไม่ได้ จึงไม่ส่งออก: ใช้ --format jsonl"),
            format!(
                "note: {count} documents hold changes that fit nowhere and are not exported: use \
                 --format jsonl"
            ),
        ));
    }
    let count = written.len() as u64;
    if output.json {
        return output.value(&json!({"documents": count, "left_out": left_out, "file": folder}));
    }
    let (count, folder) = (number::grouped(count), folder.display());
    output.line(output.language.pick(
        format!("ส่งออก {count} เอกสารไปที่ {folder} แล้ว"),
        format!("exported {count} documents to {folder}"),
    ))
}
