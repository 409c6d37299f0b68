//! Proof files: what was signed in a network, as files that anybody can check who has the genesis.
//!
//! A proof file begins with the line `bft-crdts exhibit 1`, then come frames as in a
//! [journal](crate::deterministic_secure_broadcast::journal): the network, the links of the chain of generations up to
//! the one in question, and at the end what it is about: [`Evidence`], a proof of operations, or nothing but the chain.
//! A genesis file begins with `bft-crdts genesis 1` and has one frame, the
//! [bytes](crate::deterministic_secure_broadcast::Genesis::to_bytes) of the genesis. There is one file for every proof
//! file, and every other is refused.
//!
//! A file is bad input ([`FileError`]), or it is a proof file that proves what it says, or one that does not
//! ([`Unproven`]).

mod genesis;
mod reader;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::evidence::Evidence;
use super::generations::{ChainError, Generations, Pin};
use super::link::Link;
use crate::actor::{Keys, NetworkId};
use crate::codec::{self, Bytes, Digest};
use crate::deterministic_secure_broadcast::error::Rejection;
use crate::deterministic_secure_broadcast::frame;
use crate::deterministic_secure_broadcast::header::MAX_MESSAGE_BYTES;
use crate::deterministic_secure_broadcast::proof::Certificate;
use crate::membership::Generation;

pub use genesis::GenesisFile;
pub use reader::{FileError, MAX_FILE_BYTES};
use reader::{Magic, Rest};

const MAGIC: Magic = Magic("bft-crdts exhibit ");

/// Something signed, with the chain of generations it takes to check it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// The network it belongs to.
    pub network: NetworkId,
    /// The chain, from the link that made generation 1.
    pub links: Vec<Link>,
    /// What it is about.
    pub subject: Subject,
}

/// What a proof file is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// These are the generations.
    Chain,
    /// This member has lied.
    Evidence(Box<Evidence>),
    /// A quorum has vouched for these operations.
    Proof {
        /// The certificate.
        certificate: Box<Certificate>,
        /// The operations, one after the other in canonical bytes.
        ops: Bytes,
    },
}

/// One frame.
#[derive(Serialize, Deserialize)]
enum FilePart {
    Network(NetworkId),
    Link(Box<Link>),
    Evidence(Box<Evidence>),
    Proof {
        certificate: Box<Certificate>,
        ops: Bytes,
    },
}

/// Why a proof file does not prove what it says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unproven {
    /// It belongs to another network than the genesis.
    #[error("it belongs to network {have}, the genesis is that of {want}")]
    Network {
        /// The proof file's.
        have: NetworkId,
        /// That of the genesis.
        want: NetworkId,
    },
    /// The chain does not hold.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// What it is about does not hold.
    #[error(transparent)]
    Subject(Box<Rejection>),
}

impl ProofFile {
    /// The chain of a network.
    #[must_use]
    pub fn chain<K: Keys>(generations: &Generations<K>) -> Self {
        Self::of(generations, generations.last(), Subject::Chain)
    }

    /// Evidence, with as much of the chain as it takes.
    #[must_use]
    pub fn evidence<K: Keys>(generations: &Generations<K>, evidence: Evidence) -> Self {
        let generation = evidence.contradiction.generation();
        Self::of(
            generations,
            generation,
            Subject::Evidence(Box::new(evidence)),
        )
    }

    /// Operations with their certificate, and as much of the chain as it takes.
    #[must_use]
    pub fn proof<K: Keys>(
        generations: &Generations<K>,
        certificate: Certificate,
        ops: Bytes,
    ) -> Self {
        let generation = certificate.generation;
        let certificate = Box::new(certificate);
        Self::of(generations, generation, Subject::Proof { certificate, ops })
    }

    fn of<K: Keys>(generations: &Generations<K>, last: Generation, subject: Subject) -> Self {
        let last = usize::try_from(last.get()).unwrap_or(usize::MAX);
        let links = generations.links().iter().take(last).cloned().collect();
        Self {
            network: *generations.network(),
            links,
            subject,
        }
    }

    /// Its file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.line();
        let mut put = |part: &FilePart| frame::append(&mut bytes, &codec::encode(part));
        put(&FilePart::Network(self.network));
        for link in &self.links {
            put(&FilePart::Link(Box::new(link.clone())));
        }
        match &self.subject {
            Subject::Chain => {}
            Subject::Evidence(evidence) => put(&FilePart::Evidence(evidence.clone())),
            Subject::Proof { certificate, ops } => put(&FilePart::Proof {
                certificate: certificate.clone(),
                ops: ops.clone(),
            }),
        }
        bytes
    }

    /// Reads a file. Nothing of what it says is checked.
    ///
    /// # Errors
    /// [`FileError`] if it is no proof file.
    pub fn read(bytes: &[u8]) -> Result<Self, FileError> {
        let mut rest = Rest::after(&MAGIC, bytes)?;
        let (mut network, mut links, mut subject) = (None, Vec::new(), Subject::Chain);
        while let Some((at, body)) = rest.frame(codec::MAX_PACKET_BYTES)? {
            let part = codec::decode(body).map_err(|error| FileError::Undecodable { at, error })?;
            let first = network.is_none();
            // The network comes first, and what it is about last.
            if subject != Subject::Chain || first != matches!(part, FilePart::Network(_)) {
                return Err(FileError::Misplaced(at));
            }
            match part {
                FilePart::Network(of) => network = Some(of),
                FilePart::Link(link) => links.push(*link),
                FilePart::Evidence(evidence) => subject = Subject::Evidence(evidence),
                FilePart::Proof { certificate, ops } => {
                    subject = Subject::Proof { certificate, ops };
                }
            }
        }
        Ok(Self {
            network: network.ok_or(FileError::CutOff(bytes.len()))?,
            links,
            subject,
        })
    }

    /// Checks everything it says: the chain from the genesis (or a pin, see [`Generations::read`]), and what it is about.
    ///
    /// # Errors
    /// [`Unproven`] says what of it does not hold.
    pub fn verify<K: Keys>(
        &self,
        genesis: &GenesisFile,
        pin: Option<Pin>,
    ) -> Result<Generations<K>, Unproven> {
        let (have, want) = (self.network, genesis.network());
        if have != want {
            return Err(Unproven::Network { have, want });
        }
        let links = self.links.iter().cloned();
        let generations = Generations::read(want, genesis.members(), links, pin)?;
        let unproven = |why| Unproven::Subject(Box::new(why));
        match &self.subject {
            Subject::Chain => {}
            Subject::Evidence(evidence) => {
                evidence.verify(&generations).map_err(unproven)?;
            }
            Subject::Proof { certificate, ops } => {
                check_proof(certificate, ops, &generations).map_err(unproven)?;
            }
        }
        Ok(generations)
    }
}

fn check_proof<K: Keys>(
    certificate: &Certificate,
    ops: &Bytes,
    generations: &Generations<K>,
) -> Result<(), Rejection> {
    let got = certificate.generation;
    let have = generations.last();
    let members = generations.members_of(got);
    let members = members.ok_or(Rejection::FutureGeneration { have, got })?;
    certificate.check(generations.network(), members)?;
    if ops.len() > MAX_MESSAGE_BYTES || Digest::of(ops) != certificate.header.ops {
        return Err(Rejection::OpsMismatch);
    }
    Ok(())
}
