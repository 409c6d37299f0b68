//! A chain that grows by decisions of which every key is known, and what its members sign.

use std::collections::BTreeMap;

use bft_crdts::actor::Statement;
use bft_crdts::deterministic_secure_broadcast::evidence::{Contradiction, SignedHeader};
use bft_crdts::deterministic_secure_broadcast::proof_file::{GenesisFile, ProofFile, Subject};
use bft_crdts::deterministic_secure_broadcast::wire::statement::SecondVoteStatement;
use bft_crdts::deterministic_secure_broadcast::wire::{NextKeys, Seal, SealedSource};
use bft_crdts::deterministic_secure_broadcast::{
    Decision, EchoStatement, Generations, Header, Link,
};
use bft_crdts::membership::Signers;
use bft_crdts::membership::quorum::quorum;
use bft_crdts::{
    Actor, Certificate, Change, Counter, Digest, Ed25519, Evidence, Generation, MemberIndex,
    NetworkId, Seat, Sig, SigningActor,
};

use crate::wire::identities;

use super::{framing::GENESIS, framing::frames, framing::genesis_of};

/// A chain that grows by decisions of which we have every key.
#[derive(Clone)]
pub(crate) struct Forge {
    pub(crate) chain: Generations<Ed25519>,
    /// Everybody's key of the newest generation.
    pub(crate) keys: BTreeMap<Actor, SigningActor>,
    /// The keys of every generation.
    pub(crate) past: Vec<BTreeMap<Actor, SigningActor>>,
}

impl Forge {
    pub(crate) fn new(network: NetworkId, members: usize) -> Self {
        let keys: BTreeMap<_, _> = identities::<Ed25519>(members)
            .into_iter()
            .map(|key| (key.actor(), key))
            .collect();
        let actors: Vec<Actor> = keys.keys().copied().collect();
        Self {
            chain: Generations::genesis(network, &actors).expect("sound keys"),
            past: vec![keys.clone()],
            keys,
        }
    }

    pub(super) fn network(&self) -> NetworkId {
        *self.chain.network()
    }

    /// The key of a member in a generation, by its index.
    pub(super) fn key(&self, generation: u64, index: usize) -> &SigningActor {
        let members = self.chain.members_of(Generation::new(generation));
        let index = MemberIndex::new(index as u16);
        let actor = members.and_then(|members| members.actor(index));
        &self.past[generation as usize][actor.expect("a member")]
    }

    pub(super) fn sign<S: Statement>(&self, generation: u64, index: usize, statement: &S) -> Sig {
        self.key(generation, index).sign(&self.network(), statement)
    }

    /// The link of the next generation: this change, new keys for these members, the votes of these in this attempt.
    pub(super) fn link(
        &self,
        change: Change,
        renew: &[usize],
        attempt: u32,
        voters: &[usize],
    ) -> Link {
        let members = self.chain.newest();
        let mut keys = NextKeys {
            members: Signers::none(members.len()),
            keys: Vec::new(),
        };
        for index in renew {
            let index = MemberIndex::new(*index as u16);
            keys.members.insert(index);
            let actor = members.actor(index).expect("a member");
            keys.keys.push(self.keys[actor].next().key());
        }
        let decision = Decision {
            generation: Generation::new(members.generation().get() + 1),
            link: self.chain.tip(),
            change,
            keys: keys.digest(),
        };
        self.voted(decision, keys, attempt, voters)
    }

    pub(super) fn voted(
        &self,
        decision: Decision,
        keys: NextKeys,
        attempt: u32,
        voters: &[usize],
    ) -> Link {
        let members = self.chain.newest();
        let generation = members.generation();
        let statement = SecondVoteStatement {
            generation,
            attempt,
            decision: decision.digest(&self.network()),
        };
        let mut signers = Signers::none(members.len());
        let mut signatures = Vec::new();
        for index in voters {
            signers.insert(MemberIndex::new(*index as u16));
            signatures.push(self.sign(generation.get(), *index, &statement));
        }
        Link {
            decision,
            keys,
            attempt,
            signers,
            signatures,
        }
    }

