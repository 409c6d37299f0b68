//! A3: keys that are good for one generation only. While a generation decides on the next one its members announce the
//! keys that they will have there, the decision names those that its leader knows, and whoever has sealed erases the secret
//! of the generation that it has sealed: whoever steals a secret later can say nothing more about what is over.
//!
//! The name of a member stays. A secret gives the next one, and nothing gives it back ([`Keys::next`]), so nothing has to
//! be agreed on but when; and a replica that comes back with an earlier secret goes on to the one its journal stands at.
//! A member whose announcement is missing keeps its key for one generation more.

use crate::actor::{Actor, Keys, SigningActor, verify};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::{Effects, To};
use crate::deterministic_secure_broadcast::error::{Halt, Rejection, RestoreError};
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::packet::Payload;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::signer::Unsigned;
use crate::deterministic_secure_broadcast::wire::statement::NextKeyStatement;
use crate::deterministic_secure_broadcast::wire::{Announced, NextKey, NextKeys};
use crate::membership::{Change, Generation, Signers};
use crate::traits::SecureBroadcastAlgorithm;

/// For how many ticks a leader waits for announcements that are missing: those of the slow are to get in, those of
/// the silent must not be waited for.
const KEY_TICKS: u32 = 2;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// Announces our next key, once there is anything to decide.
    pub(super) fn announce_key(&mut self, effects: &mut Effects<A>) {
        let Some(index) = self.voter().filter(|_| R::erases_keys()) else {
            return;
        };
        let idle = self.handover.approvals.is_empty() && !self.is_deciding();
        if idle || self.handover.announced.contains_key(&index) {
            return;
        }
        let (generation, key) = (self.generation(), self.signer.identity().next().key());
        let statement = NextKeyStatement { generation, key };
        let unsigned = Unsigned::new(self.signer.network(), &statement, |sig| {
            let next = NextKey {
                generation,
                key,
                sig,
            };
            (Some(Record::Announced(next)), next)
        });
        self.signer.commit([unsigned], effects, |next| {
            let announced = (next.key, next.sig);
            self.handover.announced.insert(index, announced);
            Some((To::Members, Payload::NextKey(next)))
        });
    }

    /// Says it again to those whose turn it is, and to whoever may propose next.
    pub(super) fn repeat_key(&self, peers: &[Actor], effects: &mut Effects<A>) {
        let own = self
            .voter()
            .and_then(|index| self.handover.announced.get(&index));
        let Some((key, sig)) = own.copied() else {
            return;
        };
        let round = &self.handover.round;
        let leader = self
            .leader(round.attempt)
            .filter(|_| round.proposal.is_none());
        let leader = leader
            .and_then(|leader| self.chain.members().actor(leader))
            .copied();
        let leader = leader.filter(|leader| *leader != self.actor() && !peers.contains(leader));
        let generation = self.generation();
        for peer in peers.iter().copied().chain(leader) {
            let next = NextKey {
                generation,
                key,
                sig,
            };
            effects.send(To::One(peer), Payload::NextKey(next));
        }
    }

    pub(in crate::deterministic_secure_broadcast) fn on_next_key(
        &mut self,
        from: Actor,
        next: &NextKey,
    ) -> Result<Effects<A>, Rejection> {
        if let Some(effects) = self.on_other_generation(from, next.generation)? {
            return Ok(effects);
        }
        let index = self.check_member(from)?;
        if self.is_decided() {
            return Err(Rejection::Late);
        }
        if self.handover.announced.contains_key(&index) {
            return Err(Rejection::Duplicate);
        }
        let NextKey {
            generation,
            key,
            sig,
        } = *next;
        K::public(&key).map_err(Rejection::WeakKey)?;
        let statement = NextKeyStatement { generation, key };
        let public = self.chain.members().key(index);
        if !public
            .is_some_and(|public| verify::<K, _>(public, self.signer.network(), &statement, &sig))
        {
            return Err(Rejection::InvalidSignature { signer: Some(from) });
        }
        self.handover.announced.insert(index, (key, sig));
        let mut effects = Effects::none();
        self.lead(&mut effects);
        Ok(effects)
    }

    /// Whether a leader need not wait: everybody who goes on has announced its key, or had the time to.
    pub(super) fn has_keys(&self, change: &Change) -> bool {
        let goes = self.chain.members().index_of(&change.subject());
        let announced = self
            .handover
            .announced
            .keys()
            .filter(|index| Some(**index) != goes);
        let go_on = self
            .chain
            .members()
            .len()
            .saturating_sub(usize::from(goes.is_some()));
        !R::erases_keys() || announced.count() >= go_on || self.handover.round.waited >= KEY_TICKS
    }

    /// What was announced by those who go on after this change.
    pub(super) fn announced(&self, change: &Change) -> Announced {
        let goes = self.chain.members().index_of(&change.subject());
        let mut members = Signers::none(self.chain.members().len());
        let (mut keys, mut signatures) = (Vec::new(), Vec::new());
        for (index, (key, sig)) in &self.handover.announced {
            if Some(*index) != goes {
                members.insert(*index);
                keys.push(*key);
                signatures.push(*sig);
            }
        }
        let keys = NextKeys { members, keys };
        Announced { keys, signatures }
    }

    /// Whether the next generation gives us a key that is not ours: then somebody else has announced it, with our key.
    pub(super) fn has_foreign_key(&self) -> bool {
        let next = self.generation().next().and_then(|next| self.due(next));
        next.is_some_and(|due| {
            !due.gone
                && due.last != self.signer.identity().key()
                && due.last != self.signer.identity().next().key()
        })
    }

    /// After our seal, which is our last word in our generation: its secret is erased, if we need it no more.
    pub(super) fn erase_key(&mut self, effects: &mut Effects<A>) {
        let Some(next) = self.generation().next() else {
            return;
        };
        let Some(due) = self.due(next).filter(|_| R::erases_keys()) else {
            return;
        };
        if due.gone || due.last != self.signer.identity().key() {
            let identity = self.signer.identity().next();
            self.signer.follow(identity);
            effects.key_changed(next);
        }
    }

    /// After an activation: goes on to the key we have in our generation. `base`: the generation whose key we had.
    pub(super) fn follow_key(&mut self, base: Generation, effects: &mut Effects<A>) {
        let ours = self.generation();
        let Some(due) = self.due(ours) else { return };
        if self.due(base).is_some_and(|before| before.gone) {
            return;
        }
        let steps = ours.get().saturating_sub(base.get());
        match self.identity_at(due, steps) {
            Some(identity) if identity.key() == self.signer.identity().key() => {}
            Some(identity) => {
                self.signer.follow(identity);
                effects.key_changed(ours);
            }
            // I13: somebody has announced it with our key.
            None => self.halt(Halt::KeyUsedElsewhere, effects),
        }
    }

    /// After a restart: goes on from an earlier secret to the one our journal stands at.
    pub(in crate::deterministic_secure_broadcast) fn restore_key(
        &mut self,
    ) -> Result<(), RestoreError> {
        let ours = self.generation();
        let base = ours.next().filter(|_| self.is_sealed()).unwrap_or(ours);
        let gone = match self.due(base) {
            Some(due) => {
                if let Some(identity) = self.identity_at(due, base.get()) {
                    self.signer.follow(identity);
                    return Ok(());
                }
                due.gone
            }
            None => self.signer.identity().key() == self.actor(),
        };
        // Whoever has gone has no key that others know of, and signs nothing.
        if gone {
            Ok(())
        } else {
            Err(RestoreError::OtherSecret)
        }
    }

    /// With the secret that is due, in at most so many steps from the one we have.
    fn identity_at(&self, due: Due, steps: u64) -> Option<SigningActor<K>> {
        let mut identity = self.signer.identity().clone();
        let mut steps = 0..steps;
        while identity.key() != due.last {
            steps.next()?;
            identity = identity.next();
        }
        let gone = due.gone && R::erases_keys();
        Some(if gone { identity.next() } else { identity })
    }

    /// The key we have in this generation, if we ever were a member.
    fn due(&self, generation: Generation) -> Option<Due> {
        let members = self.chain.members_of(generation)?;
        let seat = members.seat_of(&self.actor())?;
        Some(Due {
            last: members.key_bytes(seat)?,
            gone: members.index_in(seat).is_none(),
        })
    }
}

/// Which key is due.
#[derive(Clone, Copy)]
struct Due {
    /// The one we have, or had last.
    last: Actor,
    /// Whether we are a member no longer: then there is none after it.
    gone: bool,
}
