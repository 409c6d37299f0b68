//! What a behavior is told about the packets of this library: what else could be said in their place, under the same key.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::interceptor::MessageMutator;
use super::key_ring::KeyRing;
use crate::actor::{Counter, Keys, NetworkId, Sig, SigningActor};
use crate::codec::{self, Bytes, Digest};
use crate::deterministic_secure_broadcast::packet::{Proof, Request};
use crate::deterministic_secure_broadcast::wire::statement::{
    ApproveStatement, FirstVoteStatement, SecondVoteStatement, TimeoutStatement,
};
use crate::deterministic_secure_broadcast::wire::{Approvals, Phase, Seal, Timeout, Vote};
use crate::deterministic_secure_broadcast::{
    Certificate, EchoStatement, Genesis, Payload, Rules, VersionVector,
};
use crate::membership::{Change, Generation, MemberIndex, Members, Seat, Signers};
use crate::net::machine::Effects;
use crate::net::note::Note;
use crate::net::participant::Participant;
use crate::net::random::Stream;
use crate::net::sim_algorithm::SimAlgorithm;
use crate::net::wire::Wire;

/// Knows the packets, and one key.
pub(crate) struct PacketMutator<A: SimAlgorithm, K: Keys> {
    key_ring: KeyRing<K>,
    network: NetworkId,
    members: Arc<Members<K>>,
    /// A copy of the algorithm that knows nothing but the genesis.
    copy: A,
    /// What each generation was made by, as seals name it.
    links: BTreeMap<Generation, Digest>,
    /// Every lie that was told, by the packet in whose place it was: the same again gets the same.
    told: BTreeMap<Digest, Option<Wire>>,
    /// How many messages of its own it has still to make: a run is to end.
    own: u32,
}

/// How many messages of its own an intercepted node makes.
const OWN: u32 = 12;

impl<A: SimAlgorithm, K: Keys> fmt::Debug for PacketMutator<A, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacketMutator")
            .field("key_ring", &self.key_ring)
            .finish_non_exhaustive()
    }
}

impl<A: SimAlgorithm, K: Keys> PacketMutator<A, K> {
    pub(crate) fn new(
        identity: SigningActor<K>,
        genesis: &Genesis<A>,
        members: Arc<Members<K>>,
    ) -> Self {
        let mut copy = A::new(identity.actor());
        copy.sync_from(genesis.state().clone());
        Self {
            network: genesis.network(),
            key_ring: KeyRing::new(identity),
            members,
            copy,
            links: BTreeMap::new(),
            told: BTreeMap::new(),
            own: OWN,
        }
    }

    fn echo(&self, generation: Generation, header: Digest) -> Sig {
        self.key_ring
            .of(generation)
            .sign(&self.network, &EchoStatement { generation, header })
    }

    /// Other operations for a message than it has.
    fn other_ops(&self, than: &Bytes, stream: &mut Stream) -> Option<Bytes> {
        let (me, everybody) = (self.key_ring.first().actor(), self.members.actors());
        (0..8).find_map(|_| {
            let [op, _] = self.copy.rivals(&me, everybody, stream)?;
            let bytes = Bytes::from(codec::encode_sequence(&[op]));
            (bytes != *than).then_some(bytes)
        })
    }

    /// Signs what a request says, if it is our own.
    fn sign_request(&self, request: &mut Request) {
        let digest = request.header.digest(&self.network);
        request.echo = self.echo(request.generation, digest);
    }

    fn sign_vote(&self, vote: &mut Vote) {
        let Vote {
            generation,
            attempt,
            decision,
            ..
        } = *vote;
        let key = self.key_ring.of(generation);
        vote.sig = match vote.phase {
            Phase::First => key.sign(
                &self.network,
                &FirstVoteStatement {
                    generation,
                    attempt,
                    decision,
                },
            ),
            Phase::Second => key.sign(
                &self.network,
                &SecondVoteStatement {
                    generation,
                    attempt,
                    decision,
                },
            ),
        };
    }

    fn sign_timeout(&self, timeout: &mut Timeout) {
        let highest = timeout
            .highest
            .as_ref()
            .map(|lock| (lock.attempt, lock.decision.digest(&self.network)));
        let statement = TimeoutStatement {
            generation: timeout.generation,
            attempt: timeout.attempt,
            highest,
        };
        timeout.sig = self
            .key_ring
            .of(timeout.generation)
            .sign(&self.network, &statement);
    }

