//! How a run is watched: every event of the engine, in order, told to one observer.

use super::fault::Loss;
use super::machine::{Machine, TimerId};
use super::node::NodeId;
use super::time::VirtualTime;

/// When an event happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Virtual time.
    pub at: VirtualTime,
    /// The engine's step, from 1; 0 is the start of the nodes.
    pub step: u64,
}

/// What happened.
#[derive(Debug)]
pub enum Event<'a, M: Machine> {
    /// A copy of a message was put on the wire.
    Sent {
        /// Its number, unique in the run.
        copy: u64,
        /// Who sent it.
        from: NodeId,
        /// To whom.
        to: NodeId,
        /// What.
        message: &'a M::Message,
        /// Size in bytes.
        bytes: u32,
        /// Whether the network made this copy.
        duplicate: bool,
    },
    /// A copy will never arrive.
    Lost {
        /// Its number.
        copy: u64,
        /// Who sent it.
        from: NodeId,
        /// To whom.
        to: NodeId,
        /// Why.
        why: Loss,
    },
    /// A copy arrived, and the machine has made up its mind; the effects follow as events of their own.
    Arrived {
        /// Its number.
        copy: u64,
        /// Who sent it.
        from: NodeId,
        /// Where.
        to: NodeId,
        /// What.
        message: &'a M::Message,
        /// What the machine said of it.
        verdict: M::Verdict,
    },
    /// A machine handed something to its application.
    Delivered {
        /// Where.
        node: NodeId,
        /// What.
        delivery: M::Delivery,
    },
    /// A machine said something.
    Noted {
        /// Who.
        node: NodeId,
        /// What.
        note: M::Note,
    },
    /// A record went to a journal.
    Persisted {
        /// Whose.
        node: NodeId,
        /// What.
        record: &'a [u8],
    },
    /// A timer fired.
    Fired {
        /// Whose.
        node: NodeId,
        /// Which.
        timer: TimerId,
    },
    /// A node lost power.
    Crashed {
        /// Which.
        node: NodeId,
    },
    /// A node came back with what its disk held.
    Restarted {
        /// Which.
        node: NodeId,
    },
    /// A partition of the plan started.
    Cut {
        /// Its place in the plan.
        partition: u32,
    },
    /// A partition of the plan ended.
    Mended {
        /// Its place in the plan.
        partition: u32,
    },
    /// A copy was changed on its way. What arrives is what [`Machine::corrupt`] made of it.
    Corrupted {
        /// Its number.
        copy: u64,
        /// Who sent it.
        from: NodeId,
        /// To whom.
        to: NodeId,
    },
    /// A node went away, and remembers everything.
    Suspended {
        /// Which.
        node: NodeId,
    },
    /// It is back.
    Resumed {
        /// Which.
        node: NodeId,
    },
    /// Something of the plan started.
    Began {
        /// What.
        planned: Planned,
    },
    /// Something of the plan ended.
    Finished {
        /// What.
        planned: Planned,
    },
    /// All faults of the network are over.
    Healed,
}

/// A fault of the plan that lasts for a while, by its kind and its place in the list of [`Faults`](super::Faults).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Planned {
    /// One of `one_way`.
    OneWay(u32),
    /// One of `clogs`.
    Clog(u32),
    /// One of `slowdowns`.
    Slowdown(u32),
    /// One of `full_disks`.
    FullDisk(u32),
}

/// Something that watches a run. It can change nothing.
pub trait Observer<M: Machine> {
    /// This happened.
    fn event(&mut self, moment: Moment, event: Event<'_, M>);
}

/// Watches nothing, at no cost.
impl<M: Machine> Observer<M> for () {
    #[inline]
    fn event(&mut self, _: Moment, _: Event<'_, M>) {}
}
