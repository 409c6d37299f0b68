//! The second implementation, in Python and from `docs/protocol.md`, answers as the command does.

use std::path::Path;
use std::process::Command;

fn python(arguments: &[&str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop");
    let mut command = Command::new("python3");
    let run = command
        .args(["-B"])
        .args(arguments)
        .current_dir(folder)
        .output();
    match run {
        Err(why) => eprintln!("skipped, python3 does not run: {why}"),
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&text)
            );
        }
    }
}

#[test]
fn both_implementations_give_the_same_verdicts_and_kinds() {
    let all = std::env::var_os("SEEDS").is_some();
    let count = if all { "500" } else { "60" };
    python(&["agree.py", env!("CARGO_BIN_EXE_bft-crdts"), count, count]);
}

#[test]
fn the_constants_of_the_second_implementation_stand_in_the_document() {
    python(&["test_spec.py"]);
}
