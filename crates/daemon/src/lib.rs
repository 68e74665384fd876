//! The phaki daemon and its command line.
//!
//! [`main`] is the whole program; tests call it from a binary of their own.

/// Gives memory back to the system seconds after nobody uses it, also that of SQLite; the allocator of
/// glibc kept most of it for as long as the process lived.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

mod audit;
mod cli;
mod client;
mod commands;
pub mod config;
pub mod data_folder;
mod day;
mod default_spaces;
mod demo;
pub mod enrolment;
pub mod federation;
mod fingerprint;
mod identity;
mod inbox;
mod limits;
mod logging;
mod node_loop;
mod output;
pub mod quiet_hours;
mod quote;
mod rights;
mod roster;
pub mod rotation;
pub mod run;
mod service;
mod shutdown;

use std::io;
use std::process::ExitCode;

use clap::Parser;

/// Runs the program with the arguments of this process.
///
/// Exit code 2: called or configured wrongly. 1: anything else went wrong.
pub fn main() -> ExitCode {
    match commands::run(cli::Cli::parse()) {
        Ok(code) => code,
        // `phaki list | head` closes the pipe: what it wanted to read it has read.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            match output::remedy::remedy(&error) {
                Some(remedy) => output::complain(format!("phaki: {error:#}: {remedy}")),
                None => output::complain(format!("phaki: {error:#}")),
            }
            match error.is::<cli::Misuse>() {
                true => ExitCode::from(2),
                false => ExitCode::FAILURE,
            }
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .root_cause()
        .downcast_ref::<io::Error>()
        .is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
