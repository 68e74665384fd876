//! `import`: documents from a file into a space.

mod report;
mod sheets;
mod source;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use phaki_wire::proto::local::v1::{ListDocumentsRequest, PutDocument, PutDocumentsRequest};
use serde_json::{Value, json};

use self::source::Place;
use super::{AuthorArgs, Invocation, export};
use crate::cli::Misuse;
use crate::client::{Client, Refusal};
use crate::output::{Bar, Language, Output, Unit, complain, number};

/// Bytes of the documents of one request. One request is one transaction; an answer comes soon
/// enough to show progress, and the node's limit on messages is several times this.
const BATCH_BYTES: usize = 1024 * 1024;
/// Documents of one request: the node holds a request's documents in memory at once.
const BATCH_DOCUMENTS: usize = 500;

/// Import documents from a file into a space; importing twice changes nothing
///
/// The file holds JSON lines, a JSON array, {"docs": [...]}, or is a spreadsheet as `phaki export`
/// makes it: an .xlsx workbook, a .csv file, or a folder of them. Fields that the file lacks, and
/// empty cells, are left as they are; (clear) in a cell removes a field, (unknown) says that it is
/// known to be unknown. What cannot be imported is reported with its line or cell and the rest
/// goes on; the exit code is then 1. Values in conflict are not overwritten by a spreadsheet.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki import plans.jsonl --space province-41 --dry-run
  phaki import plans.jsonl --space province-41 --message 'plans of 2567'
  phaki import plans.xlsx --space province-41 --dry-run --lang th
  phaki export --space province-41 | ssh elsewhere phaki import - --space archive")]
pub(crate) struct ImportArgs {
    /// The file; `-` is the standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Space that takes the documents, by name or id
    #[arg(long)]
    space: String,
    /// The format, where the ending of the file does not say it
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    author: AuthorArgs,
}

/// In which form documents come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Jsonl,
    Xlsx,
    Csv,
}

impl Format {
    /// The format that a file's name promises; of a folder its files.
    fn of(file: &Path) -> Format {
        match export::Format::of(file) {
            Some(export::Format::Xlsx) => Format::Xlsx,
            Some(export::Format::Csv) => Format::Csv,
            _ if file.is_dir() => Format::Csv,
            _ => Format::Jsonl,
        }
    }
}

/// What came of an import.
#[derive(Debug, Default)]
struct Tally {
    created: u64,
    changed: u64,
    unchanged: u64,
    refused: Vec<(Place, String)>,
}

impl Tally {
    /// Documents of which it is known what became of them.
    fn settled(&self) -> u64 {
        self.created + self.changed + self.unchanged + self.refused.len() as u64
    }
}

pub(crate) async fn import(
    invocation: &mut Invocation,
    args: ImportArgs,
) -> anyhow::Result<ExitCode> {
    match args.format.unwrap_or_else(|| Format::of(&args.file)) {
        Format::Jsonl => lines(invocation, args).await,
        Format::Xlsx => sheets::import(invocation, args, Format::Xlsx).await,
        Format::Csv => sheets::import(invocation, args, Format::Csv).await,
    }
}

async fn lines(invocation: &mut Invocation, args: ImportArgs) -> anyhow::Result<ExitCode> {
    let text = read(&args.file)?;
    let sources = source::sources(&text)
        .map_err(|reason| Misuse(format!("{}: {reason}", args.file.display())))?;
    let mut client = invocation.connect().await?;
    known_space(&mut client, &args.space).await?;
    let mut import = Import::new(&args);
    let documents = sources.into_iter();
    let documents = documents.map(|source| {
        let document = source.document.map(|document| document.to_string());
        (source.place, document)
    });
    import
        .all(invocation, &mut client, documents.collect())
        .await?;
    let mut tally = import.tally;
    tally.refused.sort_by_key(|(place, _)| place_number(*place));
    report(&mut invocation.output, &args.file, &tally, args.dry_run)?;
    Ok(if tally.refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A space that nobody knows is one mistake, not one of each document.
async fn known_space(client: &mut Client, space: &str) -> anyhow::Result<()> {
    let whole = ListDocumentsRequest {
        space: space.to_owned(),
        ..ListDocumentsRequest::default()
    };
    client.list(whole).await.map(|_| ())
}

fn read(file: &Path) -> anyhow::Result<String> {
    let bytes = if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .context("read the standard input")?;
        bytes
    } else {
        std::fs::read(file).with_context(|| format!("read {}", file.display()))?
    };
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let file = match file.as_os_str() == "-" {
            true => "the standard input".to_owned(),
            false => file.display().to_string(),
        };
        Misuse(format!(
            "{file} is not in UTF-8 (byte {at}); save it as UTF-8"
        ))
        .into()
    })
}

struct Import {
    template: PutDocumentsRequest,
    tally: Tally,
}

