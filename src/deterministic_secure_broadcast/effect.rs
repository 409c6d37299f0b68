//! What a replica wants done, in order.

use std::sync::Arc;

use super::error::{Halt, ReturnReason};
use super::evidence::Evidence;
use super::header::VersionVector;
use super::journal::Record;
use super::packet::Payload;
use super::ticket::Ticket;
use crate::actor::{Actor, Counter, Dot};
use crate::membership::{Change, ChangeError, Generation, Seat};
use crate::traits::SecureBroadcastAlgorithm;

/// Who a payload is for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// All members but ourselves: encode it once.
    Members,
    /// One actor.
    One(Actor),
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Effect<A: SecureBroadcastAlgorithm> {
    /// Append this to the journal. Nothing that follows may be sent before it is durable; several
    /// may share one fsync. Whoever acts on a delivery outside waits for that, too: after a crash before it,
    /// the delivery has never happened, and if its certificate was shown to us alone, or we are alone,
    /// there is nobody to remind us.
    Persist(Record),
    /// Send this. It may be lost: whatever matters is sent again on a tick.
    Send {
        /// To whom.
        to: To,
        /// What.
        payload: Payload,
    },
    /// These operations were applied to our copy, here and now.
    Deliver(Delivery<A::Op>),
    /// A member is convicted.
    Evidence(Evidence),
    /// Operations of our own are part of a message now: each of these tickets has a dot, in this order, and the ticket
    /// is spent. From here on they can only be delivered, be it after a restart
    /// ([`in_flight`](super::SecureBroadcast::in_flight)).
    Issued {
        /// The dot of the first.
        first: Dot,
        /// How many there are: the last has the dot `len - 1` further on.
        len: u32,
        /// Their tickets, `len` of them.
        tickets: Vec<Ticket>,
    },
    /// One of our own operations came back before it was signed; its ticket is spent.
    Returned {
        /// Its ticket.
        ticket: Ticket,
        /// The operation.
        op: A::Op,
        /// Why.
        reason: ReturnReason<A::Invalid>,
    },
    /// A member refuses one of our operations: told once of each member and message. One may lie; `f + 1` of them cannot
    /// all.
    RefusedBy {
        /// Who.
        member: Actor,
        /// Which operation.
        dot: Dot,
        /// Why, in the member's words.
        reason: String,
    },
    /// A message came too early and is held until what it needs is delivered.
    Parked {
        /// Its source.
        source: Actor,
        /// Its first counter.
        first: Counter,
    },
    /// A member that has delivered exactly what we have reports another state: its or our algorithm
    /// breaks its contract (or the member lies).
    Diverged {
        /// Who.
        member: Actor,
    },
    /// This replica has stopped signing.
    Halted(Halt),
    /// Somebody wants a change that we do not approve: the application may, by
    /// [`propose`](super::SecureBroadcast::propose).
    Asked {
        /// What.
        change: Change,
        /// Who approves it, or asks to join.
        by: Actor,
    },
    /// A change we approved applies no more.
    Obsolete {
        /// What.
        change: Change,
        /// Why not.
        why: ChangeError,
    },
    /// We have activated a generation.
    Generation {
        /// Which.
        generation: Generation,
        /// What changed from the one before.
        change: Change,
        /// Its members: whom [`To::Members`] means from here on, but ourselves.
        members: Arc<[Actor]>,
    },
    /// A quorum has attested our state at this clock. What lies below the checkpoint before it is forgotten,
    /// and the journal can be made short ([`compact_journal`](super::SecureBroadcast::compact_journal)).
    Checkpoint {
        /// What it covers.
        clock: VersionVector,
    },
    /// We have taken over a state that a quorum vouches for: all operations up to this clock are in it, and those that
    /// were not delivered before never will be, one by one. Read the state anew.
    Installed {
        /// What it covers.
        clock: VersionVector,
    },
    /// Our secret has changed: store that of [`identity`](super::SecureBroadcast::identity) in place of the one before,
    /// and erase that, copies included. First of all everything in front of this must be durable: a secret that is
    /// newer than its journal is of no use. Until this is done, whoever reads the disk can still speak for us in
    /// generations that we have sealed.
    KeyChanged {
        /// The generation it is for.
        generation: Generation,
    },
    /// We have left: a quorum of those who go on have delivered all that we have. Nobody needs us any more.
    Left,
}

/// A message that was delivered: operations of one source with consecutive dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery<Op> {
    /// Who broadcast it.
    pub source: Actor,
    /// The source's permanent number.
    pub seat: Seat,
    /// The counter of the first operation.
    pub first: Counter,
    /// The operations, in order.
    pub ops: Arc<Vec<Op>>,
}

impl<Op> Delivery<Op> {
    /// Every operation with its dot.
    pub fn iter(&self) -> impl Iterator<Item = (Dot, &Op)> + '_ {
        dots(self.source, self.first).zip(self.ops.iter())
    }
}

/// The consecutive dots of `actor`, from `first` on.
pub(crate) fn dots(actor: Actor, first: Counter) -> impl Iterator<Item = Dot> {
    (0..).map_while(move |offset| {
        first
            .checked_add(offset)
            .map(|counter| Dot { actor, counter })
    })
}

/// What to do, in this order.
#[must_use = "effects that are not carried out break the protocol"]
#[derive(Clone, Debug, PartialEq)]
pub struct Effects<A: SecureBroadcastAlgorithm>(Vec<Effect<A>>);

impl<A: SecureBroadcastAlgorithm> Effects<A> {
    /// Nothing to do.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn push(&mut self, effect: Effect<A>) {
        self.0.push(effect);
    }

    /// Once, and behind every record that it needs: the driver will find our last secret whenever it looks.
    pub(crate) fn key_changed(&mut self, generation: Generation) {
        self.0
            .retain(|effect| !matches!(effect, Effect::KeyChanged { .. }));
        self.push(Effect::KeyChanged { generation });
    }

    pub(crate) fn persist(&mut self, record: Record) {
        self.push(Effect::Persist(record));
    }

    pub(crate) fn send(&mut self, to: To, payload: Payload) {
        self.push(Effect::Send { to, payload });
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many things there are to do.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Looks at them without taking them.
    pub fn iter(&self) -> std::slice::Iter<'_, Effect<A>> {
        self.0.iter()
    }
}

impl<A: SecureBroadcastAlgorithm> IntoIterator for Effects<A> {
    type Item = Effect<A>;
    type IntoIter = std::vec::IntoIter<Effect<A>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, A: SecureBroadcastAlgorithm> IntoIterator for &'a Effects<A> {
    type Item = &'a Effect<A>;
    type IntoIter = std::slice::Iter<'a, Effect<A>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
