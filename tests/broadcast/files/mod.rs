//! Genesis files and proof files, good and bad, each with what a verifier must answer: by hand, from the specification.

#![allow(dead_code, reason = "every test program uses its own part of this")]

mod answer;
mod chains;
mod forge;
mod framing;
mod headers;
mod pairs;
mod proofs;
mod seals;
mod statements;

pub(crate) use answer::answer;
pub(crate) use forge::forge;
pub(crate) use framing::geneses;
pub(crate) use statements::{digests, statements};

use bft_crdts::deterministic_secure_broadcast::proof_file::ProofFile;

use crate::fuzzed::proof_files;

/// One question to a verifier, and the answer.
pub(crate) struct Case {
    pub(crate) name: String,
    /// The name of a genesis file.
    pub(crate) genesis: &'static str,
    pub(crate) file: Vec<u8>,
    pub(crate) pin: Option<String>,
    /// Empty if it proves what it says.
    pub(crate) kind: String,
}

pub(super) struct Cases(Vec<Case>);

impl Cases {
    pub(super) fn add(&mut self, name: &str, genesis: &'static str, file: Vec<u8>, kind: &str) {
        self.0.push(Case {
            name: name.to_owned(),
            genesis,
            file,
            pin: None,
            kind: kind.to_owned(),
        });
    }

    pub(super) fn proof_file(&mut self, name: &str, proof_file: &ProofFile, kind: &str) {
        self.add(name, "seven", proof_file.to_bytes(), kind);
    }

    pub(super) fn pinned(&mut self, name: &str, proof_file: &ProofFile, pin: &str, kind: &str) {
        self.proof_file(name, proof_file, kind);
        if let Some(case) = self.0.last_mut() {
            case.pin = Some(pin.to_owned());
        }
    }
}

/// All of them.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Cases(Vec::new());
    for (name, proof_file) in proof_files::proof_files() {
        cases.add(&format!("bank: {name}"), "bank", proof_file.to_bytes(), "");
        cases.add(
            &format!("bank: {name}, with a richer genesis"),
            "richer",
            proof_file.to_bytes(),
            "network",
        );
    }
    let forge = forge();
    framing::geneses_of(&forge, &mut cases);
    framing::frames_of(&forge, &mut cases);
    chains::chains(&forge, &mut cases);
    chains::pins(&forge, &mut cases);
    proofs::proofs(&forge, &mut cases);
    pairs::pairs(&forge, &mut cases);
    headers::headers(&forge, &mut cases);
    seals::seals(&forge, &mut cases);
    cases.0
}
