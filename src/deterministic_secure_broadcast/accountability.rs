//! Accountability: G12. Replicas that were told different messages for one slot find that slot, so that the two certificates for it
//! meet, and name everybody who signed both.
//!
//! Up to the slot in which they part two chains of one source are the same, from there on every header differs, because
//! each names the one before it. So whoever finds a header that is not its own tells the other some of its own headers
//! before it, and the other answers in the same way, until one of them has found the first. Nothing is remembered
//! between two packets.

use std::collections::{BTreeMap, BTreeSet};

use super::SecureBroadcast;
use super::effect::{Effects, To};
use super::error::Rejection;
use super::packet::{Compare, MAX_COMPARED, Payload, Proof};
use super::quota::Charge;
use super::rules::Rules;
use crate::actor::{Actor, Keys};
use crate::codec::Digest;
use crate::membership::Seat;
use crate::traits::SecureBroadcastAlgorithm;

/// How many headers of one source are told at a time, at most: the search is that many times shorter for each answer.
const MOST_HEADERS: usize = 16;

/// The same, at least, when many sources are searched at once. What does not fit has to wait.
const LEAST_HEADERS: usize = 4;

/// What another replica's headers of one source say, beside ours.
#[derive(Default)]
struct Comparison {
    /// Up to this place we have the same.
    same: Option<usize>,
    /// From this place on, at the latest, we have not.
    differs: Option<usize>,
    /// It has some that we have not.
    beyond: bool,
}

/// Whether a peer is told headers of ours.
pub(super) enum Compared {
    /// It is, by this packet.
    Tell(Payload),
    /// Enough is known about which members are faulty.
    Enough,
    /// There are none.
    Nothing,
    /// The peer has had its share.
    OverBudget,
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// The digest that summarizes our state, and the header each source stands at. Equal for correct
    /// replicas with equal clocks, as long as no more than `f` members lie.
    pub(super) fn state_summary(&self) -> Digest {
        let state = self.state_digest();
        let tips = self.ledger.sources().map(|(_, source)| source.tip());
        let tips: Vec<Digest> = tips.collect();
        let parts: Vec<&[u8]> = std::iter::once(state.as_bytes().as_slice())
            .chain(tips.iter().map(|tip| tip.as_bytes().as_slice()))
            .collect();
        Digest::of_parts("bft-crdts/standing/1", &parts)
    }

    /// Sources that have gone on from another header than the one we have delivered.
    pub(super) fn forked(&self) -> Vec<Seat> {
        let forked = self.slots.iter().filter(|(_, slot)| {
            slot.ahead.values().next().is_some_and(|next| {
                let header = &next.certificate.header;
                self.ledger.is_next(header) && !self.ledger.is_linked(header)
            })
        });
        forked.map(|(seat, _)| seat).collect()
    }

    /// What tells a peer the last header of these sources.
    pub(super) fn compare_tips(
        &self,
        seats: impl IntoIterator<Item = Seat>,
        charge: &mut Charge,
    ) -> Compared {
        if self.convictions.are_enough(self.chain.members().len()) {
            return Compared::Enough;
        }
        let tips = seats
            .into_iter()
            .filter_map(|seat| self.tip(seat))
            .take(MAX_COMPARED)
            .collect();
        self.compare(tips, charge)
    }

    /// Tells a peer the last header of these sources; whether it does.
    pub(super) fn send_tips(
        &mut self,
        peer: Actor,
        seats: impl IntoIterator<Item = Seat>,
        effects: &mut Effects<A>,
    ) -> bool {
        let mut charge = self.charge_nothing(&peer);
        let Compared::Tell(payload) = self.compare_tips(seats, &mut charge) else {
            return false;
        };
        self.quota.spend(charge);
        effects.send(To::One(peer), payload);
        true
    }

    fn tip(&self, seat: Seat) -> Option<(Seat, u64, Digest)> {
        let last = self.ledger.source(seat)?.messages().checked_sub(1)?;
        self.header_at(seat, last)
    }

    fn header_at(&self, seat: Seat, message: usize) -> Option<(Seat, u64, Digest)> {
        let source = self.ledger.source(seat)?;
        let digest = match self.ledger.log_index(seat, message) {
            Some(place) => self.ledger.log().get(place)?.digest,
            // Of what is forgotten, the last header is still known.
            None if message.checked_add(1) == Some(source.messages()) => source.tip(),
            None => return None,
        };
        Some((seat, u64::try_from(message).ok()?, digest))
    }

