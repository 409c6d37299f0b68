//! What a run leaves behind convinces somebody who was not there, and nothing else does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bft_crdts::deterministic_secure_broadcast::proof_file::ProofFile;
use serde_json::Value;

fn bft_crdts(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bft-crdts"))
        .args(arguments)
        .output()
        .expect("the command runs")
}

/// Runs a committed scenario; the beginning of the names of what it has written.
fn run(scenario: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = root.join("scenarios").join(format!("{scenario}.toml"));
    let out = out(scenario);
    let output = bft_crdts(&[
        "run",
        &file.display().to_string(),
        "--out",
        &out.display().to_string(),
    ]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    out.join(scenario).display().to_string()
}

fn out(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("verify")
        .join(name)
}

/// Exit code, and what was printed.
fn verify(file: &str, genesis: &str, more: &[&str]) -> (Option<i32>, String) {
    let output = bft_crdts(&[&["verify", file, "--genesis", genesis], more].concat());
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8(text).expect("UTF-8"),
    )
}

fn json(file: &str, genesis: &str, more: &[&str]) -> (Option<i32>, Value) {
    let (code, text) = verify(file, genesis, &[&["--json"], more].concat());
    (
        code,
        serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text}")),
    )
}

/// The key of somebody in the table that the run has written.
fn key(run: &str, name: &str) -> String {
    let table = fs::read_to_string(format!("{run}.keys.csv")).expect("the keys");
    let row = table
        .lines()
        .find(|row| row.starts_with(&format!("{name},")));
    row.and_then(|row| row.rsplit(',').next())
        .expect("its row")
        .to_owned()
}

#[test]
fn a_double_spend_is_proven_to_somebody_who_was_not_there() {
    let run = run("double_spend");
    let genesis = format!("{run}.genesis.bft");
    let file = format!("{run}.evidence.alice.bft");
    let (code, text) = verify(&file, &genesis, &[]);
    assert_eq!(code, Some(0), "{text}");
    let alice = key(&run, "alice");
    assert!(text.starts_with("PROVEN: "), "{text}");
    assert!(
        text.contains("has signed two messages of its own as its operation 1"),
        "{text}"
    );
    assert!(text.contains(&alice), "{text}");
    let (code, found) = json(&file, &genesis, &[]);
    assert_eq!(code, Some(0));
    assert_eq!(found["proven"], true);
    assert_eq!(found["subject"], "evidence");
    assert_eq!(
        (&found["verdict"], &found["kind"]),
        (&"proven".into(), &"".into())
    );
    assert_eq!(found["contradiction"], "two messages for one slot");
    assert_eq!(found["against"]["key"], alice);
    assert_eq!(found["slot"]["source"], alice);
    assert_eq!(
        (&found["slot"]["first"], &found["generation"]),
        (&1.into(), &0.into())
    );

    // The payment that went through, by the signatures of those who let it.
    let (code, text) = verify(&format!("{run}.proof.alice.bft"), &genesis, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("a quorum of g0 has vouched for operation 1 of"),
        "{text}"
    );
    assert!(text.contains("transfer 100 to"), "{text}");
    assert!(
        text.contains("3 of 4 members of g0, of whom 3 are a quorum"),
        "{text}"
    );
}

#[test]
fn an_expelled_member_is_proven_to_have_lied_and_to_be_gone() {
    let run = run("expel_equivocator");
    let genesis = format!("{run}.genesis.bft");
    let (code, chain) = json(&format!("{run}.chain.bft"), &genesis, &[]);
    assert_eq!((code, &chain["subject"]), (Some(0), &"chain".into()));
    let generations = chain["generations"].as_u64().unwrap();
    assert!(generations > 0);
    let tip = chain["tip"].as_str().unwrap();
    let evidence = fs::read_dir(out("expel_equivocator")).unwrap();
    let evidence = evidence.map(|entry| entry.unwrap().path().display().to_string());
    let evidence: Vec<String> = evidence
        .filter(|path| path.contains(".evidence."))
        .collect();
    assert_eq!(evidence.len(), 1);
    assert_eq!(verify(&evidence[0], &genesis, &[]).0, Some(0));

    // A pin holds the chain where it is.
    let pin = format!("{generations}:{tip}");
    let (code, text) = verify(&format!("{run}.chain.bft"), &genesis, &["--pin", &pin]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("linked to the pin"), "{text}");
    let elsewhere = format!("{generations}:{}", "ab".repeat(32));
    let (code, found) = json(
        &format!("{run}.chain.bft"),
        &genesis,
        &["--pin", &elsewhere],
    );
    assert_eq!((code, &found["proven"]), (Some(1), &false.into()));
    let why = found["why_not"].as_str().unwrap();
    assert!(why.contains("than the one that is pinned"), "{why}");
    let beyond = format!("{}:{tip}", generations + 1);
    let (code, text) = verify(&format!("{run}.chain.bft"), &genesis, &["--pin", &beyond]);
    assert_eq!(code, Some(1), "{text}");
}

