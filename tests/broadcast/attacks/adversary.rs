//! Members who lie: they hold their own keys, share what they see, and send anything to anybody.

use std::collections::BTreeMap;

use bft_crdts::codec::encode_sequence;
use bft_crdts::deterministic_secure_broadcast::Contradiction;
use bft_crdts::deterministic_secure_broadcast::evidence::SignedHeader;
use bft_crdts::deterministic_secure_broadcast::packet::{
    Compare, Echo, Proof, Pull, Refusal, Request, Summary,
};
use bft_crdts::deterministic_secure_broadcast::{EchoStatement, Header};
use bft_crdts::membership::{MemberIndex, Signers};
use bft_crdts::{
    Bytes, Certificate, Counter, Digest, Dot, Evidence, Generation, NetworkId, Payload, Seat,
    SecureBroadcastAlgorithm, Sig, SigningActor, VersionVector,
};
use rand::{Rng, RngExt};

use crate::world::{Flying, Toy, World};

pub(crate) const G: Generation = Generation::GENESIS;

/// What Byzantine nodes need to know of an algorithm.
pub(crate) trait Abuse: SecureBroadcastAlgorithm {
    /// An operation that `of` could broadcast now, if it can do anything.
    fn proper(&self, of: usize, world: &[bft_crdts::Actor], rng: &mut impl Rng)
    -> Option<Self::Op>;

    /// Any operation at all.
    fn wild(world: &[bft_crdts::Actor], rng: &mut impl Rng) -> Self::Op;
}

/// An echo: the one signature there is.
pub(crate) fn sign(identity: &SigningActor<Toy>, network: &NetworkId, header: Digest) -> Sig {
    let statement = EchoStatement {
        generation: G,
        header,
    };
    identity.sign(network, &statement)
}

/// A header for these operations.
pub(crate) fn header<Op: serde::Serialize>(
    source: usize,
    first: Counter,
    previous: Digest,
    causes: Vec<(Seat, Counter)>,
    ops: &[Op],
) -> (Header, Bytes) {
    let bytes = Bytes::from(encode_sequence(ops));
    let header = Header {
        source: Seat::new(source as u16),
        first,
        len: ops.len() as u32,
        previous,
        causes,
        ops: Digest::of(&bytes),
    };
    (header, bytes)
}

/// A request signed by its source.
pub(crate) fn request(
    source: &SigningActor<Toy>,
    network: &NetworkId,
    header: Header,
    ops: Bytes,
) -> Payload {
    let echo = sign(source, network, header.digest(network));
    Payload::Request(Request {
        generation: G,
        header,
        echo,
        ops,
    })
}

/// A certificate with these echoes.
pub(crate) fn certificate(
    members: usize,
    header: Header,
    echoes: &BTreeMap<usize, Sig>,
) -> Certificate {
    let mut signers = Signers::none(members);
    for index in echoes.keys() {
        signers.insert(MemberIndex::new(*index as u16));
    }
    Certificate {
        generation: G,
        header,
        signers,
        signatures: echoes.values().copied().collect(),
    }
}

/// A header of a Byzantine node's own, and who has echoed it.
struct Known {
    header: Header,
    digest: Digest,
    /// The clock of its chain.
    clock: VersionVector,
    ops: Bytes,
    echoes: BTreeMap<usize, Sig>,
}

/// How many packets the Byzantine nodes remember.
const MEMORY: usize = 400;

/// All Byzantine nodes of a network, of one mind.
pub(crate) struct Colluders {
    adversaries: Vec<(usize, SigningActor<Toy>)>,
    members: usize,
    network: NetworkId,
    known: Vec<Known>,
    seen: Vec<Flying>,
    /// How often it stands by the header it has signed for a slot.
    pub(crate) faith: f64,
    /// How often it broadcasts what is invalid.
    pub(crate) folly: f64,
    pub(crate) certified: usize,
}

