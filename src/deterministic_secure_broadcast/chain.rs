//! Where we stand in the chain of generations: which one is active here, who its members are, and which of them we are.

use std::sync::Arc;

use super::wire::Generations;
use crate::actor::{Actor, Keys, NetworkId};
use crate::membership::{Generation, MemberIndex, Members, Seat};

/// The chain of decisions as far as we know it, and our place in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ChainState<K: Keys> {
    own: Actor,
    /// The chain of decisions, and the members of every generation; it may end beyond ours.
    pub(super) generations: Generations<K>,
    /// The members of the generation that is active here.
    members: Arc<Members<K>>,
    /// We have activated this generation and every one after it up to ours.
    since: Generation,
}

impl<K: Keys> ChainState<K> {
    pub(super) fn new(own: Actor, network: NetworkId, genesis: Arc<Members<K>>) -> Self {
        Self {
            own,
            generations: Generations::of(network, genesis.clone()),
            members: genesis,
            since: Generation::GENESIS,
        }
    }

    /// Our public identity.
    pub(super) fn own(&self) -> Actor {
        self.own
    }

    /// The members of our generation.
    pub(super) fn members(&self) -> &Arc<Members<K>> {
        &self.members
    }

    /// Our generation: the last one that we have activated.
    pub(super) fn active(&self) -> Generation {
        self.members.generation()
    }

    /// The last generation that is decided.
    pub(super) fn last(&self) -> Generation {
        self.generations.last()
    }

    /// Whether the next generation is decided.
    pub(super) fn is_decided(&self) -> bool {
        self.last() > self.active()
    }

    /// We have activated this generation and every one after it up to ours.
    pub(super) fn since(&self) -> Generation {
        self.since
    }

    /// The members of a generation, if the chain goes that far.
    pub(super) fn members_of(&self, generation: Generation) -> Option<&Arc<Members<K>>> {
        self.generations.members_of(generation)
    }

    /// Our permanent number, if we are or ever were a member.
    pub(super) fn seat(&self) -> Option<Seat> {
        self.members.seat_of(&self.own)
    }

    /// Our index in our generation, if we are a member of it.
    pub(super) fn index(&self) -> Option<MemberIndex> {
        self.members.index_of(&self.own)
    }

    /// Every seat there is.
    pub(super) fn seats(&self) -> impl Iterator<Item = Seat> + use<K> {
        (0_u16..).map(Seat::new).take(self.members.seats())
    }

    /// We stood at this generation, and had activated every one from `since` on.
    pub(super) fn load(&mut self, generation: Generation, since: Generation) -> Option<()> {
        self.members = self.members_of(generation)?.clone();
        self.since = since;
        Some(())
    }

    /// Goes on to this generation, if the chain reaches it; `skipped`: without those between ours and it.
    pub(super) fn activate(&mut self, target: Generation, skipped: bool) -> Option<()> {
        self.members = self.members_of(target)?.clone();
        if skipped {
            self.since = target;
        }
        Some(())
    }
}
