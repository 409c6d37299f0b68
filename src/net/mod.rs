//! The outer layer: a simulated network that tries to stop the replicas, and judges that watch them.
//!
//! Everything is deterministic: the same seed and configuration give the same run, byte for byte, on any machine.

pub mod node;
pub mod time;
pub mod trace;

pub use node::NodeId;
pub use time::{Span, VirtualTime};
