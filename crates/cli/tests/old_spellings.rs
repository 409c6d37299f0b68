//! Every spelling that has changed is taken both ways: the new one silently, the old one with a hint.

use std::process::{Command, Output};

use bft_crdts_cli::old_spellings::{OLD, Place};
use bft_crdts_cli::scenario;

fn bft_crdts(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bft-crdts"))
        .args(arguments)
        .output()
        .expect("the command starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a field may be, as TOML, and the scenario it may stand in. A field without an example fails the test.
fn example(field: &str) -> (&'static str, &'static str) {
    const PLAIN: &str = "name = \"s\"\nalgorithm = \"orswot\"\nmembers = 4\n";
    const DRAWN: &str = "name = \"s\"\nalgorithm = \"orswot\"\n[draw]\nmembers = [4]\noperations = 3\nfaults_until = \"1s\"\n";
    match field {
        "adversaries" => (PLAIN, "[{ who = \"dave\", kind = \"silent\" }]"),
        "draw.adversaries" => (DRAWN, "[\"silent\"]"),
        "expel_proven_faulty" => (PLAIN, "true"),
        other => panic!("no example of {other}"),
    }
}

/// The last part of a field's name is what stands in its table, which is the last one of the example.
fn key(field: &str) -> &str {
    field.rsplit('.').next().unwrap_or(field)
}

#[test]
fn every_old_field_is_the_new_one_with_a_hint() {
    let directory = std::env::temp_dir().join(format!("old_spellings_{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let mut tried = 0;
    for (_, old, new) in OLD.iter().filter(|(place, ..)| *place == Place::Field) {
        let (scenario, value) = example(new);
        let text = |field| format!("{scenario}{} = {value}\n", key(field));
        let read = |field| scenario::parse(&text(field)).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(read(old), read(new), "{old}");
        assert_ne!(
            scenario::parse(scenario).ok(),
            Some(read(new)),
            "{new} says something"
        );
        assert_eq!(scenario::hints(&text(new)), [""; 0]);
        let hint = format!("`{old}` is now `{new}`");
        assert_eq!(scenario::hints(&text(old)), [hint.as_str()]);
        // Both at once: the old one is no field.
        let both = text(old) + &format!("{} = {value}\n", key(new));
        let why = scenario::parse(&both).expect_err("both");
        assert!(why.problem.contains("unknown field"), "{why}");
        // And the command says so on standard error, where it spoils no output.
        let file = directory.join(format!("{}.toml", key(old)));
        std::fs::write(&file, text(old)).expect("a file");
        let ran = bft_crdts(&[
            "sweep",
            file.to_str().expect("a path"),
            "--seeds",
            "1",
            "--json",
        ]);
        assert!(stderr(&ran).contains(&hint), "{}", stderr(&ran));
        serde_json::from_slice::<serde_json::Value>(&ran.stdout).expect("nothing but JSON");
        tried += 1;
    }
    assert!(tried > 0);
}

#[test]
fn every_old_flag_is_the_new_one_with_a_hint() {
    let mut tried = 0;
    for (_, old, new) in OLD.iter().filter(|(place, ..)| *place == Place::Flag) {
        let value = match *new {
            "--adversaries" => "silent",
            other => panic!("no example of {other}"),
        };
        let run = |arguments: &[&str]| {
            let all = [&["sweep", "campaign", "--seeds", "1", "--json"], arguments].concat();
            bft_crdts(&all)
        };
        let hint = format!("{old} is now {new}");
        let renewed = run(&[new, value]);
        assert!(renewed.status.success(), "{}", stderr(&renewed));
        assert!(!stderr(&renewed).contains("is now"), "{}", stderr(&renewed));
        let joined = format!("{old}={value}");
        for arguments in [&[old, value][..], &[joined.as_str()]] {
            let ran = run(arguments);
            assert_eq!(ran.stdout, renewed.stdout, "{arguments:?}");
            assert!(stderr(&ran).contains(&hint), "{}", stderr(&ran));
        }
        tried += 1;
    }
    assert!(tried > 0);
}
