//! What a run leaves behind for those who were not there: the genesis, the chain of generations, every piece of evidence,
//! and the last proof of every source, as files that `verify` checks.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bft_crdts::deterministic_secure_broadcast::proof_file::{GenesisFile, ProofFile};
use bft_crdts::net::{Outcome, SeededKeys};
use bft_crdts::{Actor, Keys, Members, Rules, Seat, SecureBroadcast};

use crate::scenario_algorithm::{Identities, ScenarioAlgorithm};
use crate::table;

/// Most proofs of one run.
const MOST_PROOFS: usize = 100;

/// A file to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// What it is, and whose: `evidence.dave.bft`. Names of people cannot leave a directory.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Everything that the correct members at the end of a run can show. What they know of generations is what the one of them
/// knows that has come furthest.
#[must_use]
pub fn of<A: ScenarioAlgorithm, K: SeededKeys, R: Rules>(
    outcome: &Outcome<A, K, R>,
    people: &Identities,
) -> Vec<NamedFile> {
    let correct: Vec<&SecureBroadcast<A, K, R>> = outcome
        .replicas
        .iter()
        .filter(|(name, _)| outcome.report.finals.iter().any(|end| end.name == *name))
        .map(|(_, replica)| replica)
        .collect();
    let genesis = NamedFile {
        name: "genesis.bft".to_owned(),
        bytes: GenesisFile::of(&outcome.genesis).to_bytes(),
    };
    let furthest = correct
        .iter()
        .max_by_key(|replica| (replica.generations().last(), replica.log().count()));
    let Some(furthest) = furthest else {
        return vec![genesis];
    };
    let generations = furthest.generations();
    let mut found = vec![genesis, keys(generations.newest(), people)];
    let mut add = |what: &str, whose: Option<&Actor>, proof_file: &ProofFile| {
        let name = match whose {
            None => format!("{what}.bft"),
            Some(actor) => format!("{what}.{}.bft", people.name(actor)),
        };
        let bytes = proof_file.to_bytes();
        found.push(NamedFile { name, bytes });
    };
    if !generations.links().is_empty() {
        add("chain", None, &ProofFile::chain(generations));
    }
    let held = correct.iter().flat_map(|replica| replica.evidence());
    let held: BTreeMap<Actor, _> = held.map(|evidence| (evidence.culprit, evidence)).collect();
    for (culprit, evidence) in held {
        let proof_file = ProofFile::evidence(generations, evidence.clone());
        add("evidence", Some(&culprit), &proof_file);
    }
    let mut last = BTreeMap::new();
    for (certificate, ops) in furthest.log() {
        last.insert(certificate.header.source, (certificate, ops));
    }
    for (source, (certificate, ops)) in last.into_iter().take(MOST_PROOFS) {
        let proof_file = ProofFile::proof(generations, certificate.clone(), ops.clone());
        add("proof", furthest.members().in_seat(source), &proof_file);
    }
    found
}

/// Whose keys are whose, for those who read what `verify` says: everybody who ever was a member.
fn keys<K: Keys>(members: &Members<K>, people: &Identities) -> NamedFile {
    let mut keys = table::line(["name", "seat", "key"]);
    for seat in (0..).map(Seat::new).take(members.seats()) {
        if let Some(actor) = members.in_seat(seat) {
            let name = people.name(actor);
            let (seat, key) = (seat.get().to_string(), actor.to_hex());
            keys.push_str(&table::line([name.as_str(), &seat, &key]));
        }
    }
    NamedFile {
        name: "keys.csv".to_owned(),
        bytes: keys.into_bytes(),
    }
}

/// Writes them into a directory that is there; where they are.
///
/// # Errors
/// A file that cannot be written.
pub fn write(proof_files: &[NamedFile], scenario: &str, out: &Path) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for NamedFile { name, bytes } in proof_files {
        let path = out.join(format!("{scenario}.{name}"));
        fs::write(&path, bytes)
            .with_context(|| format!("{}: cannot be written", path.display()))?;
        written.push(path);
    }
    Ok(written)
}