    /// Goes on by one generation.
    pub(super) fn grow(&mut self, change: Change, renew: &[usize], attempt: u32) {
        let voters: Vec<usize> = (0..quorum(self.chain.newest().len())).collect();
        let link = self.link(change, renew, attempt, &voters);
        for index in renew {
            let index = MemberIndex::new(*index as u16);
            let actor = *self.chain.newest().actor(index).expect("a member");
            let next = self.keys[&actor].next();
            self.keys.insert(actor, next);
        }
        if let Change::Join(actor) = change {
            let joiner = joiners().into_iter().find(|key| key.actor() == actor);
            self.keys.insert(actor, joiner.expect("one of ours"));
        }
        self.chain.extend(link).expect("it follows");
        self.past.push(self.keys.clone());
    }

    pub(super) fn echo(&self, generation: u64, index: usize, header: &Header) -> SignedHeader {
        let statement = EchoStatement {
            generation: Generation::new(generation),
            header: header.digest(&self.network()),
        };
        SignedHeader {
            generation: Generation::new(generation),
            header: header.clone(),
            sig: self.sign(generation, index, &statement),
        }
    }

    pub(super) fn certificate(
        &self,
        generation: u64,
        header: &Header,
        signers: &[usize],
    ) -> Certificate {
        let members = self.chain.members_of(Generation::new(generation));
        let mut set = Signers::none(members.expect("a generation").len());
        let mut signatures = Vec::new();
        for index in signers {
            set.insert(MemberIndex::new(*index as u16));
            signatures.push(self.echo(generation, *index, header).sig);
        }
        Certificate {
            generation: Generation::new(generation),
            header: header.clone(),
            signers: set,
            signatures,
        }
    }

    pub(super) fn seal(&self, generation: u64, signer: usize, sources: Vec<SealedSource>) -> Seal {
        let link = self.chain.tip_of(Generation::new(generation));
        let mut seal = Seal {
            generation: Generation::new(generation),
            signer: MemberIndex::new(signer as u16),
            sources,
            sig: Sig::from_bytes([0; 64]),
        };
        seal.sig = self.sign(
            generation,
            signer,
            &seal.statement(*link.expect("in the chain")),
        );
        seal
    }

    pub(super) fn file(&self, subject: Subject) -> ProofFile {
        ProofFile {
            network: self.network(),
            links: self.chain.links().to_vec(),
            subject,
        }
    }

    pub(super) fn accuses(&self, culprit: Actor, contradiction: Contradiction) -> ProofFile {
        self.file(Subject::Evidence(Box::new(Evidence {
            culprit,
            contradiction,
        })))
    }
}

/// Those who join, in order of their names.
pub(super) fn joiners() -> Vec<SigningActor> {
    let mut keys: Vec<SigningActor> = [0xa1, 0xa2, 0xa3]
        .map(|seed| SigningActor::from_seed([seed; 32]))
        .into();
    keys.sort_by_key(SigningActor::actor);
    keys
}

pub(super) fn header(source: u16, first: u64, len: u32, previous: Digest, tag: &[u8]) -> Header {
    Header {
        source: Seat::new(source),
        first: Counter::new(first),
        len,
        previous,
        causes: Vec::new(),
        ops: Digest::of(tag),
    }
}

/// A chain of four generations of the network `seven`: one joins, one is expelled, one leaves, with new keys each time.
pub(crate) fn forge() -> Forge {
    let members: Vec<Actor> = identities::<Ed25519>(7)
        .iter()
        .map(SigningActor::actor)
        .collect();
    let file = GenesisFile::read(&frames(GENESIS, &[&genesis_of(&members)])).expect("a genesis");
    let mut forge = Forge::new(file.network(), 7);
    let joiner = joiners()[0].actor();
    forge.grow(Change::Join(joiner), &[0, 2, 6], 0);
    let expelled = *forge
        .chain
        .newest()
        .actor(MemberIndex::new(1))
        .expect("a member");
    forge.grow(Change::Expel(expelled), &[0, 3, 4], 3);
    let leaver = *forge
        .chain
        .newest()
        .actor(MemberIndex::new(0))
        .expect("a member");
    forge.grow(Change::Leave(leaver), &[], 300);
    forge
}