    /// Signs a seal of the generation that its machine stands at; nothing else is worth a signature.
    fn sign_seal(&self, seal: &mut Seal) {
        let key = self.key_ring.of(seal.generation);
        if let Some(link) = self.links.get(&seal.generation) {
            seal.sig = key.sign(&self.network, &seal.statement(*link));
        }
    }

    /// Approvals of another change than these, if they are our own alone.
    fn other_approval(&self, approvals: &Approvals, stream: &mut Stream) -> Option<Approvals> {
        if approvals.signers.count() != 1 {
            return None;
        }
        let change = Change::Expel(*stream.pick(self.members.actors())?);
        let generation = approvals.generation;
        let sig = self
            .key_ring
            .of(generation)
            .sign(&self.network, &ApproveStatement { generation, change });
        Some(Approvals {
            change,
            possession: None,
            signatures: vec![sig],
            ..approvals.clone()
        })
    }

    /// Another payload in the place of this one.
    fn otherwise(&self, payload: Payload, stream: &mut Stream) -> Option<Payload> {
        Some(match payload {
            Payload::Request(mut request) => {
                request.ops = self.other_ops(&request.ops, stream)?;
                request.header.ops = Digest::of(&request.ops);
                request.header.len = 1;
                self.sign_request(&mut request);
                Payload::Request(request)
            }
            Payload::Echo(mut echo) => {
                echo.header = Digest::of(echo.header.as_bytes());
                echo.sig = self.echo(echo.generation, echo.header);
                Payload::Echo(echo)
            }
            Payload::Proof(mut proof) => {
                let ops = proof.ops.take()?;
                proof.ops = Some(self.other_ops(&ops, stream)?);
                Payload::Proof(proof)
            }
            Payload::Summary(mut summary) => {
                summary.clock = lying_clock(&summary.clock, stream);
                summary.state = Some(Digest::of(&stream.bytes::<32>()));
                Payload::Summary(summary)
            }
            Payload::Pull(mut pull) => {
                pull.clock = VersionVector::zero(pull.clock.iter().count());
                Payload::Pull(pull)
            }
            Payload::Compare(mut compare) => {
                for (_, _, digest) in &mut compare.headers {
                    *digest = Digest::of(digest.as_bytes());
                }
                Payload::Compare(compare)
            }
            Payload::Approvals(approvals) => {
                Payload::Approvals(self.other_approval(&approvals, stream)?)
            }
            Payload::Vote(mut vote) => {
                vote.decision = Digest::of(vote.decision.as_bytes());
                self.sign_vote(&mut vote);
                Payload::Vote(vote)
            }
            Payload::Timeout(mut timeout) => {
                timeout.highest.take()?;
                self.sign_timeout(&mut timeout);
                Payload::Timeout(timeout)
            }
            Payload::Seal(mut seal) => {
                seal.sources.clear();
                self.sign_seal(&mut seal);
                Payload::Seal(seal)
            }
            _ => return None,
        })
    }

