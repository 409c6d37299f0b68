//! R2: proving old certificates by the headers after them.
//!
//! A replica that lags behind a reconfiguration is shown certificates of generations that are over. Each header names
//! the one before it, so the certificate it took over at the reconfiguration proves all before it, down to what is
//! delivered here: no quorum of the past can slip in another message.

use crate::actor::{Actor, Counter, Keys};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::{Effects, To};
use crate::deterministic_secure_broadcast::error::Rejection;
use crate::deterministic_secure_broadcast::header::Header;
use crate::deterministic_secure_broadcast::packet::Payload;
use crate::deterministic_secure_broadcast::quota::Charge;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::wire::{Headers, MAX_HEADERS, PullHeaders};
use crate::traits::SecureBroadcastAlgorithm;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// What asks a peer for the headers that are missing, of every source.
    pub(crate) fn lacking_headers(&self) -> Vec<Payload> {
        let lacking = self.slots.iter().filter_map(|(source, slot)| {
            let delivered = self.ledger.delivered(source);
            let below = slot.ancestry.lacks(delivered)?;
            Some(Payload::PullHeaders(PullHeaders {
                source,
                below,
                delivered,
            }))
        });
        lacking.collect()
    }

    pub(crate) fn decide_pull_headers(
        &self,
        from: Actor,
        pull: &PullHeaders,
    ) -> Result<(Charge, Vec<Payload>), Rejection> {
        self.check_served(from)?;
        let mut headers = Vec::new();
        let mut bytes = 0_usize;
        let mut message = self.ledger.message_index(pull.source, pull.below);
        while headers.len() < MAX_HEADERS {
            let Some(before) = message.checked_sub(1) else {
                break;
            };
            message = before;
            let index = self.ledger.log_index(pull.source, message);
            let Some(logged) = index.and_then(|index| self.ledger.log().get(index)) else {
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
        let mut charge = self.charge_nothing(&from);
        match charge.add(bytes) {
            true => Ok((charge, vec![Payload::Headers(Headers { headers })])),
            false => Err(Rejection::OverBudget),
        }
    }

    /// The headers among these that are proven by those after them, with their digests.
    pub(crate) fn decide_headers(
        &self,
        from: Actor,
        headers: &Headers,
    ) -> Result<Vec<(Digest, Header)>, Rejection> {
        let members = self.chain.members();
        if members.seat_of(&from).is_none() {
            return Err(Rejection::NotMember(from));
        }
        let first = headers.headers.first().ok_or(Rejection::NotRequested)?;
        let seat = first.source;
        let mut lowest = self.slot(seat)?.ancestry.lowest();
        let mut proven = Vec::new();
        for header in &headers.headers {
            header.check(members.seats())?;
            let Some((first, previous)) = lowest else {
                break;
            };
            let digest = header.digest(self.signer.network());
            let before = header.last().and_then(Counter::next) == Some(first);
            let follows = header.source == seat && digest == previous && before;
            if !follows || header.first <= self.ledger.delivered(seat) {
                break;
            }
            lowest = Some((header.first, header.previous));
            proven.push((digest, header.clone()));
        }
        match proven.is_empty() {
            true => Err(Rejection::NotRequested),
            false => Ok(proven),
        }
    }

    /// Keeps headers that are proven, and asks for more, or for the messages.
    pub(crate) fn apply_headers(
        &mut self,
        from: Actor,
        proven: Vec<(Digest, Header)>,
        effects: &mut Effects<A>,
    ) {
        for (digest, header) in proven {
            if let Some(slot) = self.slots.get_mut(header.source) {
                slot.ancestry.prove(digest, &header);
            }
        }
        let mut pulls = self.lacking_headers();
        if pulls.is_empty() {
            pulls.push(Payload::Pull(self.pull()));
        }
        for pull in pulls {
            effects.send(To::One(from), pull);
        }
    }
}
