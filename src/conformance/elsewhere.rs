//! The same scenarios in another process.

use std::env;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::generator::Generator;
use super::report::Place;
use super::script::Script;
use super::transcript::{Look, Transcript, transcript};
use crate::codec::{decode_within, encode, to_hex};
use crate::traits::SecureBroadcastAlgorithm;

/// Set in the other process: it gets scripts and answers with what they did.
const ASKED: &str = "BFT_CRDTS_CONFORMANCE_ASKED";

/// What its answer begins with.
const ANSWER: &str = "bft-crdts conformance answer: ";

#[derive(Serialize, Deserialize)]
#[serde(bound = "O: Serialize + DeserializeOwned")]
struct Request<O> {
    scripts: Vec<Script<O>>,
    texts: bool,
}

/// Asks another process, which is this program again, told to run the one test.
pub(super) fn ask<O: Serialize + DeserializeOwned + Clone>(
    place: &Place,
    scripts: &[Script<O>],
    texts: bool,
) -> Result<Vec<Transcript>, String> {
    let scripts = scripts.to_vec();
    let request = encode(&Request { scripts, texts });
    let this = env::current_exe().map_err(|why| format!("where this program is: {why}"))?;
    let mut child = Command::new(this)
        .args(["--exact", place.test(), "--nocapture", "--include-ignored"])
        .env(ASKED, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|why| format!("it does not start: {why}"))?;
    if let Some(mut input) = child.stdin.take() {
        // If it ends early its answer is missing, which says more than a broken pipe.
        let _ = input.write_all(&request);
    }
    let output = child.wait_with_output().map_err(|why| why.to_string())?;
    let output = String::from_utf8_lossy(&output.stdout);
    let answer = output
        .split(ANSWER)
        .nth(1)
        .and_then(|answer| answer.lines().next());
    let answer = answer
        .and_then(bytes_of)
        .and_then(|bytes| decode_within(bytes.len(), &bytes).ok());
    answer.ok_or_else(|| format!("the test {} printed\n{output}", place.test()))
}

/// In the other process: answers, if it was asked.
pub(super) fn answers<A: SecureBroadcastAlgorithm, G: Generator<A>>(generator: &G) -> bool {
    if env::var_os(ASKED).is_none() {
        return false;
    }
    let mut bytes = Vec::new();
    let read = io::stdin().read_to_end(&mut bytes);
    let request = decode_within::<Request<A::Op>>(bytes.len(), &bytes);
    if let (Ok(_), Ok(Request { scripts, texts })) = (read, request) {
        let look = Look { texts, nosy: false };
        let answers = scripts
            .iter()
            .map(|script| transcript::<A, G>(generator, script, look));
        let answer: Vec<Transcript> = answers.collect();
        let _ = writeln!(io::stdout(), "\n{ANSWER}{}", to_hex(&encode(&answer)));
    }
    true
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.trim().as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
