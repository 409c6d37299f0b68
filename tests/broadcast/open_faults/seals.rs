//! A change of members works, and costs little, however many sources there ever were.

use std::collections::{BTreeMap, BTreeSet};

use allocation_counter::measure;
use bft_crdts::codec::{Bytes, Digest, encode, encode_sequence};
use bft_crdts::deterministic_secure_broadcast::evidence::SignedHeader;
use bft_crdts::deterministic_secure_broadcast::packet::Proof;
use bft_crdts::deterministic_secure_broadcast::wire::statement::SecondVoteStatement;
use bft_crdts::deterministic_secure_broadcast::wire::{Chain, NextKeys, Seal, SealedSource};
use bft_crdts::deterministic_secure_broadcast::{Decision, EchoStatement, Header, Link};
use bft_crdts::membership::Signers;
use bft_crdts::membership::quorum::{faults, quorum};
use bft_crdts::orswot::{Entries, Op, Orswot};
use bft_crdts::{
    Actor, Certificate, Change, Config, Counter, Dot, Effect, Generation, Genesis, MemberIndex,
    Packet, Payload, Record, Seat, SecureBroadcast, Sig, SigningActor,
};

use crate::world::Toy;

fn key(number: usize) -> SigningActor<Toy> {
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&(number as u64).to_le_bytes());
    SigningActor::from_secret(seed)
}

fn seat(number: usize) -> Seat {
    Seat::new(u16::try_from(number).expect("a seat"))
}

/// One replica, and the keys of all others, which sign whatever the test wants.
struct Alone {
    genesis: Genesis<Orswot<u64>>,
    keys: BTreeMap<Actor, SigningActor<Toy>>,
    me: SecureBroadcast<Orswot<u64>, Toy>,
    /// The members of the newest generation that is decided.
    members: Vec<Actor>,
    tip: Digest,
    generation: u64,
    /// The sizes of our seals as packets.
    seals: Vec<usize>,
}

impl Alone {
    /// `n` members who stay, after `seats - n` others have come and gone.
    fn new(n: usize, seats: usize) -> Self {
        let mut core: Vec<_> = (0..n).map(key).collect();
        core.sort_by_key(SigningActor::actor);
        let members: Vec<Actor> = core.iter().map(SigningActor::actor).collect();
        let genesis = Genesis::new("seals", "toy/1", members.clone(), Entries::default());
        let genesis = genesis.expect("a genesis");
        let me = SecureBroadcast::open(core[0].clone(), genesis.clone(), [], Config::default());
        let me = me.expect("a sound key");
        let keys = core.into_iter().chain((n..seats).map(key));
        let mut alone = Self {
            tip: *genesis.network().digest(),
            keys: keys.map(|key| (key.actor(), key)).collect(),
            genesis,
            me,
            members,
            generation: 0,
            seals: Vec::new(),
        };
        let mut links = Vec::new();
        for number in n..seats {
            let actor = key(number).actor();
            links.push(alone.decide(Change::Join(actor)));
            links.push(alone.decide(Change::Expel(actor)));
        }
        for some in links.chunks(16) {
            let links = some.to_vec();
            alone.give(alone.peer(), Payload::Chain(Chain { links }));
        }
        if let Some(before) = alone.generation.checked_sub(1) {
            alone.seal_all(before, &Vec::new);
        }
        assert_eq!(alone.me.generation(), Generation::new(alone.generation));
        alone.seals.clear();
        alone
    }

    fn peer(&self) -> Actor {
        let me = self.me.actor();
        *self
            .members
            .iter()
            .find(|member| **member != me)
            .expect("another")
    }

    fn members_of(&self, generation: u64) -> Vec<Actor> {
        let members = self.me.members_of(Generation::new(generation));
        members.expect("a known generation").actors().to_vec()
    }

    fn give(&mut self, from: Actor, payload: Payload) {
        let effects = self.me.handle(Packet { from, payload });
        for effect in effects.unwrap_or_else(|why| panic!("refused: {why}")) {
            if let Effect::Persist(Record::Seal(seal)) = effect {
                let members = self.me.members_of(seal.generation).expect("known");
                if members.actor(seal.signer) == Some(&self.me.actor()) {
                    self.seals.push(encode(&Payload::Seal(seal)).len());
                }
            }
        }
    }

