//! What reconfiguration needs to know of the parts beside it: to be looked at, never changed.

use crate::actor::{Actor, Keys, NetworkId};
use crate::deterministic_secure_broadcast::chain::ChainState;
use crate::deterministic_secure_broadcast::convictions::Convictions;
use crate::deterministic_secure_broadcast::error::{Halt, Rejection};
use crate::membership::{Change, Generation, MemberIndex, Members};

/// Our place in the chain of generations, and whether we sign.
pub(crate) struct View<'a, K: Keys> {
    pub(crate) chain: &'a ChainState<K>,
    /// Why we have stopped signing, if we have.
    pub(crate) halted: Option<Halt>,
    pub(crate) convictions: &'a Convictions,
}

// A derive would ask for keys that can be copied.
impl<K: Keys> Clone for View<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: Keys> Copy for View<'_, K> {}

impl<'a, K: Keys> View<'a, K> {
    pub(super) fn network(&self) -> &'a NetworkId {
        self.chain.generations.network()
    }

    pub(super) fn members(&self) -> &'a Members<K> {
        self.chain.members()
    }

    pub(super) fn generation(&self) -> Generation {
        self.chain.active()
    }

    /// As whom we sign, if we do: as a member of our generation.
    pub(super) fn signer(&self) -> Option<MemberIndex> {
        self.chain.index().filter(|_| self.halted.is_none())
    }

    /// As whom we may say something about the next generation: until it is decided.
    pub(super) fn voter(&self) -> Option<MemberIndex> {
        self.signer().filter(|_| !self.chain.is_decided())
    }

    /// Whether a change expels one that we have convicted.
    pub(super) fn is_expulsion_of_convict(&self, change: &Change) -> bool {
        matches!(change, Change::Expel(culprit) if self.convictions.of(culprit))
    }

    /// The leader of an attempt.
    pub(super) fn leader(&self, attempt: u32) -> Option<MemberIndex> {
        let turn = self.generation().get().wrapping_add(u64::from(attempt));
        let members = u64::try_from(self.members().len()).ok()?;
        let rank = turn.checked_rem(members)?;
        u16::try_from(rank).ok().map(MemberIndex::new)
    }

    pub(super) fn check_member(&self, actor: &Actor) -> Result<MemberIndex, Rejection> {
        let index = self.members().index_of(actor);
        index.ok_or(Rejection::NotMember(*actor))
    }
}
