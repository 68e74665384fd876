//! `serve`, `check-config` and `completions`: what concerns the program rather than documents.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde_json::json;

use super::Invocation;
use crate::cli::{self, Cli, Global};
use crate::config::{Flags, LogFormat};
use crate::output::{Table, words};
use crate::run;

/// Run the node until it is told to stop
///
/// Stops on SIGTERM or SIGINT after finishing what is under way; a second signal ends it at once.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki serve --data /var/lib/phaki --listen 0.0.0.0:7443")]
pub(crate) struct ServeArgs {
    /// Where to listen for other nodes; empty: not at all
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// Account of edits that name none
    #[arg(long)]
    account: Option<String>,
    /// What is logged, such as `info` or `info,phaki_net=debug`
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// Form of the log: text or json
    #[arg(long, value_name = "FORM")]
    log_format: Option<String>,
}

/// Check the configuration without starting anything
///
/// Names every problem at once and what to do about it; exit code 2 when there is one.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki check-config /etc/phaki/phaki.toml")]
pub(crate) struct CheckConfigArgs {
    /// The file, by default the one that would be used
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Print the completions of this command line for a shell
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki completions bash > /etc/bash_completion.d/phaki")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(crate) fn serve(global: &Global, args: ServeArgs) -> anyhow::Result<ExitCode> {
    let config = cli::load(&Flags {
        listen: args.listen,
        account: args.account,
        log: args.log,
        log_format: args.log_format,
        ..global.flags()
    })?;
    run::serve(config)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn check_config(
    invocation: &mut Invocation,
    args: &CheckConfigArgs,
) -> anyhow::Result<()> {
    let mut flags = invocation.global.flags();
    if let Some(file) = &args.file {
        flags.config = Some(file.clone());
    }
    let config = cli::load(&flags)?;
    let output = &mut invocation.output;
    let format = match config.log.format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    };
    if output.json {
        return output.value(&json!({
            "data": config.data,
            "listen": config.listen,
            "addresses": config.addresses,
            "account": config.account,
            "socket": config.socket,
            "peers": config.peers,
            "retry_max_ms": u64::try_from(config.retry_max.as_millis()).unwrap_or(u64::MAX),
            "log": {"format": format, "level": config.log.level},
            "drain_deadline_ms":
                u64::try_from(config.drain_deadline.as_millis()).unwrap_or(u64::MAX),
        }));
    }
    let language = output.language;
    let nowhere = language.pick("ไม่รับการเชื่อมต่อเข้า", "nowhere, this node only dials out");
    let mut table = Table::pairs().indent(2);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row(language.of(words::DATA), config.data.display().to_string());
    row(
        language.pick("ซ็อกเก็ต", "Socket"),
        config.socket.display().to_string(),
    );
    row(
        language.pick("รับฟังที่", "Listens on"),
        config.listen.unwrap_or_else(|| nowhere.to_owned()),
    );
    row(language.of(words::ADDRESS), config.addresses.join(", "));
    row(language.pick("ผู้แก้ไขโดยปริยาย", "Account"), config.account);
    for (name, addresses) in &config.peers {
        let name = language.pick(format!("ที่อยู่ของ {name}"), format!("{name} is at"));
        row(&name, addresses.join(", "));
    }
    row(
        language.pick("บันทึกการทำงาน", "Log"),
        format!("{}, {format}", config.log.level),
    );
    output.line(language.pick("การตั้งค่าถูกต้อง", "the configuration is right"))?;
    output.table(&table)
}

pub(crate) fn completions(args: &CompletionsArgs) -> anyhow::Result<()> {
    use std::io::Write;
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "phaki", &mut script);
    std::io::stdout()
        .write_all(&script)
        .context("write to the standard output")
}
