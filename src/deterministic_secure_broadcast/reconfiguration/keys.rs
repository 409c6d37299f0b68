//! A3: keys that are good for one generation only. While a generation decides on the next one its members announce the
//! keys that they will have there, the decision names those that its leader knows, and whoever has sealed erases the secret
//! of the generation that it has sealed: whoever steals a secret later can say nothing more about what is over.
//!
//! The name of a member stays. A secret gives the next one, and nothing gives it back ([`Keys::next`]), so nothing has to
//! be agreed on but when; and a replica that comes back with an earlier secret goes on to the one its journal stands at.
//! A member whose announcement is missing keeps its key for one generation more.

use super::state::Reconfiguration;
use super::view::View;
use crate::actor::{Actor, Keys, SigningActor, verify};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::Effects;
use crate::deterministic_secure_broadcast::error::{Halt, OpenError, Rejection};
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::wire::statement::NextKeyStatement;
use crate::deterministic_secure_broadcast::wire::{Announced, NextKey, NextKeys};
use crate::membership::{Change, Generation, MemberIndex, Signers};
use crate::traits::SecureBroadcastAlgorithm;

/// For how many ticks a leader waits for announcements that are missing: those of the slow are to get in, those of
/// the silent must not be waited for.
const KEY_TICKS: u32 = 2;

impl Reconfiguration {
    /// Whether we are to announce our next key, and as whom: once there is anything to decide.
    pub(super) fn announcer<K: Keys, R: Rules>(&self, view: View<'_, K>) -> Option<MemberIndex> {
        let index = view.voter().filter(|_| R::erases_keys())?;
        let idle = self.requested.is_idle() && !self.is_deciding::<K, R>(view);
        (!idle && !self.announced.contains_key(&index)).then_some(index)
    }

    /// Our announcement, and to whom it is sent again: those whose turn it is, and who may propose next.
    pub(super) fn repeated_key<K: Keys>(
        &self,
        view: View<'_, K>,
        peers: &[Actor],
    ) -> Option<(NextKey, Vec<Actor>)> {
        let own = view.voter()?;
        let (key, sig) = *self.announced.get(&own)?;
        let leader = view.leader(self.round.attempt);
        let leader = leader.filter(|leader| self.round.proposal.is_none() && *leader != own);
        let leader = leader.and_then(|leader| view.members().actor(leader));
        let leader = leader.filter(|leader| !peers.contains(leader));
        let next = NextKey {
            generation: view.generation(),
            key,
            sig,
        };
        Some((next, peers.iter().chain(leader).copied().collect()))
    }

    /// Whether an announcement counts, and whose it is.
    pub(super) fn check_next_key<K: Keys>(
        &self,
        view: View<'_, K>,
        from: Actor,
        next: &NextKey,
    ) -> Result<MemberIndex, Rejection> {
        let index = view.check_member(&from)?;
        if view.chain.is_decided() {
            return Err(Rejection::Late);
        }
        if self.announced.contains_key(&index) {
            return Err(Rejection::Duplicate);
        }
        let NextKey {
            generation,
            key,
            sig,
        } = *next;
        K::public(&key).map_err(Rejection::WeakKey)?;
        let statement = NextKeyStatement { generation, key };
        let public = view.members().key(index);
        if !public.is_some_and(|public| verify::<K, _>(public, view.network(), &statement, &sig)) {
            return Err(Rejection::InvalidSignature { signer: Some(from) });
        }
        Ok(index)
    }

    /// Whether a leader need not wait: all who go on have announced their keys, or had the time to.
    pub(super) fn has_keys<K: Keys, R: Rules>(&self, view: View<'_, K>, change: &Change) -> bool {
        let goes = view.members().index_of(&change.subject());
        let announced = self.announced.keys();
        let announced = announced.filter(|index| Some(**index) != goes);
        let leaving = usize::from(goes.is_some());
        let go_on = view.members().len().saturating_sub(leaving);
        !R::erases_keys() || announced.count() >= go_on || self.round.waited >= KEY_TICKS
    }

    /// What was announced by those who go on after this change.
    pub(super) fn announced<K: Keys>(&self, view: View<'_, K>, change: &Change) -> Announced {
        let goes = view.members().index_of(&change.subject());
        let mut members = Signers::none(view.members().len());
        let (mut keys, mut signatures) = (Vec::new(), Vec::new());
        for (index, (key, sig)) in &self.announced {
            if Some(*index) != goes {
                members.insert(*index);
                keys.push(*key);
                signatures.push(*sig);
            }
        }
        let keys = NextKeys { members, keys };
        Announced { keys, signatures }
    }
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
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
    pub(crate) fn restore_key(&mut self) -> Result<(), OpenError> {
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
            Err(OpenError::OtherSecret)
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
