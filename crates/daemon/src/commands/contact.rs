//! `contact`: contact data of people, which lies in the vault and can be erased.

mod export;
mod set;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use phaki_documents::contact::{Basis, ContactField};
use phaki_replication::vault::Ground;
use phaki_wire::proto::local::v1::{Contact, EraseContactRequest, Erasure, ShowContactRequest};

use self::export::ExportArgs;
use self::set::SetArgs;
use super::confirm::confirm;
use super::{Invocation, whole_id};
use crate::node_loop::wall_ms;
use crate::output::{Align, Language, Output, Table, machine, time, words};

/// Record, read, hand out and erase the contact data of people
///
/// It lies in the vault: sealed, at nodes that may write in the space, in no document, no history and
/// no backup. Who read whose data is in the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum ContactCommand {
    Set(SetArgs),
    Show(ShowArgs),
    List(ListArgs),
    Export(ExportArgs),
    Erase(EraseArgs),
}

/// Which person.
#[derive(Args, Debug)]
struct WhichArgs {
    /// Id of the document of kind person, or the first letters of it
    person: String,
    /// Space, when the person is in several
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
    /// Account that is recorded as who did it; by default the one that administers this node
    #[arg(long, default_value = "", hide_default_value = true)]
    account: String,
}

/// Show what is recorded of a person; that you did is recorded, too
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki contact show person_6db237a0")]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    which: WhichArgs,
}

/// List of whom contact data is held, on which basis and until when, without anything personal
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki contact list --json | jq -r 'select(.retain_until < \"2027-01-01\").person'")]
pub(crate) struct ListArgs {
    /// Only of this space
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
}

/// Have a person erased at every node, for ever
///
/// Only the steward of the space can. The order wins over every record, earlier or later. Each node
/// that holds the vault erases the record with its key and acknowledges that; `phaki status` shows who
/// has not, and how many of the 90 days are left. Positions in documents stay; names that somebody typed
/// into texts are found by `phaki check` and must be removed there.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki contact erase person_6db237a0 --reason consent-withdrawn --yes")]
pub(crate) struct EraseArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Ground of section 33
    #[arg(long, value_parser = PossibleValuesParser::new(Ground::ALL.map(|(.., name)| name)))]
    reason: String,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn contact(
    invocation: &mut Invocation,
    command: ContactCommand,
) -> anyhow::Result<()> {
    match command {
        ContactCommand::Set(args) => set::set(invocation, args).await,
        ContactCommand::Show(args) => show(invocation, &args).await,
        ContactCommand::List(args) => list(invocation, &args).await,
        ContactCommand::Export(args) => export::export(invocation, &args).await,
        ContactCommand::Erase(args) => erase(invocation, args).await,
    }
}

async fn show(invocation: &mut Invocation, args: &ShowArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let WhichArgs {
        person,
        space,
        account,
    } = &args.which;
    let request = ShowContactRequest {
        person: person.clone(),
        space: space.clone(),
        export: false,
        account: account.clone(),
    };
    let found = client.contact(request).await?;
    print(&mut invocation.output, &found)
}

/// One person's data, field by field.
fn print(output: &mut Output, found: &Contact) -> anyhow::Result<()> {
    if output.json {
        return output.value(&machine::contact(found));
    }
    let language = output.language;
    output.line(format!("{}  {}", found.person, found.space))?;
    if let Some(erasure) = &found.erasure {
        return output.line(erased(output, erasure));
    }
    if found.number == 0 {
        return output.line(language.pick(
            "ยังไม่มีข้อมูลติดต่อ: บันทึกด้วย `phaki contact set`",
            "no contact data is recorded: `phaki contact set` does",
        ));
    }
    let mut table = Table::pairs().indent(2);
    for (field, name, th, en) in ContactField::ALL {
        let value = found.fields.iter().find(|one| one.name == field.name());
        if let Some(value) = value {
            let label = format!("{} ({name})", language.pick(th, en));
            table.row([label, value.value.clone()]);
        }
    }
    let row = |th: &str, en: &str| language.pick(th, en).to_owned();
    table.row([
        row("ฐานทางกฎหมาย", "Lawful basis"),
        basis(language, &found.basis),
    ]);
    if !found.consent.is_empty() {
        table.row([
            row("หลักฐานความยินยอม", "Consent filed at"),
            found.consent.clone(),
        ]);
    }
    table.row([
        row("เก็บถึง", "Needed until"),
        time::date(&found.retain_until, language),
    ]);
    let recorded = format!("{}  {}", found.recorded_at, output.moment(found.time_ms));
    table.row([row("บันทึกที่", "Recorded at"), recorded]);
    output.table(&table)
}

