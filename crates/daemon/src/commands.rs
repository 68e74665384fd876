//! The commands: each file holds the options and the code of one, or of a few that belong together.

pub(crate) mod assignment;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod carry_over;
pub(crate) mod check;
pub(crate) mod confirm;
pub(crate) mod conflicts;
pub(crate) mod contact;
pub(crate) mod diff;
pub(crate) mod duplicates;
pub(crate) mod edit;
pub(crate) mod enrol;
pub(crate) mod export;
pub(crate) mod federation;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod merge;
pub(crate) mod names;
pub(crate) mod new;
pub(crate) mod node;
pub(crate) mod quarantine;
pub(crate) mod receipts;
pub(crate) mod reference;
pub(crate) mod repair;
pub(crate) mod roster;
pub(crate) mod rotate_key;
pub(crate) mod schema;
pub(crate) mod search;
pub(crate) mod show;
pub(crate) mod space;
pub(crate) mod span;
pub(crate) mod status;
pub(crate) mod tree;

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use phaki_documents::{DocumentId, Kind, Path};
use phaki_wire::proto::local::v1::Author;

use crate::cli::{Cli, Command, Global};
use crate::client::Client;
use crate::demo;
use crate::output::Output;

/// Who edits and why.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct AuthorArgs {
    /// Why: kept in the history of the document
    #[arg(long, short)]
    pub(crate) message: Option<String>,
    /// Account of the officer who edits, by default the configured one; not a name
    #[arg(long, env = "PHAKI_ACCOUNT", hide_env_values = true)]
    pub(crate) account: Option<String>,
}

impl AuthorArgs {
    fn to_wire(&self) -> Author {
        Author {
            account: self.account.clone().unwrap_or_default(),
            message: self.message.clone().unwrap_or_default(),
        }
    }
}

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) global: Global,
    pub(crate) output: Output,
}

impl Invocation {
    /// Connects to the node of this invocation.
    pub(crate) async fn connect(&self) -> anyhow::Result<Client> {
        Client::connect(&self.global.settings()?).await
    }
}

/// Runs the command of the command line.
pub(crate) fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let output = Output::standard(cli.global.language(), cli.global.json);
    let mut invocation = Invocation {
        global: cli.global,
        output,
    };
    match cli.command {
        // These two make runtimes of their own.
        Command::Serve(args) => node::serve(&invocation.global, args),
        Command::Demo(args) => demo::run(&mut invocation.output, args),
        command => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("start the asynchronous runtime")?
            .block_on(dispatch(&mut invocation, command)),
    }
}

async fn dispatch(invocation: &mut Invocation, command: Command) -> anyhow::Result<ExitCode> {
    let done = ExitCode::SUCCESS;
    match command {
        Command::Init(args) => enrol::init(invocation, &args).map(|()| done),
        Command::Federation(command) => {
            let federation = federation::federation(invocation, command);
            federation.await.map(|()| done)
        }
        Command::Roster(command) => roster::roster(invocation, command).map(|()| done),
        Command::Join(args) => enrol::join(invocation, args).await,
        Command::RotateKey(args) => rotate_key::rotate_key(invocation, args).await,
        Command::Status(args) => status::status(invocation, &args).await,
        Command::Audit(args) => audit::audit(invocation, args).await,
        Command::Quarantine(command) => {
            let quarantine = quarantine::quarantine(invocation, command);
            quarantine.await.map(|()| done)
        }
        Command::Receipts(args) => receipts::receipts(invocation, &args).await.map(|()| done),
        Command::Backup(args) => backup::backup(invocation, &args).await.map(|()| done),
        Command::Verify(args) => repair::verify(invocation, &args),
        Command::Repair(args) => repair::repair(invocation, &args).map(|()| done),
        Command::Restore(args) => backup::restore(invocation, &args).map(|()| done),
        Command::Space(command) => space::space(invocation, command).await.map(|()| done),
        Command::New(args) => new::new(invocation, args).await.map(|()| done),
        Command::List(args) => list::list(invocation, args).await.map(|()| done),
        Command::Search(args) => search::search(invocation, args).await.map(|()| done),
        Command::Show(args) => show::show(invocation, &args).await.map(|()| done),
        Command::Edit(args) => edit::edit(invocation, args).await.map(|()| done),
        Command::History(args) => history::history(invocation, &args).await.map(|()| done),
        Command::CarryOver(args) => carry_over::carry_over(invocation, args)
            .await
            .map(|()| done),
        Command::Conflicts(args) => conflicts::conflicts(invocation, &args).await.map(|()| done),
        Command::Contact(command) => contact::contact(invocation, command).await.map(|()| done),
        Command::Resolve(args) => conflicts::resolve(invocation, args).await.map(|()| done),
        Command::Diff(args) => diff::diff(invocation, args).await.map(|()| done),
        Command::Approve(args) => diff::approve(invocation, args).await.map(|()| done),
        Command::Duplicates(args) => {
            let duplicates = duplicates::duplicates(invocation, args);
            duplicates.await.map(|()| done)
        }
        Command::Merge(args) => merge::merge(invocation, args).await.map(|()| done),
        Command::Tree(args) => tree::tree(invocation, args).await.map(|()| done),
        Command::Check(args) => check::check(invocation, args).await,
        Command::Reference(command) => {
            let reference = reference::reference(invocation, command);
            reference.await.map(|()| done)
        }
        Command::Schema(args) => schema::schema(invocation, &args).map(|()| done),
        Command::Import(args) => import::import(invocation, args).await,
        Command::Export(args) => export::export(invocation, args).await.map(|()| done),
        Command::CheckConfig(args) => node::check_config(invocation, &args).map(|()| done),
        Command::Completions(args) => node::completions(&args).map(|()| done),
        // Taken care of before a runtime was made.
        Command::Serve(_) | Command::Demo(_) => Ok(done),
    }
}

/// The whole id of the document that a person names by its id or the beginning of it.
pub(crate) async fn whole_id(client: &mut Client, id: &str, space: &str) -> anyhow::Result<String> {
    match id.parse::<DocumentId>() {
        Ok(_) => Ok(id.to_owned()),
        Err(_) => Ok(client.show(id, space).await?.id),
    }
}

/// The paths of a document with values in conflict.
pub(crate) async fn conflicting(
    client: &mut Client,
    id: DocumentId,
    space: &str,
) -> anyhow::Result<Vec<Path>> {
    let conflicts = client.conflicts(&id.to_string(), space).await?;
    let paths = conflicts.iter().map(|conflict| Path::parse(&conflict.path));
    Ok(paths.filter_map(Result::ok).collect())
}

/// The kind of the document with that id; `None` for kinds of newer programs.
pub(crate) fn kind_of(id: &str) -> Option<Kind> {
    id.parse::<DocumentId>().ok()?.kind()
}