    /// A decision by as many members as it takes.
    fn decide(&mut self, change: Change) -> Link {
        let (network, members) = (self.genesis.network(), &mut self.members);
        let keys = NextKeys {
            members: Signers::none(members.len()),
            keys: Vec::new(),
        };
        let decision = Decision {
            generation: Generation::new(self.generation + 1),
            link: self.tip,
            change,
            keys: keys.digest(),
        };
        let digest = decision.digest(&network);
        let statement = SecondVoteStatement {
            generation: Generation::new(self.generation),
            attempt: 0,
            decision: digest,
        };
        let mut signers = Signers::none(members.len());
        let mut signatures = Vec::new();
        for (index, actor) in (0..).zip(members.iter()).take(quorum(members.len())) {
            signers.insert(MemberIndex::new(index));
            signatures.push(self.keys[actor].sign(&network, &statement));
        }
        match change {
            Change::Join(actor) => {
                members.push(actor);
                members.sort();
            }
            Change::Leave(actor) | Change::Expel(actor) => {
                members.retain(|member| *member != actor)
            }
        }
        self.tip = digest;
        self.generation += 1;
        Link {
            decision,
            keys,
            attempt: 0,
            signers,
            signatures,
        }
    }

    fn seal(&self, generation: u64, by: Actor, sources: Vec<SealedSource>) -> Payload {
        let members = self.members_of(generation);
        let index = members.binary_search(&by).expect("a member");
        let generation = Generation::new(generation);
        let mut seal = Seal {
            generation,
            signer: MemberIndex::new(u16::try_from(index).expect("an index")),
            sources,
            sig: Sig::from_bytes([0; 64]),
        };
        let link = *self.me.generations().tip_of(generation).expect("decided");
        seal.sig = self.keys[&by].sign(&self.genesis.network(), &seal.statement(link));
        Payload::Seal(Box::new(seal))
    }

    /// All others seal a generation in this way, until we are in the next one.
    fn seal_all(&mut self, generation: u64, sources: &dyn Fn() -> Vec<SealedSource>) {
        for by in self.members_of(generation) {
            if by != self.me.actor() && self.me.generation() <= Generation::new(generation) {
                let seal = self.seal(generation, by, sources());
                self.give(by, seal);
            }
        }
    }

    /// Each of `seats` sources but us has issued a message; `wide` if each names all sources before it.
    fn issue(&mut self, seats: usize, wide: bool) {
        let (network, generation) = (self.genesis.network(), self.me.generation());
        let now = self.members_of(self.generation);
        let own = self.me.members().seat_of(&self.me.actor()).expect("a seat");
        for source in (0..seats).map(seat).filter(|source| *source != own) {
            let members = BTreeSet::from([source.get() as u64]);
            let ops = encode_sequence(&[Op::Add { members }]);
            let before = (0..source.get())
                .map(seat)
                .filter(|before| wide && *before != own);
            let header = Header {
                source,
                first: Counter::FIRST,
                len: 1,
                previous: *network.digest(),
                causes: before.map(|before| (before, Counter::FIRST)).collect(),
                ops: Digest::of(&ops),
            };
            let statement = EchoStatement {
                generation,
                header: header.digest(&network),
            };
            let mut signers = Signers::none(now.len());
            let mut signatures = Vec::new();
            for (index, actor) in (0..).zip(&now).skip(1).take(quorum(now.len())) {
                signers.insert(MemberIndex::new(index));
                signatures.push(self.keys[actor].sign(&network, &statement));
            }
            let certificate = Certificate {
                generation,
                header,
                signers,
                signatures,
            };
            let ops = Some(Bytes::from(ops));
            self.give(self.peer(), Payload::Proof(Proof { certificate, ops }));
        }
    }

    /// Somebody new is let in; the size of our seal, if we seal.
    fn change(&mut self, joiner: SigningActor<Toy>) -> Option<usize> {
        let actor = joiner.actor();
        self.keys.insert(actor, joiner);
        let (peer, before) = (self.peer(), self.seals.len());
        let link = self.decide(Change::Join(actor));
        self.give(peer, Payload::Chain(Chain { links: vec![link] }));
        self.seals.get(before).copied()
    }
}

