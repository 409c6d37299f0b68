//! What the library answers about a file.

use bft_crdts::deterministic_secure_broadcast::proof_file::{
    FileError, GenesisFile, ProofFile, Unproven,
};
use bft_crdts::deterministic_secure_broadcast::{ChainError, Generations, Pin};
use bft_crdts::{Ed25519, Generation, Rejection};

/// What the library answers: nothing if the file proves what it says, otherwise whether it can be read, and the kind.
pub(crate) fn answer(
    genesis: &[u8],
    file: &[u8],
    pin: Option<&str>,
) -> Result<(), (Verdict, String)> {
    let bad = |kind: &str| (Verdict::BadInput, kind.to_owned());
    let unread = |why: FileError| bad(&kebab(&why));
    let read = |bytes: &[u8]| {
        if bytes.is_empty() {
            Err(bad("empty"))
        } else {
            Ok(())
        }
    };
    read(genesis)?;
    let genesis = GenesisFile::read(genesis).map_err(unread)?;
    read(file)?;
    let proof_file = ProofFile::read(file).map_err(unread)?;
    let pin = pin
        .map(|pin| pinned(pin).ok_or_else(|| bad("pin")))
        .transpose()?;
    let weak = Generations::<Ed25519>::genesis(genesis.network(), genesis.members());
    weak.map_err(|_| bad("weak-key"))?;
    let proven = proof_file.verify::<Ed25519>(&genesis, pin);
    proven.map(|_| ()).map_err(|why| {
        let kind = match why {
            Unproven::Network { .. } => "network".to_owned(),
            Unproven::Chain(ChainError::Link { why, .. }) => format!("chain:link:{}", kind(&why)),
            Unproven::Chain(why) => format!("chain:{}", kebab(&why)),
            Unproven::Subject(why) => format!("subject:{}", kind(&why)),
        };
        (Verdict::NotProven, kind)
    })
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

pub(super) fn kind(why: &Rejection) -> String {
    match why {
        Rejection::Malformed(why) => format!("malformed:{}", kebab(why)),
        Rejection::Change(why) => format!("change:{}", kebab(why)),
        why => kebab(why),
    }
}

/// The name of a variant: `QuorumTooSmall { .. }` is `quorum-too-small`.
pub(super) fn kebab(variant: &impl std::fmt::Debug) -> String {
    let text = format!("{variant:?}");
    let name = text
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}
