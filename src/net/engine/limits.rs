//! Where a run ends at the latest, and what it then says.

use core::fmt;

use crate::net::time::VirtualTime;

/// Where a run ends at the latest. For memory there is [`Engine::limit_memory`](super::Engine::limit_memory).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps.
    pub steps: u64,
    /// Virtual time.
    pub time: VirtualTime,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// No packet is under way and no timer is set.
    Quiet,
    /// [`Limits::steps`] is used up.
    StepLimit,
    /// The next event lies beyond [`Limits::time`].
    TimeLimit,
    /// What is kept and under way takes more than [`Engine::limit_memory`](super::Engine::limit_memory) allows.
    MemoryLimit,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quiet => "no packet is under way and no timer is set",
            Self::StepLimit => "the limit of events is used up",
            Self::TimeLimit => "the limit of virtual time is reached",
            Self::MemoryLimit => "the limit of memory is exceeded",
        })
    }
}
