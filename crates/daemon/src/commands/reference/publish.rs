//! `reference publish`: makes reference sets into documents that every node gets.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use phaki_documents::reference::{Version, built_in_documents};
use phaki_wire::proto::local::v1::{PutDocumentsRequest, ShowReferenceReply};
use serde_json::{Value, json};

use super::wrong;
use crate::commands::{AuthorArgs, Invocation};

/// Publish reference sets to every node, at the national node; twice changes nothing
///
/// Without a file: the sets of the program that are not published yet. Those that are stay as they are,
/// corrections included. With a file also the versions in it: a JSON document of a reference set,
/// or a list of them, as `phaki reference show --json` prints them. A version that exists is corrected and
/// keeps entries that the file lacks; for a change from some day on, give it a new `version` and
/// `valid`. What is published counts at each node once it has arrived there.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki reference publish
  phaki reference publish figures-2570.json -m 'announcement of 2569'")]
pub(crate) struct PublishArgs {
    /// A JSON file with versions of reference sets
    file: Option<PathBuf>,
    #[command(flatten)]
    author: AuthorArgs,
}

pub(super) async fn publish(invocation: &mut Invocation, args: PublishArgs) -> anyhow::Result<()> {
    let given = match &args.file {
        Some(file) => read(file)?,
        None => Vec::new(),
    };
    let mut client = invocation.connect().await?;
    let reply = client.reference("").await?;
    if reply.publish_to.is_empty() {
        bail!(
            "this node may publish no reference set: that is done at a national node, in its space \
             whose name ends in /reference; `phaki reference list` shows what is in use here"
        );
    }
    let documents = missing(&reply, given);
    let mut tally = Tally::default();
    // One by one: each is a request that fits, however large the areas of a country are.
    for document in documents {
        let request = PutDocumentsRequest {
            space: reply.publish_to.clone(),
            documents_json: vec![document.to_string()],
            author: Some(args.author.to_wire()),
            ..PutDocumentsRequest::default()
        };
        for put in client.put(request).await?.documents {
            match put.outcome.as_str() {
                "created" => tally.created += 1,
                "changed" => tally.changed += 1,
                _ => tally.unchanged += 1,
            }
        }
    }
    let output = &mut invocation.output;
    let (
        space,
        Tally {
            created,
            changed,
            unchanged,
        },
    ) = (&reply.publish_to, tally);
    if output.json {
        return output.value(&json!({
            "space": space, "created": created, "changed": changed, "unchanged": unchanged,
        }));
    }
    output.line(output.language.pick(
        format!("{space}: เผยแพร่ใหม่ {created} รุ่น แก้ไข {changed} คงเดิม {unchanged}"),
        format!(
            "{space}: {created} versions published, {changed} corrected, {unchanged} unchanged"
        ),
    ))
}

/// What came of publishing.
#[derive(Debug, Default)]
struct Tally {
    created: u64,
    changed: u64,
    unchanged: u64,
}

/// The versions of the program that no reference space holds, then the given ones: a correction of one
/// of them that is not published yet would otherwise be all that there is of it.
fn missing(reply: &ShowReferenceReply, given: Vec<Value>) -> Vec<Value> {
    let held = reply
        .versions
        .iter()
        .filter(|version| !version.space.is_empty());
    let held: BTreeSet<&str> = held.map(|version| version.id.as_str()).collect();
    let is_missing = |document: &Value| !held.contains(document["id"].as_str().unwrap_or_default());
    let own = built_in_documents().into_iter().filter(is_missing);
    own.chain(given).collect()
}

/// The versions of a file, each with its id.
fn read(file: &Path) -> anyhow::Result<Vec<Value>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    let mut documents = Vec::new();
    for value in values {
        match value.map_err(|error| wrong(file, format!("it holds no JSON: {error}")))? {
            Value::Array(items) => documents.extend(items),
            one => documents.push(one),
        }
    }
    for (index, document) in documents.iter_mut().enumerate() {
        let number = index + 1;
        let version = Version::read(document)
            .map_err(|error| wrong(file, format!("version {number} of the file: {error}")))?;
        if let Some(path) = version.unreadable.first() {
            let problem = "is no entry of that set: `phaki schema refset` says what it has";
            bail!(wrong(
                file,
                format!("version {number} of the file: {path} {problem}")
            ));
        }
        if document["id"].is_null() {
            document["id"] = json!(version.id().to_string());
        }
        document["kind"] = json!("refset");
    }
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use phaki_wire::proto::local::v1::ReferenceVersion;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn a_file_holds_versions_one_behind_the_other_or_in_a_list() {
        let one = r#"{"set": "figures", "version": "2570", "figures": {"approval_day": 1}}"#;
        for text in [one.to_owned(), format!("[{one}]"), format!("{one}\n{one}")] {
            let read = read(file(&text).path()).unwrap();
            assert!(read.iter().all(|document| document["id"] == read[0]["id"]));
            assert!(read[0]["id"].as_str().unwrap().starts_with("refset_"));
        }
    }

    #[test]
    fn what_would_have_no_effect_is_refused_with_its_place() {
        let wrong = r#"{"set": "figures", "version": "2570", "figures": {"approval_day": "1"}}"#;
        for (text, said) in [
            (wrong, "figures/approval_day"),
            ("[{}]", "version 1 of the file: field `set`"),
            ("x", "no JSON"),
        ] {
            let error = read(file(text).path()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn what_is_published_is_left_alone_and_a_correction_comes_behind_what_it_corrects() {
        let all = built_in_documents();
        let mut reply = ShowReferenceReply::default();
        let corrected = json!({"id": all[0]["id"], "basis": "another"});
        let both = missing(&reply, vec![corrected.clone()]);
        assert_eq!(
            (&both[..all.len()], &both[all.len()..]),
            (&all[..], &[corrected][..])
        );
        reply.versions = all
            .iter()
            .map(|document| ReferenceVersion {
                id: document["id"].as_str().unwrap().to_owned(),
                space: "TH/reference".to_owned(),
                ..ReferenceVersion::default()
            })
            .collect();
        assert_eq!(missing(&reply, Vec::new()), Vec::<Value>::new());
    }
}
