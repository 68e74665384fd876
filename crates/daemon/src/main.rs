//! Entry point of the `phaki` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    phaki::main()
}
