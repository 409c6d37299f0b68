//! What every villain without a mask does for others: it echoes unread.

use std::collections::BTreeMap;

use super::Hands;
use crate::actor::{Counter, Keys};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::Payload;
use crate::deterministic_secure_broadcast::packet::{Echo, Proof, Request};
use crate::membership::Seat;
use crate::net::stage::Staged;

/// Echoes without reading: one header a slot for correct sources, so as not to give itself away, and anything for a
/// fellow villain. It also remembers how far everybody has got.
#[derive(Debug, Default)]
pub(super) struct Accomplice {
    echoed: BTreeMap<Seat, (Counter, Digest)>,
    certified: BTreeMap<Seat, (Counter, Digest)>,
}

impl Accomplice {
    pub(super) fn packet<A: Staged, K: Keys>(
        &mut self,
        payload: &Payload,
        hands: &mut Hands<'_, A, K>,
    ) {
        match payload {
            Payload::Request(request) => self.request(request, hands),
            Payload::Proof(proof) => self.proof(proof, hands),
            _ => {}
        }
    }

    fn request<A: Staged, K: Keys>(&mut self, request: &Request, hands: &mut Hands<'_, A, K>) {
        let Some(source) = hands.members().in_seat(request.header.source).copied() else {
            return;
        };
        if source == hands.me() || hands.seat().is_none() {
            return;
        }
        let (seat, first) = (request.header.source, request.header.first);
        let digest = request.header.digest(&hands.network());
        let bound = self
            .echoed
            .get(&seat)
            .is_some_and(|(slot, echoed)| *slot == first && *echoed != digest);
        if bound && !hands.is_friend(&source) {
            return;
        }
        self.echoed.insert(seat, (first, digest));
        let sig = hands.echo(request.generation, digest);
        let echo = Echo {
            generation: request.generation,
            first,
            header: digest,
            sig,
        };
        hands.send(source, &Payload::Echo(echo));
    }

    fn proof<A: Staged, K: Keys>(&mut self, proof: &Proof, hands: &Hands<'_, A, K>) {
        let header = &proof.certificate.header;
        let Some(last) = header.last() else { return };
        let known = self
            .certified
            .entry(header.source)
            .or_insert((Counter::ZERO, *hands.network().digest()));
        if last > known.0 {
            *known = (last, header.digest(&hands.network()));
        }
    }

    /// How far a source has got, and the digest of its last header, as far as proofs were seen here.
    pub(super) fn tip<A: Staged, K: Keys>(
        &self,
        seat: Seat,
        hands: &Hands<'_, A, K>,
    ) -> (Counter, Digest) {
        self.certified
            .get(&seat)
            .copied()
            .unwrap_or((Counter::ZERO, *hands.network().digest()))
    }
}