fn basis(language: Language, code: &str) -> String {
    let known = Basis::ALL.into_iter().find(|(_, known, ..)| *known == code);
    known.map_or_else(
        || code.to_owned(),
        |(_, _, th, en)| language.pick(th, en).to_owned(),
    )
}

/// What became of a person's data.
fn erased(output: &Output, erasure: &Erasure) -> String {
    let (when, at) = (output.moment(erasure.time_ms), &erasure.ordered_at);
    let (reason, left) = (&erasure.ground, days_left(erasure));
    let (done, open) = (erasure.done.join(", "), erasure.open.join(", "));
    let language = output.language;
    let mut text = language.pick(
        format!("ลบตาม PDPA เมื่อ {when} โดย {at} ({reason})\nยืนยันการลบแล้ว: {done}"),
        format!("erased under the PDPA on {when} by {at} ({reason})\nacknowledged by: {done}"),
    );
    if !open.is_empty() {
        text.push_str(&language.pick(
            format!("\nยังไม่ยืนยัน: {open} (เหลือ {left} วัน)"),
            format!("\nnot yet by: {open} ({left} days left)"),
        ));
    }
    text
}

/// Whole days until every copy is to be erased; negative once they are over.
pub(crate) fn days_left(erasure: &Erasure) -> i64 {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    erasure.due_ms.saturating_sub(wall_ms()).div_euclid(DAY_MS)
}

async fn list(invocation: &mut Invocation, args: &ListArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let contacts = client.contacts(&args.space).await?;
    let output = &mut invocation.output;
    if output.json {
        for one in &contacts {
            output.value(&machine::contact(one))?;
        }
        return Ok(());
    }
    let language = output.language;
    let word = |text| (language.of(text), Align::Left);
    let mut table = Table::new(&[
        (language.pick("บุคคล", "PERSON"), Align::Left),
        word(words::SPACE),
        (language.pick("ฐานทางกฎหมาย", "LAWFUL BASIS"), Align::Left),
        (language.pick("เก็บถึง", "NEEDED UNTIL"), Align::Left),
    ]);
    for one in &contacts {
        let (basis, until) = match &one.erasure {
            Some(erasure) => (
                language.pick("ลบแล้ว", "erased").to_owned(),
                output.moment(erasure.time_ms),
            ),
            None => (
                basis(language, &one.basis),
                time::date(&one.retain_until, language),
            ),
        };
        table.row([one.person.clone(), one.space.clone(), basis, until]);
    }
    output.table(&table)
}

async fn erase(invocation: &mut Invocation, args: EraseArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let WhichArgs {
        person,
        space,
        account,
    } = args.which;
    let person = whole_id(&mut client, &person, &space).await?;
    let output = &mut invocation.output;
    let question = output.language.pick(
        format!("ลบข้อมูลติดต่อของ {person} ที่ทุกโหนดอย่างถาวร และจะบันทึกใหม่ไม่ได้อีก"),
        format!(
            "{person} will be erased at every node, for ever, and can never be recorded again."
        ),
    );
    confirm(output, args.yes, &question)?;
    let request = EraseContactRequest {
        person,
        space,
        ground: args.reason,
        account,
    };
    let erasure = client.erase(request).await?;
    let output = &mut invocation.output;
    match output.json {
        true => output.value(&machine::erasure(&erasure)),
        false => output.line(erased(output, &erasure)),
    }
}

/// Erasures that some node has not acknowledged, for `status`.
pub(crate) fn open_erasures(output: &Output, erasures: &[Erasure]) -> Table {
    let language = output.language;
    let mut table = Table::new(&[
        (language.pick("บุคคล", "PERSON"), Align::Left),
        (language.pick("สั่งเมื่อ", "ORDERED"), Align::Left),
        (language.pick("ต้องเสร็จภายใน", "DUE"), Align::Left),
        (language.pick("เหลือ (วัน)", "DAYS LEFT"), Align::Right),
        (language.pick("ยังไม่ยืนยัน", "NOT YET BY"), Align::Left),
    ])
    .indent(2);
    for erasure in erasures {
        table.row([
            erasure.person.clone(),
            output.moment(erasure.time_ms),
            output.moment(erasure.due_ms),
            days_left(erasure).to_string(),
            erasure.open.join(", "),
        ]);
    }
    table
}