impl Colluders {
    pub(crate) fn of<A: Abuse>(world: &World<A>) -> Self {
        let nodes = world.nodes.iter().enumerate();
        Self {
            adversaries: nodes
                .filter(|(_, node)| node.adversary)
                .map(|(seat, node)| (seat, node.identity.clone()))
                .collect(),
            members: world.nodes.len(),
            network: world.genesis.network(),
            known: Vec::new(),
            seen: Vec::new(),
            faith: 0.5,
            folly: 0.1,
            certified: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.adversaries.is_empty()
    }

    /// A packet comes to one of them, or is overheard.
    pub(crate) fn hear(&mut self, packet: &Flying, rng: &mut impl Rng) {
        if let Payload::Echo(echo) = &packet.payload
            && let Some(known) = self
                .known
                .iter_mut()
                .find(|known| known.digest == echo.header)
            && known.header.source.get() == packet.to
        {
            known.echoes.insert(packet.from, echo.sig);
        }
        if self.seen.len() < MEMORY {
            self.seen.push(packet.clone());
        } else {
            let place = rng.random_range(0..MEMORY);
            self.seen[place] = packet.clone();
        }
    }

    fn adversary(&self, rng: &mut impl Rng) -> (usize, SigningActor<Toy>) {
        self.adversaries[rng.random_range(0..self.adversaries.len())].clone()
    }

    fn is_liar(&self, seat: usize) -> bool {
        self.adversaries
            .iter()
            .any(|(adversary, _)| *adversary == seat)
    }

    fn sign(&self, seat: usize, header: Digest) -> Option<Sig> {
        let (_, identity) = self
            .adversaries
            .iter()
            .find(|(adversary, _)| *adversary == seat)?;
        Some(sign(identity, &self.network, header))
    }

    /// One of them does something.
    pub(crate) fn act<A: Abuse>(&mut self, world: &mut World<A>, rng: &mut impl Rng) {
        let (me, _) = self.adversary(rng);
        let payload = match rng.random_range(0..16) {
            0..4 => self.propose(me, world, rng),
            4..6 => self.repeat(rng),
            6..8 => {
                self.echo(me, world, rng);
                return;
            }
            8..11 => self.prove(rng),
            11 => self.pick(rng).map(|packet| packet.payload),
            12..14 => self.mutate(me, world, rng),
            14 => self.gossip(world, rng),
            _ => self.accuse(me, rng),
        };
        let Some(payload) = payload else { return };
        let heard = [1.0 / self.members as f64, 0.5, 1.0][rng.random_range(0..3)];
        for to in 0..self.members {
            if !self.is_liar(to) && rng.random_bool(heard) {
                world.wire.push(Flying {
                    from: me,
                    to,
                    payload: payload.clone(),
                });
            }
        }
    }

    fn pick(&self, rng: &mut impl Rng) -> Option<Flying> {
        let place = rng.random_range(0..self.seen.len().max(1));
        self.seen.get(place).cloned()
    }

    /// A message of its own: after the last one somebody has delivered, or after any of its headers; proper or not.
    fn propose<A: Abuse>(
        &mut self,
        me: usize,
        world: &World<A>,
        rng: &mut impl Rng,
    ) -> Option<Payload> {
        let correct: Vec<usize> = world.correct().filter(|at| world.is_up(*at)).collect();
        let model = world.replica(*correct.get(rng.random_range(0..correct.len().max(1)))?);
        let seat = Seat::new(me as u16);
        let mine: Vec<&Known> = self
            .known
            .iter()
            .filter(|known| known.header.source == seat)
            .collect();
        let delivered = Dot::new(world.actor(me), model.clock().get(seat));
        let tip = model
            .certificate(&delivered)
            .map(|certificate| certificate.header.digest(&self.network));
        let parent = if rng.random_bool(0.8) {
            tip.and_then(|tip| mine.iter().find(|known| known.digest == tip))
        } else {
            mine.get(rng.random_range(0..mine.len() + 1))
        };
        let (first, previous, clock) = match parent {
            Some(parent) => {
                let next = parent.header.last()?.next()?;
                (next, parent.digest, parent.clock.clone())
            }
            None => {
                let clock = VersionVector::zero(self.members);
                (Counter::FIRST, *self.network.digest(), clock)
            }
        };
        let slot =
            |known: &&&Known| (known.header.first, known.header.previous) == (first, previous);
        if let Some(known) = mine.iter().find(slot)
            && rng.random_bool(self.faith)
        {
            return self.request(known);
        }
        let actors: Vec<_> = (0..self.members).map(|at| world.actor(at)).collect();
        let count = if rng.random_bool(0.6) { 1 } else { 3 };
        let ops: Vec<A::Op> = (0..count)
            .filter_map(|_| {
                if !rng.random_bool(self.folly) {
                    model.algorithm().proper(me, &actors, rng)
                } else {
                    Some(A::wild(&actors, rng))
                }
            })
            .collect();
        if ops.is_empty() {
            return None;
        }
        let mut causes = VersionVector::zero(self.members);
        for op in &ops {
            for dot in model.algorithm().causes(op).dots() {
                let cause = world.seat_of(&dot.actor)?;
                causes.advance(Seat::new(cause as u16), dot.counter);
            }
        }
        if rng.random_bool(0.2) {
            // More than it needs.
            for (of, counter) in model.clock().iter() {
                if rng.random_bool(0.5) {
                    causes.advance(of, counter);
                }
            }
        }
        let causes: Vec<_> = causes
            .iter()
            .filter(|(of, counter)| of.get() != me && *counter > clock.get(*of))
            .collect();
        let (header, bytes) = header(me, first, previous, causes, &ops);
        self.offer(header, clock, bytes)
    }

    /// Signs a header of a Byzantine node's and remembers it.
    fn offer(&mut self, header: Header, mut clock: VersionVector, ops: Bytes) -> Option<Payload> {
        let digest = header.digest(&self.network);
        let me = header.source.get();
        let echo = self.sign(me, digest)?;
        for (of, counter) in &header.causes {
            clock.advance(*of, *counter);
        }
        let echoes = self
            .adversaries
            .iter()
            .map(|(adversary, identity)| (*adversary, sign(identity, &self.network, digest)))
            .collect();
        if !self.known.iter().any(|known| known.digest == digest) {
            self.known.push(Known {
                header: header.clone(),
                digest,
                clock,
                ops: ops.clone(),
                echoes,
            });
        }
        Some(Payload::Request(Request {
            generation: G,
            header,
            echo,
            ops,
        }))
    }

    /// The newest of its own messages again, or any.
    fn repeat(&self, rng: &mut impl Rng) -> Option<Payload> {
        self.request(self.recent(rng)?)
    }

    fn request(&self, known: &Known) -> Option<Payload> {
        let echo = self.sign(known.header.source.get(), known.digest)?;
        Some(Payload::Request(Request {
            generation: G,
            header: known.header.clone(),
            echo,
            ops: known.ops.clone(),
        }))
    }

    fn recent(&self, rng: &mut impl Rng) -> Option<&Known> {
        let reach = if rng.random_bool(0.8) { 4 } else { 400 };
        let back = rng.random_range(0..reach);
        let place = self.known.len().checked_sub(1 + back)?;
        self.known.get(place)
    }

    /// Echoes whatever it has been asked to, unread.
    fn echo<A: Abuse>(&self, me: usize, world: &mut World<A>, rng: &mut impl Rng) {
        let Some(Flying { payload, .. }) = self.pick(rng) else {
            return;
        };
        let Payload::Request(request) = payload else {
            return;
        };
        let digest = request.header.digest(&self.network);
        let Some(sig) = self.sign(me, digest) else {
            return;
        };
        let to = request.header.source.get();
        if to < self.members && !self.is_liar(to) {
            let echo = Echo {
                generation: G,
                first: request.header.first,
                header: digest,
                sig,
            };
            world.wire.push(Flying {
                from: me,
                to,
                payload: Payload::Echo(echo),
            });
        }
    }

    /// A certificate for one of its own headers, if there are enough echoes.
    fn prove(&mut self, rng: &mut impl Rng) -> Option<Payload> {
        let quorum = bft_crdts::membership::quorum::quorum(self.members);
        let need = if rng.random_bool(0.9) {
            quorum
        } else {
            self.members.div_ceil(2)
        };
        let ready: Vec<&Known> = self
            .known
            .iter()
            .filter(|known| known.echoes.len() >= need)
            .collect();
        let reach = if rng.random_bool(0.7) { 3 } else { 100 };
        let back = rng.random_range(0..reach);
        let known = ready.get(ready.len().checked_sub(1 + back)?)?;
        let mut echoes = known.echoes.clone();
        while echoes.len() > need {
            let place = rng.random_range(0..echoes.len());
            let signer = *echoes.keys().nth(place)?;
            echoes.remove(&signer);
        }
        let certificate = certificate(self.members, known.header.clone(), &echoes);
        let ops = rng.random_bool(0.3).then(|| known.ops.clone());
        self.certified += 1;
        Some(Payload::Proof(Proof { certificate, ops }))
    }

    fn gossip<A: Abuse>(&self, world: &World<A>, rng: &mut impl Rng) -> Option<Payload> {
        let any = rng.random_range(0..self.members);
        let mut clock = match world.nodes[any].replica.as_ref() {
            Some(replica) => replica.clock().clone(),
            None => VersionVector::zero(rng.random_range(0..12)),
        };
        if rng.random_bool(0.5) {
            let seat = Seat::new(rng.random_range(0..self.members as u16));
            let height = [1, 2, 7, 1 << 40, u64::MAX - 1, u64::MAX];
            clock.advance(
                seat,
                Counter::new(height[rng.random_range(0..height.len())]),
            );
        }
        if rng.random_bool(0.5) {
            return Some(Payload::Pull(Pull {
                generation: G,
                clock,
            }));
        }
        if rng.random_bool(0.3) {
            let header = |place: u64, rng: &mut dyn FnMut() -> u8| {
                let known = self.known.get(usize::from(rng()) % self.known.len().max(1));
                let digest = known.map_or(Digest::of(b"nothing"), |known| known.digest);
                (Seat::new(any as u16), place, digest)
            };
            let count = [1, 2, 5, 128, 129][rng.random_range(0..5)];
            let headers = (0..count).map(|place| header(place, &mut || rng.random()));
            return Some(Payload::Compare(Compare {
                generation: G,
                headers: headers.collect(),
            }));
        }
        let mut culprits = Signers::none(self.members);
        culprits.insert(MemberIndex::new(rng.random_range(0..8)));
        let state = rng
            .random_bool(0.5)
            .then(|| Digest::of(&[rng.random::<u8>()]));
        Some(Payload::Summary(Summary {
            generation: G,
            clock,
            culprits,
            state,
        }))
    }

    /// An accusation made of any two headers seen; or a refusal.
    fn accuse(&self, me: usize, rng: &mut impl Rng) -> Option<Payload> {
        let signed = |packet: &Flying| match &packet.payload {
            Payload::Request(request) => Some(SignedHeader {
                generation: request.generation,
                header: request.header.clone(),
                sig: request.echo,
            }),
            Payload::Proof(proof) => {
                let echoes: Vec<_> = proof.certificate.echoes().collect();
                let (_, sig) = echoes.get(me % echoes.len().max(1))?;
                Some(SignedHeader {
                    generation: proof.certificate.generation,
                    header: proof.certificate.header.clone(),
                    sig: **sig,
                })
            }
            _ => None,
        };
        if rng.random_bool(0.5) {
            let packet = self.pick(rng)?;
            let Payload::Request(request) = packet.payload else {
                return None;
            };
            return Some(Payload::Refusal(Refusal {
                first: request.header.first,
                header: request.header.digest(&self.network),
                index: rng.random_range(0..3),
                reason: "no".to_string(),
            }));
        }
        let (one, other) = (signed(&self.pick(rng)?)?, signed(&self.pick(rng)?)?);
        let seats = self.seen.iter().map(|packet| packet.from);
        let culprit = seats.max().filter(|_| rng.random_bool(0.1)).unwrap_or(me);
        let (_, identity) = self
            .adversaries
            .iter()
            .find(|(adversary, _)| *adversary == culprit)?;
        let culprit = identity.actor();
        let evidence = Evidence::headers(&self.network, culprit, one, other);
        Some(Payload::Evidence(Box::new(evidence)))
    }

    /// Something seen, with one thing changed, and signed anew where a Byzantine node's signature stands.
    fn mutate<A: Abuse>(
        &mut self,
        me: usize,
        world: &World<A>,
        rng: &mut impl Rng,
    ) -> Option<Payload> {
        let actors: Vec<_> = (0..self.members).map(|at| world.actor(at)).collect();
        match self.pick(rng)?.payload {
            Payload::Request(mut request) => {
                let known = self
                    .known
                    .iter()
                    .find(|known| known.header == request.header);
                let clock =
                    known.map_or_else(|| VersionVector::zero(self.members), |k| k.clock.clone());
                if rng.random_bool(0.3) {
                    let ops: Vec<A::Op> = (0..request.header.len.min(4))
                        .map(|_| A::wild(&actors, rng))
                        .collect();
                    let (header, ops) = header(
                        request.header.source.get(),
                        request.header.first,
                        request.header.previous,
                        request.header.causes.clone(),
                        &ops,
                    );
                    request.header = header;
                    request.ops = ops;
                } else {
                    self.bend(&mut request.header, me, rng);
                }
                if self.is_liar(request.header.source.get()) {
                    if rng.random_bool(self.faith) {
                        return None;
                    }
                    return self.offer(request.header, clock, request.ops);
                }
                if rng.random_bool(0.5) {
                    request.echo = self.sign(me, request.header.digest(&self.network))?;
                }
                Some(Payload::Request(request))
            }
            Payload::Echo(mut echo) => {
                match rng.random_range(0..3) {
                    0 => echo.first = self.counter(echo.first, rng),
                    1 => echo.header = Digest::of(&[rng.random::<u8>()]),
                    _ => echo.generation = Generation::new(rng.random_range(0..3)),
                }
                if rng.random_bool(0.7) {
                    echo.sig = self.sign(me, echo.header)?;
                }
                Some(Payload::Echo(echo))
            }
            Payload::Proof(mut proof) => {
                let certificate = &mut proof.certificate;
                match rng.random_range(0..5) {
                    0 => self.bend(&mut certificate.header, me, rng),
                    1 => {
                        let index = rng.random_range(0..self.members as u16 + 4);
                        certificate.signers.insert(MemberIndex::new(index));
                    }
                    2 => drop(certificate.signatures.pop()),
                    3 => {
                        let digest = certificate.header.digest(&self.network);
                        let sig = self.sign(me, digest)?;
                        let place = rng.random_range(0..certificate.signatures.len().max(1));
                        *certificate.signatures.get_mut(place)? = sig;
                    }
                    _ => certificate.generation = Generation::new(rng.random_range(0..3)),
                }
                Some(Payload::Proof(proof))
            }
            Payload::Summary(mut summary) => {
                let seat = Seat::new(rng.random_range(0..self.members as u16));
                let counter = self.counter(summary.clock.get(seat), rng);
                summary.clock.advance(seat, counter);
                Some(Payload::Summary(summary))
            }
            Payload::Pull(mut pull) => {
                let seat = Seat::new(rng.random_range(0..self.members as u16));
                let counter = self.counter(pull.clock.get(seat), rng);
                pull.clock.advance(seat, counter);
                Some(Payload::Pull(pull))
            }
            Payload::Evidence(mut evidence) => {
                let Contradiction::Headers { one, other } = &mut evidence.contradiction else {
                    return None;
                };
                match rng.random_range(0..4) {
                    0 => self.bend(&mut other.header, me, rng),
                    1 => *other = one.clone(),
                    2 => evidence.culprit = actors[rng.random_range(0..self.members)],
                    _ => {
                        let digest = other.header.digest(&self.network);
                        other.sig = self.sign(me, digest)?;
                    }
                }
                Some(Payload::Evidence(evidence))
            }
            Payload::Compare(mut compare) => {
                let header = compare.headers.last_mut()?;
                match rng.random_range(0..3) {
                    0 => header.0 = Seat::new(rng.random_range(0..self.members as u16 + 1)),
                    1 => header.1 = [0, 1, 2, u64::MAX][rng.random_range(0..4)],
                    _ => header.2 = Digest::of(&[rng.random::<u8>()]),
                }
                Some(Payload::Compare(compare))
            }
            Payload::Refusal(mut refusal) => {
                refusal.index = rng.random_range(0..10);
                Some(Payload::Refusal(refusal))
            }
            // Nobody here changes who the members are; `tests/reconfiguration/generations/mod.rs` does.
            other => Some(other),
        }
    }

    fn bend(&self, header: &mut Header, me: usize, rng: &mut impl Rng) {
        match rng.random_range(0..6) {
            0 => header.first = self.counter(header.first, rng),
            1 => header.len = rng.random_range(0..6),
            2 => {
                let other = self.recent(rng);
                header.previous = other.map_or(*self.network.digest(), |known| known.digest);
            }
            3 => {
                let seat = Seat::new(rng.random_range(0..self.members as u16 + 1));
                let counter = self.counter(Counter::FIRST, rng);
                header.causes.push((seat, counter));
                if rng.random_bool(0.8) {
                    header.causes.sort_unstable();
                }
            }
            4 => drop(header.causes.pop()),
            _ => header.source = Seat::new(me as u16),
        }
    }

    fn counter(&self, near: Counter, rng: &mut impl Rng) -> Counter {
        let any = [0, 1, 2, 3, 1 << 40, u64::MAX - 1, u64::MAX];
        match rng.random_range(0..4) {
            0 => Counter::new(near.get().saturating_sub(1)),
            1 | 2 => Counter::new(near.get().saturating_add(1)),
            _ => Counter::new(any[rng.random_range(0..any.len())]),
        }
    }
}