    fn compare(&self, headers: Vec<(Seat, u64, Digest)>, charge: &mut Charge) -> Compared {
        if headers.is_empty() {
            return Compared::Nothing;
        }
        let generation = self.generation();
        let compare = Compare {
            generation,
            headers,
        };
        if !charge.add(compare.weight()) {
            return Compared::OverBudget;
        }
        Compared::Tell(Payload::Compare(compare))
    }

    /// What headers of a peer are answered by: some of ours, and the proofs of the first that are not the same.
    pub(super) fn decide_compare(
        &self,
        from: Actor,
        compare: &Compare,
    ) -> Result<(Charge, Vec<Payload>), Rejection> {
        self.check_member(from)?;
        self.check_generation(compare.generation)?;
        compare.check(self.chain.members().seats())?;
        let mut sources: BTreeMap<Seat, Comparison> = BTreeMap::new();
        for (seat, message, theirs) in &compare.headers {
            let found = sources.entry(*seat).or_default();
            let Ok(message) = usize::try_from(*message) else {
                found.beyond = true;
                continue;
            };
            match self.header_at(*seat, message) {
                // A quorum has attested what came of it: whoever has something else there is not of ours.
                None if self
                    .ledger
                    .source(*seat)
                    .is_some_and(|source| message < source.pruned()) => {}
                None => found.beyond = true,
                Some((.., ours)) if ours != *theirs => {
                    found.differs.get_or_insert(message);
                }
                Some(_) if found.differs.is_none() => found.same = Some(message),
                // After one that differs: it lies, or one of us has broken rules.
                Some(_) => {}
            }
        }
        let differing = sources.values().filter(|found| found.differs.is_some());
        let share = MAX_COMPARED.checked_div(differing.count()).unwrap_or(0);
        let share = share.clamp(LEAST_HEADERS, MOST_HEADERS);
        let (mut headers, mut proofs) = (Vec::new(), Vec::new());
        for (seat, found) in sources {
            let first = found.same.map_or(0, |same| same.saturating_add(1));
            match found.differs {
                Some(differs) if differs <= first => proofs.push((seat, differs)),
                Some(differs) => {
                    let places = between(found.same, differs, share).into_iter();
                    headers.extend(places.filter_map(|at| self.header_at(seat, at)));
                }
                // Its last header lies beyond what we have: it may know ours.
                None if found.beyond && found.same.is_none() => headers.extend(self.tip(seat)),
                None => {}
            }
        }
        headers.truncate(MAX_COMPARED);
        let mut charge = self.charge_nothing(&from);
        let mut answers = Vec::new();
        let mut over = false;
        for (seat, message) in proofs {
            let index = self.ledger.log_index(seat, message);
            let logged = index.and_then(|index| self.ledger.log().get(index));
            let Some(certificate) = logged.map(|logged| logged.certificate.clone()) else {
                continue;
            };
            over = !charge.add(certificate.weight());
            if over {
                break;
            }
            let ops = None;
            answers.push(Payload::Proof(Proof { certificate, ops }));
        }
        if !over {
            match self.compare(headers, &mut charge) {
                Compared::Tell(payload) => answers.push(payload),
                Compared::OverBudget => over = true,
                Compared::Enough | Compared::Nothing => {}
            }
        }
        if over && answers.is_empty() {
            return Err(Rejection::OverBudget);
        }
        Ok((charge, answers))
    }
}

/// At most `count` places from the last that is the same to the first that is known to differ, at about equal
/// distances, both ends included.
fn between(same: Option<usize>, differs: usize, count: usize) -> BTreeSet<usize> {
    let first = same.map_or(0, |same| same.saturating_add(1));
    let (parts, distance) = (count.saturating_sub(1), differs.saturating_sub(first));
    let inner = (1..parts).filter_map(|part| {
        let offset = distance.checked_mul(part)?.checked_div(parts)?;
        first.checked_add(offset)
    });
    same.into_iter().chain(inner).chain([differs]).collect()
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn every_search_ends_at_the_first_difference() {
        for count in [4, 5, 16] {
            for end in 0..300 {
                for wanted in 0..=end {
                    let (mut same, mut differs, mut rounds) = (None, end, 0);
                    while same.map_or(0, |same| same + 1) < differs {
                        let places = between(same, differs, count);
                        assert!(places.len() <= count);
                        same = places.iter().copied().filter(|at| *at < wanted).max();
                        differs = places.into_iter().find(|at| *at >= wanted).unwrap();
                        rounds += 1;
                    }
                    assert_eq!(differs, wanted);
                    assert!(
                        rounds <= 12,
                        "{rounds} rounds for {wanted} of {end} by {count}"
                    );
                }
            }
        }
    }
}
