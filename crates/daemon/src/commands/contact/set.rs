//! `contact set`: records contact data, fields as arguments or from standard input.

use std::io;

use anyhow::{Context, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;
use phaki_documents::contact::Basis;
use phaki_documents::date::Date;
use phaki_wire::proto::local::v1::{ContactField, SetContactRequest};

use super::WhichArgs;
use crate::cli::Misuse;
use crate::commands::Invocation;

/// Record contact data of a person, or change some fields of it
///
/// Fields: prefix, name_th, name_en, work_phone, work_email, line_id (by consent only), note. Other
/// fields stay as they are; FIELD= removes one. Basis and day are required the first time. Numbers of
/// citizens are refused. With `-` instead of fields they are read from standard input, one on a line, so that they
/// stand in no history of the shell.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki contact set person_6db237a0 --basis s24-4 --until 2570-09-30 - < contact.txt
  phaki contact set person_6db237a0 work_phone=074-123-456")]
pub(crate) struct SetArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Lawful basis: s19 is consent, s24-4 a public task; see docs/operators.md
    #[arg(long, value_parser = PossibleValuesParser::new(Basis::ALL.map(|(_, code, ..)| code)))]
    basis: Option<String>,
    /// Last day on which it is needed, in either era
    #[arg(long, value_name = "YYYY-MM-DD")]
    until: Option<String>,
    /// Where the consent is filed
    #[arg(long, default_value = "", hide_default_value = true)]
    consent: String,
    /// FIELD=VALUE, any number of them, or - for standard input
    #[arg(value_name = "FIELD=VALUE")]
    fields: Vec<String>,
}

/// Years of the Buddhist era are larger than this.
const CHRISTIAN_YEAR_MAX: u16 = 2400;

pub(super) async fn set(invocation: &mut Invocation, args: SetArgs) -> anyhow::Result<()> {
    let lines = match &args.fields[..] {
        [one] if one == "-" => {
            let lines = io::stdin().lines().collect::<Result<Vec<_>, _>>();
            lines.context("read fields from standard input")?
        }
        _ => args.fields,
    };
    let lines = lines.iter().filter(|line| !line.trim().is_empty());
    let fields = lines.map(|line| field(line)).collect::<Result<_, _>>()?;
    let request = SetContactRequest {
        person: args.which.person,
        space: args.which.space,
        account: args.which.account,
        fields,
        basis: args.basis.unwrap_or_default(),
        retain_until: args.until.as_deref().map_or(Ok(String::new()), iso_date)?,
        consent: args.consent,
    };
    let mut client = invocation.connect().await?;
    let recorded = client.set_contact(request).await?;
    super::print(&mut invocation.output, &recorded)
}

fn field(line: &str) -> anyhow::Result<ContactField> {
    // What is wrong is not repeated: it may be somebody's name.
    let Some((name, value)) = line.split_once('=') else {
        bail!(Misuse(
            "a field is written FIELD=VALUE, such as work_phone=074-123-456".to_owned()
        ));
    };
    Ok(ContactField {
        name: name.trim().to_owned(),
        value: value.trim().to_owned(),
    })
}

fn iso_date(text: &str) -> anyhow::Result<String> {
    let Some(date) = Date::parse(text) else {
        bail!(Misuse(format!(
            "--until {text} is no date: write it like 2570-09-30 or 2027-09-30"
        )));
    };
    let year = match date.year > CHRISTIAN_YEAR_MAX {
        true => date.year - 543,
        false => date.year,
    };
    Ok(Date { year, ..date }.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_understood_in_either_era() {
        assert_eq!(iso_date("2570-09-30").unwrap(), "2027-09-30");
        assert_eq!(iso_date("2027-09-30").unwrap(), "2027-09-30");
        assert!(iso_date("30 กันยายน").is_err());
    }

    #[test]
    fn what_is_no_field_is_not_repeated() {
        let error = field("สมมุติ ตัวอย่าง").unwrap_err().to_string();
        assert!(!error.contains("สมมุติ"), "{error}");
    }
}
