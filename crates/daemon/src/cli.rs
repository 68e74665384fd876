//! The command line: global options and the list of commands.
//!
//! Every command keeps its own options beside its code in [`crate::commands`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    audit, backup, carry_over, check, conflicts, contact, diff, duplicates, edit, enrol, export,
    federation, history, import, list, merge, new, node, quarantine, receipts, reference, repair,
    roster, rotate_key, schema, search, show, space, status, tree,
};
use crate::config::{self, Config, Flags};
use crate::demo;
use crate::output::Language;

/// A mistake in how the program was called or configured: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Misuse(pub(crate) String);

/// Keeps the shared health plans and directories of the provinces in sync.
///
/// Each province runs a node with its own copy, works without a line, and exchanges changes with
/// the others. Nobody's edit is lost.
#[derive(Debug, Parser)]
#[command(name = "phaki", version, max_term_width = 100, after_help = FIRST_STEPS)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const FIRST_STEPS: &str = "\
FIRST STEPS
  phaki demo                               see five nodes work together on this machine
  phaki init && phaki join INVITE          become a node of a federation
  phaki serve                              run the node
  phaki status                             see what is in sync, what is not, and why

Exit code 0: done; 2: called or configured wrongly; 1: anything else.";

/// Options of every command.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Data folder of the node [env: PHAKI_DATA]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Configuration file [env: PHAKI_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Socket of the running node; by default the one in its data folder [env: PHAKI_SOCKET]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) socket: Option<PathBuf>,
    /// Language of the answers; by default that of PHAKI_LANG or LANG
    #[arg(long, global = true, value_name = "LANGUAGE")]
    pub(crate) lang: Option<Language>,
    /// Answer in JSON: one value, or one a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Global {
    /// What these options say about the configuration.
    pub(crate) fn flags(&self) -> Flags {
        Flags {
            config: self.config.clone(),
            data: self.data.clone(),
            socket: self.socket.clone(),
            ..Flags::default()
        }
    }

    /// The configuration that holds here.
    pub(crate) fn settings(&self) -> anyhow::Result<Config> {
        load(&self.flags())
    }

    /// The language of the answers.
    pub(crate) fn language(&self) -> Language {
        let variable = |name: &str| std::env::var(name).ok();
        self.lang.unwrap_or_else(|| {
            let (own, general) = (variable("PHAKI_LANG"), variable("LANG"));
            Language::of_environment(own.as_deref(), general.as_deref())
        })
    }
}

/// Loads the configuration; all its problems are one misuse.
pub(crate) fn load(flags: &Flags) -> anyhow::Result<Config> {
    config::load(flags).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(|one| format!("\n  {one}")).collect();
        Misuse(format!("the configuration is wrong:{}", lines.concat())).into()
    })
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(enrol::InitArgs),
    #[command(subcommand)]
    Federation(federation::FederationCommand),
    Join(enrol::JoinArgs),
    RotateKey(rotate_key::RotateKeyArgs),
    #[command(subcommand)]
    Roster(roster::RosterCommand),
    Serve(node::ServeArgs),
    Status(status::StatusArgs),
    Audit(audit::AuditArgs),
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineCommand),
    Receipts(receipts::ReceiptsArgs),
    #[command(subcommand)]
    Space(space::SpaceCommand),
    New(new::NewArgs),
    List(list::ListArgs),
    Search(search::SearchArgs),
    Show(show::ShowArgs),
    Edit(edit::EditArgs),
    History(history::HistoryArgs),
    Conflicts(conflicts::ConflictsArgs),
    #[command(subcommand)]
    Contact(contact::ContactCommand),
    Resolve(conflicts::ResolveArgs),
    CarryOver(carry_over::CarryOverArgs),
    Approve(diff::ApproveArgs),
    Diff(diff::DiffArgs),
    Duplicates(duplicates::DuplicatesArgs),
    Merge(merge::MergeArgs),
    Tree(tree::TreeArgs),
    Check(check::CheckArgs),
    #[command(subcommand)]
    Reference(reference::ReferenceCommand),
    Schema(schema::SchemaArgs),
    Import(import::ImportArgs),
    Export(export::ExportArgs),
    Backup(backup::BackupArgs),
    Restore(backup::RestoreArgs),
    Verify(repair::VerifyArgs),
    Repair(repair::RepairArgs),
    CheckConfig(node::CheckConfigArgs),
    Completions(node::CompletionsArgs),
    Demo(demo::DemoArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_one_line_about_itself_and_an_example() {
        fn check(command: &clap::Command) {
            for command in command.get_subcommands() {
                if command.has_subcommands() {
                    check(command);
                    continue;
                }
                let name = command.get_name();
                let about = command.get_about().unwrap().to_string();
                assert!(!about.contains('\n'), "{name}: {about}");
                let after = command.get_after_help().unwrap_or_else(|| panic!("{name}"));
                assert!(after.to_string().starts_with("EXAMPLE"), "{name}");
            }
        }
        check(&Cli::command());
    }
}
