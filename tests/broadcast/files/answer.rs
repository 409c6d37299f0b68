//! What the library answers about a file.

use bft_crdts::deterministic_secure_broadcast::proof_file::{FileError, GenesisFile, ProofFile};
use bft_crdts::deterministic_secure_broadcast::{Generations, Pin};
use bft_crdts::{Ed25519, Generation};

/// What the library answers: nothing if the file proves what it says, otherwise whether it can be read, and the kind.
pub(crate) fn answer(
    genesis: &[u8],
    file: &[u8],
    pin: Option<&str>,
) -> Result<(), (Verdict, String)> {
    let bad = |kind: &str| (Verdict::BadInput, kind.to_owned());
    let unread = |why: FileError| bad(why.kind());
    let genesis = GenesisFile::read(genesis).map_err(unread)?;
    let proof_file = ProofFile::read(file).map_err(unread)?;
    let pin = pin
        .map(|pin| pinned(pin).ok_or_else(|| bad("pin")))
        .transpose()?;
    let weak = Generations::<Ed25519>::genesis(genesis.network(), genesis.members());
    weak.map_err(|_| bad("weak-key"))?;
    let proven = proof_file.verify::<Ed25519>(&genesis, pin);
    proven
        .map(|_| ())
        .map_err(|why| (Verdict::NotProven, why.kind()))
}

/// What a file that proves nothing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    BadInput,
    NotProven,
}

impl Verdict {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BadInput => "bad-input",
            Self::NotProven => "not-proven",
        }
    }
}

pub(super) fn pinned(text: &str) -> Option<Pin> {
    let (generation, decision) = text.split_once(':')?;
    Some(Pin {
        generation: Generation::new(generation.parse().ok()?),
        decision: decision.parse().ok()?,
    })
}