impl Import {
    fn new(args: &ImportArgs) -> Import {
        Import {
            template: PutDocumentsRequest {
                space: args.space.clone(),
                author: Some(args.author.to_wire()),
                dry_run: args.dry_run,
                ..PutDocumentsRequest::default()
            },
            tally: Tally::default(),
        }
    }

    /// Puts all documents, a batch at a time; those that are none are counted as refused.
    async fn all(
        &mut self,
        invocation: &Invocation,
        client: &mut Client,
        documents: Vec<(Place, Result<String, String>)>,
    ) -> anyhow::Result<()> {
        let language = invocation.output.language;
        let what = language.pick("นำเข้า", "importing");
        let bar = Bar::new(what, documents.len() as u64, Unit::Documents, language);
        let mut batch: Vec<(Place, String)> = Vec::new();
        let mut bytes = 0;
        for (place, document) in documents {
            let text = match document {
                Ok(text) => text,
                Err(reason) => {
                    self.tally.refused.push((place, reason));
                    continue;
                }
            };
            let full = bytes + text.len() > BATCH_BYTES || batch.len() == BATCH_DOCUMENTS;
            if !batch.is_empty() && full {
                self.put(client, std::mem::take(&mut batch)).await?;
                bar.at(self.tally.settled());
                bytes = 0;
            }
            bytes += text.len();
            batch.push((place, text));
        }
        self.put(client, batch).await
    }

    /// Puts a batch. A refused one is parted until the documents to blame stand alone, since the
    /// node takes all of a request or nothing.
    async fn put(
        &mut self,
        client: &mut Client,
        batch: Vec<(Place, String)>,
    ) -> anyhow::Result<()> {
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            let request = PutDocumentsRequest {
                documents_json: part.iter().map(|(_, text)| text.clone()).collect(),
                ..self.template.clone()
            };
            match client.put(request).await {
                Ok(reply) => self.count(&reply.documents),
                Err(error) => {
                    let reason = match error.downcast_ref::<Refusal>() {
                        Some(refusal) if refusal.blames_documents() => refusal.message.clone(),
                        _ => return Err(self.interrupted(error)),
                    };
                    if part.len() > 1 {
                        let second = part.split_off(part.len() / 2);
                        parts.extend([second, part]);
                    } else if let Some((place, _)) = part.pop() {
                        self.tally.refused.push((place, reason));
                    }
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, documents: &[PutDocument]) {
        for document in documents {
            match document.outcome.as_str() {
                "created" => self.tally.created += 1,
                "changed" => self.tally.changed += 1,
                _ => self.tally.unchanged += 1,
            }
        }
    }

    fn interrupted(&self, error: anyhow::Error) -> anyhow::Error {
        let done = self.tally.created + self.tally.changed + self.tally.unchanged;
        if done == 0 {
            return error;
        }
        error.context(format!(
            "import stopped after {done} documents; it can be repeated as it is"
        ))
    }
}

fn place_number(place: Place) -> usize {
    match place {
        Place::Line(number) | Place::Item(number) => number,
    }
}

fn place_name(place: Place, language: Language) -> String {
    match place {
        Place::Line(line) => format!("{} {line}", language.pick("บรรทัด", "line")),
        Place::Item(item) => format!("{} {item}", language.pick("เอกสารที่", "document")),
    }
}

fn report(output: &mut Output, file: &Path, tally: &Tally, dry_run: bool) -> anyhow::Result<()> {
    if output.json {
        let refused: Vec<Value> = tally
            .refused
            .iter()
            .map(|(place, reason)| match place {
                Place::Line(line) => json!({"line": line, "reason": reason}),
                Place::Item(item) => json!({"item": item, "reason": reason}),
            })
            .collect();
        return output.value(&json!({
            "created": tally.created,
            "changed": tally.changed,
            "unchanged": tally.unchanged,
            "refused": refused,
            "dry_run": dry_run,
        }));
    }
    let language = output.language;
    for (place, reason) in &tally.refused {
        complain(format!(
            "{}: {}: {reason}",
            file.display(),
            place_name(*place, language)
        ));
    }
    let [created, changed, unchanged] =
        [tally.created, tally.changed, tally.unchanged].map(number::grouped);
    let refused = number::grouped(tally.refused.len() as u64);
    let intent = if dry_run {
        language.pick(
            "ทดลอง (ไม่มีการเปลี่ยนแปลง): ",
            "dry run, nothing was changed: ",
        )
    } else {
        ""
    };
    output.line(language.pick(
        format!("{intent}สร้าง {created} แก้ไข {changed} คงเดิม {unchanged} ไม่รับ {refused}"),
        format!(
            "{intent}{created} created, {changed} changed, {unchanged} unchanged, {refused} refused"
        ),
    ))
}
