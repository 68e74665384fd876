//! The daemon again as a binary of this package, because Cargo tells tests only of their own binaries.

fn main() -> std::process::ExitCode {
    phaki::main()
}
