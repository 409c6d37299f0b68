//! The `bft-crdts` command.

use std::process::ExitCode;

use bft_crdts_cli::args::Cli;
use bft_crdts_cli::old_spellings::renew_arguments;
use clap::Parser;

fn main() -> ExitCode {
    let (arguments, hints) = renew_arguments(std::env::args_os());
    for hint in hints {
        eprintln!("hint: {hint}");
    }
    bft_crdts_cli::main(Cli::parse_from(arguments))
}
