//! R2: proving old certificates by the headers after them.
//!
//! A replica that lags behind a hand-over is shown certificates of generations that are over. Each header names the one
//! before it, so the certificate it took over at the hand-over proves all before it, down to what is delivered here:
//! no quorum of the past can slip in another message.

use crate::actor::{Actor, Counter, Keys};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::{Effects, To};
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::packet::{Payload, Pull};
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::wire::{Headers, MAX_HEADERS, PullHeaders};
use crate::traits::SecureBroadcastAlgorithm;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// Asks for the headers that are missing of every source.
    pub(in crate::deterministic_secure_broadcast) fn pull_headers(
        &self,
        from: Actor,
        effects: &mut Effects<A>,
    ) -> bool {
        let mut any = false;
        for (seat, track) in self.slots.iter() {
            let delivered = self.ledger.delivered(seat);
            if let Some(below) = track.ancestry.lacks(delivered) {
                let source = seat;
                let pull = PullHeaders {
                    source,
                    below,
                    delivered,
                };
                effects.send(To::One(from), Payload::PullHeaders(pull));
                any = true;
            }
        }
        any
    }

    pub(in crate::deterministic_secure_broadcast) fn on_pull_headers(
        &mut self,
        from: Actor,
        pull: &PullHeaders,
    ) -> Result<Effects<A>, Rejection> {
        self.check_served(from)?;
        let mut headers = Vec::new();
        let mut bytes = 0_usize;
        let mut message = self.ledger.message_index(pull.source, pull.below);
        while headers.len() < MAX_HEADERS {
            let Some(before) = message.checked_sub(1) else {
                break;
            };
            message = before;
            let place = self.ledger.log_index(pull.source, message);
            let Some(logged) = place.and_then(|place| self.ledger.log().get(place)) else {
                break;
            };
            if logged.last <= pull.delivered {
                break;
            }
            let header = logged.certificate.header.clone();
            bytes = bytes.saturating_add(header.weight());
            headers.push(header);
        }
        if headers.is_empty() {
            return Err(Rejection::NotRequested);
        }
        self.spend(from, bytes)?;
        let mut effects = Effects::none();
        effects.send(To::One(from), Payload::Headers(Headers { headers }));
        Ok(effects)
    }

    pub(in crate::deterministic_secure_broadcast) fn on_headers(
        &mut self,
        from: Actor,
        headers: &Headers,
    ) -> Result<Effects<A>, Rejection> {
        if self.chain.members().seat_of(&from).is_none() {
            return Err(Rejection::NotMember(from));
        }
        let seat = headers
            .headers
            .first()
            .ok_or(Rejection::NotRequested)?
            .source;
        let (network, seats) = (*self.signer.network(), self.chain.members().seats());
        let track = self.slots.get_mut(seat);
        let track = track.ok_or(Rejection::Malformed(Malformed::UnknownSeat(seat)))?;
        let mut taken = false;
        for header in &headers.headers {
            header.check(seats)?;
            let Some((first, previous)) = track.ancestry.lowest() else {
                break;
            };
            let digest = header.digest(&network);
            let before = header.last().and_then(Counter::next) == Some(first);
            if header.source != seat || digest != previous || !before {
                break;
            }
            if header.first <= self.ledger.delivered(seat) {
                break;
            }
            track.ancestry.prove(digest, header);
            taken = true;
        }
        if !taken {
            return Err(Rejection::NotRequested);
        }
        let mut effects = Effects::none();
        if !self.pull_headers(from, &mut effects) {
            let (generation, clock) = (self.generation(), self.ledger.clock().clone());
            effects.send(To::One(from), Payload::Pull(Pull { generation, clock }));
        }
        Ok(effects)
    }
}
