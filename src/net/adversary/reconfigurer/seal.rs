//! R5, broken: one generation sealed in three ways.

use super::Reconfigurer;
use crate::actor::{Counter, Keys, Sig};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::evidence::SignedHeader;
use crate::deterministic_secure_broadcast::packet::Echo;
use crate::deterministic_secure_broadcast::wire::{PullChain, Seal, SealedSource};
use crate::deterministic_secure_broadcast::{Certificate, Header, Payload};
use crate::membership::{Change, Generation, Seat};
use crate::net::adversary::AdversaryContext;
use crate::net::sim_algorithm::SimAlgorithm;

impl<A: SimAlgorithm, K: Keys> Reconfigurer<A, K> {
    /// Seals its generation as soon as the next one is decided: some get the truth, some a seal without a header that is
    /// open, some one with a header that is invented. Whoever joins gets the truth.
    pub(super) fn seal_thrice(&mut self, context: &mut AdversaryContext<'_, A, K>) -> Option<()> {
        let (members, signer) = self.place(context)?;
        let generation = members.generation();
        let ours = usize::try_from(generation.get()).ok()?;
        let decided = self.delegate.replica(context)?.chain().nth(ours)?.decision;
        let link = self.link(generation, context)?;
        if !self.sealed.insert(generation) {
            return None;
        }
        let truth = Seal {
            generation,
            signer,
            sources: self.sources(context)?,
            sig: Sig::from_bytes([0; 64]),
        };
        let mut receivers = Self::halves(&members, context).concat();
        if let Change::Join(actor) = decided.change {
            receivers.insert(0, actor);
        }
        for (number, receiver) in receivers.into_iter().enumerate() {
            let mut seal = truth.clone();
            match number % 3 {
                0 => {}
                1 => {
                    context.count("reconfigurer: withheld an open header in its seal");
                    seal.sources.retain(|sealed| sealed.best.is_some());
                    seal.sources
                        .iter_mut()
                        .for_each(|sealed| sealed.open.clear());
                }
                _ => {
                    if let Some(seat) = context.seat() {
                        context.count("reconfigurer: invented an open header in its seal");
                        invent(&mut seal, seat, context);
                    }
                }
            }
            seal.sig = context
                .key_in(generation)
                .sign(&context.network(), &seal.statement(link));
            context.send(receiver, &Payload::Seal(Box::new(seal)));
        }
        self.break_seal(generation, context);
        if let Some(to) = Self::halves(&members, context).concat().first() {
            let (active, decided) = (Generation::GENESIS, Generation::GENESIS);
            self.misserve(*to, PullChain { active, decided }, context);
        }
        Some(())
    }

    /// Vouches in the generation it has just sealed for everything it was ever asked about there.
    fn break_seal(&mut self, generation: Generation, context: &mut AdversaryContext<'_, A, K>) {
        let network = context.network();
        for (seat, headers) in &self.echoed {
            let Some(source) = context.members().in_seat(*seat).copied() else {
                continue;
            };
            for signed in headers.iter().filter(|of| of.generation == generation) {
                let header = signed.header.digest(&network);
                let echo = Echo {
                    generation,
                    first: signed.header.first,
                    header,
                    sig: context.echo(generation, header),
                };
                context.count("reconfigurer: echoed in a generation it had sealed");
                context.send(source, &Payload::Echo(echo));
            }
        }
    }

    /// What it is bound to: the highest certificates its replica has delivered, and what it has echoed right after them.
    fn sources(&mut self, context: &AdversaryContext<'_, A, K>) -> Option<Vec<SealedSource>> {
        let network = context.network();
        let echoed = self.echoed.clone();
        let replica = self.delegate.replica(context)?;
        let seats = (0..).map(Seat::new).take(replica.members().seats());
        let sources = seats.map(|source| {
            let of = |(certificate, _): &(&Certificate, _)| certificate.header.source == source;
            let best = replica.log().filter(of).last();
            let best = best.map(|(certificate, _)| certificate.clone());
            let (previous, first) = match &best {
                None => (*network.digest(), Some(Counter::FIRST)),
                Some(best) => (
                    best.header.digest(&network),
                    best.header.last().and_then(Counter::next),
                ),
            };
            let follows = |open: &&SignedHeader| {
                Some(open.header.first) == first && open.header.previous == previous
            };
            let of_it = echoed.get(&source).into_iter().flatten();
            let mut open: Vec<SignedHeader> = of_it.filter(follows).cloned().collect();
            open.sort_by_key(|open| open.header.digest(&network));
            SealedSource { source, best, open }
        });
        let known = |sealed: &SealedSource| sealed.best.is_some() || !sealed.open.is_empty();
        Some(sources.filter(known).collect())
    }
}

/// Adds a header of its own, right after its best one, that nobody ever saw.
fn invent<A: SimAlgorithm, K: Keys>(
    seal: &mut Seal,
    seat: Seat,
    context: &mut AdversaryContext<'_, A, K>,
) {
    let place = seal
        .sources
        .binary_search_by_key(&seat, |sealed| sealed.source);
    let place = place.unwrap_or_else(|place| {
        let sealed = SealedSource {
            source: seat,
            best: None,
            open: Vec::new(),
        };
        seal.sources.insert(place, sealed);
        place
    });
    let Some(sealed) = seal.sources.get_mut(place) else {
        return;
    };
    let network = context.network();
    let last = |best: &Certificate| best.header.last().and_then(Counter::next);
    let header = Header {
        source: seat,
        first: sealed
            .best
            .as_ref()
            .and_then(last)
            .unwrap_or(Counter::FIRST),
        len: 1,
        previous: sealed
            .best
            .as_ref()
            .map_or(*network.digest(), |best| best.header.digest(&network)),
        causes: Vec::new(),
        ops: Digest::of(&context.stream().bytes::<32>()),
    };
    let sig = context.echo(seal.generation, header.digest(&network));
    sealed.open.push(SignedHeader {
        generation: seal.generation,
        header,
        sig,
    });
    sealed.open.sort_by_key(|open| open.header.digest(&network));
}