#[test]
fn what_is_no_proof_file_is_bad_input_and_what_is_anothers_proves_nothing() {
    let run = run("honest_bank");
    let genesis = format!("{run}.genesis.bft");
    let dir = out("bad");
    fs::create_dir_all(&dir).unwrap();
    let proof = fs::read_dir(out("honest_bank")).unwrap();
    let mut proof = proof.map(|entry| entry.unwrap().path().display().to_string());
    let proof = proof
        .find(|path| path.contains(".proof."))
        .expect("a proof");
    let good = fs::read(&proof).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = dir.join(name).display().to_string();
        fs::write(&path, bytes).unwrap();
        path
    };
    let mut flipped = good.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let nowhere = dir.join("nowhere").display().to_string();
    let cases = [
        (nowhere.clone(), "cannot be read"),
        (write("empty", b""), "is empty"),
        (
            write("text", b"hello\n"),
            "does not begin with `bft-crdts exhibit 1`",
        ),
        (
            write("newer", b"bft-crdts exhibit 2\n"),
            "version `2` is unknown here",
        ),
        (write("cut", &good[..good.len() - 1]), "cut off at byte"),
        (write("flipped", &flipped), "cut off at byte"),
        (
            write("head", &[&good[..21], &[0xff; 40]].concat()),
            "damaged at byte 20",
        ),
        (genesis.clone(), "does not begin with `bft-crdts exhibit 1`"),
    ];
    for (file, why) in cases {
        let (code, text) = verify(&file, &genesis, &[]);
        assert_eq!(code, Some(2), "{file}: {text}");
        assert!(
            text.starts_with("error: ") && text.contains(why),
            "{file}: {text}"
        );
    }
    let (code, text) = verify(&proof, &proof, &[]);
    assert_eq!(code, Some(2), "{text}");
    for pin in ["1", "x:00", "1:00"] {
        let (code, text) = verify(&proof, &genesis, &["--pin", pin]);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("is not GENERATION:DIGEST"), "{text}");
    }
    // Of another network it proves nothing.
    let other = format!("{}.genesis.bft", self::run("orswot"));
    let (code, text) = verify(&proof, &other, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.starts_with("NOT PROVEN: it does not prove that a quorum has vouched"),
        "{text}"
    );
    let (code, text) = verify(&proof, &genesis, &[]);
    assert_eq!(code, Some(0), "{text}");
}

/// Evidence that is cut off between two of its parts is a chain, and proves that; once it was `PROVEN` to whoever had asked
/// for evidence.
#[test]
fn what_is_expected_has_to_be_there() {
    let run = run("expel_equivocator");
    let genesis = format!("{run}.genesis.bft");
    let written = fs::read_dir(Path::new(&run).parent().expect("a folder")).expect("files");
    let evidence = written
        .map(|file| file.expect("a file").path())
        .find(|path| path.display().to_string().contains(".evidence."))
        .expect("evidence");
    let whole = fs::read(&evidence).expect("evidence");
    let evidence = evidence.display().to_string();
    let cut = (0..whole.len())
        .rev()
        .find(|length| ProofFile::read(&whole[..*length]).is_ok())
        .expect("a shorter one that can be read");
    let chain = format!("{run}.cut.bft");
    fs::write(&chain, &whole[..cut]).expect("a file");
    for (file, about) in [(&evidence, "evidence"), (&chain, "chain")] {
        for expected in ["evidence", "proof", "chain"] {
            let (code, told) = json(file, &genesis, &["--expect", expected]);
            let right = expected == about;
            assert_eq!(code, Some(i32::from(!right)), "{file}: {told}");
            assert_eq!(told["kind"] == "another-subject", !right, "{told}");
        }
        assert_eq!(verify(file, &genesis, &[]).0, Some(0), "{file}");
    }
    let (code, text) = verify(&chain, &genesis, &["--expect", "evidence"]);
    assert_eq!(code, Some(1));
    assert!(text.starts_with("NOT PROVEN: "), "{text}");
    assert!(
        text.contains("is about chain, and was expected to be about evidence"),
        "{text}"
    );
}
