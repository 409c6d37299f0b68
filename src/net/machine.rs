//! What a node is to the engine: a pure state machine, and the effects it asks for.

use core::fmt::Debug;
use std::sync::Arc;

use super::node::NodeId;
use super::random::Stream;
use super::time::{Span, VirtualTime};

/// A node of a run: a state machine without clock, socket, disk or thread of its own.
///
/// It is told what happens, and answers with [`Effects`], which the engine carries out in order. A replica of this
/// library is one such machine; any other protocol can be put on the same engine by writing one.
///
/// ```
/// use bft_crdts::net::{Address, Effects, Machine, NodeId, TimerId};
///
/// /// Passes every number on that it has not seen.
/// struct Gossip(std::collections::BTreeSet<u64>);
///
/// impl Machine for Gossip {
///     type Message = u64;
///     type Verdict = bool;
///     type Delivery = u64;
///     type Note = ();
///     fn size(_: &u64) -> u32 {
///         8
///     }
///     fn start(&mut self, _: &mut Effects<Self>) {}
///     fn message(&mut self, _: NodeId, number: &u64, effects: &mut Effects<Self>) -> bool {
///         let new = self.0.insert(*number);
///         if new {
///             effects.deliver(*number);
///             effects.send(Address::Others, *number);
///         }
///         new
///     }
///     fn timer(&mut self, _: TimerId, _: &mut Effects<Self>) {}
/// }
/// ```
pub trait Machine: Sized {
    /// What travels. A broadcast shares one of them between all receivers, so each only borrows it.
    type Message: Debug;
    /// What a machine says of a message it was given: taken, known already, refused because …
    type Verdict: Debug;
    /// What it hands to the application above it.
    type Delivery: Debug;
    /// What it has to say to people and checkers.
    type Note: Debug;

    /// Size of a message on the wire, in bytes.
    fn size(message: &Self::Message) -> u32;

    /// The node goes up, for the first time or after a crash.
    fn start(&mut self, effects: &mut Effects<Self>);

    /// A message arrives over the authenticated link from `from`.
    fn message(
        &mut self,
        from: NodeId,
        message: &Self::Message,
        effects: &mut Effects<Self>,
    ) -> Self::Verdict;

    /// A timer fires that this machine has set. Timers die in a crash.
    fn timer(&mut self, timer: TimerId, effects: &mut Effects<Self>);

    /// What kind of message it is: what a [`Cpu`](super::world::Cpu) takes for it, and how it is counted.
    #[inline]
    fn kind(message: &Self::Message) -> &'static str {
        let _ = message;
        "message"
    }

    /// What a message may become on a line that corrupts it. `None`, and so it is by default, means that the receiver
    /// notices and drops it.
    fn corrupt(message: &Self::Message, stream: &mut Stream) -> Option<Self::Message> {
        let _ = (message, stream);
        None
    }

    /// Bytes of memory it holds, as far as it knows; counted against [`Engine::limit_memory`](super::Engine::limit_memory).
    fn memory(&self) -> u64 {
        0
    }
}

/// A timer of a machine, by a number of the machine's own choice. A timer cannot be taken back: a machine ignores
/// the ones it no longer cares for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId(pub u32);

/// To whom a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// One node.
    One(NodeId),
    /// These nodes, in this order.
    Many(Arc<[NodeId]>),
    /// All nodes of the run but the sender.
    Others,
}

/// Something a machine asks of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect<M: Machine> {
    /// Put a message on the wire. Everything persisted before it is synced first.
    Send {
        /// To whom.
        to: Address,
        /// What.
        message: M::Message,
    },
    /// Fire a timer.
    SetTimer {
        /// In so much time from now.
        after: Span,
        /// Which.
        timer: TimerId,
    },
    /// Append a record to the journal: its bytes, framed so that the machine finds its end again.
    Persist(Vec<u8>),
    /// Make what was persisted safe, as before a message is sent.
    Sync,
    /// Hand something to the application.
    Deliver(M::Delivery),
    /// Say something.
    Note(M::Note),
}

/// What a machine asks for in one step, in order.
#[derive(Debug)]
pub struct Effects<M: Machine> {
    now: VirtualTime,
    list: Vec<Effect<M>>,
}

impl<M: Machine> Effects<M> {
    /// None yet, asked for at this time.
    #[must_use]
    pub const fn new(now: VirtualTime) -> Self {
        Self {
            now,
            list: Vec::new(),
        }
    }

    /// The time of this step, by the clock of the node. Time is told, never asked.
    #[inline]
    #[must_use]
    pub const fn now(&self) -> VirtualTime {
        self.now
    }

    /// Asks to send a message.
    #[inline]
    pub fn send(&mut self, to: Address, message: M::Message) {
        self.list.push(Effect::Send { to, message });
    }

    /// Asks for a timer.
    #[inline]
    pub fn set_timer(&mut self, after: Span, timer: TimerId) {
        self.list.push(Effect::SetTimer { after, timer });
    }

    /// Asks to append a record to the journal.
    #[inline]
    pub fn persist(&mut self, record: Vec<u8>) {
        self.list.push(Effect::Persist(record));
    }

    /// Asks to make what was persisted safe.
    #[inline]
    pub fn sync(&mut self) {
        self.list.push(Effect::Sync);
    }

    /// Hands something to the application.
    #[inline]
    pub fn deliver(&mut self, delivery: M::Delivery) {
        self.list.push(Effect::Deliver(delivery));
    }

    /// Says something.
    #[inline]
    pub fn note(&mut self, note: M::Note) {
        self.list.push(Effect::Note(note));
    }

    /// What was asked for so far.
    #[must_use]
    pub fn as_slice(&self) -> &[Effect<M>] {
        &self.list
    }

    #[inline]
    pub(crate) fn begin(&mut self, now: VirtualTime) {
        self.now = now;
        self.list.clear();
    }

    #[inline]
    pub(crate) fn take(&mut self) -> Vec<Effect<M>> {
        core::mem::take(&mut self.list)
    }

    /// Gives the emptied list back, to be filled again without allocating.
    #[inline]
    pub(crate) fn put_back(&mut self, list: Vec<Effect<M>>) {
        self.list = list;
    }
}