/// Nobody lies. Once there have been 500 sources in a network of 99 members, or 800 in one of 31, what a member has to
/// seal is larger than a packet, and it does not seal and says nothing: no change of members comes about any more.
///
/// Right: seals in parts.
#[test]
#[ignore = "open: GEN7"]
fn gen7_members_seal_however_many_sources_there_were() {
    for (n, seats, wide) in [(99, 500, false), (31, 800, true)] {
        let mut alone = Alone::new(n, seats);
        alone.issue(seats, wide);
        let seal = alone.change(key(900_000));
        assert!(
            seal.is_some(),
            "no seal with {n} members and {seats} sources ever"
        );
    }
}

/// What the Byzantine nodes of a league seal: of each of them a header that nobody else shows and that is as wide as
/// can be.
fn lie(alone: &Alone, league: &[Actor], tag: u64) -> Vec<SealedSource> {
    let (network, generation) = (alone.genesis.network(), alone.me.generation());
    let members = alone.me.generations().newest();
    let seats = alone.me.members().seats();
    let sealed = |adversary: &Actor| {
        let source = members.seat_of(adversary).expect("a seat");
        let best = alone
            .me
            .certificate(&Dot::new(*adversary, Counter::FIRST))
            .expect("delivered");
        let others = (0..seats).map(seat).filter(|other| *other != source);
        let header = Header {
            source,
            first: Counter::new(2),
            len: 1,
            previous: best.header.digest(&network),
            causes: others.map(|other| (other, Counter::new(1 << 60))).collect(),
            ops: Digest::of(&tag.to_le_bytes()),
        };
        let statement = EchoStatement {
            generation,
            header: header.digest(&network),
        };
        let sig = alone.keys[adversary].sign(&network, &statement);
        SealedSource {
            source,
            best: Some(best.clone()),
            open: vec![SignedHeader {
                generation,
                header,
                sig,
            }],
        }
    };
    let mut sources: Vec<SealedSource> = league.iter().map(sealed).collect();
    sources.sort_by_key(|source| source.source);
    sources
}

/// With 300 sources ever, the 10 Byzantine nodes of 31 members seal other wide headers of their own in each generation.
/// The correct members take them over, and after six changes cannot seal any more.
///
/// Right: what Byzantine nodes sealed makes no seal of a correct member too large.
#[test]
#[ignore = "open: GEN7"]
fn gen7_liars_make_no_seal_too_large() {
    let (n, seats) = (31, 300);
    let mut alone = Alone::new(n, seats);
    alone.issue(seats, false);
    let core = alone.members.clone();
    let league = &core[n - faults(n)..];
    for round in 0..8 {
        let generation = alone.generation;
        let seal = alone.change(key(seats + round));
        assert!(
            seal.is_some(),
            "no seal after {round} changes: {:?}",
            alone.seals
        );
        for (place, by) in (0..).zip(league) {
            let sources = lie(&alone, league, (generation << 16) + place);
            let seal = alone.seal(generation, *by, sources);
            alone.give(*by, seal);
        }
        for by in alone.members_of(generation) {
            let done = alone.me.generation() > Generation::new(generation);
            if by != alone.me.actor() && !league.contains(&by) && !done {
                let seal = alone.seal(generation, by, Vec::new());
                alone.give(by, seal);
            }
        }
        assert_eq!(alone.me.generation(), Generation::new(generation + 1));
    }
}

/// Each member sends its whole seal to each other: with 31 members and 700 sources ever more than a gigabyte for one
/// change.
///
/// Right: less than 50 MB in all.
#[test]
#[ignore = "open: GEN7"]
fn gen7_a_change_of_members_costs_less_than_50_megabytes() {
    let (n, seats) = (31, 700);
    let mut alone = Alone::new(n, seats);
    alone.issue(seats, true);
    let seal = alone.change(key(900_000)).expect("a seal");
    let all = seal * n * n / 1_000_000;
    assert!(all < 50, "{all} MB for one change, {seal} B a seal");
}

/// A replica keeps the members of every generation in full, so that its memory grows with the square of the sources ever.
///
/// Right: twice the history, about twice the memory.
#[test]
#[ignore = "open: GEN10"]
fn gen10_memory_grows_with_the_history_and_not_with_its_square() {
    let kept = |seats: usize| {
        let mut alone = None;
        let counted = measure(|| alone = Some(Alone::new(4, seats)));
        drop(alone);
        counted.bytes_current
    };
    let (one, two) = (kept(300), kept(600));
    assert!(
        two < one * 5 / 2,
        "{one} B for 300 sources ever, {two} B for 600"
    );
}