    /// This payload with one thing wrong, if it has such a thing.
    fn mutated(&self, payload: Payload, way: Mutation, stream: &mut Stream) -> Option<Payload> {
        Some(match payload {
            Payload::Request(mut request) => {
                match way {
                    Mutation::More(_) => request.header.first = request.header.first.next()?,
                    Mutation::Less => request.header.first = less(request.header.first)?,
                    Mutation::Digest => request.header.previous = Digest::of(b"another header"),
                    Mutation::Generation => request.generation = request.generation.next()?,
                    Mutation::Signers => request.header.len = request.header.len.checked_add(1)?,
                    Mutation::Signature => request.echo = flipped(request.echo),
                    Mutation::Network => request.echo = self.elsewhere(&request),
                }
                if way.signs() {
                    self.sign_request(&mut request);
                }
                Payload::Request(request)
            }
            Payload::Echo(mut echo) => {
                match way {
                    Mutation::More(_) => echo.first = echo.first.next()?,
                    Mutation::Less => echo.first = less(echo.first)?,
                    Mutation::Digest => echo.header = Digest::of(echo.header.as_bytes()),
                    Mutation::Generation => echo.generation = echo.generation.next()?,
                    Mutation::Signers | Mutation::Network => {
                        echo.sig = Sig::from_bytes(stream.bytes())
                    }
                    Mutation::Signature => echo.sig = flipped(echo.sig),
                }
                if way.signs() {
                    echo.sig = self.echo(echo.generation, echo.header);
                }
                Payload::Echo(echo)
            }
            Payload::Proof(proof) => Payload::Proof(self.mutated_proof(proof, way, stream)?),
            Payload::Summary(mut summary) => {
                match way {
                    Mutation::More(_) => summary.clock = shifted(&summary.clock, stream, 1),
                    Mutation::Generation => summary.generation = summary.generation.next()?,
                    Mutation::Signers => summary.culprits.insert(MemberIndex::new(0)),
                    _ => summary.state = Some(Digest::of(b"another state")),
                }
                Payload::Summary(summary)
            }
            Payload::Pull(mut pull) => {
                match way {
                    Mutation::Generation => pull.generation = pull.generation.next()?,
                    _ => pull.clock = shifted(&pull.clock, stream, 1),
                }
                Payload::Pull(pull)
            }
            Payload::Vote(mut vote) => {
                match way {
                    Mutation::More(_) => vote.attempt = vote.attempt.checked_add(1)?,
                    Mutation::Less => vote.attempt = vote.attempt.checked_sub(1)?,
                    Mutation::Digest => vote.decision = Digest::of(vote.decision.as_bytes()),
                    Mutation::Generation => vote.generation = vote.generation.next()?,
                    Mutation::Signers | Mutation::Network => {
                        vote.phase = match vote.phase {
                            Phase::First => Phase::Second,
                            Phase::Second => Phase::First,
                        }
                    }
                    Mutation::Signature => vote.sig = flipped(vote.sig),
                }
                if way.signs() {
                    self.sign_vote(&mut vote);
                }
                Payload::Vote(vote)
            }
            Payload::Timeout(mut timeout) => {
                match way {
                    Mutation::More(_) => timeout.attempt = timeout.attempt.checked_add(1)?,
                    Mutation::Generation => timeout.generation = timeout.generation.next()?,
                    _ => timeout.sig = flipped(timeout.sig),
                }
                if way.signs() {
                    self.sign_timeout(&mut timeout);
                }
                Payload::Timeout(timeout)
            }
            Payload::Seal(mut seal) => {
                match way {
                    Mutation::More(_) | Mutation::Less => {
                        seal.sources.pop()?;
                    }
                    Mutation::Digest => seal
                        .sources
                        .iter_mut()
                        .for_each(|source| source.best = None),
                    Mutation::Generation => seal.generation = seal.generation.next()?,
                    Mutation::Signers => seal.signer = MemberIndex::new(0),
                    Mutation::Network => seal.sources.iter_mut().for_each(|s| s.open.clear()),
                    Mutation::Signature => seal.sig = flipped(seal.sig),
                }
                if way.signs() {
                    self.sign_seal(&mut seal);
                }
                Payload::Seal(seal)
            }
            Payload::Chain(mut chain) => {
                let last = chain.links.last_mut()?;
                match way {
                    Mutation::More(_) | Mutation::Less => {
                        last.attempt = last.attempt.checked_add(1)?
                    }
                    Mutation::Signers => drop(last.signatures.pop()),
                    _ => last.decision.link = Digest::of(b"another chain"),
                }
                Payload::Chain(chain)
            }
            _ => return None,
        })
    }

    fn mutated_proof(&self, mut proof: Proof, way: Mutation, stream: &mut Stream) -> Option<Proof> {
        let Certificate {
            generation,
            header,
            signers,
            signatures,
        } = &mut proof.certificate;
        match way {
            Mutation::More(_) => header.first = header.first.next()?,
            Mutation::Less => header.first = less(header.first)?,
            Mutation::Digest => match &proof.ops {
                Some(ops) => proof.ops = Some(self.other_ops(ops, stream)?),
                None => header.ops = Digest::of(b"other operations"),
            },
            Mutation::Generation => *generation = generation.next()?,
            Mutation::Signers => {
                let mut fewer = Signers::none(self.members.len());
                signers.iter().skip(1).for_each(|index| fewer.insert(index));
                *signers = fewer;
                signatures.first()?;
                signatures.remove(0);
            }
            Mutation::Network => signatures.rotate_left(1),
            Mutation::Signature => {
                let sig = signatures.first_mut()?;
                *sig = flipped(*sig);
            }
        }
        Some(proof)
    }

    /// A signature that would be right in another network.
    fn elsewhere(&self, request: &Request) -> Sig {
        let network = NetworkId::new(Digest::of(b"another network"));
        let header = request.header.digest(&self.network);
        let generation = request.generation;
        self.key_ring
            .of(generation)
            .sign(&network, &EchoStatement { generation, header })
    }
}

