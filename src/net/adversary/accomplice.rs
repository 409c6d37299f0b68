//! What every adversary without a mask does for others: it echoes unread.

use std::collections::BTreeMap;

use super::AdversaryContext;
use crate::actor::{Counter, Keys};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::Payload;
use crate::deterministic_secure_broadcast::packet::{Echo, Proof, Request};
use crate::membership::Seat;
use crate::net::sim_algorithm::SimAlgorithm;

/// Echoes without reading: one header a slot for correct sources, so as not to give itself away, and anything for a
/// fellow adversary. It also remembers how far everybody has got.
#[derive(Debug, Default)]
pub(super) struct Accomplice {
    echoed: BTreeMap<Seat, (Counter, Digest)>,
    certified: BTreeMap<Seat, (Counter, Digest)>,
}

impl Accomplice {
    pub(super) fn packet<A: SimAlgorithm, K: Keys>(
        &mut self,
        payload: &Payload,
        context: &mut AdversaryContext<'_, A, K>,
    ) {
        match payload {
            Payload::Request(request) => self.request(request, context),
            Payload::Proof(proof) => self.proof(proof, context),
            _ => {}
        }
    }

    fn request<A: SimAlgorithm, K: Keys>(
        &mut self,
        request: &Request,
        context: &mut AdversaryContext<'_, A, K>,
    ) {
        let Some(source) = context.members().in_seat(request.header.source).copied() else {
            return;
        };
        if source == context.me() || context.seat().is_none() {
            return;
        }
        let (seat, first) = (request.header.source, request.header.first);
        let digest = request.header.digest(&context.network());
        let bound = self
            .echoed
            .get(&seat)
            .is_some_and(|(slot, echoed)| *slot == first && *echoed != digest);
        if bound && !context.is_friend(&source) {
            return;
        }
        self.echoed.insert(seat, (first, digest));
        let sig = context.echo(request.generation, digest);
        let echo = Echo {
            generation: request.generation,
            first,
            header: digest,
            sig,
        };
        context.send(source, &Payload::Echo(echo));
    }

    fn proof<A: SimAlgorithm, K: Keys>(
        &mut self,
        proof: &Proof,
        context: &AdversaryContext<'_, A, K>,
    ) {
        let header = &proof.certificate.header;
        let Some(last) = header.last() else { return };
        let known = self
            .certified
            .entry(header.source)
            .or_insert((Counter::ZERO, *context.network().digest()));
        if last > known.0 {
            *known = (last, header.digest(&context.network()));
        }
    }

    /// How far a source has got, and the digest of its last header, as far as proofs were seen here.
    pub(super) fn tip<A: SimAlgorithm, K: Keys>(
        &self,
        seat: Seat,
        context: &AdversaryContext<'_, A, K>,
    ) -> (Counter, Digest) {
        self.certified
            .get(&seat)
            .copied()
            .unwrap_or((Counter::ZERO, *context.network().digest()))
    }
}
