//! An inquest over everything that correct replicas have ever signed and sent, in any life. It hears all of it, which no
//! replica does: what it finds nothing against, nobody can convict.

use std::collections::BTreeMap;

use bft_crdts::deterministic_secure_broadcast::evidence::{Evidence, Invention};
use bft_crdts::deterministic_secure_broadcast::wire::{Phase, Proposal, Seal, Timeout, Vote};
use bft_crdts::deterministic_secure_broadcast::{Generations, Malformed};
use bft_crdts::{Actor, Counter, Digest, Generation, Keys, NetworkId, Payload, Rejection};

/// What was signed, by who signed it.
#[derive(Default)]
pub(crate) struct Inquest {
    /// The header of each slot: signer, source, counter.
    echoes: BTreeMap<(usize, usize, Counter), Digest>,
    votes: BTreeMap<(usize, Generation, u32, Phase), Digest>,
    /// The attempt given up, and the attempt of the highest quorum of first votes shown.
    timeouts: BTreeMap<(usize, Generation, u32), Option<u32>>,
    proposals: BTreeMap<(usize, Generation, u32), Digest>,
    seals: BTreeMap<(usize, Generation), Seal>,
}

impl Inquest {
    /// `at` says this to these.
    pub(crate) fn hear<K: Keys>(
        &mut self,
        (at, me): (usize, &Actor),
        receivers: &[usize],
        payload: &Payload,
        generations: &Generations<K>,
        seat_of: impl Fn(usize) -> Option<bft_crdts::Seat>,
    ) {
        let network = *generations.network();
        match payload {
            Payload::Echo(echo) => {
                let slot = (receivers[0], echo.first);
                self.echo(at, slot, echo.header, echo.generation, &network, seat_of);
            }
            Payload::Request(request) => {
                let (slot, digest) = ((at, request.header.first), request.header.digest(&network));
                self.echo(at, slot, digest, request.generation, &network, seat_of);
            }
            Payload::Vote(vote) => self.vote(at, vote),
            Payload::Timeout(timeout) => self.timeout(at, timeout),
            Payload::Propose(proposal) => self.proposal((at, me), proposal, generations),
            Payload::Seal(seal) => self.seal((at, me), seal, generations),
            _ => {}
        }
    }

    fn echo(
        &mut self,
        at: usize,
        (source, first): (usize, Counter),
        digest: Digest,
        generation: Generation,
        network: &NetworkId,
        seat_of: impl Fn(usize) -> Option<bft_crdts::Seat>,
    ) {
        // What is signed in a generation that one has sealed is shown in the seal, or it convicts.
        if let Some(seal) = self.seals.get(&(at, generation)) {
            let shown = seat_of(source).and_then(|seat| seal.of(seat));
            let open = shown.is_some_and(|shown| {
                let mut open = shown.open.iter();
                open.any(|open| open.header.digest(network) == digest)
            });
            let past = shown
                .and_then(|shown| shown.best.as_ref())
                .is_some_and(|best| best.header.last() >= Some(first));
            assert!(open || past, "{at} echoes in {generation} after its seal");
        }
        let signed = self.echoes.entry((at, source, first)).or_insert(digest);
        assert_eq!(
            *signed, digest,
            "{at} signs twice in slot {first} of {source}"
        );
    }

    fn vote(&mut self, at: usize, vote: &Vote) {
        let (generation, attempt) = (vote.generation, vote.attempt);
        let place = (at, generation, attempt, vote.phase);
        let known = self.votes.entry(place).or_insert(vote.decision);
        assert_eq!(*known, vote.decision, "{at} votes twice in {place:?}");
        if vote.phase == Phase::Second {
            let given_up = self.timeouts.range((at, generation, attempt)..);
            let given_up = given_up.take_while(|((by, of, _), _)| (*by, *of) == (at, generation));
            for (timeout, shown) in given_up {
                assert!(
                    *shown >= Some(attempt),
                    "{at} has denied {place:?}: {timeout:?}"
                );
            }
        }
    }

    fn timeout(&mut self, at: usize, timeout: &Timeout) {
        let (generation, attempt) = (timeout.generation, timeout.attempt);
        let shown = timeout.highest.as_ref().map(|lock| lock.attempt);
        let place = (at, generation, attempt);
        let known = self.timeouts.entry(place).or_insert(shown);
        assert_eq!(*known, shown, "{at} gives {place:?} up twice");
        for voted in 0..=attempt {
            let voted_in = self
                .votes
                .contains_key(&(at, generation, voted, Phase::Second));
            assert!(
                !voted_in || shown >= Some(voted),
                "{at} denies its vote in {voted}: {place:?}"
            );
        }
    }

    fn proposal<K: Keys>(
        &mut self,
        (at, me): (usize, &Actor),
        proposal: &Proposal,
        generations: &Generations<K>,
    ) {
        let (generation, attempt) = (proposal.generation, proposal.attempt);
        let members = generations
            .members_of(generation)
            .expect("its own")
            .actors();
        let turn = (generation.get() + u64::from(attempt)) % members.len() as u64;
        if members[turn as usize] == *me {
            let digest = proposal.decision.digest(generations.network());
            let place = (at, generation, attempt);
            let known = self.proposals.entry(place).or_insert(digest);
            assert_eq!(*known, digest, "{at} makes two proposals in {place:?}");
        }
    }

    fn seal<K: Keys>(
        &mut self,
        (at, me): (usize, &Actor),
        seal: &Seal,
        generations: &Generations<K>,
    ) {
        let members = generations.members_of(seal.generation);
        let signer = members.and_then(|members| members.actor(seal.signer));
        if signer != Some(me) {
            return;
        }
        let place = (at, seal.generation);
        if let Some(known) = self.seals.get(&place) {
            assert_eq!(known, seal, "{at} seals twice");
            return;
        }
        self.seals.insert(place, seal.clone());
        for sealed in &seal.sources {
            let best = sealed.best.iter().map(|_| Invention::Certificate);
            let open = (0..).map(Invention::Open).take(sealed.open.len());
            for what in best.chain(open) {
                let evidence = Evidence::invented(*me, seal, sealed.source, what);
                let why = evidence.verify(generations);
                let genuine = Err(Rejection::Malformed(Malformed::NoContradiction));
                assert_eq!(why, genuine, "{at} seals what was never signed");
            }
        }
    }
}
