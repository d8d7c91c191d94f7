//! The `quarry` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    quarry::cli::run()
}
