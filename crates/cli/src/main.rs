//! The `bft-crdts` command.

use std::process::ExitCode;

use bft_crdts_cli::args::Cli;
use clap::Parser;

fn main() -> ExitCode {
    bft_crdts_cli::main(Cli::parse())
}
