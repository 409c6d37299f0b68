//! The outer layer: a simulated network that tries to stop the replicas, and judges that watch them.
//!
//! Everything is deterministic: the same seed and configuration give the same run, byte for byte, on any machine.
//!
//! At the bottom is an [`Engine`] that knows nothing of this library: it wakes pure state machines ([`Machine`]) in
//! the order of virtual time, carries out their [`Effects`] under the [`Faults`] of a plan, and tells one
//! [`Observer`] everything.

pub mod chart;
mod disk;
mod engine;
mod fault;
mod flight;
mod machine;
pub mod msc;
mod network;
mod node;
mod observer;
mod queue;
mod random;
pub mod svg;
mod time;
pub mod trace;

pub use chart::ChartOptions;
pub use disk::{Disk, Tail};
pub use engine::{End, Engine, Limits, Step};
pub use fault::{Crash, CrashPoint, Faults, Law, Loss, Partition};
pub use machine::{Address, Effect, Effects, Machine, TimerId};
pub use network::{Bandwidth, Rate};
pub use node::NodeId;
pub use observer::{Event, Moment, Observer};
pub use random::{Chance, Stream, Streams};
pub use time::{Span, VirtualTime};