/// What is wrong with a mutated packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutation {
    /// A number is one more; signed anew or not.
    More(bool),
    /// A number is one less; signed anew.
    Less,
    /// A digest is of something else; signed anew.
    Digest,
    /// The next generation; signed anew.
    Generation,
    /// Some signer is missing, or another one is there; signed anew.
    Signers,
    /// One bit of a signature.
    Signature,
    /// Signed for another network.
    Network,
}

const WAYS: [Mutation; 8] = [
    Mutation::More(false),
    Mutation::More(true),
    Mutation::Less,
    Mutation::Digest,
    Mutation::Generation,
    Mutation::Signers,
    Mutation::Signature,
    Mutation::Network,
];

impl Mutation {
    const fn signs(self) -> bool {
        !matches!(self, Self::More(false) | Self::Signature | Self::Network)
    }
}

fn less(counter: Counter) -> Option<Counter> {
    counter.get().checked_sub(1).map(Counter::new)
}

fn flipped(sig: Sig) -> Sig {
    let mut bytes = *sig.as_bytes();
    bytes[0] ^= 1;
    Sig::from_bytes(bytes)
}

/// A clock whose one entry is some steps ahead.
fn shifted(clock: &VersionVector, stream: &mut Stream, steps: u64) -> VersionVector {
    let entries: Vec<(Seat, Counter)> = clock.iter().collect();
    let mut lie = VersionVector::zero(entries.len());
    let chosen = stream.index(entries.len());
    for (place, (seat, counter)) in entries.into_iter().enumerate() {
        let ahead = if place == chosen { steps } else { 0 };
        lie.advance(seat, counter.checked_add(ahead).unwrap_or(counter));
    }
    lie
}

/// A clock that has some more of this and nothing of that.
fn lying_clock(clock: &VersionVector, stream: &mut Stream) -> VersionVector {
    let entries: Vec<(Seat, Counter)> = clock.iter().collect();
    let mut lie = VersionVector::zero(entries.len());
    for (seat, counter) in entries {
        match stream.below(3) {
            0 => {}
            1 => lie.advance(seat, counter.checked_add(3).unwrap_or(counter)),
            _ => lie.advance(seat, counter),
        }
    }
    lie
}

impl<A: SimAlgorithm, K: Keys, R: Rules> MessageMutator<Participant<A, K, R>>
    for PacketMutator<A, K>
{
    fn lie(&mut self, wire: &Wire, stream: &mut Stream) -> Option<Wire> {
        let print = Digest::of(wire.bytes());
        if let Some(told) = self.told.get(&print) {
            return told.clone();
        }
        let payload = codec::decode::<Payload>(wire.bytes()).ok();
        let lie = payload
            .and_then(|payload| self.otherwise(payload, stream))
            .map(|payload| Wire::of(&payload));
        self.told.insert(print, lie.clone());
        lie
    }

    fn mutate(&mut self, wire: &Wire, way: u64, stream: &mut Stream) -> Option<Wire> {
        let way = *WAYS.get(usize::try_from(way).ok()?)?;
        let payload = codec::decode::<Payload>(wire.bytes()).ok()?;
        self.mutated(payload, way, stream)
            .map(|payload| Wire::of(&payload))
    }

    fn ways(&self) -> u64 {
        WAYS.len() as u64
    }

    /// Broadcasts something of its own, if nothing is under way.
    fn spur(
        &mut self,
        machine: &mut Participant<A, K, R>,
        stream: &mut Stream,
        out: &mut Effects<Participant<A, K, R>>,
    ) {
        let Participant::Replica(replica) = machine else {
            return;
        };
        let me = self.key_ring.first().actor();
        let idle = replica.broadcast().filter(|own| own.pending() == 0);
        let op = idle.and_then(|own| own.algorithm().draw(&me, self.members.actors(), stream));
        if let (Some(op), Some(left)) = (op, self.own.checked_sub(1)) {
            self.own = left;
            // What it refuses it refuses.
            let _ = replica.submit(vec![op], out);
        }
    }

    fn watch(&mut self, machine: &Participant<A, K, R>) {
        let Participant::Replica(replica) = machine else {
            return;
        };
        if let Some(own) = replica.broadcast() {
            self.key_ring.enter(own.members());
            let generation = own.generation();
            if let Some(link) = own.generations().tip_of(generation) {
                self.links.insert(generation, *link);
            }
        }
    }

    fn count(&self, what: &'static str) -> Option<Note<A>> {
        Some(Note::Count(what))
    }
}
